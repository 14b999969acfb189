/// What a chat template renders.

/// A conversation as text.
public struct RenderedChat: Sendable, Equatable {
  public let text: String
  /// What the template's `{% generation %}` blocks wrote: the assistant's part, in Unicode scalars of `text`.
  public let generationRanges: [Range<Int>]
}
