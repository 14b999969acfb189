import ArgumentParser
import Files
import JSON
import Models
import Tokenizers

/// A tokenizer from text files.
struct TrainTokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-tokenizer",
    abstract: "Make a tokenizer from text files.",
    discussion: """
      bpe is byte-level byte pair encoding as GPT-2 has it, wordpiece is BERT's, unigram is T5's; the last two bring
      their own special tokens, which --special-tokens adds to. The folder opens here and in transformers. Special
      tokens spelled as usual (<s>, </s>, <pad>, <|endoftext|>, [MASK], ...) get their roles.

      Example:
        peft train-tokenizer corpus.txt --vocab-size 8000 --special-tokens "<|endoftext|>" --output my-tokenizer
      """)

  @Argument(help: "Text files in UTF-8.") var files: [String]
  @Option(help: "bpe, wordpiece or unigram.") var algorithm = "bpe"
  @Option(help: "Tokens in the end, special tokens included.") var vocabSize: Int
  @Option(help: "Tokens that no text is split into, with commas between.") var specialTokens = ""
  @Option(help: "Rarer pairs do not become tokens; for bpe and wordpiece.") var minFrequency: Int?
  @Option(help: "The folder to write.") var output: String
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if vocabSize < 1 { throw ValidationError("--vocab-size is \(vocabSize): must be at least 1") }
    if let minFrequency, minFrequency < 0 {
      throw ValidationError("--min-frequency is \(minFrequency): must not be negative")
    }
    guard let kind = TokenizerTrainer.Algorithm(rawValue: algorithm) else {
      let names = TokenizerTrainer.Algorithm.allCases.map(\.rawValue)
      throw ValidationError(
        "--algorithm is '\(algorithm)'\(Suggestion.hint(algorithm, among: names)): must be bpe, wordpiece or unigram"
      )
    }
    if kind == .unigram, minFrequency != nil {
      throw ValidationError("--min-frequency says nothing to unigram: leave it out")
    }
  }

  func run() throws {
    var trainer = trainer()
    trainer.minimumFrequency = minFrequency ?? trainer.minimumFrequency
    for token in specialTokens.split(separator: ",").map(String.init)
    where !trainer.specialTokens.contains(token) {
      trainer.specialTokens.append(token)
    }
    var size = 0
    try FolderReplacement.write(output, overwrite: overwrite) { folder in
      let json = try trainer.train(on: lines())
      size = try Tokenizer(json: json).vocabularySize
      try AtomicFile.write(
        Folder.join(folder, "tokenizer.json"), json.serialized(indent: 2, ascii: false))
      try AtomicFile.write(
        Folder.join(folder, "tokenizer_config.json"),
        Self.configuration(trainer.specialTokens).serialized(indent: 2, ascii: false))
    }
    if size < vocabSize {
      speech.warn(["the text gave \(size) tokens of \(vocabSize): add text, or lower --min-frequency"])
    }
    let summary: JSONObject = ["output": .string(output), "vocab_size": .int(size)]
    speech.json ? Console.print(.object(summary)) : Console.print("\(output): \(size) tokens")
  }

  private func trainer() -> TokenizerTrainer {
    switch algorithm {
    case "wordpiece": .bert(vocabularySize: vocabSize)
    case "unigram": .unigram(vocabularySize: vocabSize)
    default: .byteLevelBPE(vocabularySize: vocabSize)
    }
  }

  /// Every line with its end, so that line breaks become tokens where they are text.
  private func lines() throws -> [String] {
    try files.flatMap { file in
      let bytes = try WholeFile.read(file)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Failure(.badInput, "not UTF-8, \(file): convert it, for example with iconv")
      }
      var lines: [String] = []
      var rest = text.utf8[...]
      while !rest.isEmpty {
        let end = rest.firstIndex(of: UInt8(ascii: "\n")).map(rest.index(after:)) ?? rest.endIndex
        lines.append(String(text[rest.startIndex..<end]))
        rest = rest[end...]
      }
      return lines
    }
  }

  /// `tokenizer_config.json`: which special token plays which part.
  private static func configuration(_ specialTokens: [String]) -> JSONValue {
    var config: JSONObject = ["tokenizer_class": "PreTrainedTokenizerFast"]
    for (role, spellings) in roles {
      if let token = specialTokens.first(where: spellings.contains) { config[role] = .string(token) }
    }
    return .object(config)
  }

  private static let roles = [
    ("bos_token", ["<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>"]),
    ("eos_token", ["</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>"]),
    ("unk_token", ["<unk>", "[UNK]", "<|unk|>"]), ("pad_token", ["<pad>", "[PAD]", "<|pad|>"]),
    ("cls_token", ["[CLS]"]), ("sep_token", ["[SEP]"]), ("mask_token", ["[MASK]", "<mask>"]),
  ]
}
