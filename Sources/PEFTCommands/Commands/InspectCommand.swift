import ArgumentParser
import FineTuning
import Files
import JSON
import Models
import PEFT
import Reports

/// What is in an adapter or a model.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in an adapter or a model: method, ranks, norms, parameters, warnings.",
    discussion: """
      Example:
        peft inspect my-adapter --plot norms.svg
      """)

  @Argument(help: "The folder of a model, or an adapter in any layout: a folder or a file.") var path: String
  @Option(help: "The base model, for layouts that need it.") var model: String?
  @Option(help: "The lora_alpha of a loralib file.") var alpha: Double?
  @Option(help: .enabledParts) var enableLora: String?
  @Option(
    help: "Draw the norms, or the ranks that AdaLoRA gave (over time in a run's folder), as FILE.svg or .png."
  ) var plot: String?
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    try ChartFile.check(plot)
    if let alpha, !alpha.isFinite { throw ValidationError("--alpha is '\(alpha)': must be a finite number") }
    _ = try enableLora.map(EnabledParts.parse)
  }

  func run() throws {
    if !Folder.hasFile(path), try ModelFolder(path).file("config.json") != nil {
      try show(ModelInspection(ModelFolder(path)))
    } else {
      var conversion = AdapterConversion(path, model: model)
      conversion.context.alpha = alpha
      conversion.context.enabledParts = try enableLora.map(EnabledParts.parse)
      conversion.context.purpose = .inspection
      let adapter = try conversion.read()
      try show(AdapterInspection(adapter, notes: conversion.notes(on: adapter)))
    }
  }

  private func show(_ adapter: AdapterInspection) throws {
    if let ranks = try AllocatedRanks(adapter, folder: path) {
      try draw(ranks.chart)
    } else {
      try draw(adapter.layers.map { ($0.name, $0.norm) }, "Norm of the update of each layer")
    }
    if speech.json { return Console.print(.object(adapter.json)) }
    let base = adapter.configuration.shared.baseModel ?? "unknown"
    let start = adapter.initialization.map { ", init \($0)" } ?? ""
    Console.print(
      "\(adapter.method)\(start), base \(base), \(Numerals.grouped(adapter.parameters)) parameters")
    var table = TextTable([
      .init("layer", maximumWidth: 80), .init("rank", .right), .init("effective", .right),
      .init("norm", .right), .init("parameters", .right),
    ])
    for layer in adapter.layers {
      table.append([
        layer.name, layer.rank.map { "\($0)" } ?? "-", layer.effectiveRank.map(Numerals.short) ?? "-",
        Numerals.short(layer.norm),
        Numerals.grouped(layer.parameters),
      ])
    }
    Console.print(table.text(), terminator: "")
    for warning in adapter.warnings { Console.print("warning: \(warning)") }
  }

  private func show(_ model: ModelInspection) throws {
    try draw(model.tensors.map { ($0.name, $0.norm) }, "Norm of each tensor")
    if speech.json { return Console.print(.object(model.json)) }
    let names = model.architectures.isEmpty ? model.modelType : model.architectures.joined(separator: ", ")
    Console.print(
      "\(names), \(Numerals.grouped(model.parameters)) parameters, \(Numerals.grouped(model.bytes)) bytes")
    var table = TextTable([
      .init("tensor", maximumWidth: 80), .init("shape", .right), .init("type"), .init("norm", .right),
    ])
    for entry in model.tensors {
      let shape = entry.shape.map { "\($0)" }.joined(separator: " x ")
      table.append([entry.name, shape, entry.dtype, Numerals.short(entry.norm)])
    }
    Console.print(table.text(), terminator: "")
    for warning in model.warnings { Console.print("warning: \(warning)") }
  }

  private func draw(_ norms: [(name: String, norm: Double)], _ title: String) throws {
    try draw(BarChart(title: title, bars: norms.map { .init($0.name, $0.norm) }))
  }

  private func draw(_ chart: some Chart) throws {
    guard let plot else { return }
    try ChartFile.write(chart, to: plot)
    speech.note("drew \(plot)")
  }
}
