import Configuration

/// The tasks of GLUE, which come as tab-separated files that each name their columns differently, or not at all.
///
/// Source: Wang et al. 2019, "GLUE: A Multi-Task Benchmark for Natural Language Understanding".
public enum GLUETask: String, Sendable, Hashable, CaseIterable, ConfigurationValue {
  case cola, mrpc, rte, sst2, stsb, qqp, mnli, qnli, wnli

  /// A column: its names in the files' headers, and its place in files without one.
  public struct Column: Sendable, Hashable {
    public let names: [String]
    public let place: Int
  }

  /// The columns with the texts, one or two.
  public var texts: [Column] {
    switch self {
    case .cola: [Column(names: ["sentence"], place: 3)]
    case .sst2: [Column(names: ["sentence"], place: 0)]
    case .mrpc:
      [
        Column(names: ["#1 String", "sentence1"], place: 3),
        Column(names: ["#2 String", "sentence2"], place: 4),
      ]
    case .qqp: [Column(names: ["question1"], place: 3), Column(names: ["question2"], place: 4)]
    case .qnli: [Column(names: ["question"], place: 1), Column(names: ["sentence"], place: 2)]
    case .rte, .wnli: [Column(names: ["sentence1"], place: 1), Column(names: ["sentence2"], place: 2)]
    case .stsb: [Column(names: ["sentence1"], place: 7), Column(names: ["sentence2"], place: 8)]
    case .mnli:
      [
        Column(names: ["sentence1", "premise"], place: 8),
        Column(names: ["sentence2", "hypothesis"], place: 9),
      ]
    }
  }

  public var label: Column {
    switch self {
    case .cola: Column(names: ["label"], place: 1)
    case .sst2: Column(names: ["label"], place: 1)
    case .mrpc: Column(names: ["Quality", "label"], place: 0)
    case .qqp: Column(names: ["is_duplicate", "label"], place: 5)
    case .rte, .wnli, .qnli: Column(names: ["label"], place: 3)
    case .stsb: Column(names: ["score", "label"], place: 9)
    case .mnli: Column(names: ["gold_label", "label"], place: 11)
    }
  }

  /// The classes in the order of their numbers; none where the label is a number to be met.
  public var classes: [String] {
    switch self {
    case .cola: ["unacceptable", "acceptable"]
    case .mrpc: ["not_equivalent", "equivalent"]
    case .rte, .qnli: ["entailment", "not_entailment"]
    case .sst2: ["negative", "positive"]
    case .stsb: []
    case .qqp: ["not_duplicate", "duplicate"]
    case .mnli: ["entailment", "neutral", "contradiction"]
    case .wnli: ["not_entailment", "entailment"]
    }
  }

  public var objective: Objective { classes.isEmpty ? .regression : .category }

  /// Whether the leaderboard takes the names of classes, and not their numbers.
  public var submitsNames: Bool {
    switch self {
    case .mnli, .qnli, .rte: true
    case .cola, .mrpc, .sst2, .stsb, .qqp, .wnli: false
    }
  }

  /// The results whose mean is the task's score.
  public var metrics: [String] {
    switch self {
    case .cola: ["matthews"]
    case .mrpc, .qqp: ["accuracy", "f1"]
    case .stsb: ["pearson", "spearman"]
    case .rte, .sst2, .mnli, .qnli, .wnli: ["accuracy"]
    }
  }

  /// Whether the published files have lines that miss cells, which every reader passes over.
  public var hasBrokenLines: Bool { self == .qqp }

  /// The result that the best checkpoint is told by.
  public var metric: String {
    switch self {
    case .cola: "matthews"
    case .mrpc, .qqp: "f1"
    case .stsb: "pearson"
    case .rte, .sst2, .mnli, .qnli, .wnli: "accuracy"
    }
  }
}
