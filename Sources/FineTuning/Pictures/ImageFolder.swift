import Files
import Images
import JSON
import Training

/// A folder of pictures as rows: one folder inside for each class, or a table beside the pictures that names them.
///
/// Source: the layout `imagefolder` of Hugging Face's datasets.
enum ImageFolder {
  private static let tables = ["metadata.jsonl", "metadata.csv"]

  /// - Throws: `FileError` when the folder cannot be read, ``TrainingError`` when there are no pictures in it.
  static func rows(_ path: String, _ options: DataOptions) throws -> [DataRow] {
    if let table = tables.first(where: { Folder.hasFile(Folder.join(path, $0)) }) {
      return try RowFile.read(Folder.join(path, table), options)
    }
    let classes = try Folder.names(in: path).filter {
      $0.first != "." && Folder.exists(Folder.join(path, $0))
    }
    let rows = try classes.flatMap { name in
      try pictures(in: Folder.join(path, name)).map { file in
        DataRow(["image": .string(file), "label": .string(name)], origin: file)
      }
    }
    guard rows.isEmpty else { return rows }
    // Without classes they can still be looked at.
    let single = try pictures(in: path).map { DataRow(["image": .string($0)], origin: $0) }
    guard !single.isEmpty else {
      throw TrainingError(
        .data,
        "no pictures, \(path): put PNG or JPEG files into a folder for each class, or name them in metadata.csv"
      )
    }
    return single
  }

  /// The paths of the pictures in a folder, and below it.
  private static func pictures(in folder: String) throws -> [String] {
    try Folder.names(in: folder).filter { $0.first != "." }.flatMap { name -> [String] in
      let path = Folder.join(folder, name)
      if Folder.exists(path) { return try pictures(in: path) }
      let ending = name.split(separator: ".").last?.lowercased() ?? ""
      return ImageFile.extensions.contains(ending) ? [path] : []
    }
  }
}
