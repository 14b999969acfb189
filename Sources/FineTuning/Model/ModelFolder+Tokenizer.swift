import Models
import Tokenizers

extension ModelFolder {
  /// The tokenizer beside a model; nil when there is none.
  ///
  /// - Throws: `TokenizerError` for one that cannot be read.
  public func tokenizer() throws -> Tokenizer? {
    let names = try files()
    let isThere = names.contains { name in
      ["tokenizer.json", "vocab.json", "vocab.txt"].contains(name) || name.hasSuffix(".model")
        || name.hasSuffix(".tiktoken")
    }
    return isThere ? try Tokenizer.load(folder: path) : nil
  }
}
