import Files
import Testing

@testable import Safetensors

@Suite("Reading safetensors files")
struct ReadingTests {
  @Test("Tensors are found with their layout and bytes")
  func reading() throws {
    let header =
      #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2,1],"data_offsets":[2,6]},"#
      + #""a":{"shape":[2],"data_offsets":[0,2],"dtype":"U8"}}"#
    let file = try SafetensorsFile(bytes: fileBytes(header, data: [1, 2, 3, 4, 5, 6]))
    #expect(file.metadata == ["format": "pt"])
    #expect(file.names == ["a", "b"])
    let tensor = try #require(file["b"])
    #expect(tensor.dtype == .f16)
    #expect(tensor.shape == [2, 1])
    #expect(tensor.elementCount == 2)
    #expect(tensor.byteCount == 4)
    #expect(try file.withBytes(of: "b") { Array($0) } == [3, 4, 5, 6])
    #expect(try Array(file.bytes(of: tensor)) == [3, 4, 5, 6])
    #expect(file["c"] == nil)
    #expect(throws: SafetensorsError.self) { try file.withBytes(of: "c") { _ in } }
    let other = try SafetensorsFile(bytes: fileBytes("{}"))
    #expect(throws: SafetensorsError.self) { try other.bytes(of: tensor) }
  }

  @Test(
    "What the reference reads is read",
    arguments: [
      fileBytes("{}"), fileBytes("{}      "), fileBytes("{}\n\n"), fileBytes(#"{"__metadata__":null}"#),
      fileBytes(header(("a", "U8", "[]", "0", "1")), data: [0]),
      fileBytes(header(("", "F64", "[1,1]", "0", "8")), data: Array(repeating: 0, count: 8)),
      fileBytes(header(("a", "F32", "[0,5]", "0", "0"), ("b", "F32", "[5,0]", "0", "0"))),
      fileBytes(header(("a", "F32", "[0,4611686018427387904,4611686018427387904]", "0", "0"))),
      fileBytes(
        header(("a", "F4", "[4]", "0", "2"), ("b", "F6_E2M3", "[4]", "2", "5")), data: [0, 0, 0, 0, 0]),
      fileBytes(
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":[{}]}}"#, data: [0]),
      fileBytes(header(("b", "U8", "[1]", "1", "2"), ("a", "U8", "[1]", "0", "1")), data: [0, 0]),
    ])
  func accepted(bytes: [UInt8]) {
    #expect(throws: Never.self) { try SafetensorsFile(bytes: bytes) }
  }

  @Test(
    "Malformed files are refused, and the message says why",
    arguments: [
      ([], "0 bytes are too few"), ([1, 2, 3, 4, 5, 6, 7], "7 bytes are too few"),
      (fileBytes("", length: 0), "does not begin with '{'"),
      (fileBytes("{}", length: 3), "the header takes 3 bytes but only 2 are there"),
      (fileBytes("{}", length: 100_000_001), "its header would take 100000001 bytes"),
      (fileBytes("{}", length: .max), "its header would take 18446744073709551615 bytes"),
      (fileBytes("{}", length: 1 << 63), "its header would take"),
      (fileBytes("{}", length: 1), "the header is not JSON"), (fileBytes("[]"), "does not begin with '{'"),
      (fileBytes(" {}"), "does not begin with '{'"), (fileBytes("\u{FEFF}{}"), "does not begin with '{'"),
      (fileBytes("{\0}"), "the header is not JSON (line 1, column 2"),
      (fileBytes("{", data: []), "the header is not JSON"),
      (fileBytes("{\"a\":1}"), "lacks a dtype"), (fileBytes("{\"a\":{}}"), "lacks a dtype"),
      (fileBytes("{\"a\":null}"), "lacks a dtype"), (fileBytes("{\"__metadata__\":[]}"), "is no object"),
      (fileBytes("{\"__metadata__\":{\"k\":1}}"), "other than a string"),
      (fileBytes("{\"__metadata__\":{\"k\":null}}"), "other than a string"),
      (fileBytes(header(("a", "F31", "[1]", "0", "4")), data: [0, 0, 0, 0]), "unknown dtype \"F31\""),
      (fileBytes(header(("a", "f32", "[1]", "0", "4")), data: [0, 0, 0, 0]), "unknown dtype \"f32\""),
      (fileBytes(header(("a", "U8", "[1.0]", "0", "1")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[-1]", "0", "1")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[true]", "0", "1")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "1", "0", "1")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[1e0]", "0", "1")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[1]", "0", "1,2")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[99999999999999999999]", "0", "1")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[1]", "-1", "0")), data: []), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[1]", "-0", "1")), data: [0]), "lacks a dtype"),
      (fileBytes(header(("a", "U8", "[1]", "1", "0")), data: [0]), "has the data_offsets [1, 0]"),
      (
        fileBytes(header(("a", "U8", "[2]", "0", "1")), data: [0]),
        "needs 2 bytes but has the data_offsets [0, 1]"
      ),
      (fileBytes(header(("a", "F32", "[1]", "0", "3")), data: [0, 0, 0]), "needs 4 bytes"),
      (fileBytes(header(("a", "F4", "[3]", "0", "2")), data: [0, 0]), "cannot have the shape [3]"),
      (
        fileBytes(header(("a", "F32", "[4611686018427387904,4611686018427387904,0]", "0", "0"))),
        "cannot have the shape"
      ),
      (fileBytes(header(("a", "F64", "[2305843009213693952]", "0", "8"))), "cannot have the shape"),
      (
        fileBytes(header(("a", "U8", "[1]", "9223372036854775806", "9223372036854775807"))),
        "has the data_offsets"
      ),
      (fileBytes(header(("a", "U8", "[1]", "1", "2")), data: [0, 0]), "leaves a hole"),
      (
        fileBytes(header(("a", "U8", "[2]", "0", "2"), ("b", "U8", "[2]", "1", "3")), data: [0, 0, 0]),
        "tensor \"b\" overlaps"
      ),
      (
        fileBytes(header(("a", "U8", "[1]", "0", "1"), ("b", "U8", "[1]", "0", "1")), data: [0]),
        "overlaps the bytes before it"
      ),
      (
        fileBytes(header(("a", "U8", "[1]", "0", "1"), ("b", "U8", "[1]", "2", "3")), data: [0, 0, 0]),
        "tensor \"b\" leaves a hole"
      ),
      (fileBytes(header(("a", "U8", "[2]", "0", "2")), data: [0]), "the file is cut short"),
      (fileBytes(header(("a", "U8", "[1]", "0", "1")), data: [0, 0]), "1 bytes after the last tensor"),
      (fileBytes("{}", data: [0]), "1 bytes after the last tensor"),
      (
        fileBytes(header(("a", "U8", "[1]", "0", "1"), ("a", "U8", "[1]", "1", "2")), data: [0, 0]),
        "duplicate key \"a\""
      ),
      (
        fileBytes(#"{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#, data: [0]),
        "duplicate key"
      ),
      (fileBytes("{\"\u{1}\":{}}"), "control character"),
      (fileBytes(header(("x\\ny", "U8", "[1]", "1", "2")), data: [0, 0]), "tensor \"x\\ny\" leaves"),
    ] as [([UInt8], String)])
  func refused(bytes: [UInt8], reason: String) {
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes: bytes, path: "f") }
    #expect(error?.code == .malformed)
    #expect(error.map { "\($0)" }?.contains(reason) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(error.map { "\($0)" }?.hasSuffix(", f: download or write the file again") == true)
  }

  @Test("Names that are not UTF-8 are refused")
  func notUTF8() {
    var bytes = fileBytes(header(("a", "U8", "[1]", "0", "1")), data: [0])
    bytes[10] = 0xFF
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes: bytes) }
    #expect(error?.message.contains("invalid UTF-8") == true)
  }

  @Test("Names that are only canonically equivalent are two tensors")
  func canonicalEquivalence() throws {
    let header = header(("\u{E9}", "U8", "[1]", "0", "1"), ("e\u{301}", "U8", "[1]", "1", "2"))
    let file = try SafetensorsFile(bytes: fileBytes(header, data: [1, 2]))
    #expect(try file.withBytes(of: "\u{E9}") { Array($0) } == [1])
    #expect(try file.withBytes(of: "e\u{301}") { Array($0) } == [2])
  }

  @Test("Unaligned tensors are read and told")
  func alignment() throws {
    let header = header(("a", "U8", "[1]", "0", "1"), ("b", "F32", "[1]", "1", "5"))
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let file = try SafetensorsFile(bytes: fileBytes(padded, data: [0, 1, 2, 3, 4]))
    #expect(try file.isAligned(#require(file["a"])))
    #expect(try !file.isAligned(#require(file["b"])))
  }

  @Test("A mapping outlives the file value, and a missing file is named")
  func mapping() throws {
    let folder = try TemporaryFolder()
    let bytes = fileBytes(header(("a", "U8", "[3]", "0", "3")), data: [7, 8, 9])
    try AtomicFile.write(folder("m.safetensors"), bytes)
    var file: SafetensorsFile? = try SafetensorsFile(path: folder("m.safetensors"))
    let mapping = try #require(file?.mapping)
    let tensor = try #require(file?["a"])
    file = nil
    #expect(Array(mapping.bytes[tensor.byteRange]) == [7, 8, 9])
    let error = #expect(throws: FileError.self) { try SafetensorsFile(path: folder("none")) }
    #expect(error?.code == .notFound)
  }

  @Test(
    "The width of each type",
    arguments: zip(
      SafetensorsDType.allCases,
      [8, 4, 6, 6, 8, 8, 8, 8, 8, 8, 8, 16, 16, 16, 16, 32, 32, 32, 64, 64, 64, 64]))
  func widths(dtype: SafetensorsDType, bits: Int) throws {
    #expect(dtype.bitWidth == bits)
    let bytes = fileBytes(
      header(("a", dtype.rawValue, "[8]", "0", "\(bits)")), data: Array(repeating: 0, count: bits))
    #expect(try SafetensorsFile(bytes: bytes)["a"]?.dtype == dtype)
  }
}
