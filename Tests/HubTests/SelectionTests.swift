import Foundation
import Testing

@testable import Hub

/// What is pulled of a repository, what names are names, and where the environment says things are.
@Suite struct SelectionTests {
  private func chosen(_ names: [String], _ selection: FileSelection = FileSelection()) -> [String] {
    selection.choose(from: names.compactMap(PlainPath.init)).map(\.text)
  }

  @Test func modelsComeWithWhatLoadsThem() {
    let names = [
      ".gitattributes", "README.md", "config.json", "flax_model.msgpack", "generation_config.json",
      "merges.txt",
      "model.safetensors", "model.fp16.safetensors", "consolidated.safetensors", "onnx/model.onnx",
      "onnx/config.json",
      "original/params.json", "picture.png", "pytorch_model.bin", "rust_model.ot", "tf_model.h5",
      "tokenizer.json",
      "tokenizer.model", "vocab.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "modeling.py",
      "checkpoint-500/model.safetensors", "training_args.bin",
    ]
    #expect(
      chosen(names) == [
        "README.md", "generation_config.json", "merges.txt", "model.safetensors", "tokenizer.json",
        "tokenizer.model",
        "vocab.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "config.json",
      ])
  }

  @Test func pickledWeightsOnlyWithoutOthers() {
    #expect(
      chosen([
        "config.json", "pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json", "optimizer.bin",
      ]) == [
        "pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json", "config.json",
      ])
    #expect(
      chosen(["adapter_config.json", "adapter_model.bin", "adapter_model.safetensors"]) == [
        "adapter_model.safetensors", "adapter_config.json",
      ])
    #expect(
      chosen([
        "model-00001-of-00002.safetensors", "model.safetensors.index.json",
        "model.bf16-00001-of-00002.safetensors",
      ])
        == ["model-00001-of-00002.safetensors", "model.safetensors.index.json"])
  }

  @Test(
    arguments: [
      (["*.json"], [], ["a/config.json", "config.json"]), (["a/"], [], ["a/config.json", "a/x.bin"]),
      (["x.bin", "*/x.bin"], [], ["a/x.bin", "x.bin"]), (["*"], ["a/*"], ["x.bin", "config.json"]),
      ([], ["*.json"], []), (["[xy].bin"], [], ["x.bin"]), (["nothing"], [], []),
    ] as [([String], [String], [String])])
  func patterns(_ including: [String], _ excluding: [String], _ expected: [String]) {
    let names = ["a/config.json", "a/x.bin", "config.json", "x.bin"]
    #expect(chosen(names, FileSelection(including: including, excluding: excluding)) == expected)
  }

  @Test(arguments: ["gpt2", "org/name", "Org-1/na_me.v2", "org/name@v1.0", "org/name@refs/pr/1"])
  func ids(_ text: String) throws {
    let id = try RepositoryID(text)
    #expect(id.description == text)
  }

  @Test(arguments: [
    "", "/", "org/", "/name", "a/b/c", "../name", "org/..", "org/.name", "or--g/name", "org/na me",
    "org/name.git",
    "org/näme", "org/name@", "org/name@../../x", "org/name@a b", "org/name@/x", "C:\\models", "~/models",
    String(repeating: "a", count: 97),
  ])
  func noIds(_ text: String) {
    let error = #expect(throws: HubError.self) { try RepositoryID(text) }
    #expect(error?.code == .usage)
  }

  @Test func environment() {
    func settings(_ environment: [String: String]) -> HubSettings { HubSettings(environment: environment) }
    #expect(settings(["HOME": "/h"]).cache == "/h/.cache/huggingface/hub")
    #expect(settings(["HOME": "/h", "XDG_CACHE_HOME": "/x"]).cache == "/x/huggingface/hub")
    #expect(settings(["HOME": "/h", "HF_HOME": "~/y", "XDG_CACHE_HOME": "/x"]).cache == "/h/y/hub")
    #expect(settings(["HF_HUB_CACHE": "/c", "HF_HOME": "/y"]).cache == "/c")
    #expect(settings([:]).endpoint == "https://huggingface.co")
    #expect(settings(["HF_ENDPOINT": "http://mirror:8000/"]).endpoint == "http://mirror:8000")
    #expect(
      settings(["HF_HUB_OFFLINE": "1"]).isOffline && settings(["TRANSFORMERS_OFFLINE": "true"]).isOffline)
    #expect(!settings(["HF_HUB_OFFLINE": "0"]).isOffline && !settings([:]).isOffline)
    #expect(settings(["HF_TOKEN": " hf_a\n"]).token == "hf_a")
    #expect(HubSettings(token: "hf_b", environment: ["HF_TOKEN": "hf_a"]).token == "hf_b")
    #expect(settings(["HF_TOKEN": "sch\u{f6}n"]).token == nil)
  }

  @Test func tokenFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", Array("hf_file\n".utf8))
    #expect(HubSettings(environment: ["HF_HOME": folder.path]).token == "hf_file")
    #expect(HubSettings(environment: ["HF_TOKEN_PATH": folder("token")]).token == "hf_file")
    #expect(HubSettings(environment: ["HF_HOME": folder.path, "HF_TOKEN": "hf_a"]).token == "hf_a")
  }

  @Test func cacheIsSearched() throws {
    let folder = try TemporaryFolder()
    let model = folder("hub/models--org--tiny")
    try folder.write("hub/models--org--tiny/snapshots/abc123/config.json", [])
    try folder.write("hub/models--org--tiny/refs/main", Array("abc123\n".utf8))
    try folder.write("hub/models--org--tiny/refs/evil", Array("../..".utf8))
    let cache = HubCache(HubSettings(environment: ["HF_HOME": folder.path]))
    func found(_ id: String) throws -> String? { try cache.snapshot(of: RepositoryID(id)) }
    #expect(try found("org/tiny") == "\(model)/snapshots/abc123")
    #expect(try found("org/tiny@abc123") == "\(model)/snapshots/abc123")
    #expect(try found("org/tiny@other") == nil && found("org/small") == nil && found("org/tiny@evil") == nil)
    #expect(try found("org/tiny@refs/pr/1") == nil)
  }

  @Test(arguments: [
    (["config.json"], false), (["model.safetensors"], false), (["config.json", "model.safetensors"], true),
    (["adapter_config.json", "adapter_model.bin"], true),
    (["config.json", "tokenizer.json", "training_args.bin"], false),
    (["config.json", "model.safetensors.index.json", "a.safetensors"], false),
    (["config.json", "model.safetensors.index.json", "a.safetensors", "b.safetensors"], true),
  ])
  func wholeSnapshots(_ names: [String], _ isWhole: Bool) throws {
    let folder = try TemporaryFolder()
    let index = "{\"weight_map\": {\"x\": \"a.safetensors\", \"y\": \"b.safetensors\"}}"
    for name in names { try folder.write(name, Array((name.hasSuffix("index.json") ? index : "").utf8)) }
    #expect(HubCache.isWhole(folder.path) == isWhole)
    try FileManager.default.createSymbolicLink(
      atPath: folder("tokenizer.model"), withDestinationPath: "nothing")
    #expect(!HubCache.isWhole(folder.path))
  }

  @Test(arguments: [
    ("https://a.b/c", "/d", "https://a.b/d", true),
    ("https://a.b/c", "https://a.b:443/d", "https://a.b:443/d", true),
    ("https://a.b/c", "http://a.b/d", "http://a.b/d", false),
    ("https://a.b/c", "https://x.a.b/", "https://x.a.b/", false),
    ("http://a.b:80/c", "//e.f/g", "http://e.f/g", false),
    ("http://a:1/c", "http://a:2/c", "http://a:2/c", false),
  ])
  func redirects(_ from: String, _ location: String, _ expected: String, _ keepsToken: Bool) throws {
    let address = try #require(WebAddress(from))
    let next = try #require(address.redirected(to: location))
    #expect(next.text == expected && next.hasSameOrigin(as: address) == keepsToken)
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://a.b/c", "gopher://a"]) func otherSchemesAreRefused(
    _ text: String
  ) throws {
    #expect(WebAddress(text) == nil)
    #expect(try #require(WebAddress("http://a.b/")).redirected(to: text) == nil)
  }
}
