/// The four Unicode normalization forms.
struct UnicodeNormalizer: Normalizer {
  let form: NormalizationForm

  func normalize(_ text: inout AlignedText) {
    if text.isASCII || text.isPlainly(form) { return }
    let changes = text.withBytes { bytes in
      var changes = decomposed(bytes, count: text.count, compatibly: form.isCompatible)
      if form.composes { compose(&changes) }
      return changes
    }
    text.transform(changes)
  }
}

/// A Unicode normalization form (Unicode Standard Annex 15).
enum NormalizationForm {
  case nfc, nfd, nfkc, nfkd

  var composes: Bool { self == .nfc || self == .nfkc }
  var isCompatible: Bool { self == .nfkc || self == .nfkd }
}

extension AlignedText {
  /// Whether no character can change under `form`, neither alone nor with its neighbours.
  fileprivate func isPlainly(_ form: NormalizationForm) -> Bool {
    withBytes { bytes in
      var position = 0
      while position < count {
        if bytes[position] < 0x80 {
          position += 1
          continue
        }
        let next = scalar(bytes, at: position)
        if !normalizationData.isInert(next.value, form) { return false }
        position += next.length
      }
      return true
    }
  }
}

/// The decomposition of a text in canonical order, each character with its relation to the old text.
private func decomposed(_ bytes: UnsafePointer<UInt8>, count: Int, compatibly: Bool) -> [ScalarChange] {
  var changes: [ScalarChange] = []
  changes.reserveCapacity(count)
  /// Where the run of combining characters that is still to be ordered begins.
  var pending = 0
  func sortPending() {
    if changes.count - pending > 1 {
      // Stable: equals keep their order.
      let sorted = changes[pending...].enumerated().sorted {
        let left = normalizationData.combiningClass($0.element.scalar)
        let right = normalizationData.combiningClass($1.element.scalar)
        return left == right ? $0.offset < $1.offset : left < right
      }
      changes.replaceSubrange(pending..., with: sorted.map(\.element))
    }
  }
  func add(_ scalar: UInt32, isFirst: Bool) {
    if normalizationData.combiningClass(scalar) == 0 {
      sortPending()
      changes.append(ScalarChange(scalar: scalar, change: isFirst ? 0 : 1))
      pending = changes.count
    } else {
      changes.append(ScalarChange(scalar: scalar, change: isFirst ? 0 : 1))
    }
  }
  var position = 0
  while position < count {
    let next = scalar(bytes, at: position)
    position += next.length
    if let parts = normalizationData.decomposition(next.value, compatibly: compatibly) {
      for (index, part) in parts.enumerated() { add(part, isFirst: index == 0) }
    } else {
      add(next.value, isFirst: true)
    }
  }
  sortPending()
  return changes
}

/// Composes decomposed characters in place, as canonical composition says.
private func compose(_ changes: inout [ScalarChange]) {
  var composed: [ScalarChange] = []
  composed.reserveCapacity(changes.count)
  var starter: Int?
  var lastClass: UInt8?
  for next in changes {
    let nextClass = normalizationData.combiningClass(next.scalar)
    if let starter, lastClass == nil || (lastClass ?? 0) < nextClass,
      let whole = normalizationData.composition(composed[starter].scalar, next.scalar)
    {
      composed[starter].scalar = whole
      composed[starter].change += next.change - 1
      continue
    }
    if nextClass == 0 {
      starter = composed.count
      lastClass = nil
    } else if starter != nil {
      lastClass = nextClass
    }
    composed.append(next)
  }
  changes = composed
}
