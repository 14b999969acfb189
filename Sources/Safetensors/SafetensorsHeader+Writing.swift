/// The header of a file to be written, laid out as the reference implementation lays it out.

import JSON

extension SafetensorsHeader {
  /// Places `layouts` in file order behind a header of their own.
  ///
  /// - Throws: `SafetensorsError` if two have one name, a name is reserved, or the file would be too large.
  init(
    layouts: [SafetensorsLayout], metadata: [String: String], path: String
  ) throws(SafetensorsError) {
    let ordered = layouts.sorted(by: SafetensorsLayout.precedes)
    try Self.checkNames(ordered, path)
    let length = Self.encoded(ordered, metadata).count
    guard length - 8 <= Self.mostBytes else {
      throw SafetensorsError(
        code: .invalidRequest,
        message: "the header would take \(length - 8) bytes, more than the \(Self.mostBytes) allowed",
        path: path,
        remedy: "write fewer tensors to a file or shorter metadata")
    }
    var tensors: [SafetensorsTensor] = []
    var end = length
    for layout in ordered {
      let (next, overflow) = end.addingReportingOverflow(layout.byteCount)
      guard !overflow else {
        throw SafetensorsError(
          code: .invalidRequest, message: "the tensors are too large for a file", path: path,
          remedy: "write them to several files")
      }
      tensors.append(SafetensorsTensor(layout: layout, byteRange: end..<next))
      end = next
    }
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The length, the JSON, and spaces up to a multiple of eight bytes, so that the data begins aligned.
  var encoded: [UInt8] { Self.encoded(tensors.map(\.layout), metadata) }

  private static func encoded(_ ordered: [SafetensorsLayout], _ metadata: [String: String]) -> [UInt8] {
    var members = JSONObject()
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      members[metadataKey] = .object(JSONObject(sorted.map { (key: $0.key, value: .string($0.value)) }))
    }
    var start = 0
    for layout in ordered {
      let end = start &+ layout.byteCount
      members[layout.name] = [
        "dtype": .string(layout.dtype.rawValue), "shape": .array(layout.shape.map(JSONValue.int)),
        "data_offsets": [.int(start), .int(end)],
      ]
      start = end
    }
    var json = Array(JSONValue.object(members).serialized(ascii: false, compact: true).utf8)
    json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
    return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
  }

  private static func checkNames(_ layouts: [SafetensorsLayout], _ path: String) throws(SafetensorsError) {
    var names: Set<ByteString> = []
    for layout in layouts {
      let isNew = names.insert(ByteString(layout.name)).inserted
      guard isNew, layout.name != metadataKey else {
        throw SafetensorsError(
          code: .invalidRequest,
          message: isNew
            ? "a tensor may not be called \(metadataKey)" : "two tensors called \(quoted(layout.name))",
          path: path, remedy: "give each tensor a name of its own")
      }
    }
  }
}
