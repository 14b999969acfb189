import ArgumentParser
import Foundation
import JSON
import Models
import Tokenizers

/// Text to ids, line by line.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn lines of text into token ids, or ids into text.",
    discussion: """
      Reads lines on stdin and prints a JSON line for each: {"ids", "tokens", "offsets"}; offsets count characters.
      With --decode a line is a list of ids, with or without brackets, and the text is printed.

      Example:
        echo "Hello world" | peft tokenize --model Qwen2.5-0.5B
      """)

  @Option(help: "A folder with a tokenizer, or a hub id, ORG/NAME.")
  var model: String

  @Flag(help: "Turn ids into text.")
  var decode = false

  @Flag(help: "Leave out tokens such as the beginning of a sequence.")
  var noSpecialTokens = false

  @OptionGroup(title: "Output") var speech: OutputOptions

  func run() throws {
    let tokenizer = try Tokenizer.load(folder: ModelFolder(model).path)
    var number = 0
    while let line = readLine(strippingNewline: true) {
      number += 1
      if decode {
        let text = try tokenizer.decode(ids(in: line, number), skipSpecialTokens: noSpecialTokens)
        Console.print(text)
      } else {
        Console.print(Self.json(try tokenizer.encode(line, addSpecialTokens: !noSpecialTokens)))
      }
    }
  }

  private func ids(in line: String, _ number: Int) throws -> [Int] {
    let words = line.split { "[], \t".contains($0) }
    return try words.map { word in
      guard let id = Int(word) else {
        throw Failure(.badInput, "'\(word)' is not a token id, stdin line \(number): write whole numbers")
      }
      return id
    }
  }

  static func json(_ encoding: Encoding) -> JSONValue {
    [
      "ids": .array(encoding.ids.map(JSONValue.int)),
      "tokens": .array(encoding.tokens.map(JSONValue.string)),
      "offsets": .array(encoding.offsets.map { .array([.int($0.lowerBound), .int($0.upperBound)]) }),
    ]
  }
}
