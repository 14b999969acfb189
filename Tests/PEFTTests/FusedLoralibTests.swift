import Files
import Foundation
import NN
import Pickle
import Testing
import Torch

@testable import PEFT

/// Layers of loralib that make queries, keys and values at once.
struct FusedLoralibTests {
  static let (inputs, size, rank) = (6, 4, 2)

  private func read(
    _ tensors: [String: Tensor], _ change: (inout AdapterFormat.Context) -> Void
  ) throws -> [LayerUpdate] {
    let folder = NSTemporaryDirectory() + "/peft-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Folder.create(folder)
    try TorchFileWriter.write(tensors, to: folder + "/lora.pt")
    var context = AdapterFormat.Context()
    context.alpha = 8
    change(&context)
    return try AdapterFormat.read(folder, as: .loralib, context).adapter.updates().updates
  }

  private func factors(_ groups: Int) throws -> (a: Tensor, b: Tensor) {
    let generator = try Generator(seed: 3)
    return (
      try .randn([groups * Self.rank, Self.inputs], generator: generator),
      try .randn([groups * Self.size, Self.rank], generator: generator)
    )
  }

  /// What loralib's `merge_AB` makes: a grouped convolution over the factors, padded to all outputs.
  private func delta(_ a: Tensor, _ b: Tensor, _ enabled: [Bool]) throws -> Tensor {
    let groups = enabled.count(where: \.self)
    var next = 0
    return try .cat(
      enabled.map { isEnabled in
        guard isEnabled else { return try .zeros([Self.size, Self.inputs]) }
        defer { next += 1 }
        return try b.chunked(groups)[next].mm(a.chunked(groups)[next]) * (8.0 / Double(Self.rank))
      })
  }

  @Test(arguments: [
    [true, false, true], [true, true, true], [false, true], [true, false, false], [false, true, true],
  ])
  func theBasesFusedLayerGetsBlocks(enabled: [Bool]) throws {
    let (a, b) = try factors(enabled.count(where: \.self))
    let updates = try read(["h.0.attn.c_attn.lora_A": a, "h.0.attn.c_attn.lora_B": b]) {
      $0.enabledParts = enabled
      $0.modules = ["h.0.attn.c_attn"]
    }
    let update = try #require(updates.first)
    #expect(updates.count == 1 && update.layer == "h.0.attn.c_attn")
    #expect(update.rank == enabled.count(where: \.self) * Self.rank)
    #expect(try update.delta().relativeError(to: delta(a, b, enabled)) < 1e-6)
  }

  @Test func twoOfThreeAreQueriesAndValues() throws {
    let (a, b) = try factors(2)
    let updates = try read(["c_attn.lora_A": a, "c_attn.lora_B": b]) { _ in }
    #expect(try #require(updates.first).delta().relativeError(to: delta(a, b, [true, false, true])) < 1e-6)
  }

  @Test func layersOfTheirOwnGetTheirPairs() throws {
    let (a, b) = try factors(2)
    let updates = try read(["x.attn.in_proj.lora_A": a, "x.attn.in_proj.lora_B": b]) {
      $0.modules = ["x.attn.q_proj", "x.attn.k_proj", "x.attn.v_proj", "x.attn.out_proj"]
    }
    #expect(updates.map(\.layer) == ["x.attn.q_proj", "x.attn.v_proj"])
    let whole = try delta(a, b, [true, false, true]).chunked(3)
    for (update, wanted) in zip(updates, [whole[0], whole[2]]) {
      #expect(try update.delta().relativeError(to: wanted) < 1e-6)
    }
  }

  @Test func anotherNumberOfOutputsIsAnError() throws {
    let (a, b) = try factors(2)
    let error = try #require(throws: AdapterError.self) {
      _ = try read(["q.lora_A": a, "q.lora_B": b]) { $0.enabledParts = [true, true, true] }
    }
    #expect(error.description.contains("--enable-lora"))
    #expect(throws: AdapterError.self) {
      _ = try read(["q.lora_A": .ones([3, 6]), "q.lora_B": .ones([4, 2])]) { _ in }
    }
  }

  @Test func withoutAScaleTheFileIsForLookingOnly() throws {
    let (a, b) = try factors(1)
    #expect(throws: AdapterError.self) { _ = try read(["q.lora_A": a, "q.lora_B": b]) { $0.alpha = nil } }
    let updates = try read(["q.lora_A": a, "q.lora_B": b]) { ($0.alpha, $0.purpose) = (nil, .inspection) }
    #expect(updates.map(\.scale) == [1])
  }
}
