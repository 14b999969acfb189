import Files
import Foundation
import JSON
import Reports
import Testing

@testable import Training

/// What was written to a terminal, by one thread.
private final class Written: @unchecked Sendable {
  var text = ""
}

struct RecordsTests {
  @Test func aSignalIsAWishToStop() {
    Interruption.listen()
    defer { Interruption.stopListening() }
    #expect(!Interruption.isRequested)
    send(SIGTERM)
    #expect(Interruption.isRequested)
    Interruption.listen()
    #expect(!Interruption.isRequested)
    send(SIGINT)
    #expect(Interruption.isRequested)
  }

  /// Sends a signal to this process and waits until some thread has taken it; the threads of tests take none.
  private func send(_ signal: Int32) {
    kill(getpid(), signal)
    for _ in 0..<1000 where !Interruption.isRequested { usleep(1000) }
  }

  @Test func metricsAreCutAtTheStepToResumeFrom() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    do {
      let file = try MetricsFile(path, keepingUpTo: 0)
      for step in 1...5 { try file.append(["step": .int(step), "loss": 0.5]) }
    }
    try AtomicFile.write(path, folder.text("metrics.jsonl") + "{\"step\": 6, \"lo")
    do {
      let file = try MetricsFile(path, keepingUpTo: 3)
      try file.append(["step": 4, "loss": 0.25])
    }
    let expected =
      (1...3).map { "{\"step\": \($0), \"loss\": 0.5}\n" }.joined() + "{\"step\": 4, \"loss\": 0.25}\n"
    #expect(try folder.text("metrics.jsonl") == expected)
    _ = try MetricsFile(path, keepingUpTo: 0)
    #expect(try folder.text("metrics.jsonl") == "")
  }

  static let medians: [([Double], Double?)] = [
    ([], nil), ([3], 3), ([4, 1], 2.5), ([9, 1, 2], 2), ([4, 1, 3, 2], 2.5),
  ]

  @Test(arguments: medians)
  func theMedianIsInTheMiddle(values: [Double], expected: Double?) { #expect(median(values) == expected) }

  @Test func progressSaysWhatHappens() {
    let written = Written()
    let output = TerminalOutput(isInteractive: false) { written.text += $0 }
    let progress = LiveProgress(ProgressLine("train", output: output))
    progress.show(.started(step: 3, totalSteps: 10))
    let record = StepRecord(
      step: 4, loss: 2.5, regularization: nil, learningRate: 1e-3, gradNorm: 1, tokens: 120, seconds: 0.5,
      trace: [:])
    progress.show(.stepped(record, totalSteps: 10))
    var result = EvaluationResult(loss: 1.5)
    result.add("tokens", 12345)
    progress.show(.evaluated(step: 4, result))
    progress.finish()
    let lines = written.text.split(separator: "\n")
    #expect(lines.count == 3 && lines[0] == "resumed after step 3 of 10")
    #expect(lines[1].hasPrefix("train 4/10, loss 2.5000, 240 tok/s, lr "))
    #expect(lines[2] == "step 4: evaluation loss 1.5, tokens 12345")
  }

  @Test func memoryIsMeasuredInBytes() { #expect(ProcessMemory.peak > 1 << 20) }

  @Test func aFolderAppearsWholeOrNotAtAll() throws {
    struct Failure: Error {}
    let folder = try TemporaryFolder()
    let path = folder.file("a/step-1")
    #expect(throws: Failure.self) {
      try AtomicFolder.write(path) { draft in
        try AtomicFile.write(Folder.join(draft, "x"), "1")
        throw Failure()
      }
    }
    #expect(try Folder.names(in: folder.file("a")).isEmpty)
    try AtomicFolder.write(path) { try AtomicFile.write(Folder.join($0, "x"), "1") }
    try AtomicFolder.write(path) { try AtomicFile.write(Folder.join($0, "y"), "2") }
    #expect(try Folder.names(in: path) == ["y"] && Folder.names(in: folder.file("a")) == ["step-1"])
    try AtomicFolder.remove(path)
    #expect(try Folder.names(in: folder.file("a")).isEmpty)
  }

  @Test func mappingOnAllCoresKeepsTheOrder() throws {
    struct Odd: Error, Equatable { let number: Int }
    let numbers = Array(0..<1000)
    #expect(try concurrentMap(numbers) { $0 * 2 } == numbers.map { $0 * 2 })
    #expect(try concurrentMap([Int]()) { $0 }.isEmpty)
    #expect(throws: Odd(number: 333)) {
      try concurrentMap(numbers) { number in
        if number >= 333, number % 2 == 1 { throw Odd(number: number) }
        return number
      }
    }
  }
}
