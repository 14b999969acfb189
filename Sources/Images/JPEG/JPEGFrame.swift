/// What a JPEG file's frame header says (ITU-T T.81, section B.2.2).
struct JPEGFrame {
  struct Component {
    let id: Int
    /// Samples in a unit of the picture, across and down.
    let across, down: Int
    let quantization: Int
    /// Blocks of 8x8 samples in a row and a column, those included that only fill units up.
    var blocksAcross = 0, blocksDown = 0
    /// Blocks that hold samples of the picture.
    var ownBlocksAcross = 0, ownBlocksDown = 0
    /// Samples that lie inside the picture.
    var width = 0, height = 0
  }

  let width, height: Int
  let isProgressive: Bool
  private(set) var components: [Component] = []
  /// The largest across and down.
  let across, down: Int
  /// Units in a row and a column.
  let unitsAcross, unitsDown: Int

  /// - Parameter reader: behind the marker's length.
  init(_ reader: inout ByteReader, isProgressive: Bool) throws(ImageError) {
    self.isProgressive = isProgressive
    guard try reader.byte() == 8 else { throw ImageError("a JPEG of other than 8 bits a sample") }
    (height, width) = (try reader.short(), try reader.short())
    guard width > 0, height > 0 else { throw ImageError("a picture of \(width)x\(height) pixels") }
    guard width <= Image.maximumPixels / height else { throw .tooLarge(width, height) }
    let count = try reader.byte()
    guard [1, 3, 4].contains(count) else { throw ImageError("a JPEG of \(count) components") }
    for _ in 0..<count {
      let (id, factors, table) = (try reader.byte(), try reader.byte(), try reader.byte())
      let (across, down) = (factors >> 4, factors & 15)
      guard (1...4).contains(across), (1...4).contains(down), table < 4 else { throw .damaged }
      components.append(Component(id: id, across: across, down: down, quantization: table))
    }
    across = components.map(\.across).max() ?? 1
    down = components.map(\.down).max() ?? 1
    (unitsAcross, unitsDown) = (ceiling(width, across * 8), ceiling(height, down * 8))
    for index in components.indices {
      var component = components[index]
      component.blocksAcross = unitsAcross * component.across
      component.blocksDown = unitsDown * component.down
      component.width = ceiling(width * component.across, across)
      component.height = ceiling(height * component.down, down)
      component.ownBlocksAcross = ceiling(component.width, 8)
      component.ownBlocksDown = ceiling(component.height, 8)
      components[index] = component
    }
  }

  /// Blocks of all components.
  var blockCount: Int { components.reduce(0) { $0 + $1.blocksAcross * $1.blocksDown } }
}

private func ceiling(_ value: Int, _ divisor: Int) -> Int { (value + divisor - 1) / divisor }
