import Files
import JSON
import Models
import Training

/// The names of the classes beside an adapter, which Hugging Face PEFT keeps no place for: `labels.json`, whose
/// `id2label` is spelled as in config.json.
extension ClassLabels {
  private static let fileName = "labels.json"

  func write(beside adapter: String) throws {
    let table = JSONObject(names.enumerated().map { (key: String($0.offset), value: .string($0.element)) })
    let text = JSONValue.object(["id2label": .object(table)]).serialized(indent: 2)
    try AtomicFile.write(Folder.join(adapter, Self.fileName), text + "\n")
  }

  /// Writes beside a new adapter the names that the first of those it was made of has, if one has them.
  ///
  /// - Throws: ``ModelError`` for a file that does not name the classes; what `Files` says of one that is unreadable.
  public static func keep(from adapters: [String], beside adapter: String) throws {
    let named = adapters.filter { Folder.hasFile(Folder.join($0, fileName)) }
    try beside(named)?.write(beside: adapter)
  }

  /// Those of the first adapter that has them; nil when none has.
  ///
  /// - Throws: ``ModelError`` for a file that does not name the classes.
  static func beside(_ adapters: [String]) throws -> ClassLabels? {
    for adapter in adapters {
      let path = Folder.join(try ModelFolder(adapter).path, fileName)
      guard Folder.hasFile(path) else { continue }
      let object = try JSONValue.parse(contentsOf: path).objectValue ?? [:]
      guard object["id2label"] != nil else {
        throw ModelError("no id2label, \(path): name the classes as config.json does, or remove the file")
      }
      return try ModelConfiguration(object, path: path).labels
    }
    return nil
  }
}
