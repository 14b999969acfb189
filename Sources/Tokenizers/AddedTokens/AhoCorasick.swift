/// Finds byte strings in a text in one pass: the leftmost first, the longest of those that begin at the same place
/// (Aho and Corasick 1975, with no way back out of a match).
final class AhoCorasick: Sendable {
  private struct Node: BitwiseCopyable {
    var byte: UInt8
    /// The string that ends here, or the longest that is a suffix of the path to here.
    var value: Int32 = -1
    var length: Int32 = 0
    var firstChild: Int32 = AhoCorasick.none
    var sibling: Int32 = AhoCorasick.none
    /// Where to go on when no child has the next byte.
    var failure: Int32 = AhoCorasick.root
  }

  private static let none: Int32 = -1
  private static let root: Int32 = -2
  /// Where nothing can be found any more that begins as early as what has been found.
  private static let dead: Int32 = -3

  private let nodes: Block<Node>
  /// The node for each first byte, `none` where no string begins with it.
  private let starts: Block<Int32>
  let isEmpty: Bool

  /// - Parameter strings: what is looked for; of equal strings the last counts.
  init(_ strings: [(bytes: [UInt8], value: Int32)]) {
    var builder = Builder()
    for (bytes, value) in strings where !bytes.isEmpty { builder.add(bytes, value) }
    builder.link()
    isEmpty = builder.nodes.isEmpty
    nodes = Block(builder.nodes, filler: Node(byte: 0))
    starts = Block(builder.starts, filler: Self.none)
  }

  /// The next occurrence at or after `start`.
  func next(
    in text: UnsafePointer<UInt8>, from start: Int, to end: Int
  ) -> (id: Int32, range: Range<Int>)? {
    var found: (id: Int32, range: Range<Int>)?
    var state = Self.root
    var position = start
    while position < end {
      let byte = text[position]
      if state == Self.root {
        state = starts.base[Int(byte)]
        if state == Self.none { state = Self.root }
      } else {
        let child = child(state, byte)
        if child == Self.none {
          state = nodes.base[Int(state)].failure
          if state == Self.dead { return found }
          continue
        }
        state = child
      }
      position += 1
      if state >= 0 {
        let node = nodes.base[Int(state)]
        if node.value >= 0 { found = (node.value, position - Int(node.length)..<position) }
      }
    }
    return found
  }

  @inline(__always)
  private func child(_ node: Int32, _ byte: UInt8) -> Int32 {
    var child = nodes.base[Int(node)].firstChild
    while child >= 0, nodes.base[Int(child)].byte != byte { child = nodes.base[Int(child)].sibling }
    return child
  }

  private struct Builder {
    var nodes: [Node] = []
    var starts = [Int32](repeating: AhoCorasick.none, count: 256)

    private func child(_ node: Int32, _ byte: UInt8) -> Int32 {
      if node == AhoCorasick.root { return starts[Int(byte)] }
      var child = nodes[Int(node)].firstChild
      while child >= 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].sibling }
      return child
    }

    mutating func add(_ bytes: [UInt8], _ value: Int32) {
      var node = AhoCorasick.root
      for byte in bytes {
        var next = child(node, byte)
        if next == AhoCorasick.none {
          next = Int32(nodes.count)
          var new = Node(byte: byte)
          if node == AhoCorasick.root {
            starts[Int(byte)] = next
          } else {
            new.sibling = nodes[Int(node)].firstChild
            nodes[Int(node)].firstChild = next
          }
          nodes.append(new)
        }
        node = next
      }
      nodes[Int(node)].value = value
      nodes[Int(node)].length = Int32(bytes.count)
    }

    /// Links every node to the longest suffix of its path that is a path too, the shorter paths first.
    mutating func link() {
      var queue = starts.filter { $0 >= 0 }
      for node in queue where nodes[Int(node)].value >= 0 { nodes[Int(node)].failure = AhoCorasick.dead }
      var next = 0
      while next < queue.count {
        let parent = queue[next]
        next += 1
        var child = nodes[Int(parent)].firstChild
        while child >= 0 {
          queue.append(child)
          link(child, below: parent)
          child = nodes[Int(child)].sibling
        }
      }
    }

    private mutating func link(_ node: Int32, below parent: Int32) {
      if nodes[Int(node)].value >= 0 {
        nodes[Int(node)].failure = AhoCorasick.dead
        return
      }
      var failure = nodes[Int(parent)].failure
      while failure != AhoCorasick.dead {
        let suffix = child(failure, nodes[Int(node)].byte)
        if suffix >= 0 {
          failure = suffix
          break
        }
        if failure == AhoCorasick.root { break }
        failure = nodes[Int(failure)].failure
      }
      nodes[Int(node)].failure = failure
      if failure >= 0 {
        nodes[Int(node)].value = nodes[Int(failure)].value
        nodes[Int(node)].length = nodes[Int(failure)].length
      }
    }
  }
}
