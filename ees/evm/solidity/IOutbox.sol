// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// Sends value and data to other shards and to other execution environments (EEs). `README.md` of the EVM EE describes it.
///
/// Sending is asynchronous: a receipt leaves with the block, arrives with one of the next blocks of its shard, and has no
/// result here. `msg.value` pays for all: it is the receiver's, except for `fee`, in Gwei, which the proposer gets who
/// delivers the receipt. It has to be a whole number of Gwei, and leaves this chain. If the calling frame reverts, nothing
/// is sent. If the block cannot send more, the call reverts without a reason.
///
/// Besides the gas of the call itself, a receipt burns the gas of its delivery in advance: 21,000, 16 for each byte of its
/// payload, the gas limit of the call, and 100,000 if its return shall call the sender.
interface IOutbox {
    /// A receipt. `value` and `fee` are in Gwei; the payload is what the receiving EE gets.
    event Sent(address indexed sender, uint64 shard, uint64 ee, uint64 value, uint64 fee, bytes payload);

    /// Calls an account of this EE on any shard, also on this one. There, `msg.sender` is `Inbox.aliasOf` of this sender. If
    /// the call fails, the value returns.
    ///
    /// The gas limit is at most 500,000. With one of zero the value is only credited, and `data` has to be empty. With a tag other than zero, a
    /// receipt that returns calls `IReturned.returned` of its sender.
    ///
    /// If the destination is the alias of this sender there, the alias makes another call, with ether that it was paid:
    /// `data` is `abi.encodePacked(uint256(uint160(to)), value, input)`, with the value in wei as a `uint256`.
    function call(
        uint64 shard,
        uint64 fee,
        address destination,
        uint64 gasLimit,
        uint96 tag,
        bytes calldata data
    ) external payable;

    /// Sends to another EE on any shard. Its payload is the sender, as a word of 32 bytes, and `data`.
    function send(uint64 shard, uint64 ee, uint64 fee, bytes calldata data) external payable;
}

/// What a sender implements to learn that a receipt with a tag has returned.
interface IReturned {
    /// Brings back `msg.value` from `shard`, where the receipt with this tag for `destination` was rejected, or where
    /// nobody delivered it in time. `msg.sender` is the outbox: check that. The gas limit is 100,000; if the call fails, the
    /// value is credited without it.
    function returned(uint64 shard, uint96 tag, address destination) external payable;
}

IOutbox constant OUTBOX = IOutbox(0x0000000000000000000000004f75747269646572);

/// What receivers have to know.
library Inbox {
    /// Returns the index of the EE of this chain, which its chain ID has.
    function ee() internal view returns (uint64) {
        return uint64(block.chainid >> 10 & 0xffff);
    }

    /// Returns the shard of this chain, which its chain ID has.
    function shard() internal view returns (uint64) {
        return uint64(block.chainid & 0x3ff);
    }

    /// Returns the `msg.sender` of calls that `sender` makes from another shard or EE. A contract or a user of an EVM is
    /// its address as a number.
    function aliasOf(uint64 fromShard, uint64 fromEe, bytes32 sender) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(fromShard, fromEe, sender)))));
    }
}
