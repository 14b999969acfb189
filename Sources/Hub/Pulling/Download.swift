import Files
import Foundation

/// One file on its way from the hub to the disk: it goes on where it was cut, and is checked before it counts.
struct Download: Sendable {
  let file: RemoteFile
  /// Where what has come is kept until it is whole.
  let partial: String
  let client: HubClient
  let moved: ByteCount

  /// Brings the file to `place`.
  ///
  /// - Throws: ``HubError`` when it does not come, or not as it was announced; what has come stays for the next time.
  func run(to place: String) throws {
    try Folder.create(Folder.containing(partial))
    try client.explaining(file.name.text) {
      var damages = 0
      try client.settings.retries.run { gotSomewhere in
        do {
          try fetch(gotSomewhere)
          try check()
        } catch let error as TransferError {
          guard case .damaged = error.reason else { throw error }
          // What was left from earlier may have been wrong; what has just come whole should not be.
          discard()
          damages += 1
          guard damages < 2 else {
            throw HubError(
              .unavailable,
              "\(file.name.text) came damaged twice: try again, or check HF_ENDPOINT and the proxy")
          }
          throw error
        }
      }
    }
    guard rename(partial, place) == 0 else {
      throw FileError(
        code: .other, message: "cannot move the download into place", path: place,
        remedy: "check the permissions of its folder")
    }
  }

  /// Asks for what is missing, and appends it.
  private func fetch(_ gotSomewhere: () -> Void) throws {
    let output = try PartialFile(partial)
    if let size = file.size, output.count > size { try output.truncate() }
    let (start, name) = (output.count, file.name.text)
    moved.report(name, at: start)
    if start > 0, start == file.size { return }
    var request = HTTPRequest(address: file.address)
    if start > 0 { request.headers.append(("Range", "bytes=\(start)-")) }
    var (refusal, checked): ([UInt8], Bool) = ([], false)
    var head = HTTPHead()
    do {
      head = try client.follow(request) { bytes, head in
        guard head.isSuccess else {
          refusal += bytes.prefix(max(0, 65_536 - refusal.count))
          return
        }
        if !checked {
          checked = true
          try agree(head, start: start, output)
        }
        try output.append(bytes)
        moved.report(name, at: output.count, transferred: bytes.count)
      }
    } catch {
      if output.count > start { gotSomewhere() }
      throw error
    }
    guard head.isSuccess else {
      // The rest that we ask for does not exist: what we have is of another file.
      if head.status == 416 { throw TransferError(.damaged("the part that is here does not fit")) }
      throw TransferError(.status(HTTPAnswer(head: head, body: refusal)))
    }
    try output.synchronize()
  }

  /// A server may send everything although the rest was asked for.
  private func agree(_ head: HTTPHead, start: Int, _ output: PartialFile) throws {
    guard start > 0 else { return }
    if head.status == 206 {
      guard head["content-range"]?.hasPrefix("bytes \(start)-") == true else {
        throw TransferError(.damaged("another part came than was asked for"))
      }
    } else {
      try output.truncate()
    }
  }

  private func check() throws {
    let size = Folder.size(of: partial)
    if let expected = file.size, size != expected {
      throw TransferError(.damaged("\(size ?? 0) bytes came instead of \(expected)"))
    }
    if let hash = file.hash, try !hash.matches(partial) {
      throw TransferError(.damaged("the checksum is another than announced"))
    }
  }

  private func discard() {
    moved.report(file.name.text, at: 0)
    unlink(partial)
  }
}
