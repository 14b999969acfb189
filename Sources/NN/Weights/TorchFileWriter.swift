import Pickle
import Torch

/// Writes tensors as `torch.save` writes a state dict.
public enum TorchFileWriter {
  public static func write(_ tensors: [String: Tensor], to path: String) throws {
    let names = tensors.keys.sorted()
    var pickler = TorchPickler()
    for (index, name) in names.enumerated() {
      guard let tensor = tensors[name] else { continue }
      try pickler.add(name, key: "\(index)", dtype: "\(tensor.dtype)", shape: tensor.shape)
    }
    pickler.finish()
    var zip = try ZipWriter(path)
    try pickler.bytes.withUnsafeBytes { try zip.add("archive/data.pkl", $0) }
    try Array("little".utf8).withUnsafeBytes { try zip.add("archive/byteorder", $0) }
    for (index, name) in names.enumerated() {
      try tensors[name]?.detached().to(device: .cpu).contiguous().withBytes {
        try zip.add("archive/data/\(index)", $0)
      }
    }
    try Array("3\n".utf8).withUnsafeBytes { try zip.add("archive/version", $0) }
    try zip.finish()
  }
}
