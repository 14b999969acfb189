import JSON
import Training

/// Comma- or tab-separated text with a header row; quotes as in RFC 4180.
struct DelimitedText {
  private let records: [(line: Int, cells: [String])]

  init(_ text: String, separator: Character) {
    var records: [(line: Int, cells: [String])] = []
    var (cells, cell, line, start) = ([String](), "", 1, 1)
    var (isQuoted, wasQuoted) = (false, false)
    func isBreak(_ character: Character) -> Bool { character == "\n" || character == "\r\n" }
    var rest = text[...]
    func endRecord() {
      cells.append(cell)
      if cells.count > 1 || wasQuoted || !cell.isEmpty { records.append((start, cells)) }
      (cells, cell, wasQuoted, start) = ([], "", false, line)
    }
    while let character = rest.popFirst() {
      if isBreak(character) { line += 1 }
      if isQuoted {
        if character != "\"" {
          cell.append(character)
        } else if rest.first == "\"" {
          cell.append("\"")
          rest.removeFirst()
        } else {
          isQuoted = false
        }
      } else if character == "\"", cell.isEmpty, separator == "," {
        (isQuoted, wasQuoted) = (true, true)
      } else if character == separator {
        cells.append(cell)
        cell = ""
      } else if isBreak(character) {
        endRecord()
      } else {
        cell.append(character)
      }
    }
    endRecord()
    self.records = records
  }

  /// The names of the columns.
  var header: [String]? { records.first?.cells }

  /// - Throws: ``TrainingError`` for a row with more or fewer cells than the header.
  func rows(_ header: [String], _ path: String) throws -> [DataRow] {
    try records.dropFirst().map { line, cells in
      guard cells.count == header.count else {
        throw TrainingError(
          .data,
          "\(cells.count) cells under \(header.count) columns, \(path):\(line): quote cells with separators")
      }
      return DataRow(
        JSONObject(zip(header, cells).map { (key: $0, value: .string($1)) }), origin: "\(path):\(line)")
    }
  }
}
