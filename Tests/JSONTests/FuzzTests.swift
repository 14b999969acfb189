import Testing

@testable import JSON

@Suite("Random JSON")
struct FuzzTests {
  @Test("Whatever is written reads back equal", arguments: 0..<8)
  func roundTrip(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed))
    for _ in 0..<150 {
      let value = randomValue(depth: 4, &random)
      for indent in [nil, 0, 3] {
        let text = value.serialized(
          indent: indent, sortedKeys: Bool.random(using: &random), ascii: Bool.random(using: &random),
          compact: Bool.random(using: &random))
        #expect(try JSONValue.parse(text) == value)
      }
      let text = value.serialized()
      #expect(try JSONValue.parse(text).serialized() == text)
    }
  }

  @Test("Mutated bytes are read or refused, never more", arguments: 0..<8)
  func mutations(seed: Int) {
    var random = SplitMix(state: UInt64(seed) &+ 1000)
    var refused = 0
    for _ in 0..<250 {
      let original = Array(randomValue(depth: 3, &random).serialized(ascii: false).utf8)
      for _ in 0..<20 {
        let bytes = mutated(original, &random)
        do {
          let value = try JSONValue.parse(bytes, duplicateKeys: .error)
          #expect(throws: Never.self) { try JSONValue.parse(value.serialized()) }
        } catch {
          refused += 1
          #expect((0...bytes.count).contains(error.offset))
        }
      }
    }
    #expect(refused > 500)
  }

  private func randomValue(depth: Int, _ random: inout SplitMix) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
    case 0: return nil
    case 1: return .bool(.random(using: &random))
    case 2: return .int(Int(truncatingIfNeeded: random.next() >> UInt64.random(in: 0..<64, using: &random)))
    case 3: return .double(Double(bitPattern: random.next()))
    case 4: return .string(randomText(&random))
    case 5, 6:
      return .array(
        (0..<Int.random(in: 0..<6, using: &random)).map { _ in randomValue(depth: depth - 1, &random) })
    default:
      return .object(
        JSONObject(
          (0..<Int.random(in: 0..<14, using: &random)).map { _ in
            (key: randomText(&random), value: randomValue(depth: depth - 1, &random))
          }))
    }
  }

  private func randomText(_ random: inout SplitMix) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<12, using: &random) {
      let limit: UInt32 = Bool.random(using: &random) ? 0x80 : 0x110000
      if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private func mutated(_ original: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = original
    for _ in 0...Int.random(in: 0..<3, using: &random) {
      let index = Int.random(in: 0...bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0 where index < bytes.count: bytes[index] = .random(in: 0...255, using: &random)
      case 1 where index < bytes.count: bytes.remove(at: index)
      case 2: bytes.removeSubrange(index...)
      default: bytes.insert(Array("{}[]\",:\\u0e-+.\n".utf8).randomElement(using: &random) ?? 0, at: index)
      }
    }
    return bytes
  }
}
