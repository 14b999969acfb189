import Files
import NN

/// An adapter of a diffusion pipeline as Hugging Face PEFT keeps it: a folder for each of the pipeline's models, each
/// loaded on its own model, such as `unet` and `text_encoder`.
public enum PipelineFolders {
  /// The adapter of each model; one alone, under no name, where no layer says its model.
  static func split(_ adapter: AdapterFolder) throws -> [(part: String?, adapter: AdapterFolder)] {
    var parts: [String?: PortableAdapter] = [:]
    let whole = try PortableAdapter(adapter, for: .peft)
    for var update in whole.updates {
      let (part, path) = PipelinePart.split(update.layer)
      let magnitude = whole.magnitudes[update.layer]
      update.layer = path
      parts[part, default: PortableAdapter([])].updates.append(update)
      parts[part]?.magnitudes[path] = magnitude
    }
    return try parts.sorted { ($0.key ?? "") < ($1.key ?? "") }.map {
      ($0.key, try $0.value.folder(like: adapter.configuration))
    }
  }

  /// Writes the adapter of each model into a folder of its name in `path`; one alone into `path` itself.
  ///
  /// - Throws: ``AdapterError`` when some layers do not say which model they are of, and others do.
  public static func write(_ adapter: AdapterFolder, to path: String) throws {
    let (adapter, tokens) = LearnedTokens.split(adapter)
    let parts = try split(adapter)
    for (part, adapter) in parts {
      guard parts.count > 1 else {
        try adapter.write(to: path)
        continue
      }
      guard let part else {
        throw AdapterError("some layers name no model of the pipeline: give the model with --component")
      }
      try adapter.write(to: Folder.join(path, part))
    }
    try LearnedTokens.write(tokens, to: path)
  }

  /// What ``write(_:to:)`` wrote, joined again; nil when there are no such folders in `path`.
  static func read(_ path: String) throws -> AdapterFolder? {
    let found = PipelinePart.names.filter { part in
      Folder.hasFile(Folder.join(Folder.join(path, part), AdapterFolder.configurationName))
    }
    let isOne = Folder.hasFile(Folder.join(path, AdapterFolder.configurationName))
    guard !isOne, !found.isEmpty else { return nil }
    var whole = PortableAdapter([])
    for part in found {
      let one = try PortableAdapter(AdapterFolder(path: Folder.join(path, part)), for: .peft)
      for var update in one.updates {
        let layer = "\(part).\(update.layer)"
        whole.magnitudes[layer] = one.magnitudes[update.layer]
        update.layer = layer
        whole.updates.append(update)
      }
    }
    return try whole.folder()
  }
}
