import Files
import Testing

@testable import Safetensors

@Suite("Writing safetensors files")
struct WritingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// One element of every type that torch has, as `safetensors.torch.save` 0.8.0 lays them out.
  @Test("The bytes are those that Python's safetensors writes, for every type")
  func everyType() throws {
    let types = SafetensorsDType.allCases.filter { $0 != .f6e2m3 && $0 != .f6e3m2 }
    let tensors = try types.shuffled().map { try layout("t_" + $0.rawValue, $0, [$0 == .f4 ? 2 : 1]) }
    let byName = types.map(\.rawValue).sorted()
    try SafetensorsWriter.write(folder("all"), tensors: tensors, metadata: ["format": "pt"]) { tensor, sink in
      let number = UInt8((byName.firstIndex(of: tensor.dtype.rawValue) ?? 0) + 1)
      let value = tensor.dtype == .bool ? 1 : number
      try [UInt8](repeating: value, count: tensor.byteCount).withUnsafeBytes { try sink($0) }
    }
    let header =
      [
        #"{"__metadata__":{"format":"pt"}"#,
        #""t_U64":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}"#,
        #""t_I64":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}"#,
        #""t_F64":{"dtype":"F64","shape":[1],"data_offsets":[16,24]}"#,
        #""t_C64":{"dtype":"C64","shape":[1],"data_offsets":[24,32]}"#,
        #""t_F32":{"dtype":"F32","shape":[1],"data_offsets":[32,36]}"#,
        #""t_U32":{"dtype":"U32","shape":[1],"data_offsets":[36,40]}"#,
        #""t_I32":{"dtype":"I32","shape":[1],"data_offsets":[40,44]}"#,
        #""t_BF16":{"dtype":"BF16","shape":[1],"data_offsets":[44,46]}"#,
        #""t_F16":{"dtype":"F16","shape":[1],"data_offsets":[46,48]}"#,
        #""t_U16":{"dtype":"U16","shape":[1],"data_offsets":[48,50]}"#,
        #""t_I16":{"dtype":"I16","shape":[1],"data_offsets":[50,52]}"#,
        #""t_F8_E5M2FNUZ":{"dtype":"F8_E5M2FNUZ","shape":[1],"data_offsets":[52,53]}"#,
        #""t_F8_E4M3FNUZ":{"dtype":"F8_E4M3FNUZ","shape":[1],"data_offsets":[53,54]}"#,
        #""t_F8_E8M0":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[54,55]}"#,
        #""t_F8_E4M3":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[55,56]}"#,
        #""t_F8_E5M2":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[56,57]}"#,
        #""t_I8":{"dtype":"I8","shape":[1],"data_offsets":[57,58]}"#,
        #""t_U8":{"dtype":"U8","shape":[1],"data_offsets":[58,59]}"#,
        #""t_F4":{"dtype":"F4","shape":[2],"data_offsets":[59,60]}"#,
        #""t_BOOL":{"dtype":"BOOL","shape":[1],"data_offsets":[60,61]}} "#,
      ].joined(separator: ",")
    let data =
      "13131313131313130f0f0f0f0f0f0f0f0707070707070707030303030303030305050505121212120e0e0e0e"
      + "0101040411110d0d0b090c080a10140601"
    #expect(try WholeFile.read(folder("all")) == fileBytes(header, data: bytes(hex: data)))
  }

  @Test("Order, scalars, empty tensors, escapes and padding are those of Python's safetensors")
  func goldenBytes() throws {
    let contents: [String: [UInt8]] = [
      "b.lora_A.weight": bytes(hex: "0000c03f000000c0"), "a": bytes(hex: "003c00400042"), "s": [7],
      "\u{E9}\n\"/\u{7F}\u{1}": [],
    ]
    let tensors = try [
      layout("b.lora_A.weight", .f32, [1, 2]), layout("a", .f16, [3]),
      layout("\u{E9}\n\"/\u{7F}\u{1}", .f32, [0, 3]), layout("s", .u8, []),
    ]
    try SafetensorsWriter.write(folder("golden"), tensors: tensors) { tensor, sink in
      try contents[tensor.name]?.withUnsafeBytes { try sink($0) }
    }
    let golden =
      "f8000000000000007b22622e6c6f72615f412e776569676874223a7b226474797065223a22463332222c227368617065223a5b312c"
      + "325d2c22646174615f6f666673657473223a5b302c385d7d2c22c3a95c6e5c222f7f5c7530303031223a7b22647479706522"
      + "3a22463332222c227368617065223a5b302c335d2c22646174615f6f666673657473223a5b382c385d7d2c2261223a7b22"
      + "6474797065223a22463136222c227368617065223a5b335d2c22646174615f6f666673657473223a5b382c31345d7d2c22"
      + "73223a7b226474797065223a225538222c227368617065223a5b5d2c22646174615f6f666673657473223a5b31342c3135"
      + "5d7d7d2020200000c03f000000c0003c0040004207"
    #expect(try WholeFile.read(folder("golden")) == bytes(hex: golden))
  }

  @Test("What is written reads back", arguments: [0, 1, 60])
  func roundTrip(count: Int) throws {
    let types = SafetensorsDType.allCases
    let tensors = try (0..<count).map { index in
      try layout("layer.\(index)", types[index % types.count], [index % 5, 8, 1 + index % 3])
    }
    let metadata = ["format": "pt", "note": "\u{1F600}\n", "": "empty"]
    let path = folder("r.safetensors")
    try SafetensorsWriter.write(path, tensors: tensors, metadata: metadata, supply: supplyPattern)
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == metadata)
    #expect(file.tensors.count == count)
    for tensor in tensors {
      #expect(file[tensor.name]?.layout == tensor)
      #expect(try file.withBytes(of: tensor.name) { Array($0) } == pattern(tensor))
      #expect(try file.isAligned(#require(file[tensor.name])))
    }
    #expect(try folder.names == ["r.safetensors"])
  }

  @Test("A writer that does not finish leaves nothing, and what was there stays")
  func abandoned() throws {
    let path = folder("w.safetensors")
    try AtomicFile.write(path, "before")
    struct Interruption: Error {}
    #expect(throws: Interruption.self) {
      try SafetensorsWriter.write(path, tensors: [layout("a", .u8, [4])]) { _, sink in
        try [UInt8](repeating: 0, count: 2).withUnsafeBytes { try sink($0) }
        throw Interruption()
      }
    }
    #expect(try folder.names == ["w.safetensors"])
    #expect(try WholeFile.read(path) == Array("before".utf8))
  }

  @Test("Wrong bytes are refused before they are written")
  func misuse() throws {
    let tensors = try [layout("a", .u8, [2]), layout("b", .u8, [2]), layout("wide", .f32, [1])]
    func refusal(_ use: (SafetensorsWriter) throws -> Void) throws -> String? {
      let writer = try SafetensorsWriter(folder("w"), tensors: tensors)
      let error = #expect(throws: SafetensorsError.self) {
        try use(writer)
        try writer.finish()
      }
      #expect(error?.code == .invalidRequest)
      return error?.message
    }
    func append(_ writer: SafetensorsWriter, _ name: String, _ count: Int) throws {
      try [UInt8](repeating: 0, count: count).withUnsafeBytes { try writer.append($0, of: name) }
    }
    #expect(try refusal { _ in } == "4 bytes of \"wide\" missing")
    #expect(try refusal { try append($0, "a", 2) } == "bytes of \"a\" where bytes of \"wide\" were expected")
    #expect(try refusal { try append($0, "wide", 5) } == "more than the 4 bytes of \"wide\"")
    #expect(
      try refusal {
        try append($0, "wide", 4)
        try append($0, "a", 1)
        try append($0, "b", 2)
      } == "bytes of \"b\" where bytes of \"a\" were expected")
    #expect(
      try refusal {
        for (name, count) in [("wide", 4), ("a", 2), ("b", 2)] { try append($0, name, count) }
        try append($0, "c", 0)
      } == "bytes of \"c\" where no more bytes were expected")
    #expect(try folder.names == [])
  }

  @Test("Layouts that make no file are refused")
  func impossible() throws {
    let path = folder("w")
    #expect(throws: SafetensorsError.self) { try layout("a", .u8, [-1]) }
    #expect(throws: SafetensorsError.self) { try layout("a", .f64, [.max]) }
    #expect(throws: SafetensorsError.self) { try layout("a", .f4, [3]) }
    #expect(throws: SafetensorsError.self) {
      try SafetensorsWriter(path, tensors: [layout("a", .u8, [1]), layout("a", .i8, [1])])
    }
    #expect(throws: SafetensorsError.self) {
      try SafetensorsWriter(path, tensors: [layout("__metadata__", .u8, [1])])
    }
    #expect(throws: SafetensorsError.self) {
      try SafetensorsWriter(
        path,
        tensors: [layout("a", .u8, [.max / 8]), layout("b", .u8, [.max / 8])].flatMap { layout in
          try (0..<8).map {
            try SafetensorsLayout(name: "\(layout.name)\($0)", dtype: .u8, shape: layout.shape)
          }
        })
    }
    #expect(throws: FileError.self) { try SafetensorsWriter(folder("no/such/folder"), tensors: []) }
    #expect(try folder.names == [])
  }
}
