import Testing
import Tokenizers

@testable import Demo

struct DemoTests {
  @Test func rowsAreTheSameEveryTimeAndTheSplitsShareNoName() {
    let (train, heldOut) = (DemoTask.rows(.train), DemoTask.rows(.heldOut))
    #expect(train.count == 1200 && heldOut.count == 100)
    #expect(zip(train, DemoTask.rows(.train)).allSatisfy { $0 == $1 })
    let name = { (row: DemoTask.Row) in row.prompt.split(separator: "|")[0] }
    #expect(Set(train.map(name)).isDisjoint(with: heldOut.map(name)))
    #expect(Set(train.map(\.prompt)).count == train.count)
    #expect(zip(heldOut, DemoTask.showcase).allSatisfy { $0 == $1 })
  }

  @Test func theWordingFollowsTheSlots() {
    #expect(
      DemoTask.showcase.map(\.completion) == [
        " The Blue Mill is a cheap Thai place in the riverside area. It is rated 4 out of 5.",
        " The Sleepy Owl is an Italian place. It welcomes children.",
        " The Golden Harp is a Greek place in the castle area. It is rated 5 out of 5 but does not welcome children.",
      ])
  }

  @Test func theScoreIsTheShareOfExactTexts() {
    let rows = DemoTask.showcase
    #expect(DemoTask.score(rows.map(\.completion), rows) == 1)
    #expect(DemoTask.score([rows[0].completion + " \n", "", rows[2].completion + "!"], rows) == 1.0 / 3)
    #expect(DemoTask.score([], []) == 0)
  }

  @Test func theCorpusIsReproducibleAndNeverShowsTheTask() {
    let text = DemoCorpus.text(seed: 3, bytes: 50_000)
    #expect(text.utf8.count >= 50_000)
    #expect(DemoCorpus.text(seed: 3, bytes: 60_000).hasPrefix(text))
    #expect(DemoCorpus.text(seed: 4, bytes: 1000) != DemoCorpus.text(seed: 3, bytes: 1000))
    for wording in ["name:", " ->\n", "It is rated", "out of 5.", "and welcomes", "but does not welcome"] {
      #expect(!text.contains(wording))
    }
  }

  @Test func theModelShipsWithATokenizerThatKnowsEveryRow() throws {
    let folder = try #require(DemoModel.folder)
    let tokenizer = try Tokenizer.load(folder: folder)
    for row in DemoTask.rows(.heldOut) {
      let text = row.prompt + row.completion
      #expect(try tokenizer.decode(tokenizer.encode(text).ids) == text)
    }
  }
}
