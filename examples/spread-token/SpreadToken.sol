// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IReturned, Inbox, OUTBOX} from "../../ees/evm/solidity/IOutbox.sol";

/// A token whose supply is spread over two shards. Who moves tokens to the other shard burns them here, and a message mints
/// them there. If the message returns, they are minted here again; so no token is lost, and none is there twice.
///
/// The same account has to deploy it on both shards with the same nonce, so that it has one address.
contract SpreadToken is IReturned {
    event Transfer(address indexed from, address indexed to, uint256 amount);

    struct Move {
        address holder;
        uint256 amount;
    }

    uint64 private immutable sibling;
    /// On this shard. The sum of both shards is constant while nothing is on its way.
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    /// What has left, by tag. A message that arrives has no answer, so its entry stays.
    mapping(uint96 => Move) public moves;
    uint96 public lastTag;

    uint64 private constant MINT_GAS = 100_000;

    /// Gives the deployer the whole supply, on the first shard.
    constructor(uint64 first, uint64 second, uint256 supply) {
        bool isFirst = Inbox.shard() == first;
        require(isFirst || Inbox.shard() == second, "neither of its shards");
        sibling = isFirst ? second : first;
        if (isFirst) mint(msg.sender, supply);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        emit Transfer(msg.sender, to, amount);
        return true;
    }

    /// Moves tokens to an account on the other shard. The value is the fee of the message.
    function transferToSibling(address to, uint256 amount) external payable {
        balanceOf[msg.sender] -= amount;
        totalSupply -= amount;
        emit Transfer(msg.sender, address(0), amount);
        uint96 tag = ++lastTag;
        moves[tag] = Move(msg.sender, amount);
        bytes memory data = abi.encodeCall(this.arrive, (to, amount));
        OUTBOX.call{value: msg.value}(
            sibling, uint64(msg.value / 1 gwei), address(this), MINT_GAS, tag, data
        );
    }

    /// Mints tokens that this contract has burnt on the other shard.
    function arrive(address to, uint256 amount) external {
        bytes32 self = bytes32(uint256(uint160(address(this))));
        require(msg.sender == Inbox.aliasOf(sibling, Inbox.ee(), self), "not the token on its other shard");
        require(to != address(0), "nobody's");
        mint(to, amount);
    }

    /// Mints tokens again whose message has returned.
    function returned(uint64, uint96 tag, address) external payable {
        require(msg.sender == address(OUTBOX), "not the outbox");
        Move memory move = moves[tag];
        delete moves[tag];
        mint(move.holder, move.amount);
    }

    function mint(address to, uint256 amount) private {
        totalSupply += amount;
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }
}
