import ChatTemplates
import JSON
import Testing

/// Dates as `strftime` writes them. The goldens have one; these are the borders.
struct LocalTimeTests {
  @Test(
    "knows weeks and days",
    arguments: [
      (LocalTime(year: 2024, month: 12, day: 30), "Mon 365 52 53 01 2025"),
      (LocalTime(year: 2021, month: 1, day: 3), "Sun 003 01 00 53 2020"),
      (LocalTime(year: 2000, month: 2, day: 29), "Tue 060 09 09 09 2000"),
      (LocalTime(year: 1999, month: 12, day: 31), "Fri 365 52 52 52 1999"),
      (LocalTime(year: 2023, month: 1, day: 1), "Sun 001 01 00 52 2022"),
    ])
  func weeks(date: LocalTime, expected: String) throws {
    let text = try ChatTemplate("{{ strftime_now('%a %j %U %W %V %G') }}")
      .render(messages: [["role": "user"]], now: date).text
    #expect(text == expected)
  }

  @Test("reads the clock")
  func clock() throws {
    let year = try render("{{ strftime_now('%Y') }}")
    #expect(Int(year).map { $0 > 2020 } == true)
  }
}
