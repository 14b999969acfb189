/// Which characters are the same when case is ignored.
enum CaseFolding {
  /// For every character with case all those that it is the same as, itself included.
  private static let classes: [UInt32: [UInt32]] = {
    var byFolded: [UInt32: [UInt32]] = [:]
    var previous: UInt32 = 0
    forEachItem(in: CaseFoldingTable.pairs) { item in
      previous += item[0]
      byFolded[item[1], default: [item[1]]].append(previous)
    }
    var classes: [UInt32: [UInt32]] = [:]
    for members in byFolded.values {
      for member in members { classes[member] = Array(Set((classes[member] ?? []) + members)) }
    }
    return classes
  }()

  /// The set with every character added that is the same as a member when case is ignored.
  static func closed(_ set: ScalarSet) -> ScalarSet {
    var added: [ClosedRange<UInt32>] = []
    for (member, same) in classes where set.contains(member) {
      for other in same where !set.contains(other) { added.append(other...other) }
    }
    return added.isEmpty ? set : set.union(ScalarSet(added))
  }
}
