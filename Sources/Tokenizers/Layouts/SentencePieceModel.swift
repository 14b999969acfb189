/// SentencePiece's model file: a protocol buffer with pieces, how it was trained and how it normalizes.
struct SentencePieceModel {
  struct Piece {
    var text: [UInt8] = []
    var score: Float = 0
    var kind = Kind.normal
  }

  enum Kind: UInt64 {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  private(set) var pieces: [Piece] = []
  private(set) var isBPE = false
  private(set) var fallsBackToBytes = false
  private(set) var unknownID = 0
  private(set) var unknownPiece = "<unk>"
  private(set) var charsmap: [UInt8] = []
  private(set) var addsDummyPrefix = true
  private(set) var removesExtraWhitespace = true

  /// - Throws: `TokenizerError` when the file is damaged, or of a kind of model that is no tokenizer for language
  ///   models.
  init(_ bytes: [UInt8], at path: String) throws {
    do {
      try bytes.withUnsafeBufferPointer { try read($0) }
    } catch {
      throw TokenizerError("SentencePiece model \(path): \(error)")
    }
    guard !pieces.isEmpty else { throw TokenizerError("SentencePiece model \(path): it has no pieces") }
  }

  private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try ProtocolBuffer.fields(bytes) { number, value in
      switch (number, value) {
      case (1, .bytes(let piece)): pieces.append(try Self.piece(piece))
      case (2, .bytes(let trainer)): try readTrainer(trainer)
      case (3, .bytes(let normalizer)): try readNormalizer(normalizer)
      default: break
      }
    }
  }

  private static func piece(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Piece {
    var piece = Piece()
    try ProtocolBuffer.fields(bytes) { number, value in
      switch (number, value) {
      case (1, .bytes(let text)): piece.text = Array(text)
      case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .number(let kind)): piece.kind = Kind(rawValue: kind) ?? .normal
      default: break
      }
    }
    return piece
  }

  private mutating func readTrainer(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try ProtocolBuffer.fields(bytes) { number, value in
      switch (number, value) {
      case (3, .number(let kind)):
        guard kind == 1 || kind == 2 else {
          throw TokenizerError("model type \(kind): only Unigram (1) and BPE (2) can be used")
        }
        isBPE = kind == 2
      case (35, .number(let flag)): fallsBackToBytes = flag != 0
      case (40, .number(let id)): unknownID = Int(truncatingIfNeeded: id)
      case (45, .bytes(let text)): unknownPiece = String(decoding: text, as: UTF8.self)
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try ProtocolBuffer.fields(bytes) { number, value in
      switch (number, value) {
      case (2, .bytes(let map)): charsmap = Array(map)
      case (3, .number(let flag)): addsDummyPrefix = flag != 0
      case (4, .number(let flag)): removesExtraWhitespace = flag != 0
      default: break
      }
    }
  }
}

/// Reads the wire format of protocol buffers.
enum ProtocolBuffer {
  enum Value {
    case number(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes(UnsafeBufferPointer<UInt8>)
  }

  /// Calls `body` with every field of a message.
  ///
  /// - Throws: `TokenizerError` when the message is damaged.
  static func fields(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (UInt64, Value) throws -> Void) throws {
    var position = 0
    func varint() throws -> UInt64 {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while position < bytes.count, shift < 64 {
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      throw TokenizerError("damaged number at byte \(position)")
    }
    func take(_ count: UInt64) throws -> UnsafeBufferPointer<UInt8> {
      guard count <= UInt64(bytes.count - position) else {
        throw TokenizerError("cut off at byte \(position)")
      }
      let start = position
      position += Int(count)
      return UnsafeBufferPointer(rebasing: bytes[start..<position])
    }
    func fixed(_ count: UInt64) throws -> UInt64 {
      try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    while position < bytes.count {
      let tag = try varint()
      switch tag & 7 {
      case 0: try body(tag >> 3, .number(try varint()))
      case 1: try body(tag >> 3, .fixed64(try fixed(8)))
      case 2: try body(tag >> 3, .bytes(try take(try varint())))
      case 5: try body(tag >> 3, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
      default: throw TokenizerError("unknown wire type at byte \(position)")
      }
    }
  }
}
