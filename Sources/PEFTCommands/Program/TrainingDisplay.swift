import Reports
import Training

/// What a training run says on stderr while it goes on, unless silenced; it leaves the screen with this value.
final class TrainingDisplay {
  private let progress: LiveProgress

  init(_ output: OutputOptions) {
    progress = LiveProgress(ProgressLine("training", mode: output.quiet ? .silent : .automatic))
  }

  deinit { progress.finish() }

  func show(_ event: TrainingEvent) { progress.show(event) }
}
