/// A server in the manner of huggingface.co, and what was downloaded from it.
///
/// ```swift
/// let folder = try Hub().pull(RepositoryID("org/name")).folder
/// let model = try PretrainedModel.load(folder: folder)
/// ```
public struct Hub: Sendable {
  public let settings: HubSettings
  let progress: HubProgress

  public init(_ settings: HubSettings = HubSettings(), progress: HubProgress = HubProgress()) {
    (self.settings, self.progress) = (settings, progress)
  }
}
