import Files
import Testing

@testable import Safetensors

/// A hundred thousand damaged files: each is refused with an error, or every byte it promises is there.
@Suite("Damaged files")
struct FuzzTests {
  static let batches = 20
  static let trialsPerBatch = 5_050

  @Test("In memory", arguments: 0..<batches)
  func memory(batch: Int) throws {
    var random = SplitMix(state: UInt64(batch))
    let originals = try Self.originals()
    var refused = 0
    for trial in 0..<Self.trialsPerBatch {
      let bytes = Self.damaged(originals[trial % originals.count], &random)
      if try !Self.isSound({ try SafetensorsFile(bytes: bytes) }) { refused += 1 }
    }
    // Flipping bits of data or names leaves a sound file; much of the rest must have been caught.
    #expect(refused > Self.trialsPerBatch / 2)
  }

  @Test("On the disk")
  func disk() throws {
    var random = SplitMix(state: 99)
    let folder = try TemporaryFolder()
    let originals = try Self.originals()
    var refused = 0
    for trial in 0..<300 {
      let bytes = Self.damaged(originals[trial % originals.count], &random)
      try AtomicFile.write(folder("f"), bytes)
      let isSound = try Self.isSound { try SafetensorsFile(path: folder("f")) }
      let wasSound = try Self.isSound { try SafetensorsFile(bytes: bytes) }
      #expect(isSound == wasSound)
      if !isSound { refused += 1 }
    }
    #expect(refused > 100)
  }

  /// Whether the file opens; if it does, all its bytes are read and add up.
  private static func isSound(_ open: () throws -> SafetensorsFile) throws -> Bool {
    let file: SafetensorsFile
    do {
      file = try open()
    } catch let error as SafetensorsError {
      #expect(error.code == .malformed && !error.message.isEmpty)
      return false
    }
    var end = file.tensors.first?.byteRange.lowerBound ?? file.mapping.bytes.count
    var sum = 0
    for tensor in file.tensors {
      #expect(tensor.byteRange.lowerBound == end)
      sum &+= try file.bytes(of: tensor).reduce(0) { $0 &+ Int($1) }
      end = tensor.byteRange.upperBound
    }
    #expect(end == file.mapping.bytes.count && sum >= 0)
    return true
  }

  private static func originals() throws -> [[UInt8]] {
    [
      fileBytes(header(("a", "F32", "[1,2]", "0", "8"), ("b", "U8", "[3]", "8", "11")), data: Array(0..<11)),
      fileBytes(
        "{\"__metadata__\":{\"k\":\"v\"},\"w\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,1]}}",
        data: [9]),
      fileBytes(header(("\u{E9}", "I64", "[]", "0", "8")) + "   ", data: Array(0..<8)),
      fileBytes(header(("x", "BF16", "[0]", "0", "0"), ("y", "BOOL", "[1]", "0", "1")), data: [1]),
    ]
  }

  private static func damaged(_ original: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = original
    for _ in 0...Int.random(in: 0..<3, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[index] = .random(in: 0...255, using: &random)
      case 2: bytes.remove(at: index)
      case 3: bytes.insert(.random(in: 0...255, using: &random), at: index)
      case 4: bytes.removeSubrange(index...)
      case 5:
        bytes[Int.random(in: 0..<min(8, bytes.count), using: &random)] = .random(in: 0...255, using: &random)
      case 6: bytes[index] = Array("0123456789-.e,[]{}\":".utf8).randomElement(using: &random) ?? 0
      default:
        let digits = String(random.next() >> UInt64.random(in: 0..<64, using: &random))
        bytes.replaceSubrange(index..<min(index + 1, bytes.count), with: digits.utf8)
      }
    }
    return bytes
  }
}
