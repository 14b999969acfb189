import CTorch

/// Why an operation of the engine failed.
public struct TorchError: Error, Sendable {
  public enum Code: Sendable {
    /// The arguments do not fit the operation.
    case invalid
    /// Memory ran out.
    case memory
    /// The engine has no such operation for these types or this device.
    case unsupported
    /// There is no such device.
    case unavailable
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The engine's last error on this thread, with the operation and what it was given.
  static func last(in operation: String, of arguments: [any OperatorArgument] = []) -> TorchError {
    let text = String(cString: ct_error_message())
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
    let code: Code =
      switch ct_error_kind() {
      case Int32(CT_ERROR_MEMORY): .memory
      case Int32(CT_ERROR_UNSUPPORTED): .unsupported
      default: .invalid
      }
    let given = arguments.map(\.summary).joined(separator: ", ")
    return TorchError(code, "\(operation)(\(given)): \(line)")
  }
}

extension TorchError: CustomStringConvertible {
  public var description: String { message }
}
