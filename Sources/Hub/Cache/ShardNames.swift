import Files
import JSON

/// The files that the index of a sharded checkpoint names.
enum ShardNames {
  /// Nil when there is no such index.
  static func read(_ path: String) -> [String]? {
    guard let map = try? JSONValue.parse(contentsOf: path)["weight_map"]?.objectValue else { return nil }
    return Set(map.compactMap { $0.value.stringValue }).sorted()
  }
}
