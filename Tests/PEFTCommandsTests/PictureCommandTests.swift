import Files
import Foundation
import JSON
import NN
import PEFTCommands
import Safetensors
import Testing
import Torch

/// Pictures through the whole program: folders of classes, tables, vectors, merging, and files that are none.
@Suite(.serialized) struct PictureCommandTests {
  private let model = Golden.path("vision/vit")

  private func run(_ arguments: String...) async -> Int32 { await Program.run(arguments + ["--quiet"]) }

  private func copy(_ name: String, to path: String) throws {
    try Folder.create(Folder.containing(path))
    try AtomicFile.write(path, WholeFile.read(Golden.path("images/\(name)")))
  }

  /// A folder with a class of photographs and one of drawings.
  private func pictures(_ scratch: Scratch) throws -> String {
    for (index, name) in ["420.jpg", "444.jpg", "422-progressive.jpg"].enumerated() {
      try copy(name, to: scratch.path("data/photo/\(index).jpg"))
    }
    for (index, name) in ["bits.png", "gray.png", "palette.png"].enumerated() {
      try copy(name, to: scratch.path("data/drawing/\(index).png"))
    }
    return scratch.path("data")
  }

  @Test func aFolderOfClassesIsTrainedScoredAndMerged() async throws {
    let scratch = try Scratch()
    let (data, output) = (try pictures(scratch), scratch.path("run"))
    #expect(
      await run(
        "train", "--model", model, "--data", data, "--output", output, "--steps", "6", "--batch-size", "3",
        "--learning-rate", "0.01", "--eval-data", data) == 0)
    let labels = try JSONValue.parse(contentsOf: "\(output)/labels.json")
    #expect(
      labels["id2label"]?["0"]?.stringValue == "drawing" && labels["id2label"]?["1"]?.stringValue == "photo")
    let config = try JSONValue.parse(contentsOf: "\(output)/adapter_config.json")
    #expect(config["target_modules"]?.arrayValue?.compactMap(\.stringValue).sorted() == ["q_proj", "v_proj"])
    #expect(config["modules_to_save"]?.arrayValue?.compactMap(\.stringValue) == ["classifier"])
    let table = scratch.path("predictions.tsv")
    #expect(
      await run("eval", "--model", model, "--adapter", output, "--data", data, "--predictions", table) == 0)
    #expect(String(decoding: try WholeFile.read(table), as: UTF8.self).contains("photo"))
    let merged = scratch.path("merged")
    #expect(await run("merge", "--model", model, "--adapter", output, "--output", merged, "--verify") == 0)
    let whole = try JSONValue.parse(contentsOf: "\(merged)/config.json")
    #expect(whole["id2label"]?["1"]?.stringValue == "photo")
    let (first, second) = (scratch.path("first.safetensors"), scratch.path("second.safetensors"))
    #expect(
      await run("logits", "--model", model, "--adapter", output, "--data", data, "--output", first) == 0)
    #expect(await run("logits", "--model", merged, "--data", data, "--output", second) == 0)
    let (one, other) = (
      try SafetensorsFile(path: first).allTensors(), try SafetensorsFile(path: second).allTensors()
    )
    #expect(one.count == 6 && one["logits.0"]?.shape == [2])
    for (name, tensor) in one { #expect(try #require(other[name]).relativeError(to: tensor) < 1e-5) }
    #expect(await run("inspect", output) == 0)
    #expect(await run("inspect", merged) == 0)
  }

  @Test func anInterruptedRunGoesOnToTheSameBits() async throws {
    let scratch = try Scratch()
    let data = try pictures(scratch)
    func train(_ name: String, _ more: String...) async -> Int32 {
      await Program.run(
        [
          "train", "--model", model, "--data", data, "--output", scratch.path(name), "--batch-size", "2",
          "--scheduler", "constant", "--quiet",
        ]
          + more)
    }
    #expect(await train("whole", "--steps", "6") == 0)
    #expect(await train("parts", "--steps", "3", "--save-every", "3") == 0)
    #expect(await train("parts", "--steps", "6", "--resume") == 0)
    let file = "adapter_model.safetensors"
    #expect(
      try WholeFile.read(scratch.path("whole/\(file)")) == WholeFile.read(scratch.path("parts/\(file)")))
  }

  @Test(arguments: ["metadata.csv", "metadata.jsonl", "rows.csv", "rows.jsonl"])
  func aTableNamesPicturesBesideIt(name: String) async throws {
    let scratch = try Scratch()
    try copy("420.jpg", to: scratch.path("data/images/a.jpg"))
    try copy("gray.png", to: scratch.path("data/images/b.png"))
    let column = name.hasPrefix("metadata") ? "file_name" : "image"
    let text =
      name.hasSuffix("csv")
      ? "\(column),label\nimages/a.jpg,yes\nimages/b.png,no\n"
      : "{\"\(column)\": \"images/a.jpg\", \"label\": 1}\n{\"\(column)\": \"images/b.png\", \"label\": 0}\n"
    try AtomicFile.write(scratch.path("data/\(name)"), text)
    let data = name.hasPrefix("metadata") ? scratch.path("data") : scratch.path("data/\(name)")
    #expect(
      await run("train", "--model", model, "--data", data, "--output", scratch.path("run"), "--steps", "1")
        == 0)
  }

  @Test func picturesBecomeVectors() async throws {
    let scratch = try Scratch()
    let (data, output) = (try pictures(scratch), scratch.path("vectors.safetensors"))
    #expect(await run("embed", "--model", model, "--data", data, "--output", output) == 0)
    let vectors = try #require(SafetensorsFile(path: output).allTensors()["embeddings"])
    #expect(vectors.shape == [6, 8])
    #expect(try (vectors.norm([1]) - 1).norm().item() < 1e-5)
  }

  @Test func anAdapterWithOlderNamesIsUnderstood() async throws {
    let scratch = try Scratch()
    let (data, output) = (try pictures(scratch), scratch.path("run"))
    #expect(
      await run(
        "train", "--model", model, "--data", data, "--output", output, "--steps", "3", "--learning-rate",
        "0.05")
        == 0)
    var config = try #require(JSONValue.parse(contentsOf: "\(output)/adapter_config.json").objectValue)
    config["target_modules"] = ["query", "value"]
    let older = scratch.path("older")
    try Folder.create(older)
    try AtomicFile.write("\(older)/adapter_config.json", JSONValue.object(config).serialized())
    try AtomicFile.write("\(older)/labels.json", WholeFile.read("\(output)/labels.json"))
    let tensors = try SafetensorsFile(path: "\(output)/adapter_model.safetensors").allTensors()
    let renamed = tensors.map { name, tensor in
      let name = name.replacing("vit.layers.", with: "vit.encoder.layer.")
        .replacing("attention.q_proj", with: "attention.attention.query")
        .replacing("attention.v_proj", with: "attention.attention.value")
      return (name, tensor)
    }
    try SafetensorsWriter.write(
      Dictionary(uniqueKeysWithValues: renamed), to: "\(older)/adapter_model.safetensors")
    var found: [[String: Tensor]] = []
    for adapter in [output, older] {
      let file = "\(adapter).logits.safetensors"
      #expect(
        await run("logits", "--model", model, "--adapter", adapter, "--data", data, "--output", file) == 0)
      found.append(try SafetensorsFile(path: file).allTensors())
    }
    for (name, tensor) in found[0] { #expect(try tensor.isIdentical(to: #require(found[1][name]))) }
  }

  @Test(arguments: ["truncated", "text", "missing", "empty", "class", "row"])
  func whatCannotBeUsedIsAnError(kind: String) async throws {
    let scratch = try Scratch()
    let data = try pictures(scratch)
    #expect(
      await run("logits", "--model", model, "--data", data, "--output", scratch.path("whole.safetensors"))
        == 0)
    var rows = data
    switch kind {
    case "truncated":
      try AtomicFile.write(
        scratch.path("data/photo/0.jpg"), Array(WholeFile.read(scratch.path("data/photo/0.jpg")).prefix(400)))
    case "text": try AtomicFile.write(scratch.path("data/photo/0.jpg"), "no picture")
    case "empty": try AtomicFile.write(scratch.path("data/photo/0.jpg"), "")
    case "missing": rows = try scratch.file("rows.jsonl", "{\"image\": \"none.png\", \"label\": 0}\n")
    case "class":
      rows = try scratch.file("rows.jsonl", "{\"image\": \"data/photo/1.jpg\", \"label\": \"dragon\"}\n")
    default: rows = try scratch.file("rows.jsonl", "{\"pixel_values\": [[[1, 2], [3]]], \"label\": 0}\n")
    }
    let output = scratch.path("logits.safetensors")
    if kind == "class" {
      #expect(await run("eval", "--model", model, "--data", rows) == 65)
    } else {
      #expect(await run("logits", "--model", model, "--data", rows, "--output", output) == 65)
    }
    #expect(!Folder.hasFile(output))
    #expect(await run("eval", "--model", model, "--data", scratch.path("nothing")) == 65)
  }
}
