import ArgumentParser
import Configuration
import Files
import FineTuning
import JSON
import Models
import NN
import Safetensors
import Torch
import Training

/// Vectors of texts or pictures.
struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Turn texts or pictures into vectors: a model's hidden states, pooled over each.",
    discussion: """
      Writes a JSON line with index and embedding for each text, or (for a name that ends in .safetensors) one tensor
      embeddings [texts, features]. Folders of sentence-transformers say themselves how tokens are pooled, whether
      vectors have length 1, and how long texts may be. Models that look at pictures take a folder of them, or rows with
      image; CLIP takes both, and gives vectors of one space.

      Example:
        peft embed --model all-MiniLM-L6-v2 --data sentences.txt --output vectors.jsonl
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "Texts: JSONL, JSON, CSV, TSV or plain text; or pictures: a folder, or rows with image.")
  var data: String
  @Option(help: "The file to write (default: lines on stdout).") var output: String?
  @Option(
    help: ArgumentHelp(
      "\(Pooling.allCases.map(\.rawValue).joined(separator: ", ")) over a text's tokens (default: as the model's folder says, or mean)."
    ))
  var pooling: String?
  @Flag(
    inversion: .prefixedNo, help: "Give every vector length 1 (default: as the model's folder says, or yes).")
  var normalize: Bool?
  @Option(help: "Texts in one forward pass.") var batchSize = 32
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Data") var rows: DataFlags
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size is \(batchSize): must be at least 1") }
    if let pooling, Pooling(rawValue: pooling) == nil {
      let names = Pooling.allCases.map(\.rawValue)
      throw ValidationError(
        "--pooling is '\(pooling)'\(Suggestion.hint(pooling, among: names)): must be one of \(names.joined(separator: ", "))"
      )
    }
  }

  func run() throws {
    let options = try rows.options()
    let rows = try RowFile.read(data, options)
    let folder = try ModelFolder(model.model)
    let vectors =
      try rows.contains { $0.showsPicture } ? pictures(rows, folder) : texts(rows, folder, options)
    try write(vectors)
    guard let output else { return }
    let result: JSONObject = [
      "output": .string(output), "rows": .int(vectors.shape[0]), "features": .int(vectors.shape[1]),
    ]
    speech.json ? Console.print(.object(result)) : speech.note("\(output): \(vectors.shape[0]) vectors")
  }

  private func pictures(_ rows: [DataRow], _ folder: ModelFolder) throws -> Tensor {
    let tuned = try model.load(task: chosenTask(folder), engine, device: engine.start(), speech)
    guard let vision = tuned.model as? any VisionModel else {
      throw Failure(.badInput, "rows of pictures, \(data), for a model that reads texts: give rows of text")
    }
    return try PictureEmbedder(
      vision, processor: folder.imageProcessor(for: vision), normalizes: normalize ?? true
    ).embed(rows, batchSize: batchSize)
  }

  private func texts(_ rows: [DataRow], _ folder: ModelFolder, _ options: DataOptions) throws -> Tensor {
    let texts = try rows.map { try $0.classifiedTexts(options).joined(separator: " ") }
    guard let tokenizer = try folder.tokenizer() else {
      throw Failure(.badInput, "no tokenizer, \(model.model): put tokenizer.json beside config.json")
    }
    let tuned = try model.load(task: chosenTask(folder), engine, device: engine.start(), speech)
    let layout = try SentenceLayout(folder)
    let embedder = TextEmbedder(
      tuned.model, tokenizer: tokenizer, pooling: pooling.flatMap(Pooling.init) ?? layout.pooling ?? .mean,
      normalizes: normalize ?? layout.normalizes ?? true, maxLength: options.maxLength ?? layout.maxLength)
    return try embedder.embed(texts, batchSize: batchSize)
  }

  /// That of an adapter, else of a bare body; language models are what they are.
  private func chosenTask(_ folder: ModelFolder) throws -> ModelTask? {
    if let asked = try task.value() { return asked }
    guard model.adapter.isEmpty else { return nil }
    let usual = try? PretrainedModel.task(of: ModelConfiguration(folder: folder.path))
    return usual == .causalLM ? .causalLM : .featureExtraction
  }

  private func write(_ vectors: Tensor) throws {
    if let output, output.hasSuffix(".safetensors") {
      return try SafetensorsWriter.write(["embeddings": vectors], to: output)
    }
    let (width, values) = (vectors.shape[1], try vectors.contiguous().array(of: Double.self))
    let lines = (0..<vectors.shape[0]).map { row in
      let numbers = values[row * width..<(row + 1) * width].map(JSONValue.double)
      return JSONValue.object(["index": .int(row), "embedding": .array(numbers)]).serialized() + "\n"
    }
    guard let output else { return Console.print(lines.joined(), terminator: "") }
    try AtomicFile.write(output, lines.joined())
  }
}
