// swift-tools-version: 6.2
// Small programs, one for each family of methods, that share one build.
import PackageDescription

let peft = Target.Dependency.product(name: "PEFT", package: "swift-peft")

let package = Package(
  name: "Methods",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "swift-peft", path: "../..")],
  targets: [
    .target(name: "Shared", dependencies: [peft]),
    .executableTarget(name: "LowRank", dependencies: ["Shared", peft]),
    .executableTarget(name: "Scaling", dependencies: ["Shared", peft]),
    .executableTarget(name: "SoftPrompt", dependencies: ["Shared", peft]),
  ],
  cxxLanguageStandard: .cxx20
)
