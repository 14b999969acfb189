import Files
import JSON
import Models

/// What a model folder in the layout of sentence-transformers says of how texts become vectors.
public struct SentenceLayout: Sendable {
  /// `1_Pooling/config.json`; nil where it says nothing, or something else than mean, cls or max.
  public private(set) var pooling: Pooling?
  /// Whether `modules.json` ends with a normalization; nil without that file.
  public private(set) var normalizes: Bool?
  /// `max_seq_length` of `sentence_bert_config.json`.
  public private(set) var maxLength: Int?

  /// A folder that says nothing.
  public init() {}

  /// - Throws: `JSONError` for a file that is not JSON.
  public init(_ folder: ModelFolder) throws {
    func object(_ name: String) throws -> JSONObject? {
      let path = Folder.join(folder.path, name)
      return Folder.hasFile(path) ? try JSONValue.parse(contentsOf: path).objectValue : nil
    }
    if let table = try object("1_Pooling/config.json") {
      pooling =
        [
          ("pooling_mode_mean_tokens", Pooling.mean), ("pooling_mode_cls_token", .cls),
          ("pooling_mode_max_tokens", .max),
        ].first { table[$0.0]?.boolValue == true }?.1
    }
    let modules = Folder.join(folder.path, "modules.json")
    if Folder.hasFile(modules) {
      let list = try JSONValue.parse(contentsOf: modules).arrayValue ?? []
      normalizes = list.contains { $0["type"]?.stringValue?.hasSuffix(".Normalize") == true }
    }
    maxLength = try object("sentence_bert_config.json")?["max_seq_length"]?.intValue
  }
}
