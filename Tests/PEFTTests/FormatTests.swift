import Files
import Foundation
import JSON
import NN
import Pickle
import Safetensors
import Testing
import Torch

@testable import PEFT

/// Adapters in the layouts of other programs and back.
struct FormatTests {
  /// A folder for a test's files, removed after it.
  private func inScratch<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "/peft-\(UInt64.random(in: .min ... .max))"
    try Folder.create(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  private func golden(_ name: String) throws -> AdapterFolder {
    try AdapterFolder(path: "\(Golden.folder)/adapters/\(name)")
  }

  private func context() throws -> AdapterFormat.Context {
    var context = AdapterFormat.Context()
    context.baseConfiguration = try Golden.json("models/llama/config.json").objectValue
    let names = try SafetensorsSource(path: "\(Golden.folder)/models/llama").names
    context.modules = names.map { $0.replacing(".weight", with: "") }
    return context
  }

  static let layouts: [AdapterFormat] = [.peft, .diffusers, .kohya, .mlx, .gguf, .loralib]

  @Test(arguments: layouts, ["list", "rslora", "patterns", "regex"])
  func updatesSurviveARoundTrip(format: AdapterFormat, name: String) throws {
    let original = try golden(name)
    var context = try context()
    try inScratch { folder in
      let path = folder + "/out"
      try format.write(original, to: path, context)
      context.alpha = try original.updates().updates.first?.alpha
      context.component = "text_encoder"
      let (found, told) = try AdapterFormat.read(path, context)
      #expect(told == format)
      let wanted = Dictionary(uniqueKeysWithValues: try original.updates().updates.map { ($0.layer, $0) })
      let updates = try found.updates().updates
      #expect(updates.count == wanted.count)
      for update in updates {
        let (part, layer) = PipelinePart.split(update.layer)
        #expect(part == nil || format == .diffusers)
        let before = try #require(wanted[layer])
        #expect(try update.delta().relativeError(to: before.delta()) < 1e-6, "\(layer)")
        // One scale for all may move a factor between B and the scale; A stays as it is.
        guard update.rank == before.rank else { continue }
        #expect(try update.a.isIdentical(to: before.a), "\(layer)")
      }
    }
  }

  @Test(arguments: [AdapterFormat.diffusers, .kohya, .mlx])
  func magnitudesSurviveARoundTrip(format: AdapterFormat) throws {
    let original = try golden("dora")
    var context = try context()
    context.component = "text_encoder"
    try inScratch { folder in
      try format.write(original, to: folder + "/out", context)
      let found = try AdapterFormat.read(folder + "/out", context).adapter
      #expect(found.configuration.json["use_dora"] == true)
      for (key, tensor) in original.tensors where key.hasSuffix("lora_magnitude_vector") {
        let name =
          format == .diffusers
          ? key.replacing("base_model.model.", with: "base_model.model.text_encoder.") : key
        #expect(try #require(found.tensors[name]).isIdentical(to: tensor), "\(key)")
      }
    }
  }

  @Test func llamaCppsOrderOfRowsIsPairsOfNeighbours() throws {
    let (heads, width) = (2, 8)
    let update = try LayerUpdate(
      layer: "model.layers.3.self_attn.q_proj", a: .randn([2, 16]), b: .randn([heads * width, 2]), scale: 1)
    var context = AdapterFormat.Context()
    context.baseConfiguration = ["model_type": "llama", "num_attention_heads": .int(heads)]
    try inScratch { folder in
      let adapter = try PortableAdapter([update]).folder()
      try AdapterFormat.gguf.write(adapter, to: folder, context)
      let file = try GGUFFile(path: folder + "/adapter.gguf")
      #expect(file["general.type"]?.text == "adapter" && file["adapter.lora.alpha"]?.number == 2)
      #expect(file.tensors.map(\.name) == ["blk.3.attn_q.weight.lora_a", "blk.3.attn_q.weight.lora_b"])
      let b = file.tensors[1].tensor
      for head in 0..<heads {
        for row in 0..<width {
          // Row i of the first half stands at 2i, of the second at 2i + 1.
          let place = row < width / 2 ? 2 * row : 2 * (row - width / 2) + 1
          let (found, wanted) = (
            try b.select(0, head * width + place), try update.b.select(0, head * width + row)
          )
          #expect(try found.isIdentical(to: wanted))
        }
      }
      context.baseConfiguration = ["model_type": "qwen2"]
      try AdapterFormat.gguf.write(adapter, to: folder + "/plain", context)
      #expect(try GGUFFile(path: folder + "/plain/adapter.gguf").tensors[1].tensor.isIdentical(to: update.b))
    }
  }

  @Test func namesWithUnderscoresFindTheirModules() throws {
    let names = ModuleNames()
    for path in [
      "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "mid_block.resnets.0.time_emb_proj",
      "up_blocks.3.attentions.2.transformer_blocks.0.ff.net.0.proj", "down_blocks.0.resnets.1.conv_shortcut",
      "text_model.encoder.layers.11.self_attn.out_proj", "model.layers.0.mlp.gate_proj", "lm_head",
      "up_blocks.0.attentions.1.transformer_blocks.0.attn2.to_out.0", "time_embedding.linear_1",
    ] {
      #expect(try names.path(ModuleNames.flat(path)) == path)
    }
    let known = ModuleNames(["odd_name.my_layer", "a.b_c"])
    #expect(try known.path("odd_name_my_layer") == "odd_name.my_layer" && known.path("a_b_c") == "a.b_c")
    #expect(throws: AdapterError.self) { try known.path("down_blocks_0") }
  }

  @Test func oldNamesOfDiffusersAreRead() throws {
    let (a, b) = (try Tensor.randn([2, 6]), try Tensor.randn([5, 2]))
    let spellings: [(String, String, String)] = [
      (
        "unet.mid_block.attn1.processor.to_q_lora.down.weight",
        "unet.mid_block.attn1.processor.to_q_lora.up.weight",
        "unet.mid_block.attn1.to_q"
      ),
      (
        "unet.mid_block.attn1.processor.to_out_lora.down.weight",
        "unet.mid_block.attn1.processor.to_out_lora.up.weight", "unet.mid_block.attn1.to_out.0"
      ),
      (
        "text_encoder.h.self_attn.to_out_lora.down.weight", "text_encoder.h.self_attn.to_out_lora.up.weight",
        "text_encoder.h.self_attn.out_proj"
      ),
      (
        "text_encoder.h.q_proj.lora_linear_layer.down.weight",
        "text_encoder.h.q_proj.lora_linear_layer.up.weight",
        "text_encoder.h.q_proj"
      ),
      (
        "unet.mid_block.proj_in.lora.down.weight", "unet.mid_block.proj_in.lora.up.weight",
        "unet.mid_block.proj_in"
      ),
    ]
    try inScratch { folder in
      for (down, up, layer) in spellings {
        let file = folder + "/old.safetensors"
        try SafetensorsWriter.write([down: a, up: b], to: file)
        let (adapter, format) = try AdapterFormat.read(file)
        let update = try #require(try adapter.updates().updates.first)
        #expect(format == .diffusers && update.layer == layer && update.scale == 1)
      }
    }
  }

  @Test func adaptersWithPicklesAloneLoad() throws {
    let original = try golden("list")
    try inScratch { folder in
      try original.write(to: folder)
      try Folder.removeFile(folder + "/adapter_model.safetensors")
      #expect(throws: (any Error).self) { try AdapterFolder(path: folder) }
      try TorchFileWriter.write(original.tensors, to: folder + "/adapter_model.bin")
      let found = try AdapterFolder(path: folder)
      #expect(found.tensors.count == original.tensors.count)
      for (key, tensor) in original.tensors {
        #expect(try #require(found.tensors[key]).isIdentical(to: tensor))
      }
    }
  }

  @Test func arraysOfNumpyAreRead() throws {
    try inScratch { folder in
      var zip = try ZipWriter(folder + "/adapters.npz")
      for (name, shape) in [("layers.0.q.lora_a", "(2, 3)"), ("layers.0.q.lora_b", "(3, 2)")] {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
        header += String(repeating: " ", count: 118 - 1 - header.utf8.count) + "\n"
        let values = (0..<6).flatMap { withUnsafeBytes(of: Float($0).bitPattern.littleEndian, Array.init) }
        let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8) + values
        // numpy.savez names its members with the ending.
        try bytes.withUnsafeBytes { try zip.add("\(name).npy", $0) }
      }
      try zip.finish()
      let (adapter, format) = try AdapterFormat.read(folder)
      let update = try #require(try adapter.updates().updates.first)
      // lora_a [in, r] is A transposed; mlx-lm's scale was 20 before files said it.
      #expect(format == .mlx && update.layer == "layers.0.q" && update.scale == 20)
      #expect(try update.a.array(of: Float.self) == [0, 3, 1, 4, 2, 5])
    }
  }

  @Test func whatALayoutCannotHoldIsRefused() throws {
    let context = try context()
    func message(_ format: AdapterFormat, _ name: String, _ context: AdapterFormat.Context) throws -> String {
      try inScratch { folder in
        try #require(throws: AdapterError.self) { try format.write(golden(name), to: folder + "/x", context) }
          .description
      }
    }
    #expect(try message(.mlx, "modules-to-save", context).contains("no place in the layout mlx"))
    #expect(try message(.gguf, "dora", context).contains("no DoRA"))
    #expect(try message(.gguf, "list", AdapterFormat.Context()).contains("--model"))
    #expect(try message(.kohya, "embedding", context).contains("is an embedding"))
    #expect(try message(.diffusers, "lora-bias", context).contains("bias"))
    var other = context
    other.baseConfiguration?["model_type"] = "mamba"
    #expect(try message(.gguf, "list", other).contains("no table of llama.cpp's names for 'mamba'"))
  }

  @Test func damagedGGUFFilesAreErrors() throws {
    let original = try golden("list")
    let context = try context()
    try inScratch { folder in
      try AdapterFormat.gguf.write(original, to: folder, context)
      let whole = try WholeFile.read(folder + "/adapter.gguf")
      var generator = SystemRandomNumberGenerator()
      for round in 0..<300 {
        var bytes = Array(
          whole.prefix(
            round.isMultiple(of: 3) ? Int.random(in: 0..<whole.count, using: &generator) : whole.count))
        if !bytes.isEmpty {
          bytes[Int.random(in: 0..<min(bytes.count, 4000), using: &generator)] = UInt8.random(
            in: 0...255, using: &generator)
        }
        try AtomicFile.write(folder + "/damaged.gguf", bytes)
        _ = try? AdapterFormat.read(folder + "/damaged.gguf", context)
      }
      try AtomicFile.write(folder + "/damaged.gguf", Array(whole.prefix(whole.count / 2)))
      #expect(throws: AdapterError.self) { try AdapterFormat.read(folder + "/damaged.gguf", context) }
    }
  }
}
