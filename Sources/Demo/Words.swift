/// The words that the demo's texts and task are made of. The lists are closed, so that a model of about a million
/// parameters can know them all.
enum Words {
  static let people = [
    "Ada", "Ben", "Clara", "David", "Edith", "Felix", "Greta", "Hugo", "Iris", "Jonas", "Lena", "Max", "Nora",
    "Otto",
    "Petra", "Rosa", "Simon", "Tilda", "Vera", "Wilma",
  ]
  static let adjectives = [
    "Amber", "Black", "Blue", "Copper", "Golden", "Green", "Happy", "Hidden", "Hungry", "Little", "Lucky",
    "Merry",
    "Old", "Quiet", "Red", "Royal", "Silver", "Sleepy", "White", "Wild",
  ]
  static let nouns = [
    "Anchor", "Barrel", "Bell", "Boat", "Bridge", "Crown", "Fox", "Garden", "Harp", "Heron", "Kettle",
    "Lantern",
    "Lion", "Mill", "Oak", "Owl", "Rose", "Spoon", "Swan", "Table",
  ]
  static let foods = [
    "American", "Chinese", "English", "French", "Greek", "Indian", "Italian", "Japanese", "Korean", "Mexican",
    "Polish", "Spanish", "Swedish", "Thai", "Turkish",
  ]
  static let areas = [
    "canal", "castle", "harbour", "hillside", "market", "museum", "park", "riverside", "station",
    "university",
  ]
  static let prices = ["cheap", "moderate", "expensive"]
  static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
  static let dishes = ["bread", "cheese", "fish", "noodles", "rice", "salad", "soup", "stew"]

  /// `word` after "a" or "an", as English says it for the words of these lists.
  static func withArticle(_ word: String) -> String {
    switch word.first {
    case "a", "e", "i", "o", "A", "E", "I", "O": "an \(word)"
    default: "a \(word)"
    }
  }
}
