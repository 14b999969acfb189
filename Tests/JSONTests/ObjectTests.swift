import Testing

@testable import JSON

@Suite("Objects")
struct ObjectTests {
  @Test("Keys that are only canonically equivalent stay apart", arguments: [2, 40])
  func bytesTellApart(count: Int) throws {
    var object = JSONObject()
    object["\u{E9}"] = 1
    object["e\u{301}"] = 2
    for index in 2..<count { object["key \(index)"] = .int(index) }
    #expect(object.count == count)
    #expect(object["\u{E9}"] == 1)
    #expect(object["e\u{301}"] == 2)
    #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
  }

  @Test("Setting keeps the place, nil removes, new keys go last", arguments: [3, 30])
  func order(count: Int) {
    var object = JSONObject()
    for index in 0..<count { object["k\(index)"] = .int(index) }
    object["k1"] = "new"
    object["k0"] = nil
    object["absent"] = nil
    object["last"] = true
    #expect(object.keys == (1..<count).map { "k\($0)" } + ["last"])
    #expect(object["k1"] == "new")
    #expect(object["k0"] == nil)
    #expect(object["last"] == true)
    #expect(object.removeValue(forKey: "k\(count - 1)") == .int(count - 1))
    #expect(object.removeValue(forKey: "k0") == nil)
    for (key, value) in object { #expect(object[key] == value) }
  }

  @Test("Removing down to few and growing again keeps every key findable")
  func shrinking() {
    var object = JSONObject()
    for index in 0..<12 { object["\(index)"] = .int(index) }
    for index in 0..<8 { object["\(index)"] = nil }
    for index in 20..<30 { object["\(index)"] = .int(index) }
    #expect(object.count == 14)
    for index in Array(8..<12) + Array(20..<30) { #expect(object["\(index)"] == .int(index)) }
    #expect(object["3"] == nil)
  }

  @Test("Order does not matter for equality")
  func equality() {
    let keys = (0..<20).map { "key \($0)" }
    let forward = JSONObject(keys.map { (key: $0, value: .string($0)) })
    let backward = JSONObject(keys.reversed().map { (key: $0, value: .string($0)) })
    #expect(forward == backward)
    #expect(forward.hashValue == backward.hashValue)
    var other = backward
    other["key 3"] = 3
    #expect(forward != other)
    #expect((["a": 1] as JSONValue) != ["b": 1])
    #expect((["a": 1] as JSONValue) != ["a": 1, "b": 1])
  }

  @Test("The initializer keeps the last of repeated keys")
  func repeated() {
    let object = JSONObject([(key: "a", value: 1), (key: "b", value: 2), (key: "a", value: 3)])
    #expect(object.keys == ["a", "b"])
    #expect(object["a"] == 3)
  }

  @Test("A hundred thousand keys are found quickly")
  func large() throws {
    let text = "{" + (0..<100_000).map { "\"tok\u{120}\($0)\":\($0)" }.joined(separator: ",") + "}"
    let object = try #require(try JSONValue.parse(text).objectValue)
    #expect(object.count == 100_000)
    let found = stride(from: 0, to: 100_000, by: 17).allSatisfy { object["tok\u{120}\($0)"] == .int($0) }
    #expect(found)
  }

  @Test("Accessors answer only for what the value holds")
  func accessors() throws {
    let value = try JSONValue.parse(#"{"s":"t","i":3,"d":1.5,"b":true,"n":null,"a":[1,[2]],"o":{"k":"v"}}"#)
    #expect(value["s"]?.stringValue == "t")
    #expect(value["i"]?.intValue == 3)
    #expect(value["i"]?.doubleValue == 3)
    #expect(value["d"]?.intValue == nil)
    #expect(value["d"]?.doubleValue == 1.5)
    #expect(value["b"]?.boolValue == true)
    #expect(value["n"]?.isNull == true)
    #expect(value["a"]?[1]?[0]?.intValue == 2)
    #expect(value["a"]?[2] == nil)
    #expect(value["a"]?[-1] == nil)
    #expect(value["o"]?["k"]?.stringValue == "v")
    #expect(value["o"]?.objectValue?.keys == ["k"])
    #expect(value["a"]?.arrayValue?.count == 2)
    #expect(value["missing"] == nil)
    #expect(value["s"]?["k"] == nil)
    #expect(value["i"]?.boolValue == nil)
    #expect(value["b"]?.intValue == nil)
  }
}
