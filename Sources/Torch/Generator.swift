import CTorch

/// A source of random numbers with a state of its own, so that one use cannot disturb another.
public final class Generator: @unchecked Sendable {
  let handle: OpaquePointer

  private init(owning handle: OpaquePointer) { self.handle = handle }

  /// A generator on `device`, seeded.
  public init(seed: UInt64, device: Device = .cpu) throws {
    Engine.start()
    guard let handle = ct_generator_create(seed, device.packed) else {
      throw TorchError.last(in: "Generator", of: [device])
    }
    self.handle = handle
  }

  /// The generator that operations use when they are given none.
  public static func standard(for device: Device = .cpu) throws -> Generator {
    Engine.start()
    guard let handle = ct_default_generator(device.packed) else {
      throw TorchError.last(in: "Generator.standard", of: [device])
    }
    return Generator(owning: handle)
  }

  /// Seeds every device's standard generator.
  public static func seedAll(_ seed: UInt64) throws {
    Engine.start()
    guard ct_seed_all(seed) != 0 else { throw TorchError.last(in: "Generator.seedAll") }
  }

  deinit { ct_generator_release(handle) }

  /// The whole state, as a tensor of bytes that can be saved.
  public func state() throws -> Tensor {
    guard let state = ct_generator_state(handle) else { throw TorchError.last(in: "Generator.state") }
    return Tensor(owning: state)
  }

  /// Goes on from a state that ``state()`` returned.
  public func restore(_ state: Tensor) throws {
    guard ct_generator_set_state(handle, state.handle) != 0 else {
      throw TorchError.last(in: "Generator.restore", of: [state])
    }
  }
}
