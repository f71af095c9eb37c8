// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// A verifier that an owner should never have accepted.
contract Hostile {
    enum Answer {
        Nothing,
        Two,
        Long,
        SilentRevert,
        NoGasLeft,
        Reenter
    }

    uint256 public statement;
    uint256 public modelDigest;
    bytes32 public constant keyDigest = bytes32(uint256(1));
    bool public constant insecureSrs = false;
    Answer private _answer;

    constructor(uint256 statement_, uint256 modelDigest_, uint256 answer) {
        statement = statement_;
        modelDigest = modelDigest_;
        _answer = Answer(answer);
    }

    function verify(bytes calldata, uint256[] calldata) external returns (bool) {
        if (_answer == Answer.Two) _return(2, 32);
        if (_answer == Answer.Long) _return(1, 64);
        if (_answer == Answer.SilentRevert) revert();
        if (_answer == Answer.NoGasLeft) {
            assembly {
                invalid()
            }
        }
        if (_answer == Answer.Reenter) {
            // The same arguments for `upgrade` in place of `verify`.
            (bool entered, ) = msg.sender.call(
                abi.encodePacked(bytes4(keccak256("upgrade(bytes,uint256[])")), msg.data[4:])
            );
            _return(entered ? 0 : 1, 32);
        }
        _return(1, 0);
    }

    function _return(uint256 word, uint256 length) private pure {
        assembly {
            mstore(0, word)
            mstore(32, 0)
            return(0, length)
        }
    }
}
