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
  /// llama.cpp's adapter file.
  case gguf
  /// A state dict with `lora_A` and `lora_B`, as microsoft/LoRA writes it.
  case loralib

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
    let format = try format ?? recognize(place)
    let adapter =
      switch format {
      case .peft, .edora: try AdapterFolder(path: place.folder)
      case .diffusers: try DiffusersFormat.read(place)
      case .kohya: try KohyaFormat.read(place, context)
      case .mlx: try MLXFormat.read(place)
      case .gguf: try GGUFFormat.read(place, context)
      case .loralib: try LoralibFormat.read(place, context)
      }
    return (adapter, format)
  }

  /// Writes `adapter` into the folder `path` under the usual names.
  ///
  /// - Throws: ``AdapterError`` when the layout cannot hold the adapter.
  public func write(_ adapter: AdapterFolder, to path: String, _ context: Context = Context()) throws {
    switch self {
    case .peft: try adapter.write(to: path)
    case .edora: try adapter.originalEDoRA().write(to: path)
    case .diffusers: try DiffusersFormat.write(adapter, to: path, context)
    case .kohya: try KohyaFormat.write(adapter, to: path, context)
    case .mlx: try MLXFormat.write(adapter, to: path)
    case .gguf: try GGUFFormat.write(adapter, to: path, context)
    case .loralib: try LoralibFormat.write(adapter, to: path)
    }
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
    if has(".lora_down.weight"), names.contains(where: { $0.hasPrefix("lora_") }) { return .kohya }
    if has(".lora_A.weight") || has(".down.weight") || has("_lora.down.weight") { return .diffusers }
    if has(".lora_a") { return .mlx }
    if has(".lora_A") { return .loralib }
    throw AdapterError(
      "no adapter in a layout that is known, \(place.path): name its layout, "
        + allCases.map(\.rawValue).joined(separator: ", "))
  }
}
