import Files
import Foundation
import JSON

/// `metrics.jsonl`: a line for each step, readable while the run goes on.
///
/// A line is written whole; one that a crash cut off is dropped when the run is taken up again.
public final class MetricsFile {
  public let path: String
  private let file: FileHandle

  /// - Parameter lastStep: lines of later steps are dropped; 0 begins anew.
  /// - Throws: ``FileError`` when the file cannot be written.
  public init(_ path: String, keepingUpTo lastStep: Int) throws {
    let kept = lastStep > 0 && Folder.hasFile(path) ? try MetricsFile.lines(of: path) : []
    let text = kept.filter { ($0["step"]?.intValue ?? .max) <= lastStep }
      .map { JSONValue.object($0).serialized() + "\n" }
    try AtomicFile.write(path, text.joined())
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw FileError(
        code: .permission, message: "cannot open", path: path,
        remedy: "check who owns the file and its folder")
    }
    try file.seekToEnd()
    (self.path, self.file) = (path, file)
  }

  deinit { try? file.close() }

  public func append(_ line: JSONObject) throws {
    let text = JSONValue.object(line).serialized() + "\n"
    do {
      try file.write(contentsOf: Data(text.utf8))
    } catch {
      throw FileError(
        code: .diskFull, message: "cannot write (\(error.localizedDescription))", path: path,
        remedy: "free some space")
    }
  }

  /// Makes sure that what was written survives a power cut.
  func synchronize() { try? file.synchronize() }

  /// The complete lines of a file.
  public static func lines(of path: String) throws -> [JSONObject] {
    let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: true).compactMap {
      (try? JSONValue.parse(String($0)))?.objectValue
    }
  }
}
