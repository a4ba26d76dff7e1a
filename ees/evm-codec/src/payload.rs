//! Payloads.

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

impl Payload {
    /// Returns the rules.
    pub fn rules(&self) -> &Rules {
        let (Self::Block(rules, _) | Self::Transactions(rules, _) | Self::VouchedBlock(rules, _)) = self;
        rules
    }

    /// Returns the rules for changing.
    pub fn rules_mut(&mut self) -> &mut Rules {
        let (Self::Block(rules, _) | Self::Transactions(rules, _) | Self::VouchedBlock(rules, _)) = self;
        rules
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Block(..) => BLOCK,
            Self::Transactions(..) => TRANSACTIONS,
            Self::VouchedBlock(..) => VOUCHED_BLOCK,
        }
    }

    fn content_length(&self) -> usize {
        let content = match self {
            Self::Block(_, block) => block.length(),
            Self::Transactions(_, transactions) => transactions.length(),
            Self::VouchedBlock(_, block) => block.length(),
        };
        self.kind().length() + self.rules().length() + content
    }
}

impl Encodable for Payload {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        Header { list: true, payload_length: self.content_length() }.encode(out);
        self.kind().encode(out);
        self.rules().encode(out);
        match self {
            Self::Block(_, block) => block.encode(out),
            Self::Transactions(_, transactions) => transactions.encode(out),
            Self::VouchedBlock(_, block) => block.encode(out),
        }
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
        let rules = Rules::decode(&mut content)?;
        let payload = match kind {
            BLOCK => Self::Block(rules, Block::decode(&mut content)?),
            TRANSACTIONS => Self::Transactions(rules, Transactions::decode(&mut content)?),
            VOUCHED_BLOCK => Self::VouchedBlock(rules, VouchedBlock::decode(&mut content)?),
            _ => return Err(alloy_rlp::Error::Custom("no payload is of this kind")),
        };
        if content.is_empty() { Ok(payload) } else { Err(alloy_rlp::Error::UnexpectedLength) }
    }
}

const BLOCK: u8 = 0;
const TRANSACTIONS: u8 = 1;
const VOUCHED_BLOCK: u8 = 2;

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use alloy_primitives::{Address, B256, U256};
    use proptest::{collection::vec, prelude::*};

    use super::{Block, BlockHash, Environment, Payload, Transactions, VouchedBlock};
    use crate::{BlobSchedule, Fork, Rules};

    fn rules() -> Rules {
        let blobs = BlobSchedule { target: 3, max: 6, base_fee_update_fraction: 3_338_477 };
        Rules { chain_id: 1, fork: Fork::Cancun, blobs, blocks_since_dao_fork: 16, deposit_contract: None }
    }

    fn payloads() -> Vec<Payload> {
        let block = Block {
            ancestors: vec![b"parent".into(), b"its parent".into()],
            ancestors_ommers: vec![b"ommers".into()],
            block: b"block".into(),
        };
        let environment = Environment {
            beneficiary: Address::repeat_byte(1),
            gas_limit: 30_000_000,
            number: U256::from(7),
            timestamp: U256::MAX,
            difficulty: U256::ZERO,
            prev_randao: B256::repeat_byte(2),
            base_fee_per_gas: 10,
            excess_blob_gas: 0,
            slot_number: 0,
            block_hashes: vec![BlockHash { number: 6, hash: B256::repeat_byte(3) }],
        };
        let transactions = Transactions {
            environment,
            transactions: vec![b"one".into(), b"other".into()],
            logs_hash: B256::repeat_byte(4),
        };
        let orphan = VouchedBlock {
            block: b"block".into(),
            block_hashes: vec![BlockHash { number: 5, hash: B256::repeat_byte(5) }],
            parent: None,
        };
        let child = VouchedBlock { parent: Some(b"parent".into()), ..orphan.clone() };
        let elsewhere = Rules { deposit_contract: Some(Address::repeat_byte(6)), ..rules() };
        vec![
            Payload::Block(elsewhere, block.clone()),
            Payload::Block(rules(), block),
            Payload::Transactions(rules(), transactions),
            Payload::VouchedBlock(rules(), orphan),
            Payload::VouchedBlock(rules(), child),
        ]
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for payload in payloads() {
            let bytes = alloy_rlp::encode(&payload);
            assert_eq!(alloy_rlp::decode_exact::<Payload>(&bytes), Ok(payload));
        }
    }

    proptest! {
        /// Everything that decodes has one encoding.
        #[test]
        fn damaged_payloads_are_refused_or_others(which in 0..5_usize, changes in vec((any::<usize>(), any::<u8>()), 1..4)) {
            let mut bytes = alloy_rlp::encode(&payloads()[which]);
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            if let Ok(payload) = alloy_rlp::decode_exact::<Payload>(&bytes) {
                prop_assert_eq!(alloy_rlp::encode(payload), bytes);
            }
        }
    }
}
