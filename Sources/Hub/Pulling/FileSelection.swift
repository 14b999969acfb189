/// Which files of a repository are pulled.
public struct FileSelection: Sendable {
  private let included, excluded: [Glob]

  /// - Parameters:
  ///   - including: patterns, any of which a file must match; empty for what a model or an adapter is loaded from.
  ///   - excluding: patterns that a file must not match.
  public init(including: [String] = [], excluding: [String] = []) {
    (included, excluded) = (including.map(Glob.init), excluding.map(Glob.init))
  }

  /// The files to pull of all that there are, in their order, configurations last: a folder that has one is whole.
  func choose(from names: [PlainPath]) -> [PlainPath] {
    let chosen =
      included.isEmpty
      ? Self.loadable(names) : names.filter { name in included.contains { $0.matches(name.text) } }
    let kept = chosen.filter { name in !excluded.contains { $0.matches(name.text) } }
    let isLast = { (name: PlainPath) in Self.configurations.contains(name.text) }
    return kept.filter { !isLast($0) } + kept.filter(isLast)
  }

  static let configurations = ["config.json", "adapter_config.json"]

  static func isWeights(_ name: String) -> Bool { name.hasSuffix(".safetensors") || isPickle(name) }

  private static func isPickle(_ name: String) -> Bool {
    name.hasSuffix(".bin")
      && ["pytorch_model", "adapter_model", "diffusion_pytorch_model"].contains { name.hasPrefix($0) }
  }

  /// Configurations, tokenizers, texts and weights; pickled weights only where there are no others, and nothing of
  /// other programs: ONNX, TensorFlow, Flax, checkpoints of a training.
  private static func loadable(_ names: [PlainPath]) -> [PlainPath] {
    let ours = names.filter { name in
      !name.folders.contains { folder in
        otherFolders.contains(folder.lowercased()) || folder.hasPrefix(".") || folder.hasPrefix("checkpoint")
      }
    }
    let hasSafetensors = ours.contains { $0.name.hasSuffix(".safetensors") }
    return ours.filter { name in
      if name.name.hasSuffix(".safetensors") { return !isVariant(name, among: ours) }
      if isPickle(name.name) || name.name.hasSuffix(".bin.index.json") { return !hasSafetensors }
      return suffixes.contains { name.name.hasSuffix($0) } || texts.contains(name.name.uppercased())
    }
  }

  private static let otherFolders: Set<String> = [
    "onnx", "openvino", "coreml", "original", "runs", "logs", "tflite", "gguf", "metal",
  ]
  private static let suffixes = [".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab", ".merges"]
  private static let texts: Set<String> = ["README.MD", "LICENSE", "LICENSE.MD", "NOTICE", "USE_POLICY.MD"]

  /// Whether a file of weights holds what `model.safetensors` beside it, or its shards, hold too: another precision, or
  /// another program's layout.
  private static func isVariant(_ file: PlainPath, among all: [PlainPath]) -> Bool {
    func beside(_ name: String) -> Bool { all.contains { $0.folders == file.folders && $0.name == name } }
    guard beside("model.safetensors") || beside("model.safetensors.index.json") else { return false }
    let isWhole = file.name == "model.safetensors" || file.name.hasPrefix("adapter_")
    let isShard = file.name.hasPrefix("model-") && file.name.contains("-of-")
    return !isWhole && !isShard && (file.name.hasPrefix("model.") || file.name.hasPrefix("consolidated"))
  }
}
