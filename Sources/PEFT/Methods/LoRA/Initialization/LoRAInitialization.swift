import Configuration
import JSON
import NN
import Torch

/// How A and B start (`init_lora_weights`).
public struct LoRAInitialization: Sendable {
  /// The value of the field.
  public let json: JSONValue
  /// Nil for a value that means none.
  private let known: (any FactorInitializer)?

  private static let all: [any FactorInitializer.Type] = [
    RandomFactors.self, OrthogonalFactors.self, PiSSA.self, OLoRA.self, MiCA.self, LoftQ.self, EVA.self,
    CorDA.self, LoRAGA.self,
  ]

  /// A Kaiming-uniform, B zero: the update starts at nothing.
  public static let standard = LoRAInitialization(true)
  /// A normal with standard deviation 1 / r, B zero.
  public static let gaussian = LoRAInitialization("gaussian")
  /// Both random: for tests, and for adapters that are loaded right after.
  public static let random = LoRAInitialization(false)

  /// Every value that there is; N stands for a number.
  public static var names: [String] { all.flatMap { $0.spellings } }

  /// The initialization that a value of `init_lora_weights` names, such as `"pissa"`.
  public init(_ json: JSONValue) {
    self.json = json
    known = Self.all.lazy.compactMap { $0.init(json) }.first
  }

  var initializer: any FactorInitializer { known ?? RandomFactors.kaiming }

  /// Whether factors are worked out from the weights or from data, not drawn.
  public var isDerived: Bool { !(initializer is RandomFactors) && !(initializer is OrthogonalFactors) }

  /// Whether it looks at data before training.
  public var needsData: Bool { initializer.needsData }

  /// Whether the base computes differently under such an adapter, so that it is no ordinary LoRA.
  public var changesBase: Bool { initializer.isOffset || initializer is LoftQ }

  /// - Throws: ``ConfigurationError`` for a value without a meaning, and for fields that it cannot work with.
  func validate(_ method: LoRA) throws {
    guard known != nil else {
      let text = json.stringValue ?? json.serialized()
      let hint = NearestName.find(text.lowercased(), among: Self.names).map { " (did you mean \($0)?)" } ?? ""
      throw ConfigurationError(
        "init_lora_weights", value: "'\(text)'",
        rule: "must be one of \(Self.names.joined(separator: ", "))\(hint)")
    }
    if method.hasBias, !(initializer is RandomFactors) {
      throw ConfigurationError(
        "lora_bias", value: true,
        rule: "needs init_lora_weights to be true or false, not \(json.serialized())")
    }
    try initializer.validate(method)
  }

  /// Whether an adapter with this rank can start on a layer.
  ///
  /// - Throws: ``ConfigurationError`` naming the layer.
  func check(_ layer: any AdaptableLayer, rank: Int) throws {
    let name = json.stringValue ?? json.serialized()
    guard initializer.supports(layer.kind) else {
      throw ConfigurationError(
        "init_lora_weights", value: name,
        rule: "cannot start \(layer.name), which is no linear layer: exclude it, or use true")
    }
    guard let limit = try initializer.rankLimit(layer), rank > limit else { return }
    throw ConfigurationError(
      "r", value: rank, rule: "must be at most \(limit) for \(layer.name) with init_lora_weights \(name)")
  }
}

extension LoRAInitialization: Hashable {
  public static func == (left: Self, right: Self) -> Bool { left.json == right.json }
  public func hash(into hasher: inout Hasher) { hasher.combine(json) }
}

extension LoRAInitialization: ConfigurationValue {
  /// Any text is taken here; whether it means something is told when the whole configuration is checked.
  public init?(json: JSONValue) {
    guard json.boolValue != nil || json.stringValue != nil else { return nil }
    self.init(json)
  }

  public static var kind: String { "one of " + names.joined(separator: ", ") }
}
