/// Replacing all characters of an aligned text at once, given how each new character relates to the old ones.

/// A new character, and how it relates to the old text.
struct ScalarChange {
  var scalar: UInt32
  /// 0: it replaces the next old character. 1: it is inserted, aligned with the old character before.
  /// -n: it replaces the next old character, and n more old characters after it are gone.
  var change: Int
}

extension AlignedText {
  /// Puts `changes` in place of the whole text, of which the first `dropped` characters are gone.
  mutating func transform(_ changes: [ScalarChange], dropping dropped: Int = 0) {
    var editor = AlignedTextEditor(self, extra: changes.count)
    withBytes { text in
      var offset = 0
      func skip() {
        if offset < count { offset += utf8Length(leading: text[offset]) }
      }
      for _ in 0..<dropped { skip() }
      for next in changes {
        if next.change > 0 {
          editor.insert(next.scalar, alignedWith: offset == 0 ? nil : offset - 1)
          continue
        }
        editor.insert(next.scalar, alignedWith: offset)
        for _ in 0...(-next.change) { skip() }
      }
    }
    self = editor.finish()
  }

  /// Removes the characters for which `isUnwanted` holds.
  mutating func removeScalars(where isUnwanted: (UInt32) -> Bool) {
    let found = withBytes { text in
      var position = 0
      while position < count {
        let next = scalar(text, at: position)
        if isUnwanted(next.value) { return true }
        position += next.length
      }
      return false
    }
    guard found else { return }
    var editor = AlignedTextEditor(self)
    withBytes { text in
      var position = 0
      var kept = 0
      while position < count {
        let next = scalar(text, at: position)
        if isUnwanted(next.value) {
          editor.keep(kept..<position)
          kept = position + next.length
        }
        position += next.length
      }
      editor.keep(kept..<count)
    }
    self = editor.finish()
  }
}
