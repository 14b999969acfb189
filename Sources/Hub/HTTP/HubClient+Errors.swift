import JSON

extension HubClient {
  /// Says what went wrong with an exchange in words that help.
  func explaining<Result>(_ subject: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as TransferError {
      throw explanation(of: error, subject)
    }
  }

  private func explanation(of error: TransferError, _ subject: String) -> HubError {
    let host = endpoint.host
    switch error.reason {
    case .network(_, let words):
      return HubError(
        .unavailable,
        "cannot reach \(host) for \(subject), \(words): check the network and HF_ENDPOINT, or try later")
    case .damaged(let words):
      return HubError(.unavailable, "\(words), \(subject): try again")
    case .status(let answer):
      return refusal(answer, subject)
    }
  }

  /// Source of the codes: `huggingface_hub`, `hf_raise_for_status`.
  private func refusal(_ answer: HTTPAnswer, _ subject: String) -> HubError {
    let (host, status) = (endpoint.host, answer.head.status)
    let said = words(of: answer).map { " (\($0))" } ?? ""
    let logIn = "put a token of \(settings.endpoint)/settings/tokens into HF_TOKEN or --token"
    switch (status, answer.head["x-error-code"]) {
    case (_, "GatedRepo"):
      let ask = "ask for access on its page"
      let remedy = settings.token == nil ? "\(ask), and \(logIn)" : "\(ask) with the account of your token"
      return HubError(.refused, "\(subject) is gated\(said): \(remedy)")
    case (_, "RevisionNotFound"):
      return HubError(.notFound, "no such revision, \(subject) on \(host): check --revision")
    case (_, "EntryNotFound"):
      return HubError(.notFound, "no such file, \(subject) on \(host): check its name")
    case (401, "RepoNotFound") where settings.token == nil, (401, nil) where settings.token == nil:
      return HubError(
        .notFound, "no \(subject) on \(host), or it is private: check the id; if it is private, \(logIn)")
    case (404, _), (_, "RepoNotFound"):
      return HubError(.notFound, "no \(subject) on \(host)\(said): check the id")
    case (401, _):
      return HubError(.refused, "\(host) does not accept the token, for \(subject)\(said): \(logIn)")
    case (403, _):
      let remedy = settings.token == nil ? logIn : "use a token that has this right"
      return HubError(.refused, "\(host) does not allow this, \(subject)\(said): \(remedy)")
    case (429, _):
      let remedy = settings.token == nil ? "wait a few minutes, or \(logIn)" : "wait a few minutes"
      return HubError(.unavailable, "too many requests to \(host), for \(subject): \(remedy)")
    case (500..., _):
      return HubError(
        .unavailable, "\(host) is in trouble, status \(status) for \(subject)\(said): try later")
    default:
      return HubError(
        .unavailable, "\(host) answers with status \(status), \(subject)\(said): check the request")
    }
  }

  /// What the server says, on one line and without secrets; nil when it says nothing to people.
  private func words(of answer: HTTPAnswer) -> String? {
    let json = try? JSONValue.parse(answer.body)
    guard
      let text = answer.head["x-error-message"] ?? json?["error"]?.stringValue
        ?? json?["message"]?.stringValue
    else { return nil }
    let line = text.split(whereSeparator: { $0.isWhitespace || $0.isNewline }).joined(separator: " ")
    let safe = settings.token.map { line.replacing($0, with: "***") } ?? line
    return safe.isEmpty ? nil : String(safe.prefix(300))
  }
}
