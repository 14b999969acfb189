import Configuration
import Files
import JSON
import Models
import NIOHTTP1
import PEFT
import Tokenizers
import Training

/// What went wrong with a request, as OpenAI's API says it.
struct APIError: Error {
  let status: HTTPResponseStatus
  let message: String
  /// The field at fault.
  var field: String?
  var code: String?

  init(_ status: HTTPResponseStatus, _ message: String, field: String? = nil, code: String? = nil) {
    (self.status, self.message, self.field, self.code) = (status, message, field, code)
  }

  /// A field whose value makes no sense.
  static func invalid(_ field: String, _ message: String) -> APIError {
    APIError(.badRequest, "\(field): \(message)", field: field)
  }

  /// Any error: those of the rooms below say what is wrong with the request, others that we failed.
  init(_ error: any Error) {
    switch error {
    case let error as APIError: self = error
    case is ModelError, is TokenizerError, is ConfigurationError, is AdapterError, is FileError, is JSONError:
      self.init(.badRequest, "\(error)")
    case let error as TrainingError where error.code == .data: self.init(.badRequest, "\(error)")
    case is CancellationError: self.init(.serviceUnavailable, "the server is stopping: try again later")
    default: self.init(.internalServerError, "\(error)")
    }
  }

  private var kind: String {
    switch status.code {
    case 404: "not_found_error"
    case 503: "service_unavailable_error"
    case 500...: "server_error"
    default: "invalid_request_error"
    }
  }

  var json: JSONValue {
    [
      "error": [
        "message": .string(message), "type": .string(kind), "param": field.map(JSONValue.string) ?? .null,
        "code": code.map(JSONValue.string) ?? .null,
      ]
    ]
  }
}
