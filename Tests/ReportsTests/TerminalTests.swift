/// Tables line up, and the progress line behaves on every kind of terminal.
import Files
import Testing

@testable import Reports

@Suite struct TextTableTests {
  @Test func columnsLineUp() {
    let table = TextTable(
      [.init("layer"), .init("rank", .right), .init("note")],
      rows: [["q_proj", "8", ""], ["日本", "16", "wide"], ["e\u{301}", "4"], ["x", "1", "y", "beyond"]])
    #expect(
      table.text() == """
        layer   rank  note
        ──────  ────  ────
        q_proj     8
        日本      16  wide
        e\u{301}          4
        x          1  y

        """)
  }

  @Test func longAndHostileCellsAreMadeToFit() {
    let table = TextTable(
      [.init("", maximumWidth: 6)], rows: [["abcdefgh"], ["a\nb\tc"], ["\u{1B}[31mred"], ["日本語日本"]])
    #expect(table.text() == "abcde…\na b c\n[31mr…\n日本…\n")
  }

  @Test func titlesAreOptional() {
    #expect(
      TextTable([.init(""), .init("", .right)], rows: [["a", "1"], ["bb", "22"]]).text() == "a    1\nbb  22\n"
    )
    #expect(TextTable([], rows: [[]]).text() == "\n")
  }

  @Test func markdownEscapesItsOwnCharacters() {
    let table = TextTable([.init("a"), .init("b", .right)], rows: [["x|y", "1"], ["z"]])
    #expect(table.markdown() == "| a | b |\n| --- | ---: |\n| x\\|y | 1 |\n| z |  |\n")
  }

  @Test(arguments: [
    ("abc", 3), ("日本", 4), ("é", 1), ("👩‍👩‍👧", 2), ("❤️", 2), ("\u{1B}", 0), ("", 0), ("ｶ", 1), ("한", 2),
  ])
  func displayWidth(text: String, width: Int) { #expect(DisplayWidth.of(text) == width) }

  @Test func longCellsGoOnBetweenWords() {
    let table = TextTable(
      [.init("asked", maximumWidth: 9, wraps: true), .init("n", .right)],
      rows: [["one two three four", "7"], []])
    #expect(table.text() == "asked    n\n───────  ─\none two  7\nthree\nfour\n\n")
  }
}

@Suite struct ProgressTextTests {
  private func text(_ status: ProgressStatus, unicode: Bool = true, color: Bool = false, left: Double? = 125)
    -> ProgressText
  {
    ProgressText(label: "training", status: status, timeLeft: left, isUnicode: unicode, hasColor: color)
  }

  private let status = ProgressStatus.training(
    step: 120, of: 500, loss: 2.13456, learningRate: 1.8e-4, tokensPerSecond: 3211)

  @Test func everythingIsShownWhereThereIsRoom() {
    #expect(
      text(status).live(width: 110)
        == "training 120/500  ━━━━━━━╸────────────────────────   24%  loss 2.1346  3,211 tok/s  lr 1.8e-4  2m 05s left"
    )
    #expect(text(status).plain == "training 120/500, loss 2.1346, 3,211 tok/s, lr 1.8e-4, 2m 05s left")
  }

  @Test(arguments: 1...140)
  func noLineIsTooLong(width: Int) {
    let statuses = [
      status, ProgressStatus(done: 7), ProgressStatus(done: 1_200_000, total: 3_400_000_000, unit: .bytes),
      ProgressStatus(done: 900, total: 500, fields: ["日本語", "x"]), ProgressStatus(done: -5, total: 0),
    ]
    for status in statuses {
      for unicode in [true, false] {
        let line = text(status, unicode: unicode).live(width: width)
        #expect(DisplayWidth.of(line) <= width)
        if unicode == false { #expect(!line.contains("━") && !line.contains("…")) }
      }
    }
  }

  @Test func theLeastImportantGoesFirst() {
    let narrow = text(status).live(width: 70)
    #expect(narrow.contains("loss 2.1346") && narrow.contains("2m 05s left"))
    #expect(!narrow.contains("lr "))
    #expect(text(status).live(width: 40) == "training 120/500   24%  loss 2.1346")
  }

  @Test func withoutUnicodeTheBarIsASCII() {
    let line = text(status, unicode: false).live(width: 120)
    #expect(line.contains("[=======                       ]"))
    #expect(line.utf8.allSatisfy { $0 < 128 })
  }

  @Test func coloursDoNotCountAsColumns() {
    let plain = text(status).live(width: 100)
    let colored = text(status, color: true).live(width: 100)
    #expect(colored.contains("\u{1B}[36m"))
    #expect(colored.count > plain.count)
  }

  @Test func bytesReadAsBytes() {
    let status = ProgressStatus(done: 1_200_000_000, total: 3_400_000_000, unit: .bytes)
    #expect(text(status, left: nil).plain == "training 1.2 GB of 3.4 GB")
    #expect(text(ProgressStatus(done: 5), left: nil).plain == "training 5")
  }
}

@Suite struct ProgressLineTests {
  /// What was written, and a clock that stands still until told.
  private final class Screen: Sendable {
    let written = Locked<[String]>([])
    let time = Locked<Double>(0)

    func output(interactive: Bool) -> TerminalOutput {
      TerminalOutput(isInteractive: interactive, width: { 80 }) { [self] text in
        written.withLock { $0.append(text) }
      }
    }

    func wait(_ seconds: Double) { time.withLock { $0 += seconds } }
    var texts: [String] { written.withLock { $0 } }
  }

  private func line(_ screen: Screen, interactive: Bool, mode: ProgressLine.Mode = .automatic) -> ProgressLine
  {
    ProgressLine("work", mode: mode, output: screen.output(interactive: interactive)) {
      screen.time.withLock { $0 }
    }
  }

  private let erase = "\r\u{1B}[2K"

  @Test func onATerminalTheLineIsDrawnOverItself() {
    let screen = Screen()
    let line = line(screen, interactive: true)
    for step in 1...100 {
      line.update(ProgressStatus(done: step, total: 100))
      screen.wait(0.01)
    }
    #expect((9...11).contains(screen.texts.count))
    #expect(screen.texts.allSatisfy { $0.hasPrefix(erase) && !$0.contains("\n") })
    line.finish("done")
    #expect(screen.texts.suffix(2) == [erase, "done\n"])
    line.update(ProgressStatus(done: 100, total: 100))
    line.finish()
    #expect(screen.texts.last == "done\n")
  }

  @Test func logLinesStandAboveTheLiveOne() {
    let screen = Screen()
    let line = line(screen, interactive: true)
    line.log("before")
    line.update(ProgressStatus(done: 1, total: 2))
    line.log("saved")
    let texts = screen.texts
    #expect(texts.first == "before\n")
    #expect(Array(texts[2...3]) == [erase, "saved\n"])
    #expect(texts[4].hasPrefix(erase + "work 1/2"))
  }

  @Test func elsewhereALineIsWrittenNowAndThen() {
    let screen = Screen()
    let line = line(screen, interactive: false)
    for step in 1...25 {
      line.update(ProgressStatus(done: step, total: 25))
      screen.wait(1)
    }
    line.finish("done")
    #expect(
      screen.texts == [
        "work 1/25\n", "work 11/25, 14 s left\n", "work 21/25, 4.0 s left\n", "work 25/25, 0 s left\n",
        "done\n",
      ])
  }

  @Test func silenceIsSilent() {
    let screen = Screen()
    let line = line(screen, interactive: true, mode: .silent)
    line.update(ProgressStatus(done: 1))
    line.log("x")
    line.finish("y")
    #expect(screen.texts.isEmpty)
  }

  @Test func fieldsCannotBreakTheLine() {
    let screen = Screen()
    line(screen, interactive: false).update(ProgressStatus(done: 1, fields: ["a\nb", "\u{1B}[2Jc"]))
    #expect(screen.texts == ["work 1, a b, [2Jc\n"])
  }

  @Test func manyThreadsMayReport() async {
    let screen = Screen()
    let line = line(screen, interactive: true)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for step in 0..<200 {
            line.update(ProgressStatus(done: step, total: 200))
            screen.wait(0.05)
            if step % 50 == 0 { line.log("task \(task)") }
          }
        }
      }
    }
    line.finish()
    #expect(screen.texts.filter { $0.hasSuffix("\n") }.count == 32)
    #expect(screen.texts.last == erase)
  }

  @Test func theTimeLeftFollowsThePace() {
    var pace = Pace()
    pace.observe(done: 100, at: 0)
    #expect(pace.timeLeft(until: 200) == nil)
    pace.observe(done: 110, at: 5)
    #expect(abs((pace.timeLeft(until: 200) ?? 0) - 45) < 1e-9)
    for second in 6...200 { pace.observe(done: 110 + second, at: Double(second)) }
    #expect(abs((pace.timeLeft(until: 410) ?? 0) - 100) < 2)
    pace.observe(done: 0, at: 201)
    #expect(pace.timeLeft(until: 10) == nil)
    #expect(pace.timeLeft(until: -1) == nil)
  }
}
