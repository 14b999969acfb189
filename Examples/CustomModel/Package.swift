// swift-tools-version: 6.2
// A program of its own that adapts a model of its own. SWIFT_PEFT names another place to take swift-peft from.
import Foundation
import PackageDescription

let source = ProcessInfo.processInfo.environment["SWIFT_PEFT"] ?? "https://github.com/swift-peft/swift-peft"

let package = Package(
  name: "CustomModel",
  platforms: [.macOS(.v14)],
  dependencies: [.package(url: source, from: "0.1.0")],
  targets: [
    .executableTarget(
      name: "CustomModel", dependencies: [.product(name: "PEFT", package: "swift-peft")])
  ],
  cxxLanguageStandard: .cxx20
)
