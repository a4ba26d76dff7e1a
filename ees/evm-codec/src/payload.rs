//! Payloads.

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::{Decodable, Encodable, Header, RlpDecodable, RlpEncodable};

use crate::Rules;

/// The part of block data that the EE executes over the witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A whole block.
    Block(Rules, Block),
    /// Transactions in an environment.
    Transactions(Rules, Transactions),
    /// A whole block, whose ancestry the payload's author vouches for.
    VouchedBlock(Rules, VouchedBlock),
    /// The next block of a chain on a shard.
    ChainBlock(ChainBlock),
    /// A part of such a block, for a state provider.
    ChainPackage(ChainPackage),
}

/// A whole Ethereum block. Every field of its header must be right, except for the proof of work, which is not checked.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Block {
    /// The RLP of ancestors' headers, newest first. The first is the parent, and its state root the pre-state root.
    /// More follow exactly as far back as the block needs them for hashes or ommers. The header of the next block
    /// determines a block's hash, so the oldest needed hash needs no header of its own.
    pub ancestors: Vec<Bytes>,
    /// The RLP of the lists of ommers of those ancestors, back to the 7th, that have any, newest first. They are
    /// present only if the block has ommers itself, which must not be among them.
    pub ancestors_ommers: Vec<Bytes>,
    /// The RLP of the block: header, transactions, ommers, and withdrawals from Shanghai on.
    pub block: Bytes,
}

/// A whole Ethereum block without the headers of all ancestors that it needs. That it belongs to the chain, and to its
/// pre-state, is trusted; its execution is checked as for a [`Block`].
///
/// These are not checked, because there is nothing to compare them with:
///
/// - without the parent's header: that the pre-state root is the parent's; that the number is the next and the time a
///   later one; that base fee, excess blob gas and difficulty follow from the parent; and the step of the gas limit;
/// - the listed hashes of blocks;
/// - of ommers: that their parent is an ancestor, the values that follow from that parent, and that no ancestor
///   includes them.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(no_gaps))]
pub struct VouchedBlock {
    /// The RLP of the block: header, transactions, ommers, and withdrawals from Shanghai on.
    pub block: Bytes,
    /// Hashes of ancestors, by ascending number: those that transactions use and no header determines.
    pub block_hashes: Vec<BlockHash>,
    /// The RLP of the parent's header, if available, against which everything possible is checked.
    pub parent: Option<Bytes>,
}

/// Transactions in an environment, as in Ethereum's state tests, without a header for their result. The beneficiary
/// receives the fees and a reward of zero, which creates its account before Spurious Dragon.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Transactions {
    /// The values that a header would have.
    pub environment: Environment,
    /// The transactions, each in the form of a block's transaction trie: RLP, or EIP-2718's type and payload.
    pub transactions: Vec<Bytes>,
    /// Keccak-256 of the RLP of the list of all logs, which the EE checks.
    pub logs_hash: B256,
}

/// The block's values that transactions can see.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Environment {
    /// The beneficiary of fees.
    pub beneficiary: Address,
    /// The most gas of all transactions.
    pub gas_limit: u64,
    /// The number of the block.
    pub number: U256,
    /// Seconds since 1970.
    pub timestamp: U256,
    /// Irrelevant from Paris on.
    pub difficulty: U256,
    /// Irrelevant before Paris.
    pub prev_randao: B256,
    /// In wei; irrelevant before London.
    pub base_fee_per_gas: u64,
    /// Irrelevant before Cancun.
    pub excess_blob_gas: u64,
    /// Irrelevant before Amsterdam.
    pub slot_number: u64,
    /// Hashes of blocks, by ascending number: exactly those that the transactions use.
    pub block_hashes: Vec<BlockHash>,
}

/// The hash of an earlier block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct BlockHash {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// The next block of a chain on a shard: everything in it that a proposer chooses. The rest of its header follows from
/// the [`ChainNode`](crate::ChainNode) of the pre-state, from the context of the execution, and from the transactions.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct ChainBlock {
    /// The account that receives the priority fees.
    pub beneficiary: Address,
    /// The most gas of all transactions, less than 1/1024 away from the parent's.
    pub gas_limit: u64,
    /// The transactions, each in the form of a block's transaction trie: RLP, or EIP-2718's type and payload.
    pub transactions: Vec<Bytes>,
}

/// A package from which a state provider makes a [`ChainBlock`]: a user's transactions, or a proposer's choices, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(no_gaps))]
pub struct ChainPackage {
    /// Transactions, as in a [`ChainBlock`].
    pub transactions: Vec<Bytes>,
    /// The choices of the block's proposer.
    pub proposal: Option<Proposal>,
}

/// The choices of a block's proposer, beside the transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(no_gaps))]
pub struct Proposal {
    /// The account that receives the priority fees.
    pub beneficiary: Address,
    /// The gas limit of the block; that of its parent if absent.
    pub gas_limit: Option<u64>,
}

impl Payload {
    /// Returns the rules, which kinds for the state of a chain do not have.
    pub fn rules(&self) -> Option<&Rules> {
        match self {
            Self::Block(rules, _) | Self::Transactions(rules, _) | Self::VouchedBlock(rules, _) => {
                Some(rules)
            }
            Self::ChainBlock(_) | Self::ChainPackage(_) => None,
        }
    }

    /// Returns the rules for changing, which kinds for the state of a chain do not have.
    pub fn rules_mut(&mut self) -> Option<&mut Rules> {
        match self {
            Self::Block(rules, _) | Self::Transactions(rules, _) | Self::VouchedBlock(rules, _) => {
                Some(rules)
            }
            Self::ChainBlock(_) | Self::ChainPackage(_) => None,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Block(..) => BLOCK,
            Self::Transactions(..) => TRANSACTIONS,
            Self::VouchedBlock(..) => VOUCHED_BLOCK,
            Self::ChainBlock(_) => CHAIN_BLOCK,
            Self::ChainPackage(_) => CHAIN_PACKAGE,
        }
    }

    fn content(&self) -> &dyn Encodable {
        match self {
            Self::Block(_, block) => block,
            Self::Transactions(_, transactions) => transactions,
            Self::VouchedBlock(_, block) => block,
            Self::ChainBlock(block) => block,
            Self::ChainPackage(package) => package,
        }
    }

    fn content_length(&self) -> usize {
        self.kind().length() + self.rules().map_or(0, Rules::length) + self.content().length()
    }
}

impl Encodable for Payload {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        Header { list: true, payload_length: self.content_length() }.encode(out);
        self.kind().encode(out);
        if let Some(rules) = self.rules() {
            rules.encode(out);
        }
        self.content().encode(out);
    }

    fn length(&self) -> usize {
        let content_length = self.content_length();
        content_length + alloy_rlp::length_of_length(content_length)
    }
}

impl Decodable for Payload {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let mut content = Header::decode_bytes(buf, true)?;
        let kind = u8::decode(&mut content)?;
        let fields = &mut content;
        let payload = match kind {
            BLOCK => Self::Block(Rules::decode(fields)?, Block::decode(fields)?),
            TRANSACTIONS => Self::Transactions(Rules::decode(fields)?, Transactions::decode(fields)?),
            VOUCHED_BLOCK => Self::VouchedBlock(Rules::decode(fields)?, VouchedBlock::decode(fields)?),
            CHAIN_BLOCK => Self::ChainBlock(ChainBlock::decode(fields)?),
            CHAIN_PACKAGE => Self::ChainPackage(ChainPackage::decode(fields)?),
            _ => return Err(alloy_rlp::Error::Custom("no payload is of this kind")),
        };
        if content.is_empty() { Ok(payload) } else { Err(alloy_rlp::Error::UnexpectedLength) }
    }
}

const BLOCK: u8 = 0;
const TRANSACTIONS: u8 = 1;
const VOUCHED_BLOCK: u8 = 2;
const CHAIN_BLOCK: u8 = 3;
const CHAIN_PACKAGE: u8 = 4;
