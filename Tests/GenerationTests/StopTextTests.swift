import Testing

@testable import Generation

struct StopTextTests {
  private func run(_ stops: [String], _ pieces: [String]) -> (out: [String], found: String?) {
    var stopText = StopText(stops)
    var out = pieces.map { stopText.append($0) }
    out.append(stopText.finish())
    return (out, stopText.found)
  }

  @Test func aStopTextIsFoundAcrossPieces() {
    let (out, found) = run(["END"], ["one E", "N", "D two", "three"])
    #expect(out == ["one ", "", "", "", ""])
    #expect(found == "END")
  }

  @Test func whatOnlyBeganLikeAStopTextComesOut() {
    let (out, found) = run(["END"], ["E", "NE", "N", "dless"])
    #expect(out == ["", "EN", "", "ENdless", ""])
    #expect(found == nil)
    #expect(run(["END"], ["the EN"]).out == ["the ", "EN"])
  }

  @Test func theEarliestStopTextCounts() {
    let (out, found) = run(["two", "one"], ["zero one two"])
    #expect(out.joined() == "zero ")
    #expect(found == "one")
    #expect(run(["ab", "abc"], ["xabcd"]).found == "abc")
  }

  @Test func piecesAreWholeCharacters() {
    let (out, _) = run(["é!"], ["caf", "é", "ê", "!"])
    #expect(out == ["caf", "", "éê", "!", ""])
  }

  @Test func noStopTextsHoldNothingBack() {
    #expect(run([], ["a", "b"]).out == ["a", "b", ""])
  }
}
