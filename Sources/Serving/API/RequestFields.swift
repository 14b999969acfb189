import JSON
import NIOHTTP1

/// The fields of a request's body, each read with the values it may have.
struct RequestFields {
  private let object: JSONObject

  /// - Throws: ``APIError`` when the body is no JSON object.
  init(_ body: [UInt8]) throws {
    let value: JSONValue
    do {
      value = try JSONValue.parse(body)
    } catch {
      throw APIError(.badRequest, "the body is not JSON: \(error)")
    }
    guard let object = value.objectValue else {
      throw APIError(.badRequest, "the body is not a JSON object: write {\"model\": ...}")
    }
    self.object = object
  }

  /// A field that is there and not null.
  subscript(_ name: String) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  func string(_ name: String) throws -> String? {
    guard let value = self[name] else { return nil }
    guard let text = value.stringValue else { throw APIError.invalid(name, "must be a string") }
    return text
  }

  func needed(_ name: String) throws -> String {
    guard let text = try string(name), !text.isEmpty else { throw APIError.invalid(name, "is missing") }
    return text
  }

  func bool(_ name: String) throws -> Bool? {
    guard let value = self[name] else { return nil }
    guard let flag = value.boolValue else { throw APIError.invalid(name, "must be true or false") }
    return flag
  }

  func int(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = self[name] else { return nil }
    guard let number = value.intValue, range.contains(number) else {
      throw APIError.invalid(
        name, "must be a whole number from \(range.lowerBound) to \(range.upperBound), is \(value)")
    }
    return number
  }

  func number(_ name: String) throws -> Double? {
    guard let value = self[name] else { return nil }
    guard let number = value.doubleValue, number.isFinite else {
      throw APIError.invalid(name, "must be a number, is \(value)")
    }
    return number
  }

  /// A string, or several in an array.
  func strings(_ name: String) throws -> [String] {
    guard let value = self[name] else { return [] }
    if let text = value.stringValue { return [text] }
    guard let texts = value.arrayValue?.map(\.stringValue), texts.allSatisfy({ $0 != nil }) else {
      throw APIError.invalid(name, "must be a string or an array of strings")
    }
    return texts.compactMap(\.self)
  }

  /// Refuses fields that would change the answer and are not honoured, unless they ask for nothing.
  func refuse(_ names: [String]) throws {
    for name in names {
      guard let value = self[name] else { continue }
      let asksForNothing =
        value.boolValue == false || value.doubleValue == 0 || value.arrayValue?.isEmpty == true
        || value.objectValue?.isEmpty == true || value.stringValue == "" || value.stringValue == "none"
        || value["type"]?.stringValue == "text"
      guard asksForNothing else { throw APIError.invalid(name, "is not supported here: leave it out") }
    }
  }
}
