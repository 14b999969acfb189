import JSON
import Training

/// A file of GLUE: lines of cells with tabs between and no quotes, with a header or without.
struct GLUEFile {
  private let task: GLUETask
  private let path: String

  init(_ task: GLUETask, path: String) { (self.task, self.path) = (task, path) }

  /// The rows under the names that classifiers know: `sentence1`, perhaps `sentence2`, and `label` where there is one.
  ///
  /// - Throws: ``TrainingError`` for a line with more or fewer cells than the first.
  func rows(_ text: String) throws -> [DataRow] {
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
      .enumerated().filter { !$0.element.isEmpty }
      .map {
        (number: $0.offset + 1, cells: $0.element.split(separator: "\t", omittingEmptySubsequences: false))
      }
    guard let first = lines.first else { return [] }
    let names = Set(task.texts.flatMap(\.names))
    let header = first.cells.contains { names.contains(String($0)) } ? first.cells.map(String.init) : nil
    let texts = try task.texts.map { try place(of: $0, header, count: first.cells.count) }
    let label = try? place(of: task.label, header, count: first.cells.count)
    return try lines.dropFirst(header == nil ? 0 : 1).compactMap { number, cells in
      if task.hasBrokenLines, cells.count < first.cells.count { return nil }
      guard cells.count == first.cells.count else {
        throw TrainingError(
          .data,
          "\(cells.count) cells where the first line has \(first.cells.count), \(path):\(number): "
            + "remove stray tabs, or the line")
      }
      var fields = JSONObject()
      for (index, place) in texts.enumerated() {
        fields["sentence\(index + 1)"] = .string(String(cells[place]))
      }
      if let label { fields["label"] = .string(String(cells[label])) }
      return DataRow(fields, origin: "\(path):\(number)")
    }
  }

  private func place(of column: GLUETask.Column, _ header: [String]?, count: Int) throws -> Int {
    if let header {
      if let place = column.names.lazy.compactMap(header.firstIndex(of:)).first { return place }
    } else if column.place < count {
      return column.place
    }
    throw TrainingError(
      .data,
      "\(count) columns without \(column.names.joined(separator: " or ")), \(path): "
        + "give a file of GLUE's \(task.rawValue), or leave out --glue")
  }
}
