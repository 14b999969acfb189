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
