import CCurl
import Files
import Foundation

/// One exchange as libcurl's callbacks see it.
final class Exchange {
  private(set) var head = HTTPHead()
  /// What a callback threw; it could not throw through C.
  private(set) var failure: (any Error)?
  let bodySize: Int
  private let source: UnsafeRawBufferPointer
  /// Keeps `source` alive.
  private let owner: MappedFile
  private var position = 0
  private let sent: (Int) -> Void
  private let receive: (UnsafeRawBufferPointer, HTTPHead) throws -> Void

  init(
    body: HTTPRequest.Body, sent: @escaping (Int) -> Void,
    receive: @escaping (UnsafeRawBufferPointer, HTTPHead) throws -> Void
  ) throws {
    switch body {
    case .none: (owner, source) = (MappedFile(copying: []), UnsafeRawBufferPointer(start: nil, count: 0))
    case .bytes(let bytes):
      owner = MappedFile(copying: bytes)
      source = owner.bytes
    case .file(let path, let offset, let count):
      owner = try MappedFile(path: path)
      guard offset >= 0, count >= 0, offset + count <= owner.bytes.count else {
        throw FileError(
          code: .other, message: "the file became shorter while it was sent", path: path,
          remedy: "try again when nothing writes to it")
      }
      source = UnsafeRawBufferPointer(rebasing: owner.bytes[offset..<offset + count])
    }
    bodySize = source.count
    (self.sent, self.receive) = (sent, receive)
  }

  /// A line of the head. A status line begins a new one: a proxy's or an interim answer came before.
  func take(header line: String) {
    if line.hasPrefix("HTTP/") {
      head = HTTPHead()
      head.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...]
      head[line[..<colon].lowercased()] = value.trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// Whether libcurl may go on.
  func take(body bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      try receive(bytes, head)
      return true
    } catch {
      failure = error
      return false
    }
  }

  /// Fills `buffer` with what is still to be sent.
  func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, source.count - position)
    guard count > 0 else { return 0 }
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[position..<position + count]))
    position += count
    sent(count)
    return count
  }
}

private func exchange(_ context: UnsafeMutableRawPointer?) -> Exchange? {
  context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
}

func receiveHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
  exchange(context)?.take(header: String(decoding: line, as: UTF8.self))
  return size * count
}

func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
  return exchange(context)?.take(body: piece) == true ? size * count : 0
}

func sendBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  exchange(context)?.fill(UnsafeMutableRawBufferPointer(start: bytes, count: size * count)) ?? 0
}
