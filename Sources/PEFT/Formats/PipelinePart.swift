import NN

/// Which model of a diffusion pipeline a layer belongs to; adapters of several models keep it in front of the path.
public enum PipelinePart {
  public static let names = [
    "unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3", "vae", "prior",
  ]

  /// The part that a path names in front, and the path without it.
  static func split(_ layer: String) -> (part: String?, path: String) {
    guard let dot = layer.firstIndex(of: "."), names.contains(String(layer[..<dot])) else {
      return (nil, layer)
    }
    return (String(layer[..<dot]), String(layer[layer.index(after: dot)...]))
  }

  /// The part of a layer that does not say it: the one that was asked for, or what its name suggests.
  static func part(of layer: String, asked: String?) throws -> (part: String, path: String) {
    let (part, path) = split(layer)
    if let part { return (part, path) }
    if let asked {
      guard names.contains(asked) else {
        throw AdapterError("--component is '\(asked)': must be one of \(names.joined(separator: ", "))")
      }
      return (asked, path)
    }
    let first = path.split(separator: ".").first.map(String.init) ?? path
    if ["down_blocks", "up_blocks", "mid_block", "conv_in", "conv_out", "time_embedding"].contains(first) {
      return ("unet", path)
    }
    return (
      ["transformer_blocks", "single_transformer_blocks"].contains(first) ? "transformer" : "text_encoder",
      path
    )
  }
}
