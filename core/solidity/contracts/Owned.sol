// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title An owner who is replaced in two steps.
/// @author Verilens
/// @notice The next owner must accept, so that ownership cannot end up with an address that nobody controls. There is
/// no way to renounce it.
abstract contract Owned {
    /// @notice Who may change what the contract accepts.
    address public owner;
    /// @notice Who may become the owner by accepting; zero if nobody.
    address public pendingOwner;

    /// @notice A transfer was offered, or taken back.
    /// @param owner Owner until it is accepted.
    /// @param pendingOwner To whom; zero if it was taken back.
    event OwnershipTransferStarted(address indexed owner, address indexed pendingOwner);
    /// @notice There is another owner.
    /// @param previous Owner until now; zero at the start.
    /// @param owner Owner from now on.
    event OwnershipTransferred(address indexed previous, address indexed owner);

    /// @notice Only the owner may do this.
    /// @param caller Who tried.
    error NotOwner(address caller);
    /// @notice Only the pending owner may do this.
    /// @param caller Who tried.
    error NotPendingOwner(address caller);
    /// @notice A contract of this sort has an owner.
    error ZeroOwner();

    /// @dev Only the owner.
    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    /// @notice Starts with an owner.
    /// @param owner_ First owner.
    constructor(address owner_) {
        if (owner_ == address(0)) revert ZeroOwner();
        owner = owner_;
        emit OwnershipTransferred(address(0), owner_);
    }

    /// @notice Offers ownership. Nothing changes before the offer is accepted.
    /// @param next To whom; zero takes an offer back.
    function transferOwnership(address next) external onlyOwner {
        pendingOwner = next;
        emit OwnershipTransferStarted(msg.sender, next);
    }

    /// @notice Accepts ownership.
    function acceptOwnership() external {
        if (msg.sender != pendingOwner) revert NotPendingOwner(msg.sender);
        address previous = owner;
        delete pendingOwner;
        owner = msg.sender;
        emit OwnershipTransferred(previous, msg.sender);
    }
}
