/// Finds one text inside another in time linear in both (Knuth, Morris and Pratt, 1977), over UTF-8 bytes: a match
/// of whole scalars is a match of their bytes, and the other way round.
struct Finder {
  private let needle: [UInt8]
  private let fallback: [Int]

  init(_ needle: [UInt8]) {
    var fallback = [Int](repeating: 0, count: needle.count)
    var matched = 0
    for index in needle.indices.dropFirst() {
      while matched > 0, needle[index] != needle[matched] { matched = fallback[matched - 1] }
      if needle[index] == needle[matched] { matched += 1 }
      fallback[index] = matched
    }
    self.needle = needle
    self.fallback = fallback
  }

  /// Where the first match at or after `start` begins.
  func first(in haystack: [UInt8], from start: Int = 0) -> Int? {
    if needle.isEmpty { return start <= haystack.count ? start : nil }
    var matched = 0
    var index = start
    while index < haystack.count {
      while matched > 0, haystack[index] != needle[matched] { matched = fallback[matched - 1] }
      if haystack[index] == needle[matched] { matched += 1 }
      index += 1
      if matched == needle.count { return index - matched }
    }
    return nil
  }

  /// Where the matches begin, none overlapping the one before, at most `limit` of them.
  func all(in haystack: [UInt8], limit: Int = .max) -> [Int] {
    var found: [Int] = []
    var position = 0
    while found.count < limit, let match = first(in: haystack, from: position) {
      found.append(match)
      position = match + needle.count
    }
    return found
  }
}

extension Text {
  func contains(_ other: Text) -> Bool { Finder(Array(other.utf8)).first(in: Array(utf8)) != nil }

  /// The pieces between the matches of `separator`, which is not empty; cut from the end when `fromEnd`.
  func split(separator: Text, limit: Int = .max, fromEnd: Bool = false) -> [Text] {
    let bytes = Array(utf8)
    let width = separator.utf8.count
    var cuts: [Int]
    if fromEnd && limit != .max {
      // The mirror image has the last matches first.
      let mirrored = Finder(separator.utf8.reversed()).all(in: bytes.reversed(), limit: limit)
      cuts = mirrored.reversed().map { bytes.count - $0 - width }
    } else {
      cuts = Finder(Array(separator.utf8)).all(in: bytes, limit: limit)
    }
    cuts.append(bytes.count)
    var pieces: [Text] = []
    var start = 0
    for cut in cuts {
      pieces.append(Text(utf8: bytes[start..<cut]).marked(like: self))
      start = cut + width
    }
    return pieces
  }

  /// `str.replace`: an empty `old` matches between all characters.
  func replacing(_ old: Text, with new: Text, limit: Int = .max) -> Text {
    if old.isEmpty {
      var result = ""
      var left = limit
      for scalar in scalars {
        if left > 0 {
          result += new.string
          left -= 1
        }
        result.unicodeScalars.append(scalar)
      }
      return Text(left > 0 ? result + new.string : result, isMarkup: isMarkup)
    }
    return Text(
      split(separator: old, limit: limit).map(\.string).joined(separator: new.string), isMarkup: isMarkup)
  }
}
