// swift-tools-version: 6.2
// The rooms of swift-peft; dependencies point down only. See docs/architecture.md.
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: settings)
}

let package = Package(
  name: "swift-peft",
  platforms: [.macOS(.v14)],
  products: [
    .executable(name: "peft", targets: ["peft"]),
    .library(
      name: "PEFT",
      targets: [
        "PEFT", "Configuration", "FineTuning", "Generation", "Hub", "Images", "JSON", "Models", "NN",
        "Safetensors", "Torch", "Training",
      ]),
    .library(name: "Tokenizers", targets: ["Tokenizers"]),
    .library(name: "ChatTemplates", targets: ["ChatTemplates"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    room("Files"),
    room("JSON", ["Files"]),
    room("Pickle", ["Files"]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    room("Hub", ["CCurl", "Files", "JSON", .product(name: "Crypto", package: "swift-crypto")]),
    room("Images", ["Files", "JSON"]),
    .systemLibrary(name: "CLibTorch", pkgConfig: "swift-peft-libtorch"),
    .target(name: "CTorch", dependencies: ["CLibTorch"], exclude: ["Kernels/Loops.inc"]),
    room("Torch", ["CTorch"]),
    room("Configuration", ["JSON"]),
    room("Safetensors", ["Files", "JSON"]),
    room("NN", ["Configuration", "Files", "JSON", "Pickle", "Safetensors", "Torch"]),
    room("PEFT", ["Configuration", "Files", "JSON", "NN", "Pickle", "Safetensors", "Torch"]),
    room("Training", ["Configuration", "Files", "JSON", "NN", "Reports", "Safetensors", "Torch"]),
    room("Models", ["Configuration", "Files", "Hub", "JSON", "NN", "Safetensors", "Torch"]),
    room("Generation", ["Configuration", "Models", "NN", "Tokenizers", "Torch"]),
    room(
      "FineTuning",
      [
        "ChatTemplates", "Configuration", "Files", "Images", "JSON", "Models", "NN", "PEFT", "Tokenizers",
        "Torch", "Training",
      ]),
    room("Tokenizers", ["JSON"]),
    room("ChatTemplates", ["JSON"]),
    room("Reports", ["Files", "JSON"]),
    room(
      "Serving",
      [
        "Configuration", "Files", "FineTuning", "Generation", "JSON", "Models", "NN", "PEFT", "Tokenizers",
        "Torch", "Training",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
      ]),
    room("Demo", resources: [.copy("Resources/demo-model")]),
    room(
      "PEFTCommands",
      [
        "ChatTemplates", "Configuration", "Demo", "Files", "FineTuning", "Generation", "Hub", "Images",
        "JSON",
        "Models", "NN", "PEFT", "Pickle",
        "Reports", "Safetensors", "Serving", "Tokenizers", "Torch", "Training", "Yams",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "peft", dependencies: ["PEFTCommands"], swiftSettings: settings),
    .executableTarget(
      name: "gradients", dependencies: ["NN", "Torch"], path: "Benchmarks/Gradients", swiftSettings: settings),

    tests("Files"),
    tests("JSON", ["Files"]),
    tests(
      "Hub",
      [
        "Files", "JSON",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    tests("Images", ["Files", "JSON", "NN", "Safetensors", "Torch"]),
    tests("Torch"),
    tests("NN", ["Files", "JSON", "Pickle", "Safetensors", "Torch"]),
    tests("PEFT", ["Files", "JSON", "Models", "NN", "Pickle", "Safetensors", "Torch"]),
    tests(
      "Training",
      [
        "Configuration", "Files", "FineTuning", "Images", "JSON", "Models", "NN", "PEFT", "Reports",
        "Safetensors", "Torch",
      ]),
    tests("Models", ["Files", "Hub", "JSON", "NN", "Safetensors", "Torch"]),
    tests("Generation", ["JSON", "Models", "NN", "PEFT", "Safetensors", "Tokenizers", "Torch"]),
    tests("Configuration", ["JSON"]),
    tests("Safetensors", ["Files", "JSON"]),
    tests("Tokenizers", ["JSON"]),
    tests("ChatTemplates", ["JSON"]),
    tests("Reports", ["Files", "JSON"]),
    tests("Demo", ["Tokenizers"]),
    tests(
      "Serving",
      [
        "Files", "FineTuning", "Generation", "JSON", "Models", "NN", "PEFT", "Safetensors", "Tokenizers",
        "Torch",
      ]),
    tests(
      "PEFTCommands",
      [
        "Configuration", "Files", "FineTuning", "JSON", "Models", "NN", "PEFT", "Pickle", "Reports",
        "Safetensors",
        "Tokenizers", "Torch",
      ]),
  ],
  cxxLanguageStandard: .cxx20
)
