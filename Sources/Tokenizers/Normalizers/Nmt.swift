/// The clean-up of SentencePiece's NMT rules: no control characters, every kind of space a plain one.
struct NmtNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    text.removeScalars { scalar in
      switch scalar {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
      default: false
      }
    }
    text.mapScalars { scalar in
      switch scalar {
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: 0x20
      default: scalar
      }
    }
  }
}
