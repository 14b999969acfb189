/// Replacing characters one by one.
extension AlignedText {
  /// Puts `map` of every character in its place, or `expansion` where there is one, aligned with it.
  mutating func mapScalars(
    _ map: (UInt32) -> UInt32, expansion: (UInt32) -> [UInt32]? = { _ in nil }
  ) {
    var changed: [(position: Int, scalar: UInt32)] = []
    var keepsLengths = true
    withBytes { text in
      var position = 0
      while position < count {
        let next = scalar(text, at: position)
        let mapped = map(next.value)
        if mapped != next.value {
          changed.append((position, mapped))
          if utf8Length(mapped) != next.length { keepsLengths = false }
        } else if next.value >= 0x80, expansion(next.value) != nil {
          changed.append((position, mapped))
          keepsLengths = false
        }
        position += next.length
      }
    }
    if changed.isEmpty { return }
    if keepsLengths {
      for change in changed { overwrite(change.position, with: change.scalar) }
      return
    }
    var editor = AlignedTextEditor(self, extra: changed.count * 2)
    withBytes { text in
      var kept = 0
      for change in changed {
        editor.keep(kept..<change.position)
        let old = scalar(text, at: change.position)
        for new in expansion(old.value) ?? [change.scalar] {
          editor.insert(new, alignedWith: change.position)
        }
        kept = change.position + old.length
      }
      editor.keep(kept..<count)
    }
    self = editor.finish()
  }
}
