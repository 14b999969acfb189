/// What a call is given, and how builtins declare what they take.

struct Arguments {
  var positional: [Value] = []
  private(set) var named: [(name: Text, value: Value)] = []

  /// - Throws: `ChatTemplateError` for a name given twice.
  mutating func add(_ name: Text, _ value: Value) throws {
    guard !named.contains(where: { $0.name == name }) else {
      throw ChatTemplateError("got multiple values for keyword argument \(name.represented)")
    }
    named.append((name, value))
  }

  mutating func take(_ name: Text) -> Value? {
    named.firstIndex { $0.name == name }.map { named.remove(at: $0).value }
  }
}

/// A filter, test or method, with the names of its parameters; those that end in "?" may be left out.
struct Builtin<Receiver>: Sendable {
  typealias Body = @Sendable (Receiver, Bound, Interpreter) throws -> Value

  private let parameters: [Text]
  private let required: Int
  private let style: Style
  private let body: Body

  private enum Style { case named, positional, variadic }

  init(_ parameters: String..., body: @escaping Body) { self.init(parameters, .named, body) }

  /// One whose parameters cannot be given by name.
  static func positional(_ parameters: String..., body: @escaping Body) -> Builtin {
    Builtin(parameters, .positional, body)
  }

  /// One that looks at its arguments itself.
  static func variadic(_ body: @escaping Body) -> Builtin { Builtin([], .variadic, body) }

  private init(_ parameters: [String], _ style: Style, _ body: @escaping Body) {
    self.parameters = parameters.map { Text($0.hasSuffix("?") ? String($0.dropLast()) : $0) }
    required = parameters.prefix { !$0.hasSuffix("?") }.count
    self.style = style
    self.body = body
  }

  func call(
    _ receiver: Receiver, as name: Text, _ arguments: Arguments, in interpreter: Interpreter
  ) throws -> Value {
    if style == .variadic { return try body(receiver, Bound(values: [], all: arguments), interpreter) }
    guard arguments.positional.count <= parameters.count else {
      throw ChatTemplateError(
        "\(name.string)() takes at most \(parameters.count) arguments (\(arguments.positional.count) given)")
    }
    guard style == .named || arguments.named.isEmpty else {
      throw ChatTemplateError("\(name.string)() takes no keyword arguments")
    }
    var values = arguments.positional.map(Optional.some)
    values += Array(repeating: nil, count: parameters.count - values.count)
    for (parameter, value) in arguments.named {
      guard let index = parameters.firstIndex(of: parameter) else {
        throw ChatTemplateError(
          "\(name.string)() got an unexpected keyword argument \(parameter.represented)")
      }
      guard values[index] == nil else {
        throw ChatTemplateError("\(name.string)() got multiple values for argument \(parameter.represented)")
      }
      values[index] = value
    }
    if let missing = values.prefix(required).firstIndex(where: { $0 == nil }) {
      throw ChatTemplateError(
        "\(name.string)() missing 1 required positional argument: \(parameters[missing].represented)")
    }
    return try body(receiver, Bound(values: values, all: arguments), interpreter)
  }
}

/// Arguments in the order of the parameters.
struct Bound {
  fileprivate let values: [Value?]
  let all: Arguments

  subscript(index: Int) -> Value? { values[index] }

  /// The argument, or none where it was left out.
  func value(_ index: Int) -> Value { values[index] ?? .none }

  func flag(_ index: Int, default other: Bool = false) -> Bool { values[index]?.isTrue ?? other }

  func int(_ index: Int, default other: Int) throws -> Int {
    try values[index].map { try $0.index() } ?? other
  }

  /// An int where Python also takes None for the default.
  func optionalInt(_ index: Int) throws -> Int? {
    guard let value = values[index], !value.isNone else { return nil }
    return try value.index()
  }

  func text(_ index: Int) throws -> Text {
    if case .string(let text)? = values[index] { return text }
    if case .undefined(let missing)? = values[index] { throw missing.error }
    throw ChatTemplateError("expected str, not \(value(index).typeName)")
  }

  func optionalText(_ index: Int) throws -> Text? {
    guard let value = values[index], !value.isNone else { return nil }
    return try text(index)
  }
}

extension Value {
  /// The value as a machine int; huge ones become the largest there are.
  func index() throws -> Int {
    guard let integer else {
      if case .undefined(let missing) = self { throw missing.error }
      throw ChatTemplateError("'\(typeName)' object cannot be interpreted as an integer")
    }
    if case .word(let word) = integer { return word }
    return integer.isNegative ? .min : .max
  }
}

/// A function that is written in Swift.
final class NativeFunction: Callable {
  typealias Body = (Arguments, Interpreter) throws -> Value

  private let name: String
  /// How deeply containers nest in what the body holds on to.
  let depth: Int
  let attributes: [Text: Value]
  private let body: Body
  let typeName = "builtin_function_or_method"

  init(_ name: String, depth: Int = 0, attributes: [Text: Value] = [:], _ body: @escaping Body) {
    self.name = name
    self.depth = depth
    self.attributes = attributes
    self.body = body
  }

  var description: String { "<built-in method \(name)>" }

  func call(_ arguments: Arguments, in interpreter: Interpreter) throws -> Value {
    try body(arguments, interpreter)
  }
}
