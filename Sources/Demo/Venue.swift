/// A place to eat: what the demo's texts are about, and what its task describes.
struct Venue: Equatable, Sendable {
  /// What may be known of a venue beside its name, in the order in which prompts list it.
  enum Slot: String, CaseIterable, Sendable {
    case food, area, price, rating, children

    /// Every set of slots but the empty one, as lists in prompt order.
    static let combinations: [[Slot]] = (1..<(1 << allCases.count)).map { bits in
      allCases.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)
    }
  }

  var name: String
  var values: [Slot: String]

  /// A venue that has a value for each of `slots`.
  init(name: String, slots: [Slot] = Slot.allCases, dice: inout Dice) {
    self.name = name
    values = [:]
    for slot in slots {
      values[slot] =
        switch slot {
        case .food: dice.pick(Words.foods)
        case .area: dice.pick(Words.areas)
        case .price: dice.pick(Words.prices)
        case .rating: String(dice.number(1...5))
        case .children: dice.chance(50) ? "yes" : "no"
        }
    }
  }

  init(name: String, values: [Slot: String]) { (self.name, self.values) = (name, values) }

  /// What a venue is called: "The Blue Mill".
  static func name(_ dice: inout Dice) -> String {
    "The \(dice.pick(Words.adjectives)) \(dice.pick(Words.nouns))"
  }

  subscript(slot: Slot) -> String { values[slot] ?? "" }
}
