import Configuration
import Files
import JSON
import NN
import Torch

/// A layout in which adapters are kept.
public enum AdapterFormat: String, CaseIterable, Sendable {
  /// Hugging Face PEFT's folder.
  case peft
  /// The EDoRA repository's folder.
  case edora
  /// `pytorch_lora_weights.safetensors` of diffusers.
  case diffusers
  /// One safetensors file with `lora_unet_...` names, as sd-scripts writes it.
  case kohya
  /// The folder of mlx-lm, or an older `adapters.npz`.
  case mlx
  /// The first files of Stable Diffusion, with numbered layers; read only.
  case cloneofsimo
  /// llama.cpp's adapter file.
  case gguf
  /// A state dict with `lora_A` and `lora_B`, as microsoft/LoRA writes it.
  case loralib

  /// The layouts that adapters can be written in.
  public static let written = allCases.filter { $0 != .cloneofsimo }

  /// Whether adapters in it are of the models of a diffusion pipeline, named in front of their layers.
  public var isOfPipelines: Bool { [.diffusers, .kohya, .cloneofsimo].contains(self) }

  /// What an adapter is read for.
  public enum Purpose: Sendable {
    /// To compute with it: what must be known and is not is an error.
    case use
    /// To look at it: what is not known is assumed.
    case inspection
  }

  /// What a layout does not say itself.
  public struct Context {
    /// config.json of the base.
    public var baseConfiguration: JSONObject?
    /// Paths of the base's modules.
    public var modules: [String] = []
    /// The numerator of the scale, for layouts without one.
    public var alpha: Double?
    /// `unet`, `text_encoder`, ...: which part of a pipeline an adapter is for.
    public var component: String?
    /// Which outputs of a fused layer of loralib are adapted, its `enable_lora`; nil for the original release's: queries
    /// and values where there are two, else all.
    public var enabledParts: [Bool]?
    public var purpose = Purpose.use

    public init() {}
  }

  /// Reads an adapter in any layout, told by its contents unless `format` says it.
  ///
  /// - Parameter path: a folder, or the file in it that matters.
  /// - Throws: ``AdapterError`` when no layout is recognized or something is missing; what reading the files throws.
  public static func read(
    _ path: String, as format: AdapterFormat? = nil, _ context: Context = Context()
  ) throws -> (adapter: AdapterFolder, format: AdapterFormat) {
    let place = try AdapterPlace(path)
    if format == nil, place.path == place.folder, let parts = try PipelineFolders.read(place.folder) {
      return (parts, .peft)
    }
    let format = try format ?? recognize(place)
    let adapter =
      switch format {
      case .peft, .edora: try AdapterFolder(path: place.folder)
      case .diffusers: try DiffusersFormat.read(place)
      case .kohya: try KohyaFormat.read(place, context)
      case .mlx: try MLXFormat.read(place)
      case .cloneofsimo: try CloneofsimoFormat.read(place, context)
      case .gguf: try GGUFFormat.read(place, context)
      case .loralib: try LoralibFormat.read(place, context)
      }
    return (adapter, format)
  }

  /// Writes `adapter` into the folder `path` under the usual names.
  ///
  /// - Throws: ``AdapterError`` when the layout cannot hold the adapter.
  public func write(_ adapter: AdapterFolder, to path: String, _ context: Context = Context()) throws {
    let (adapter, tokens) = LearnedTokens.split(adapter)
    try LearnedTokens.checkPlace(tokens, in: self)
    switch self {
    case .peft: try adapter.write(to: path)
    case .edora: try adapter.originalEDoRA().write(to: path)
    case .diffusers: try DiffusersFormat.write(adapter, to: path, context)
    case .kohya: try KohyaFormat.write(adapter, to: path, context)
    case .mlx: try MLXFormat.write(adapter, to: path)
    case .gguf: try GGUFFormat.write(adapter, to: path, context)
    case .loralib: try LoralibFormat.write(adapter, to: path)
    case .cloneofsimo:
      throw AdapterError("cloneofsimo's layout numbers the layers and is only read: write diffusers or kohya")
    }
    try LearnedTokens.write(tokens, to: path)
  }

  private static func recognize(_ place: AdapterPlace) throws -> AdapterFormat {
    if place.hasExtension("gguf") { return .gguf }
    if place.hasExtension("npz") { return .mlx }
    if let configuration = try place.configuration() {
      if configuration["peft_type"] != nil { return .peft }
      if configuration["lora_parameters"] != nil { return .mlx }
    }
    let names = try place.tensorNames()
    func has(_ ending: String) -> Bool { names.contains { $0.hasSuffix(ending) } }
    if names.contains(where: CloneofsimoFormat.isName) { return .cloneofsimo }
    if has(".lora_down.weight"), names.contains(where: { $0.hasPrefix("lora_") }) { return .kohya }
    if has(".lora_A.weight") || has(".down.weight") || has("_lora.down.weight") { return .diffusers }
    if has(".lora_a") { return .mlx }
    if has(".lora_A") { return .loralib }
    throw AdapterError(
      "no adapter in a layout that is known, \(place.path): name its layout, "
        + allCases.map(\.rawValue).joined(separator: ", "))
  }
}
