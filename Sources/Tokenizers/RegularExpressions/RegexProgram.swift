/// A regular expression as instructions for the matcher.
final class RegexProgram: Sendable {
  enum Instruction: Sendable {
    case set(Int)
    /// A set again and again; faster than a loop.
    case run(set: Int, least: Int, most: Int, RegexNode.Eagerness)
    case jump(Int)
    /// Goes on at `first`, and at `second` when that fails.
    case split(first: Int, second: Int)
    /// Goes on at the alternatives that the next byte allows, one after the other.
    case choice(Int)
    /// Matches the part up to `end` by itself, without going back into it, and goes on there.
    case atomic(end: Int)
    case look(end: Int, isAhead: Bool, isNegated: Bool, least: Int, most: Int)
    case place(RegexNode.Place)
    /// Notes the position in a slot; `leaveIfStill` leaves a loop that has not moved since.
    case note(slot: Int)
    case leaveIfStill(slot: Int, exit: Int)
    /// The end of the expression, or of a part that is matched by itself.
    case match
  }

  let instructions: [Instruction]
  let sets: [CompiledSet]
  /// For each choice, the alternatives by first byte; index 256 is for the end of the text.
  let choices: [[[Int32]]]
  let slots: Int
  /// The bytes a match can begin with; nil when it can begin with any, or be empty.
  let firstBytes: Block<Bool>?

  /// - Throws: `TokenizerError` when the program would be too large.
  init(_ node: RegexNode, source: String) throws {
    var compiler = RegexCompiler(source: source)
    try compiler.add(node)
    compiler.instructions.append(.match)
    instructions = compiler.instructions
    sets = compiler.sets.map(CompiledSet.init)
    choices = compiler.choices
    slots = compiler.slots
    if node.canBeEmpty {
      firstBytes = nil
    } else {
      let table = Block<Bool>(repeating: false, count: 256)
      for byte in node.firstBytes { table.base[Int(byte)] = true }
      firstBytes = table
    }
  }
}

/// Turns the meaning of an expression into instructions.
private struct RegexCompiler {
  let source: String
  var instructions: [RegexProgram.Instruction] = []
  var sets: [ScalarSet] = []
  var choices: [[[Int32]]] = []
  var slots = 0

  private var parts = 0

  private static let largest = 20_000
  private static let mostParts = 1_000_000
  private static let longestLookBehind = 1_000

  init(source: String) { self.source = source }

  mutating func add(_ node: RegexNode) throws {
    // Parts are counted too: what is empty makes no instructions, however often it is repeated.
    parts += 1
    guard instructions.count < Self.largest, parts < Self.mostParts else {
      throw TokenizerError(
        "regular expression \(source): it is too large when its repetitions are written out")
    }
    switch node {
    case .empty: break
    case .set(let set): instructions.append(.set(number(of: set)))
    case .sequence(let parts): for part in parts { try add(part) }
    case .choice(let parts): try addChoice(parts)
    case .loop(let part, let count, let eagerness): try addLoop(part, count, eagerness)
    case .atomic(let part): try addApart(part) { .atomic(end: $0) }
    case .place(let place): instructions.append(.place(place))
    case .look(let part, let isAhead, let isNegated):
      let width = part.width
      guard isAhead || width.most <= Self.longestLookBehind else {
        throw TokenizerError("look-behind without bound, in the regular expression \(source): give it one")
      }
      try addApart(part) {
        .look(end: $0, isAhead: isAhead, isNegated: isNegated, least: width.least, most: width.most)
      }
    }
  }

  private mutating func number(of set: ScalarSet) -> Int {
    sets.append(set)
    return sets.count - 1
  }

  /// A part that is matched by itself, between an instruction that knows where it ends and `match`.
  private mutating func addApart(
    _ part: RegexNode, _ instruction: (Int) -> RegexProgram.Instruction
  ) throws {
    let start = instructions.count
    instructions.append(.match)
    try add(part)
    instructions.append(.match)
    instructions[start] = instruction(instructions.count)
  }

  private mutating func addChoice(_ parts: [RegexNode]) throws {
    let start = instructions.count
    instructions.append(.choice(choices.count))
    var table = [[Int32]](repeating: [], count: 257)
    choices.append([])
    let slot = choices.count - 1
    var jumps: [Int] = []
    for part in parts {
      let place = Int32(instructions.count)
      if part.canBeEmpty {
        for byte in table.indices { table[byte].append(place) }
      } else {
        for byte in part.firstBytes { table[Int(byte)].append(place) }
      }
      try add(part)
      jumps.append(instructions.count)
      instructions.append(.jump(0))
    }
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
    choices[slot] = table
    instructions[start] = .choice(slot)
  }

  private mutating func addLoop(
    _ part: RegexNode, _ count: RegexNode.Count, _ eagerness: RegexNode.Eagerness
  ) throws {
    if case .set(let set) = part {
      instructions.append(
        .run(set: number(of: set), least: count.least, most: count.most ?? .max, eagerness))
      return
    }
    if eagerness == .possessive {
      try addApart(.loop(part, count, .greedy)) { .atomic(end: $0) }
      return
    }
    for _ in 0..<count.least { try add(part) }
    guard let most = count.most else {
      try addStar(part, eagerness)
      return
    }
    // What is optional nests: each further time only after the one before.
    var splits: [Int] = []
    for _ in count.least..<max(most, count.least) {
      splits.append(instructions.count)
      instructions.append(.jump(0))
      try add(part)
    }
    for split in splits {
      instructions[split] = Self.split(eagerness, into: split + 1, past: instructions.count)
    }
  }

  private static func split(
    _ eagerness: RegexNode.Eagerness, into body: Int, past exit: Int
  ) -> RegexProgram.Instruction {
    eagerness == .lazy ? .split(first: exit, second: body) : .split(first: body, second: exit)
  }

  private mutating func addStar(_ part: RegexNode, _ eagerness: RegexNode.Eagerness) throws {
    let start = instructions.count
    instructions.append(.jump(0))
    if part.canBeEmpty {
      let slot = slots
      slots += 1
      instructions.append(.note(slot: slot))
      try add(part)
      let check = instructions.count
      instructions.append(.jump(0))
      instructions.append(.jump(start))
      instructions[check] = .leaveIfStill(slot: slot, exit: instructions.count)
    } else {
      try add(part)
      instructions.append(.jump(start))
    }
    instructions[start] = Self.split(eagerness, into: start + 1, past: instructions.count)
  }
}
