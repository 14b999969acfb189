import CTorch

/// Something that an operator takes: a tensor, a number, a list, or nothing.
public protocol OperatorArgument {
  /// The C form; memory that it needs during the call comes from `frame`.
  func lowered(in frame: inout OperatorFrame) -> ct_value
  /// A short description for error messages.
  var summary: String { get }
}

/// Memory that lives as long as one call.
public struct OperatorFrame {
  private var blocks: [UnsafeMutableRawPointer] = []

  mutating func copy<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let block = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    block.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(block))
    return UnsafePointer(block)
  }

  func release() {
    for block in blocks { block.deallocate() }
  }
}

/// Calls the operator `name` of libtorch's dispatcher, such as `"aten::add.Tensor"`, and returns its results.
///
/// Arguments are positional; those left out take the schema's defaults.
/// - Throws: ``TorchError`` with libtorch's message and a summary of the arguments.
func callOperator(_ name: StaticString, _ arguments: [any OperatorArgument]) throws -> [ct_value] {
  var frame = OperatorFrame()
  defer { frame.release() }
  let values = arguments.map { $0.lowered(in: &frame) }
  return try withExtendedLifetime(arguments) {
    // `unbind`, `split` and their like return as many tensors as they are asked for.
    var capacity: Int32 = name.isListOperator ? 65536 : 8
    let results = UnsafeMutablePointer<ct_value>.allocate(capacity: Int(capacity))
    defer { results.deallocate() }
    let symbol = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    guard ct_call(symbol, values, Int32(values.count), results, &capacity) != 0 else {
      throw TorchError.last(in: "\(name)", of: arguments)
    }
    return Array(UnsafeBufferPointer(start: results, count: Int(capacity)))
  }
}

/// The one tensor that an operator returns (or the first of several).
func op(_ name: StaticString, _ arguments: any OperatorArgument...) throws -> Tensor {
  let results = try callOperator(name, arguments).map(Tensor.init(result:))
  guard let first = results.first, let tensor = first else {
    throw TorchError(.invalid, "\(name): returned no tensor")
  }
  return tensor
}

/// All tensors that an operator returns.
func ops(_ name: StaticString, _ arguments: any OperatorArgument...) throws -> [Tensor] {
  try callOperator(name, arguments).compactMap(Tensor.init(result:))
}

/// An operator for its effect alone.
func perform(_ name: StaticString, _ arguments: any OperatorArgument...) throws {
  _ = try callOperator(name, arguments).map(Tensor.init(result:))
}

extension StaticString {
  fileprivate var isListOperator: Bool {
    withUTF8Buffer { bytes in
      // aten::unbind, aten::split, aten::chunk, aten::_foreach_*
      guard bytes.count > 7 else { return false }
      let initial = bytes[6]
      return initial == UInt8(ascii: "u") || initial == UInt8(ascii: "s") || initial == UInt8(ascii: "c")
        || initial == UInt8(ascii: "_")
    }
  }
}

extension Tensor {
  fileprivate convenience init?(result: ct_value) {
    guard result.kind == CT_TENSOR, let handle = result.tensor else { return nil }
    self.init(owning: handle)
  }
}
