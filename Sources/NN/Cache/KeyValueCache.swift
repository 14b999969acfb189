import Torch

/// The keys and values of the tokens that a model has seen, layer by layer, so that the next token costs only itself.
///
/// Memory grows in steps and is written in place, except where gradients flow: keys and values that are learned
/// (prefix tuning) can stand at the beginning.
public final class KeyValueCache {
  private var layers: [Held?]
  /// Which of the held tokens are real, bool [batch, length]; nil when all are.
  public private(set) var realTokens: Tensor?
  /// The ids of the tokens seen so far, int64 [batch, tokens]; nil before the first.
  public private(set) var ids: Tensor?

  /// The place of each held token in its text, int64 [batch or 1, length]; nil for 0, 1, 2, ...
  public private(set) var positions: Tensor?

  /// Buffers [batch, heads, capacity, d], of which the first `length` tokens count.
  private struct Held {
    var key, value: Tensor
    var length: Int
  }

  public init(layers count: Int) { layers = Array(repeating: nil, count: count) }

  /// A cache that begins with learned keys and values [batch, heads, tokens, d], one pair for each layer.
  public init(prefix: [(key: Tensor, value: Tensor)]) {
    layers = Self.held(prefix)
  }

  /// Makes an empty cache begin with these keys and values [batch, heads, tokens, d], one pair for each layer.
  ///
  /// - Throws: ``TorchError`` when it holds tokens already, or has another number of layers.
  public func begin(with prefix: [(key: Tensor, value: Tensor)]) throws {
    guard length == 0, prefix.count == layers.count else {
      throw TorchError(
        .invalid,
        "KeyValueCache: \(prefix.count) pairs to begin \(layers.count) layers with, of \(length) tokens")
    }
    layers = Self.held(prefix)
  }

  private static func held(_ pairs: [(key: Tensor, value: Tensor)]) -> [Held?] {
    pairs.map { Held(key: $0.key, value: $0.value, length: $0.key.shape.dropFirst(2).first ?? 0) }
  }

  /// The number of tokens held.
  public var length: Int { layers.first.flatMap { $0?.length } ?? 0 }

  /// Adds the keys and values of new tokens [batch, heads, tokens, d] to a layer; returns all it has from `first` on.
  public func extend(_ layer: Int, key: Tensor, value: Tensor, from first: Int = 0) throws -> (Tensor, Tensor)
  {
    guard layers.indices.contains(layer), key.rank == 4, key.shape == value.shape else {
      throw TorchError(.invalid, "KeyValueCache: no layer \(layer) for keys \(key) and values \(value)")
    }
    var held = try layers[layer] ?? Held(key: key.slice(2, 0..<0), value: value.slice(2, 0..<0), length: 0)
    if isRecordingGradients && (held.key.requiresGrad || key.requiresGrad) {
      held.key = try .cat([held.key.slice(2, 0..<held.length), key], dim: 2)
      held.value = try .cat([held.value.slice(2, 0..<held.length), value], dim: 2)
    } else {
      held.key = try Self.write(key, into: held.key, at: held.length)
      held.value = try Self.write(value, into: held.value, at: held.length)
    }
    held.length += key.shape[2]
    layers[layer] = held
    let range = min(first, held.length)..<held.length
    return (try held.key.slice(2, range), try held.value.slice(2, range))
  }

  /// Notes which of `count` new tokens are real, bool [batch, count] (nil: all), before they are added.
  ///
  /// - Returns: the same for all tokens, new ones included.
  public func extendMask(_ mask: Tensor?, batch: Int, count: Int, device: Device) throws -> Tensor? {
    guard mask != nil || realTokens != nil else { return nil }
    func all(_ tokens: Int) throws -> Tensor { try .ones([batch, tokens], dtype: .bool, device: device) }
    realTokens = try .cat([realTokens ?? all(length), mask ?? all(count)], dim: 1)
    return realTokens
  }

  /// Notes the places of `count` new tokens in their texts, int64 [batch or 1, count], before they are added.
  ///
  /// - Returns: the same for all tokens, new ones included; nil for 0, 1, 2, ...
  public func extendPositions(_ new: Tensor?, count: Int, device: Device) throws -> Tensor? {
    let usual = try Tensor.arange(length, length + count, device: device).unsqueezed(0)
    let isUsual = try new.map { try $0.equal(usual).all().item(of: Bool.self) } ?? true
    guard !isUsual || positions != nil else { return nil }
    let old = try positions ?? .arange(0, length, device: device).unsqueezed(0)
    let own = new ?? usual
    let rows = max(old.shape[0], own.shape[0])
    positions = try .cat([old.expanded([rows, length]), own.expanded([rows, count])], dim: 1)
    return positions
  }

  /// Notes the ids of new tokens [batch, count].
  public func extendIDs(_ new: Tensor) throws { ids = try ids.map { try .cat([$0, new], dim: 1) } ?? new }

  /// Forgets everything, for a pass that reads all of it again, with what follows.
  ///
  /// - Parameters:
  ///   - old: the ids seen so far, ``ids``.
  /// - Returns: all ids, which of them are real, and their places; what stood before the ids (a soft prompt) is not
  ///   among them.
  public func restart(
    with new: Tensor, mask: Tensor?, positions newPositions: Tensor?, behind old: Tensor
  ) throws -> (ids: Tensor, mask: Tensor?, positions: Tensor?) {
    let (batch, count, seen) = (new.shape[0], new.shape[1], old.shape[1])
    let lead = length - seen
    let masks = try extendMask(mask, batch: batch, count: count, device: new.device)
    let places = try newPositions.flatMap {
      try extendPositions($0, count: count, device: new.device)
    }
    let whole = (
      ids: try Tensor.cat([old, new], dim: 1), mask: try masks?.slice(1, from: lead),
      positions: try places.map { try $0.slice(1, from: lead) - Double(lead) }
    )
    layers = Array(repeating: nil, count: layers.count)
    (realTokens, positions, ids) = (nil, nil, nil)
    return whole
  }

  /// Keeps the given rows of the batch, in the given order; int64 [rows].
  public func select(rows: Tensor) throws {
    for index in layers.indices {
      guard let held = layers[index] else { continue }
      layers[index] = Held(
        key: try held.key.indexSelect(0, rows), value: try held.value.indexSelect(0, rows),
        length: held.length)
    }
    realTokens = try realTokens?.indexSelect(0, rows)
    positions = try positions.map { $0.shape[0] == 1 ? $0 : try $0.indexSelect(0, rows) }
    ids = try ids?.indexSelect(0, rows)
  }

  /// What a layer holds, to be differentiated through; nil when it is empty.
  public func contents(of layer: Int) throws -> (key: Tensor, value: Tensor)? {
    guard layers.indices.contains(layer), let held = layers[layer], held.length > 0 else { return nil }
    return (try held.key.slice(2, 0..<held.length), try held.value.slice(2, 0..<held.length))
  }

  /// The smallest step in which memory grows, in tokens.
  private static let step = 64

  /// `buffer` with `new` at token `position`: the same memory where it has room, else a larger copy.
  private static func write(_ new: Tensor, into buffer: Tensor, at position: Int) throws -> Tensor {
    try withoutGradients {
      let (count, capacity) = (new.shape[2], buffer.shape[2])
      var buffer = buffer
      if position + count > capacity || buffer.requiresGrad {
        var shape = new.shape
        shape[2] = max(position + count, min(2 * capacity, capacity + 4096), step)
        let larger = try Tensor.empty(shape, dtype: new.dtype, device: new.device)
        try larger.slice(2, 0..<position).copy_(buffer.slice(2, 0..<position))
        buffer = larger
      }
      try buffer.slice(2, position..<(position + count)).copy_(new)
      return buffer
    }
  }
}
