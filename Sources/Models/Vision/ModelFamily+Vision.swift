extension ModelFamily {
  /// A family of models that look at pictures.
  ///
  /// - Parameters:
  ///   - prefix: of the body's names.
  ///   - spares: what the names of parts of the body begin with that are not run, behind the prefix.
  ///   - spelling: how files spell what the model calls otherwise.
  static func vision(
    _ modelType: String, prefix: String? = nil, spares: [String] = [], passengers: [String] = [],
    spelling: Spelling = Spelling(),
    _ design: @escaping @Sendable (ModelConfiguration) throws -> VisionDesign
  ) -> ModelFamily {
    let prefix = prefix ?? modelType
    return ModelFamily(
      modelType: modelType, tasks: [.imageClassification, .featureExtraction], prefix: prefix,
      heads: ["classifier.", "decoder."], spares: spares.map { "\(prefix).\($0)" }, respell: spelling.read,
      spellStored: spelling.written, passengers: passengers.flatMap { [$0, "\(prefix).\($0)"] }
    ) { config, task, store in
      try config.refuseQuantization()
      let design = try design(config)
      return task == .imageClassification
        ? try ImageClassifier(config, design, prefix: prefix, store)
        : try VisionFeatureExtractor(config, design, store)
    }
  }
}

/// How names in files differ from those of the model, as pieces that are exchanged in order.
struct Spelling: Sendable {
  var pieces: [(file: String, model: String)] = []

  @Sendable func read(_ name: String) -> String {
    pieces.reduce(name) { $0.replacing($1.file, with: $1.model) }
  }

  @Sendable func written(_ name: String) -> String {
    pieces.reduce(name) { $0.replacing($1.model, with: $1.file) }
  }
}
