import ArgumentParser
import Foundation
import Models

/// The program `peft`: parses, runs a command, and turns every error into one line and an exit code.
public enum Program {
  /// Runs with the process's arguments and ends it.
  public static func main() async -> Never {
    // A reader that goes away (`peft ... | head`) must not end the program in the middle of its work.
    signal(SIGPIPE, SIG_IGN)
    exit(await run(Array(CommandLine.arguments.dropFirst())))
  }

  /// Runs with `arguments` and returns the exit code.
  public static func run(_ arguments: [String]) async -> Int32 {
    do {
      let arguments = try CommandFlags.joiningNegativeNumbers(in: RunFile.expand(arguments))
      // Models and adapters that are not on this machine are pulled wherever a command names one.
      let display = HubDisplay(isQuiet: arguments.contains("--quiet"))
      ModelFolder.fetch = { try display.folder(of: $0) }
      try await execute(arguments)
      return 0
    } catch {
      return report(error, arguments)
    }
  }

  private static func execute(_ arguments: [String]) async throws {
    var command = try Peft.parseAsRoot(arguments)
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  private static func report(_ error: any Error, _ arguments: [String]) -> Int32 {
    let code = Peft.exitCode(for: error)
    if code == .success {
      Console.print(Peft.fullMessage(for: error))
      return 0
    }
    if let failure = Failure(error) {
      Console.error("error: \(failure.message)")
      return failure.code.rawValue
    }
    guard code == .validationFailure else {
      Console.error("error: \(Failure(.ours, "\(error)").message)")
      return Failure.Code.ours.rawValue
    }
    Console.error("error: \(usage(error, arguments))")
    return Failure.Code.usage.rawValue
  }

  /// A mistake on the command line, in one line that says where help is.
  private static func usage(_ error: any Error, _ arguments: [String]) -> String {
    if let unknown = try? CommandFlags.unknown(in: arguments) { return unknown }
    let name = arguments.first.flatMap { name in Peft.commandNames.contains(name) ? " \(name)" : nil } ?? ""
    if name.isEmpty, let word = arguments.first, !word.hasPrefix("-") {
      return "unknown command '\(word)'\(Suggestion.hint(word, among: Peft.commandNames)): see 'peft --help'"
    }
    let text =
      Peft.message(for: error).split(whereSeparator: \.isNewline).first.map(String.init) ?? "wrong usage"
    let clause = text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text
    let body = clause.hasSuffix(".") ? String(clause.dropLast()) : clause
    return "\(body.prefix(1).lowercased())\(body.dropFirst()): see 'peft\(name) --help'"
  }
}

/// The root command.
struct Peft: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peft",
    abstract: "Fine-tune, evaluate, merge and serve adapters for Hugging Face models.",
    discussion: """
      Example:
        peft train --model Qwen2.5-0.5B --data rows.jsonl --output tuned
        peft generate --model Qwen2.5-0.5B --adapter tuned --prompt "Once"

      'peft demo' shows the whole story in about a minute, offline.
      """,
    version: "0.1.0",
    subcommands: [
      TrainCommand.self, EvalCommand.self, GenerateCommand.self, LogitsCommand.self, MergeCommand.self,
      EmbedCommand.self, SweepCommand.self, InspectCommand.self, StatusCommand.self, CombineCommand.self,
      ExtractCommand.self, ConvertCommand.self,
      QuantizeCommand.self, ServeCommand.self, BenchCommand.self,
      TokenizeCommand.self, TrainTokenizerCommand.self,
      PullCommand.self, PushCommand.self, DemoCommand.self,
    ])

  static func command(named name: String) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { $0.configuration.commandName == name }
  }

  static var commandNames: [String] {
    configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
  }
}
