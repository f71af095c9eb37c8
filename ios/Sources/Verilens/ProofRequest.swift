import Foundation
internal import VerilensFFI

/// What is to be proved about a signed capture, and to whom.
public struct ProofRequest: Sendable {
    /// The signed capture.
    public var capture: Capture
    /// The holder whose id the issuer signed.
    public var holder: Holder
    /// The issuers that the relying party trusts.
    public var issuers: IssuerSet
    /// Where the proof counts.
    public var scope: Word
    /// What the proof authorises.
    public var signal: Word
    /// The capture is not older than this; parts of a second are dropped.
    public var notBefore: Date

    public init(
        capture: Capture, holder: Holder, issuers: IssuerSet, scope: Word, signal: Word,
        notBefore: Date = Date(timeIntervalSince1970: 0)
    ) {
        self.capture = capture
        self.holder = holder
        self.issuers = issuers
        self.scope = scope
        self.signal = signal
        self.notBefore = notBefore
    }

    var ffi: VerilensFFI.ProofRequest {
        VerilensFFI.ProofRequest(
            capture: capture.ffi, holder: holder.ffi, issuers: issuers.ffi, scope: scope.bytes, signal: signal.bytes,
            notBefore: notBefore)
    }
}

/// What is to be proved about tensors that nobody signed, and to whom.
public struct InputRequest: Sendable {
    /// The tensors with what opens their word.
    public var input: InputOpening
    /// Where the proof counts.
    public var scope: Word
    /// What the proof authorises.
    public var signal: Word
    /// The opening's time is not before this; parts of a second are dropped.
    public var notBefore: Date

    public init(input: InputOpening, scope: Word, signal: Word, notBefore: Date = Date(timeIntervalSince1970: 0)) {
        self.input = input
        self.scope = scope
        self.signal = signal
        self.notBefore = notBefore
    }

    var ffi: VerilensFFI.InputRequest {
        VerilensFFI.InputRequest(input: input.ffi, scope: scope.bytes, signal: signal.bytes, notBefore: notBefore)
    }
}
