import Files
import Foundation
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// Adapters of diffusion pipelines: numbered layers, learned tokens, and a folder for each model.
struct PipelineFormatTests {
  private func inScratch<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "/peft-\(UInt64.random(in: .min ... .max))"
    try Folder.create(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// [in, out] of the layers of Stable Diffusion's U-Net as files of the time number them.
  static let unet: [(Int, Int)] = {
    let widths = [320, 320, 640, 640, 1280, 1280, 1280, 1280, 1280, 640, 640, 640, 320, 320, 320, 1280]
    return widths.flatMap { width in
      let own = (width, width)
      return [own, own, own, own, (width, 8 * width), own, (768, width), (768, width), own]
    }
  }()

  /// Factors of rank 1, whose values say which layer they are of.
  private func factors(_ part: String, _ sizes: [(Int, Int)]) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (index, size) in sizes.enumerated() {
      tensors["\(part):\(index):down"] = try .full([1, size.0], Double(index))
      tensors["\(part):\(index):up"] = try .full([size.1, 1], 1)
    }
    return tensors
  }

  private func write(_ tensors: [String: Tensor], _ folder: String) throws -> String {
    let file = folder + "/numbered.safetensors"
    try SafetensorsWriter.write(tensors, to: file, metadata: ["<s1>": "<embed>"])
    return file
  }

  @Test func numberedLayersOfStableDiffusionGetTheirNames() throws {
    try inScratch { folder in
      var tensors = try factors("unet", Self.unet)
      tensors.merge(try factors("text_encoder", Array(repeating: (24, 24), count: 8))) { $1 }
      tensors["<s1>"] = try .ones([24])
      let (adapter, format) = try AdapterFormat.read(write(tensors, folder))
      #expect(format == .cloneofsimo)
      let plain = LearnedTokens.split(adapter)
      #expect(plain.tokens.keys.sorted() == ["<s1>"])
      let updates = try plain.adapter.updates().updates
      #expect(updates.count == 144 + 8)
      // Where each stands is what its values say; see diffusers' UNet2DConditionModel and transformers' CLIPAttention.
      for (index, layer) in [
        (0, "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"),
        (4, "unet.down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj"),
        (15, "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_k"),
        (54, "unet.up_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"),
        (129, "unet.up_blocks.3.attentions.2.transformer_blocks.0.attn1.to_out.0"),
        (143, "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0"),
        (1, "text_encoder.text_model.encoder.layers.0.self_attn.v_proj"),
        (6, "text_encoder.text_model.encoder.layers.1.self_attn.q_proj"),
      ] {
        let update = try #require(updates.first { $0.layer == layer }, "\(layer)")
        #expect(try update.a.select(0, 0).select(0, 0).item() == Double(index), "\(layer)")
        #expect(update.scale == 1)
      }
    }
  }

  @Test func numbersThatNameNoLayerAreForLookingOnly() throws {
    try inScratch { folder in
      let file = try write(factors("unet", [(8, 8), (8, 6), (5, 8)]), folder)
      let error = try #require(throws: AdapterError.self) { try AdapterFormat.read(file) }
      #expect(error.description.contains("numbered"))
      var context = AdapterFormat.Context()
      context.purpose = .inspection
      let adapter = try AdapterFormat.read(file, context).adapter
      let updates = try adapter.updates().updates
      #expect(updates.map(\.layer) == ["unet.0", "unet.1", "unet.2"])
    }
  }

  @Test(arguments: ["unet:0:down", "<s1>"])
  func whatIsMissingIsAnError(_ key: String) throws {
    try inScratch { folder in
      var tensors = try factors("unet", Self.unet)
      tensors[key] = try key == "<s1>" ? .ones([2, 3, 4]) : nil
      let file = folder + "/broken.safetensors"
      try SafetensorsWriter.write(tensors, to: file)
      #expect(throws: AdapterError.self) { try AdapterFormat.read(file) }
    }
  }

  @Test func eachModelOfAPipelineHasItsFolder() throws {
    try inScratch { folder in
      let updates = try ["unet.mid_block.proj_in", "text_encoder.h.q_proj", "text_encoder.h.k_proj"].map {
        try LayerUpdate(layer: $0, a: .randn([2, 6]), b: .randn([5, 2]), scale: 3)
      }
      var adapter = try PortableAdapter(updates).folder()
      adapter.tensors[LearnedTokens.prefix + "<s1>"] = try .ones([7])
      try PipelineFolders.write(adapter, to: folder + "/out")
      #expect(
        try Folder.names(in: folder + "/out") == [
          "learned_embeds_s1.safetensors", "text_encoder", "unet",
        ])
      let text = try AdapterFolder(path: folder + "/out/text_encoder")
      #expect(try text.updates().updates.map(\.layer) == ["h.k_proj", "h.q_proj"])
      let (joined, format) = try AdapterFormat.read(folder + "/out")
      #expect(format == .peft)
      for update in updates {
        let found = try #require(try joined.updates().updates.first { $0.layer == update.layer })
        #expect(try found.delta().isIdentical(to: update.delta()))
      }
      let token = try SafetensorsFile(path: folder + "/out/learned_embeds_s1.safetensors").allTensors()
      #expect(token.keys.sorted() == ["<s1>"])
      #expect(throws: AdapterError.self) { try AdapterFormat.mlx.write(adapter, to: folder + "/mlx") }
    }
  }

  @Test func oneModelOfAPipelineNeedsNoFolderOfItsOwn() throws {
    try inScratch { folder in
      let update = try LayerUpdate(
        layer: "unet.mid_block.proj_in", a: .ones([1, 3]), b: .ones([2, 1]), scale: 1)
      try PipelineFolders.write(PortableAdapter([update]).folder(), to: folder + "/out")
      let found = try AdapterFolder(path: folder + "/out")
      #expect(try found.updates().updates.map(\.layer) == ["mid_block.proj_in"])
    }
  }
}
