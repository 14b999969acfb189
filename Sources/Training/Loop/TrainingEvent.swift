/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
  /// - Parameters:
  ///   - step: optimizer steps done in an earlier session.
  case started(step: Int, totalSteps: Int)
  case stepped(StepRecord, totalSteps: Int)
  case evaluated(step: Int, EvaluationResult)
  /// A checkpoint is complete.
  case saved(step: Int, folder: String)
  /// Something that the user should know, said once.
  case warned(String)
}
