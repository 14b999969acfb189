import NN

extension ModelFamily {
  /// A family whose checkpoints have a tensor for each matrix of each expert, such as `experts.7.gate_proj.weight`.
  ///
  /// - Parameters:
  ///   - gate: what they call the matrices of an expert; `up` and `down` likewise.
  ///   - respell: comes before the experts' matrices are looked for.
  static func mixture(
    _ modelType: String, gate: String = "gate_proj", up: String = "up_proj", down: String = "down_proj",
    respell: @escaping @Sendable (String) -> String = { $0 },
    _ read: @escaping @Sendable (ModelConfiguration) throws -> DecoderConfiguration
  ) -> ModelFamily {
    var family = decoder(modelType, read)
    (family.respell, family.keepsSpelling) = (respell, true)
    family.stack = { name in
      let parts = name.split(separator: ".").map(String.init)
      guard parts.count > 4, parts.last == "weight", parts[parts.count - 4] == "experts",
        let expert = Int(parts[parts.count - 3])
      else { return nil }
      let place = parts.dropLast(3).joined(separator: ".")
      switch parts[parts.count - 2] {
      case gate: return StackedSource.Place(name: "\(place).gate_up_proj", expert: expert, row: 0)
      case up: return StackedSource.Place(name: "\(place).gate_up_proj", expert: expert, row: 1)
      case down: return StackedSource.Place(name: "\(place).down_proj", expert: expert, row: 0)
      default: return nil
      }
    }
    return family
  }
}
