import Testing
import Torch

@testable import NN

struct AttentionTests {
  private func mask(_ pattern: AttentionPattern, queries: Int) throws -> [[Bool]] {
    let mask = try #require(try pattern.mask(queries: queries, device: .cpu))
    return try (0..<mask.shape[0]).map { try mask.select(0, $0).array(of: Bool.self) }
  }

  @Test func aPlainCausalPatternNeedsNoMask() throws {
    #expect(try AttentionPattern().mask(queries: 5, device: .cpu) == nil)
    var wide = AttentionPattern()
    wide.window = 5
    #expect(try wide.mask(queries: 5, device: .cpu) == nil)
  }

  @Test func windowsSegmentsAndPaddingHideKeys() throws {
    var pattern = AttentionPattern()
    pattern.window = 2
    #expect(try mask(pattern, queries: 3) == [[true, false, false, true, true, false, false, true, true]])
    pattern = AttentionPattern()
    pattern.segments = try Tensor([0, 0, 1], shape: [1, 3])
    #expect(try mask(pattern, queries: 3) == [[true, false, false, true, true, false, false, false, true]])
    pattern = AttentionPattern()
    pattern.keys = try Tensor([false, true, true, true], shape: [2, 2])
    #expect(try mask(pattern, queries: 2) == [[true, false, false, true], [true, false, true, true]])
    pattern = AttentionPattern()
    pattern.offset = 1
    #expect(try mask(pattern, queries: 2) == [[true, true, false, true, true, true]])
  }

  @Test func windowsGoByThePlacesOfTokensInTheirTexts() throws {
    // Two learned tokens in a cache, padding, and two real ones: the padding takes no room in the window.
    var pattern = AttentionPattern()
    (pattern.window, pattern.offset) = (2, 2)
    pattern.keys = try Tensor([true, true, false, true, true], shape: [1, 5])
    pattern.positions = try Tensor([0, 1, 2, 2, 3], shape: [1, 5])
    #expect(pattern.firstKey == 0)
    let rows = try mask(pattern, queries: 3)[0]
    #expect(Array(rows[5..<10]) == [false, true, false, true, false])
    #expect(Array(rows[10...]) == [false, false, false, true, true])
  }

  @Test func packedSequencesDoNotSeeEachOther() throws {
    let generator = try Generator(seed: 4)
    let parts = try (0..<3).map { _ in try Tensor.randn([1, 4, 6, 8], generator: generator) }
    var pattern = AttentionPattern()
    pattern.segments = try Tensor([0, 0, 0, 0, 1, 1], shape: [1, 6])
    let mask = try pattern.mask(queries: 6, device: .cpu)
    let packed = try attention(parts[0], parts[1], parts[2], mask: mask, causal: true)
    let second = try parts.map { try $0.slice(2, 4..<6) }
    let alone = try attention(second[0], second[1], second[2], mask: nil, causal: true)
    #expect(try packed.slice(1, 4..<6).relativeError(to: alone) < 1e-6)
  }

  @Test func theLossCountsOnlyTargets() throws {
    let hidden = try Tensor.randn([2, 4, 3], generator: Generator(seed: 5))
    let labels = try Tensor([0, -100, 2, 1, -100, -100, -100, -100], shape: [2, 4])
    let head = try Linear(VariableStore().root / "head", in: 3, out: 3)
    let (sum, count) = try nextTokenLoss(hidden, labels: labels, head: head)
    #expect(count == 2)
    let kept = try head.baseOutput(
      .stack([hidden.select(0, 0).select(0, 1), hidden.select(0, 0).select(0, 2)]))
    let expected = try kept.crossEntropy(Tensor([2, 1]), reduction: .sum)
    #expect(try sum.relativeError(to: expected) < 1e-6)
    let nothing = try Tensor.full([2, 4], -100, dtype: .int64)
    #expect(try nextTokenLoss(hidden, labels: nothing, head: head).sum.item() == 0)
  }
}
