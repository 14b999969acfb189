import Files
import Foundation
import JSON
import NN
import Torch
import Training

/// A language model of one hidden layer with dropout: small, but everything that the loop can meet.
final class TinyModel: TrainableModel {
  let device = Device.cpu
  let objective = Objective.nextToken
  var isTraining = false
  var parameters: [TrainableParameter]
  var hooks: [any TrainingHook] = []
  /// Called before each forward pass of training with its number.
  var beforeForward: (Int) throws -> Void = { _ in }
  var dropout = 0.2
  private(set) var passes = 0

  static let vocabulary = 12

  init(dtype: DType = .float32, seed: UInt64 = 5) throws {
    let generator = try Generator(seed: seed)
    func parameter(_ name: String, _ shape: [Int]) throws -> TrainableParameter {
      let values = try Tensor.randn(shape, generator: generator) * 0.3
      return TrainableParameter(name: name, tensor: try values.to(dtype: dtype).requireGrad())
    }
    parameters = [
      try parameter("embed.weight", [Self.vocabulary, 8]), try parameter("hidden.weight", [8, 8]),
      try parameter("hidden.bias", [8]), try parameter("head.weight", [Self.vocabulary, 8]),
    ]
  }

  var totalParameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

  func logits(_ batch: Batch) throws -> Tensor {
    if isTraining {
      try beforeForward(passes)
      passes += 1
    }
    let embedded = try parameters[0].tensor.embedding(batch.ids).dropout(isTraining ? dropout : 0)
    let hidden = try embedded.linear(parameters[1].tensor, bias: parameters[2].tensor).tanh()
    return try hidden.linear(parameters[3].tensor)
  }

  func summedLoss(_ batch: Batch) throws -> Tensor { try objective.summedLoss(logits(batch), batch) }

  func save(to folder: String) throws {
    let text = try parameters.map { "\($0.name) \(try $0.tensor.array(of: Float.self).map(\.bitPattern))" }
    try AtomicFile.write(Folder.join(folder, "weights.txt"), text.joined(separator: "\n"))
  }

  /// The bits of every parameter.
  func weights() throws -> [[UInt32]] {
    try parameters.map { try $0.tensor.array(of: Float.self).map(\.bitPattern) }
  }
}

/// Sentences that count upwards from a start, modulo the vocabulary: quickly learnt.
func countingExamples(_ count: Int = 17) -> ExampleSet {
  ExampleSet(
    (0..<count).map { row in
      let ids = (0..<3 + row * 5 % 7).map { Int32((row + $0) % TinyModel.vocabulary) }
      let labels = ids.enumerated().map { $0.offset < 1 ? TokenizedExample.ignoredLabel : $0.element }
      return TokenizedExample(ids: ids, target: .tokens(labels), origin: "rows:\(row + 1)")
    })
}

/// A folder that goes away with the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "swift-peft-" + UUID().uuidString
    try Folder.create(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { Folder.join(path, name) }

  func text(_ name: String) throws -> String {
    String(decoding: try WholeFile.read(file(name)), as: UTF8.self)
  }

  /// The lines of `metrics.jsonl` without what differs from run to run.
  func metrics() throws -> [JSONObject] {
    try MetricsFile.lines(of: file("metrics.jsonl")).map { line in
      var line = line
      line["tokens_per_second"] = nil
      return line
    }
  }
}
