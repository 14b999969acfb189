import Configuration

/// How adapters become one: the choices of Hugging Face PEFT's `add_weighted_adapter`.
public struct Combination: Configuration {
  public enum Kind: String, CaseIterable, ConfigurationValue {
    /// Weighted sums of the factors: quick and rough, for the product of sums has terms across adapters.
    case linear
    /// Factors side by side: exact, with the sum of the ranks.
    case cat
    /// The weighted sum of the updates, cut to a rank by its singular values.
    case svd
    /// Smallest values dropped, then only those that agree with the elected sign averaged.
    case ties
    case tiesSVD = "ties_svd"
    /// Random values dropped, the others made larger to compensate.
    case dareLinear = "dare_linear"
    case dareTies = "dare_ties"
    case dareLinearSVD = "dare_linear_svd"
    case dareTiesSVD = "dare_ties_svd"
    /// Smallest values dropped.
    case magnitudePrune = "magnitude_prune"
    case magnitudePruneSVD = "magnitude_prune_svd"

    /// Whether it works on whole updates, which are factored again, rather than on the factors.
    var factorsAgain: Bool { self == .svd || rawValue.hasSuffix("_svd") }
    var drops: Bool { ![.linear, .cat, .svd].contains(self) }
    var isRandom: Bool { rawValue.hasPrefix("dare") }
    var electsSigns: Bool { rawValue.contains("ties") }
  }

  /// How the sign of each element is elected among the adapters.
  public enum SignMethod: String, CaseIterable, ConfigurationValue {
    /// That of the sum.
    case total
    /// That of most.
    case frequency
  }

  public var kind = Kind.svd
  /// One for each adapter; may be negative. Nil: the mean of all.
  public var weights: [Double]?
  /// The share of values that is kept.
  public var density: Double?
  public var signMethod = SignMethod.total
  /// Nil: for each layer the largest among the adapters.
  public var rank: Int?
  public var clamp: Double?
  public var seed = 0

  public init() {}

  public static let fields: [Field<Combination>] = [
    Field("combination", \.kind, "how the adapters become one"),
    Field("weights", \.weights, "a factor for each adapter (default: equal shares of 1)"),
    Field("density", \.density, "the share of values that is kept, above 0 and at most 1"),
    Field("majority_sign_method", \.signMethod, "how ties elects the sign of an element"),
    Field("rank", \.rank, "the rank of the result of an svd (default: the largest of the adapters')"),
    Field("svd_clamp", \.clamp, "limit the factors of an svd to this quantile of their values"),
    Field("seed", \.seed, "of the values that dare drops"),
  ]

  public func validate() throws {
    func require(_ holds: Bool, _ field: String, _ value: Any, _ rule: String) throws {
      guard holds else { throw ConfigurationError(field, value: value, rule: rule) }
    }
    if let weights {
      try require(weights.allSatisfy(\.isFinite), "weights", weights, "must be finite numbers")
    }
    if let density {
      try require(kind.drops, "density", density, "\(kind.rawValue) drops nothing; leave it out")
      try require(density > 0 && density <= 1, "density", density, "must be above 0 and at most 1")
    } else {
      try require(
        !kind.drops, "density", "missing", "\(kind.rawValue) needs the share of values to keep, such as 0.5")
    }
    try require(
      signMethod == .total || kind.electsSigns, "majority_sign_method", signMethod.rawValue,
      "\(kind.rawValue) elects no signs; leave it out")
    if let rank {
      try require(rank > 0, "rank", rank, "must be at least 1")
      try require(
        kind.factorsAgain, "rank", rank, "\(kind.rawValue) keeps the adapters' ranks; use svd or leave it out"
      )
    }
    if let clamp {
      try require(clamp > 0 && clamp <= 1, "svd_clamp", clamp, "must be above 0 and at most 1")
      try require(kind.factorsAgain, "svd_clamp", clamp, "\(kind.rawValue) takes no svd; leave it out")
    }
    try require(seed >= 0, "seed", seed, "must not be negative")
  }

  /// The weights of `count` adapters.
  ///
  /// - Throws: ``ConfigurationError`` when there are more or fewer.
  func weights(for count: Int) throws -> [Double] {
    guard let weights else { return Array(repeating: 1 / Double(count), count: count) }
    guard weights.count == count else {
      throw ConfigurationError(
        "weights", value: weights, rule: "\(count) adapters need \(count) weights, there are \(weights.count)"
      )
    }
    return weights
  }
}
