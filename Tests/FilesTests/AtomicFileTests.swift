import Foundation
import Testing

@testable import Files

@Suite("Atomic writing")
struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("A file is there whole or not at all")
  func wholeOrNothing() throws {
    let path = folder("a.bin")
    do {
      let file = try AtomicFile(path)
      try write("half", to: file)
      #expect(try folder.names.count == 1)
      #expect(!Folder.hasFile(path))
    }
    #expect(try folder.names == [])
    let file = try AtomicFile(path)
    try write("one ", to: file)
    try write("two", to: file)
    try file.commit()
    #expect(try WholeFile.read(path) == Array("one two".utf8))
    #expect(try folder.names == ["a.bin"])
  }

  @Test("The old file stands until the new one is committed, and keeps its mode")
  func replacing() throws {
    let path = folder("a.txt")
    try AtomicFile.write(path, "old")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    let file = try AtomicFile(path)
    try write("new", to: file)
    try file.seal()
    #expect(try WholeFile.read(path) == Array("old".utf8))
    try file.commit()
    #expect(try WholeFile.read(path) == Array("new".utf8))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test("A link is replaced, what it pointed at is not touched")
  func links() throws {
    try AtomicFile.write(folder("blob"), "shared")
    try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: "blob")
    try AtomicFile.write(folder("link"), "mine")
    #expect(try WholeFile.read(folder("blob")) == Array("shared".utf8))
    #expect(try WholeFile.read(folder("link")) == Array("mine".utf8))
  }

  @Test("A finished file takes no more")
  func misuse() throws {
    let file = try AtomicFile(folder("a"))
    try file.commit()
    #expect(throws: FileError.self) { try write("more", to: file) }
    #expect(throws: FileError.self) { try file.commit() }
    #expect(try WholeFile.read(folder("a")) == [])
  }

  @Test("Places that cannot be written are refused in one line that names them")
  func refusals() throws {
    func refusal(_ path: String) -> FileError? {
      #expect(throws: FileError.self) { try AtomicFile.write(path, [1]) }
    }
    let missing = folder("no/such/file")
    #expect(refusal(missing)?.code == .notFound)
    #expect(
      refusal(missing)?.description == "cannot write: no such file or folder, \(missing): check the path")
    #expect(refusal(folder.path)?.message == "cannot write: it is a folder")
    #expect(refusal(folder.path + "/")?.message == "cannot write: it is a folder")
    #expect(refusal("")?.code == .other)
    #expect(refusal("/dev/null")?.message == "cannot replace what is not a regular file")
    #expect(refusal(folder("a\0b"))?.code == .notFound)
    #expect(try folder.names == [])
  }

  @Test("A full disk is said to be full", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func fullDisk() throws {
    let full = try Descriptor(path: "/dev/full", flags: O_WRONLY, mode: 0, action: "write")
    do {
      try [UInt8](repeating: 0, count: 10).withUnsafeBytes { try full.write($0) }
      Issue.record("the device takes nothing")
    } catch let error as FileError {
      #expect(error.code == .diskFull)
      #expect(
        "\(error)" == "cannot write: no space left on the disk, /dev/full: "
          + "free some space or choose a folder on another disk")
    }
  }

  @Test(
    "System errors fall into kinds, each with a remedy",
    arguments: [
      (EACCES, .permission), (EPERM, .permission), (EROFS, .permission), (ENOSPC, .diskFull),
      (EDQUOT, .diskFull), (EFBIG, .diskFull), (ENOENT, .notFound), (ENOTDIR, .notFound), (EIO, .other),
      (EMFILE, .other),
    ] as [(Int32, FileError.Code)])
  func kinds(number: Int32, code: FileError.Code) {
    let error = FileError(number: number, action: "write", path: "f")
    #expect(error.code == code)
    #expect(!error.remedy.isEmpty)
    #expect(!"\(error)".contains("\n"))
  }

  private func write(_ text: String, to file: AtomicFile) throws {
    try Array(text.utf8).withUnsafeBytes { try file.write($0) }
  }
}
