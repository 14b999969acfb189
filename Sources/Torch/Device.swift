import CTorch

/// Where a tensor's memory is and its operations run.
public struct Device: Hashable, Sendable {
  public enum Kind: Int32, Sendable, CaseIterable {
    case cpu = 0
    case cuda = 1
    case mps = 13
  }

  public let kind: Kind
  public let index: Int

  public static let cpu = Device(.cpu)
  public static let mps = Device(.mps)
  public static func cuda(_ index: Int = 0) -> Device { Device(.cuda, index: index) }

  init(_ kind: Kind, index: Int = 0) {
    self.kind = kind
    self.index = index
  }

  init(packed: Int32) {
    self.init(Kind(rawValue: packed >> 8) ?? .cpu, index: Int(packed & 0xff))
  }

  var packed: Int32 { kind.rawValue << 8 | Int32(truncatingIfNeeded: index & 0xff) }

  /// How many devices of a kind this machine offers to the engine.
  public static func count(of kind: Kind) -> Int {
    Engine.start()
    return Int(ct_device_count(kind.rawValue))
  }

  /// The fastest kind of device there is.
  public static var best: Device {
    if count(of: .cuda) > 0 { return .cuda() }
    return count(of: .mps) > 0 ? .mps : .cpu
  }

  /// The device that a command line names: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
  ///
  /// - Throws: ``TorchError`` with code `.unavailable` when this machine or this engine has no such device,
  ///   `.invalid` for any other word.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let index = parts.count == 2 ? Int(parts[1]) : 0
    guard text != "auto" else {
      self = .best
      return
    }
    guard parts.count <= 2, let index, let name = parts.first, let kind = Kind(name: String(name)),
      index == 0 || kind == .cuda, (0..<255).contains(index)
    else {
      throw TorchError(.invalid, "unknown device '\(text)': use auto, cpu, cuda, cuda:N or mps")
    }
    let available = Device.count(of: kind)
    guard index < available else {
      let remedy = kind == .cuda ? "use --device cpu, or build with a CUDA libtorch" : "use --device cpu"
      let found = available == 0 ? "this engine sees none" : "there are \(available)"
      throw TorchError(.unavailable, "device '\(text)' is not available (\(found)): \(remedy)")
    }
    self.init(kind, index: index)
  }
}

extension Device.Kind {
  fileprivate init?(name: String) {
    guard let kind = Device.Kind.allCases.first(where: { "\($0)" == name }) else { return nil }
    self = kind
  }
}

extension Device: CustomStringConvertible {
  public var description: String { kind == .cuda ? "cuda:\(index)" : "\(kind)" }
}
