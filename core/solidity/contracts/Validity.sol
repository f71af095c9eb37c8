// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IEmbeddingRegistry} from "./IVerilens.sol";

/// @title How long something is accepted.
/// @author Verilens
/// @notice A time in unix seconds at which acceptance ends: 0 for what never was accepted, `FOR_EVER` for what has no
/// end yet. What ended can be accepted anew.
library Validity {
    /// @dev Accepted, and no end scheduled.
    uint64 internal constant FOR_EVER = type(uint64).max;

    /// @notice Starts acceptance.
    /// @param until State before.
    /// @return State after.
    function accept(uint64 until) internal view returns (uint64) {
        if (isLive(until)) revert IEmbeddingRegistry.AlreadyAccepted();
        return FOR_EVER;
    }

    /// @notice Schedules the end.
    /// @param until State before.
    /// @param delay How far ahead.
    /// @return State after.
    function retire(uint64 until, uint64 delay) internal view returns (uint64) {
        if (!isLive(until)) revert IEmbeddingRegistry.NotAccepted();
        if (until != FOR_EVER) revert IEmbeddingRegistry.RetirementScheduled(until);
        return uint64(block.timestamp) + delay;
    }

    /// @notice Takes a scheduled end back.
    /// @param until State before.
    /// @return State after.
    function keep(uint64 until) internal view returns (uint64) {
        if (!isLive(until)) revert IEmbeddingRegistry.NotAccepted();
        if (until == FOR_EVER) revert IEmbeddingRegistry.NoRetirementScheduled();
        return FOR_EVER;
    }

    /// @notice Whether it is accepted in this block.
    /// @param until State.
    /// @return Whether it is.
    function isLive(uint64 until) internal view returns (bool) {
        return block.timestamp < until;
    }
}
