import FineTuning
import Generation
import JSON
import Models
import PEFT
import Torch
import Training

extension BenchCommand {
  /// Continues a batch of random prompts, as often as there are steps, after one time that does not count.
  func timeGeneration(of count: Int, _ device: Device) throws {
    let clock = ContinuousClock()
    let began = clock.now
    let tuned = try AdaptedPretrainedModel(
      folder: model, adapters: [method.initAdapter].compactMap(\.self), task: GenerateCommand.task(of: model),
      dtype: engine.loadedType(), device: device, quantization: quantization.value())
    let names = try addAdapters(to: tuned.adapters)
    let loaded = (clock.now - began) / .seconds(1)
    let prompts = try prompts(vocabulary: tuned.model.configuration.text.size("vocab_size"))
    var options = SamplingOptions()
    (options.maxNewTokens, options.minNewTokens) = (count, count)
    let generator = try TextGenerator(tuned.model)
    var seconds: [Double] = []
    for _ in 0...steps {
      let start = clock.now
      try byRow(tuned.adapters, names) { _ = try generator.generate(prompts, options) }
      seconds.append((clock.now - start) / .seconds(1))
    }
    show(median(Array(seconds.dropFirst())) ?? .nan, tokens: count * batchSize, loaded)
  }

  /// Adapters for --adapters whose factors are all random, so that each changes the output.
  private func addAdapters(to adapters: AdaptedModel) throws -> [String] {
    guard let count = self.adapters, let method = try method.configuration()?.method else { return [] }
    let random = try Generator(seed: engine.seed ?? EngineOptions.usualSeed)
    return try (0..<count).map { index in
      let name = "adapter\(index)"
      _ = try adapters.add(method, named: name)
      try withoutGradients {
        for entry in adapters.parameters(of: name) {
          let values = try Tensor.randn(entry.parameter.tensor.shape, generator: random)
          try entry.parameter.tensor.copy_(values * 0.02)
        }
      }
      return name
    }
  }

  private func byRow(_ adapters: AdaptedModel, _ names: [String], _ body: () throws -> Void) throws {
    guard !names.isEmpty else { return try body() }
    try adapters.withAdapters(byRow: (0..<batchSize).map { names[$0 % names.count] }, body)
  }

  private func prompts(vocabulary: Int) throws -> [[Int]] {
    let random = try Generator(seed: engine.seed ?? EngineOptions.usualSeed)
    return try (0..<batchSize).map { _ in
      try Tensor.randint(0..<vocabulary, [sequenceLength], generator: random).array(of: Int.self)
    }
  }

  private func show(_ seconds: Double, tokens: Int, _ loaded: Double) {
    let rate = Double(tokens) / seconds
    if speech.json {
      return Console.print([
        "seconds_median": .double(seconds), "tokens_per_second": .double(rate),
        "load_seconds": .double(loaded), "peak_rss_bytes": .int(ProcessMemory.peak),
      ])
    }
    Console.print(
      "\(Numerals.short(rate)) tokens/s, \(batchSize) texts together; loaded in \(Numerals.short(loaded)) s")
  }
}
