import JSON

/// What `tokenizer_config.json` and the files that came before it say about a tokenizer.
struct TokenizerConfig {
  /// The fields of `tokenizer_config.json`.
  private(set) var fields = JSONObject()
  /// Special tokens by role, as `bos_token`, in the order in which they are added.
  private(set) var specialTokens: [(role: String, token: AddedToken)] = []
  /// Special tokens without a role.
  var extraTokens: [AddedToken] = []
  /// Added tokens the configuration lists by id.
  private var listedTokens: [AddedToken] = []
  private var listedIDs: [Int] = []
  var modelMaxLength: Int?
  var chatTemplate: JSONValue?

  private static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]
  /// Larger lengths stand for "no limit".
  private static let unlimited = 1e9

  init() {}

  /// - Throws: `TokenizerError` when one of the files is malformed.
  init(_ folder: ModelFolder) throws {
    fields = try folder.json("tokenizer_config.json")?.objectValue ?? JSONObject()
    if let listed = self["added_tokens_decoder"]?.objectValue {
      let byID = listed.members.compactMap { member in Int(member.key).map { (id: $0, token: member.value) } }
      listedIDs = byID.map(\.id).sorted()
      listedTokens = try byID.sorted { $0.id < $1.id }.map {
        try AddedToken(Fields($0.token, at: "added token"))
      }
    } else {
      // Older files say the same in two files of their own.
      for (role, value) in try folder.json("special_tokens_map.json")?.objectValue?.members ?? [] {
        fields.updateValue(value, forKey: role)
      }
    }
    readSpecialTokens()
    if listedTokens.isEmpty, let added = try folder.json("added_tokens.json")?.objectValue {
      let byID = added.members.compactMap { member in
        member.value.intValue.map { (id: $0, content: member.key) }
      }
      listedTokens = byID.sorted { $0.id < $1.id }.map { entry in
        AddedToken(entry.content, special: contains(entry.content))
      }
    }
    if let length = self["model_max_length"]?.doubleValue, length >= 1, length < Self.unlimited {
      modelMaxLength = Int(length)
    }
    chatTemplate = try folder.text("chat_template.jinja").map { .string($0) } ?? self["chat_template"]
  }

  /// A field that is there and not null.
  subscript(_ name: String) -> JSONValue? {
    guard let value = fields[name], !value.isNull else { return nil }
    return value
  }

  func bool(_ name: String) -> Bool? { self[name]?.boolValue }

  /// The class that the tokenizer had in transformers, without what only says how it was implemented.
  var tokenizerClass: String? {
    guard let name = self["tokenizer_class"]?.stringValue else { return nil }
    return name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
  }

  private mutating func readSpecialTokens() {
    let others = fields.keys.filter { $0.hasSuffix("_token") && !Self.roles.contains($0) }
    for role in Self.roles + others {
      guard let value = self[role], var token = Self.token(value) else { continue }
      if let listed = listedTokens.first(where: { $0.hasContent(token.content) }) { token = listed }
      token.special = true
      specialTokens.append((role, token))
    }
    let extra = self["extra_special_tokens"] ?? self["additional_special_tokens"]
    extraTokens = extra?.arrayValue?.compactMap(Self.token) ?? []
    for (role, value) in extra?.objectValue?.members ?? [] {
      if let token = Self.token(value) { specialTokens.append((role, token)) }
    }
  }

  /// A special token, which is written as its text or as an object.
  private static func token(_ value: JSONValue) -> AddedToken? {
    if let content = value.stringValue { return AddedToken(content, special: true) }
    return value.objectValue == nil ? nil : try? AddedToken(Fields(value, at: "special token"))
  }

  /// Gives a role to a token where the files give it to none.
  mutating func setDefault(_ role: String, _ content: String) {
    guard token(role) == nil else { return }
    specialTokens.append((role, AddedToken(content, special: true)))
    specialTokens.sort {
      (Self.roles.firstIndex(of: $0.role) ?? 99) < (Self.roles.firstIndex(of: $1.role) ?? 99)
    }
  }

  /// The content of the token with a role.
  func token(_ role: String) -> String? { specialTokens.first { $0.role == role }?.token.content }

  private func contains(_ content: String) -> Bool {
    specialTokens.contains { $0.token.hasContent(content) } || extraTokens.contains { $0.hasContent(content) }
  }

  /// The tokens that are to be added to those that the tokenizer has.
  func tokensToAdd(to present: [AddedToken]) -> [AddedToken] {
    var added = listedTokens.filter { !present.contains($0) }
    let known = present + added
    for special in specialTokens where !known.contains(where: { $0.hasContent(special.token.content) }) {
      if !added.contains(special.token) { added.append(special.token) }
    }
    for extra in extraTokens where !known.contains(where: { $0.hasContent(extra.content) }) {
      if !added.contains(extra) { added.append(extra) }
    }
    return added
  }

  /// Puts reserved tokens where the listed ids, from `first` on, leave gaps, so that all get the ids they have.
  mutating func fill(upTo first: Int) {
    guard let last = listedIDs.last, last >= first, last - first < 1 << 20 else { return }
    var filled: [AddedToken] = []
    var present = 0
    while present < listedIDs.count, listedIDs[present] < first { present += 1 }
    let below = Array(listedTokens[..<present])
    for id in first...last {
      if listedIDs[present] == id {
        filled.append(listedTokens[present])
        present += 1
      } else {
        filled.append(AddedToken("<|reserved_token_\(id)|>", special: true))
      }
    }
    listedTokens = below + filled
    listedIDs = Array(listedIDs[..<below.count]) + Array(first...last)
  }
}
