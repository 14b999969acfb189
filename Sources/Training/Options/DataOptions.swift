import Configuration

/// How rows of data become examples, in training and in evaluation.
public struct DataOptions: Configuration {
  public var maxLength: Int?
  public var maxTargetLength: Int?
  public var trainOnPrompt = false
  public var strict = false
  public var textColumns: [String]?
  public var labelColumn: String?
  public var glue: GLUETask?

  public init() {}

  public static let fields: [Field<DataOptions>] = [
    Field("max_length", \.maxLength, "tokens of a row at most (the model's context)"),
    Field(
      "max_target_length", \.maxTargetLength,
      "tokens of an answer at most, for encoder-decoders (as max_length)"),
    Field("train_on_prompt", \.trainOnPrompt, "whether the loss falls on prompts too"),
    Field("strict", \.strict, "whether a row that is too long is an error instead of being cut"),
    Field("text_columns", \.textColumns, "the columns with the texts to classify"),
    Field("label_column", \.labelColumn, "the column with the label"),
    Field("glue", \.glue, "the task of GLUE whose files these are"),
  ]

  public func validate() throws {
    if let maxLength, maxLength < 1 {
      throw ConfigurationError("max_length", value: maxLength, rule: "must be at least 1")
    }
    if let maxTargetLength, maxTargetLength < 1 {
      throw ConfigurationError("max_target_length", value: maxTargetLength, rule: "must be at least 1")
    }
    if let glue, textColumns != nil || labelColumn != nil {
      throw ConfigurationError(
        "glue", value: glue.rawValue,
        rule: "names the columns itself; leave out text_columns and label_column")
    }
    if let textColumns, !(1...2).contains(textColumns.count) {
      throw ConfigurationError("text_columns", value: textColumns, rule: "must name one or two columns")
    }
  }
}
