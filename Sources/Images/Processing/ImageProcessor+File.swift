import Files
import JSON

extension ImageProcessor {
  static let fileNames = ["preprocessor_config.json", "processor_config.json"]

  /// What a model folder's `preprocessor_config.json` says; what it leaves out, or a folder without one, is as `kind` has
  /// it.
  ///
  /// - Parameter usual: the processor of the model's family.
  /// - Throws: ``ImageError`` naming the key whose value does not do, `JSONError` for a file that is not JSON.
  public init(folder: String, usual kind: Kind, height: Int, width: Int, channels: Int) throws {
    for name in Self.fileNames {
      let path = Folder.join(folder, name)
      guard Folder.hasFile(path) else { continue }
      guard let whole = try JSONValue.parse(contentsOf: path).objectValue else {
        throw ImageError("not a JSON object, \(path): take the file from the model's repository")
      }
      // The file of a processor for several kinds of data has this one's part inside.
      guard let fields = name == "processor_config.json" ? whole["image_processor"]?.objectValue : whole
      else {
        continue
      }
      let reader = ProcessorFields(fields, path: path)
      let named = try reader.text("image_processor_type") ?? reader.text("feature_extractor_type")
      let own = named.flatMap(Kind.init(className:)) ?? kind
      self = try reader.processor(own, own.standard(height: height, width: width, channels: channels))
      return
    }
    self = kind.standard(height: height, width: width, channels: channels)
  }
}

/// The keys of `preprocessor_config.json`, above what stands where they do not.
private struct ProcessorFields {
  private let fields: JSONObject
  private let path: String

  init(_ fields: JSONObject, path: String) { (self.fields, self.path) = (fields, path) }

  func processor(_ kind: ImageProcessor.Kind, _ usual: ImageProcessor) throws(ImageError) -> ImageProcessor {
    var result = usual
    let keepsShape = try flag("default_to_square").map { !$0 } ?? (kind != .vit)
    if let number = try number("resample") {
      guard let filter = ResampleFilter(rawValue: Int(number)) else {
        throw wrong("resample", "must be one of Pillow's filters, 0 to 5")
      }
      result.filter = filter
    }
    if let size = try size("size", keepsShape: keepsShape) {
      if kind == .convnext {
        guard case .shortestEdge(let edge, _) = size else { throw wrong("size", "must have shortest_edge") }
        result.resizing = .square(edge, share: 224.0 / 256)
      } else {
        result.resizing = .to(size)
      }
    }
    if case .square(let edge, _) = result.resizing, let share = try number("crop_pct") {
      guard share > 0, share <= 1 else { throw wrong("crop_pct", "must be above 0 and at most 1") }
      result.resizing = .square(edge, share: share)
    }
    if try flag("do_resize") == false { result.resizing = .none }
    if let crop = try size("crop_size", keepsShape: false) {
      guard case .exact(let height, let width) = crop else {
        throw wrong("crop_size", "must have height and width")
      }
      result.crop = (height, width)
    }
    let crops = try flag("do_center_crop") ?? (kind == .clip || kind == .bit)
    if !crops { result.crop = nil }
    if crops, result.crop == nil { throw wrong("crop_size", "must say what to cut out") }
    if try flag("do_pad") == true { throw wrong("do_pad", "pictures are not padded here") }
    if let factor = try number("rescale_factor") { result.rescaling = factor }
    if try flag("do_rescale") == false { result.rescaling = nil }
    result.mean = try channels("image_mean", result.mean, result.channels)
    result.deviation = try channels("image_std", result.deviation, result.channels)
    guard !result.deviation.contains(0) else { throw wrong("image_std", "must not be 0") }
    if try flag("do_normalize") == false { (result.mean, result.deviation) = ([], []) }
    return result
  }

  func text(_ key: String) throws(ImageError) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.stringValue else { throw wrong(key, "must be a text") }
    return text
  }

  private func value(_ key: String) -> JSONValue? { fields[key].flatMap { $0.isNull ? nil : $0 } }

  private func flag(_ key: String) throws(ImageError) -> Bool? {
    guard let value = value(key) else { return nil }
    guard let flag = value.boolValue else { throw wrong(key, "must be true or false") }
    return flag
  }

  private func number(_ key: String) throws(ImageError) -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.doubleValue, number.isFinite, abs(number) < 1e9 else {
      throw wrong(key, "must be a number")
    }
    return number
  }

  /// A number for each channel; one may stand for all, and those of red, green and blue for gray by their mean.
  private func channels(_ key: String, _ usual: [Double], _ count: Int) throws(ImageError) -> [Double] {
    guard let value = value(key) else { return usual }
    let numbers =
      value.arrayValue.map { $0.compactMap(\.doubleValue) } ?? value.doubleValue.map { [$0] } ?? []
    guard !numbers.isEmpty, numbers.allSatisfy(\.isFinite), numbers.count == value.arrayValue?.count ?? 1
    else {
      throw wrong(key, "must be a list of numbers")
    }
    if numbers.count == count || numbers.count == 1 { return numbers }
    guard count == 1 else { throw wrong(key, "must have \(count) numbers, one for each channel") }
    return [numbers.reduce(0, +) / Double(numbers.count)]
  }

  /// A size as a number, as two, or under names.
  private func size(_ key: String, keepsShape: Bool) throws(ImageError) -> ImageProcessor.Size? {
    guard let value = value(key) else { return nil }
    let rule = "must have height and width, or shortest_edge, from 1 to 16384"
    func edge(_ value: JSONValue?) throws(ImageError) -> Int {
      guard let edge = value?.intValue, (1...16384).contains(edge) else { throw wrong(key, rule) }
      return edge
    }
    if let fields = value.objectValue {
      if let shortest = fields["shortest_edge"], !shortest.isNull {
        let longest = fields["longest_edge"].flatMap { $0.isNull ? nil : $0 }
        return .shortestEdge(try edge(shortest), longest: longest == nil ? nil : try edge(longest))
      }
      return .exact(height: try edge(fields["height"]), width: try edge(fields["width"]))
    }
    if let pair = value.arrayValue {
      guard pair.count == 2 else { throw wrong(key, rule) }
      return .exact(height: try edge(pair[0]), width: try edge(pair[1]))
    }
    let single = try edge(value)
    return keepsShape ? .shortestEdge(single, longest: nil) : .exact(height: single, width: single)
  }

  private func wrong(_ key: String, _ rule: String) -> ImageError {
    ImageError("\(key) is \(value(key)?.serialized(ascii: false) ?? "missing"), in \(path): \(rule)")
  }
}
