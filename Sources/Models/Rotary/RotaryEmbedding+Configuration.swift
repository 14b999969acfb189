import Configuration
import JSON

extension RotaryEmbedding {
  /// Reads `rope_parameters`, or `rope_scaling`, `type` and `rope_theta` of older files.
  ///
  /// - Parameters:
  ///   - headSize: the dimensions of a head.
  ///   - usualShare: of them that turn, where the file says nothing; nil for families in which all turn.
  ///   - aliases: what a family's files call a kind of scaling otherwise.
  /// - Throws: ``ModelError`` naming the key whose value is missing or does not do.
  init(
    _ config: ModelConfiguration, dimensions headSize: Int, contextLength: Int, defaultTheta: Double = 10000,
    usualShare: Double? = nil, aliases: [String: RotaryKind] = [:]
  ) throws {
    let fields = try RotaryFields(config, aliases: aliases)
    dimensions = try fields.turned(of: headSize, usualShare: usualShare)
    theta = try fields.number("rope_theta") ?? config.value("rope_theta", default: defaultTheta)
    guard theta > 1, theta.isFinite else { throw fields.invalid("rope_theta", "must be above 1") }
    self.contextLength = contextLength
    scaling = try fields.scaling(dimensions: dimensions, contextLength: contextLength)
  }

  /// Reads the parameters of one kind of layer: `rope_parameters.KIND`, or the keys of older files beside it, whose
  /// `rope_scaling` is that of layers with full attention.
  ///
  /// - Parameter theta: the key of the base in older files, if they have it, and its usual value.
  /// - Throws: ``ModelError`` naming the key whose value is missing or does not do.
  init(
    _ config: ModelConfiguration, kind: String, dimensions: Int, contextLength: Int,
    theta: (key: String?, usual: Double)
  ) throws {
    let fields = try RotaryFields(config, kind: kind)
    let beside = try theta.key.flatMap { try config.optional($0) as Double? }
    self.theta = try fields.number("rope_theta") ?? beside ?? theta.usual
    guard self.theta > 1, self.theta.isFinite else {
      throw fields.invalid(theta.key ?? "rope_theta", "must be above 1")
    }
    (self.dimensions, self.contextLength) = (dimensions, contextLength)
    scaling = try fields.scaling(dimensions: dimensions, contextLength: contextLength)
  }
}

/// The ways to reach beyond the context of the first training, as config.json names them.
enum RotaryKind: String, CaseIterable {
  case `default`, linear, dynamic, yarn, longrope, llama3
}

/// The object in config.json that describes the rotary embedding.
private struct RotaryFields {
  let config: ModelConfiguration
  let key: String
  let object: JSONObject
  private var aliases: [String: RotaryKind] = [:]

  init(_ config: ModelConfiguration, kind: String) throws {
    let all: JSONObject = try config.value("rope_parameters", default: [:])
    let old: JSONObject = try config.value("rope_scaling", default: [:])
    self.config = config
    if let own = all[kind]?.objectValue {
      (key, object) = ("rope_parameters.\(kind)", own)
    } else {
      (key, object) = ("rope_scaling", kind == "full_attention" ? old : [:])
    }
  }

  init(_ config: ModelConfiguration, aliases: [String: RotaryKind] = [:]) throws {
    let old: JSONObject = try config.value("rope_scaling", default: [:])
    key = old.isEmpty ? "rope_parameters" : "rope_scaling"
    object = old.isEmpty ? try config.value("rope_parameters", default: [:]) : old
    (self.config, self.aliases) = (config, aliases)
    if let nested = object.first(where: { $0.value.objectValue != nil }) {
      throw invalid(nested.key, "parameters per kind of layer are not supported in this family")
    }
  }

  /// How many of a head's dimensions turn.
  func turned(of headSize: Int, usualShare: Double?) throws -> Int {
    let key = "partial_rotary_factor"
    let share = try number(key) ?? config.optional(key) ?? usualShare ?? 1
    guard usualShare != nil || share == 1 else {
      throw invalid(key, "heads that turn in part are not supported in this family")
    }
    let dimensions = share > 0 && share <= 1 ? Int(Double(headSize) * share) : 0
    guard dimensions > 0, dimensions % 2 == 0 else {
      throw invalid(key, "must give an even number of the \(headSize) dimensions of a head")
    }
    return dimensions
  }

  func scaling(dimensions: Int, contextLength: Int) throws -> RotaryScaling {
    switch try kind {
    case .default: return .none
    case .linear: return .linear(factor: try factor())
    case .dynamic: return .dynamic(factor: try factor())
    case .yarn: return .yarn(try yarn(contextLength))
    case .longrope: return .long(try long(dimensions, contextLength))
    case .llama3: return .llama3(try llama3(contextLength))
    }
  }

  private var kind: RotaryKind {
    get throws {
      let key = object["rope_type"] == nil ? "type" : "rope_type"
      guard let json = object[key], !json.isNull else { return .default }
      guard let name = json.stringValue, let kind = aliases[name] ?? RotaryKind(rawValue: name) else {
        let names = RotaryKind.allCases.map(\.rawValue)
        let guess =
          NearestName.find(json.stringValue ?? "", among: names).map { " (did you mean \($0)?)" } ?? ""
        throw invalid(key, "must be one of \(names.joined(separator: ", "))\(guess)")
      }
      return kind
    }
  }

  private func yarn(_ contextLength: Int) throws -> YarnScaling {
    let original = try originalLength(contextLength)
    let factor = try number("factor") ?? Double(contextLength) / Double(original)
    guard factor > 0 else { throw invalid("factor", "must be above 0") }
    let attention = try number("attention_factor")
    let suggested = YarnScaling.attentionFactor(
      factor, scale: try number("mscale"), allDimensionsScale: try number("mscale_all_dim"))
    var yarn = YarnScaling(factor: factor, originalLength: original, attentionFactor: attention ?? suggested)
    if let fast = try number("beta_fast"), fast != 0 { yarn.fast = fast }
    if let slow = try number("beta_slow"), slow != 0 { yarn.slow = slow }
    guard yarn.fast > 0, yarn.slow > 0 else { throw invalid("beta_fast", "must be above 0, beta_slow too") }
    yarn.truncates = try value("truncate") ?? true
    return yarn
  }

  private func long(_ dimensions: Int, _ contextLength: Int) throws -> LongScaling {
    let original = try originalLength(contextLength)
    let factor = try number("factor") ?? Double(contextLength) / Double(original)
    let suggested = LongScaling.attentionFactor(factor, originalLength: original)
    return LongScaling(
      shortFactors: try factors("short_factor", dimensions / 2),
      longFactors: try factors("long_factor", dimensions / 2), originalLength: original,
      attentionFactor: try number("attention_factor") ?? suggested)
  }

  private func llama3(_ contextLength: Int) throws -> Llama3Scaling {
    let (low, high) = (try positive("low_freq_factor"), try positive("high_freq_factor"))
    guard low < high else { throw invalid("high_freq_factor", "must be above low_freq_factor") }
    return Llama3Scaling(
      factor: try factor(), lowFrequency: low, highFrequency: high,
      originalLength: try originalLength(contextLength))
  }

  /// Beside the object, in it, or else the whole context, in this order.
  private func originalLength(_ contextLength: Int) throws -> Int {
    let key = "original_max_position_embeddings"
    let length: Int = try config.optional(key) ?? value(key) ?? contextLength
    guard length > 1 else { throw invalid(key, "must be above 1") }
    return length
  }

  private func factor() throws -> Double { try positive("factor") }

  private func positive(_ key: String) throws -> Double {
    guard let value = try number(key), value > 0 else { throw invalid(key, "must be a number above 0") }
    return value
  }

  private func factors(_ key: String, _ count: Int) throws -> [Double] {
    guard let factors: [Double] = try value(key), factors.count == count, factors.allSatisfy({ $0 > 0 })
    else {
      throw invalid(key, "must be a list of \(count) numbers above 0, one for each pair of head dimensions")
    }
    return factors
  }

  func number(_ key: String) throws -> Double? { try value(key) }

  private func value<Value: ConfigurationValue>(_ key: String) throws -> Value? {
    guard let json = object[key], !json.isNull else { return nil }
    guard let value = Value(json: json) else { throw invalid(key, "must be \(Value.kind)") }
    return value
  }

  func invalid(_ key: String, _ rule: String) -> ModelError {
    guard let json = object[key] else { return config.invalid(key, rule) }
    return ModelError("\(self.key).\(key) is \(json.serialized(ascii: false)), in \(config.path): \(rule)")
  }
}
