import FineTuning
import Files
import JSON
import Models
import Testing

@testable import Training

/// The files of GLUE, as they are handed around: with and without a header, a byte order mark, quotes.
struct GLUETests {
  private func rows(_ task: GLUETask, _ text: String) throws -> [DataRow] {
    let folder = try TemporaryFolder()
    try AtomicFile.write("\(folder.path)/data.tsv", text)
    var options = DataOptions()
    options.glue = task
    return try RowFile.read("\(folder.path)/data.tsv", options)
  }

  private static let pair = "index\tsentence1\tsentence2\tlabel\n0\tone\ttwo\tL\n"
  static let layouts: [(GLUETask, String, String)] = [
    (.cola, "gj04\t0\t*\tone\n", "0"), (.sst2, "sentence\tlabel\none \t1\n", "1"),
    (.mrpc, "\u{FEFF}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t2\t3\tone\ttwo\r\n", "1"),
    (.rte, pair, "L"), (.wnli, pair, "L"),
    (.qnli, "index\tquestion\tsentence\tlabel\n0\tone\ttwo\tentailment\n", "entailment"),
    (.stsb, "0\tg\tf\ty\t0\tn\tn\tone\ttwo\t3.800\n", "3.800"),
    (.stsb, "index\tgenre\tsentence1\tsentence2\tscore\n0\tg\tone\ttwo\t5.000\n", "5.000"),
    (.qqp, "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\tone\ttwo\t0\n", "0"),
    (.mnli, "index\tsentence1\tsentence2\tlabel1\tgold_label\n0\tone\ttwo\tx\tneutral\n", "neutral"),
  ]

  @Test(arguments: layouts)
  func everyLayoutGivesTextsAndLabel(task: GLUETask, text: String, label: String) throws {
    let row = try #require(rows(task, text).first)
    #expect(row.fields["sentence1"]?.stringValue?.hasPrefix("one") == true)
    #expect(row.fields["sentence2"]?.stringValue == (task.texts.count == 2 ? "two" : nil))
    #expect(row.fields["label"]?.stringValue == label)
  }

  @Test func quotesAreText() throws {
    let all = try rows(.rte, "index\tsentence1\tsentence2\tlabel\n0\t\"one\ttwo\tL\n1\tone\t\"two\"\tL\n")
    #expect(all.map { $0.fields["sentence1"]?.stringValue } == ["\"one", "one"])
    #expect(all[1].fields["sentence2"]?.stringValue == "\"two\"")
  }

  @Test func aLineThatDoesNotFitIsNamed() throws {
    let error = try #require(throws: TrainingError.self) { try rows(.rte, Self.pair + "1\tone\ttwo\n") }
    #expect(error.description.contains("data.tsv:3"))
    let other = try #require(throws: TrainingError.self) { try rows(.stsb, "one\ttwo\n") }
    #expect(other.description.contains("sentence1"))
  }

  @Test(arguments: GLUETask.allCases)
  func theTaskDecidesWhatIsLearned(task: GLUETask) throws {
    var options = DataOptions()
    options.glue = task
    let config = ModelConfiguration([:])
    // Whole scores would be taken for classes.
    let label = task.classes.last ?? "5"
    let labels = try TaskLabels(
      [DataRow(["sentence1": "one", "label": .string(label)])], task: .sequenceClassification,
      options: options,
      config: config)
    #expect(labels.objective == (task == .stsb ? .regression : .category))
    #expect(labels.classes?.count == max(1, task.classes.count))
  }

  @Test func otherColumnsCannotBeNamedToo() {
    var options = DataOptions()
    (options.glue, options.labelColumn) = (.rte, "gold")
    #expect(throws: (any Error).self) { try options.validate() }
  }
}
