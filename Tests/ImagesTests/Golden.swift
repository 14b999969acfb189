import Files
import Foundation
import NN
import Safetensors
import Torch

@testable import Images

/// Reference values made with Pillow and transformers.
enum Golden {
  static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/images"

  static func path(_ name: String) -> String { Folder.join(folder, name) }

  static func bytes(_ name: String) throws -> [UInt8] { try WholeFile.read(path(name)) }

  static let expected = Result { try SafetensorsFile(path: path("expected.safetensors")).allTensors() }

  /// Every picture.
  static let files =
    (try? Folder.names(in: folder).filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }) ?? []
}
