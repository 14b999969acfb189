/// Byte pair encoding: characters merge into tokens by a ranked list of merges (Sennrich et al. 2016, section 3.2).
final class BPE: Model {
  /// What `tokenizer.json` says of the model, apart from vocabulary and merges.
  struct Options: Sendable {
    var unknownToken: String?
    var continuingSubwordPrefix = ""
    var endOfWordSuffix = ""
    var fusesUnknown = false
    var fallsBackToBytes = false
    var ignoresMerges = false
    /// Whether pieces come as raw bytes for which the vocabulary has the characters of `ByteAlphabet`.
    var isByteLevel = false
  }

  let vocabulary: Vocabulary
  private let options: Options
  private let merges: MergeTable
  private let initial: InitialSymbols
  private let unknownID: Int32?
  /// The ids of `<0x00>`...`<0xFF>`, -1 where missing.
  private let byteIDs: Block<Int32>
  /// Whole pieces that are tokens, when merges are ignored for those.
  private let wholePieces: ByteStringTable?
  private let cutsBefore: WordStart?

  init(_ vocabulary: Vocabulary, merges: [(left: Int32, right: Int32, result: Int32)], options: Options) {
    self.vocabulary = vocabulary
    self.options = options
    self.merges = MergeTable(merges)
    unknownID = options.unknownToken.flatMap { vocabulary.id($0) }
    let prefix = Array(options.continuingSubwordPrefix.utf8)
    let suffix = Array(options.endOfWordSuffix.utf8)
    initial = InitialSymbols(vocabulary, prefix: prefix, suffix: suffix) { scalar in
      options.isByteLevel ? ByteAlphabet.byte(scalar).map(UInt32.init) : scalar
    }
    byteIDs = Block(repeating: -1, count: 256)
    for byte in 0..<256 { byteIDs.base[byte] = vocabulary.id(byteToken(byte)) ?? -1 }
    wholePieces = options.ignoresMerges ? Self.wholePieces(vocabulary, options.isByteLevel) : nil
    let isPlain = !options.isByteLevel && !options.ignoresMerges && prefix.isEmpty && suffix.isEmpty
    cutsBefore = isPlain ? WordStart(vocabulary, merges.map(\.result)) : nil
  }

  private static func wholePieces(_ vocabulary: Vocabulary, _ isByteLevel: Bool) -> ByteStringTable {
    let table = ByteStringTable(capacity: vocabulary.count)
    for id in 0..<vocabulary.idLimit {
      guard let token = vocabulary.bytes(id) else { continue }
      if !isByteLevel {
        table.insert(token, Int32(id))
      } else if let bytes = ByteAlphabet.decoded(token) {
        bytes.withUnsafeBufferPointer { _ = table.insert($0, Int32(id)) }
      }
    }
    return table
  }

  /// Whether pieces are raw bytes.
  var takesBytes: Bool { options.isByteLevel }

  func tokenize(_ text: PreTokenizedText, into tokens: inout TokenList, scratch: inout Scratch) throws {
    let word = tokens.wordCount
    try text.text.withBytes { bytes in
      for (number, piece) in text.pieces.enumerated() {
        guard let cutsBefore, piece.count > PieceCache.longestShortPiece else {
          try tokenize(bytes, piece.lower, piece.upper, word + number, &tokens, &scratch)
          continue
        }
        var start = piece.lower
        while start < piece.upper {
          let end = cutsBefore.next(bytes, after: start, before: piece.upper)
          try tokenize(bytes, start, end, word + number, &tokens, &scratch)
          start = end
        }
      }
    }
    tokens.wordCount += text.pieces.count
  }

  /// Tokenizes the bytes `start..<end`, which no merge crosses.
  @inline(__always)
  private func tokenize(
    _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ word: Int, _ tokens: inout TokenList,
    _ scratch: inout Scratch
  ) throws {
    let piece = bytes + start
    switch scratch.cache.find(piece, count: end - start) {
    case .token(let id):
      tokens.append(id, start, end, word: word)
    case .symbols(let place):
      scratch.cache.withSymbols { all in
        tokens.append(
          UnsafeBufferPointer(rebasing: all[place.lower..<place.upper]), bytes, start, end, word: word)
      }
    case .missing:
      scratch.symbols.removeAll(keepingCapacity: true)
      if let id = wholePieces?.find(piece, count: end - start) {
        scratch.symbols.append(Symbol(id: id, length: end - start))
      } else {
        try begin(piece, count: end - start, &scratch.symbols)
        scratch.merger.merge(&scratch.symbols, with: merges)
      }
      scratch.symbols.withUnsafeBufferPointer { tokens.append($0, bytes, start, end, word: word) }
      scratch.cache.insert(piece, count: end - start, scratch.symbols)
    }
  }

  /// The symbols of single characters, unknown ones included.
  private func begin(_ piece: UnsafePointer<UInt8>, count: Int, _ symbols: inout [Symbol]) throws {
    var position = 0
    var pendingUnknown = 0
    func flush() throws {
      guard pendingUnknown > 0 else { return }
      guard let unknownID else {
        throw TokenizerError(
          "unknown token \"\(options.unknownToken ?? "")\", in the BPE model: add it to the vocabulary")
      }
      symbols.append(Symbol(id: unknownID, length: pendingUnknown))
      pendingUnknown = 0
    }
    while position < count {
      let next = options.isByteLevel ? (UInt32(piece[position]), 1) : scalar(piece, at: position)
      let isFirst = position == 0
      let isLast = position + next.1 == count
      let id = initial.id(next.0, isFirst: isFirst, isLast: isLast)
      if id >= 0 {
        try flush()
        symbols.append(Symbol(id: id, length: next.1))
      } else if !fallBack(piece + position, next.1, isFirst, isLast, &symbols), options.unknownToken != nil {
        if !options.fusesUnknown { try flush() }
        pendingUnknown += next.1
      }
      position += next.1
    }
    try flush()
  }

  /// Adds the byte tokens of a character, if the model falls back to them and has them all.
  private func fallBack(
    _ character: UnsafePointer<UInt8>, _ count: Int, _ isFirst: Bool, _ isLast: Bool,
    _ symbols: inout [Symbol]
  ) -> Bool {
    guard options.fallsBackToBytes else { return false }
    var written: [UInt8] = isFirst ? [] : Array(options.continuingSubwordPrefix.utf8)
    written += UnsafeBufferPointer(start: character, count: count)
    if isLast { written += Array(options.endOfWordSuffix.utf8) }
    guard written.allSatisfy({ byteIDs.base[Int($0)] >= 0 }) else { return false }
    for byte in written { symbols.append(Symbol(id: byteIDs.base[Int(byte)], length: 1)) }
    return true
  }
}
