import Files
import Foundation
import Testing

@testable import Hub

/// Hashes against those of FIPS 180-4's examples, Python's hashlib and git.
@Suite struct HashTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
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

  /// However the bytes are cut, the hash is the same; every length around the size of a block is padded right.
  @Test func piecesMakeNoDifference() {
    for length in 0..<200 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let whole = FileHash.sha256(of: bytes)
      var pieces = SHA256()
      for start in stride(from: 0, to: length, by: 7) {
        bytes[start..<min(start + 7, length)].withUnsafeBytes { pieces.update($0) }
      }
      #expect(pieces.hexadecimal() == whole)
    }
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
