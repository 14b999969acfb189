import ArgumentParser
import FineTuning
import Foundation
import Generation
import JSON
import Models
import PEFT
import Tokenizers
import Torch
import Training

/// Continues a text, or answers in a chat.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Continue a prompt, or answer a message in the model's chat format.",
    discussion: """
      The text appears as it is made. Temperature 0 takes the likeliest token each time; --num-beams searches for the
      likeliest text. An encoder-decoder answers the prompt. --prompt - reads stdin.

      Example:
        peft generate --model Qwen2.5-0.5B --adapter tuned --prompt "Once"
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "The text to continue.") var prompt: String?
  @Option(help: "A message to answer, in the model's chat template.") var chat: String?
  @Option(help: "Rows to continue together, each with a prompt and perhaps the name of its adapter.")
  var data: String?
  @Option(help: "What the chat begins with, as the system's message.") var system: String?
  @Option(help: .field(SamplingOptions.self, "max_new_tokens")) var maxNewTokens: Int?
  @Option(help: .field(SamplingOptions.self, "min_new_tokens")) var minNewTokens: Int?
  @Option(help: .field(SamplingOptions.self, "temperature")) var temperature: Double?
  @Option(help: .field(SamplingOptions.self, "top_p")) var topP: Double?
  @Option(help: .field(SamplingOptions.self, "top_k")) var topK: Int?
  @Option(help: .field(SamplingOptions.self, "min_p")) var minP: Double?
  @Option(help: .field(SamplingOptions.self, "repetition_penalty")) var repetitionPenalty: Double?
  @Option(help: .field(SamplingOptions.self, "num_beams")) var numBeams: Int?
  @Option(help: .field(SamplingOptions.self, "length_penalty")) var lengthPenalty: Double?
  @Option(help: .field(SamplingOptions.self, "early_stopping")) var earlyStopping: String?
  @Option(help: "A text at which to stop; may be given several times.") var stop: [String] = []
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if [prompt, chat, data].count(where: { $0 != nil }) != 1 {
      throw ValidationError("give --prompt, --chat or --data, one of them")
    }
    if system != nil, chat == nil { throw ValidationError("--system needs --chat") }
  }

  func run() throws {
    let options = try sampling()
    let device = try engine.start()
    guard let tokenizer = try ModelFolder(model.model).tokenizer() else {
      throw Failure(.badInput, "no tokenizer, \(model.model): put tokenizer.json beside config.json")
    }
    let tuned = try model.load(
      task: Self.task(of: model.model), engine, device: device, speech)
    let generator = try TextGenerator(tuned.model, tokenizer: tokenizer)
    if let data { return try continueRows(of: data, tuned, generator, tokenizer, options) }
    let ids = try promptIDs(tokenizer)
    let isStreaming = !speech.json
    let completion = try generator.generate([ids], options) { event in
      if isStreaming, !event.text.isEmpty { Console.print(event.text, terminator: "") }
    }.first
    guard speech.json else { return Console.print("") }
    Console.print([
      "text": .string(completion?.text ?? ""), "ids": .array((completion?.ids ?? []).map(JSONValue.int)),
      "prompt_tokens": .int(ids.count), "finish_reason": .string(completion?.finishReason.name ?? "length"),
    ])
  }

  /// To write in answer, for a model that can; else to continue.
  static func task(of model: String) throws -> ModelTask {
    let config = try ModelConfiguration(folder: ModelFolder(model).path)
    return try ModelRegistry.tasks(of: config).contains(.seq2seqLM) ? .seq2seqLM : .causalLM
  }

  /// Prints a JSON line for each row, with its fields and the text.
  private func continueRows(
    of path: String, _ tuned: AdaptedPretrainedModel, _ generator: TextGenerator,
    _ tokenizer: Tokenizer, _ options: SamplingOptions
  ) throws {
    let rows = try RowFile.read(path, DataOptions())
    let prompts = try rows.map { row in
      let isAnswered = tuned.model.task == .seq2seqLM
      let source = isAnswered ? try SequenceRow.texts(row).source : row.fields["prompt"]?.stringValue
      guard let prompt = source else {
        throw Failure(.badInput, "a row without a prompt, \(row.origin): write {\"prompt\": \"...\"}")
      }
      return try tokenizer.encode(prompt).ids
    }
    let asked = rows.map { $0.fields["adapter"]?.stringValue }
    let completions = try tuned.adapters.withAdapters(asked: asked, origins: rows.map(\.origin)) {
      try generator.generate(prompts, options)
    }
    for (row, completion) in zip(rows, completions) {
      var line = row.fields
      line["text"] = .string(completion.text)
      line["finish_reason"] = .string(completion.finishReason.name)
      Console.print(.object(line))
    }
  }

  private func sampling() throws -> SamplingOptions {
    var values = FlagValues()
    values.set("max_new_tokens", maxNewTokens)
    values.set("min_new_tokens", minNewTokens)
    values.set("temperature", temperature)
    values.set("top_p", topP)
    values.set("top_k", topK)
    values.set("min_p", minP)
    values.set("repetition_penalty", repetitionPenalty)
    values.set("num_beams", numBeams)
    values.set("length_penalty", lengthPenalty)
    values.set("early_stopping", earlyStopping)
    values.set("stop", stop.isEmpty ? nil : stop)
    values.set("seed", engine.seed.map { Int(clamping: $0) })
    return try SamplingOptions(flags: values.object)
  }

  private func promptIDs(_ tokenizer: Tokenizer) throws -> [Int] {
    if let prompt {
      let text =
        prompt == "-"
        ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : prompt
      return try tokenizer.encode(text).ids
    }
    let turns = (system.map { [("system", $0)] } ?? []) + [("user", chat ?? "")]
    let messages = JSONValue.array(turns.map { ["role": .string($0.0), "content": .string($0.1)] })
    let text = try ChatFormat(tokenizer).prompt(messages)
    return try tokenizer.encode(text, addSpecialTokens: false).ids
  }
}
