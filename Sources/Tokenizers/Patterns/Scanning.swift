/// The steps that the hand-written scanners share. Each looks at the characters from `position` up to `end`.

/// The class and length of the character at `position`.
@inline(__always)
func characterClass(_ text: UnsafePointer<UInt8>, _ position: Int) -> (value: UInt8, length: Int) {
  let byte = text[position]
  if byte < 0x80 { return (CharacterClass.ascii.base[Int(byte)], 1) }
  let next = scalar(text, at: position)
  return (CharacterClass.of(next.value), next.length)
}

/// Where the run of characters of class `wanted` ends.
@inline(__always)
func runEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, of wanted: UInt8) -> Int {
  var position = start
  let ascii = CharacterClass.ascii.base
  while position < end {
    let byte = text[position]
    if byte < 0x80 {
      guard ascii[Int(byte)] == wanted else { return position }
      position += 1
    } else {
      let next = scalar(text, at: position)
      guard CharacterClass.of(next.value) == wanted else { return position }
      position += next.length
    }
  }
  return position
}

/// The end of what `\s+(?!\S)|\s+` matches of white space at `start..<stop`: all of it at the end of the text, else
/// all but the last character, which goes with what follows; but at least one.
@inline(__always)
func spaceEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ stop: Int, _ end: Int) -> Int {
  if stop == end { return stop }
  let last = scalarStart(text, before: stop, notBefore: start)
  return last > start ? last : stop
}

/// The end of what `\s*[\r\n]+|\s+(?!\S)|\s+` matches of white space at `start..<stop`: up to its last line break,
/// where it has one.
@inline(__always)
func lineOrSpaceEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ stop: Int, _ end: Int) -> Int {
  var last = stop
  while last > start {
    if text[last - 1] == UInt8(ascii: "\n") || text[last - 1] == UInt8(ascii: "\r") { return last }
    last -= 1
  }
  return spaceEnd(text, start, stop, end)
}

/// The length of `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe; 0 where there is none.
@inline(__always)
func contraction(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
  guard start + 1 < end else { return 0 }
  let first = text[start + 1]
  switch first {
  case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
  default: break
  }
  guard start + 2 < end else { return 0 }
  switch (first, text[start + 2]) {
  case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
    (UInt8(ascii: "l"), UInt8(ascii: "l")):
    return 3
  default: return 0
  }
}

/// The length of `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at an apostrophe; 0 where there is none. The long s, U+017F, is an
/// `s` when case is ignored.
@inline(__always)
func anyCaseContraction(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
  guard start + 1 < end else { return 0 }
  let first = text[start + 1] | 0x20
  switch first {
  case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
  default: break
  }
  guard start + 2 < end else { return 0 }
  if text[start + 1] == 0xC5, text[start + 2] == 0xBF { return 3 }
  switch (first, text[start + 2] | 0x20) {
  case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
    (UInt8(ascii: "l"), UInt8(ascii: "l")):
    return 3
  default: return 0
  }
}
