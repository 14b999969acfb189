/// The words of a template, as the parser sees them.

struct Token: Sendable {
  let line: Int
  let kind: Kind

  enum Kind: Sendable {
    /// Text outside all tags.
    case data(Text)
    case printBegin, printEnd
    case tagBegin, tagEnd
    case name(Text)
    case string(Text)
    case integer(Integer)
    case float(Double)
    case symbol(Symbol)
    case end
  }

  enum Symbol: String, Sendable {
    case floorDivide = "//"
    case power = "**"
    case equal = "=="
    case notEqual = "!="
    case greaterOrEqual = ">="
    case lessOrEqual = "<="
    case add = "+"
    case subtract = "-"
    case divide = "/"
    case multiply = "*"
    case modulo = "%"
    case tilde = "~"
    case openBracket = "["
    case closeBracket = "]"
    case openParenthesis = "("
    case closeParenthesis = ")"
    case openBrace = "{"
    case closeBrace = "}"
    case greater = ">"
    case less = "<"
    case assign = "="
    case dot = "."
    case colon = ":"
    case pipe = "|"
    case comma = ","
    case semicolon = ";"

    /// What closes an opening bracket.
    var closing: Symbol? {
      switch self {
      case .openBracket: .closeBracket
      case .openParenthesis: .closeParenthesis
      case .openBrace: .closeBrace
      default: nil
      }
    }

    var closes: Bool { self == .closeBracket || self == .closeParenthesis || self == .closeBrace }
  }

  func isSymbol(_ symbol: Symbol) -> Bool {
    if case .symbol(symbol) = kind { true } else { false }
  }

  func isName(_ name: Text) -> Bool {
    if case .name(name) = kind { true } else { false }
  }

  var isTagEnd: Bool {
    if case .tagEnd = kind { true } else { false }
  }

  /// How an error message speaks of the token.
  var description: String {
    switch kind {
    case .data: "template data / text"
    case .printBegin: "begin of print statement"
    case .printEnd: "end of print statement"
    case .tagBegin: "begin of statement block"
    case .tagEnd: "end of statement block"
    case .name(let name): name.string
    case .string: "string"
    case .integer: "integer"
    case .float: "float"
    case .symbol(let symbol): symbol.rawValue
    case .end: "end of template"
    }
  }
}
