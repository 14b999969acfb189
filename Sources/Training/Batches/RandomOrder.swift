/// Random numbers that are the same everywhere: SplitMix64.
///
/// Source: Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators".
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number below `bound`, each as likely as the other; the high half of a product (Lemire 2019).
  mutating func next(below bound: Int) -> Int {
    guard let bound = UInt64(exactly: bound), bound > 0 else { return 0 }
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= bound || product.low >= (0 &- bound) % bound { return Int(product.high) }
    }
  }
}

extension Array {
  /// Puts the elements into a random order (Fisher and Yates).
  mutating func shuffle(using random: inout SplitMix64) {
    for last in indices.reversed() where last > 0 { swapAt(last, random.next(below: last + 1)) }
  }
}
