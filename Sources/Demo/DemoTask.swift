/// The demo's task: from a line of slots to the one right description of a place to eat.
///
/// Every description follows one fixed wording, so that exact match is a fair score. No name of a held-out venue
/// occurs in the training rows, and every other held-out row combines its slots as no training row does.
public enum DemoTask {
  public typealias Row = (prompt: String, completion: String)

  public enum Split: Sendable {
    case train, heldOut

    /// How many rows the split has.
    public var count: Int {
      switch self {
      case .train: 1200
      case .heldOut: 100
      }
    }
  }

  /// How to fine-tune the demo's model on the task.
  public enum Recipe {
    public static let rank = 16
    public static let alpha = 32
    public static let learningRate = 0.004
    public static let batchSize = 16
    public static let steps = 800
    public static let warmupSteps = 40
    public static let maxNewTokens = 48
  }

  /// The rows of a split, the same for the same seed everywhere. The first rows held out are the ``showcase``.
  public static func rows(_ split: Split, seed: UInt64 = 1) -> [Row] {
    var dice = Dice(seed: seed)
    let combinations = dice.shuffled(Venue.Slot.combinations)
    let (reserved, shared) = (Array(combinations.prefix(6)), Array(combinations.dropFirst(6)))

    var heldOut = showcaseVenues
    while heldOut.count < Split.heldOut.count {
      let slots = dice.pick(heldOut.count.isMultiple(of: 2) ? reserved : shared)
      heldOut.append(Venue(name: Venue.name(&dice), slots: slots, dice: &dice))
    }
    if split == .heldOut { return heldOut.map(row) }

    let names = Set(heldOut.map(\.name))
    var train: [Row] = []
    var prompts: Set<String> = []
    while train.count < Split.train.count {
      let venue = Venue(name: Venue.name(&dice), slots: dice.pick(shared), dice: &dice)
      if !names.contains(venue.name), prompts.insert(prompt(venue)).inserted { train.append(row(venue)) }
    }
    return train
  }

  /// Three rows for samples before and after.
  public static var showcase: [Row] { showcaseVenues.map(row) }

  /// The share of generated texts that are exactly the right ones, but for white space at the ends.
  public static func score(_ generated: [String], _ rows: [Row]) -> Double {
    guard !rows.isEmpty else { return 0 }
    let right = zip(generated, rows).filter { trimmed($0) == trimmed($1.completion) }.count
    return Double(right) / Double(rows.count)
  }

  private static func trimmed(_ text: String) -> Substring {
    var text = Substring(text)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  private static let showcaseVenues = [
    Venue(name: "The Blue Mill", values: [.food: "Thai", .area: "riverside", .price: "cheap", .rating: "4"]),
    Venue(name: "The Sleepy Owl", values: [.food: "Italian", .children: "yes"]),
    Venue(name: "The Golden Harp", values: [.food: "Greek", .area: "castle", .rating: "5", .children: "no"]),
  ]

  private static func row(_ venue: Venue) -> Row { (prompt(venue), completion(venue)) }

  /// The slots on one line: `name: The Blue Mill | food: Thai | price: cheap ->`.
  static func prompt(_ venue: Venue) -> String {
    let known = Venue.Slot.allCases.compactMap { slot in venue.values[slot].map { "\(slot.rawValue): \($0)" }
    }
    return (["name: \(venue.name)"] + known).joined(separator: " | ") + " ->"
  }

  /// The one right description, with the space that parts it from the prompt:
  /// ` The Blue Mill is a cheap Thai place in the riverside area. It is rated 4 out of 5 and welcomes children.`
  static func completion(_ venue: Venue) -> String {
    let kind = [venue.values[.price], venue.values[.food], "place"].compactMap(\.self).joined(separator: " ")
    var text = " \(venue.name) is \(Words.withArticle(kind))"
    if let area = venue.values[.area] { text += " in the \(area) area" }
    text += "."
    switch (venue.values[.rating], venue.values[.children].map { $0 == "yes" }) {
    case (let rating?, true?): text += " It is rated \(rating) out of 5 and welcomes children."
    case (let rating?, false?): text += " It is rated \(rating) out of 5 but does not welcome children."
    case (let rating?, nil): text += " It is rated \(rating) out of 5."
    case (nil, true?): text += " It welcomes children."
    case (nil, false?): text += " It does not welcome children."
    case (nil, nil): break
    }
    return text
  }
}
