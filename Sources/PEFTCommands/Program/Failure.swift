import ChatTemplates
import Configuration
import Files
import Hub
import Images
import JSON
import Models
import NN
import Pickle
import Safetensors
import Serving
import Tokenizers
import Torch
import Training

/// An error as the user sees it: one line, and the exit code that scripts test.
struct Failure: Error {
  enum Code: Int32 {
    case usage = 64
    case badInput = 65
    case unavailable = 69
    case ours = 70
    case interrupted = 130
  }

  let code: Code
  let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// Nil for errors of the argument parser.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as TorchError: self = Failure(error)
    case let error as TrainingError: self = Failure(error)
    case let error as HubError: self = Failure(error)
    case is FileError, is JSONError, is ConfigurationError, is CheckpointError, is AdapterError,
      is TokenizerError, is ModelError, is SafetensorsError, is PickleError,
      is QuantizationError, is ImageError, is ChatTemplateError:
      self.init(.badInput, "\(error)")
    case is ServingError: self.init(.unavailable, "\(error)")
    default: return nil
    }
  }

  private init(_ error: TrainingError) {
    switch error.code {
    case .data, .diverged, .noGradient, .checkpoint: self.init(.badInput, "\(error)")
    case .memory: self.init(.unavailable, "\(error)")
    case .interrupted: self.init(.interrupted, "\(error)")
    }
  }

  private init(_ error: HubError) {
    switch error.code {
    case .usage: self.init(.usage, "\(error)")
    case .notFound: self.init(.badInput, "\(error)")
    case .refused, .unavailable: self.init(.unavailable, "\(error)")
    }
  }

  private init(_ error: TorchError) {
    switch error.code {
    case .memory:
      self.init(
        .unavailable,
        "out of memory, \(error.message): lower --batch-size or --max-length, or add --gradient-checkpointing"
      )
    case .unavailable: self.init(.unavailable, error.message)
    case .invalid, .unsupported: self.init(.ours, error.message)
    }
  }
}

/// Did you mean?
enum Suggestion {
  static func hint(_ word: String, among candidates: [String]) -> String {
    NearestName.find(word, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
  }
}
