// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Checks proofs of one statement about one model.
/// @author Verilens
/// @notice `verilens solidity` writes a contract with this interface from a verifying key.
interface IVerilensVerifier {
    /// @notice Checks a proof. Refuses every word, scalar and coordinate that is not below its modulus, so that a proof
    /// has one encoding.
    /// @param proof The proof.
    /// @param publicInputs Its words, in the order of `Layout`.
    /// @return Whether it holds. What is malformed may also revert, with a declared error.
    function verify(bytes calldata proof, uint256[] calldata publicInputs) external view returns (bool);

    /// @notice Checks several proofs with one pairing, for less gas than one by one.
    /// @param proofs The proofs, one after the other, at least one.
    /// @param publicInputs Their words, those of the first proof first.
    /// @return Whether all of them hold. What is malformed may also revert, with a declared error.
    function verifyMany(bytes calldata proofs, uint256[] calldata publicInputs) external view returns (bool);

    /// @notice The verifying key that the contract was made from.
    /// @return Keccak-256 of its file, as the command line shows it.
    function keyDigest() external pure returns (bytes32);

    /// @notice The only model that proofs can be about.
    /// @return Its digest, as word `Layout.MODEL_DIGEST` has it.
    function modelDigest() external pure returns (uint256);

    /// @notice The only statement that proofs can be about.
    /// @return Version, signature scheme and output mode, as word `Layout.STATEMENT` has them.
    function statement() external pure returns (uint256);

    /// @notice The structured reference string that the key was derived from.
    /// @return Digest of its file.
    function srsDigest() external pure returns (bytes32);

    /// @notice Whether that string was made for tests: whoever made it can forge proofs.
    /// @return True for tests only.
    function insecureSrs() external pure returns (bool);
}

/// @title A registry of embeddings that enter by proof alone.
/// @author Verilens
/// @notice Whoever holds a signed capture proves that a commitment is to what an accepted model computes from it. The
/// registry keeps the commitment for the address that the proof names, and lets a capture count once per action.
/// @dev Everything that a function here can revert with is declared here, or comes from the verifier.
interface IEmbeddingRegistry {
    /// @notice An occasion on which captures count, once each.
    /// @param id Chosen by the owner; makes the scope, see `scopeOf`.
    /// @param schema The only schema of captures.
    /// @param modelDigest The only model.
    /// @param maxAge How much older than the block a capture may be, in seconds; 2^64 - 1 for any age.
    /// @param until When the action ends, in unix seconds; 2^64 - 1 while that is not scheduled.
    /// @param number Position in the order of opening.
    struct Action {
        bytes32 id;
        uint256 schema;
        uint256 modelDigest;
        uint64 maxAge;
        uint64 until;
        uint32 number;
    }

    /// @notice What is known of a commitment. It never changes.
    /// @param beneficiary The address that the holder named. It did not necessarily ask for it.
    /// @param registeredAt Time of the block, in unix seconds.
    /// @param actionId Action under which the proof was made.
    /// @param scope Scope of the action.
    /// @param schema Schema of the capture.
    /// @param modelDigest Model that computed the embedding.
    struct Record {
        address beneficiary;
        uint64 registeredAt;
        bytes32 actionId;
        uint256 scope;
        uint256 schema;
        uint256 modelDigest;
    }

    /// @notice The verifiers of one statement and model. During a rotation there are two.
    /// @param current Tried first.
    /// @param currentUntil When it is no longer accepted; 2^64 - 1 while that is not scheduled.
    /// @param previous Tried when the current one refuses.
    /// @param previousUntil When it is no longer accepted.
    struct VerifierPair {
        address current;
        uint64 currentUntil;
        address previous;
        uint64 previousUntil;
    }

    /// @notice A commitment entered the registry.
    /// @param commitment Commitment to the embedding.
    /// @param beneficiary Address that the holder named.
    /// @param actionId Action.
    /// @param schema Schema of the capture.
    /// @param modelDigest Model.
    /// @param issuerRoot Issuer set that vouches for the capture.
    /// @param nullifier Use of the capture in the action's scope.
    event Upgraded(
        uint256 indexed commitment,
        address indexed beneficiary,
        bytes32 indexed actionId,
        uint256 schema,
        uint256 modelDigest,
        uint256 issuerRoot,
        uint256 nullifier
    );
    /// @notice Captures of an issuer set are accepted from now on.
    /// @param root Root of the set.
    event RootAccepted(uint256 indexed root);
    /// @notice An issuer set will stop being accepted.
    /// @param root Root of the set.
    /// @param until When.
    event RootRetirementScheduled(uint256 indexed root, uint64 until);
    /// @notice An issuer set stays accepted after all.
    /// @param root Root of the set.
    event RootRetirementCancelled(uint256 indexed root);
    /// @notice A model is accepted for captures of a schema from now on.
    /// @param schema The schema.
    /// @param modelDigest The model.
    event ModelAccepted(uint256 indexed schema, uint256 indexed modelDigest);
    /// @notice A model will stop being accepted.
    /// @param schema The schema.
    /// @param modelDigest The model.
    /// @param until When.
    event ModelRetirementScheduled(uint256 indexed schema, uint256 indexed modelDigest, uint64 until);
    /// @notice A model stays accepted after all.
    /// @param schema The schema.
    /// @param modelDigest The model.
    event ModelRetirementCancelled(uint256 indexed schema, uint256 indexed modelDigest);
    /// @notice A verifier is the current one of its statement and model from now on.
    /// @param statement The statement.
    /// @param modelDigest The model.
    /// @param verifier The contract.
    /// @param keyDigest Verifying key that it was made from.
    event VerifierAccepted(
        uint256 indexed statement,
        uint256 indexed modelDigest,
        address indexed verifier,
        bytes32 keyDigest
    );
    /// @notice A verifier will stop being accepted, because it was replaced or because its retirement was asked for.
    /// @param statement The statement.
    /// @param modelDigest The model.
    /// @param verifier The contract.
    /// @param until When.
    event VerifierRetirementScheduled(
        uint256 indexed statement,
        uint256 indexed modelDigest,
        address indexed verifier,
        uint64 until
    );
    /// @notice A verifier stays accepted after all.
    /// @param statement The statement.
    /// @param modelDigest The model.
    /// @param verifier The contract.
    event VerifierRetirementCancelled(
        uint256 indexed statement,
        uint256 indexed modelDigest,
        address indexed verifier
    );
    /// @notice Captures count for an action from now on.
    /// @param id The action.
    /// @param scope Its scope.
    /// @param schema Schema of captures.
    /// @param modelDigest Model.
    /// @param maxAge Greatest age of a capture, in seconds.
    event ActionOpened(
        bytes32 indexed id,
        uint256 indexed scope,
        uint256 schema,
        uint256 modelDigest,
        uint64 maxAge
    );
    /// @notice An action will end.
    /// @param id The action.
    /// @param until When.
    event ActionRetirementScheduled(bytes32 indexed id, uint64 until);
    /// @notice An action goes on after all.
    /// @param id The action.
    event ActionRetirementCancelled(bytes32 indexed id);
    /// @notice Nothing is accepted until a time.
    /// @param until When; a time that has come means that a pause was ended.
    event PauseSet(uint64 until);

    /// @notice The owner has paused the registry.
    /// @param until When the pause ends by itself.
    error Paused(uint64 until);
    /// @notice A proof in committed mode has another number of words.
    /// @param expected How many.
    /// @param actual How many there were.
    error WrongWordCount(uint256 expected, uint256 actual);
    /// @notice Proofs of one batch are for different verifiers.
    /// @param index Position of the first proof whose statement or model is not that of the first one.
    error MixedBatch(uint256 index);
    /// @notice Not a statement with a committed output.
    /// @param statement What it is.
    error UnknownStatement(uint256 statement);
    /// @notice No action that is open now, on this chain and registry, has this scope.
    /// @param scope Scope of the proof.
    error ScopeNotOpen(uint256 scope);
    /// @notice The action is for captures of another schema.
    /// @param expected Schema of the action.
    /// @param actual Schema of the proof.
    error WrongSchema(uint256 expected, uint256 actual);
    /// @notice The action is for another model.
    /// @param expected Model of the action.
    /// @param actual Model of the proof.
    error WrongModel(uint256 expected, uint256 actual);
    /// @notice The model is not accepted, or not any more.
    /// @param schema The schema.
    /// @param modelDigest The model.
    error ModelNotAccepted(uint256 schema, uint256 modelDigest);
    /// @notice The issuer set is not accepted, or not any more.
    /// @param root Root of the set.
    error RootNotAccepted(uint256 root);
    /// @notice The proof says that its capture was made in the future.
    /// @param notBefore What it says.
    /// @param time Time of the block.
    error NotBeforeInFuture(uint256 notBefore, uint256 time);
    /// @notice The proof leaves room for a capture that is older than the action allows.
    /// @param notBefore What it says.
    /// @param earliest What it must say at least.
    error CaptureTooOld(uint256 notBefore, uint256 earliest);
    /// @notice The signal is not an address, or the zero address.
    /// @param signal What it is.
    error InvalidBeneficiary(uint256 signal);
    /// @notice A word is not below `Layout.MODULUS`: another spelling of a smaller one.
    /// @param word The word.
    error NotAFieldElement(uint256 word);
    /// @notice The capture has counted for this action before.
    /// @param scope Scope of the action.
    /// @param nullifier The nullifier.
    error NullifierUsed(uint256 scope, uint256 nullifier);
    /// @notice The commitment has a record, and records do not change.
    /// @param commitment The commitment.
    error CommitmentExists(uint256 commitment);
    /// @notice There is no verifier for this statement and model, or not any more.
    /// @param statement The statement.
    /// @param modelDigest The model.
    error VerifierNotAccepted(uint256 statement, uint256 modelDigest);
    /// @notice The verifier says that the proof does not hold.
    error InvalidProof();
    /// @notice The verifier said nothing of use: out of gas, for example.
    /// @param verifier The verifier.
    error VerifierFailed(address verifier);

    /// @notice Not a contract with the functions of `IVerilensVerifier`.
    /// @param verifier The address.
    error NotAVerifier(address verifier);
    /// @notice The verifier was made with a reference string for tests; this registry does not allow that.
    /// @param verifier The verifier.
    error InsecureVerifier(address verifier);
    /// @notice The previous verifier is still accepted: a second rotation would cut its time short.
    /// @param previous The previous verifier.
    /// @param until When it is no longer accepted.
    error RotationUnderway(address previous, uint64 until);
    /// @notice It is accepted already. If its retirement is scheduled, cancel that.
    error AlreadyAccepted();
    /// @notice It is not accepted, or not any more.
    error NotAccepted();
    /// @notice Its retirement is scheduled already.
    /// @param until When it takes effect.
    error RetirementScheduled(uint64 until);
    /// @notice Its retirement is not scheduled.
    error NoRetirementScheduled();
    /// @notice An action with this id was opened before; an id counts for one action for ever.
    /// @param id The action.
    error ActionExists(bytes32 id);
    /// @notice No capture is of age zero.
    error ZeroMaxAge();

    /// @notice Puts the commitment of a proof into the registry, for the address that the proof's signal names.
    /// Anyone may send it: a copy of the call does for the beneficiary what the original would have done.
    /// @param proof The proof.
    /// @param publicInputs Its words, in the order of `Layout`.
    function upgrade(bytes calldata proof, uint256[] calldata publicInputs) external;

    /// @notice The same for several proofs of one statement and model, all or none of them: less gas for each. Whoever
    /// sends a batch should simulate the call: one used nullifier refuses it all, unless the record that the proof asks
    /// for is there already. All proofs are for one verifier: during a rotation, send those for the old one apart.
    /// @param proofs The proofs, one after the other.
    /// @param publicInputs Their words, those of the first proof first.
    function upgradeMany(bytes calldata proofs, uint256[] calldata publicInputs) external;

    /// @notice Accepts captures of an issuer set.
    /// @param root Root of the set.
    function acceptRoot(uint256 root) external;
    /// @notice Schedules the end of that.
    /// @param root Root of the set.
    function retireRoot(uint256 root) external;
    /// @notice Takes that back, before it has come into effect.
    /// @param root Root of the set.
    function cancelRootRetirement(uint256 root) external;

    /// @notice Accepts a model for captures of a schema.
    /// @param schema The schema.
    /// @param modelDigest The model.
    function acceptModel(uint256 schema, uint256 modelDigest) external;
    /// @notice Schedules the end of that.
    /// @param schema The schema.
    /// @param modelDigest The model.
    function retireModel(uint256 schema, uint256 modelDigest) external;
    /// @notice Takes that back, before it has come into effect.
    /// @param schema The schema.
    /// @param modelDigest The model.
    function cancelModelRetirement(uint256 schema, uint256 modelDigest) external;

    /// @notice Makes a verifier the current one of the statement and model that it says it is for. The one before it
    /// stays accepted for `RETIREMENT_DELAY`.
    /// @param verifier The contract.
    function acceptVerifier(address verifier) external;
    /// @notice Schedules the end of the current verifier.
    /// @param statement The statement.
    /// @param modelDigest The model.
    function retireVerifier(uint256 statement, uint256 modelDigest) external;
    /// @notice Takes that back, before it has come into effect.
    /// @param statement The statement.
    /// @param modelDigest The model.
    function cancelVerifierRetirement(uint256 statement, uint256 modelDigest) external;

    /// @notice Opens an action: every capture of the schema counts once for it.
    /// @param id Never used for an action before.
    /// @param schema Schema of captures.
    /// @param modelDigest Model, accepted for the schema.
    /// @param maxAge Greatest age of a capture, in seconds; 2^64 - 1 for any age.
    /// @return scope What proofs must have in word `Layout.SCOPE`.
    function openAction(bytes32 id, uint256 schema, uint256 modelDigest, uint64 maxAge)
        external
        returns (uint256 scope);
    /// @notice Schedules the end of an action.
    /// @param id The action.
    function retireAction(bytes32 id) external;
    /// @notice Takes that back, before it has come into effect.
    /// @param id The action.
    function cancelActionRetirement(bytes32 id) external;

    /// @notice Stops `upgrade` at once, for `RETIREMENT_DELAY` from now: time for what an emergency made the owner
    /// retire to be gone.
    function pause() external;
    /// @notice Ends a pause.
    function unpause() external;

    /// @notice The scope of an action, on this chain, in this registry.
    /// @param id The action, open or not.
    /// @return Keccak-256 of four 32-byte words (the hash of "verilens/scope/v1", the chain's id, this contract's
    /// address, `id`) with the top 3 bits cleared.
    function scopeOf(bytes32 id) external view returns (uint256);
    /// @notice An action.
    /// @param id Its id.
    /// @return The action; all zero if none was opened.
    function actionOf(bytes32 id) external view returns (Action memory);
    /// @notice What is known of a commitment.
    /// @param commitment The commitment.
    /// @return The record; all zero if there is none.
    function recordOf(uint256 commitment) external view returns (Record memory);
    /// @notice Whether a capture has counted.
    /// @param scope Scope of the action.
    /// @param nullifier Nullifier of the capture in it.
    /// @return Whether it has.
    function nullifierUsed(uint256 scope, uint256 nullifier) external view returns (bool);
    /// @notice The verifiers of a statement and model.
    /// @param statement The statement.
    /// @param modelDigest The model.
    /// @return Both of them, accepted or not any more.
    function verifiersOf(uint256 statement, uint256 modelDigest) external view returns (VerifierPair memory);
    /// @notice How long an issuer set is accepted.
    /// @param root Root of the set.
    /// @return Unix seconds; 2^64 - 1 while its end is not scheduled, 0 if it never was accepted.
    function rootUntil(uint256 root) external view returns (uint64);
    /// @notice How long a model is accepted.
    /// @param schema The schema.
    /// @param modelDigest The model.
    /// @return Unix seconds; 2^64 - 1 while its end is not scheduled, 0 if it never was accepted.
    function modelUntil(uint256 schema, uint256 modelDigest) external view returns (uint64);
    /// @notice When the last pause ends or ended.
    /// @return Unix seconds.
    function pausedUntil() external view returns (uint64);
}
