/// A trie of byte strings in two arrays: the child of a node for a byte is found with one addition-like step and one
/// check (Aoe 1989). Answers which strings begin at a place.
final class DoubleArrayTrie: Sendable {
  private struct Node: BitwiseCopyable {
    /// Turned by a byte, the place of the child.
    var base: Int32 = 0
    /// The node this is a child of; -1 while free.
    var parent: Int32 = -1
    var value: Int32 = -1
  }

  private let nodes: Block<Node>

  /// The node all strings begin at.
  static let root: Int32 = 0

  /// The trie of `keys`; of equal keys the last counts.
  init(_ keys: [(bytes: UnsafeBufferPointer<UInt8>, value: Int32)]) {
    var builder = Builder(keys)
    builder.build()
    nodes = Block(builder.nodes, filler: Node())
  }

  /// The trie of a vocabulary's tokens by their ids; of ids with the same token the one that counts.
  convenience init(_ vocabulary: Vocabulary) {
    var keys: [(bytes: UnsafeBufferPointer<UInt8>, value: Int32)] = []
    keys.reserveCapacity(vocabulary.count)
    for id in 0..<vocabulary.idLimit {
      if let token = vocabulary.uniqueBytes(id) { keys.append((token, Int32(id))) }
    }
    self.init(keys)
  }

  /// The child of a node for a byte; -1 where there is none.
  @inline(__always)
  func child(_ node: Int32, _ byte: UInt8) -> Int32 {
    let place = Int(nodes.base[Int(node)].base) ^ Int(byte)
    // Bases are multiples of a block, so that the place is always inside.
    return nodes.base[place].parent == node ? Int32(truncatingIfNeeded: place) : -1
  }

  /// The value of the string that ends at a node; -1 where none does.
  @inline(__always)
  func value(_ node: Int32) -> Int32 { nodes.base[Int(node)].value }

  /// The node that `prefix` leads to; -1 when no string begins so.
  func node(behind prefix: some Sequence<UInt8>) -> Int32 {
    prefix.reduce(Self.root) { node, byte in node < 0 ? node : child(node, byte) }
  }

  /// The longest string that `text` begins with, of those that go on from `start`.
  @inline(__always)
  func longestPrefix(
    _ text: UnsafePointer<UInt8>, count: Int, from start: Int32 = root
  ) -> (value: Int32, length: Int)? {
    var best: (value: Int32, length: Int)?
    var node = start
    var position = 0
    while position < count {
      node = child(node, text[position])
      if node < 0 { break }
      position += 1
      let value = value(node)
      if value >= 0 { best = (value, position) }
    }
    return best
  }

  /// Fits the children of one node after the other into the gaps between those that are there.
  private struct Builder {
    private let keys: [(bytes: UnsafeBufferPointer<UInt8>, value: Int32)]
    var nodes: [Node]
    /// The first place from which on free ones are looked for.
    private var firstFree = 1

    private static let block = 256
    /// Blocks before the last few are taken to be full.
    private static let openBlocks = 16

    init(_ keys: [(bytes: UnsafeBufferPointer<UInt8>, value: Int32)]) {
      // Eight bytes as a number compare at once.
      func head(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var head: UInt64 = 0
        for index in 0..<8 { head = head << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
        return head
      }
      let ordered = keys.enumerated().map { (head: head($0.element.bytes), index: $0.offset) }
      self.keys = ordered.sorted { left, right in
        if left.head != right.head { return left.head < right.head }
        let (one, other) = (keys[left.index].bytes, keys[right.index].bytes)
        if one.elementsEqual(other) { return left.index < right.index }
        return one.lexicographicallyPrecedes(other)
      }.map { keys[$0.index] }
      nodes = Array(repeating: Node(), count: Self.block)
      // Taken, and nobody's child.
      nodes[0].parent = .max
    }

    mutating func build() {
      var pending: [(node: Int, range: Range<Int>, depth: Int)] = [(0, 0..<keys.count, 0)]
      while let next = pending.popLast() {
        var start = next.range.lowerBound
        while start < next.range.upperBound, keys[start].bytes.count == next.depth {
          nodes[next.node].value = keys[start].value
          start += 1
        }
        var children: [(byte: UInt8, range: Range<Int>)] = []
        while start < next.range.upperBound {
          let byte = keys[start].bytes[next.depth]
          var end = start + 1
          while end < next.range.upperBound, keys[end].bytes[next.depth] == byte { end += 1 }
          children.append((byte, start..<end))
          start = end
        }
        guard let first = children.first else { continue }
        let base = place(children, first.byte)
        nodes[next.node].base = Int32(base)
        for child in children { nodes[base ^ Int(child.byte)].parent = Int32(next.node) }
        for child in children { pending.append((base ^ Int(child.byte), child.range, next.depth + 1)) }
      }
    }

    /// A base at which the places of all children are free.
    private mutating func place(_ children: [(byte: UInt8, range: Range<Int>)], _ first: UInt8) -> Int {
      while firstFree < nodes.count, nodes[firstFree].parent >= 0 { firstFree += 1 }
      var candidate = max(firstFree, nodes.count - Self.block * Self.openBlocks)
      while candidate < nodes.count {
        if nodes[candidate].parent < 0 {
          let base = candidate ^ Int(first)
          if children.allSatisfy({ nodes[base ^ Int($0.byte)].parent < 0 }) { return base }
        }
        candidate += 1
      }
      let base = nodes.count
      nodes += Array(repeating: Node(), count: Self.block)
      return base
    }
  }
}
