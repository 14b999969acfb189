import Files
import JSON
import NN
import PEFTCommands
import Safetensors
import Testing
import Torch

/// Encoders through the whole program: vectors of texts, predictions with names, several seeds, answers, hidden words.
@Suite(.serialized) struct EncoderCommandTests {
  private let model = Golden.path("sentences")
  private let pairs = """
    Quality\t#1 ID\t#2 ID\t#1 String\t#2 String
    1\t1\t2\tthe man eats\tA man eats.
    0\t3\t4\tthe dog sleeps\ta woman reads a book
    1\t5\t6\ta cat runs\tthe cat runs
    0\t7\t8\tfood in the house\tthe tree

    """

  private func run(_ arguments: String...) async -> Int32 { await Program.run(arguments + ["--quiet"]) }

  @Test(arguments: ["mean", "cls", "max", "normalized"])
  func vectorsAreThoseOfTransformers(pooling: String) async throws {
    let scratch = try Scratch()
    let output = scratch.path("vectors.safetensors")
    var arguments = [
      "embed", "--model", model, "--data", "\(model)/texts.jsonl", "--output", output, "--batch-size", "4",
    ]
    if pooling != "normalized" { arguments += ["--pooling", pooling, "--no-normalize"] }
    #expect(await Program.run(arguments + ["--quiet"]) == 0)
    let found = try #require(SafetensorsFile(path: output).allTensors()["embeddings"])
    let right = try #require(SafetensorsFile(path: "\(model)/expected.safetensors").allTensors()[pooling])
    #expect(try found.relativeError(to: right) < 1e-5)
  }

  @Test func vectorsAreLinesUnlessToldOtherwise() async throws {
    let scratch = try Scratch()
    let data = try scratch.file("texts.txt", "the dog\na cat sleeps\n")
    #expect(await run("embed", "--model", model, "--data", data, "--output", scratch.path("v.jsonl")) == 0)
    let text = String(decoding: try WholeFile.read(scratch.path("v.jsonl")), as: UTF8.self)
    let lines = try text.split(separator: "\n").map { try JSONValue.parse(String($0)) }
    #expect(lines.map { $0["index"]?.intValue } == [0, 1])
    for line in lines {
      let values = (line["embedding"]?.arrayValue ?? []).compactMap(\.doubleValue)
      #expect(values.count == 16 && abs(values.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }
    #expect(await run("embed", "--model", model, "--data", data, "--pooling", "men") == 64)
  }

  @Test func predictionsHaveNamesAndGLUEsLayout() async throws {
    let scratch = try Scratch()
    let data = try scratch.file("train.txt", pairs)
    let output = scratch.path("run")
    #expect(
      await run(
        "train", "--model", model, "--task", "seq-cls", "--glue", "mrpc", "--data", data, "--eval-data", data,
        "--output", output, "--steps", "4", "--eval-every", "2", "--load-best-model-at-end") == 0)
    let labels = try JSONValue.parse(contentsOf: "\(output)/labels.json")
    #expect(labels["id2label"]?["1"]?.stringValue == "equivalent")
    for arguments in [
      ["combine", "--adapter", output, "--weights", "1"],
      ["convert", "--input", output, "--to", "peft"],
    ] {
      let copy = scratch.path(arguments[0])
      #expect(await Program.run(arguments + ["--output", copy, "--quiet"]) == 0)
      #expect(try JSONValue.parse(contentsOf: "\(copy)/labels.json") == labels)
    }
    let config = try JSONValue.parse(contentsOf: "\(output)/adapter_config.json")
    #expect(config["modules_to_save"]?.arrayValue?.contains("classifier") == true)
    for (flags, allowed) in [
      (["--glue", "mrpc"], ["0", "1"]), (["--text-columns", "a,b"], ["equivalent", "not_equivalent"]),
    ] {
      let test = try scratch.file(
        "test.tsv",
        flags[0] == "--glue"
          ? "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\tthe man\ta man\n1\t1\t2\ta cat\tthe dog\n"
          : "a,b,c\nthe man,a man,\na cat,the dog,\n")
      let file = scratch.path("predictions.tsv")
      #expect(
        await Program.run(
          ["eval", "--model", model, "--adapter", output, "--data", test, "--predictions", file, "--quiet"]
            + flags) == 0)
      let lines = String(decoding: try WholeFile.read(file), as: UTF8.self).split(separator: "\n").map(
        String.init)
      #expect(lines.count == 3 && lines[0] == "index\tprediction")
      for (index, line) in lines.dropFirst().enumerated() {
        let cells = line.split(separator: "\t").map(String.init)
        #expect(cells.count == 2 && cells[0] == "\(index)" && allowed.contains(cells[1]))
      }
    }
  }

  @Test func severalSeedsHaveAMeanAndADeviation() async throws {
    let scratch = try Scratch()
    let data = try scratch.file("train.txt", pairs)
    let output = scratch.path("run")
    func train(_ seeds: String, _ more: String...) async -> Int32 {
      await Program.run(
        [
          "train", "--model", model, "--task", "seq-cls", "--glue", "mrpc", "--data", data, "--eval-data",
          data,
          "--output", output, "--steps", "2", "--quiet", "--seeds", seeds,
        ] + more)
    }
    #expect(await train("1,1") == 64)
    #expect(await train("1,x") == 64)
    #expect(await train("1,2", "--seed", "3") == 64)
    #expect(await train("1,2") == 0)
    let summary = try JSONValue.parse(contentsOf: "\(output)/summary.json")
    let own = try ["seed-1", "seed-2"].map { try JSONValue.parse(contentsOf: "\(output)/\($0)/summary.json") }
    let losses = own.compactMap { $0["eval"]?["loss"]?.doubleValue }
    #expect(losses.count == 2 && losses[0] != losses[1])
    #expect(abs((summary["eval"]?["loss"]?.doubleValue ?? 0) - (losses[0] + losses[1]) / 2) < 1e-12)
    #expect((summary["eval_deviation"]?["loss"]?.doubleValue ?? 0) > 0)
    #expect(await train("1,2") == 65)
    #expect(await train("1,2,3", "--resume") == 0)
    let more = try JSONValue.parse(contentsOf: "\(output)/summary.json")
    #expect(more["runs"]?.arrayValue?.count == 3 && more["runs"]?.arrayValue?.first == own[0])
  }

  private let questions = """
    {"id": "a", "question": "who reads?", "context": "The woman reads a book in the garden.", "answers": {"text": ["The woman"], "answer_start": [0]}}
    {"id": "b", "question": "what sleeps?", "context": "the cat sleeps under a tree and the dog runs in the house and the man eats", "answers": {"text": ["cat", "the cat"], "answer_start": [4, 0]}}

    """

  @Test func answersAreLearnedAndScored() async throws {
    let scratch = try Scratch()
    let data = try scratch.file("squad.jsonl", questions)
    let output = scratch.path("run")
    #expect(
      await run(
        "train", "--model", model, "--task", "question-answering", "--data", data, "--eval-data", data,
        "--output",
        output, "--method", "full", "--steps", "60", "--learning-rate", "0.01", "--max-length", "16") == 0)
    let summary = try JSONValue.parse(contentsOf: "\(output)/summary.json")
    #expect(summary["eval"]?["exact_match"]?.doubleValue == 100)
    #expect(summary["eval"]?["f1"]?.doubleValue == 100)
    #expect(await run("eval", "--model", output, "--data", data) == 0)
  }

  @Test func anAnswerThatIsNotThereIsNamed() async throws {
    let scratch = try Scratch()
    let data = try scratch.file(
      "squad.jsonl",
      "{\"question\": \"q\", \"context\": \"the dog\", \"answers\": {\"text\": [\"cat\"], \"answer_start\": [4]}}\n"
    )
    let code = await run(
      "train", "--model", model, "--task", "question-answering", "--data", data, "--output",
      scratch.path("run"))
    #expect(code == 65)
    #expect(!Folder.exists(scratch.path("run")))
  }

  @Test func hiddenWordsAreLearnedFromText() async throws {
    let scratch = try Scratch()
    let data = try scratch.file(
      "text.txt", "the man reads a book\na cat sleeps in the garden\nthe dog eats food\n")
    for name in ["first", "second"] {
      let code = await run(
        "train", "--model", model, "--task", "masked-lm", "--data", data, "--eval-data", data, "--output",
        scratch.path(name), "--steps", "6", "--batch-size", "2", "--seed", "5")
      #expect(code == 0)
    }
    let weights = try ["first", "second"].map {
      try WholeFile.read("\(scratch.path($0))/adapter_model.safetensors")
    }
    #expect(weights[0] == weights[1])
    let config = try JSONValue.parse(contentsOf: scratch.path("first/adapter_config.json"))
    #expect(config["task_type"]?.isNull == true)
    #expect(config["modules_to_save"]?.arrayValue?.count == 2)
  }
}
