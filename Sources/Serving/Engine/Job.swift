import Generation
import NIOConcurrencyHelpers

/// What one request wants written, and where it goes.
struct Job: Sendable {
  typealias Events = AsyncThrowingStream<GenerationEvent, any Error>

  /// The index of an event is that of its text among these.
  let texts: [TextRequest]
  /// nil for the bare model.
  let adapter: String?
  let output: Events.Continuation
  /// Set when nobody reads the output any more.
  let isAbandoned = NIOLockedValueBox(false)

  init(_ texts: [TextRequest], adapter: String?, output: Events.Continuation) {
    (self.texts, self.adapter, self.output) = (texts, adapter, output)
    output.onTermination = { [isAbandoned] _ in isAbandoned.withLockedValue { $0 = true } }
  }
}
