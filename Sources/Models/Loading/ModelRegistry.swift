import Configuration
import NN

/// The families of models there are, by the `model_type` of config.json.
public enum ModelRegistry {
  static let families: [ModelFamily] = [
    .decoder("llama", DecoderConfiguration.init(llama:)),
    .decoder("llama4_text", tasks: [.causalLM], DecoderConfiguration.init(llama4:)),
    .decoder("mistral", DecoderConfiguration.init(mistral:)),
    .decoder("qwen2", DecoderConfiguration.init(qwen2:)),
    .decoder("qwen3", DecoderConfiguration.init(qwen3:)),
    .decoder("gemma", DecoderConfiguration.init(gemma:)),
    .decoder("gemma2", DecoderConfiguration.init(gemma2:)),
    .decoder("gemma3_text", DecoderConfiguration.init(gemma3:)),
    .gemma3,
    .decoder("phi3", DecoderConfiguration.init(phi3:)),
    .decoder("granite", DecoderConfiguration.init(granite:)),
    .granitemoe,
    .decoder("olmo", DecoderConfiguration.init(olmo:)),
    .decoder("olmo2", DecoderConfiguration.init(olmo2:)),
    .decoder("olmo3", DecoderConfiguration.init(olmo3:)),
    .olmoe,
    .decoder("cohere", DecoderConfiguration.init(cohere:)),
    .decoder("cohere2", DecoderConfiguration.init(cohere2:)),
    .decoder("smollm3", DecoderConfiguration.init(smollm3:)),
    .mixtral,
    .qwen2moe,
    .qwen3moe,
    .gpt("gpt2", GPTConfiguration.init(gpt2:)),
    .gpt("gpt_neox", prefix: "gpt_neox", head: "embed_out", GPTConfiguration.init(gptNeoX:)),
    .gpt("gptj", tasks: [.causalLM, .sequenceClassification], GPTConfiguration.init(gptj:)),
    .gpt("opt", prefix: "model", tasks: [.causalLM, .sequenceClassification], GPTConfiguration.init(opt:)),
    .gpt("bloom", GPTConfiguration.init(bloom:)),
    .gpt("falcon", GPTConfiguration.init(falcon:)),
    .gpt("RefinedWebModel", GPTConfiguration.init(falcon:)),
    .gpt("RefinedWeb", GPTConfiguration.init(refinedWeb:)),
    .gpt("phi", prefix: "model", GPTConfiguration.init(phi:)),
    .gpt("gpt_bigcode", GPTConfiguration.init(gptBigCode:)),
    .gpt("starcoder2", prefix: "model", GPTConfiguration.init(starcoder2:)),
    .gpt("codegen", tasks: [.causalLM], GPTConfiguration.init(codegen:)),
    .gpt("stablelm", prefix: "model", GPTConfiguration.init(stablelm:)),
    .gpt("baichuan", prefix: "model", tasks: [.causalLM], GPTConfiguration.init(baichuan:)),
    .encoder("bert", EncoderConfiguration.init(bert:)),
    .encoder("roberta", EncoderConfiguration.init(roberta:)),
    .encoder("xlm-roberta", prefix: "roberta", EncoderConfiguration.init(roberta:)),
    .encoder("distilbert", EncoderConfiguration.init(distilbert:)),
    .encoder("electra", EncoderConfiguration.init(electra:)),
    .encoder("albert", repeatsLayers: false, EncoderConfiguration.init(albert:)),
    .encoder("deberta", heads: ["pooler."], design: EncoderDesign.init(debertaV1:)),
    .encoder("deberta-v2", prefix: "deberta", heads: ["pooler."], design: EncoderDesign.init(debertaV2:)),
    .encoder(
      "modernbert", prefix: "model", heads: ["head.", "decoder."], repeatsLayers: false,
      design: EncoderDesign.init(modernBert:)),
    .encoderDecoder(
      "t5", prefix: "", classifierPrefix: "transformer", tasks: EncoderDecoderConfiguration.t5Tasks,
      wideModules: ["wo"],
      EncoderDecoderConfiguration.init(t5:)),
    .encoderDecoder(
      "mt5", prefix: "", classifierPrefix: "transformer", tasks: EncoderDecoderConfiguration.t5Tasks,
      wideModules: ["wo"],
      EncoderDecoderConfiguration.init(mt5:)),
    .encoderDecoder(
      "umt5", prefix: "", classifierPrefix: "transformer", tasks: EncoderDecoderConfiguration.t5Tasks,
      wideModules: ["wo"],
      EncoderDecoderConfiguration.init(umt5:)),
    .encoderDecoder(
      "bart", prefix: "model", classifierPrefix: "model", EncoderDecoderConfiguration.init(bart:)),
    .encoderDecoder(
      "mbart", prefix: "model", classifierPrefix: "model", EncoderDecoderConfiguration.init(mbart:)),
    .vit,
    .dinov2,
    .dinov2WithRegisters,
    .clip,
    .clipText,
    .clipVision,
    .convnext,
    .convnextV2,
    .resnet,
  ]

  /// The `model_type` of every family.
  public static var modelTypes: [String] { families.map(\.modelType) }

  /// The family of a configuration.
  ///
  /// - Throws: ``ModelError`` naming the type and the closest one there is.
  static func family(of config: ModelConfiguration) throws -> ModelFamily {
    let name = try config.modelType
    if let family = families.first(where: { $0.modelType == name }) { return family }
    let guess = NearestName.find(name, among: modelTypes).map { "; the closest is \($0)" } ?? ""
    throw config.invalid("model_type", "supported are \(modelTypes.joined(separator: ", "))\(guess)")
  }

  /// What models of a configuration's family can be used for, the usual task first.
  public static func tasks(of config: ModelConfiguration) throws -> [ModelTask] {
    try family(of: config).tasks
  }

  /// The model's name for what a file calls otherwise, for models of a configuration's family.
  public static func respelling(for config: ModelConfiguration) throws -> @Sendable (String) -> String {
    try family(of: config).respell
  }

  /// Builds a model in `store`, which gives each parameter its value.
  ///
  /// - Throws: ``ModelError`` for a family, task or value in `config` that is not supported.
  public static func build(
    _ config: ModelConfiguration, task: ModelTask? = nil, in store: VariableStore
  ) throws -> any Model {
    let family = try family(of: config)
    return try family.build(config, try family.task(config, asked: task), store)
  }
}

/// One family: its name, what it can be used for, and how it is built.
struct ModelFamily: Sendable {
  let modelType: String
  /// The first is the usual one.
  let tasks: [ModelTask]
  /// What the body's names begin with; checkpoints of a bare body leave it out.
  let prefix: String
  /// What they begin with in a classifier, where it is something else.
  var classifierPrefix: String?
  /// What the names of heads begin with, those of tasks that are not asked for included.
  var heads: [String]
  /// What the names of tables end with that checkpoints carry although they follow from config.json.
  var buffers = [".rotary_emb.inv_freq"]
  /// What the names of parts of the body begin with that a checkpoint may lack, or have in excess.
  var spares: [String] = []
  /// How the name of the class ends that is the encoder alone, where there is a decoder too.
  var encoderSuffix: String?
  /// What the names of parts begin with that a task has no use for.
  var unread: [ModelTask: String] = [:]
  /// Whether some of its layers can be built again in other places (`layer_replication`).
  var repeatsLayers = true
  /// Modules that stay float32 where the rest is float16, and dense where the rest is quantized.
  var wideModules: [String] = []
  /// The model's name for a tensor by the name that a checkpoint may have.
  var respell: @Sendable (String) -> String = { $0 }
  /// The checkpoint's name for a tensor of the model, where files keep another than the model has.
  var spellStored: @Sendable (String) -> String = { $0 }
  /// Whether a model is written with the names that its checkpoint has.
  var keepsSpelling = false
  /// What the names of weights begin with that belong to the model but not to what is run of it.
  var passengers: [String] = []
  /// What names begin with that tell a model whose body keeps its prefix although it has no head.
  var wholeMarks: [String] = []
  /// Where a matrix of one expert goes in the tensor of all of them; nil for any other tensor.
  var stack: @Sendable (String) -> StackedSource.Place? = { _ in nil }
  let build: @Sendable (ModelConfiguration, ModelTask, VariableStore) throws -> any Model

  /// The task asked for, or the one that `architectures` names.
  ///
  /// - Throws: ``ModelError`` when the family does not do it.
  func task(_ config: ModelConfiguration, asked: ModelTask?) throws -> ModelTask {
    if let asked {
      guard tasks.contains(asked) else {
        let names = tasks.map(\.rawValue).joined(separator: ", ")
        throw ModelError("task \(asked.rawValue), for model_type \(modelType): it can do \(names)")
      }
      return asked
    }
    guard let architecture = try config.architectures.first else { return tasks[0] }
    if let task = tasks.first(where: { $0.architectureSuffixes.contains(where: architecture.hasSuffix) }) {
      return task
    }
    if let encoderSuffix, architecture.hasSuffix(encoderSuffix) { return .featureExtraction }
    // A bare body, such as LlamaModel, says nothing of a task.
    if ["Model", "ModelWithProjection"].contains(where: architecture.hasSuffix) { return tasks[0] }
    // With images it makes text from more than text.
    if !passengers.isEmpty, architecture.hasSuffix("ForConditionalGeneration") { return .causalLM }
    throw config.invalid(
      "architectures",
      "tasks of \(modelType) are \(tasks.map(\.rawValue).joined(separator: ", ")); choose one with --task")
  }
}

extension ModelFamily {
  /// A family of decoders.
  ///
  /// - Parameter prefix: what the body's names begin with.
  static func decoder<Design: DecoderDesign>(
    _ modelType: String, prefix: String = "model",
    tasks: [ModelTask] = [.causalLM, .sequenceClassification, .tokenClassification],
    _ read: @escaping @Sendable (ModelConfiguration) throws -> Design
  ) -> ModelFamily {
    ModelFamily(modelType: modelType, tasks: tasks, prefix: prefix, heads: ["lm_head.weight", "score."]) {
      config, task, store in
      let decoder = try read(config.text)
      if store.isStacked { try decoder.checkStacking(config) }
      switch task {
      case .sequenceClassification: return try DecoderForSequenceClassification(config, decoder, store)
      case .tokenClassification: return try DecoderForTokenClassification(config, decoder, store)
      case .causalLM, .seq2seqLM, .questionAnswering, .maskedLM, .featureExtraction, .imageClassification:
        return try DecoderForCausalLM(config, decoder, store)
      }
    }
  }
}
