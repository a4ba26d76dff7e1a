// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IOutbox, IReturned, OUTBOX} from "../../../../../ees/evm/solidity/IOutbox.sol";

/// Sends and receives in all ways that tests need.
contract Courier is IReturned {
    address public sender;
    uint256 public value;
    bytes32 public dataHash;
    uint256 public calls;
    uint256 public returns_;
    uint64 public returnedFrom;
    uint96 public returnedTag;
    address public returnedDestination;
    uint256 public returnedValue;
    bool public refusesReturns;

    /// Passes a call on to the outbox, with the value.
    function pass(bytes calldata data) external payable {
        must(data, msg.value);
    }

    /// Passes a call on several times, each with a part of the value.
    function passMany(bytes calldata data, uint256 n) external payable {
        for (uint256 i = 0; i < n; i++) must(data, msg.value / n);
    }

    /// Sends, and reverts.
    function passAndRevert(bytes calldata data) external payable {
        must(data, msg.value);
        revert("after sending");
    }

    /// Lets a call of this contract send and revert, and then sends once itself, with half of the value each.
    function passRevertedAndPass(bytes calldata data) external payable {
        (bool ok,) = address(this).call{value: msg.value / 2}(abi.encodeCall(this.passAndRevert, (data)));
        require(!ok, "it reverts");
        must(data, msg.value / 2);
    }

    function refuseReturns() external {
        refusesReturns = true;
    }

    function returned(uint64 shard, uint96 tag, address destination) external payable {
        require(msg.sender == address(OUTBOX) && !refusesReturns, "not now");
        returns_++;
        (returnedFrom, returnedTag, returnedDestination, returnedValue) = (shard, tag, destination, msg.value);
    }

    receive() external payable {}

    /// Remembers a message. The first byte makes it revert, run out of gas, or pass the rest on to the outbox with the value.
    fallback(bytes calldata data) external payable returns (bytes memory) {
        (sender, value, dataHash) = (msg.sender, msg.value, keccak256(data));
        calls++;
        if (data[0] == 0xf1) revert("no");
        if (data[0] == 0xf2) {
            while (true) calls++;
        }
        if (data[0] == 0xf3) must(data[1:], msg.value);
        return "";
    }

    function must(bytes calldata data, uint256 amount) private {
        (bool ok, bytes memory reason) = address(OUTBOX).call{value: amount}(data);
        if (!ok) {
            assembly {
                revert(add(reason, 32), mload(reason))
            }
        }
    }
}
