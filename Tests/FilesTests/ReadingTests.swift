import Foundation
import Testing

@testable import Files

@Suite("Reading files")
struct ReadingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("What was written is read and mapped", arguments: [0, 1, 4095, 4096, 4097, 300_000])
  func contents(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try AtomicFile.write(folder("f"), bytes)
    #expect(try WholeFile.read(folder("f")) == bytes)
    let mapped = try MappedFile(path: folder("f"))
    #expect(mapped.bytes.elementsEqual(bytes))
    let copy = MappedFile(copying: bytes)
    #expect(copy.bytes.elementsEqual(bytes))
  }

  @Test("A mapping outlives the name of its file, and writes into it never reach the file")
  func privateMapping() throws {
    try AtomicFile.write(folder("f"), "abc")
    let mapped = try MappedFile(path: folder("f"))
    let pointer = try #require(mapped.bytes.baseAddress)
    UnsafeMutableRawPointer(mutating: pointer).storeBytes(of: UInt8(ascii: "x"), as: UInt8.self)
    #expect(mapped.bytes.elementsEqual("xbc".utf8))
    #expect(try WholeFile.read(folder("f")) == Array("abc".utf8))
    try Folder.removeFile(folder("f"))
    #expect(mapped.bytes.elementsEqual("xbc".utf8))
  }

  @Test("A missing file, a folder and a device are told apart")
  func refusals() throws {
    let missing = folder("missing")
    for read in [{ _ = try WholeFile.read($0) }, { _ = try MappedFile(path: $0) }]
      as [(String) throws -> Void]
    {
      #expect(throws: FileError.self) { try read(missing) }
      do { try read(missing) } catch let error as FileError { #expect(error.code == .notFound) }
      do { try read(folder.path) } catch let error as FileError {
        #expect(error.message.hasSuffix("it is a folder"))
      }
      #expect(throws: FileError.self) { try read(folder.path) }
    }
    #expect(throws: FileError.self) { try MappedFile(path: "/dev/null") }
    #expect(try WholeFile.read("/dev/null") == [])
  }
}

@Suite("Folders and paths")
struct FolderTests {
  @Test(
    "The folder that holds a path",
    arguments: [
      ("a", "."), ("a/b", "a"), ("a/b/", "a"), ("/a", "/"), ("/", "/"), ("a//b", "a"), ("/a/b/c", "/a/b"),
      ("", "."), ("//a", "/"),
    ])
  func containing(path: String, folder: String) { #expect(Folder.containing(path) == folder) }

  @Test("Folders are made with all above them, and list their names")
  func creating() throws {
    let root = try TemporaryFolder()
    try Folder.create(root("a/b/c"))
    try Folder.create(root("a/b/c/"))
    try AtomicFile.write(root("a/z"), "")
    try AtomicFile.write(root("a/.hidden"), "")
    #expect(try Folder.names(in: root("a")) == [".hidden", "b", "z"])
    #expect(Folder.exists(root("a/b")))
    #expect(!Folder.exists(root("a/z")))
    #expect(Folder.hasFile(root("a/z")))
    #expect(throws: FileError.self) { try Folder.create(root("a/z/below")) }
    #expect(throws: FileError.self) { try Folder.create(root("a/z")) }
    #expect(throws: FileError.self) { try Folder.names(in: root("none")) }
    #expect(try Folder.resolved(root("a/b/../z")) == Folder.resolved(root.path) + "/a/z")
    #expect(throws: FileError.self) { try Folder.resolved(root("none")) }
    try Folder.removeFile(root("a/z"))
    try Folder.removeFile(root("a/z"))
    #expect(!Folder.hasFile(root("a/z")))
  }
}
