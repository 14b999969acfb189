import NN
import Torch

/// The first LoRA files of Stable Diffusion: `unet:12:down`, `unet:12:up`, where layers are numbered in the order in which
/// a walk over the model meets them; learned tokens of its text encoder lie beside, under their names. The scale is 1.
///
/// Layers get the names of ``StableDiffusionOrder`` where the shapes agree with it. Other layers keep their numbers,
/// which is enough to look at them and not to use them.
///
/// Source: github.com/cloneofsimo/lora, lora_diffusion/lora.py.
enum CloneofsimoFormat {
  static func isName(_ key: String) -> Bool { piece(key) != nil }

  static func read(_ place: AdapterPlace, _ context: AdapterFormat.Context) throws -> AdapterFolder {
    let metadata = try place.metadata()
    var parts: [String: [Int: [String: Tensor]]] = [:]
    var tokens: [String: Tensor] = [:]
    for (key, tensor) in try place.tensors() {
      if let (part, index, factor) = piece(key) {
        parts[part, default: [:]][index, default: [:]][factor] = tensor
      } else if metadata[key] == "<embed>" || tensor.rank == 1 {
        tokens[key] = tensor
      } else {
        throw AdapterError("\(key) is neither a numbered factor nor a learned token, \(place.path)")
      }
    }
    var portable = PortableAdapter([])
    for (part, layers) in parts.sorted(by: { $0.key < $1.key }) {
      let updates = try layers.sorted { $0.key < $1.key }.map { index, factors in
        guard let a = factors["down"], let b = factors["up"] else {
          throw AdapterError("\(part):\(index) has one factor of two, \(place.path)")
        }
        return try LayerUpdate(
          layer: "\(part).\(index)", form: a.rank > 2 ? .convolution : .linear, a: a, b: b,
          scale: 1)
      }
      portable.updates += try named(updates, of: part, place, context)
    }
    var folder = try portable.folder()
    for (token, tensor) in tokens { folder.tensors[LearnedTokens.prefix + token] = tensor }
    return folder
  }

  /// The updates of a part under the names of their layers.
  private static func named(
    _ updates: [LayerUpdate], of part: String, _ place: AdapterPlace, _ context: AdapterFormat.Context
  ) throws -> [LayerUpdate] {
    guard let paths = StableDiffusionOrder.paths(of: part, updates) else {
      guard context.purpose == .inspection else {
        throw AdapterError(
          "layers of \(part) are numbered, and their shapes are not those of Stable Diffusion 1 or 2, \(place.path): "
            + "which layers they belong to is unknown; inspect shows them by number")
      }
      return updates
    }
    return zip(updates, paths).map { update, path in
      var update = update
      update.layer = context.component == part ? path : "\(part).\(path)"
      return update
    }
  }

  /// `unet:12:down` taken apart.
  private static func piece(_ key: String) -> (part: String, index: Int, factor: String)? {
    let words = key.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 3, let index = Int(words[1]), index >= 0, ["down", "up"].contains(words[2]) else {
      return nil
    }
    return (words[0], index, words[2])
  }
}
