// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// Beside the files that `verilens solidity` writes.
/* solhint-disable import-path-check */
import {IVerilensVerifier} from "./IVerilens.sol";
import {Layout} from "./Layout.sol";
import {Owned} from "./Owned.sol";
/* solhint-enable import-path-check */

/// @title Payments that stop when somebody proves that one of them looks like fraud.
/// @author Verilens
/// @notice An example. A payment processor signs transactions; a public model scores them. Whoever holds a signed
/// transaction that the model finds suspicious can prove just that, and the contract pauses itself. It learns nothing
/// else about the transaction. The owner looks into it and resumes payments.
contract FraudGate is Owned {
    /// @notice What the scope begins with before it is hashed: as that of `EmbeddingRegistry`.
    bytes32 public constant SCOPE_DOMAIN = keccak256("verilens/scope/v1");
    /// @notice What proofs are for here.
    bytes32 public constant ACTION = keccak256("pause payments");
    /// @dev Words of a proof that reveals one value.
    uint256 private constant _WORDS = Layout.OUTPUTS + 1;

    /// @notice Checks proofs.
    IVerilensVerifier public immutable VERIFIER;
    /// @notice The only model that counts.
    uint256 public immutable MODEL_DIGEST;
    /// @notice The only schema of transactions.
    uint256 public immutable SCHEMA;
    /// @notice Root of the set of processors whose signatures count.
    uint256 public immutable ISSUER_ROOT;
    /// @notice How much older than the block a transaction may be, in seconds.
    uint64 public immutable MAX_AGE;

    /// @notice Whether payments are stopped.
    bool public paused;
    /// @notice Transactions that have stopped payments before.
    mapping(uint256 nullifier => bool used) public nullifierUsed;
    /// @notice What each account has.
    mapping(address account => uint256 amount) public balanceOf;

    /// @notice Payments are stopped.
    /// @param reporter Whom the proof names.
    /// @param nullifier Use of the transaction here.
    event Paused(address indexed reporter, uint256 indexed nullifier);
    /// @notice Payments go on.
    event Resumed();
    /// @notice A payment was made.
    /// @param from Who paid.
    /// @param to Who was paid.
    /// @param amount How much.
    event Paid(address indexed from, address indexed to, uint256 amount);

    /// @notice Payments are stopped.
    error PaymentsPaused();
    /// @notice Payments are not stopped.
    error NotPaused();
    /// @notice A proof that reveals one value has another number of words.
    /// @param expected How many.
    /// @param actual How many there were.
    error WrongWordCount(uint256 expected, uint256 actual);
    /// @notice A word is not what this contract insists on.
    /// @param index Position, as in `Layout`.
    /// @param expected What it must be.
    /// @param actual What it is.
    error WrongWord(uint256 index, uint256 expected, uint256 actual);
    /// @notice The proof says that its transaction was made in the future.
    /// @param notBefore What it says.
    /// @param time Time of the block.
    error NotBeforeInFuture(uint256 notBefore, uint256 time);
    /// @notice The proof leaves room for a transaction that is too old.
    /// @param notBefore What it says.
    /// @param earliest What it must say at least.
    error TransactionTooOld(uint256 notBefore, uint256 earliest);
    /// @notice The signal is not an address, or the zero address.
    /// @param signal What it is.
    error InvalidReporter(uint256 signal);
    /// @notice The model does not find the transaction suspicious.
    error NotSuspicious();
    /// @notice A word is not below `Layout.MODULUS`: another spelling of a smaller one.
    /// @param word The word.
    error NotAFieldElement(uint256 word);
    /// @notice The transaction has stopped payments before.
    /// @param nullifier Use of the transaction here.
    error NullifierUsed(uint256 nullifier);
    /// @notice The verifier says that the proof does not hold.
    error InvalidProof();
    /// @notice The verifier is for another statement or model, or not meant for production.
    /// @param verifier The contract.
    error WrongVerifier(IVerilensVerifier verifier);

    /// @notice A contract whose owner has all there is to pay with.
    /// @param owner_ Owner; a multi-signature wallet, in production.
    /// @param verifier Verifier of revealed answers by the model.
    /// @param modelDigest The model.
    /// @param schema Schema of transactions.
    /// @param issuerRoot Root of the set of processors.
    /// @param maxAge Greatest age of a transaction, in seconds.
    /// @param allowInsecureVerifier For tests and demonstrations only.
    constructor(
        address owner_,
        IVerilensVerifier verifier,
        uint256 modelDigest,
        uint256 schema,
        uint256 issuerRoot,
        uint64 maxAge,
        bool allowInsecureVerifier
    ) Owned(owner_) {
        if (
            verifier.statement() != Layout.STATEMENT_EDDSA_BABYJUBJUB_POSEIDON_REVEALED ||
            verifier.modelDigest() != modelDigest ||
            (verifier.insecureSrs() && !allowInsecureVerifier)
        ) revert WrongVerifier(verifier);
        VERIFIER = verifier;
        MODEL_DIGEST = modelDigest;
        SCHEMA = schema;
        ISSUER_ROOT = issuerRoot;
        MAX_AGE = maxAge;
        balanceOf[owner_] = 1_000_000;
    }

    /// @notice Stops payments, on the proof that a transaction is suspicious. Anyone may send it; the reporter is whom
    /// its signal names, so that a copy of the call does for them what the original would have done.
    /// @param proof The proof.
    /// @param words Its words, in the order of `Layout`.
    function report(bytes calldata proof, uint256[] calldata words) external {
        if (paused) revert PaymentsPaused();
        if (words.length != _WORDS) revert WrongWordCount(_WORDS, words.length);
        _requireTerms(words);
        _requireFresh(words[Layout.NOT_BEFORE]);
        address reporter = _toReporter(words[Layout.SIGNAL]);
        if (words[Layout.OUTPUTS] != 1) revert NotSuspicious();
        uint256 nullifier = words[Layout.NULLIFIER];
        if (nullifier >= Layout.MODULUS) revert NotAFieldElement(nullifier);
        if (nullifierUsed[nullifier]) revert NullifierUsed(nullifier);
        // By STATICCALL: nothing below it can write to any storage, so what was checked still holds.
        if (!VERIFIER.verify(proof, words)) revert InvalidProof();
        nullifierUsed[nullifier] = true;
        paused = true;
        emit Paused(reporter, nullifier);
    }

    /// @notice Lets payments go on.
    function resume() external onlyOwner {
        if (!paused) revert NotPaused();
        paused = false;
        emit Resumed();
    }

    /// @notice Pays, unless payments are stopped.
    /// @param to Who is paid.
    /// @param amount How much.
    function pay(address to, uint256 amount) external {
        if (paused) revert PaymentsPaused();
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        emit Paid(msg.sender, to, amount);
    }

    /// @notice What proofs must be made for: this contract, on this chain. After a fork, the side that took another
    /// id has another scope.
    /// @return The scope.
    function scope() public view returns (uint256) {
        bytes32 digest = keccak256(abi.encode(SCOPE_DOMAIN, block.chainid, address(this), ACTION));
        return uint256(digest) & (type(uint256).max >> 3);
    }

    function _requireTerms(uint256[] calldata words) private view {
        _requireWord(words, Layout.STATEMENT, Layout.STATEMENT_EDDSA_BABYJUBJUB_POSEIDON_REVEALED);
        _requireWord(words, Layout.MODEL_DIGEST, MODEL_DIGEST);
        _requireWord(words, Layout.SCHEMA, SCHEMA);
        _requireWord(words, Layout.ISSUER_ROOT, ISSUER_ROOT);
        _requireWord(words, Layout.SCOPE, scope());
        _requireWord(words, Layout.OUTPUT_COUNT, 1);
    }

    function _requireFresh(uint256 notBefore) private view {
        if (notBefore > block.timestamp) revert NotBeforeInFuture(notBefore, block.timestamp);
        uint256 earliest = MAX_AGE < block.timestamp ? block.timestamp - MAX_AGE : 0;
        if (notBefore < earliest) revert TransactionTooOld(notBefore, earliest);
    }

    function _requireWord(uint256[] calldata words, uint256 index, uint256 expected) private pure {
        if (words[index] != expected) revert WrongWord(index, expected, words[index]);
    }

    function _toReporter(uint256 signal) private pure returns (address) {
        if (signal == 0 || signal > type(uint160).max) revert InvalidReporter(signal);
        return address(uint160(signal));
    }
}
