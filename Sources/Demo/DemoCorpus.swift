/// The text that the demo's base model learned English from: pages of a made-up town guide, one after another.
///
/// Nearly every page says a name or a value and later says it again, so that a small model learns to copy from what it
/// has read. The format and wording of ``DemoTask`` never occur.
public enum DemoCorpus {
  /// Pages separated by a blank line, as many as make up at least `bytes` bytes of UTF-8.
  ///
  /// The same seed and size give the same text everywhere, and a longer text begins with the shorter one.
  public static func text(seed: UInt64, bytes: Int) -> String {
    var dice = Dice(seed: seed)
    var text = ""
    while text.utf8.count < bytes { text += page(&dice) + "\n\n" }
    return text
  }

  private static func page(_ dice: inout Dice) -> String {
    let venue = Venue(name: Venue.name(&dice), dice: &dice)
    return switch dice.below(11) {
    case 0: guide(venue, &dice)
    case 1: diary(venue, &dice)
    case 2: talk(venue, &dice)
    case 3: questions(venue, &dice)
    case 4, 5: listing(venue, &dice)
    case 6: column(&dice)
    case 7, 8, 9: dictation(&dice)
    default: card(venue, &dice)
    }
  }

  private static func isChildFriendly(_ venue: Venue) -> Bool { venue[.children] == "yes" }

  /// Facts in any order.
  private static func guide(_ venue: Venue, _ dice: inout Dice) -> String {
    let facts = [
      "The cook of \(venue.name) loves \(venue[.food]) dishes.",
      "You find \(venue.name) near the \(venue[.area]).",
      "Dinner at \(venue.name) is \(venue[.price]).",
      "\(dice.pick(Words.people)) gave \(venue.name) \(venue[.rating]) stars.",
      isChildFriendly(venue) ? "Children like \(venue.name)." : "Children stay away from \(venue.name).",
      "On \(dice.pick(Words.days)) \(venue.name) is closed.",
    ]
    return dice.sample(dice.number(3...5), of: facts).joined(separator: " ")
  }

  private static func diary(_ venue: Venue, _ dice: inout Dice) -> String {
    let (day, guests, dish) = (
      dice.pick(Words.days), dice.sample(2, of: Words.people), dice.pick(Words.dishes)
    )
    return """
      On \(day), \(guests[0]) and \(guests[1]) went to \(venue.name). \(guests[0]) asked for \(venue[.food]) \(dish), and \
      the \(venue[.food]) \(dish) was good. "It is \(venue[.price])," said \(guests[1]). After that \(guests[0]) and \
      \(guests[1]) walked to the \(venue[.area]). "The \(venue[.area]) is pretty on \(day)," said \(guests[0]). They gave \
      \(venue.name) \(venue[.rating]) stars.
      """
  }

  private static func talk(_ venue: Venue, _ dice: inout Dice) -> String {
    let people = dice.sample(2, of: Words.people)
    let other = dice.pick(Words.foods)
    return """
      \(people[0]): Where shall we eat, \(people[1])?
      \(people[1]): At \(venue.name), by the \(venue[.area]). The food is \(venue[.food]) and \(venue[.price]).
      \(people[0]): I like \(other) food. Is \(venue.name) \(other)?
      \(people[1]): \(other == venue[.food] ? "Yes" : "No"), \(venue.name) is \(venue[.food]).
      \(people[0]): And it is \(venue[.price])? Then we meet by the \(venue[.area]), \(people[1]).
      """
  }

  private static func questions(_ venue: Venue, _ dice: inout Dice) -> String {
    let facts = [
      ("Which food is cooked at \(venue.name)?", "\(venue[.food]) food."),
      ("Where is \(venue.name)?", "By the \(venue[.area])."),
      ("Is dinner \(venue[.price]) at \(venue.name)?", "Yes, dinner is \(venue[.price])."),
      ("How many stars has \(venue.name)?", "\(venue[.rating]) stars."),
      (
        "Do children like \(venue.name)?",
        isChildFriendly(venue) ? "Yes, children like it." : "No, children do not."
      ),
    ]
    let told = """
      \(venue.name), by the \(venue[.area]): \(venue[.food]) food, \(venue[.price]), \(venue[.rating]) stars, \
      \(isChildFriendly(venue) ? "good" : "bad") for children.
      """
    let asked = dice.sample(dice.number(2...4), of: facts).map { "Question: \($0.0)\nAnswer: \($0.1)" }
    return ([told] + asked).joined(separator: "\n")
  }

  /// Lines of an index, and the same in prose.
  private static func card(_ venue: Venue, _ dice: inout Dice) -> String {
    let entries = dice.sample(
      dice.number(2...4),
      of: [
        ("Cook = \(venue[.food])", "The cook at \(venue.name) is \(venue[.food])."),
        ("Street = \(venue[.area])", "The street goes to the \(venue[.area])."),
        ("Bill = \(venue[.price])", "The bill will be \(venue[.price])."),
        ("Stars = \(venue[.rating])", "Guests gave \(venue[.rating]) stars."),
        ("Kids = \(venue[.children])", isChildFriendly(venue) ? "Kids can come." : "Kids cannot come."),
      ])
    // In another order, so that what follows must be found by its key rather than by its place.
    let prose = dice.shuffled(entries.map(\.1)).joined(separator: " ")
    return "[\(venue.name)]\n" + entries.map(\.0).joined(separator: "\n") + "\n\(venue.name): \(prose)"
  }

  /// A venue's entry in a register, in one of several notations, and then the same in prose.
  private static func listing(_ venue: Venue, _ dice: inout Dice) -> String {
    let entries = dice.sample(
      dice.number(2...5),
      of: [
        ("food", venue[.food], ["The food is \(venue[.food]).", "It is a \(venue[.food]) place."]),
        ("area", venue[.area], ["The area is the \(venue[.area]).", "It lies in the \(venue[.area]) area."]),
        ("price", venue[.price], ["The price is \(venue[.price]).", "A \(venue[.price]) place it is."]),
        ("rating", venue[.rating], ["The rating: \(venue[.rating]).", "Guests rated it \(venue[.rating])."]),
        (
          "children", venue[.children],
          [isChildFriendly(venue) ? "It welcomes children." : "It does not welcome children."]
        ),
      ])
    let (relation, separator) = dice.pick([
      (": ", "\n"), (" -> ", "\n"), (" = ", " | "), (" is ", "; "), (" - ", ", "),
    ])
    let register = entries.map { $0.0 + relation + $0.1 }.joined(separator: separator)
    let prose = dice.shuffled(entries).map { dice.pick($0.2) }.joined(separator: " ")
    return "\(venue.name)\n\(register)\nIn words: \(venue.name). \(prose)"
  }

  /// A newspaper's column of several venues with one fact each, asked for by name afterwards.
  private static func column(_ dice: inout Dice) -> String {
    let venues = (0..<3).map { _ in Venue(name: Venue.name(&dice), dice: &dice) }
    let slot = dice.pick(Venue.Slot.allCases)
    let told = venues.map { "\($0.name) | \(slot.rawValue) | \($0[slot])" }
    let recalled = dice.shuffled(venues).map { "\($0.name) -> \($0[slot])" }
    let best = dice.pick(venues)
    return (told + recalled).joined(separator: "\n")
      + "\nOf these the name \(best.name) scored \(best[.rating]) out of 5 points, but \(dice.pick(Words.people)) rated it \(best[.rating])."
  }

  /// Words without any sense, and the same words once more: what teaches a model to look back fastest.
  private static func dictation(_ dice: inout Dice) -> String {
    let lists = [
      Words.people, Words.adjectives, Words.nouns, Words.foods, Words.areas, Words.prices, Words.days,
      Words.dishes,
    ]
    let words = (0..<dice.number(5...12)).map { _ in dice.pick(dice.pick(lists)) }.joined(separator: " ")
    let people = dice.sample(2, of: Words.people)
    return "\(people[0]) reads: \(words)\n\(people[1]) repeats: \(words)"
  }
}
