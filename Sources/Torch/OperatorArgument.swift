import CTorch

extension ct_value {
  fileprivate init(kind: Int, count: Int = 0) {
    self.init()
    self.kind = Int32(kind)
    self.count = Int32(count)
  }
}

extension Tensor: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_TENSOR)
    value.tensor = handle
    return value
  }
  public var summary: String { description }
}

extension Int: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_INT)
    value.i = Int64(self)
    return value
  }
  public var summary: String { description }
}

extension Double: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_DOUBLE)
    value.d = self
    return value
  }
  public var summary: String { description }
}

extension Bool: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_BOOL)
    value.i = self ? 1 : 0
    return value
  }
  public var summary: String { description }
}

extension String: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_STRING)
    value.string = frame.copy(Array(utf8CString))
    return value
  }
  public var summary: String { "'\(self)'" }
}

extension DType: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value { Int(code).lowered(in: &frame) }
  public var summary: String { description }
}

extension Device: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_DEVICE)
    value.i = Int64(packed)
    return value
  }
  public var summary: String { description }
}

extension Generator: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_GENERATOR)
    value.generator = handle
    return value
  }
  public var summary: String { "generator" }
}

/// Leaves an argument at the schema's default.
enum SchemaDefault: OperatorArgument {
  case value

  func lowered(in frame: inout OperatorFrame) -> ct_value { ct_value(kind: CT_DEFAULT) }
  var summary: String { "default" }
}

extension Optional: OperatorArgument where Wrapped: OperatorArgument {
  public func lowered(in frame: inout OperatorFrame) -> ct_value {
    self?.lowered(in: &frame) ?? ct_value(kind: CT_NONE)
  }
  public var summary: String { self?.summary ?? "none" }
}

/// What a list argument can hold.
public protocol OperatorListElement {
  static func lower(_ list: [Self], in frame: inout OperatorFrame) -> ct_value
  var summary: String { get }
}

extension Array: OperatorArgument where Element: OperatorListElement {
  public func lowered(in frame: inout OperatorFrame) -> ct_value { Element.lower(self, in: &frame) }
  public var summary: String {
    let head = prefix(8).map(\.summary).joined(separator: ", ")
    return count > 8 ? "[\(head), ... \(count) in all]" : "[\(head)]"
  }
}

extension Int: OperatorListElement {
  public static func lower(_ list: [Int], in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_INTS, count: list.count)
    value.ints = frame.copy(list.map(Int64.init))
    return value
  }
}

extension Double: OperatorListElement {
  public static func lower(_ list: [Double], in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_DOUBLES, count: list.count)
    value.doubles = frame.copy(list)
    return value
  }
}

extension Bool: OperatorListElement {
  public static func lower(_ list: [Bool], in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_BOOLS, count: list.count)
    value.ints = frame.copy(list.map { $0 ? Int64(1) : 0 })
    return value
  }
}

extension Tensor: OperatorListElement {
  public static func lower(_ list: [Tensor], in frame: inout OperatorFrame) -> ct_value {
    Optional.lower(list.map(Optional.some), in: &frame)
  }
}

extension Optional: OperatorListElement where Wrapped == Tensor {
  public static func lower(_ list: [Tensor?], in frame: inout OperatorFrame) -> ct_value {
    var value = ct_value(kind: CT_TENSORS, count: list.count)
    value.tensors = frame.copy(list.map { $0?.handle })
    return value
  }
}
