import Files
import NN
import Safetensors
import Torch

/// Tokens whose embeddings were learned beside a LoRA of a diffusion pipeline.
///
/// They belong to the tokenizer's vocabulary rather than to a layer, so they are written beside the adapter, one file
/// for each token, as textual inversion keeps them and diffusers' `load_textual_inversion` reads them.
enum LearnedTokens {
  /// In front of a token's name among an adapter's tensors.
  static let prefix = "learned_embeds."

  /// The adapter without them, and they by name.
  static func split(_ adapter: AdapterFolder) -> (adapter: AdapterFolder, tokens: [String: Tensor]) {
    var (rest, tokens) = (adapter, [String: Tensor]())
    for (key, tensor) in adapter.tensors where key.hasPrefix(prefix) {
      rest.tensors[key] = nil
      tokens[String(key.dropFirst(prefix.count))] = tensor
    }
    return (rest, tokens)
  }

  /// - Throws: ``AdapterError`` where a layout belongs to no pipeline, whose tokens these could be.
  static func checkPlace(_ tokens: [String: Tensor], in format: AdapterFormat) throws {
    guard let token = tokens.keys.min(), format != .peft, !format.isOfPipelines else { return }
    throw AdapterError("the learned token \(token) has no place in the layout \(format.rawValue)")
  }

  static func write(_ tokens: [String: Tensor], to path: String) throws {
    var names: Set<String> = []
    for (token, tensor) in tokens.sorted(by: { $0.key < $1.key }) {
      let plain = String(token.filter { $0.isASCII && ($0.isLetter || $0.isNumber) })
      var name = plain.isEmpty ? "token" : plain
      while !names.insert(name).inserted { name += "_" }
      try SafetensorsWriter.write(
        [token: tensor], to: Folder.join(path, "learned_embeds_\(name).safetensors"))
    }
  }
}
