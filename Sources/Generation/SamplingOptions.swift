import Configuration
import Torch

/// When a search with several beams ends (`early_stopping`).
public enum EarlyStopping: String, CaseIterable, ConfigurationValue {
  /// When no running text could beat the finished ones at its present length.
  case no = "false"
  /// When as many texts as there are beams are finished.
  case yes = "true"
  /// When no running text could beat the finished ones at any length.
  case never
}

/// How the next token is chosen, and when to stop.
public struct SamplingOptions: Configuration {
  public var maxNewTokens = 128
  public var minNewTokens = 0
  public var temperature = 0.0
  public var topK = 0
  public var topP = 1.0
  public var minP = 0.0
  public var repetitionPenalty = 1.0
  public var stop: [String] = []
  public var numBeams = 1
  public var lengthPenalty = 1.0
  public var earlyStopping = EarlyStopping.no
  public var seed = 0

  public init() {}

  public static var fields: [Field<Self>] {
    [
      Field("max_new_tokens", \.maxNewTokens, "Tokens to generate at most."),
      Field("min_new_tokens", \.minNewTokens, "Tokens before which the text does not end."),
      Field(
        "temperature", \.temperature,
        "0 takes the likeliest token; otherwise tokens are drawn, more evenly the higher it is."),
      Field("top_k", \.topK, "Draw from the so many likeliest tokens only; 0 for all."),
      Field("top_p", \.topP, "Draw from the likeliest tokens that together have this probability."),
      Field("min_p", \.minP, "Leave out tokens less likely than this share of the likeliest one."),
      Field("repetition_penalty", \.repetitionPenalty, "Above 1, tokens that occurred become less likely."),
      Field("stop", \.stop, "Texts at which to stop; they are not part of the result."),
      Field("num_beams", \.numBeams, "Texts to search through at the same time; 1 for no search."),
      Field(
        "length_penalty", \.lengthPenalty,
        "Of beams: scores are divided by the length to this power; above 0 favours long texts."),
      Field(
        "early_stopping", \.earlyStopping,
        "Of beams: true ends when enough texts are finished, never when none can get better."),
      Field("seed", \.seed, "Of the drawing: same seed, same text."),
    ]
  }

  public func validate() throws {
    try check("max_new_tokens", maxNewTokens, maxNewTokens >= 1, "must be at least 1")
    try check("min_new_tokens", minNewTokens, minNewTokens >= 0, "must not be negative")
    try check("temperature", temperature, temperature >= 0 && temperature.isFinite, "must be 0 or more")
    try check("top_k", topK, topK >= 0, "must be 0 (off) or more")
    try check("top_p", topP, topP > 0 && topP <= 1, "must be above 0 and at most 1")
    try check("min_p", minP, minP >= 0 && minP <= 1, "must be from 0 to 1")
    try check("repetition_penalty", repetitionPenalty, repetitionPenalty > 0, "must be above 0; 1 is off")
    try check("num_beams", numBeams, (1...1000).contains(numBeams), "must be from 1 to 1000")
    try check("length_penalty", lengthPenalty, lengthPenalty.isFinite, "must be a number")
    if numBeams > 1 {
      try check(
        "temperature", temperature, temperature == 0, "must be 0 with several beams, which draw nothing")
      try check("stop", stop, stop.isEmpty, "must be empty with several beams, which end at tokens")
    }
    try check("stop", stop, !stop.contains(""), "must not contain an empty text")
  }

  private func check(_ field: String, _ value: Any, _ holds: Bool, _ rule: String) throws {
    guard holds else { throw ConfigurationError(field, value: value, rule: rule) }
  }
}
