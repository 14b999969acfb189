import Files
import Foundation
import NN
import Pickle
import Safetensors
import Testing
import Torch

/// Files of torch.save; see `Tests/Golden/make_pickles.py`.
struct TorchFileTests {
  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/pickles/"

  @Test(arguments: ["archive", "sequence", "nested", "nested-sequence", "protocol-3", "protocol-4"])
  func tensorsAreThoseThatTorchSaved(name: String) throws {
    let source = try TorchFileSource(path: Self.folder + "\(name).bin")
    let prefix = name.hasPrefix("nested") ? "model." : ""
    let expected = try SafetensorsFile(path: Self.folder + "expected.safetensors").allTensors()
    #expect(source.names == expected.keys.map { prefix + $0 }.sorted())
    for (key, wanted) in expected {
      let found = try source.tensor(named: prefix + key)
      #expect(found.dtype == wanted.dtype && found.shape == wanted.shape, "\(key)")
      #expect(try found.contiguous().isIdentical(to: wanted), "\(key)")
    }
  }

  @Test(arguments: [
    ("evil", ".system, which is refused"), ("evil-sequence", ".system, which is refused"),
    ("evil-builtin", ".getattr, which is refused"), ("evil-module", "torch.nn.modules.linear.Linear"),
    ("plain", "torch did not write this file"), ("compressed", "is compressed"),
  ])
  func anythingElseIsRefusedByName(name: String, message: String) throws {
    let error = try #require(throws: PickleError.self) {
      try TorchFileSource(path: Self.folder + "\(name).bin")
    }
    #expect(error.description.contains(message), "\(error)")
    #expect(!FileManager.default.fileExists(atPath: "/tmp/swift-peft-was-here"))
  }

  @Test(arguments: ["archive", "sequence", "nested", "protocol-4"])
  func damagedFilesAreErrorsOrTensors(name: String) throws {
    let whole = try WholeFile.read(Self.folder + "\(name).bin")
    var random = SystemRandom(seed: 5)
    for round in 0..<800 {
      var bytes = whole
      for _ in 0...(round % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 0xFF)
      }
      if round.isMultiple(of: 5) { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      guard let file = try? TorchFile(mapping: MappedFile(copying: bytes)) else { continue }
      for name in TorchFileSource(file).names {
        _ = try? TorchFileSource(file).tensor(named: name).contiguous()
      }
    }
  }

  @Test func deepNestingIsNoDanger() throws {
    // A million lists, each the only element of the one before.
    var bytes: [UInt8] = [0x80, 2]
    bytes += Array(repeating: UInt8(ascii: "]"), count: 1_000_000)
    bytes += Array(repeating: UInt8(ascii: "a"), count: 999_999) + [UInt8(ascii: ".")]
    #expect(throws: PickleError.self) { try TorchFile(mapping: MappedFile(copying: bytes)) }
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let folder = NSTemporaryDirectory() + "/peft-\(UInt64.random(in: .min ... .max))"
    try Folder.create(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let tensors = try SafetensorsFile(path: Self.folder + "expected.safetensors").allTensors()
    try TorchFileWriter.write(tensors, to: folder + "/state.pt")
    let source = try TorchFileSource(path: folder + "/state.pt")
    #expect(source.names == tensors.keys.sorted())
    for (key, tensor) in tensors { #expect(try source.tensor(named: key).isIdentical(to: tensor), "\(key)") }
  }

  /// Small and repeatable.
  private struct SystemRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }
}
