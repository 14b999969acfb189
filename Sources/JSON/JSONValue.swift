/// Any JSON value: objects keep their order, numbers keep their spelling, strings compare by scalars.
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}
