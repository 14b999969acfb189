import JSON

/// Arranges special tokens and texts as a template says, one for single texts and one for pairs.
struct TemplateProcessing: PostProcessor {
  /// One step of a template.
  enum Piece: Sendable {
    /// The first text (0) or the second (1).
    case sequence(Int, typeID: Int)
    case special(String, typeID: Int)
  }

  /// What a special token of a template stands for.
  struct Special: Sendable {
    var ids: [Int]
    var tokens: [String]
  }

  private let single: [Piece]
  private let pair: [Piece]
  private let specials: [String: Special]
  let trimsOffsets = false

  init(single: [Piece], pair: [Piece], specials: [String: Special]) {
    self.single = single
    self.pair = pair
    self.specials = specials
  }

  /// - Throws: `TokenizerError` when a field is missing or malformed, or a template names a token that is not there.
  init(_ fields: Fields) throws {
    var specials: [String: Special] = [:]
    let table = try fields.fields("special_tokens")
    for name in table.object.keys {
      let special = try table.fields(name)
      let ids = try special.array("ids").compactMap(\.intValue)
      let tokens = try special.array("tokens").compactMap(\.stringValue)
      guard ids.count == tokens.count else {
        throw TokenizerError(
          "\(ids.count) ids and \(tokens.count) tokens, at \(special.path): give one id for each")
      }
      specials[name] = Special(ids: ids, tokens: tokens)
    }
    self.specials = specials
    single = try fields.parts("single") { try Self.piece($0, at: $1, specials) }
    pair = try fields.parts("pair") { try Self.piece($0, at: $1, specials) }
    for case .sequence(1, typeID: _) in single {
      throw TokenizerError("sequence B, at \(fields.path).single: there is only A in it")
    }
  }

  private static func piece(_ value: JSONValue, at path: String, _ specials: [String: Special]) throws
    -> Piece
  {
    let fields = try Fields(value, at: path)
    if fields["Sequence"] != nil {
      let sequence = try fields.fields("Sequence")
      switch try sequence.string("id") {
      case "A": return .sequence(0, typeID: try sequence.int("type_id"))
      case "B": return .sequence(1, typeID: try sequence.int("type_id"))
      default: throw sequence.missing("id", "A or B")
      }
    }
    let special = try fields.fields("SpecialToken")
    let id = try special.string("id")
    guard specials[id] != nil else { throw special.missing("id", "one of the special_tokens") }
    return .special(id, typeID: try special.int("type_id"))
  }

  func addedTokens(isPair: Bool) -> Int {
    (isPair ? pair : single).reduce(0) { count, piece in
      guard case .special(let id, _) = piece else { return count }
      return count + (specials[id]?.ids.count ?? 0)
    }
  }

  func process(_ encodings: [Encoding], addSpecialTokens: Bool) throws -> [Encoding] {
    guard let names = encodings.first?.names, encodings.count <= 2 else {
      throw TokenizerError(
        "\(encodings.count) sequences, at a TemplateProcessing: it takes one or two, put it first in its Sequence"
      )
    }
    var arranged: [Encoding] = []
    for piece in encodings.count == 2 ? pair : single {
      switch piece {
      case .sequence(let index, let typeID):
        var encoding = encodings[index]
        for run in encoding.runs.indices {
          encoding.runs[run].typeID = typeID
          encoding.runs[run].sequence = index
        }
        arranged.append(encoding)
      case .special(let id, let typeID):
        guard addSpecialTokens, let special = specials[id] else { continue }
        arranged.append(.special(special.ids, special.tokens, typeID: typeID, names: names))
      }
    }
    return arranged
  }
}
