import Files
import JSON
import NN
import Safetensors
import Torch

@testable import Models

/// The folder of reference values, and what is read from it.
enum Golden {
  static let folder: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Golden"
  }()

  static func model(_ name: String) -> String { "\(folder)/models/\(name)" }

  /// Every model with reference values.
  static let models: [String] =
    (try? Folder.names(in: "\(folder)/models").filter { Folder.hasFile("\(model($0))/expected.safetensors") })
    ?? []

  static func expected(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(model(name))/expected.safetensors").allTensors()
  }

  static func encoder(_ name: String) -> String { "\(folder)/encoders/\(name)" }

  static func expected(encoder name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(encoder(name))/expected.safetensors").allTensors()
  }

  static func sequence(_ name: String) -> String { "\(folder)/sequences/\(name)" }

  static func expected(sequence name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(sequence(name))/expected.safetensors").allTensors()
  }

  static func causal(_ name: String, dtype: DType? = nil) throws -> any CausalLanguageModel {
    guard let model = try PretrainedModel.load(folder: model(name), dtype: dtype) as? any CausalLanguageModel
    else {
      throw ModelError("\(name) is no causal language model")
    }
    return model
  }
}
