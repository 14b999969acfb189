import Files
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Models

/// Encoders against what transformers computes with the same checkpoints.
struct EncoderTests {
  static let names = [
    "bert", "bert-tokens", "bert-bare", "roberta", "roberta-tokens", "xlm-roberta", "distilbert",
    "distilbert-tokens", "electra", "electra-tokens", "albert", "albert-tokens", "bert-answers",
    "distilbert-answers", "modernbert-answers", "bert-masked", "roberta-masked", "distilbert-masked",
    "electra-masked", "albert-masked", "deberta-masked", "modernbert-masked", "deberta", "deberta-tokens",
    "deberta-convolution", "modernbert", "modernbert-mean", "modernbert-tokens",
    "deberta-v1", "deberta-v1-tokens", "deberta-v1-answers", "deberta-v1-masked",
    "t5-bare", "t5-tokens", "mt5-bare", "umt5-tokens",
  ]

  private func load(_ folder: String) throws -> any TextEncoder {
    try #require(try PretrainedModel.load(folder: folder) as? any TextEncoder)
  }

  /// What the reference has of a model: hidden states of a bare body, logits of others.
  private func output(_ model: any TextEncoder, _ input: ModelInput, of name: String) throws -> Tensor {
    try name.hasSuffix("bare") ? model.hiddenStates(input) : model.logits(input)
  }

  @Test(arguments: names)
  func rowsAloneAgree(name: String) throws {
    let model = try load(Golden.encoder(name))
    #expect(model.store.report.isClean)
    let expected = try Golden.expected(encoder: name)
    for row in 0..<3 {
      let types: Tensor = try #require(expected["row.\(row).token_type_ids"])
      let input = ModelInput(
        ids: try #require(expected["row.\(row).input_ids"]).unsqueezed(0),
        typeIDs: try types.unsqueezed(0))
      let right = try #require(expected["row.\(row).output"])
      #expect(try output(model, input, of: name).select(0, 0).relativeError(to: right) < 1e-5)
    }
  }

  @Test(arguments: names, ["right", "left"])
  func aBatchPaddedOnEitherSideAgrees(name: String, side: String) throws {
    let model = try load(Golden.encoder(name))
    let expected = try Golden.expected(encoder: name)
    let mask = try #require(expected["\(side).attention_mask"]).to(dtype: .bool)
    let types: Tensor = try #require(expected["\(side).token_type_ids"])
    let input = ModelInput(
      ids: try #require(expected["\(side).input_ids"]), attentionMask: mask, typeIDs: types)
    var (found, right) = (try output(model, input, of: name), try #require(expected["\(side).output"]))
    if found.rank == 3 { (found, right) = (try found.indexed([mask]), try right.indexed([mask])) }
    #expect(try found.relativeError(to: right) < 1e-5)
  }

  @Test(arguments: names)
  func whatIsSavedIsTheSameAgain(name: String) throws {
    let copy = try TemporaryModel(folder: Golden.encoder(name))
    let model = try load(copy.folder)
    try ModelWriter.save(model, to: "\(copy.folder)/first")
    let again = try load("\(copy.folder)/first")
    #expect(again.store.report.isClean && again.task == model.task)
    try ModelWriter.save(again, to: "\(copy.folder)/second")
    for file in ["model.safetensors", "config.json"] {
      let (first, second) = (
        try WholeFile.read("\(copy.folder)/first/\(file)"),
        try WholeFile.read("\(copy.folder)/second/\(file)")
      )
      #expect(first == second)
    }
    let input = try ModelInput([4, 9, 12])
    #expect(try again.logits(input).isIdentical(to: model.logits(input)))
  }

  @Test(arguments: ["albert", "deberta", "deberta-v1", "modernbert"])
  func checkpointingChangesNoGradient(name: String) throws {
    func gradients(checkpointing: Bool) throws -> [Tensor] {
      let model = try load(Golden.encoder(name))
      model.store.mode.isTraining = true
      model.store.mode.gradientCheckpointing = checkpointing
      let weights = try model.store.parameters.map { try $0.tensor.requireGrad() }
      try model.logits(ModelInput([4, 9, 12, 33])).sum().backward()
      return weights.compactMap(\.grad)
    }
    let (plain, again) = (try gradients(checkpointing: false), try gradients(checkpointing: true))
    #expect(plain.count == again.count && !plain.isEmpty)
    for (first, second) in zip(plain, again) { #expect(try first.isIdentical(to: second)) }
  }

  @Test func aPoolerThatTheCheckpointLacksIsPartOfTheNewHead() throws {
    let copy = try TemporaryModel(folder: Golden.encoder("bert-bare"))
    #expect(try load(copy.folder).headNames == ["classifier"])
    try copy.edit { tensors in
      for name in ["weight", "bias"] { tensors["pooler.dense.\(name)"] = nil }
    }
    let model = try load(copy.folder)
    #expect(model.store.report.isClean)
    #expect(model.headNames == ["classifier", "bert.pooler.dense"])
  }

  @Test func textsOfOneRowDoNotSeeEachOther() throws {
    let model = try PretrainedModel.load(folder: Golden.encoder("roberta-tokens"))
    let texts = [[5, 9, 33], [20, 21, 22, 6]]
    let packed = ModelInput(
      ids: try Tensor(texts.flatMap(\.self), shape: [1, 7]),
      positions: try Tensor([0, 1, 2, 0, 1, 2, 3], shape: [1, 7]),
      segments: try Tensor([0, 0, 0, 1, 1, 1, 1], shape: [1, 7]))
    let alone = try texts.map { try model.logits(ModelInput($0)) }
    #expect(try model.logits(packed).relativeError(to: .cat(alone, dim: 1)) < 1e-5)
  }

  @Test(arguments: [
    ("bert-answers", ModelTask.questionAnswering), ("bert-masked", .maskedLM),
    ("bert", .sequenceClassification),
    ("bert-bare", .sequenceClassification), ("modernbert-tokens", .tokenClassification),
    ("t5-bare", .featureExtraction), ("t5-tokens", .tokenClassification), ("mt5-bare", .featureExtraction),
  ])
  func theArchitectureNamesTheTask(name: String, task: ModelTask) throws {
    #expect(try load(Golden.encoder(name)).task == task)
  }

  @Test(arguments: ["bert", "bert-bare", "deberta", "modernbert-masked"])
  func withoutAHeadTheHiddenStatesAreTheSame(name: String) throws {
    let folder = Golden.encoder(name)
    let plain = try #require(
      try PretrainedModel.load(folder: folder, task: .featureExtraction) as? any TextEncoder)
    #expect(plain.store.report.isClean)
    #expect(!plain.store.layers.contains { $0.name.hasPrefix("bert.") || $0.name.hasPrefix("model.") })
    let input = try ModelInput([4, 9, 12])
    #expect(try plain.hiddenStates(input).isIdentical(to: load(folder).hiddenStates(input)))
  }

  /// Of a whole T5 the encoder alone is read and written.
  @Test(arguments: ["t5", "t5-gated", "umt5", "t5-classifier"])
  func anEncoderIsFoundInAnEncoderDecoder(name: String) throws {
    let copy = try TemporaryModel(folder: Golden.sequence(name))
    let encoder = try #require(
      try PretrainedModel.load(folder: copy.folder, task: .featureExtraction) as? any TextEncoder)
    #expect(encoder.store.report.isClean)
    let input = try ModelInput([4, 9, 12, 1])
    let hidden = try encoder.hiddenStates(input)
    if let whole = try PretrainedModel.load(folder: copy.folder) as? any SequenceToSequenceModel {
      #expect(try hidden.isIdentical(to: whole.encode(input).hidden))
    }
    try ModelWriter.save(encoder, to: "\(copy.folder)/encoder")
    let again = try load("\(copy.folder)/encoder")
    #expect(again.task == .featureExtraction && again.store.report.isClean)
    #expect(try again.configuration.architectures.first?.hasSuffix("5EncoderModel") == true)
    #expect(try again.hiddenStates(input).isIdentical(to: hidden))
    let tokens = try PretrainedModel.load(
      folder: copy.folder, task: .tokenClassification, labels: ClassLabels(count: 3))
    #expect(tokens.store.report.isClean && tokens.headNames == ["classifier"])
    #expect(try tokens.logits(input).shape == [1, 4, 3])
  }

  /// Distances say where tokens stand, so that texts may be longer than those that the model was made from.
  @Test func aT5EncoderReadsLongTexts() throws {
    let model = try load(Golden.encoder("t5-bare"))
    #expect(!model.limitsLength && model.contextLength == 512)
    #expect(try model.logits(ModelInput(Array(repeating: 5, count: 600))).shape == [1, 600, 16])
  }

  @Test func aNewHeadForHiddenWordsIsTrained() throws {
    let model = try PretrainedModel.load(folder: Golden.encoder("bert-bare"), task: .maskedLM)
    #expect(model.headNames == ["cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"])
    #expect(try PretrainedModel.load(folder: Golden.encoder("bert-masked")).headNames.isEmpty)
  }

  /// transformers 5 writes two biases where the output is a matrix of its own, and uses the layer's.
  @Test(arguments: [
    ("bert-masked", "cls.predictions.bias", "cls.predictions.decoder"),
    ("roberta-masked", "lm_head.bias", "lm_head.decoder"),
    ("albert-masked", "predictions.bias", "predictions.decoder"),
    ("deberta-masked", "cls.predictions.bias", "cls.predictions.decoder"),
  ])
  func anUntiedHeadUsesTheBiasOfItsLayer(name: String, idle: String, layer: String) throws {
    let copy = try TemporaryModel(folder: Golden.encoder(name))
    let input = try ModelInput([4, 9, 12])
    let before = try PretrainedModel.load(folder: copy.folder)
    let tied = try before.logits(input).clone()
    let words = try #require(before.store.parameters.first { $0.name.hasSuffix("word_embeddings.weight") })
    let (table, bias) = (
      try words.tensor.clone(), try #require(before.store.parameter(named: idle)).tensor.clone()
    )
    try copy.configure(["tie_word_embeddings": false])
    try copy.edit { tensors in
      tensors["\(layer).weight"] = table
      tensors["\(layer).bias"] = try bias + 2
      tensors[idle] = bias
    }
    let model = try PretrainedModel.load(folder: copy.folder)
    #expect(model.store.report.isClean)
    #expect(try model.logits(input).relativeError(to: tied + 2) < 1e-6)
    try ModelWriter.save(model, to: "\(copy.folder)/again")
    let written = try SafetensorsFile(path: "\(copy.folder)/again/model.safetensors").allTensors()
    #expect(try written[idle]?.isIdentical(to: bias) == true)
    #expect(try written["\(layer).bias"]?.isIdentical(to: bias + 2) == true)
  }

  @Test func onlyHiddenWordsCountInTheLoss() throws {
    let model = try #require(
      try PretrainedModel.load(folder: Golden.encoder("bert-masked")) as? any MaskedLanguageModel)
    let input = try ModelInput([4, 9, 12])
    let labels = try Tensor([-100, 7, -100], shape: [1, 3])
    let (sum, count) = try model.maskedLoss(input, labels: labels)
    let plain = try model.logits(input).reshaped([3, -1]).crossEntropy(labels.flattened(), reduction: .sum)
    #expect(count == 1)
    #expect(try sum.relativeError(to: plain) < 1e-6)
  }

  @Test func aFarDistanceSharesABucket() throws {
    let relative = DebertaConfiguration.RelativeAttention(
      contentToPosition: true, positionToContent: true, sharesKeys: true, farthest: 512, buckets: 256,
      isNormalized: false)
    let distances = try relative.distances(400, device: .cpu).select(1, 0).array(of: Int.self)
    #expect(Array(distances[0...128]) == Array(0...128))
    #expect(zip(distances, distances.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(try #require(distances.last) < 256)
  }

  static let wrongKeys: [(String, String, JSONValue)] = [
    ("deberta", "pos_att_type", ["p2p"]), ("deberta", "legacy", false),
    ("deberta-v1", "talking_head", true), ("deberta-v1", "max_relative_positions", 2_097_152),
    ("deberta-convolution", "conv_kernel_size", 4), ("modernbert", "classifier_pooling", "max"),
    ("modernbert", "layer_types", ["full_attention"]), ("modernbert", "hidden_size", 15),
    ("modernbert", "rope_parameters", ["full_attention": ["rope_type": "yarn", "factor": 2]]),
  ]

  @Test(arguments: wrongKeys)
  func newFamiliesNameTheKeyThatDoesNotDo(name: String, key: String, value: JSONValue) throws {
    let copy = try TemporaryModel(folder: Golden.encoder(name))
    try copy.configure([key: value])
    let error = try #require(throws: ModelError.self) { try load(copy.folder) }
    #expect(error.description.contains(key))
  }

  @Test(
    arguments: [
      ("is_decoder", true), ("position_embedding_type", "relative_key"), ("num_attention_heads", 5),
      ("hidden_dropout_prob", 1), ("hidden_act", "mish"), ("vocab_size", nil),
    ] as [(String, JSONValue?)])
  func aConfigurationThatDoesNotDoNamesItsKey(key: String, value: JSONValue?) throws {
    let copy = try TemporaryModel(folder: Golden.encoder("bert"))
    try copy.configure([key: value])
    let error = try #require(throws: ModelError.self) { try load(copy.folder) }
    #expect(error.description.contains(key) || error.description.contains("number of heads"))
  }

  @Test func inputThatDoesNotFitIsNamed() throws {
    // Two of RoBERTa's 24 positions are never a token's.
    let model = try load(Golden.encoder("roberta"))
    #expect(model.contextLength == 22)
    #expect(try model.logits(ModelInput(Array(repeating: 5, count: 22))).shape == [1, 2])
    let long = try #require(throws: ModelError.self) {
      try model.logits(ModelInput(Array(repeating: 5, count: 23)))
    }
    #expect(long.description.contains("23 tokens"))
    #expect(throws: ModelError.self) { try model.logits(ModelInput([64])) }
    let bert = try load(Golden.encoder("bert"))
    let types = ModelInput(ids: try Tensor([5], shape: [1, 1]), typeIDs: try Tensor([2], shape: [1, 1]))
    let error = try #require(throws: ModelError.self) { try bert.logits(types) }
    #expect(error.description.contains("token type 2"))
  }
}
