/// The coefficients of one component's blocks, 64 each, in row-major order inside a block.
struct JPEGCoefficients {
  let component: JPEGFrame.Component
  var values: [Int16]

  init(_ component: JPEGFrame.Component) {
    self.component = component
    values = Array(repeating: 0, count: component.blocksAcross * component.blocksDown * 64)
  }
}
