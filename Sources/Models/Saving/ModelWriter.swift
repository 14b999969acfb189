import Files
import JSON
import NN
import Safetensors
import Torch

/// Writes a whole model as a folder in Hugging Face layout.
public enum ModelWriter {
  /// Writes weights, `config.json`, and the tokenizer and the like of `source`.
  ///
  /// The folder appears complete or not at all. Weights are converted and merged one at a time while they are written,
  /// so memory is needed for one of them only.
  ///
  /// - Parameters:
  ///   - merging: adapters to fold into the weights that are written; the model itself stays as it is.
  ///   - source: the folder to take the other files from; nil for none.
  ///   - folder: must not be there, or be empty, unless `overwrite`.
  ///   - dtype: of the floating-point weights; nil for each its own.
  ///   - maxShardSize: in bytes; larger models are written in several files with an index.
  ///   - keepsQuantized: whether quantized weights are written as they are, and not dense.
  /// - Throws: `FileError` for what cannot be written, `AdapterError` for adapters that cannot be merged.
  public static func save(
    _ model: any Model, merging adapters: [String] = [], from source: String? = nil, to folder: String,
    dtype: DType? = nil, maxShardSize: Int = 5_000_000_000, overwrite: Bool = false,
    keepsQuantized: Bool = false
  ) throws {
    let weights = try SavedWeights(
      model.store, merging: adapters, dtype: dtype, keepsQuantized: keepsQuantized)
    let family = try ModelRegistry.family(of: model.configuration)
    var names: [String: String] = [:]
    let layouts = try weights.layouts().map { layout in
      let stored = family.spellStored(layout.name)
      names[stored] = layout.name
      return try SafetensorsLayout(name: stored, dtype: layout.dtype, shape: layout.shape)
    }
    let plan = try ShardPlan(layouts, maxShardSize: maxShardSize)
    try FolderReplacement.write(folder, overwrite: overwrite) { temporary in
      try ShardedWriter.write(plan, to: temporary) { layout, sink in
        try weights.withBytes(of: names[layout.name] ?? layout.name, sink)
      }
      if let source { try copyCompanions(from: source, to: temporary) }
      let config = try configuration(of: model, weights: weights, keepsQuantized: keepsQuantized)
      let text = JSONValue.object(config).serialized(indent: 2) + "\n"
      try AtomicFile.write(Folder.join(temporary, "config.json"), text)
    }
  }

  /// config.json as it must be for these weights and this task.
  private static func configuration(
    of model: any Model, weights: SavedWeights, keepsQuantized: Bool
  ) throws -> JSONObject {
    var config = model.configuration.raw
    if !keepsQuantized {
      config.removeValue(forKey: ModelConfiguration.quantizationKey)
    } else if let quantization = model.store.quantization {
      let type = weights.floatingPointType ?? .float32
      config[ModelConfiguration.quantizationKey] = .object(quantization.json(computing: type))
    }
    if let dtype = weights.floatingPointType {
      config[config["torch_dtype"] == nil ? "dtype" : "torch_dtype"] = .string("\(dtype)")
    }
    if weights.untied {
      config["tie_word_embeddings"] = false
      // T5 tells by the same key whether outputs are scaled, unless another says it.
      if let model = model as? any SequenceToSequenceModel, model.outputEmbedding.bias == nil {
        config["scale_decoder_outputs"] = .bool(model.scalesOutput)
      }
    }
    let encoder = try ModelRegistry.family(of: model.configuration).encoderSuffix
    let others = ["ForMaskedLM", "ForPreTraining", "ForQuestionAnswering", "Model"]
    let suffixes = (encoder.map { [$0] } ?? []) + ModelTask.allCases.flatMap(\.architectureSuffixes) + others
    if let architecture = try model.configuration.architectures.first,
      let suffix = suffixes.first(where: architecture.hasSuffix),
      let own = model.task.architectureSuffixes.first ?? encoder, !architecture.hasSuffix(own),
      !model.task.architectureSuffixes.contains(suffix),
      (try? PretrainedModel.task(of: model.configuration)) != model.task || suffix == "Model"
    {
      config["architectures"] = .array([.string(architecture.dropLast(suffix.count) + own)])
    }
    return config
  }

  /// Files that belong to a model beside its weights and config.json.
  private static func copyCompanions(from source: String, to folder: String) throws {
    for name in try ModelFolder(source).files() where isCompanion(name) {
      let file = try MappedFile(path: Folder.join(source, name))
      try AtomicFile.write(Folder.join(folder, name), file.bytes)
    }
  }

  private static func isCompanion(_ name: String) -> Bool {
    let known = [
      "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
      "vocab.txt", "merges.txt", "generation_config.json", "preprocessor_config.json", "chat_template.json",
    ]
    return known.contains(name) || name.hasSuffix(".model") || name.hasSuffix(".jinja")
      || name.hasPrefix("LICENSE") || name.hasPrefix("NOTICE")
  }
}
