/// `datetime.strftime` in the C locale, with glibc's padding flags (`%-d`).

extension LocalTime {
  func formatted(_ pattern: Text) -> Text {
    var rest = Array(pattern.scalars)[...]
    var output = ""
    while let scalar = rest.popFirst() {
      guard scalar == "%", let first = rest.first else {
        output.unicodeScalars.append(scalar)
        continue
      }
      let start = rest
      var flag: Unicode.Scalar?
      if "-_0^#".unicodeScalars.contains(first) { flag = rest.popFirst() }
      if let directive = rest.popFirst(), let field = field(directive, flag) {
        output += field
      } else {
        // What is not a directive stays as it is written.
        rest = start.dropFirst(flag == nil ? 1 : 2)
        output += "%" + String(String.UnicodeScalarView(start.prefix(flag == nil ? 1 : 2)))
      }
    }
    return Text(output)
  }

  private func field(_ directive: Unicode.Scalar, _ flag: Unicode.Scalar?) -> String? {
    func number(_ value: Int, _ width: Int, _ pad: Unicode.Scalar = "0") -> String {
      let digits = String(value)
      let fill: Unicode.Scalar? = flag == "-" ? nil : flag == "_" ? " " : flag == "0" ? "0" : pad
      guard let fill else { return digits }
      return String(repeating: String(fill), count: max(0, width - digits.utf8.count)) + digits
    }
    func name(_ value: String) -> String {
      flag == "^" || flag == "#" ? Text(value).uppercased().string : value
    }
    let hour12 = (hour + 11) % 12 + 1
    switch directive {
    case "Y": return flag == nil ? String(year) : number(year, 4)
    case "C": return number(year / 100, 2)
    case "y": return number((year % 100 + 100) % 100, 2)
    case "m": return number(month, 2)
    case "d": return number(day, 2)
    case "e": return number(day, 2, " ")
    case "H": return number(hour, 2)
    case "k": return number(hour, 2, " ")
    case "I": return number(hour12, 2)
    case "l": return number(hour12, 2, " ")
    case "M": return number(minute, 2)
    case "S": return number(second, 2)
    case "f": return number(microsecond, 6)
    case "j": return number(dayOfYear, 3)
    case "u": return String(weekday == 0 ? 7 : weekday)
    case "w": return String(weekday)
    case "U": return number((dayOfYear + 6 - weekday) / 7, 2)
    case "W": return number((dayOfYear + 6 - (weekday + 6) % 7) / 7, 2)
    case "V": return number(isoWeek.week, 2)
    case "G": return number(isoWeek.year, 4)
    case "g": return number(isoWeek.year % 100, 2)
    case "A": return name(LocalTime.days[weekday])
    case "a": return name(String(LocalTime.days[weekday].prefix(3)))
    case "B": return name(monthName)
    case "b", "h": return name(String(monthName.prefix(3)))
    case "p": return flag == "#" ? (hour < 12 ? "am" : "pm") : hour < 12 ? "AM" : "PM"
    case "P": return hour < 12 ? "am" : "pm"
    case "Z", "z": return ""
    case "n": return "\n"
    case "t": return "\t"
    case "%": return "%"
    case "c": return formatted("%a %b %e %H:%M:%S %Y").string
    case "x", "D": return formatted("%m/%d/%y").string
    case "X", "T": return formatted("%H:%M:%S").string
    case "r": return formatted("%I:%M:%S %p").string
    case "R": return formatted("%H:%M").string
    case "F": return formatted("%Y-%m-%d").string
    default: return nil
    }
  }

  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
  ]

  private var monthName: String {
    LocalTime.months.indices.contains(month - 1) ? LocalTime.months[month - 1] : "?"
  }

  /// Days since 1 March of year 0, which makes leap days fall at the end of years.
  private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month < 3 ? year - 1 : year
    let era = shifted - (shifted % 400 + 400) % 400
    let inEra = shifted - era
    let inYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era / 400 * 146_097 + inEra * 365 + inEra / 4 - inEra / 100 + inYear
  }

  /// 1 on the first of January.
  private var dayOfYear: Int {
    LocalTime.dayNumber(year, month, day) - LocalTime.dayNumber(year, 1, 1) + 1
  }

  /// 0 on Sundays. 1 March of year 0 was a Wednesday.
  private var weekday: Int { ((LocalTime.dayNumber(year, month, day) + 3) % 7 + 7) % 7 }

  /// The week of ISO 8601, and the year it belongs to.
  private var isoWeek: (year: Int, week: Int) {
    // A week belongs to the year its Thursday lies in.
    let thursday = dayOfYear - (weekday + 6) % 7 + 3
    let lengthBefore = LocalTime.dayNumber(year, 1, 1) - LocalTime.dayNumber(year - 1, 1, 1)
    let length = LocalTime.dayNumber(year + 1, 1, 1) - LocalTime.dayNumber(year, 1, 1)
    if thursday < 1 { return (year - 1, (thursday + lengthBefore - 1) / 7 + 1) }
    if thursday > length { return (year + 1, (thursday - length - 1) / 7 + 1) }
    return (year, (thursday - 1) / 7 + 1)
  }
}
