import ArgumentParser
import Configuration
import Files
import JSON
import Yams

/// `--config run.yaml`: the flags of a command in a file. Keys are the flags' names, with `_` or `-`; flags on the
/// command line come before those of the file.
enum RunFile {
  /// The arguments with the file's flags in place of `--config FILE`.
  ///
  /// - Throws: ``Failure`` when the file cannot be read or has a key that is no flag.
  static func expand(_ arguments: [String]) throws -> [String] {
    guard let name = arguments.first, let command = Peft.command(named: name) else { return arguments }
    guard let (path, rest) = try take(arguments.dropFirst()) else { return arguments }
    let given = Set(rest.filter { $0.hasPrefix("--") }.map { positive(String($0.prefix { $0 != "=" })) })
    let flags = try CommandFlags(of: command)
    var added: [String] = []
    for (key, value) in try read(path) {
      let flag = "--" + key.map { $0 == "_" ? "-" : String($0) }.joined()
      guard flags.names.contains(flag), flag != "--config" else {
        throw Failure(
          .badInput,
          "unknown key '\(key)'\(Suggestion.hint(flag, among: flags.names)), \(path): see 'peft \(name) --help'"
        )
      }
      if !given.contains(positive(flag)) { added += try words(flag, value, flags, path) }
    }
    return [name] + added + rest
  }

  /// The value of `--config`, and the arguments without it.
  private static func take(_ arguments: ArraySlice<String>) throws -> (path: String, rest: [String])? {
    var (path, rest, index) = (String?.none, [String](), arguments.startIndex)
    while index < arguments.endIndex {
      let word = arguments[index]
      if word == "--config" {
        index += 1
        guard index < arguments.endIndex else {
          throw Failure(.usage, "--config needs a file: write --config run.yaml")
        }
        path = arguments[index]
      } else if word.hasPrefix("--config=") {
        path = String(word.dropFirst(9))
      } else {
        rest.append(word)
      }
      index += 1
    }
    return path.map { ($0, rest) }
  }

  /// `--no-shuffle` and `--shuffle` are one flag.
  private static func positive(_ flag: String) -> String {
    flag.hasPrefix("--no-") ? "--" + flag.dropFirst(5) : flag
  }

  private static func read(_ path: String) throws -> [(key: String, value: Node)] {
    let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw Failure(.badInput, "not YAML (\(error)), \(path): write one 'flag: value' on each line")
    }
    guard let node else { return [] }
    guard let mapping = node.mapping else {
      throw Failure(.badInput, "not a mapping, \(path): write one 'flag: value' on each line")
    }
    return try mapping.map { pair in
      guard let key = pair.key.string else {
        throw Failure(.badInput, "a key that is no text, \(path): write one 'flag: value' on each line")
      }
      return (key, pair.value)
    }
  }

  private static func words(_ flag: String, _ value: Node, _ flags: CommandFlags, _ path: String) throws
    -> [String]
  {
    if value.null != nil { return [] }
    if flags.switches.contains(flag) {
      guard let isOn = value.bool else {
        throw Failure(.badInput, "\(flag.dropFirst(2)) is no true or false, \(path): write true or false")
      }
      let negative = "--no-" + flag.dropFirst(2)
      return isOn ? [flag] : flags.names.contains(negative) ? [negative] : []
    }
    if let list = value.sequence {
      let items = list.compactMap(\.string)
      return flags.repeating.contains(flag)
        ? items.flatMap { [flag, $0] } : [flag, items.joined(separator: ",")]
    }
    guard let text = value.scalar?.string else {
      throw Failure(.badInput, "\(flag.dropFirst(2)) is a mapping, \(path): write a value")
    }
    return [flag + "=" + text]
  }
}
