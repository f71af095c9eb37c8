import Foundation
public import VerilensFFI

/// Type of a tensor's elements, named as ONNX does.
public typealias DataType = VerilensFFI.DataType
/// Name, type and shape of a tensor, without its contents.
public typealias TensorInfo = VerilensFFI.TensorInfo
/// What an output's values are: bits or integers.
public typealias OutputKind = VerilensFFI.OutputKind
/// Name, kind and shape of an output, without its values.
public typealias OutputInfo = VerilensFFI.OutputInfo
/// An output with its values: private unless the proof reveals it.
public typealias Output = VerilensFFI.Output
/// Whether a model's output is public or only committed to.
public typealias OutputMode = VerilensFFI.OutputMode

/// A public model: what is computed from a capture.
public struct Model: Sendable {
    let ffi: VerilensFFI.Model

    /// Reads a model bundle's file. With `digest` (32 bytes), only the bundle that has it is taken: give it whenever the bundle was
    /// downloaded.
    public init(contentsOf url: URL, digest: Data? = nil) throws(ModelError) {
        ffi = try bridged(ModelError.self) { try .open(path: url.path, expectedDigest: digest) }
    }

    /// Reads a model bundle from memory.
    public init(_ bundle: Data, digest: Data? = nil) throws(ModelError) {
        ffi = try bridged(ModelError.self) { try .load(bytes: bundle, expectedDigest: digest) }
    }

    /// SHA-256 of the bundle: what names the model.
    public var digest: Data { ffi.digest() }
    /// Schema of the captures that it reads, such as `iris/left/v1`.
    public var schema: String { ffi.schema() }
    /// The tensors that it reads.
    public var inputs: [TensorInfo] { ffi.inputs() }
    /// What it computes.
    public var outputs: [OutputInfo] { ffi.outputs() }
}

/// A structured reference string: public points, the same for all models, that proofs rest on.
public struct Srs: Sendable {
    let ffi: VerilensFFI.Srs

    /// Reads a reference string's file piece by piece, and checks that its points are on the curve.
    public init(contentsOf url: URL) throws(SrsError) {
        ffi = try bridged(SrsError.self) { try .open(path: url.path) }
    }

    /// Reads a reference string from memory.
    public init(_ bytes: Data) throws(SrsError) {
        ffi = try bridged(SrsError.self) { try .load(bytes: bytes) }
    }

    /// Logarithm of the rows of the largest circuit that it serves.
    public var k: Int { Int(ffi.k()) }
    /// SHA-256 of its file.
    public var digest: Data { ffi.digest() }
    /// Whether it was made for tests by one party, who can forge any proof under it. An app in people's hands must refuse it.
    public var isInsecure: Bool { ffi.isInsecure() }

    /// Checks by pairings that all points are powers of one number. Takes a second or more: once after a download is enough, and never
    /// on the main thread.
    public func check() throws(SrsError) {
        try bridged(SrsError.self) { try ffi.check() }
    }
}
