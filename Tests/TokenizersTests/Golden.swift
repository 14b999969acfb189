import Foundation
import JSON
import Tokenizers

/// The reference tokenizers in Tests/Golden/tokenizers, and what Hugging Face's libraries make of texts with them.
enum Golden {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden/tokenizers").path(percentEncoded: false)

  /// The names of the tokenizers given by `tokenizer.json`.
  static let pipelines = names("pipelines")
  /// The names of the tokenizers in older layouts.
  static let layouts = names("layouts")

  private static func names(_ kind: String) -> [String] {
    let found = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(kind)")) ?? []
    return found.filter { !$0.hasPrefix(".") }.map { "\(kind)/\($0)" }.sorted()
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer.load(folder: "\(folder)/\(name)")
  }

  static func json(_ path: String) throws -> JSONValue {
    try JSONValue.parse([UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(path)"))))
  }

  /// A text and everything the reference says of it.
  struct Case {
    let value: JSONValue

    var text: String { value["text"]?.stringValue ?? "" }
    var pair: String? { value["pair"]?.stringValue }
    var addsSpecialTokens: Bool { value["special"]?.boolValue ?? false }
    var ids: [Int] { numbers("ids") }
    var tokens: [String] { strings("tokens") }
    var offsets: [Range<Int>] { ranges(value["offsets"]) }

    func numbers(_ name: String) -> [Int] { value[name]?.arrayValue?.map { $0.intValue ?? -1 } ?? [] }
    func optionals(_ name: String) -> [Int?] { value[name]?.arrayValue?.map(\.intValue) ?? [] }
    func strings(_ name: String) -> [String] { value[name]?.arrayValue?.map { $0.stringValue ?? "" } ?? [] }
    func bytes(_ name: String) -> [UInt8] { Array((value[name]?.stringValue ?? "").utf8) }
  }

  static func cases(_ name: String) throws -> [Case] {
    try json("\(name)/cases.json").arrayValue?.map(Case.init) ?? []
  }

  /// Ranges written as pairs of numbers.
  static func ranges(_ value: JSONValue?) -> [Range<Int>] {
    value?.arrayValue?.map { ($0[0]?.intValue ?? -1)..<($0[1]?.intValue ?? -1) } ?? []
  }
}
