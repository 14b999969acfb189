/// The substrings that occur more than once in a list of words, found with a suffix array.
struct FrequentSubstrings {
  /// A substring, as a range of `scalars`, and how often it occurs.
  struct Substring {
    var range: Range<Int>
    var count: Int
  }

  /// All words, each ended by 0.
  let scalars: [UInt32]

  init(_ words: [[UInt8]]) {
    scalars = words.flatMap { word in
      String(decoding: word, as: UTF8.self).unicodeScalars.map(\.value) + [0]
    }
  }

  /// Every repeated substring of 2 to `longest` characters that cannot be longer and occur as often.
  func find(longest: Int) -> [Substring] {
    let suffixes = sortedSuffixes()
    let common = commonPrefixes(suffixes)
    var found: [Substring] = []
    // Intervals of suffixes with a common prefix, by its length: those that are open are on the stack.
    var open: [(length: Int, start: Int)] = [(0, 0)]
    for index in 1...max(suffixes.count, 1) {
      let length = index < suffixes.count ? common[index] : 0
      var start = index - 1
      while let last = open.last, last.length > length {
        open.removeLast()
        start = last.start
        let range = suffixes[last.start]..<suffixes[last.start] + last.length
        if (2...longest).contains(last.length), !scalars[range].contains(0) {
          found.append(Substring(range: range, count: index - last.start))
        }
      }
      if let last = open.last, last.length < length { open.append((length, start)) }
    }
    return found
  }

  /// The suffixes in order, by doubling the length that they are ordered by (Manber and Myers 1993).
  private func sortedSuffixes() -> [Int] {
    let count = scalars.count
    var ranks = scalars.map(Int.init)
    var suffixes = Array(0..<count)
    var length = 1
    func key(_ index: Int) -> (Int, Int) {
      (ranks[index], index + length < count ? ranks[index + length] : -1)
    }
    while count > 1 {
      suffixes.sort { key($0) < key($1) }
      var next = Array(repeating: 0, count: count)
      for index in 1..<count {
        next[suffixes[index]] =
          next[suffixes[index - 1]] + (key(suffixes[index - 1]) < key(suffixes[index]) ? 1 : 0)
      }
      ranks = next
      if ranks[suffixes[count - 1]] == count - 1 { break }
      length *= 2
    }
    return suffixes
  }

  /// How many characters each suffix has in common with the one before it in order (Kasai et al. 2001).
  private func commonPrefixes(_ suffixes: [Int]) -> [Int] {
    var places = Array(repeating: 0, count: suffixes.count)
    for (place, suffix) in suffixes.enumerated() { places[suffix] = place }
    var common = Array(repeating: 0, count: suffixes.count)
    var length = 0
    for suffix in suffixes.indices {
      guard places[suffix] > 0 else {
        length = 0
        continue
      }
      let before = suffixes[places[suffix] - 1]
      while suffix + length < scalars.count, before + length < scalars.count,
        scalars[suffix + length] == scalars[before + length]
      { length += 1 }
      common[places[suffix]] = length
      length = max(length - 1, 0)
    }
    return common
  }
}
