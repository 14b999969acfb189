/// Objects that templates share and that have state or attributes of their own.

protocol TemplateObject: AnyObject {
  var typeName: String { get }
  var moduleName: String { get }
  /// How many containers nest in what the object holds for good.
  var depth: Int { get }

  /// The attribute of that name, or nil if there is none.
  func attribute(_ name: Text, in interpreter: Interpreter) throws -> Value?
  func represented() throws -> String
}

extension TemplateObject {
  var depth: Int { 0 }
  func represented() throws -> String { "<\(moduleName).\(typeName) object>" }
}

/// Something that can be called: a global function, a method of a value, a macro.
protocol Callable: AnyObject, CustomStringConvertible {
  var typeName: String { get }
  var depth: Int { get }

  func call(_ arguments: Arguments, in interpreter: Interpreter) throws -> Value
}

extension Callable {
  var typeName: String { "function" }
  var depth: Int { 0 }
  var description: String { "<\(typeName)>" }
}

/// `namespace()`: the one thing a template can change from inside a loop.
final class Namespace: TemplateObject {
  let typeName = "TemplateNamespace"
  let moduleName = "transformers.utils.chat_template_utils"
  private(set) var attributes = Mapping()

  /// - Throws: `ChatTemplateError` for a name that starts with an underscore.
  func set(_ name: Text, to value: Value) throws {
    if name.hasPrefix("_") {
      throw ChatTemplateError(
        "Chat templates cannot store underscore-prefixed attributes on a namespace, but got "
          + "\(name.represented). Please rename the attribute.")
    }
    try attributes.set(name, to: value)
  }

  func attribute(_ name: Text, in interpreter: Interpreter) -> Value? { attributes[name] }

  /// Lets go of everything, so that namespaces that hold each other do not outlive the rendering.
  func clear() { attributes = Mapping() }
}
