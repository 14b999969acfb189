/// A token found in a piece of text, before its place is known: its id and how many bytes it covers.
struct Symbol: BitwiseCopyable {
  var id: Int32
  var length: UInt32
}
