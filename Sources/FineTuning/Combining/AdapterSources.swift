import Models
import NN
import PEFT
import Torch

/// Adapters opened to be taken apart: by their files alone where those say what the adapters add, else on their base.
public struct AdapterSources {
  public let sources: [AdapterSource]
  /// The base, if it was needed.
  public let tuned: AdaptedPretrainedModel?

  /// - Parameters:
  ///   - paths: adapter folders or hub ids.
  ///   - model: the base; nil to do without.
  ///   - needsBase: whether every adapter is to be measured on the base.
  /// - Throws: ``AdapterError`` naming an adapter whose base is needed, when there is none.
  public init(_ paths: [String], model: String?, device: Device = .cpu, needsBase: Bool = false) throws {
    let folders = try paths.map { try AdapterFolder(path: ModelFolder($0).path).shaped(byModel: model) }
    var isPlain: [Bool] = []
    for (path, folder) in zip(paths, folders) {
      do {
        _ = try folder.updates()
        isPlain.append(!needsBase)
      } catch let error as AdapterError {
        guard model != nil else { throw AdapterError("\(error), in \(path)") }
        isPlain.append(false)
      }
    }
    guard let model, isPlain.contains(false) else {
      (sources, tuned) = (folders.map { AdapterSource($0) }, nil)
      return
    }
    let measured = zip(paths, isPlain).filter { !$0.1 }.map(\.0)
    let tuned = try AdaptedPretrainedModel(folder: model, adapters: measured, device: device)
    var names = tuned.adapters.names[...]
    sources = try zip(folders, isPlain).map { folder, isPlain in
      guard !isPlain, let name = names.popFirst() else { return AdapterSource(folder) }
      return AdapterSource(folder, deltas: try tuned.adapters.deltas(of: name))
    }
    self.tuned = tuned
  }
}
