/// A relative path that stays where it is put: no component leads up, and none is empty.
///
/// Names from a server become names on the disk; this is where those that would escape are told apart.
struct PlainPath: Sendable, Hashable {
  let components: [String]

  /// - Parameter text: components with `/` between them. Nil for a path that is absolute, leads up, or holds what no
  ///   file name holds everywhere.
  init?(_ text: String) {
    components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let isPlain = components.allSatisfy { name in
      !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
        && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "\\") || $0 < 32 || $0 == 127 }
    }
    guard isPlain else { return nil }
  }

  var text: String { components.joined(separator: "/") }
  var name: String { components.last ?? "" }
  /// The folders that it lies in, outermost first.
  var folders: ArraySlice<String> { components.dropLast() }
}
