import NN
import Torch

/// An adapter to be taken apart.
public struct AdapterSource {
  public let folder: AdapterFolder
  /// What it adds to its base, where its file alone does not say; see ``AdaptedModel/deltas(of:)``.
  public let deltas: LayerDeltas?

  public init(_ folder: AdapterFolder, deltas: LayerDeltas? = nil) {
    (self.folder, self.deltas) = (folder, deltas)
  }

  /// What the adapter does to each layer, and its tensors that are none of that.
  func tasks(weight: Double = 1) throws -> (tasks: [LayerTask], rest: [String: Tensor]) {
    guard let deltas else {
      let (updates, rest) = try folder.updates()
      return (updates.map { LayerTask($0, weight: weight) }, rest)
    }
    let adapted = Set(deltas.shapes.map(\.layer))
    let rest = folder.tensors.filter { Self.isWhole($0.key, besides: adapted) }
    return (deltas.shapes.map { LayerTask($0, deltas, weight: weight) }, rest)
  }

  /// Whether a tensor is a whole weight or bias, of none of the layers `adapted`.
  private static func isWhole(_ key: String, besides adapted: Set<String>) -> Bool {
    guard key.hasPrefix(AdaptedModel.keyPrefix), let dot = key.lastIndex(of: "."),
      ["weight", "bias"].contains(key[key.index(after: dot)...])
    else { return false }
    let layer = key[..<dot].dropFirst(AdaptedModel.keyPrefix.count)
    return !adapted.contains { layer == $0 || layer.hasPrefix("\($0).") }
  }
}
