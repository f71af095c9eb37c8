// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IEmbeddingRegistry, IVerilensVerifier} from "./IVerilens.sol";
import {Layout} from "./Layout.sol";
import {Owned} from "./Owned.sol";
import {Validity} from "./Validity.sol";

/// @title A registry of embeddings that enter by proof alone.
/// @author Verilens
/// @notice Where an identity protocol can start from; docs/contracts.md explains how to deploy and run it.
///
/// Trust: the owner is trusted for *accepting* the right issuers, models and verifiers, which takes effect at once: a
/// dishonest issuer or verifier can make anything up. An accepted issuer is trusted for every schema: give issuers of
/// different kinds registries of their own. *Retiring* them takes `RETIREMENT_DELAY`, so that
/// nobody with a proof in hand is cut off unawares. In an emergency, a stolen issuer key for example, the owner
/// retires what is broken and pauses the registry, in any order: the pause ends by itself, but not before what was
/// retired with it is gone. Honest holders wait, and lose nothing. Neither owner nor verifier can change or remove a
/// record.
///
/// Storage: a mapping for each thing, none of them nested by hand; no proxy, no delegatecall, no assembly
/// that writes. Two different things cannot share a slot but by a collision of Keccak-256.
contract EmbeddingRegistry is IEmbeddingRegistry, Owned {
    using Validity for uint64;

    /// @dev One slot. Schema, model and action follow from the action's number, for actions never change those.
    struct Entry {
        address beneficiary;
        uint64 registeredAt;
        uint32 action;
    }

    /// @notice Time between scheduling a retirement and its effect, in seconds; the longest pause as well.
    uint64 public constant RETIREMENT_DELAY = 7 days;
    /// @notice What a scope begins with before it is hashed.
    bytes32 public constant SCOPE_DOMAIN = keccak256("verilens/scope/v1");
    /// @notice Whether verifiers made with a reference string for tests are accepted. Never in production.
    bool public immutable ALLOWS_INSECURE_VERIFIERS;

    /// @inheritdoc IEmbeddingRegistry
    uint64 public pausedUntil;
    /// @inheritdoc IEmbeddingRegistry
    mapping(uint256 root => uint64 until) public rootUntil;
    /// @inheritdoc IEmbeddingRegistry
    mapping(uint256 schema => mapping(uint256 modelDigest => uint64 until)) public modelUntil;
    /// @inheritdoc IEmbeddingRegistry
    mapping(uint256 scope => mapping(uint256 nullifier => bool used)) public nullifierUsed;
    mapping(uint256 statement => mapping(uint256 modelDigest => VerifierPair pair)) private _verifiers;
    mapping(uint256 scope => Action action) private _actions;
    mapping(uint256 commitment => Entry entry) private _entries;
    /// @dev Scopes of all actions, in the order of opening.
    uint256[] private _scopes;

    /// @notice A registry that accepts nothing yet.
    /// @param owner_ First owner: a multi-signature wallet or a governance contract, in production.
    /// @param allowInsecureVerifiers For tests and demonstrations only.
    constructor(address owner_, bool allowInsecureVerifiers) Owned(owner_) {
        ALLOWS_INSECURE_VERIFIERS = allowInsecureVerifiers;
    }

    // ---------------------------------------------------------------- holders

    /// @inheritdoc IEmbeddingRegistry
    /// @dev Front-running: the beneficiary is the signal, which the proof binds. Whoever copies the call out of the
    /// pool of pending transactions pays for it and registers it for the same beneficiary; changing the signal makes
    /// the proof invalid.
    ///
    /// Reentrancy: the only call that leaves the contract is to a verifier that the owner accepted, by STATICCALL.
    /// Nothing below it can write to any storage, this contract's included, so what was checked before it still holds
    /// after it. Effects come last here, and first in a batch.
    function upgrade(bytes calldata proof, uint256[] calldata publicInputs) external {
        if (pausedUntil.isLive()) revert Paused(pausedUntil);
        if (publicInputs.length != Layout.COMMITTED_WORDS) {
            revert WrongWordCount(Layout.COMMITTED_WORDS, publicInputs.length);
        }
        (Action storage action, address beneficiary) = _requireAdmissible(publicInputs);
        _requireProof(IVerilensVerifier.verify.selector, proof, publicInputs);
        _register(action, beneficiary, publicInputs);
    }

    /// @inheritdoc IEmbeddingRegistry
    /// @dev Each proof's effects come before the next one's checks, so that two proofs of a batch cannot use one
    /// nullifier or register one commitment; the verifier is asked last, and if it refuses nothing of all this stays.
    /// While it is asked, views already show the batch's records; the generated verifier calls nobody who could look.
    ///
    /// A proof that has done its work is passed over: whoever takes one out of a pending batch and sends it alone, or
    /// twice, does not spoil the batch.
    function upgradeMany(bytes calldata proofs, uint256[] calldata publicInputs) external {
        if (pausedUntil.isLive()) revert Paused(pausedUntil);
        uint256 length = publicInputs.length;
        if (length == 0 || length % Layout.COMMITTED_WORDS != 0) {
            revert WrongWordCount(Layout.COMMITTED_WORDS, length);
        }
        for (uint256 start = 0; start < length; start += Layout.COMMITTED_WORDS) {
            uint256[] calldata words = publicInputs[start:start + Layout.COMMITTED_WORDS];
            if (
                words[Layout.STATEMENT] != publicInputs[Layout.STATEMENT] ||
                words[Layout.MODEL_DIGEST] != publicInputs[Layout.MODEL_DIGEST]
            ) revert MixedBatch(start / Layout.COMMITTED_WORDS);
            if (_isRecorded(words)) continue;
            (Action storage action, address beneficiary) = _requireAdmissible(words);
            _register(action, beneficiary, words);
        }
        _requireProof(IVerilensVerifier.verifyMany.selector, proofs, publicInputs);
    }

    // ---------------------------------------------------------------- owner

    /// @inheritdoc IEmbeddingRegistry
    function acceptRoot(uint256 root) external onlyOwner {
        _requireFieldElement(root);
        rootUntil[root] = rootUntil[root].accept();
        emit RootAccepted(root);
    }

    /// @inheritdoc IEmbeddingRegistry
    function retireRoot(uint256 root) external onlyOwner {
        uint64 until = rootUntil[root].retire(RETIREMENT_DELAY);
        rootUntil[root] = until;
        emit RootRetirementScheduled(root, until);
        _prolongPause(until);
    }

    /// @inheritdoc IEmbeddingRegistry
    function cancelRootRetirement(uint256 root) external onlyOwner {
        rootUntil[root] = rootUntil[root].keep();
        emit RootRetirementCancelled(root);
    }

    /// @inheritdoc IEmbeddingRegistry
    function acceptModel(uint256 schema, uint256 modelDigest) external onlyOwner {
        _requireFieldElement(schema);
        _requireFieldElement(modelDigest);
        modelUntil[schema][modelDigest] = modelUntil[schema][modelDigest].accept();
        emit ModelAccepted(schema, modelDigest);
    }

    /// @inheritdoc IEmbeddingRegistry
    function retireModel(uint256 schema, uint256 modelDigest) external onlyOwner {
        uint64 until = modelUntil[schema][modelDigest].retire(RETIREMENT_DELAY);
        modelUntil[schema][modelDigest] = until;
        emit ModelRetirementScheduled(schema, modelDigest, until);
        _prolongPause(until);
    }

    /// @inheritdoc IEmbeddingRegistry
    function cancelModelRetirement(uint256 schema, uint256 modelDigest) external onlyOwner {
        modelUntil[schema][modelDigest] = modelUntil[schema][modelDigest].keep();
        emit ModelRetirementCancelled(schema, modelDigest);
    }

    /// @inheritdoc IEmbeddingRegistry
    /// @dev A verifier stays accepted for the whole delay whatever its successors: while the previous one is, only
    /// going back to it is possible, which exchanges the two.
    function acceptVerifier(address verifier) external onlyOwner {
        uint256 statement = _ask(verifier, IVerilensVerifier.statement.selector);
        uint256 modelDigest = _ask(verifier, IVerilensVerifier.modelDigest.selector);
        bytes32 keyDigest = bytes32(_ask(verifier, IVerilensVerifier.keyDigest.selector));
        bool insecure = _ask(verifier, IVerilensVerifier.insecureSrs.selector) != 0;
        _requireCommittedStatement(statement);
        if (insecure && !ALLOWS_INSECURE_VERIFIERS) revert InsecureVerifier(verifier);

        VerifierPair storage pair = _verifiers[statement][modelDigest];
        address current = pair.current;
        if (pair.currentUntil.isLive()) {
            if (verifier == current) revert AlreadyAccepted();
            if (pair.previousUntil.isLive() && verifier != pair.previous) {
                revert RotationUnderway(pair.previous, pair.previousUntil);
            }
            uint64 until = pair.currentUntil;
            if (until == Validity.FOR_EVER) until = until.retire(RETIREMENT_DELAY);
            pair.previous = current;
            pair.previousUntil = until;
            emit VerifierRetirementScheduled(statement, modelDigest, current, until);
            _prolongPause(until);
        }
        pair.current = verifier;
        pair.currentUntil = Validity.FOR_EVER;
        emit VerifierAccepted(statement, modelDigest, verifier, keyDigest);
    }

    /// @inheritdoc IEmbeddingRegistry
    function retireVerifier(uint256 statement, uint256 modelDigest) external onlyOwner {
        VerifierPair storage pair = _verifiers[statement][modelDigest];
        uint64 until = pair.currentUntil.retire(RETIREMENT_DELAY);
        pair.currentUntil = until;
        emit VerifierRetirementScheduled(statement, modelDigest, pair.current, until);
        _prolongPause(until);
    }

    /// @inheritdoc IEmbeddingRegistry
    function cancelVerifierRetirement(uint256 statement, uint256 modelDigest) external onlyOwner {
        VerifierPair storage pair = _verifiers[statement][modelDigest];
        pair.currentUntil = pair.currentUntil.keep();
        emit VerifierRetirementCancelled(statement, modelDigest, pair.current);
    }

    /// @inheritdoc IEmbeddingRegistry
    /// @dev Action and model are tied: with two models accepted, a holder could otherwise spend the action "second
    /// model" on a proof of the first.
    function openAction(bytes32 id, uint256 schema, uint256 modelDigest, uint64 maxAge)
        external
        onlyOwner
        returns (uint256 scope)
    {
        if (maxAge == 0) revert ZeroMaxAge();
        if (!modelUntil[schema][modelDigest].isLive()) revert ModelNotAccepted(schema, modelDigest);
        scope = scopeOf(id);
        if (_actions[scope].until != 0) revert ActionExists(id);
        // 2^32 actions would take more gas than Ethereum has had.
        uint32 number = uint32(_scopes.length);
        _scopes.push(scope);
        _actions[scope] = Action(id, schema, modelDigest, maxAge, Validity.FOR_EVER, number);
        emit ActionOpened(id, scope, schema, modelDigest, maxAge);
    }

    /// @inheritdoc IEmbeddingRegistry
    function retireAction(bytes32 id) external onlyOwner {
        Action storage action = _actions[scopeOf(id)];
        uint64 until = action.until.retire(RETIREMENT_DELAY);
        action.until = until;
        emit ActionRetirementScheduled(id, until);
        _prolongPause(until);
    }

    /// @inheritdoc IEmbeddingRegistry
    function cancelActionRetirement(bytes32 id) external onlyOwner {
        Action storage action = _actions[scopeOf(id)];
        action.until = action.until.keep();
        emit ActionRetirementCancelled(id);
    }

    /// @inheritdoc IEmbeddingRegistry
    /// @dev May be repeated. An owner who wants to stop everything can do that anyway, by retiring everything; but a
    /// lost owner's key does not leave the registry shut.
    function pause() external onlyOwner {
        pausedUntil = uint64(block.timestamp) + RETIREMENT_DELAY;
        emit PauseSet(pausedUntil);
    }

    /// @inheritdoc IEmbeddingRegistry
    function unpause() external onlyOwner {
        pausedUntil = uint64(block.timestamp);
        emit PauseSet(pausedUntil);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IEmbeddingRegistry
    function recordOf(uint256 commitment) external view returns (Record memory) {
        Entry memory entry = _entries[commitment];
        if (entry.beneficiary == address(0)) return Record(address(0), 0, 0, 0, 0, 0);
        uint256 scope = _scopes[entry.action];
        Action memory action = _actions[scope];
        return
            Record(
                entry.beneficiary,
                entry.registeredAt,
                action.id,
                scope,
                action.schema,
                action.modelDigest
            );
    }

    /// @inheritdoc IEmbeddingRegistry
    function actionOf(bytes32 id) external view returns (Action memory) {
        return _actions[scopeOf(id)];
    }

    /// @inheritdoc IEmbeddingRegistry
    function verifiersOf(uint256 statement, uint256 modelDigest) external view returns (VerifierPair memory) {
        return _verifiers[statement][modelDigest];
    }

    /// @inheritdoc IEmbeddingRegistry
    function scopeOf(bytes32 id) public view returns (uint256) {
        // 253 bits are below the modulus.
        return uint256(keccak256(abi.encode(SCOPE_DOMAIN, block.chainid, address(this), id))) & (2 ** 253 - 1);
    }

    // ---------------------------------------------------------------- effects

    /// @dev In an emergency the pause may come first: it lasts until what is retired during it is gone.
    function _prolongPause(uint64 until) private {
        if (!pausedUntil.isLive() || pausedUntil >= until) return;
        pausedUntil = until;
        emit PauseSet(until);
    }

    function _register(Action storage action, address beneficiary, uint256[] calldata words) private {
        uint256 commitment = words[Layout.OUTPUT_COMMITMENT];
        uint256 nullifier = words[Layout.NULLIFIER];
        nullifierUsed[words[Layout.SCOPE]][nullifier] = true;
        _entries[commitment] = Entry(beneficiary, uint64(block.timestamp), action.number);
        emit Upgraded(
            commitment,
            beneficiary,
            action.id,
            words[Layout.SCHEMA],
            words[Layout.MODEL_DIGEST],
            words[Layout.ISSUER_ROOT],
            nullifier
        );
    }

    // ---------------------------------------------------------------- checks

    /// @dev Whether the very record that the words ask for exists. Then there is nothing to do, whatever else they say.
    function _isRecorded(uint256[] calldata words) private view returns (bool) {
        Entry memory entry = _entries[words[Layout.OUTPUT_COMMITMENT]];
        return
            entry.beneficiary != address(0) &&
            uint256(uint160(entry.beneficiary)) == words[Layout.SIGNAL] &&
            _scopes[entry.action] == words[Layout.SCOPE] &&
            nullifierUsed[words[Layout.SCOPE]][words[Layout.NULLIFIER]];
    }

    /// @dev Everything but the proof.
    function _requireAdmissible(uint256[] calldata words)
        private
        view
        returns (Action storage action, address beneficiary)
    {
        _requireCommittedStatement(words[Layout.STATEMENT]);
        action = _requireOpen(words[Layout.SCOPE]);
        _requireAccepted(action, words);
        _requireFresh(action.maxAge, words[Layout.NOT_BEFORE]);
        beneficiary = _toBeneficiary(words[Layout.SIGNAL]);
        _requireUnused(words[Layout.SCOPE], words[Layout.NULLIFIER], words[Layout.OUTPUT_COMMITMENT]);
    }

    /// @dev The scope is derived anew: on a fork of the chain with another id, actions opened before it are closed.
    function _requireOpen(uint256 scope) private view returns (Action storage action) {
        action = _actions[scope];
        if (!action.until.isLive() || scopeOf(action.id) != scope) revert ScopeNotOpen(scope);
    }

    function _requireAccepted(Action storage action, uint256[] calldata words) private view {
        (uint256 schema, uint256 modelDigest) = (action.schema, action.modelDigest);
        if (words[Layout.SCHEMA] != schema) revert WrongSchema(schema, words[Layout.SCHEMA]);
        if (words[Layout.MODEL_DIGEST] != modelDigest) {
            revert WrongModel(modelDigest, words[Layout.MODEL_DIGEST]);
        }
        if (!modelUntil[schema][modelDigest].isLive()) revert ModelNotAccepted(schema, modelDigest);
        uint256 root = words[Layout.ISSUER_ROOT];
        if (!rootUntil[root].isLive()) revert RootNotAccepted(root);
    }

    function _requireFresh(uint64 maxAge, uint256 notBefore) private view {
        if (notBefore > block.timestamp) revert NotBeforeInFuture(notBefore, block.timestamp);
        uint256 earliest = maxAge < block.timestamp ? block.timestamp - maxAge : 0;
        if (notBefore < earliest) revert CaptureTooOld(notBefore, earliest);
    }

    /// @dev A verifier refuses words from the modulus on. Here a second spelling of a nullifier or commitment would
    /// be a second use of it, so the registry does not leave that to the verifier.
    function _requireUnused(uint256 scope, uint256 nullifier, uint256 commitment) private view {
        _requireFieldElement(nullifier);
        _requireFieldElement(commitment);
        if (nullifierUsed[scope][nullifier]) revert NullifierUsed(scope, nullifier);
        if (_entries[commitment].beneficiary != address(0)) revert CommitmentExists(commitment);
    }

    /// @dev The current verifier, then the previous one if it is still accepted. What the current one said is what the
    /// caller hears.
    function _requireProof(bytes4 check, bytes calldata proof, uint256[] calldata words) private view {
        (uint256 statement, uint256 modelDigest) = (words[Layout.STATEMENT], words[Layout.MODEL_DIGEST]);
        VerifierPair storage pair = _verifiers[statement][modelDigest];
        bytes memory refusal = abi.encodeWithSelector(VerifierNotAccepted.selector, statement, modelDigest);
        if (pair.currentUntil.isLive()) {
            refusal = _refusal(pair.current, check, proof, words);
            if (refusal.length == 0) return;
        }
        if (pair.previousUntil.isLive()) {
            bytes memory second = _refusal(pair.previous, check, proof, words);
            if (second.length == 0) return;
        }
        // An error as the verifier worded it can only be passed on by its bytes.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            revert(add(refusal, 32), mload(refusal))
        }
    }

    /// @dev Empty if the proof holds, else the error to revert with.
    function _refusal(address verifier, bytes4 check, bytes calldata proof, uint256[] calldata words)
        private
        view
        returns (bytes memory)
    {
        (bool answered, bytes memory answer) = verifier.staticcall(
            abi.encodeWithSelector(check, proof, words)
        );
        if (!answered && answer.length != 0) return answer;
        if (!answered || answer.length != 32) {
            return abi.encodeWithSelector(VerifierFailed.selector, verifier);
        }
        if (abi.decode(answer, (uint256)) != 1) return abi.encodeWithSelector(InvalidProof.selector);
        return "";
    }

    /// @dev One word from a function without arguments.
    function _ask(address verifier, bytes4 selector) private view returns (uint256) {
        (bool answered, bytes memory answer) = verifier.staticcall(abi.encodeWithSelector(selector));
        if (!answered || answer.length != 32) revert NotAVerifier(verifier);
        return abi.decode(answer, (uint256));
    }

    function _toBeneficiary(uint256 signal) private pure returns (address) {
        if (signal == 0 || signal > type(uint160).max) revert InvalidBeneficiary(signal);
        return address(uint160(signal));
    }

    /// @dev Of the other statements, word 8 is not a commitment.
    function _requireCommittedStatement(uint256 statement) private pure {
        if (
            statement != Layout.STATEMENT_EDDSA_BABYJUBJUB_POSEIDON_COMMITTED &&
            statement != Layout.STATEMENT_ECDSA_P256_SHA256_COMMITTED
        ) revert UnknownStatement(statement);
    }

    function _requireFieldElement(uint256 word) private pure {
        if (word >= Layout.MODULUS) revert NotAFieldElement(word);
    }
}
