/// Coefficients back to samples: the inverse discrete cosine transform of an 8x8 block in whole numbers.
///
/// Source: Loeffler, Ligtenberg and Moschytz 1989, "Practical Fast 1-D DCT Algorithms with 11 Multiplications", in the
/// precision of the Independent JPEG Group's accurate version: 13 bits of constants, 2 more between the passes.
enum InverseDCT {
  /// The samples of a component's blocks, row by row; a row has 8 for each block across.
  static func samples(_ coefficients: JPEGCoefficients, _ quantization: [Int32]) -> [UInt8] {
    let (across, down) = (coefficients.component.blocksAcross, coefficients.component.blocksDown)
    let stride = across * 8
    var samples = [UInt8](repeating: 0, count: stride * down * 8)
    var block = [Int32](repeating: 0, count: 64)
    coefficients.values.withUnsafeBufferPointer { values in
      for index in 0..<(across * down) {
        for place in 0..<64 { block[place] = Int32(values[index * 64 + place]) &* quantization[place] }
        for column in 0..<8 { transform(&block, column, step: 8, shift: 11) }
        for row in 0..<8 { transform(&block, row * 8, step: 1, shift: 18) }
        let corner = index / across * 8 * stride + index % across * 8
        for place in 0..<64 {
          samples[corner + place / 8 * stride + place % 8] = UInt8(clamping: block[place] &+ 128)
        }
      }
    }
    return samples
  }

  /// Eight numbers in place, divided by 2^shift.
  private static func transform(_ block: inout [Int32], _ start: Int, step: Int, shift: Int32) {
    block.withUnsafeMutableBufferPointer { block in
      func value(_ index: Int) -> Int32 { block[start + index * step] }
      let (c0, c1, c2, c3) = (value(0), value(1), value(2), value(3))
      let (c4, c5, c6, c7) = (value(4), value(5), value(6), value(7))
      let turn = (c2 &+ c6) &* 4433
      let (low, high) = (turn &- c6 &* 15137, turn &+ c2 &* 6270)
      let (sum, difference) = ((c0 &+ c4) << 13, (c0 &- c4) << 13)
      let even = (sum &+ high, difference &+ low, difference &- low, sum &- high)

      let common = (c7 &+ c3 &+ c5 &+ c1) &* 9633
      let z1 = (c7 &+ c1) &* -7373
      let z2 = (c5 &+ c3) &* -20995
      let z3 = (c7 &+ c3) &* -16069 &+ common
      let z4 = (c5 &+ c1) &* -3196 &+ common
      let odd = (
        c1 &* 12299 &+ z1 &+ z4, c3 &* 25172 &+ z2 &+ z3, c5 &* 16819 &+ z2 &+ z4, c7 &* 2446 &+ z1 &+ z3
      )
      func put(_ index: Int, _ even: Int32, _ odd: Int32) {
        let half = Int32(1) << (shift - 1)
        block[start + index * step] = (even &+ odd &+ half) >> shift
        block[start + (7 - index) * step] = (even &- odd &+ half) >> shift
      }
      put(0, even.0, odd.0)
      put(1, even.1, odd.1)
      put(2, even.2, odd.2)
      put(3, even.3, odd.3)
    }
  }
}
