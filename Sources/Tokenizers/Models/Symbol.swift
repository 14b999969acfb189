/// A token found in a piece of text, before its place is known: its id and how many bytes it covers.
struct Symbol: BitwiseCopyable {
  var id: Int32
  /// The number of bytes, and the flags below.
  private var packed: UInt32

  private static let sharing: UInt32 = 1 << 31
  private static let spelling: UInt32 = 1 << 30

  /// - Parameter sharesPlace: whether the next token begins where this one does, as the byte tokens of a character do.
  /// - Parameter isSpelled: whether the token is written as the text it stands for, not as the vocabulary says.
  @inline(__always)
  init(id: Int32, length: Int, sharesPlace: Bool = false, isSpelled: Bool = false) {
    self.id = id
    packed = UInt32(truncatingIfNeeded: length)
    if sharesPlace { packed |= Self.sharing }
    if isSpelled { packed |= Self.spelling }
  }

  /// How many bytes the token covers.
  @inline(__always)
  var length: Int {
    get { Int(packed & (Self.spelling - 1)) }
    set { packed = UInt32(truncatingIfNeeded: newValue) }
  }

  @inline(__always) var sharesPlace: Bool { packed & Self.sharing != 0 }
  @inline(__always) var isSpelled: Bool { packed & Self.spelling != 0 }
  /// Whether neither flag is up.
  @inline(__always) var isPlain: Bool { packed < Self.spelling }
}
