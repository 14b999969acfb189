import Files
import Foundation
import NN
import Pickle
import Safetensors
import Testing
import Torch

/// What a wrong request for another adapter ends in: one line that says the remedy, its exit code, and no files.
@Suite(.serialized) struct MistakeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let arguments: [String]
    let code: Int32
    let words: String
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ line: String, _ code: Int32, _ words: String) {
      (arguments, self.code, self.words) = (line.split(separator: " ").map(String.init), code, words)
    }
  }

  /// `@NAME` is one of the reference adapters, `%NAME` a reference model, `=NAME` a file made for the test.
  static let cases: [Case] = [
    Case("convert --input =missing --to mlx", 65, "check the path"),
    Case("convert --input =empty --to mlx", 65, "no file of tensors"),
    Case("convert --input =notes.txt --to peft", 65, "notes.txt"),
    Case("convert --input =short.safetensors --to peft", 65, "short.safetensors"),
    Case("convert --input =other.safetensors --to peft", 65, "no adapter in a layout that is known"),
    Case("convert --input =broken --to peft", 65, "adapter_config.json"),
    Case("convert --input @list --to gguf", 65, "--model"),
    Case("convert --input @list --to gguf --model =missing", 65, "check the path"),
    Case("convert --input @modules-to-save --to mlx", 65, "no place in the layout mlx"),
    Case("convert --input @list --to cloneofsimo", 64, "--to is 'cloneofsimo'"),
    Case("convert --input @list --to diffusers --component unit", 64, "did you mean 'unet'"),
    Case("convert --input =plain.pt --to peft", 65, "--alpha"),
    Case("convert --input =plain.pt --to peft --alpha inf", 64, "--alpha"),
    Case("convert --input =plain.pt --to peft --alpha 2 --enable-lora maybe", 64, "true,false,true"),
    Case("convert --input =fused.pt --to peft --alpha 2 --enable-lora 1,1,1", 65, "--enable-lora"),
    Case("convert --input =numbered.safetensors --to kohya", 65, "numbered"),
    Case("train --model %llama --data =rows.jsonl --steps -1", 64, "--steps is -1: must be at least 1"),
    Case("train --model %llama --data =rows.jsonl --rank -4", 64, "--rank is -4: must be at least 1"),
    Case("train --model %llama --data =rows.jsonl --learning-rate -1e-3", 64, "--learning-rate is -0.001"),
    Case("train --model %llama --data =rows.jsonl --originals %llama", 64, "--originals is for --init loftq"),
    Case(
      "train --model %llama --data =rows.jsonl --rank 100000", 64, "--rank is 100000: must be at most 65536"),
    Case(
      "train --model %llama --data =rows.jsonl --alpha nan", 64, "--alpha is nan: must be a finite number"),
    Case(
      "train --model %llama --data =rows.jsonl --init-adapter @list --rank 9", 64,
      "--rank is 9, but the adapter"),
    Case("train --model %llama --data =rows.jsonl --init-adapter @list --method dora", 64, "use_dora"),
    Case("combine --adapter @list --rank -2", 64, "--rank is -2"),
    Case("convert --input @alora --to lora", 65, "acts on some tokens only"),
    Case("convert --input @alora --to kohya", 65, "no place in the layout kohya"),
    Case("convert --input @ia3 --to lora", 65, "--model"),
    Case("convert --input @list", 64, "--to"),
    Case("combine", 64, "--adapter"),
    Case("combine --adapter @list --adapter =missing", 65, "check the path"),
    Case("combine --adapter @list --adapter @rslora --weights 1", 64, "give one for each"),
    Case("combine --adapter @list --adapter @rslora --weights 1,x", 64, "--weights is '1,x'"),
    Case("combine --adapter @list --adapter @ia3 --combination cat", 65, "@ia3"),
    Case("combine --adapter @list --adapter @list --combination tise", 64, "ties"),
    Case("combine --adapter @list --adapter @list --combination ties --density 2", 64, "density"),
    Case("combine --adapter @list --adapter @prompt", 65, "@prompt"),
    Case("extract --base %llama --tuned =missing --rank 2", 65, "check the path"),
    Case("extract --base %llama --tuned @list --rank 2", 65, "@list"),
    Case("extract --base %llama --tuned %llama --rank -1", 64, "--rank"),
    Case("extract --base %llama --tuned %llama-bias --rank 2", 65, "only the tuned model has"),
  ]

  private static func place(_ word: String, _ scratch: Scratch) -> String {
    switch word.first {
    case "@": Golden.path("adapters/\(word.dropFirst())")
    case "%": Golden.path("models/\(word.dropFirst())")
    case "=": scratch.path(String(word.dropFirst()))
    default: word
    }
  }

  private static func fill(_ scratch: Scratch) throws {
    try Folder.create(scratch.path("empty"))
    try Folder.create(scratch.path("broken"))
    _ = try scratch.file("notes.txt", "nothing of use")
    _ = try scratch.file("short.safetensors", "short")
    _ = try scratch.file("broken/adapter_config.json", "{\"peft_type\": ")
    try SafetensorsWriter.write(["x.weight": .ones([2, 2])], to: scratch.path("other.safetensors"))
    try SafetensorsWriter.write(
      ["unet:0:down": .ones([1, 2]), "unet:0:up": .ones([3, 1])], to: scratch.path("numbered.safetensors"))
    try TorchFileWriter.write(
      ["q.lora_A": .ones([2, 6]), "q.lora_B": .ones([4, 2])], to: scratch.path("plain.pt"))
    try TorchFileWriter.write(
      ["q.lora_A": .ones([4, 6]), "q.lora_B": .ones([8, 2])], to: scratch.path("fused.pt"))
  }

  @Test(arguments: cases)
  func mistakesAreOneLineAndLeaveNothing(_ mistake: Case) throws {
    let scratch = try Scratch()
    try Self.fill(scratch)
    let before = try Folder.names(in: scratch.folder)
    let arguments = mistake.arguments.map { Self.place($0, scratch) }
    let ended = try Executable(arguments + ["--output", scratch.path("out/deep")])
    #expect(ended.code == mistake.code, "\(ended.errors)")
    let lines = ended.errors.split(separator: "\n")
    #expect(lines.count == 1 && ended.errors.hasPrefix("error: "), "\(ended.errors)")
    #expect(ended.errors.contains(Self.place(mistake.words, scratch)), "\(ended.errors)")
    #expect(ended.output.isEmpty)
    let after = try Folder.names(in: scratch.folder).filter { $0 != "out" }
    #expect(after == before)
    #expect(try !Folder.exists(scratch.path("out")) || Folder.names(in: scratch.path("out")).isEmpty)
  }

  @Test func whatIsInTheWayOfTheOutputStays() throws {
    let scratch = try Scratch()
    try Folder.create(scratch.path("taken"))
    let file = try scratch.file("taken/notes.txt", "mine")
    for output in [scratch.path("taken"), file, Folder.join(file, "below")] {
      for command in [
        ["convert", "--input", Golden.path("adapters/list"), "--to", "mlx"],
        ["combine", "--adapter", Golden.path("adapters/list"), "--combination", "cat"],
      ] {
        let ended = try Executable(command + ["--output", output])
        #expect(ended.code == 65 && ended.errors.split(separator: "\n").count == 1, "\(ended.errors)")
        #expect(try Folder.names(in: scratch.path("taken")) == ["notes.txt"])
        #expect(try String(decoding: WholeFile.read(file), as: UTF8.self) == "mine")
      }
    }
  }
}
