import Foundation
import JSON

/// The two streams: results on stdout, everything else on stderr.
enum Console {
  static func print(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: FileHandle.standardOutput)
  }

  /// A line on stderr.
  static func error(_ text: String) { write(text + "\n", to: FileHandle.standardError) }

  /// One JSON object or array on a line.
  static func print(_ value: JSONValue) { print(value.serialized(ascii: false)) }

  /// A reader that is gone is no error of ours.
  private static func write(_ text: String, to handle: FileHandle) {
    try? handle.write(contentsOf: Data(text.utf8))
  }
}
