/// Folders and paths: the few questions that reading and writing files raises.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

public enum Folder {
  /// Whether `path` is a folder, through links.
  public static func exists(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

  /// Whether `path` is a regular file, through links.
  public static func hasFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }

  /// The size in bytes of what is at `path`, through links; nil when there is nothing.
  public static func size(of path: String) -> Int? {
    var status = stat()
    return !path.utf8.contains(0) && stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// The bytes that are free for this user on the disk that the folder `path` lies on; nil where nobody knows.
  public static func freeSpace(at path: String) -> Int? {
    var status = statvfs()
    guard !path.utf8.contains(0), statvfs(path, &status) == 0 else { return nil }
    let (bytes, overflows) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
    return overflows ? nil : bytes
  }

  /// Makes the folder and those above it; one that is there already is fine.
  public static func create(_ path: String) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw FileError(number: ENOENT, action: "create the folder", path: path)
    }
    if exists(path) { return }
    let parent = containing(path)
    if parent != path, parent != "." { try create(parent) }
    guard mkdir(path, 0o777) == 0 || errno == EEXIST && exists(path) else {
      throw FileError(number: errno, action: "create the folder", path: path)
    }
  }

  /// The names in the folder, sorted, without `.` and `..`.
  public static func names(in path: String) throws(FileError) -> [String] {
    guard !path.utf8.contains(0), let folder = opendir(path) else {
      throw FileError(number: path.utf8.contains(0) ? ENOENT : errno, action: "list the folder", path: path)
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes the file `path`; one that is not there is fine.
  public static func removeFile(_ path: String) throws(FileError) {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw FileError(number: errno, action: "remove", path: path)
    }
  }

  /// `folder/name`.
  public static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The folder that `path` lies in: `a/b` for `a/b/c` and for `a/b/c/`, `.` for a bare name.
  public static func containing(_ path: String) -> String {
    var rest = path[...]
    while rest.count > 1, rest.last == "/" { rest.removeLast() }
    guard let slash = rest.lastIndex(of: "/") else { return "." }
    rest = rest[..<slash]
    while rest.last == "/" { rest.removeLast() }
    return rest.isEmpty ? "/" : String(rest)
  }

  /// The absolute path without links, `.` and `..`.
  ///
  /// - Throws: `FileError` if there is nothing at `path`.
  public static func resolved(_ path: String) throws(FileError) -> String {
    guard !path.utf8.contains(0), let real = realpath(path, nil) else {
      throw FileError(number: path.utf8.contains(0) ? ENOENT : errno, action: "find", path: path)
    }
    defer { free(real) }
    return String(cString: real)
  }

  /// Makes sure that names given or taken in the folder survive a crash.
  static func synchronize(_ path: String) throws(FileError) {
    // A folder that may be written but not read cannot be opened; its files are safe all the same.
    guard let folder = try? Descriptor(reading: path) else { return }
    try folder.synchronize()
  }

  private static func kind(of path: String) -> mode_t? {
    var status = stat()
    guard !path.utf8.contains(0), stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT
  }
}
