import Foundation
public import VerilensFFI

/// What a proof's tensors are.
public typealias Subject = VerilensFFI.Subject

/// A proof with its public inputs: what is sent to a verifier.
public struct Proof: Sendable {
    let ffi: VerilensFFI.Proof

    init(ffi: VerilensFFI.Proof) {
        self.ffi = ffi
    }

    /// Reads a proof's file. Whether it holds is a ``Verifier``'s question.
    public init(_ bytes: Data) throws(VerifierError) {
        ffi = try bridged(VerifierError.self) { try .decode(bytes: bytes) }
    }

    /// The proof's file. Nothing of the opening is in it.
    public func encoded() -> Data { ffi.encode() }

    /// What the proof says. Believe it only after a ``Verifier`` accepted the proof.
    public var publicInputs: PublicInputs {
        get throws(VerifierError) { PublicInputs(try bridged(VerifierError.self) { try ffi.publicInputs() }) }
    }

    /// The outputs and what opens their commitment, of a proof that was made here; `nil` for one that was read.
    public var opening: OutputOpening? { ffi.opening().map(OutputOpening.init(ffi:)) }
}

/// A model's outputs and the secret that opens the commitment to them. Private; erased from memory when the last reference goes.
public struct OutputOpening: Sendable {
    let ffi: VerilensFFI.OutputOpening

    init(ffi: VerilensFFI.OutputOpening) {
        self.ffi = ffi
    }

    /// Reads what ``json()`` writes.
    public init(json: String) throws(StatementError) {
        ffi = try bridged(StatementError.self) { try .fromJson(json: json) }
    }

    /// The opening as JSON: the private outputs in the clear.
    public func json() throws(StatementError) -> String { try bridged(StatementError.self) { try ffi.toJson() } }

    /// The outputs with their values.
    public var outputs: [Output] { ffi.outputs() }

    /// The commitment that this opens, as in ``PublicInputs/outputCommitment``.
    public var commitment: Word {
        get throws(StatementError) { Word(known: try bridged(StatementError.self) { try ffi.commitment() }) }
    }
}

/// What a proof says in public, by name.
public struct PublicInputs: Sendable, Equatable {
    /// What the proof is about.
    public let subject: Subject
    /// Whether the output is public.
    public let output: OutputMode
    /// Digest of the model, as a word.
    public let modelDigest: Word
    /// Schema of the tensors, as a word.
    public let schema: Word
    /// Root of the issuer set, of a signed capture.
    public let issuerRoot: Word?
    /// Marks the use of one capture in one scope: a second proof with the same one is a second use.
    public let nullifier: Word?
    /// What binds tensors that nobody signed.
    public let inputWord: Word?
    /// Where the proof counts.
    public let scope: Word
    /// What the proof authorises.
    public let signal: Word
    /// The capture is not older than this.
    public let notBefore: Date
    /// The commitment to the output, unless it is revealed.
    public let outputCommitment: Word?
    /// Number of revealed values.
    public let revealedCount: Int?
    /// The revealed values, packed.
    public let revealedWords: [Word]
    /// All words in order, as a contract takes them.
    public let words: [Word]

    init(_ ffi: VerilensFFI.PublicInputs) {
        subject = ffi.subject
        output = ffi.output
        modelDigest = Word(known: ffi.modelDigest)
        schema = Word(known: ffi.schema)
        issuerRoot = ffi.issuerRoot.map(Word.init(known:))
        nullifier = ffi.nullifier.map(Word.init(known:))
        inputWord = ffi.inputWord.map(Word.init(known:))
        scope = Word(known: ffi.scope)
        signal = Word(known: ffi.signal)
        notBefore = ffi.notBefore
        outputCommitment = ffi.outputCommitment.map(Word.init(known:))
        revealedCount = ffi.revealedCount.map { Int(clamping: $0) }
        revealedWords = ffi.revealedWords.map(Word.init(known:))
        words = ffi.words.map(Word.init(known:))
    }
}

/// Checks proofs about one model, output mode and reference string. Takes milliseconds.
public struct Verifier: Sendable {
    /// What a relying party asks of a proof beside that it holds. What is left out is not compared.
    public struct Expectations: Sendable {
        /// Where the proof must count.
        public var scope: Word
        /// What it must authorise.
        public var signal: Word
        /// Root of the issuers that are trusted; `nil` only for statements about unsigned tensors.
        public var issuerRoot: Word?
        /// What binds tensors that nobody signed: a commitment known from before, or ``InputOpening/word`` of the input that the proof must
        /// be about. Never left out for a known input: without it the proof is about some input or other.
        public var inputWord: Word?
        /// Name of the tensors' schema.
        public var schema: String?
        /// The proof must ask for captures at least this young.
        public var notBefore: Date?

        public init(
            scope: Word, signal: Word, issuerRoot: Word?, inputWord: Word? = nil, schema: String? = nil, notBefore: Date? = nil
        ) {
            self.scope = scope
            self.signal = signal
            self.issuerRoot = issuerRoot
            self.inputWord = inputWord
            self.schema = schema
            self.notBefore = notBefore
        }
    }

    let ffi: VerilensFFI.Verifier

    /// A verifier with a verifying key's file.
    public init(verifyingKey: Data) throws(VerifierError) {
        ffi = try bridged(VerifierError.self) { try VerilensFFI.Verifier(verifyingKey: verifyingKey) }
    }

    /// Digest of the key: what proofs name.
    public var keyDigest: Data { ffi.keyDigest() }

    /// Whether proofs under this key rest on a reference string made for tests, so that they prove nothing.
    public var isInsecure: Bool { ffi.isInsecure() }

    /// Checks that a proof holds, and gives what it says. Compare scope, signal, issuers and time, or let ``verify(_:expecting:)`` do so:
    /// a proof for somebody else holds, too.
    public func verify(_ proof: Proof) throws(VerifierError) -> PublicInputs {
        PublicInputs(try bridged(VerifierError.self) { try ffi.verify(proof: proof.ffi) })
    }

    /// Checks that a proof holds and says what is expected. ``VerifierError/publicInput(field:reason:)`` names what differs.
    public func verify(_ proof: Proof, expecting expected: Expectations) throws(VerifierError) -> PublicInputs {
        let expected = VerilensFFI.Expectations(
            scope: expected.scope.bytes, signal: expected.signal.bytes, issuerRoot: expected.issuerRoot?.bytes,
            inputWord: expected.inputWord?.bytes, schema: expected.schema.map { Word(text: $0).bytes }, notBefore: expected.notBefore)
        return PublicInputs(
            try bridged(VerifierError.self) { try ffi.verifyExpecting(proof: proof.ffi, expected: expected) })
    }

    /// Checks many proofs at once, faster than one by one, and gives what each says. ``VerifierError/batch(index:refused:reason:)`` names
    /// all proofs that are refused; the others hold.
    public func verify(_ proofs: [Proof]) throws(VerifierError) -> [PublicInputs] {
        try bridged(VerifierError.self) { try ffi.verifyBatch(proofs: proofs.map(\.ffi)) }.map(PublicInputs.init)
    }
}
