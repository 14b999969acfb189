import Foundation
import Torch

extension DebertaConfiguration.RelativeAttention {
  /// The signed distance of each query from each key, in buckets where there are some; int64 [tokens, tokens].
  ///
  /// Near distances have a bucket each; far ones share buckets that grow with the logarithm of the distance.
  /// Source: `make_log_bucket_position` of DeBERTa's reference implementation, in float32 as there.
  func distances(_ count: Int, device: Device) throws -> Tensor {
    let places = try Tensor.arange(0, count)
    let distance = try places.unsqueezed(1) - places.unsqueezed(0)
    guard let buckets else { return try distance.to(device: device) }
    let middle = buckets / 2
    guard middle > 0, farthest > middle + 1 else { return try distance.to(device: device) }
    let length = try distance.abs()
    let isNear = try length.less(Double(middle + 1))
    // Where it is near, the logarithm does not count.
    let ratio = try length.clamped(min: Double(middle)).to(dtype: .float32) / Double(middle)
    let scale = try Tensor(Float(Double(farthest - 1) / Double(middle))).log()
    let exponent: Tensor = try ratio.log() / scale * Double(middle - 1)
    let roundedUp = try exponent.negated().floor().negated()
    let steps: Tensor = try roundedUp + Double(middle)
    let far = try steps.to(dtype: .int64) * distance.sign()
    return try distance.selected(where: isNear, otherwise: far).to(device: device)
  }
}

extension Tensor {
  fileprivate func negated() throws -> Tensor { try self * -1 }

  /// The rows of a table of `2 * span` distances, from the farthest before to the farthest after.
  func distanceRows(span: Int) throws -> Tensor {
    try (self + Double(span)).clamped(min: 0, max: Double(2 * span - 1)).to(dtype: .int64)
  }
}
