import JSON
import Testing
import Torch

@testable import Training

/// The steps that Hugging Face PEFT took, as a folder's run.json has them.
struct GoldenSteps {
  let run: JSONValue
  /// As PEFT took them: in the rows' order, at one rate.
  let options: TrainingOptions
  private let trace: [JSONValue]

  init(_ folder: String) throws {
    // The order of sums is that of one thread.
    Engine.threads = 1
    run = try JSONValue.parse(contentsOf: "\(folder)/run.json")
    var options = TrainingOptions()
    options.steps = run["steps"]?.intValue
    options.batchSize = try #require(run["batch_size"]?.intValue)
    options.learningRate = try #require(run["learning_rate"]?.doubleValue)
    (options.shuffle, options.saveEvery, options.maxGradNorm) = (false, 0, 0)
    options.scheduler = .constant
    self.options = options
    trace = try #require(run["trace"]?.arrayValue)
  }

  /// Runs to the end and compares every loss and gradient norm.
  func check(_ trainer: Trainer) throws {
    var records: [StepRecord] = []
    try trainer.run { event in
      if case .stepped(let record, _) = event { records.append(record) }
    }
    #expect(records.count == trace.count)
    for (record, expected) in zip(records, trace) {
      let (loss, norm) = (expected["loss"]?.doubleValue ?? .nan, expected["grad_norm"]?.doubleValue ?? .nan)
      #expect(abs(record.loss - loss) <= 1e-4 * loss, "loss of step \(record.step)")
      #expect(abs(record.gradNorm - norm) <= 1e-3 * norm, "norm of step \(record.step)")
      if let extra = expected["regularization"]?.doubleValue {
        #expect(abs((record.regularization ?? .nan) - extra) <= 1e-4 * extra)
      }
    }
  }
}
