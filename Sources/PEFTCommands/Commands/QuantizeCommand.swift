import ArgumentParser
import JSON
import Models
import NN
import Safetensors
import Torch

/// A model in few bits.
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Write a model with its linear layers in few bits.",
    discussion: """
      nf4, fp4 and int8 are written as bitsandbytes does, gptq (rounded to the nearest, of 2, 3, 4 or 8 bits) and awq as
      their programs do, float8 in blocks of 128 by 128: transformers knows these folders, and so does every command
      here. The embeddings, lm_head, heads and norms stay as they are.

      Example:
        peft quantize --model Qwen2.5-0.5B --to nf4 --output Qwen2.5-0.5B-nf4
      """)

  @Option(help: "The model: a folder in Hugging Face layout, or the id of one in the local cache.") var model:
    String
  @Option(help: "\(QuantizationChoice.names).") var to: String
  @Option(help: "The folder to write.") var output: String
  @OptionGroup(title: "Quantization") var details: QuantizationDetails
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @Option(help: "The largest file of weights, such as 2GB.") var maxShardSize = "5GB"
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func run() throws {
    let device = try engine.start()
    let quantization = try details.quantization(QuantizationChoice.parse(to, flag: "--to"))
    let size = try ByteSize.parse(maxShardSize)
    let loaded = try PretrainedModel.load(
      folder: model, task: task.value(), dtype: engine.loadedType(), device: device,
      quantization: quantization)
    try ModelWriter.save(
      loaded, from: ModelFolder(model).path, to: output, maxShardSize: size, overwrite: overwrite,
      keepsQuantized: true)
    let (weights, bytes) = (loaded.store.quantizedWeights, loaded.store.byteCount)
    if speech.json {
      Console.print([
        "output": .string(output), "quantized": .int(weights.count), "bytes": .int(bytes),
        "quantized_bytes": .int(weights.reduce(0) { $0 + $1.byteCount }),
        "quantized_parameters": .int(weights.reduce(0) { $0 + $1.shape.reduce(1, *) }),
      ])
    } else {
      Console.print("\(output): \(weights.count) layers in \(to), \(bytes / 1_000_000) MB in all")
    }
  }
}
