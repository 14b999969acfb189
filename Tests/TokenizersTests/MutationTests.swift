import Foundation
import Testing
import Tokenizers

/// Damaged files and strange texts: whatever they are, there is a result or a thrown error.
struct MutationTests {
  /// How many damaged files are tried for each tokenizer.
  private static let rounds = Int(ProcessInfo.processInfo.environment["TOKENIZER_MUTATIONS"] ?? "") ?? 40

  @Test("survives damaged files", .timeLimit(.minutes(60)), arguments: Golden.pipelines)
  func files(name: String) throws {
    let original = [UInt8](try Data(contentsOf: URL(filePath: "\(Golden.folder)/\(name)/tokenizer.json")))
    try survive(original, named: "tokenizer.json", seed: name)
  }

  @Test("survives damaged SentencePiece models", .timeLimit(.minutes(60)))
  func models() throws {
    for (layout, name) in [("llama-files", "tokenizer.model"), ("t5-files", "spiece.model")] {
      let path = "\(Golden.folder)/layouts/\(layout)/\(name)"
      try survive([UInt8](try Data(contentsOf: URL(filePath: path))), named: name, seed: layout)
    }
  }

  @Test(
    "survives strange texts, and streams what it decodes", .timeLimit(.minutes(60)),
    arguments: Golden.pipelines + Golden.layouts)
  func texts(name: String) throws {
    let tokenizer = try Golden.tokenizer(name)
    var random = Generator(name.utf8.reduce(11) { $0 &* 31 &+ UInt64($1) })
    // WordPiece's decoder joins what was apart, and so takes back what it had said.
    let isStreamed = !name.contains("bert") && !name.contains("words")
    for _ in 0..<Self.rounds {
      let text = strange(&random)
      guard let encoding = try? tokenizer.encode(text, pair: Bool.random(using: &random) ? "b" : nil) else {
        continue
      }
      #expect(encoding.tokens.count == encoding.ids.count)
      let whole = try tokenizer.decode(encoding.ids, skipSpecialTokens: true)
      // A byte written out can damage, in hindsight, characters that were whole.
      guard isStreamed, !text.contains("<0x") else { continue }
      var stream = tokenizer.streamDecoder()
      var parts = try encoding.ids.compactMap { try stream.append($0) }
      if let rest = stream.finish() { parts.append(rest) }
      #expect(Array(parts.joined().utf8) == Array(whole.utf8), "\(name): \(text.debugDescription)")
    }
  }

  /// Bytes that are no text, characters of every kind, and pieces of what tokenizers look for.
  private func strange(_ random: inout Generator) -> String {
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 0...40, using: &random) {
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes.append(UInt8.random(in: 0...255, using: &random))
      case 1: bytes += "\(Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random)) ?? "\u{FFFD}")".utf8
      case 2: bytes += (Self.pieces.randomElement(using: &random) ?? "").utf8
      case 3: bytes += [UInt8](repeating: bytes.last ?? 0x20, count: Int.random(in: 1...30, using: &random))
      default: bytes.append(UInt8.random(in: 0x20...0x7E, using: &random))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let pieces = [
    "the ", " cat's", "日本", "🙂", "👨‍👩‍👧", "e\u{301}\u{323}", "<s>", "</s>", "<|end|>", "[MASK]", "<0xE2>", "▁",
    "Ġ", "\r\n",
    "\u{FFFD}", "\u{FEFF}", "ﬃ", "한국", "नमस्ते",
  ]

  private func survive(_ original: [UInt8], named name: String, seed: String) throws {
    let folder = NSTemporaryDirectory() + "tokenizer-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var random = Generator(seed.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    var loaded = 0
    for _ in 0..<Self.rounds {
      let damaged = mutated(original, &random)
      try Data(damaged).write(to: URL(filePath: "\(folder)/\(name)"))
      guard let tokenizer = try? Tokenizer.load(folder: folder) else { continue }
      loaded += 1
      for text in [
        "", "The cat's 12 naïve 日本 <s> [MASK]\n", String(decoding: damaged.suffix(60), as: UTF8.self),
      ] {
        guard let encoding = try? tokenizer.encode(text, pair: "b") else { continue }
        _ = (encoding.tokens, encoding.offsets, encoding.sequenceIDs, encoding.overflowing.count)
        _ = try? tokenizer.decode(encoding.ids)
      }
    }
    #expect(loaded < Self.rounds)
  }

  private func mutated(_ bytes: [UInt8], _ random: inout Generator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.removeSubrange(place..<min(place + Int.random(in: 1...8, using: &random), bytes.count))
      case 2:
        bytes.insert(
          contentsOf: Self.fragments.randomElement(using: &random)?.utf8.map { $0 } ?? [], at: place)
      case 3: bytes.removeLast(Int.random(in: 0..<max(bytes.count / 2, 1), using: &random))
      case 4:
        // A number becomes another one.
        if let digit = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) {
          bytes.replaceSubrange(
            digit...digit, with: Self.numbers.randomElement(using: &random)?.utf8.map { $0 } ?? [])
        }
      default:
        let other = Int.random(in: 0..<max(bytes.count, 1), using: &random)
        let part = bytes[other..<min(other + Int.random(in: 1...40, using: &random), bytes.count)]
        bytes.insert(contentsOf: part, at: place)
      }
      if bytes.isEmpty { bytes = [0] }
    }
    return bytes
  }

  private static let fragments = [
    "null", "true", "{}", "[]", "\"\"", ",", "\"type\":\"Sequence\",", "\\u0000", "\\ud800", "(", "(?i)",
    "{9999}", "*",
  ]
  private static let numbers = ["-1", "99999999999999999999", "1e9", "0.5", "4294967296", "16777217", ""]

  /// The same numbers every time.
  private struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
      return value ^ value >> 31
    }
  }
}
