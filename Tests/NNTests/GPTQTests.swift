import Foundation
import Safetensors
import Testing
import Torch

@testable import NN

/// Rounding by what inputs show, against the paper's recursion written down in numpy.
struct GPTQTests {
  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/quantization/calibrated/"

  private func golden(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: Self.folder + name + ".safetensors").allTensors()
  }

  private func given() throws -> (weight: Tensor, hessian: Tensor) {
    let tensors = try golden("given")
    return (try #require(tensors["weight"]), try #require(tensors["hessian"]))
  }

  /// What rounding does to the outputs, relatively.
  private func error(_ weight: Tensor, _ right: Tensor, _ hessian: Tensor) throws -> Double {
    func size(_ x: Tensor) throws -> Double { try (x.mm(hessian) * x).sum().item() }
    return try (size(weight - right) / size(right)).squareRoot()
  }

  private func nearest(
    _ weight: Tensor, _ bits: Int, _ group: Int, _ isSymmetric: Bool
  ) throws -> GroupedWeight {
    let quantization = try Quantization(.gptq, blockSize: group, bits: bits, isSymmetric: isSymmetric)
    return try #require(quantization(weight, name: "a.weight") as? GroupedWeight)
  }

  @Test(arguments: [
    (2, 32, false, true), (3, 32, false, false), (4, 32, true, true), (4, -1, false, true),
    (8, 32, false, true),
  ])
  func codesAreThoseOfTheRecursion(bits: Int, group: Int, isSymmetric: Bool, isOrdered: Bool) throws {
    let (full, hessian) = try given()
    let name = "\(bits)-\(group)-\(isSymmetric ? "symmetric" : "free")-\(isOrdered ? "ordered" : "plain")"
    let golden = try golden(name)
    let rounded = try nearest(full, bits, group, isSymmetric)
    let weight = try rounded.calibrated(full, hessian: hessian, ordersByActivation: isOrdered)
    // A value half way between two codes may fall to either side, and takes others with it.
    let codes = try weight.unpacked().codes
    let differing = try codes.equal(#require(golden["codes"])).logicalNot().to(dtype: .float32).mean()
    #expect(try differing.item(of: Float.self) < 0.01)
    #expect(try weight.groupIndex().isIdentical(to: #require(golden["groups"])))
    let right = try #require(golden["error"]).item(of: Double.self)
    let found = try error(weight.dense(.float32), full, hessian)
    #expect(abs(found - right) < 0.01 * right)
    #expect(try found < 0.8 * error(rounded.dense(.float32), full, hessian))
    // What it stands for goes through a file.
    let entries = try weight.entries()
    #expect(entries.count == 4 && (weight.order != nil) == (isOrdered && group > 0))
  }

  /// With inputs that have nothing to do with one another there is nothing to make up for.
  @Test(arguments: [3, 4]) func independentInputsAreRoundedToTheNearest(bits: Int) throws {
    let full = try Tensor.randn([32, 64], generator: Generator(seed: 2))
    let rounded = try nearest(full, bits, 32, true)
    let weight = try rounded.calibrated(full, hessian: Tensor.eye(64), ordersByActivation: false)
    #expect(try weight.dense(.float32).isIdentical(to: rounded.dense(.float32)))
  }

  /// Inputs that never come, and as few rows as leave the Hessian singular.
  @Test func inputsThatSayLittleAreBorne() throws {
    let full = try Tensor.randn([16, 160], generator: Generator(seed: 3))
    let x = try Tensor.randn([5, 160], generator: Generator(seed: 4))
    try x.slice(1, 40..<80).fill_(0)
    let hessian = try x.t().mm(x)
    let rounded = try nearest(full, 4, 32, false)
    let weight = try rounded.calibrated(full, hessian: hessian, ordersByActivation: true)
    #expect(try weight.dense(.float32).isFinite().all().item(of: Bool.self))
    #expect(try error(weight.dense(.float32), full, hessian) < error(rounded.dense(.float32), full, hessian))
    // Nothing at all is known of the inputs.
    let blind = try rounded.calibrated(full, hessian: Tensor.zeros([160, 160]), ordersByActivation: false)
    #expect(try blind.dense(.float32).isIdentical(to: rounded.dense(.float32)))
  }

  @Test func inputsThatAreNotFiniteAreNamed() throws {
    let full = try Tensor.randn([16, 32], generator: Generator(seed: 3))
    let hessian = try Tensor.full([32, 32], .nan)
    let error = #expect(throws: QuantizationError.self) {
      _ = try nearest(full, 4, 32, false).calibrated(full, hessian: hessian, ordersByActivation: false)
    }
    #expect(error?.description.contains("a.weight") == true)
  }
}
