import Files
import Testing
import Torch

@testable import Images

/// Pictures in files against what Pillow reads, and files that are none.
struct DecodingTests {
  @Test func thereArePictures() { #expect(Golden.files.count > 20) }

  @Test(arguments: Golden.files)
  func everyPixelIsPillows(name: String) throws {
    let right = try #require(try Golden.expected.get()["\(name).rgb"])
    let image = try ImageFile.read(Golden.path(name))
    #expect([image.height, image.width, 3] == right.shape)
    #expect(try image.converted(toChannels: 3).bytes == right.array(of: UInt8.self))
    let size = try ImageFile.size(Golden.path(name))
    #expect([size.width, size.height].sorted() == [image.width, image.height].sorted())
  }

  @Test func grayIsPillows() throws {
    let right = try #require(try Golden.expected.get()["gray.of.rgb"])
    let gray = try ImageFile.read(Golden.path("rgb.png")).converted(toChannels: 1)
    #expect(try gray.bytes == right.array(of: UInt8.self))
  }

  /// Cut anywhere, a file is an error or (behind its last pixel) the same picture.
  @Test(arguments: ["rgb.png", "quick.png", "420.jpg", "420-progressive.jpg", "restart.jpg"])
  func aTruncatedFileIsAnError(name: String) throws {
    let bytes = try Golden.bytes(name)
    let whole = try ImageFile.decode(bytes)
    for count in stride(from: 0, to: bytes.count - 16, by: 3) {
      if let found = try? ImageFile.decode(Array(bytes.prefix(count))), name.hasSuffix("png") {
        #expect(found == whole)
      }
    }
    #expect(throws: ImageError.self) { try ImageFile.decode(Array(bytes.prefix(bytes.count / 2))) }
  }

  /// Bytes that are turned over make an error or a picture of the size that the file then says, never a crash.
  @Test(arguments: Golden.files)
  func aDamagedFileNeverCrashes(name: String) throws {
    let bytes = try Golden.bytes(name)
    var state: UInt64 = 7
    for _ in 0..<60 {
      var damaged = bytes
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        damaged[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      if let image = try? ImageFile.decode(damaged) {
        #expect(image.bytes.count == image.width * image.height * image.channels)
      }
    }
  }

  @Test func aBombIsRefusedBeforeItIsUnpacked() throws {
    var huge = try Golden.bytes("rgb.png")
    huge.replaceSubrange(16..<24, with: [0, 1, 0, 0, 0, 1, 0, 0])
    let error = try #require(throws: ImageError.self) { try ImageFile.decode(huge) }
    #expect(error.description.contains("65536x65536"))
    // Large, but allowed: too little data for it.
    huge.replaceSubrange(16..<24, with: [0, 0, 0x20, 0, 0, 0, 0x20, 0])
    #expect(throws: ImageError.self) { try ImageFile.decode(huge) }
    huge.replaceSubrange(16..<24, with: [0, 0, 0, 0, 0, 0, 0, 4])
    #expect(throws: ImageError.self) { try ImageFile.decode(huge) }
  }

  @Test(arguments: [([], "empty"), (Array("GIF89a".utf8), "neither PNG nor JPEG")] as [([UInt8], String)])
  func aFileThatIsNoPictureSaysSo(bytes: [UInt8], text: String) throws {
    let error = try #require(throws: ImageError.self) { try ImageFile.decode(bytes) }
    #expect(error.description.contains(text))
  }

  @Test func anErrorNamesTheFile() throws {
    #expect(throws: FileError.self) { try ImageFile.read("/no/such/picture.png") }
    let error = try #require(throws: ImageError.self) {
      try ImageFile.read(Golden.path("processors.json"))
    }
    #expect(error.description.contains("processors.json"))
  }
}
