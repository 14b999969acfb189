import ArgumentParser
import PEFT

/// `--rank` or `--energy`: how much of an update its factors keep.
struct TruncationFlags: ParsableArguments {
  @Option(help: "The rank of every layer.") var rank: Int?
  @Option(
    help: "Per layer the smallest rank that keeps this share of the squared singular values, such as 0.95.")
  var energy: Double?

  func validate() throws {
    if rank != nil, energy != nil {
      throw ValidationError("--rank and --energy exclude each other: give one")
    }
    if let rank, rank < 1 { throw ValidationError("--rank is \(rank): must be at least 1") }
    if let energy, !(energy > 0 && energy <= 1) {
      throw ValidationError("--energy is \(energy): must be above 0 and at most 1")
    }
  }

  /// Nil when neither is given.
  var value: Truncation? { rank.map(Truncation.rank) ?? energy.map(Truncation.energy) }
}
