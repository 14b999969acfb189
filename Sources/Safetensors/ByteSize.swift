/// Sizes as people write them: `5GB`, `200MB`, `1.5 GiB`, `1000000`.
public enum ByteSize {
  /// The number of bytes that `text` means. KB, MB, GB and TB count in thousands, as in Hugging Face's
  /// `max_shard_size`; KiB, MiB, GiB and TiB in 1024s; no unit means bytes.
  ///
  /// - Throws: `SafetensorsError` if it is no positive size.
  public static func parse(_ text: String) throws(SafetensorsError) -> Int {
    let number = text.drop { $0 == " " }.prefix { $0 == "." || "0"..."9" ~= $0 }
    let unit = text.drop { $0 == " " }.dropFirst(number.count).filter { $0 != " " }.uppercased()
    if let scale = scales[unit], let value = Double(number) {
      let size = Int(exactly: (value * scale).rounded(.down))
      if let size, size > 0 { return size }
    }
    throw SafetensorsError(
      code: .invalidRequest, message: "\(quoted(text)) is no size", path: "shard size",
      remedy: "write one like 200MB or 5GB")
  }

  private static let scales: [String: Double] = [
    "": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KIB": 0x1p10, "MIB": 0x1p20, "GIB": 0x1p30, "TIB": 0x1p40,
  ]
}
