import Files
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Models

/// Encoder-decoders against what transformers computes with the same checkpoints.
struct SequenceToSequenceTests {
  static let writers = ["t5", "t5-gated", "mt5", "umt5", "bart", "bart-bare", "mbart"]
  static let names = writers + ["t5-classifier", "bart-classifier"]

  private func load(_ folder: String) throws -> any SequenceToSequenceModel {
    try #require(try PretrainedModel.load(folder: folder) as? any SequenceToSequenceModel)
  }

  @Test(arguments: names)
  func rowsAloneAgree(name: String) throws {
    let model = try PretrainedModel.load(folder: Golden.sequence(name))
    #expect(model.store.report.isClean)
    #expect(model.task == (name.hasSuffix("classifier") ? .sequenceClassification : .seq2seqLM))
    let expected = try Golden.expected(sequence: name)
    for row in 0..<3 {
      let labels = try #require(expected["row.\(row).labels"]).unsqueezed(0)
      var input = ModelInput(ids: try #require(expected["row.\(row).input_ids"]).unsqueezed(0))
      if let model = model as? any SequenceToSequenceModel {
        input.decoderIDs = try model.decoderInputs(for: labels)
      }
      let right = try #require(expected["row.\(row).logits"])
      #expect(try model.logits(input).select(0, 0).relativeError(to: right) < 1e-5)
    }
  }

  @Test(arguments: names, ["right", "left"])
  func sourcesPaddedOnEitherSideAgree(name: String, side: String) throws {
    let model = try PretrainedModel.load(folder: Golden.sequence(name))
    let expected = try Golden.expected(sequence: name)
    var input = ModelInput(
      ids: try #require(expected["\(side).input_ids"]),
      attentionMask: try #require(expected["\(side).attention_mask"]).to(dtype: .bool))
    let labels = try #require(expected["\(side).labels"])
    var (kept, right) = ([Tensor?](), try #require(expected["\(side).logits"]))
    if let model = model as? any SequenceToSequenceModel {
      input.decoderIDs = try model.decoderInputs(for: labels)
      kept = [try labels.notEqual(-100)]
      let loss = try model.targetLoss(input, labels: labels)
      let wanted: Double = try #require(expected["\(side).loss"]).item()
      #expect(try abs(loss.sum.item() / Double(loss.count) - wanted) < 1e-5 * wanted)
    }
    var found = try model.logits(input)
    if !kept.isEmpty { (found, right) = (try found.indexed(kept), try right.indexed(kept)) }
    #expect(try found.relativeError(to: right) < 1e-5)
  }

  @Test(arguments: writers)
  func tokenByTokenIsAllAtOnce(name: String) throws {
    let model = try load(Golden.sequence(name))
    let expected = try Golden.expected(sequence: name)
    let input = ModelInput(
      ids: try #require(expected["right.input_ids"]),
      attentionMask: try #require(expected["right.attention_mask"]).to(dtype: .bool))
    let ids = try model.decoderInputs(for: #require(expected["right.labels"]))
    let source = try model.encode(input)
    let whole = try model.hiddenStates(ids, reading: source, cache: nil)
    let cache = model.makeCache()
    var parts: [Tensor] = []
    for place in [0..<3, 3..<4, 4..<ids.shape[1]] {
      parts.append(try model.hiddenStates(ids.slice(1, place), reading: source, cache: cache))
    }
    #expect(try Tensor.cat(parts, dim: 1).relativeError(to: whole) < 1e-5)
  }

  @Test(arguments: names)
  func whatIsSavedIsTheSameAgain(name: String) throws {
    let copy = try TemporaryModel(folder: Golden.sequence(name))
    let model = try PretrainedModel.load(folder: copy.folder)
    try ModelWriter.save(model, to: "\(copy.folder)/first")
    let again = try PretrainedModel.load(folder: "\(copy.folder)/first")
    #expect(again.store.report.isClean && again.task == model.task)
    try ModelWriter.save(again, to: "\(copy.folder)/second")
    for file in ["model.safetensors", "config.json"] {
      let (first, second) = (
        try WholeFile.read("\(copy.folder)/first/\(file)"),
        try WholeFile.read("\(copy.folder)/second/\(file)")
      )
      #expect(first == second)
    }
    let input = try ModelInput([4, 9, 12, 1])
    #expect(try again.logits(input).isIdentical(to: model.logits(input)))
  }

  /// Names as transformers saves them: the table once, and the head only where it is another.
  @Test(arguments: [
    ("t5", "shared.weight", 0), ("t5-gated", "shared.weight", 1), ("bart-bare", "model.shared.weight", 0),
  ])
  func theTableIsSavedOnce(name: String, table: String, heads: Int) throws {
    let copy = try TemporaryModel(folder: Golden.sequence(name))
    try ModelWriter.save(try load(copy.folder), to: "\(copy.folder)/saved")
    let names = try SafetensorsFile(path: "\(copy.folder)/saved/model.safetensors").allTensors().keys
    #expect(names.contains(table) && !names.contains { $0.hasSuffix("embed_tokens.weight") })
    #expect(names.filter { $0.hasPrefix("lm_head") }.count == heads)
  }

  @Test func aWriterBecomesAClassifierAndBack() throws {
    for (name, prefix) in [("t5", "transformer"), ("bart-bare", "model")] {
      let model = try PretrainedModel.load(
        folder: Golden.sequence(name), task: .sequenceClassification, labels: ClassLabels(count: 2))
      #expect(model.store.report.isClean && model.headNames == ["classification_head"])
      let block =
        name == "t5" ? "encoder.block.0.layer.0.SelfAttention.q" : "encoder.layers.0.self_attn.q_proj"
      #expect(model.store.layer(named: "\(prefix).\(block)") != nil)
      #expect(try model.logits(ModelInput([4, 9, 1])).shape == [1, 2])
    }
    let back = try PretrainedModel.load(folder: Golden.sequence("t5-classifier"), task: .seq2seqLM)
    #expect(back.store.report.isClean)
    let input = try ModelInput([4, 9, 12, 1])
    #expect(try back.logits(input).shape == [1, 4, 64])
  }

  @Test(arguments: ["t5-gated", "mbart"])
  func checkpointingChangesNoGradient(name: String) throws {
    let expected = try Golden.expected(sequence: name)
    let input = ModelInput(
      ids: try #require(expected["right.input_ids"]),
      attentionMask: try #require(expected["right.attention_mask"]).to(dtype: .bool))
    let labels = try #require(expected["right.labels"])
    func gradients(checkpointing: Bool) throws -> [Tensor] {
      let model = try load(Golden.sequence(name))
      model.store.mode.isTraining = true
      model.store.mode.gradientCheckpointing = checkpointing
      let weights = try model.store.parameters.map { try $0.tensor.requireGrad() }
      try model.targetLoss(input, labels: labels).sum.backward()
      return weights.compactMap(\.grad)
    }
    let (plain, again) = (try gradients(checkpointing: false), try gradients(checkpointing: true))
    #expect(plain.count == again.count && !plain.isEmpty)
    // A bias of keys moves all scores of a query alike, so that its gradient is nothing but rounding.
    for (first, second) in zip(plain, again) {
      let (difference, size): (Double, Double) = (
        try (first - second).norm().item(), try second.norm().item()
      )
      #expect(difference < 1e-5 * max(size, 1))
    }
  }

  @Test func inHalfPrecisionTheLastProjectionStaysWide() throws {
    let folder = Golden.sequence("t5-gated")
    let half = try PretrainedModel.load(folder: folder, dtype: .float16)
    for parameter in half.store.parameters {
      #expect(parameter.tensor.dtype == (parameter.name.hasSuffix(".wo.weight") ? .float32 : .float16))
    }
    let input = try ModelInput([4, 9, 12, 1])
    let (found, right) = (try half.logits(input), try PretrainedModel.load(folder: folder).logits(input))
    #expect(try found.to(dtype: .float32).relativeError(to: right) < 1e-2)
    let quantized = try PretrainedModel.load(folder: folder, quantization: try Quantization(.int8))
    #expect(!quantized.store.quantizedNames.isEmpty)
    #expect(
      !quantized.store.quantizedNames.contains {
        $0.name.hasSuffix(".wo.weight") || $0.name == "lm_head.weight"
      })
    #expect(try quantized.logits(input).relativeError(to: right) < 0.2)
  }

  /// Distances in buckets as the reference puts them, short ones alone and long ones in the last.
  @Test func bucketsCoverAllDistances() {
    let positions = DistanceBuckets(buckets: 32, maxDistance: 128)
    #expect(
      [0, -1, -7, -8, -15, -16, -127, -500].map { positions.bucket(of: $0, isCausal: false) }
        == [0, 1, 7, 8, 9, 10, 15, 15])
    #expect([1, 7, 8, 127].map { positions.bucket(of: $0, isCausal: false) } == [17, 23, 24, 31])
    #expect([5, 0, -15, -16, -127].map { positions.bucket(of: $0, isCausal: true) } == [0, 0, 15, 16, 31])
  }

  @Test(
    arguments: [
      ("t5", "feed_forward_proj", "gated-mish"), ("t5", "relative_attention_num_buckets", 6),
      ("t5", "relative_attention_max_distance", 3), ("t5", "d_model", nil), ("t5", "dropout_rate", 1),
      ("bart", "encoder_attention_heads", 5), ("bart", "decoder_attention_heads", 4),
      ("bart", "activation_function", "mish"), ("bart", "decoder_layers", 0),
    ] as [(String, String, JSONValue?)])
  func aConfigurationThatDoesNotDoNamesItsKey(name: String, key: String, value: JSONValue?) throws {
    let copy = try TemporaryModel(folder: Golden.sequence(name))
    try copy.configure([key: value])
    let error = try #require(throws: ModelError.self) { try load(copy.folder) }
    #expect(error.description.contains(key) || error.description.contains("number of heads"))
  }

  @Test func inputThatDoesNotFitIsNamed() throws {
    let bart = try load(Golden.sequence("bart"))
    let long = try #require(throws: ModelError.self) {
      try bart.logits(ModelInput(Array(repeating: 5, count: 33)))
    }
    #expect(long.description.contains("33 tokens"))
    #expect(throws: ModelError.self) { try bart.logits(ModelInput([64])) }
    let classifier = try PretrainedModel.load(folder: Golden.sequence("t5-classifier"))
    let error = try #require(throws: ModelError.self) { try classifier.logits(ModelInput([5, 9])) }
    #expect(error.description.contains("ends texts"))
  }
}
