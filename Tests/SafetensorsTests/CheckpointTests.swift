import Files
import Foundation
import JSON
import Testing

@testable import Safetensors

@Suite("Opening checkpoints")
struct CheckpointTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("A single file goes before an index, and any name can be asked for")
  func single() throws {
    try write("model.safetensors", ["a"])
    try AtomicFile.write(folder("model.safetensors.index.json"), "not read")
    try write("adapter_model.safetensors", ["b"])
    #expect(try SafetensorsCheckpoint(path: folder.path).names == ["a"])
    #expect(try SafetensorsCheckpoint(path: folder.path, name: "adapter_model").names == ["b"])
    #expect(try SafetensorsCheckpoint(path: folder("adapter_model.safetensors")).names == ["b"])
  }

  @Test("A folder without weights says what to do")
  func nothing() throws {
    let empty = try refusal()
    #expect(empty?.code == .notFound)
    #expect(
      empty?.description == "no model.safetensors and no model.safetensors.index.json, \(folder.path): "
        + "check the path, or download the weights")
    try AtomicFile.write(folder("pytorch_model.bin"), "")
    #expect(try refusal()?.remedy == "convert the PyTorch weights there to safetensors")
    #expect(throws: FileError.self) { try SafetensorsCheckpoint(path: folder("nowhere")) }
    #expect(throws: FileError.self) { try SafetensorsCheckpoint(path: folder("nowhere.index.json")) }
  }

  @Test("Shards in folders below are found")
  func nested() throws {
    try Folder.create(folder("sub"))
    try write("sub/s.safetensors", ["a"])
    try write("t.safetensors", ["b"])
    try index(["a": "sub/s.safetensors", "b": "t.safetensors"])
    #expect(try SafetensorsCheckpoint(path: folder.path).names.sorted() == ["a", "b"])
  }

  @Test(
    "An index cannot lead out of its folder",
    arguments: [
      "../outside.safetensors", "sub/../../outside.safetensors", "./s.safetensors", "sub//s.safetensors", "",
      "/etc/passwd", "..", ".", "sub/", "..\\outside.safetensors", "s.safetensors\0", "link.safetensors",
      "linked/outside.safetensors",
    ])
  func escapes(fileName: String) throws {
    let inner = folder("inner")
    try Folder.create(inner + "/sub")
    try write("outside.safetensors", ["a"])
    try write("inner/s.safetensors", ["a"])
    try write("inner/sub/s.safetensors", ["a"])
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: inner + "/link.safetensors", withDestinationPath: "../outside.safetensors")
    try files.createSymbolicLink(atPath: inner + "/linked", withDestinationPath: folder.path)
    try index(["a": .string(fileName)], in: "inner")
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsCheckpoint(path: inner) }
    #expect(error?.code == .malformed)
    #expect(error?.message.hasSuffix("which is outside its folder") == true)
  }

  @Test("The hub's cache, where every file is a link to a blob, is read", arguments: ["", "/unet"])
  func hubCache(subfolder: String) throws {
    let snapshot = "models--x--y/snapshots/0123abc" + subfolder
    try Folder.create(folder(snapshot))
    try Folder.create(folder("models--x--y/blobs"))
    try write("models--x--y/blobs/77", ["a"])
    let up = subfolder.isEmpty ? "../../" : "../../../"
    try FileManager.default.createSymbolicLink(
      atPath: folder(snapshot + "/s.safetensors"), withDestinationPath: up + "blobs/77")
    try index(["a": "s.safetensors"], in: snapshot)
    #expect(try SafetensorsCheckpoint(path: folder(snapshot)).names == ["a"])
  }

  @Test("An index and shards that disagree are refused")
  func disagreement() throws {
    try write("s1.safetensors", ["a", "b"])
    try write("s2.safetensors", ["c"])
    func message(_ map: JSONObject) throws -> String? {
      try index(map)
      return try refusal()?.message
    }
    let (one, two): (JSONValue, JSONValue) = ("s1.safetensors", "s2.safetensors")
    #expect(
      try message(["a": one, "b": one, "c": two, "d": two])
        == "the index says that \"d\" is in \"s2.safetensors\", which lacks it")
    #expect(
      try message(["a": one, "b": two, "c": two])
        == "the index says that \"b\" is in \"s2.safetensors\", which lacks it")
    #expect(try message(["a": one, "c": two]) == "the shards hold \"b\", which the index does not name")
    #expect(
      try message(["a": one, "b": one, "c": "s3.safetensors"])
        == "the index names \"s3.safetensors\", which is missing")
    #expect(try message(["a": one, "b": one, "c": 3]) == "the index maps \"c\" to no file name")
    try write("s2.safetensors", ["a", "c"])
    #expect(try message(["a": one, "b": one, "c": two])?.hasPrefix("tensor \"a\" is in ") == true)
  }

  @Test(
    "An index that is none is refused",
    arguments: [
      "", "[]", "{}", "{\"weight_map\":[]}", "{\"weight_map\":{\"a\":\"x\",\"a\":\"y\"}}", "{\"weight_map\":",
    ])
  func brokenIndex(text: String) throws {
    try AtomicFile.write(folder("model.safetensors.index.json"), text)
    #expect(throws: (any Error).self) { try SafetensorsCheckpoint(path: folder.path) }
  }

  private func write(_ name: String, _ tensors: [String]) throws {
    try SafetensorsWriter.write(
      folder(name), tensors: tensors.map { try layout($0, .f16, [3]) }, supply: supplyPattern)
  }

  private func index(_ map: JSONObject, in inner: String = ".") throws {
    let index: JSONValue = ["metadata": ["total_size": 0], "weight_map": .object(map)]
    try AtomicFile.write(folder(inner + "/model.safetensors.index.json"), index.serialized())
  }

  private func refusal() throws -> SafetensorsError? {
    #expect(throws: SafetensorsError.self) { try SafetensorsCheckpoint(path: folder.path) }
  }
}
