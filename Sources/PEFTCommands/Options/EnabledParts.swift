import ArgumentParser

/// `--enable-lora`: which outputs of a fused layer of loralib are adapted.
enum EnabledParts {
  /// - Throws: for anything but words of yes and no with commas between.
  static func parse(_ text: String) throws -> [Bool] {
    let words = ["true": true, "1": true, "false": false, "0": false]
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { words[$0.lowercased()] }
    guard !parts.contains(nil), parts.contains(true) else {
      throw ValidationError(
        "--enable-lora is '\(text)': must be true and false with commas between, such as true,false,true")
    }
    return parts.compactMap(\.self)
  }
}

extension ArgumentHelp {
  static let enabledParts: ArgumentHelp =
    "Which outputs of a fused layer of loralib have factors (default: true,false,true where two have, else all)."
}
