/// Says a long list of module paths by the shortest ends that mean the same.
///
/// Source: `_find_minimal_target_modules` of PEFT 0.21, which applies it from 20 names on.
enum NameCondenser {
  /// - Parameter others: every path that must not be meant.
  static func condense(_ names: [String], others: some Sequence<String>) -> [String] {
    let chosen = Set(names)
    let forbidden = Set(others.filter { !chosen.contains($0) }.flatMap(ends))
    var needed: [String] = []
    for name in names {
      let end = ends(of: name).first { needed.contains($0) || !forbidden.contains($0) } ?? name
      if !needed.contains(end) { needed.append(end) }
    }
    return needed
  }

  /// `a.b.c`: `c`, `b.c`, `a.b.c`.
  private static func ends(of name: String) -> [String] {
    let parts = name.split(separator: ".")
    return parts.indices.reversed().map { parts[$0...].joined(separator: ".") }
  }
}
