/// Names without what all of them share in front, cut at dots: `model.layers.0.q` and `model.layers.1.k` leave
/// `0.q` and `1.k`.

struct ShortNames {
  let names: [String]

  init(_ names: [String]) {
    let split = names.map { $0.split(separator: ".", omittingEmptySubsequences: false) }
    guard let first = split.first, names.count > 1 else {
      self.names = names
      return
    }
    // The last part of a name always stays.
    let limit = (split.map(\.count).min() ?? 1) - 1
    let shared = (0..<limit).first { part in !split.allSatisfy { $0[part] == first[part] } } ?? limit
    self.names = split.map { $0.dropFirst(shared).joined(separator: ".") }
  }
}
