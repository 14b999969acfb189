import Files
import Foundation
import Training

/// `peft train` as a process of its own, so that a trial's memory is its own and its end ends nothing else.
struct TrialProcess {
  enum End {
    case done
    case interrupted
    case failed(String)
  }

  let arguments: [String]
  /// Where what it says goes.
  let log: String

  /// Runs it to its end.
  ///
  /// - Throws: `FileError` when the log cannot be written, ``Failure`` when the program cannot be started.
  func run() throws -> End {
    guard let program = Bundle.main.executableURL else {
      throw Failure(.ours, "the program does not know where it is: start it by its full path")
    }
    try AtomicFile.write(log, "")
    guard let file = FileHandle(forWritingAtPath: log) else {
      throw FileError(
        code: .permission, message: "cannot open", path: log, remedy: "check who owns the folder")
    }
    defer { try? file.close() }
    let process = Process()
    (process.executableURL, process.arguments) = (program, ["train"] + arguments)
    (process.standardOutput, process.standardError) = (file, file)
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw Failure(.ours, "cannot start \(program.path): \(error.localizedDescription)")
    }
    var isTold = false
    while process.isRunning {
      usleep(50_000)
      guard Interruption.isRequested, !isTold else { continue }
      isTold = true
      // Ctrl-C reaches a group of processes; one of another group saves its state when it is told.
      if getpgid(process.processIdentifier) != getpgrp() { process.interrupt() }
    }
    process.waitUntilExit()
    switch (process.terminationReason, process.terminationStatus) {
    case (.exit, 0): return .done
    case (.exit, Failure.Code.interrupted.rawValue): return .interrupted
    case (.exit, let code): return .failed(lastLine ?? "exit code \(code), see \(log)")
    default: return .failed("ended by signal \(process.terminationStatus), see \(log)")
    }
  }

  /// The error that it ended with.
  private var lastLine: String? {
    let text = (try? WholeFile.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let line = text.split(whereSeparator: \.isNewline).last.map(String.init)
    return line.map { $0.hasPrefix("error: ") ? String($0.dropFirst(7)) : $0 }
  }
}
