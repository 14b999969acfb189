/// The samples of one component, and how those of colors that are stored coarser are spread over the picture.
///
/// New samples lie a quarter of the way between old ones, as in the Independent JPEG Group's decoder.
struct JPEGPlane {
  private let samples: [UInt8]
  private let stride: Int
  private let component: JPEGFrame.Component
  private let across, down: Int

  init(_ coefficients: JPEGCoefficients, _ quantization: [Int32], _ frame: JPEGFrame) {
    component = coefficients.component
    samples = InverseDCT.samples(coefficients, quantization)
    stride = component.blocksAcross * 8
    (across, down) = (frame.across, frame.down)
  }

  /// The samples of one row of the picture, `width` of them.
  func row(_ y: Int, width: Int) -> [UInt8] {
    switch (across, component.across, down, component.down) {
    case (2, 1, 1, 1), (2, 1, 2, 2): return component.width > 2 ? wider(y, width) : repeated(y, width)
    case (1, 1, 2, 1), (2, 2, 2, 1): return between(y, width)
    case (2, 1, 2, 1): return component.width > 2 ? widerBetween(y, width) : repeated(y, width)
    default: return repeated(y, width)
    }
  }

  private func at(_ x: Int, _ y: Int) -> Int { Int(samples[y * stride + x]) }

  private func repeated(_ y: Int, _ width: Int) -> [UInt8] {
    let row = y * component.down / down
    return (0..<width).map { samples[row * stride + $0 * component.across / across] }
  }

  private func wider(_ y: Int, _ width: Int) -> [UInt8] {
    let last = component.width - 1
    return (0..<width).map { x in
      let own = at(x / 2, y)
      if x == 0 || x == last * 2 + 1 { return UInt8(own) }
      let other = at(x % 2 == 0 ? x / 2 - 1 : x / 2 + 1, y)
      return UInt8((3 * own + other + 1 + x % 2) >> 2)
    }
  }

  private func between(_ y: Int, _ width: Int) -> [UInt8] {
    let (near, far) = rows(y)
    return (0..<width).map { UInt8((3 * at($0, near) + at($0, far) + 1 + y % 2) >> 2) }
  }

  private func widerBetween(_ y: Int, _ width: Int) -> [UInt8] {
    let ((near, far), last) = (rows(y), component.width - 1)
    func column(_ x: Int) -> Int { 3 * at(x, near) + at(x, far) }
    return (0..<width).map { x in
      let own = column(x / 2)
      if x == 0 { return UInt8((4 * own + 8) >> 4) }
      if x == last * 2 + 1 { return UInt8((4 * own + 7) >> 4) }
      return x % 2 == 0
        ? UInt8((3 * own + column(x / 2 - 1) + 8) >> 4) : UInt8((3 * own + column(x / 2 + 1) + 7) >> 4)
    }
  }

  /// The stored row that a row of the picture lies in, and the other one that it is next to.
  private func rows(_ y: Int) -> (near: Int, far: Int) {
    (y / 2, y % 2 == 0 ? max(0, y / 2 - 1) : min(component.height - 1, y / 2 + 1))
  }
}
