import Files
import Foundation
import JSON
import Testing
import Torch

@testable import Images

/// Resizing against Pillow, and whole processors against transformers.
struct ProcessingTests {
  @Test(arguments: ResampleFilter.allCases, [(13, 9), (40, 33), (26, 10), (5, 40)])
  func everySizeIsPillows(filter: ResampleFilter, size: (Int, Int)) throws {
    let name = "resized.\(filter.rawValue).\(size.0)x\(size.1)"
    let right = try #require(try Golden.expected.get()[name])
    let image = try ImageFile.read(Golden.path("rgb.png")).resized(width: size.0, height: size.1, filter)
    #expect(try image.bytes == right.array(of: UInt8.self))
  }

  private static let processors =
    (try? JSONValue.parse(contentsOf: Golden.path("processors.json")).objectValue) ?? [:]

  private func processor(_ file: JSONObject, usual kind: ImageProcessor.Kind = .vit) throws -> ImageProcessor
  {
    let folder = NSTemporaryDirectory() + "/images-\(UInt64.random(in: .min ... .max))"
    try Folder.create(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try AtomicFile.write("\(folder)/preprocessor_config.json", JSONValue.object(file).serialized())
    return try ImageProcessor(folder: folder, usual: kind, height: 32, width: 32, channels: 3)
  }

  @Test(arguments: Self.processors.keys, ["rgb.png", "gray.png"])
  func everyValueIsTransformers(name: String, file: String) throws {
    let fields = try #require(Self.processors[name]?.objectValue)
    let values = try processor(fields)(ImageFile.read(Golden.path(file)))
    let right = try #require(try Golden.expected.get()["\(name).\(file)"])
    var found = try Tensor(values.values, shape: values.shape)
    if name.contains("large") { found = try found.slice(1, 0..<8).slice(2, 0..<8) }
    #expect(found.shape == right.shape)
    #expect(try (found - right).norm().item() == 0)
  }

  @Test func withoutAFileItIsTheFamilysAtTheModelsSize() throws {
    let image = try ImageFile.read(Golden.path("rgb.png"))
    for kind in ImageProcessor.Kind.allCases {
      let processor = try ImageProcessor(
        folder: "/no/such/folder", usual: kind, height: 12, width: 12, channels: 1)
      #expect(try processor(image).shape == [1, 12, 12])
    }
  }

  @Test(arguments: [
    "ViTFeatureExtractor", "ViTImageProcessorFast", "ConvNextImageProcessor", "CLIPImageProcessorPil",
  ])
  func olderNamesAreKnown(name: String) { #expect(ImageProcessor.Kind(className: name) != nil) }

  @Test(
    arguments: [
      ("size", ["depth": 3]), ("size", 0), ("size", 1_000_000), ("crop_size", ["shortest_edge": 3]),
      ("resample", 9),
      ("image_mean", [0.5, 0.5]), ("image_std", [0, 1, 1]), ("image_mean", "gray"), ("do_resize", "yes"),
      ("crop_pct", 2),
      ("do_pad", true),
    ] as [(String, JSONValue)])
  func aValueThatDoesNotDoIsNamed(key: String, value: JSONValue) throws {
    let file: JSONObject = [
      "image_processor_type": key == "crop_pct" ? "ConvNextImageProcessor" : "CLIPImageProcessor", key: value,
    ]
    let error = try #require(throws: ImageError.self) { try processor(file) }
    #expect(error.description.contains(key))
  }
}
