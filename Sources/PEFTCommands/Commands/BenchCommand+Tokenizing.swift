import Files
import JSON
import Models
import Tokenizers

extension BenchCommand {
  /// Encodes the texts of a file one after the other on one thread, as often as there are steps.
  func timeTokenizing(of file: String) throws {
    let clock = ContinuousClock()
    let folder = try ModelFolder(model).path
    let texts = try texts(in: file)
    var loading: [Double] = []
    var encoding: [Double] = []
    var counted = Count()
    for _ in 0..<steps {
      let began = clock.now
      let tokenizer = try Tokenizer.load(folder: folder)
      let loaded = clock.now
      counted = Count()
      for text in texts { counted.add(try tokenizer.encode(text).ids) }
      encoding.append((clock.now - loaded) / .seconds(1))
      loading.append((loaded - began) / .seconds(1))
    }
    show(loading.sorted()[steps / 2], encoding.sorted()[steps / 2], texts, counted)
  }

  /// The texts between empty lines.
  private func texts(in file: String) throws -> [String] {
    let bytes = try WholeFile.read(file)
    var texts: [String] = []
    var lines: [ArraySlice<UInt8>] = []
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) + [[]] {
      if line.isEmpty, !lines.isEmpty {
        texts.append(String(decoding: Array(lines.joined(separator: [UInt8(ascii: "\n")])), as: UTF8.self))
        lines = []
      } else if !line.isEmpty {
        lines.append(line)
      }
    }
    return texts
  }

  /// How many tokens there were, and a number that tells other tokens from them.
  private struct Count {
    var tokens = 0
    var checksum: UInt64 = 0

    mutating func add(_ ids: [Int]) {
      tokens += ids.count
      for id in ids { checksum = checksum &* 1_000_003 &+ UInt64(id) &+ 1 }
    }
  }

  private func show(_ loading: Double, _ encoding: Double, _ texts: [String], _ counted: Count) {
    let bytes = texts.reduce(0) { $0 + $1.utf8.count }
    if speech.json {
      return Console.print([
        "load_seconds": .double(loading), "encode_seconds": .double(encoding), "bytes": .int(bytes),
        "tokens": .int(counted.tokens), "checksum": .string(String(counted.checksum)),
      ])
    }
    Console.print(
      "\(Numerals.short(Double(bytes) / 1e6 / encoding)) MB/s, \(counted.tokens) tokens; loaded in "
        + "\(Numerals.short(loading)) s")
  }
}
