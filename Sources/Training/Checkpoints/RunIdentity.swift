import Configuration
import JSON
import Torch

/// What must be the same for a run to go on as if never interrupted: options, data, parameters.
struct RunIdentity: Sendable {
  let json: JSONObject

  /// Options that change nothing about the steps themselves.
  private static let harmless: Set<String> = [
    "eval_every", "eval_batch_size", "save_every", "save_total_limit", "log_every", "metric_for_best_model",
    "load_best_model_at_end", "early_stopping_patience", "early_stopping_threshold",
  ]

  /// - Parameter extra: what else makes the run what it is, such as the model and the method.
  init(
    options: TrainingOptions, examples: [TokenizedExample], parameters: [TrainableParameter], hasHooks: Bool,
    extra: JSONObject
  ) {
    var object = JSONObject(options.json.filter { !RunIdentity.harmless.contains($0.key) })
    // How long the run is shows in a falling learning rate, and to methods with a schedule of their own.
    if options.scheduler == .constant, !hasHooks {
      object["steps"] = nil
      object["epochs"] = nil
    }
    object["data"] = .string(RunIdentity.fingerprint(of: examples))
    for (key, value) in extra { object[key] = value }
    object["parameters"] = .object(
      JSONObject(
        parameters.map { parameter in
          (key: parameter.name, value: .string(parameter.tensor.description))
        }))
    json = object
  }

  /// The keys in which another run differs.
  func differences(from other: JSONObject) -> [String] {
    var keys = json.keys
    let known = Set(keys)
    keys += other.keys.filter { !known.contains($0) }
    return keys.filter { json[$0] != other[$0] }
  }

  /// A hash of every token and target: FNV-1a over 64-bit words.
  private static func fingerprint(of examples: [TokenizedExample]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ value: Int) { hash = (hash ^ UInt64(truncatingIfNeeded: value)) &* 0x100_0000_01b3 }
    for example in examples {
      add(example.ids.count)
      for id in example.ids { add(Int(id)) }
      for byte in (example.picture?.identity ?? "").utf8 { add(Int(byte)) }
      switch example.target {
      case .tokens(let labels), .text(let labels): for label in labels { add(Int(label)) }
      case .category(let category): add(category)
      case .span(let first, let last):
        add(first)
        add(last)
      case .scores(let scores): for score in scores { add(Int(score.bitPattern)) }
      }
    }
    return "\(examples.count) rows, \(String(hash, radix: 16))"
  }
}
