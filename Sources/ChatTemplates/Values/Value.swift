/// Any value a template computes with: the Python types that `json` yields, and what Jinja adds to them.
///
/// Containers are never changed in place (the sandbox forbids it), so they are plain values; only namespaces,
/// iterators and the loop state are shared objects.
enum Value {
  case undefined(Undefined)
  case none
  case bool(Bool)
  case int(Integer)
  case float(Double)
  case string(Text)
  case bytes(Bytes)
  case list(Items)
  case tuple(Items)
  case dict(Mapping)
  case view(MappingView)
  case range(IntegerRange)
  case iterator(Iteration)
  case function(any Callable)
  case object(any TemplateObject)
}

/// What is left when a name, attribute or element is not there: it prints as nothing and is false, but any other use
/// of it is an error that tells what was missing.
indirect enum Undefined {
  case name(Text)
  case attribute(Text, of: String)
  case element(Value, of: String)
  case hint(String)
  /// Something the sandbox does not give away, such as a method that would change a list.
  case unsafe(String)

  var message: String {
    switch self {
    case .name(let name): "\(name.represented) is undefined"
    case .attribute(let name, let owner): "\(Text(owner).represented) has no attribute \(name.represented)"
    case .element(let key, let owner): "\(owner) has no element \((try? key.represented()) ?? "?")"
    case .hint(let text), .unsafe(let text): text
    }
  }

  var error: ChatTemplateError { ChatTemplateError(message) }
}

/// The elements of a list or tuple, and how deeply containers nest in them.
struct Items {
  let values: [Value]
  let depth: Int
  /// Whether this is one of `groupby`'s pairs, whose parts also have names.
  let isGroup: Bool

  /// - Throws: `ChatTemplateError` when the values nest too deeply to be printed, compared or released safely.
  init(_ values: [Value], isGroup: Bool = false) throws {
    self.values = values
    self.isGroup = isGroup
    depth = try Limits.containerDepth(around: values.lazy.map(\.depth).max() ?? 0)
  }
}

extension Value {
  static func text(_ string: String) -> Value { .string(Text(string)) }
  static func int(_ value: Int) -> Value { .int(.word(value)) }
  static func list(_ values: [Value]) throws -> Value { .list(try Items(values)) }
  static func tuple(_ values: [Value]) throws -> Value { .tuple(try Items(values)) }
  static func undefined(_ hint: String) -> Value { .undefined(.hint(hint)) }

  /// How many containers nest in this value: 0 for anything that holds no others.
  var depth: Int {
    switch self {
    case .list(let items), .tuple(let items): items.depth
    case .dict(let mapping): mapping.depth
    case .view(let view): view.mapping.depth
    case .iterator(let iterator): iterator.depth
    case .function(let function): function.depth
    case .object(let object): object.depth
    default: 0
    }
  }

  /// The name Python gives to the type, as its error messages use it.
  var typeName: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "NoneType"
    case .bool: "bool"
    case .int: "int"
    case .float: "float"
    case .string(let text): text.isMarkup ? "Markup" : "str"
    case .bytes: "bytes"
    case .list: "list"
    case .tuple: "tuple"
    case .dict: "dict"
    case .view(let view): view.typeName
    case .range: "range"
    case .iterator(let iterator): iterator.typeName
    case .function(let function): function.typeName
    case .object(let object): object.typeName
    }
  }

  /// How Jinja names the value when something is missing from it.
  var ownerName: String {
    switch self {
    case .none: return "None"
    case .string(let text) where text.isMarkup: return "markupsafe.Markup object"
    case .object(let object): return "\(object.moduleName).\(object.typeName) object"
    case .function(let function as Macro): return "jinja2.runtime.\(function.typeName) object"
    default: return "\(typeName) object"
    }
  }

  var isUndefined: Bool {
    if case .undefined = self { true } else { false }
  }

  var isNone: Bool {
    if case .none = self { true } else { false }
  }

  /// Python's truth: undefined, none, zero and whatever has length zero are false.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): !value.isZero
    case .float(let value): value != 0
    case .string(let text): !text.isEmpty
    case .bytes(let bytes): !bytes.values.isEmpty
    case .list(let items), .tuple(let items): !items.values.isEmpty
    case .dict(let mapping): !mapping.isEmpty
    case .view(let view): !view.mapping.isEmpty
    case .range(let range): range.count > 0
    case .iterator, .function, .object: true
    }
  }
}
