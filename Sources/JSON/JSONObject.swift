/// A JSON object in source order. Keys are told apart by their bytes, not by canonical equivalence.
public struct JSONObject: Sendable {
  public private(set) var members: [(key: String, value: JSONValue)] = []

  public init() {}
}
