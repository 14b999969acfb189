/// Runs the instructions of a regular expression on a text, going back where it was in vain.
struct RegexMatcher {
  private let program: RegexProgram
  private let text: UnsafePointer<UInt8>
  private let start: Int
  private let end: Int
  private var frames: [Frame] = []
  private var notes: [Int]
  private var steps = 0
  private var stepLimit = 0
  private var searchStart = 0
  private var depth = 0
  /// Where alternatives were begun and, since no match has been found meanwhile, led nowhere: instruction and position.
  /// Kept once an attempt takes long, it makes the time it takes proportional to the text.
  private var deadEnds: Set<DeadEnd> = []
  private var recordsFrom = 0

  private struct DeadEnd: Hashable {
    let instruction: Int
    let position: Int
  }

  /// After so many steps of an attempt dead ends are kept.
  private static let patience = 4_000

  /// What to go back to.
  private enum Frame {
    case resume(at: Int, position: Int)
    /// The next alternative of a choice.
    case alternative(choice: Int, byte: Int, index: Int, position: Int)
    /// A greedy run that can give back characters down to `least`.
    case shrink(at: Int, least: Int, position: Int)
    /// A lazy run that can take more characters.
    case grow(at: Int, set: Int, left: Int, position: Int)
    case restore(slot: Int, value: Int)
  }

  /// Raised when a search has gone back too often to be of use to anyone.
  struct Exploded: Error {}

  init(_ program: RegexProgram, _ text: UnsafePointer<UInt8>, _ range: Range<Int>) {
    self.program = program
    self.text = text
    start = range.lowerBound
    end = range.upperBound
    notes = Array(repeating: -1, count: program.slots)
    // Sound expressions take a few steps for each character.
    stepLimit = 5_000_000 + 500 * range.count
  }

  /// The next match at or after `position`.
  ///
  /// - Throws: `Exploded` when finding out took too long.
  mutating func next(from position: Int) throws -> Range<Int>? {
    searchStart = position
    var position = position
    while position <= end {
      if let firstBytes = program.firstBytes {
        while position < end, !firstBytes.base[Int(text[position])] { position += 1 }
        if position == end { return nil }
      }
      recordsFrom = steps + Self.patience
      if let stop = try match(at: 0, position) {
        deadEnds.removeAll(keepingCapacity: true)
        return position..<stop
      }
      position += position < end ? utf8Length(leading: text[position]) : 1
    }
    return nil
  }

  /// Where the part of the program that begins at `instruction` ends when it matches at `position`; with `mustEndAt`,
  /// only ways that end there count.
  private mutating func match(
    at instruction: Int, _ position: Int, mustEndAt: Int? = nil
  ) throws -> Int? {
    depth += 1
    defer { depth -= 1 }
    let floor = frames.count
    var instruction = instruction
    var position = position
    while true {
      steps += 1
      if steps > stepLimit { throw Exploded() }
      var failed = false
      switch program.instructions[instruction] {
      case .set(let set):
        let length = position < end ? program.sets[set].match(text, position) : 0
        failed = length == 0
        position += length
        instruction += 1
      case .run(let set, let least, let most, let eagerness):
        failed = !run(set, least, most, eagerness, instruction + 1, &position)
        instruction += 1
      case .jump(let target): instruction = target
      case .split where isDeadEnd(instruction, position), .choice where isDeadEnd(instruction, position):
        failed = true
      case .split(let first, let second):
        frames.append(.resume(at: second, position: position))
        instruction = first
      case .choice(let choice):
        let byte = position < end ? Int(text[position]) : 256
        frames.append(.alternative(choice: choice, byte: byte, index: 0, position: position))
        failed = true
      case .atomic(let partEnd):
        if let stop = try match(at: instruction + 1, position) {
          position = stop
          instruction = partEnd
        } else {
          failed = true
        }
      case .look(let partEnd, let isAhead, let isNegated, let least, let most):
        let found =
          isAhead
          ? try match(at: instruction + 1, position) != nil
          : try isBehind(instruction + 1, position, least, most)
        failed = found == isNegated
        instruction = partEnd
      case .place(let place):
        failed = !isAt(place, position)
        instruction += 1
      case .note(let slot):
        frames.append(.restore(slot: slot, value: notes[slot]))
        notes[slot] = position
        instruction += 1
      case .leaveIfStill(let slot, let exit):
        instruction = notes[slot] == position ? exit : instruction + 1
      case .match:
        if mustEndAt == nil || mustEndAt == position {
          unwind(to: floor)
          return position
        }
        failed = true
      }
      if failed, !goBack(to: floor, &instruction, &position) { return nil }
    }
  }

  /// Whether the alternatives here have been tried in vain. They have if they were begun before: nothing comes back to
  /// the same place before they are all done with, as loops that could stand still keep notes.
  @inline(__always)
  private mutating func isDeadEnd(_ instruction: Int, _ position: Int) -> Bool {
    guard steps > recordsFrom || !deadEnds.isEmpty, depth == 1, program.slots == 0 else { return false }
    return !deadEnds.insert(DeadEnd(instruction: instruction, position: position)).inserted
  }

  /// Drops what is left to go back to, and puts the notes back.
  private mutating func unwind(to floor: Int) {
    while frames.count > floor {
      if case .restore(let slot, let value) = frames.removeLast() { notes[slot] = value }
    }
  }

  /// Finds the last place where something else can be tried.
  private mutating func goBack(to floor: Int, _ instruction: inout Int, _ position: inout Int) -> Bool {
    while frames.count > floor {
      switch frames.removeLast() {
      case .restore(let slot, let value): notes[slot] = value
      case .resume(let at, let before):
        instruction = at
        position = before
        return true
      case .alternative(let choice, let byte, let index, let before):
        let alternatives = program.choices[choice][byte]
        guard index < alternatives.count else { continue }
        if index + 1 < alternatives.count {
          frames.append(.alternative(choice: choice, byte: byte, index: index + 1, position: before))
        }
        instruction = Int(alternatives[index])
        position = before
        return true
      case .shrink(let at, let least, let before):
        steps += 1
        position = scalarStart(text, before: before, notBefore: least)
        if position > least { frames.append(.shrink(at: at, least: least, position: position)) }
        instruction = at
        return true
      case .grow(let at, let set, let left, let before):
        let length = before < end ? program.sets[set].match(text, before) : 0
        guard length > 0 else { continue }
        position = before + length
        if left > 1 { frames.append(.grow(at: at, set: set, left: left - 1, position: position)) }
        instruction = at
        return true
      }
    }
    return false
  }

  /// Matches a set again and again; false when there are too few.
  private mutating func run(
    _ set: Int, _ least: Int, _ most: Int, _ eagerness: RegexNode.Eagerness, _ following: Int,
    _ position: inout Int
  ) -> Bool {
    let set = (number: set, compiled: program.sets[set])
    var count = 0
    while count < least {
      let length = position < end ? set.compiled.match(text, position) : 0
      if length == 0 { return false }
      position += length
      count += 1
    }
    steps += count
    if count == most { return true }
    if eagerness == .lazy {
      frames.append(.grow(at: following, set: set.number, left: most - count, position: position))
      return true
    }
    let least = position
    while count < most, position < end {
      let length = set.compiled.match(text, position)
      if length == 0 { break }
      position += length
      count += 1
    }
    steps += (position - least) / 8
    if eagerness == .greedy, position > least {
      frames.append(.shrink(at: following, least: least, position: position))
    }
    return true
  }

  /// Whether a part matches from somewhere before `position` up to it.
  private mutating func isBehind(_ part: Int, _ position: Int, _ least: Int, _ most: Int) throws -> Bool {
    var candidate = position
    var width = 0
    while true {
      if width >= least, try match(at: part, candidate, mustEndAt: position) != nil { return true }
      guard width < most, candidate > start else { return false }
      candidate = scalarStart(text, before: candidate, notBefore: start)
      width += 1
    }
  }

  private func isAt(_ place: RegexNode.Place, _ position: Int) -> Bool {
    switch place {
    case .textStart: return position == start
    case .textEnd: return position == end
    case .lastLineEnd: return position == end || (position == end - 1 && text[position] == 0x0A)
    case .lineStart: return position == start || (text[position - 1] == 0x0A && position < end)
    case .lineEnd: return position == end || text[position] == 0x0A
    case .searchStart: return position == searchStart
    case .wordBoundary: return isWord(before: position) != isWord(at: position)
    case .noWordBoundary: return isWord(before: position) == isWord(at: position)
    }
  }

  private func isWord(at position: Int) -> Bool {
    position < end && UnicodeProperty.word.contains(scalar(text, at: position).value)
  }

  private func isWord(before position: Int) -> Bool {
    position > start && isWord(at: scalarStart(text, before: position, notBefore: start))
  }
}
