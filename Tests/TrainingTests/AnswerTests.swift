import FineTuning
import JSON
import Testing
import Torch

@testable import Training

/// Answers cut out of a passage, and how they are scored.
struct AnswerTests {
  private func example(_ answers: [String], question: Int = 0) -> TokenizedExample {
    var example = TokenizedExample(ids: [1, 2, 3, 4, 5], target: .span(0, 0))
    example.passage = AnswerPassage(
      question: question, identifier: "q", text: Array("The Größe wins".utf8),
      spans: [nil, 0..<3, 4..<11, 12..<16, nil], answers: answers)
    return example
  }

  private func logits(_ first: Int, _ last: Int) throws -> Tensor {
    var values = [Float](repeating: 0, count: 10)
    (values[first * 2], values[last * 2 + 1]) = (9, 9)
    return try Tensor(values, shape: [1, 5, 2])
  }

  private func tally(_ first: Int, _ last: Int, _ answers: [String]) throws -> AnswerTally {
    var tally = AnswerTally()
    try tally.add(logits(first, last), of: [example(answers)])
    return tally
  }

  @Test(arguments: [
    (2, 2, ["größe"], 100.0, 100.0), (1, 2, ["Größe!"], 100, 100), (2, 3, ["Größe"], 0, 200.0 / 3),
    (3, 3, ["Größe"], 0, 0), (2, 2, ["wins", "the größe"], 100, 100),
  ])
  func wordsDecide(first: Int, last: Int, answers: [String], exact: Double, f1: Double) throws {
    let tally = try tally(first, last, answers)
    #expect(tally.exactMatch == exact)
    #expect(abs(tally.f1 - f1) < 1e-9)
  }

  @Test func theLikeliestPartOfALongPassageAnswers() throws {
    var tally = AnswerTally()
    try tally.add(logits(3, 3) * 0.5, of: [example(["Größe"])])
    try tally.add(logits(2, 2), of: [example(["Größe"])])
    try tally.add(logits(3, 3), of: [example(["Größe"], question: 1)])
    #expect(tally.exactMatch == 50)
  }

  @Test(arguments: [1, 2])
  func anAnswerDoesNotEndBeforeItBegins(last: Int) throws {
    #expect(try tally(3, last, ["wins"]).exactMatch == 100)
  }
}
