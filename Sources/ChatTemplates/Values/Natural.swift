/// A natural number of any size: the digits behind `Integer` and behind exact decimal forms of floats.
struct Natural: Hashable, Sendable {
  /// Base 2³² digits, least significant first, without leading zeros.
  private(set) var limbs: [UInt32]

  init(limbs: [UInt32]) {
    self.limbs = limbs
    while self.limbs.last == 0 { self.limbs.removeLast() }
  }

  init(_ value: UInt) {
    self.init(limbs: [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)])
  }

  var isZero: Bool { limbs.isEmpty }
  var isOdd: Bool { (limbs.first ?? 0) & 1 == 1 }
  var bitWidth: Int { limbs.last.map { limbs.count * 32 - $0.leadingZeroBitCount } ?? 0 }

  /// The value if it fits a machine word.
  var word: UInt? {
    switch limbs.count {
    case 0: 0
    case 1: UInt(limbs[0])
    case 2: UInt(limbs[1]) << 32 | UInt(limbs[0])
    default: nil
    }
  }

  static func power(_ base: UInt32, _ exponent: Int) -> Natural {
    var result = Natural(1)
    var square = Natural(UInt(base))
    var left = exponent
    while left > 0 {
      if left & 1 == 1 { result = result * square }
      left >>= 1
      if left > 0 { square = square * square }
    }
    return result
  }
}

extension Natural: Comparable {
  static func < (left: Natural, right: Natural) -> Bool {
    if left.limbs.count != right.limbs.count { return left.limbs.count < right.limbs.count }
    return left.limbs.reversed().lexicographicallyPrecedes(right.limbs.reversed())
  }
}

extension Natural {
  static func + (left: Natural, right: Natural) -> Natural {
    var sum: [UInt32] = []
    sum.reserveCapacity(max(left.limbs.count, right.limbs.count) + 1)
    var carry: UInt64 = 0
    for index in 0..<max(left.limbs.count, right.limbs.count) {
      if index < left.limbs.count { carry += UInt64(left.limbs[index]) }
      if index < right.limbs.count { carry += UInt64(right.limbs[index]) }
      sum.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    sum.append(UInt32(carry))
    return Natural(limbs: sum)
  }

  /// The difference of `left` and a `right` that is no larger.
  static func - (left: Natural, right: Natural) -> Natural {
    var difference = left.limbs
    var borrow: Int64 = 0
    for index in difference.indices {
      var digit = Int64(difference[index]) - borrow
      if index < right.limbs.count { digit -= Int64(right.limbs[index]) }
      borrow = digit < 0 ? 1 : 0
      difference[index] = UInt32(truncatingIfNeeded: digit)
    }
    return Natural(limbs: difference)
  }

  static func * (left: Natural, right: Natural) -> Natural {
    var product = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
    for (i, digit) in left.limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, other) in right.limbs.enumerated() {
        let total = UInt64(digit) * UInt64(other) + UInt64(product[i + j]) + carry
        product[i + j] = UInt32(truncatingIfNeeded: total)
        carry = total >> 32
      }
      product[i + right.limbs.count] = UInt32(carry)
    }
    return Natural(limbs: product)
  }

  static func << (value: Natural, bits: Int) -> Natural {
    guard !value.isZero else { return value }
    let (whole, part) = (bits / 32, bits % 32)
    var shifted = [UInt32](repeating: 0, count: whole)
    var carry: UInt64 = 0
    for limb in value.limbs {
      carry |= UInt64(limb) << UInt64(part)
      shifted.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    shifted.append(UInt32(carry))
    return Natural(limbs: shifted)
  }

  func dividedByDigit(_ divisor: UInt32) -> (quotient: Natural, remainder: UInt32) {
    var quotient = limbs
    var remainder: UInt64 = 0
    for index in quotient.indices.reversed() {
      let current = remainder << 32 | UInt64(quotient[index])
      quotient[index] = UInt32(current / UInt64(divisor))
      remainder = current % UInt64(divisor)
    }
    return (Natural(limbs: quotient), UInt32(remainder))
  }

  /// Quotient and remainder by a `divisor` that is not zero (Knuth, The Art of Computer Programming 4.3.1, D).
  func divided(by divisor: Natural) -> (quotient: Natural, remainder: Natural) {
    if self < divisor { return (Natural(0), self) }
    guard divisor.limbs.count > 1, let top = divisor.limbs.last else {
      let (quotient, remainder) = dividedByDigit(divisor.limbs[0])
      return (quotient, Natural(UInt(remainder)))
    }
    let shift = top.leadingZeroBitCount
    let v = (divisor << shift).limbs
    var u = (self << shift).limbs
    while u.count <= limbs.count { u.append(0) }
    let n = v.count
    var quotient = [UInt32](repeating: 0, count: u.count - n)
    for j in quotient.indices.reversed() {
      let head = UInt64(u[j + n]) << 32 | UInt64(u[j + n - 1])
      var digit = head / UInt64(v[n - 1])
      var rest = head % UInt64(v[n - 1])
      while digit >> 32 != 0 || digit * UInt64(v[n - 2]) > rest << 32 | UInt64(u[j + n - 2]) {
        digit -= 1
        rest += UInt64(v[n - 1])
        if rest >> 32 != 0 { break }
      }
      var borrow: Int64 = 0
      var carry: UInt64 = 0
      for i in 0..<n {
        let product = digit * UInt64(v[i]) + carry
        carry = product >> 32
        let difference = Int64(u[i + j]) - borrow - Int64(product & 0xFFFF_FFFF)
        u[i + j] = UInt32(truncatingIfNeeded: difference)
        borrow = difference < 0 ? 1 : 0
      }
      let difference = Int64(u[j + n]) - borrow - Int64(carry)
      u[j + n] = UInt32(truncatingIfNeeded: difference)
      if difference < 0 {
        digit -= 1
        var addedCarry: UInt64 = 0
        for i in 0..<n {
          addedCarry += UInt64(u[i + j]) + UInt64(v[i])
          u[i + j] = UInt32(truncatingIfNeeded: addedCarry)
          addedCarry >>= 32
        }
        u[j + n] = UInt32(truncatingIfNeeded: UInt64(u[j + n]) + addedCarry)
      }
      quotient[j] = UInt32(truncatingIfNeeded: digit)
    }
    return (Natural(limbs: quotient), Natural(limbs: Array(u[..<n])).shiftedRight(shift))
  }

  func shiftedRight(_ bits: Int) -> Natural {
    let (whole, part) = (bits / 32, bits % 32)
    guard whole < limbs.count else { return Natural(0) }
    var shifted = Array(limbs[whole...])
    if part > 0 {
      for index in shifted.indices {
        let above = index + 1 < shifted.count ? UInt64(shifted[index + 1]) : 0
        shifted[index] = UInt32(truncatingIfNeeded: (above << 32 | UInt64(shifted[index])) >> UInt64(part))
      }
    }
    return Natural(limbs: shifted)
  }
}

extension Natural {
  /// The digits in `radix` (2 to 36), lower case, "0" for zero.
  func digits(radix: UInt32 = 10) -> String {
    if let word { return String(word, radix: Int(radix)) }
    // Take as many digits at a time as a limb holds.
    var chunk = radix
    var width = 1
    while UInt64(chunk) * UInt64(radix) <= UInt64(UInt32.max) {
      chunk *= radix
      width += 1
    }
    var rest = self
    var pieces: [String] = []
    while !rest.isZero {
      let (quotient, remainder) = rest.dividedByDigit(chunk)
      let piece = String(remainder, radix: Int(radix))
      pieces.append(quotient.isZero ? piece : String(repeating: "0", count: width - piece.count) + piece)
      rest = quotient
    }
    return pieces.reversed().joined()
  }

  /// Reads digits whose values lie below `radix`.
  init(digits: [Int], radix: Int) {
    var value = Natural(0)
    let base = Natural(UInt(radix))
    for digit in digits { value = value * base + Natural(UInt(digit)) }
    self = value
  }
}
