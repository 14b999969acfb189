import Files
import JSON
import Training

/// Data files: JSON lines, a JSON array, CSV, TSV or plain text, told by content.
public enum RowFile {
  /// Columns that a header is told by.
  private static let columns: Set<String> = [
    "text", "prompt", "completion", "instruction", "input", "output", "messages", "input_ids", "labels",
    "sentence", "sentence1", "sentence2", "label", "image", "file_name", "pixel_values",
  ]

  /// Reads every row of the file `path`, or a row for each picture of a folder.
  ///
  /// - Throws: `FileError` when it cannot be read, ``TrainingError`` for a row that makes no sense, or when there is none.
  public static func read(_ path: String, _ options: DataOptions = DataOptions()) throws -> [DataRow] {
    if Folder.exists(path) { return try ImageFolder.rows(path, options) }
    let extraColumns = (options.textColumns ?? []) + [options.labelColumn].compactMap(\.self)
    var bytes = try WholeFile.read(path)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw TrainingError(.data, "a data file that is not UTF-8 text, \(path): convert it first")
    }
    let isTable = !["{", "["].contains(text.first { !$0.isWhitespace })
    let rows =
      if let task = options.glue, isTable {
        try GLUEFile(task, path: path).rows(text)
      } else {
        try rows(text, path, columns.union(extraColumns))
      }
    guard !rows.isEmpty else {
      throw TrainingError(.data, "no rows, \(path): the data is empty")
    }
    return rows.map { row in
      var row = row
      row.folder = Folder.containing(path)
      return row
    }
  }

  private static func rows(_ text: String, _ path: String, _ columns: Set<String>) throws -> [DataRow] {
    switch text.first(where: { !$0.isWhitespace }) {
    case nil: return []
    case "[": return try array(text, path)
    case "{": return try lines(text, path)
    default: break
    }
    for separator in ["\t", ","] as [Character] {
      let table = DelimitedText(text, separator: separator)
      guard let header = table.header, !columns.isDisjoint(with: header) else { continue }
      return try table.rows(header, path)
    }
    return numbered(text).filter { !$0.line.allSatisfy(\.isWhitespace) }.map {
      DataRow(["text": .string(String($0.line))], origin: "\(path):\($0.number)")
    }
  }

  private static func numbered(_ text: String) -> [(number: Int, line: Substring)] {
    text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }).enumerated()
      .map {
        ($0.offset + 1, $0.element)
      }
  }

  private static func lines(_ text: String, _ path: String) throws -> [DataRow] {
    // One object over several lines is a file with a single row.
    if let whole = try? JSONValue.parse(text).objectValue, text.contains("\n") {
      return [DataRow(whole, origin: "\(path):1")]
    }
    return try numbered(text).filter { !$0.line.allSatisfy(\.isWhitespace) }.map { number, line in
      let origin = "\(path):\(number)"
      guard let value = try? JSONValue.parse(String(line)) else {
        throw TrainingError(.data, "a line that is not JSON, \(origin): write one JSON object on each line")
      }
      return try row(value, origin)
    }
  }

  private static func array(_ text: String, _ path: String) throws -> [DataRow] {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue.parse(text)
    } catch {
      var error = error
      error.path = path
      throw error
    }
    return try (value.arrayValue ?? []).enumerated().map {
      try row($0.element, "\(path), row \($0.offset + 1)")
    }
  }

  private static func row(_ value: JSONValue, _ origin: String) throws -> DataRow {
    guard let object = value.objectValue else {
      throw TrainingError(.data, "a row that is no JSON object, \(origin): write {\"text\": ...} or the like")
    }
    return DataRow(object, origin: origin)
  }
}
