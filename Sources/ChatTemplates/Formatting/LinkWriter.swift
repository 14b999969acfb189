/// Jinja's `urlize`: web and mail addresses become HTML links.
struct LinkWriter {
  let limit: Int?
  let relation: String
  let target: String
  let schemes: [Text]

  func links(in text: Text) -> Text {
    var rest = Array(text.escaped().scalars)[...]
    var output = ""
    while !rest.isEmpty {
      let space = rest.prefix(while: \.isPythonSpace)
      let word = rest[space.endIndex...].prefix { !$0.isPythonSpace }
      output += Text(space).string
      if !word.isEmpty { output += linked(Text(word)) }
      rest = rest[word.endIndex...]
    }
    return Text(output)
  }

  private func linked(_ word: Text) -> String {
    var (head, middle, tail) = (Text(""), word, Text(""))
    while let opening = ["(", "<", "&lt;"].map(Text.init).first(where: middle.hasPrefix) {
      head.string += opening.string
      middle = Text(utf8: middle.utf8.dropFirst(opening.utf8.count))
    }
    while let closing = [")", ">", ".", ",", "&gt;"].map(Text.init).first(where: middle.hasSuffix) {
      tail.string = closing.string + tail.string
      middle = Text(utf8: middle.utf8.dropLast(closing.utf8.count))
    }
    for (opening, closing) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
      balance(&middle, &tail, Text(opening), Text(closing))
    }
    return head.string + link(middle) + tail.string
  }

  /// Gives closing brackets at the end back to a word that opens more of them than it closes.
  private func balance(_ middle: inout Text, _ tail: inout Text, _ opening: Text, _ closing: Text) {
    func places(of needle: Text, in text: Text) -> [Int] {
      Finder(Array(needle.utf8)).all(in: Array(text.utf8), limit: .max)
    }
    let opened = places(of: opening, in: middle).count
    let ends = places(of: closing, in: tail)
    guard opened > places(of: closing, in: middle).count, !ends.isEmpty else { return }
    let end = ends[min(opened, ends.count) - 1] + closing.utf8.count
    middle.string += Text(utf8: tail.utf8.prefix(end)).string
    tail = Text(utf8: tail.utf8.dropFirst(end))
  }

  private func link(_ word: Text) -> String {
    let text = word.string
    let scalars = Array(word.scalars)
    if WebAddress.matches(scalars) {
      let hasScheme = word.hasPrefix("https://") || word.hasPrefix("http://")
      return "<a href=\"\(hasScheme ? "" : "https://")\(text)\"\(attributes)>\(shown(word))</a>"
    }
    if word.hasPrefix("mailto:"), WebAddress.isMail(scalars.dropFirst(7)) {
      return "<a href=\"\(text)\">\(Text(scalars.dropFirst(7)).string)</a>"
    }
    if !word.hasPrefix("www."), !word.hasPrefix("@"), !scalars.contains(":"), WebAddress.isMail(scalars[...])
    {
      return "<a href=\"mailto:\(text)\">\(text)</a>"
    }
    // Every scheme is tried, on what the one before it made.
    return schemes.reduce(word) { word, scheme in
      guard word != scheme, word.hasPrefix(scheme) else { return word }
      return Text("<a href=\"\(word.string)\"\(attributes)>\(word.string)</a>")
    }.string
  }

  private var attributes: String {
    (relation.isEmpty ? "" : " rel=\"\(Text(relation).escaped().string)\"")
      + (target.isEmpty ? "" : " target=\"\(Text(target).escaped().string)\"")
  }

  private func shown(_ word: Text) -> String {
    guard let limit, word.count > limit else { return word.string }
    return Text(word.scalars.prefix(limit < 0 ? max(0, word.count + limit) : limit)).string + "..."
  }
}

/// What Jinja takes for an address.
enum WebAddress {
  static func matches(_ word: [Unicode.Scalar]) -> Bool {
    let folded = word.map(folded)[...]
    let schemes = ["https://", "http://"].map { Array($0.unicodeScalars) }
    if let scheme = schemes.first(where: { folded.starts(with: $0) }) {
      let rest = folded.dropFirst(scheme.count)
      if rest.first == "[" {
        guard let end = rest.firstIndex(of: "]") else { return false }
        return isVersion6(rest[rest.startIndex..<end].dropFirst()) && endsWell(rest[(end + 1)...])
      }
      let (name, after) = host(rest)
      return (isDomain(name) || isVersion4(name)) && endsWell(after)
    }
    let (name, after) = host(folded)
    guard endsWell(after) else { return false }
    return folded.starts(with: "www.".unicodeScalars) && isDomain(name.dropFirst(4)) || isWellKnown(name)
  }

  static func isMail(_ word: ArraySlice<Unicode.Scalar>) -> Bool {
    guard let at = word.lastIndex(of: "@"), at > word.startIndex, !word.contains(where: \.isPythonSpace)
    else { return false }
    let domain = word[(at + 1)...]
    guard let dot = domain.lastIndex(of: "."), let first = domain.first, first.isWordCharacter else {
      return false
    }
    let (name, last) = (domain[..<dot], domain[(dot + 1)...])
    return !name.isEmpty && name.allSatisfy { $0.isWordCharacter || $0 == "." || $0 == "-" }
      && !last.isEmpty && last.allSatisfy(\.isWordCharacter)
  }

  /// `[\w.+-]{2,}:/{0,2}`
  static func isScheme(_ text: Text) -> Bool {
    let scalars = Array(text.scalars)
    let name = scalars.prefix { $0.isWordCharacter || ".+-".unicodeScalars.contains($0) }
    let rest = scalars.dropFirst(name.count)
    return name.count >= 2 && rest.first == ":" && rest.count <= 3
      && rest.dropFirst().allSatisfy { $0 == "/" }
  }

  private static func host(
    _ rest: ArraySlice<Unicode.Scalar>
  ) -> (name: ArraySlice<Unicode.Scalar>, after: ArraySlice<Unicode.Scalar>) {
    let name = rest.prefix { isLabel($0) || $0 == "." }
    return (name, rest[name.endIndex...])
  }

  private static func isLabel(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isWordCharacter || scalar == "%" || scalar == "-"
  }

  private static func labels(_ name: ArraySlice<Unicode.Scalar>) -> [ArraySlice<Unicode.Scalar>] {
    name.split(separator: ".", omittingEmptySubsequences: false)
  }

  private static func isDomain(_ name: ArraySlice<Unicode.Scalar>) -> Bool {
    let labels = labels(name)
    guard let last = labels.last, labels.allSatisfy({ !$0.isEmpty }) else { return false }
    if last.starts(with: "xn--".unicodeScalars) {
      let rest = last.dropFirst(4)
      return (2...59).contains(rest.count) && rest.allSatisfy { $0.isWordCharacter || $0 == "%" }
    }
    return (2...63).contains(last.count) && last.allSatisfy { ("a"..."z").contains($0) }
  }

  private static func isWellKnown(_ name: ArraySlice<Unicode.Scalar>) -> Bool {
    let labels = labels(name)
    let known = ["com", "net", "int", "edu", "gov", "org", "info", "mil"]
    guard labels.count > 1, let last = labels.last, known.contains(Text(last).string) else { return false }
    return labels.dropLast().allSatisfy { (2...63).contains($0.count) }
  }

  private static func isVersion4(_ name: ArraySlice<Unicode.Scalar>) -> Bool {
    let parts = labels(name)
    return parts.count == 4
      && parts.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy(\.isDecimalDigit) }
  }

  /// Two groups that end in a colon, and one to six more.
  private static func isVersion6(_ body: ArraySlice<Unicode.Scalar>) -> Bool {
    var rest = body
    var groups = 0
    repeat {
      let digits = rest.prefix(4).prefix { $0.isDecimalDigit || ("a"..."f").contains($0) }
      rest = rest.dropFirst(digits.count)
      let hasColon = rest.first == ":"
      if hasColon { rest.removeFirst() }
      if !hasColon && (groups < 2 || digits.isEmpty) { return groups >= 2 && rest.isEmpty }
      groups += 1
    } while !rest.isEmpty
    return (2...8).contains(groups)
  }

  /// A port, then a path, query or fragment; any of them may be missing.
  private static func endsWell(_ after: ArraySlice<Unicode.Scalar>) -> Bool {
    var rest = after
    if rest.first == ":" {
      let digits = rest.dropFirst().prefix(6).prefix(while: \.isDecimalDigit)
      guard (1...5).contains(digits.count) else { return false }
      rest = rest.dropFirst(digits.count + 1)
    }
    return rest.first.map { "/?#".unicodeScalars.contains($0) } ?? true
  }

  /// The small letter that Python's patterns take a letter for when case does not count.
  private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x41...0x5A: Unicode.Scalar(UInt8(scalar.value + 32))
    case 0x130, 0x131: "i"
    case 0x17F: "s"
    case 0x212A: "k"
    default: scalar
    }
  }
}
