/// The attributes of Python's `int` and `float`.
enum NumberMethods {
  static func attribute(_ name: Text, of number: Number) -> Value? {
    switch (name, number) {
    case ("real", _): return number.value
    case ("imag", .int): return .int(0)
    case ("imag", .float): return .float(0)
    case ("numerator", .int): return number.value
    case ("denominator", .int): return .int(1)
    case ("conjugate", _): return function("conjugate") { number.value }
    case ("bit_length", .int(let value)):
      return function("bit_length") { .int(value.magnitude.bitWidth) }
    case ("is_integer", .float(let value)):
      return function("is_integer") { .bool(value.isFinite && value.rounded() == value) }
    default: return nil
    }
  }

  private static func function(_ name: String, _ result: @escaping () -> Value) -> Value {
    .function(
      NativeFunction(name) { arguments, _ in
        guard arguments.positional.isEmpty, arguments.named.isEmpty else {
          throw ChatTemplateError("\(name)() takes no arguments")
        }
        return result()
      })
  }
}
