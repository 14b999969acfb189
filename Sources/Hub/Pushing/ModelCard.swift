import Files
import Foundation
import JSON

/// The README.md of a folder that has none: what the hub files the model under, and what is known of its training.
///
/// Source of the fields: huggingface.co/docs/hub/model-cards.
struct ModelCard {
  private let id: RepositoryID
  private let adapter, summary: JSONObject

  /// - Parameter folder: with `adapter_config.json` for an adapter, and `summary.json` when a run has written it.
  init(_ folder: String, id: RepositoryID) {
    func object(_ name: String) -> JSONObject {
      (try? JSONValue.parse(contentsOf: Folder.join(folder, name)))?.objectValue ?? [:]
    }
    (self.id, adapter, summary) = (id, object("adapter_config.json"), object("summary.json"))
  }

  var text: String {
    ([header, "# \(id.name)", introduction] + [use, training].compactMap { $0 }).joined(separator: "\n\n")
      + "\n"
  }

  private var isAdapter: Bool { !adapter.isEmpty }
  private var method: String { adapter["peft_type"]?.stringValue ?? "" }

  /// The base as the hub knows it; nil for a folder on somebody's disk, which is nobody's business.
  private var base: String? {
    guard let name = adapter["base_model_name_or_path"]?.stringValue else { return nil }
    if let id = try? RepositoryID(name), id.organization != nil, !Folder.exists(name) { return id.path }
    // A snapshot in a cache says what it is of.
    return name.split(separator: "/").first { $0.hasPrefix("models--") }.flatMap { folder in
      (try? RepositoryID(String(folder.dropFirst(8)).replacing("--", with: "/")))?.path
    }
  }

  private var header: String {
    var lines = ["---"]
    if let base { lines.append("base_model: \(base)") }
    lines.append("library_name: \(isAdapter ? "peft" : "transformers")")
    let tags =
      (base.map { isAdapter ? ["base_model:adapter:\($0)"] : [] } ?? [])
      + (method.isEmpty ? [] : [method.lowercased()]) + ["swift-peft"]
    lines += ["tags:"] + tags.map { "- \(Self.scalar($0))" }
    let pipelines = [
      "CAUSAL_LM": "text-generation", "SEQ_CLS": "text-classification", "TOKEN_CLS": "token-classification",
    ]
    if let pipeline = adapter["task_type"]?.stringValue.flatMap({ pipelines[$0] }) {
      lines.append("pipeline_tag: \(pipeline)")
    }
    return (lines + ["---"]).joined(separator: "\n")
  }

  /// A word that YAML reads as text, whatever is in it.
  private static func scalar(_ text: String) -> String {
    text.allSatisfy { $0.isLetter || $0.isNumber || "-_".contains($0) }
      ? text : JSONValue.string(text).serialized(ascii: false)
  }

  private var introduction: String {
    guard isAdapter else { return "A model written by swift-peft." }
    let rank = adapter["r"]?.intValue.map { ", rank \($0)" } ?? ""
    return "An adapter (\(method.isEmpty ? "PEFT" : method)\(rank))"
      + (base.map { " for [\($0)](https://huggingface.co/\($0))" } ?? "") + ", written by swift-peft."
  }

  private var use: String? {
    guard isAdapter, let base else { return nil }
    return """
      ## Use

          peft generate --model \(base) --adapter \(id.path) --prompt "..."

      or with Hugging Face PEFT, `PeftModel.from_pretrained(model, "\(id.path)")`.
      """
  }

  /// The numbers of `summary.json`; nil when there are none.
  private var training: String? {
    var rows: [(String, String)] = []
    func add(_ title: String, _ key: String) {
      if let number = summary[key]?.numberValue { rows.append((title, Self.short(number))) }
    }
    add("steps", "steps")
    add("final loss", "final_loss")
    for (name, value) in summary["eval"]?.objectValue?.members ?? [] {
      if let number = value.numberValue { rows.append(("evaluation: \(name)", Self.short(number))) }
    }
    add("trainable parameters", "trainable_parameters")
    add("parameters in all", "total_parameters")
    add("seconds", "seconds")
    guard !rows.isEmpty else { return nil }
    return "## Training\n\n| | |\n|---|---|\n" + rows.map { "| \($0.0) | \($0.1) |" }.joined(separator: "\n")
  }

  private static func short(_ number: JSONNumber) -> String {
    number.isInteger ? number.literal : String(format: "%.4g", number.doubleValue)
  }
}
