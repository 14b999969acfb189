import NN
import Torch

/// A soft prompt: a table [tokens, width], learned itself or made by a network that is.
public final class LearnedPrompt: SoftPrompt {
  public enum Source {
    case table(AdapterParameter)
    case network(PromptEncoder)
  }

  /// How a row of the table is read.
  public enum Reading: Hashable, Sendable {
    /// As a token's vector.
    case embeddings
    /// As the key and then the value of each layer, heads side by side.
    ///
    /// Where the model has two parts, Hugging Face PEFT repeats the pairs and gives each layer of the decoder every
    /// second one, so that layers share them; files depend on it.
    case keysAndValues(layers: Int, heads: Int, parts: Int)

    /// See ``SoftPrompt/isText``.
    public var isText: Bool { self == .embeddings }
  }

  public let length: Int
  public let parameters: [AdapterParameter]
  public var isText: Bool { reading.isText }
  private let source: Source
  private let reading: Reading

  init(_ source: Source, length: Int, _ reading: Reading) {
    (self.source, self.length, self.reading) = (source, length, reading)
    switch source {
    case .table(let table): parameters = [table]
    case .network(let encoder): parameters = encoder.parameters
    }
  }

  /// The table [tokens, width] as it is now: what Hugging Face PEFT saves as `prompt_embeddings`.
  public func table() throws -> Tensor {
    switch source {
    case .table(let table): table.tensor
    case .network(let encoder): try encoder()
    }
  }

  public func content() throws -> PromptContent {
    let table = try table()
    switch reading {
    case .embeddings: return .embeddings(try table.slice(0, 0..<length))
    case .keysAndValues(let layers, let heads, let modelParts):
      // [tokens, layers * 2, heads, d] to [layers * 2, heads, tokens, d].
      let parts = try table.reshaped([length, layers * 2, heads, -1]).permuted([1, 2, 0, 3]).unbound()
      return .keysAndValues(
        (0..<layers).map { layer in
          let pair = modelParts * layer % layers
          return (parts[2 * pair], parts[2 * pair + 1])
        })
    }
  }
}
