import Generation
import NIOConcurrencyHelpers
import NN

/// Jobs whose texts are written together.
struct JobBatch {
  /// The adapters: each row its own, or one that stands before every row.
  enum Route: Equatable {
    case rows
    case prompt(String)
  }

  let route: Route
  private let batch: TextBatch
  /// The job of each text, and its index there.
  private let places: [(job: Job, index: Int)]

  var isFinished: Bool { batch.isFinished }
  var jobs: [Job] { places.map(\.job) }

  /// - Throws: what is wrong with a text.
  init(_ jobs: [Job], _ route: Route, by generator: TextGenerator) throws {
    self.route = route
    places = jobs.flatMap { job in job.texts.indices.map { (job, $0) } }
    let rows = RowAdapters(jobs.flatMap { job in job.texts.map { _ in job.adapter } })
    batch = try generator.begin(jobs.flatMap(\.texts), adapters: route == .rows ? rows : nil)
  }

  /// Writes a token of each text; a job that nobody waits for any more is given up.
  mutating func step() {
    do {
      let abandoned = places.indices.filter { places[$0].job.isAbandoned.withLockedValue(\.self) }
      if !abandoned.isEmpty { try batch.stop(Set(abandoned)) }
      try batch.step { index, result in
        let place = places[index]
        switch result {
        case .success(let event):
          place.job.output.yield(
            GenerationEvent(
              index: place.index, id: event.id, text: event.text, finishReason: event.finishReason,
              likelihood: event.likelihood))
        case .failure(let error): place.job.output.finish(throwing: error)
        }
      }
    } catch {
      fail(error)
      try? batch.stop(Set(places.indices))
    }
  }

  func fail(_ error: any Error) { for place in places { place.job.output.finish(throwing: error) } }
}
