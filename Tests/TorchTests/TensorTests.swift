import Testing

@testable import Torch

struct TensorTests {
  @Test(arguments: DType.all.filter { $0 != .complex64 && $0 != .float8e8m0 })
  func everyTypeKeepsSmallWholeNumbers(dtype: DType) throws {
    let values: [Double] = [0, 1, 1, 0, 1, 0]
    let tensor = try Tensor(values, shape: [2, 3]).to(dtype: dtype)
    #expect(tensor.dtype == dtype)
    #expect(tensor.shape == [2, 3])
    #expect(tensor.byteCount == 6 * dtype.byteSize)
    #expect(try tensor.to(dtype: .float64).array() == values)
    #expect(DType(named: dtype.description) == dtype)
  }

  @Test func arithmeticFollowsBroadcasting() throws {
    let matrix = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let row = try Tensor([10, 20] as [Float])
    #expect(try (matrix + row).array(of: Float.self) == [11, 22, 13, 24])
    #expect(try (matrix * 2 - 1).array(of: Float.self) == [1, 3, 5, 7])
    #expect(try matrix.matmul(matrix).array(of: Float.self) == [7, 10, 15, 22])
  }

  @Test func aFailingOperationSaysWhatItWasGiven() throws {
    let left = try Tensor.zeros([2, 3])
    let right = try Tensor.zeros([4, 5])
    let error = try #require(throws: TorchError.self) { try left.mm(right) }
    #expect(error.code == .invalid)
    #expect(error.message.contains("aten::mm"))
    #expect(error.message.contains("float32[2, 3]"))
    #expect(error.message.contains("float32[4, 5]"))
    #expect(!error.message.contains("\n"))
  }

  @Test func tooMuchMemoryIsAnErrorOfItsOwn() throws {
    let error = try #require(throws: TorchError.self) { try Tensor.empty([1 << 50]) }
    #expect(error.code == .memory)
  }

  @Test(arguments: [[-1], [2, -3]])
  func negativeSizesAreRefused(shape: [Int]) {
    #expect(throws: TorchError.self) { try Tensor.zeros(shape) }
    #expect(throws: TorchError.self) { try Tensor([0] as [Float], shape: shape) }
  }

  @Test func memoryOfOthersLivesAsLongAsTheTensor() throws {
    final class Owner {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 16)
      let freed: () -> Void
      init(freed: @escaping () -> Void) { self.freed = freed }
      deinit {
        memory.deallocate()
        freed()
      }
    }
    nonisolated(unsafe) var isFreed = false
    var owner: Owner? = Owner { isFreed = true }
    let memory = try #require(owner?.memory)
    memory.copyBytes(from: [1, 2, 3, 4].map { Float($0) }.withUnsafeBytes(Array.init))
    var tensor: Tensor? = try Tensor.viewing(
      UnsafeRawBufferPointer(memory), shape: [4], dtype: .float32, owner: #require(owner))
    owner = nil
    #expect(!isFreed)
    var view = try tensor?.slice(0, 1..<3)
    tensor = nil
    #expect(!isFreed)
    #expect(try view?.array(of: Float.self) == [2, 3])
    view = nil
    #expect(isFreed)
    #expect(throws: TorchError.self) {
      try Tensor.viewing(
        UnsafeRawBufferPointer(start: nil, count: 0), shape: [1], dtype: .float32, owner: Owner {})
    }
  }

  @Test func viewsShareMemoryAndCopiesDoNot() throws {
    let base = try Tensor.arange(0, 6).reshaped([2, 3])
    #expect(try base.select(0, 1).sharesStorage(with: base))
    #expect(try !base.clone().sharesStorage(with: base))
    #expect(try base.t().contiguous().array(of: Int.self) == [0, 3, 1, 4, 2, 5])
    #expect(try base.indexed([nil, Tensor([2, 0])]).array(of: Int.self) == [2, 0, 5, 3])
  }

  @Test func devicesAreNamedOnTheCommandLine() throws {
    #expect(try Device(parsing: "cpu") == .cpu)
    for wrong in ["gpu", "cuda:x", "cpu:1", "cuda:-1", "", "cuda:1:2"] {
      #expect(throws: TorchError.self) { try Device(parsing: wrong) }
    }
    if Device.count(of: .cuda) == 0 {
      let error = try #require(throws: TorchError.self) { try Device(parsing: "cuda") }
      #expect(error.code == .unavailable)
    }
  }
}
