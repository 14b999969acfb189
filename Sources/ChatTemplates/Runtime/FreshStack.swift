/// Room for deep recursion, whatever the size of the stack it started on.
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Counts nested calls; bounds them, and continues on a large stack of its own once they become many. So deep
/// templates work on threads with small stacks, and no template can overflow one.
final class Recursion {
  private var level = 0
  private let limit: Int
  private let movesAt: Int
  private let message: String

  init(limit: Int, movesAt: Int, message: String) {
    self.limit = limit
    self.movesAt = movesAt
    self.message = message
  }

  func descend<Result>(_ body: () throws -> Result) throws -> Result {
    guard level < limit else { throw ChatTemplateError(message) }
    level += 1
    defer { level -= 1 }
    return level == movesAt ? try onFreshStack(body) : try body()
  }
}

/// Runs `body` on a thread with 64 MB of stack, while this thread waits.
private func onFreshStack<Success>(_ body: () throws -> Success) throws -> Success {
  var result: Result<Success, any Error> = .failure(
    ChatTemplateError("no thread could be started for a deeply nested template: simplify it"))
  withoutActuallyEscaping({ result = Result { try body() } }) { work in
    let box = Unmanaged.passRetained(Work(work))
    // Allocated, not initialized in Swift: which module `pthread_attr_t` belongs to changes with what else is imported.
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    pthread_attr_setstacksize(attributes, 64 << 20)
    defer {
      pthread_attr_destroy(attributes)
      attributes.deallocate()
    }
    #if canImport(Darwin)
      var thread: pthread_t?
      let status = pthread_create(&thread, attributes, { Work.run($0) }, box.toOpaque())
      if status == 0, let thread { pthread_join(thread, nil) }
    #else
      var thread = pthread_t()
      let status = pthread_create(&thread, attributes, { $0.flatMap(Work.run) }, box.toOpaque())
      if status == 0 { pthread_join(thread, nil) }
    #endif
    if status != 0 { box.release() }
  }
  return try result.get()
}

/// Carries a closure through the C interface of threads.
private final class Work {
  private let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }

  static func run(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
    return nil
  }
}
