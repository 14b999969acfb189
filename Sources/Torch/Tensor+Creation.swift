extension Tensor {
  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
    Engine.start()
    return try op("aten::zeros", shape, dtype, nil as Int?, device)
  }

  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
    Engine.start()
    return try op("aten::ones", shape, dtype, nil as Int?, device)
  }

  /// Memory as it comes: every element must be written before it is read.
  public static func empty(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
    Engine.start()
    return try op("aten::empty.memory_format", shape, dtype, nil as Int?, device)
  }

  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) throws -> Tensor {
    Engine.start()
    return try op("aten::full", shape, value, dtype, nil as Int?, device)
  }

  /// `start, start + step, ...` below `end`.
  public static func arange(
    _ start: Int = 0, _ end: Int, step: Int = 1, dtype: DType = .int64, device: Device = .cpu
  ) throws -> Tensor {
    Engine.start()
    return try op("aten::arange.start_step", start, end, step, dtype, nil as Int?, device)
  }

  /// `count` values from `start` to `end`, equally far apart.
  public static func linspace(_ start: Double, _ end: Double, count: Int, dtype: DType = .float32) throws
    -> Tensor
  {
    Engine.start()
    return try op("aten::linspace", start, end, count, dtype)
  }

  /// The identity matrix.
  public static func eye(_ size: Int, dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
    Engine.start()
    return try op("aten::eye", size, dtype, nil as Int?, device)
  }

  /// Draws from the standard normal distribution.
  public static func randn(
    _ shape: [Int], dtype: DType = .float32, device: Device = .cpu, generator: Generator? = nil
  ) throws -> Tensor {
    Engine.start()
    return try op("aten::randn.generator", shape, generator, dtype, nil as Int?, device)
  }

  /// Draws from the uniform distribution on [0, 1).
  public static func rand(
    _ shape: [Int], dtype: DType = .float32, device: Device = .cpu, generator: Generator? = nil
  ) throws -> Tensor {
    Engine.start()
    return try op("aten::rand.generator", shape, generator, dtype, nil as Int?, device)
  }

  /// Whole numbers drawn uniformly from `range`.
  public static func randint(
    _ range: Range<Int>, _ shape: [Int], generator: Generator? = nil, device: Device = .cpu
  ) throws -> Tensor {
    Engine.start()
    return try op(
      "aten::randint.low_generator", range.lowerBound, range.upperBound, shape, generator, DType.int64,
      nil as Int?, device)
  }

  /// A random order of `0..<count`.
  public static func randperm(_ count: Int, generator: Generator? = nil) throws -> Tensor {
    Engine.start()
    return try op("aten::randperm.generator", count, generator, DType.int64)
  }

  public func zerosLike() throws -> Tensor { try op("aten::zeros_like", self) }
  public func onesLike() throws -> Tensor { try op("aten::ones_like", self) }
  public func emptyLike() throws -> Tensor { try op("aten::empty_like", self) }
  public func fullLike(_ value: Double) throws -> Tensor { try op("aten::full_like", self, value) }

  /// Fills with draws from [low, high).
  @discardableResult
  public func uniform_(_ low: Double = 0, _ high: Double = 1, generator: Generator? = nil) throws -> Tensor {
    try op("aten::uniform_", self, low, high, generator)
  }

  /// Fills with draws from the normal distribution.
  @discardableResult
  public func normal_(mean: Double = 0, std: Double = 1, generator: Generator? = nil) throws -> Tensor {
    try op("aten::normal_", self, mean, std, generator)
  }

  /// Fills with ones, each with probability `probability`, and zeros.
  @discardableResult
  public func bernoulli_(_ probability: Double, generator: Generator? = nil) throws -> Tensor {
    try op("aten::bernoulli_.float", self, probability, generator)
  }

  @discardableResult
  public func zero_() throws -> Tensor { try op("aten::zero_", self) }

  @discardableResult
  public func fill_(_ value: Double) throws -> Tensor { try op("aten::fill_.Scalar", self, value) }
}
