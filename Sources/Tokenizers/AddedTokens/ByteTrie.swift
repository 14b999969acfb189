/// A trie of byte strings that finds, from a position on, the leftmost and there the longest of them.
final class ByteTrie: Sendable {
  private struct Node: BitwiseCopyable {
    var byte: UInt8
    var value: Int32 = -1
    var firstChild: Int32 = -1
    var sibling: Int32 = -1
  }

  private let nodes: Block<Node>
  /// The node for each first byte, -1 where no string begins with it.
  private let roots: Block<Int32>
  let isEmpty: Bool

  init(_ strings: [(bytes: [UInt8], value: Int32)]) {
    var nodes: [Node] = []
    let roots = Block<Int32>(repeating: -1, count: 256)
    for (bytes, value) in strings {
      guard let first = bytes.first else { continue }
      if roots.base[Int(first)] < 0 {
        roots.base[Int(first)] = Int32(nodes.count)
        nodes.append(Node(byte: first))
      }
      var node = Int(roots.base[Int(first)])
      for byte in bytes.dropFirst() {
        var child = nodes[node].firstChild
        while child >= 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].sibling }
        if child < 0 {
          child = Int32(nodes.count)
          nodes.append(Node(byte: byte, sibling: nodes[node].firstChild))
          nodes[node].firstChild = child
        }
        node = Int(child)
      }
      nodes[node].value = value
    }
    isEmpty = nodes.isEmpty
    self.nodes = Block(nodes, filler: Node(byte: 0))
    self.roots = roots
  }

  /// The next occurrence at or after `start`.
  func next(
    in text: UnsafePointer<UInt8>, from start: Int, to end: Int
  ) -> (id: Int32, range: Range<Int>)? {
    var position = start
    while position < end {
      let root = roots.base[Int(text[position])]
      if root >= 0, let found = longest(root, text, position, end) { return found }
      position += 1
    }
    return nil
  }

  private func longest(
    _ root: Int32, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int
  ) -> (id: Int32, range: Range<Int>)? {
    var best: (id: Int32, range: Range<Int>)?
    var node = nodes.base[Int(root)]
    var position = start + 1
    while true {
      if node.value >= 0 { best = (node.value, start..<position) }
      guard position < end else { return best }
      let byte = text[position]
      var child = node.firstChild
      while child >= 0, nodes.base[Int(child)].byte != byte { child = nodes.base[Int(child)].sibling }
      guard child >= 0 else { return best }
      node = nodes.base[Int(child)]
      position += 1
    }
  }
}
