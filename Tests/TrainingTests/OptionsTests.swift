import Configuration
import JSON
import Testing
import Training

/// Values of transformers' `get_scheduler`, and the rules of the options.
struct OptionsTests {
  static let schedules: [(LearningRateSchedule, Int, Int, [Double])] = [
    (.constant, 3, 6, [0, 0.3333333333333333, 0.6666666666666666, 1, 1, 1, 1]),
    (
      .linear, 3, 10,
      [
        0, 0.3333333333333333, 0.6666666666666666, 1, 0.8571428571428571, 0.7142857142857143,
        0.5714285714285714, 0.42857142857142855, 0.2857142857142857, 0.14285714285714285, 0,
      ]
    ),
    (
      .cosine, 3, 10,
      [
        0, 0.3333333333333333, 0.6666666666666666, 1, 0.9504844339512095, 0.8117449009293668,
        0.6112604669781572, 0.38873953302184283, 0.18825509907063326, 0.04951556604879048, 0,
      ]
    ),
    (.linear, 0, 4, [1, 0.75, 0.5, 0.25, 0]),
    (.cosine, 0, 4, [1, 0.8535533905932737, 0.5, 0.14644660940672627, 0]),
    (.linear, 5, 5, [0, 0.2, 0.4, 0.6, 0.8, 0]),
  ]

  @Test(arguments: schedules)
  func schedulesAreTransformers(
    schedule: LearningRateSchedule, warmup: Int, total: Int, expected: [Double]
  ) {
    for (step, factor) in expected.enumerated() {
      #expect(abs(schedule.factor(step: step, warmup: warmup, total: total) - factor) < 1e-15)
    }
  }

  static let wrong: [(JSONObject, String)] = [
    (["steps": 0], "steps is 0: must be at least 1"),
    (["steps": 5, "epochs": 1], "steps is 5: give steps or epochs, not both"),
    (["batch_size": 0], "batch_size is 0: must be at least 1"),
    (["learning_rate": -1], "learning_rate is -1.0: must be at least 0"),
    (["max_grad_norm": -0.5], "max_grad_norm is -0.5: must be at least 0 (0 for no clipping)"),
    (["scheduler": "cosin"], "scheduler is \"cosin\": must be one of constant, linear, cosine"),
    (["adam_beta2": 1], "adam_beta2 is 1.0: must be at least 0 and below 1"),
    (["log_every": 0], "log_every is 0: must be at least 1"),
  ]

  @Test(arguments: wrong)
  func wrongOptionsAreNamed(object: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try TrainingOptions(object) }
    #expect(error.description == message)
  }

  @Test func optionsSurviveJSON() throws {
    var options = TrainingOptions()
    (options.steps, options.packing, options.scheduler) = (7, true, .cosine)
    #expect(try TrainingOptions(options.json).json == options.json)
    #expect(TrainingOptions.unknownKeys(in: options.json).isEmpty)
  }
}
