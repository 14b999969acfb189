import Files
import Foundation
import JSON
import NN
import Safetensors
import Torch

/// A copy of a golden model in a folder of its own, to be changed; gone with this object.
final class TemporaryModel {
  let folder: String

  convenience init(_ name: String) throws { try self.init(folder: Golden.model(name)) }

  init(folder source: String) throws {
    folder = FileManager.default.temporaryDirectory.path + "/swift-peft-\(UInt64.random(in: .min ... .max))"
    try Folder.create(folder)
    for file in try Folder.names(in: source)
    where file != "expected.safetensors" && Folder.hasFile("\(source)/\(file)") {
      try AtomicFile.write("\(folder)/\(file)", WholeFile.read("\(source)/\(file)"))
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Changes keys of config.json; nil removes one.
  func configure(_ changes: [String: JSONValue?]) throws {
    var config = try JSONValue.parse(contentsOf: "\(folder)/config.json").objectValue ?? [:]
    for (key, value) in changes { config[key] = value }
    try AtomicFile.write("\(folder)/config.json", JSONValue.object(config).serialized())
  }

  /// Changes the tensors of model.safetensors.
  func edit(_ change: (inout [String: Tensor]) throws -> Void) throws {
    let path = "\(folder)/model.safetensors"
    var tensors = try SafetensorsFile(path: path).allTensors()
    try change(&tensors)
    try SafetensorsWriter.write(tensors, to: path)
  }
}
