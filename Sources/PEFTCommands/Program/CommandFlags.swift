import ArgumentParser
import JSON

/// The flags of a command, as the argument parser describes them.
struct CommandFlags {
  private(set) var names: [String] = []
  private(set) var switches: Set<String> = []
  private(set) var repeating: Set<String> = []

  init(of command: any ParsableCommand.Type) throws {
    // A sweep hands on what it does not know.
    if command == SweepCommand.self { self = try CommandFlags(of: TrainCommand.self) }
    let description = try JSONValue.parse(command._dumpHelp())
    for argument in description["command"]?["arguments"]?.arrayValue ?? [] {
      for name in argument["names"]?.arrayValue ?? [] where name["kind"]?.stringValue == "long" {
        guard let text = name["name"]?.stringValue else { continue }
        names.append("--\(text)")
        if argument["kind"]?.stringValue == "flag" { switches.insert("--\(text)") }
        if argument["isRepeating"]?.boolValue == true { repeating.insert("--\(text)") }
      }
    }
  }

  /// The same arguments with `--steps -1` as `--steps=-1`.
  ///
  /// The argument parser takes a negative number for a flag, and would speak of a value that is missing.
  static func joiningNegativeNumbers(in arguments: [String]) throws -> [String] {
    func isNegative(_ text: String) -> Bool { text.hasPrefix("-") && Double(text) != nil }
    guard arguments.contains(where: isNegative), let command = arguments.first.flatMap(Peft.command(named:))
    else {
      return arguments
    }
    let flags = try CommandFlags(of: command)
    var joined: [String] = []
    for argument in arguments {
      if isNegative(argument), let flag = joined.last, flags.names.contains(flag),
        !flags.switches.contains(flag)
      {
        joined[joined.count - 1] = "\(flag)=\(argument)"
      } else {
        joined.append(argument)
      }
    }
    return joined
  }

  /// What is wrong with the first flag that the command does not have; nil when it has all.
  ///
  /// The argument parser itself would rather speak of flags that are missing.
  static func unknown(in arguments: [String]) throws -> String? {
    guard let name = arguments.first, let command = Peft.command(named: name) else { return nil }
    let flags = try CommandFlags(of: command)
    let given = arguments.dropFirst().prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map {
      String($0.prefix { $0 != "=" })
    }
    guard let wrong = given.first(where: { !flags.names.contains($0) && $0 != "--help" }) else { return nil }
    return "unknown option '\(wrong)'\(Suggestion.hint(wrong, among: flags.names)): see 'peft \(name) --help'"
  }
}
