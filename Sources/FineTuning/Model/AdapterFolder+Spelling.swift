import Models
import PEFT

extension AdapterFolder {
  /// The same adapter under the names that `model` has, where its layers are called as in files, or as in older versions
  /// of transformers.
  ///
  /// - Throws: ``AdapterError`` when two tensors would get one name.
  func respelled(for model: any Model) throws -> AdapterFolder {
    let rename = try ModelRegistry.respelling(for: model.configuration)
    guard tensors.keys.contains(where: { rename($0) != $0 }) else { return self }
    return try renamed(by: KeyMapping(rename))
  }
}
