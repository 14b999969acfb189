import Files
import Foundation
import Testing

@testable import Hub

/// Hashes against those of Python's hashlib and git.
@Suite struct HashTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ])
  func sha256(_ text: String, _ hash: String) {
    #expect(FileHash.sha256(of: Array(text.utf8)) == hash)
  }

  @Test(arguments: [
    ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
    ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    (String(repeating: "0123456789", count: 100), "2587a6f4fca510889366deda011d048d0182c3cb"),
  ])
  func gitBlob(_ text: String, _ hash: String) {
    #expect(FileHash.git(of: Array(text.utf8)) == hash)
  }

  @Test(arguments: [
    ("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", true), ("E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391", false),
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", true), ("abc", false), ("", false),
  ])
  func entityTagsThatAreHashes(_ tag: String, _ isHash: Bool) {
    #expect((FileHash(entityTag: tag) != nil) == isHash)
  }

  @Test(arguments: [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000]) func filesAreReadInPieces(_ count: Int) throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try folder.write("file", bytes)
    #expect(try FileHash.sha256(ofFile: folder("file")) == FileHash.sha256(of: bytes))
    #expect(try FileHash.git(ofFile: folder("file")) == FileHash.git(of: bytes))
    #expect(throws: FileError.self) { try FileHash.git(ofFile: folder("missing")) }
  }
}
