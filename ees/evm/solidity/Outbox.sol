// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IOutbox, Inbox} from "./IOutbox.sol";

/// The contract at the outbox's address. The EE takes the ether of each `Sent` out of its balance, and sends the receipt.
contract Outbox is IOutbox {
    error NotWholeGwei(uint256 value);
    error FeeOfMoreThanTheValue(uint256 valueGwei, uint64 fee);
    error NoSuchShard(uint64 shard);
    error NoSuchEe(uint64 ee);
    error TooLong(uint256 payloadBytes);
    error GasLimit(uint64 gasLimit);
    error TooLittleGas(uint256 needed);
    error UseCall();
    error NoFunction();

    uint256 private constant BASE_GAS = 21_000;
    uint256 private constant BYTE_GAS = 16;
    uint256 private constant RETURN_GAS = 100_000;
    uint64 private constant CALL_GAS_MAX = 500_000;
    uint256 private constant PAYLOAD_BYTES_MAX = 65_536;

    function call(
        uint64 shard,
        uint64 fee,
        address destination,
        uint64 gasLimit,
        uint96 tag,
        bytes calldata data
    ) external payable {
        if (gasLimit > CALL_GAS_MAX || (gasLimit == 0 && data.length != 0)) revert GasLimit(gasLimit);
        bytes memory payload =
            abi.encodePacked(tag, msg.sender, uint256(uint160(destination)), gasLimit, data);
        push(shard, Inbox.ee(), fee, payload, gasLimit + (tag == 0 ? 0 : RETURN_GAS));
    }

    function send(uint64 shard, uint64 ee, uint64 fee, bytes calldata data) external payable {
        if (ee == Inbox.ee()) revert UseCall();
        push(shard, ee, fee, abi.encodePacked(uint256(uint160(msg.sender)), data), 0);
    }

    function push(uint64 shard, uint64 ee, uint64 fee, bytes memory payload, uint256 gas_) private {
        if (msg.value % 1 gwei != 0) revert NotWholeGwei(msg.value);
        uint256 gwei_ = msg.value / 1 gwei;
        if (gwei_ < fee || gwei_ > type(uint64).max) revert FeeOfMoreThanTheValue(gwei_, fee);
        if (shard >= 1 << 10) revert NoSuchShard(shard);
        if (ee >= 1 << 16) revert NoSuchEe(ee);
        if (payload.length > PAYLOAD_BYTES_MAX) revert TooLong(payload.length);
        burn(BASE_GAS + BYTE_GAS * payload.length + gas_);
        emit Sent(msg.sender, shard, ee, uint64(gwei_ - fee), fee, payload);
    }

    /// Spends gas by a call of this contract that fails.
    function burn(uint256 amount) private {
        uint256 before = gasleft();
        assembly {
            pop(call(amount, address(), 0, 0, 0, 0, 0))
        }
        if (before - gasleft() < amount) revert TooLittleGas(amount);
    }

    fallback() external {
        if (msg.sender != address(this)) revert NoFunction();
        assembly {
            invalid()
        }
    }
}
