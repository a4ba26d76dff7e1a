//! Chains: which blocks have been accepted, and what the EE is to be given for the next.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, U256};
use alloy_rlp::{Error, Header as RlpHeader};
use outrider_evm_codec::{Block, Payload};

use crate::{
    chain::{ANCESTORS_MAX, Chain, GENERATIONS, Place},
    header::Header,
    rlp,
};

/// The blocks that have been accepted.
#[derive(Clone, Debug)]
pub struct Import {
    chain: Chain,
    accepted: BTreeMap<B256, Accepted>,
    head: Accepted,
}

#[derive(Clone, Debug)]
struct Accepted {
    header: Header,
    /// The list of its ommers, in RLP.
    ommers: Bytes,
    /// The sum of the difficulties up to this block.
    total_difficulty: U256,
}

/// A block that may be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What the EE is given.
    pub payload: Payload,
    /// The root of the state that it is given it on.
    pub pre_state_root: B256,
    /// Its header, if it has one.
    pub header: Option<Header>,
}

/// Takes a file of blocks apart, as clients export and import them: the RLP of one after the other.
///
/// # Errors
///
/// The bytes are no sequence of lists in RLP.
pub fn blocks(mut file: &[u8]) -> alloy_rlp::Result<Vec<Bytes>> {
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let mut content = file;
        let RlpHeader { list, payload_length } = RlpHeader::decode(&mut content)?;
        if !list {
            return Err(Error::UnexpectedString);
        }
        let length = file.len().saturating_sub(content.len()).saturating_add(payload_length);
        let (block, rest) = file.split_at_checked(length).ok_or(Error::InputTooShort)?;
        blocks.push(Bytes::copy_from_slice(block));
        file = rest;
    }
    Ok(blocks)
}

impl Import {
    /// Begins with a genesis.
    pub fn new(chain: Chain, genesis: Header) -> Self {
        let total_difficulty = genesis.difficulty;
        let head = Accepted { header: genesis, ommers: NO_OMMERS, total_difficulty };
        let accepted = BTreeMap::from([(head.header.hash, head.clone())]);
        Self { chain, accepted, head }
    }

    /// What the EE is to be given for a block. One whose parent is not known, or that has no header at all, is tried on the
    /// head; the EE should refuse it there.
    pub fn candidate(&self, block: &Bytes) -> Candidate {
        let header = Header::of_block(block).ok();
        let parent = header.as_ref().and_then(|header| self.accepted.get(&header.parent_hash));
        let parent = parent.unwrap_or(&self.head);
        let place = Place {
            number: header.as_ref().map_or(parent.header.number.saturating_add(1), |header| header.number),
            timestamp: header.as_ref().map_or(parent.header.timestamp, |header| header.timestamp),
            parent_total_difficulty: parent.total_difficulty,
        };
        let rules = self.chain.rules(&place);
        let block = Block {
            ancestors: self
                .ancestors(parent)
                .take(ANCESTORS_MAX)
                .map(|block| block.header.bytes.clone())
                .collect(),
            ancestors_ommers: self.ancestors_ommers(parent, block),
            block: block.clone(),
        };
        let (pre_state_root, payload) = (parent.header.state_root, Payload::Block(rules, block));
        Candidate { payload, pre_state_root, header }
    }

    /// Blocks from one backwards, newest first.
    fn ancestors<'a>(&'a self, newest: &'a Accepted) -> impl Iterator<Item = &'a Accepted> {
        std::iter::successors(Some(newest), |block| self.accepted.get(&block.header.parent_hash))
    }

    /// The lists of ommers that those of a block must not be among. One without ommers needs none.
    fn ancestors_ommers(&self, parent: &Accepted, block: &Bytes) -> Vec<Bytes> {
        if ommers(block) == NO_OMMERS {
            return Vec::new();
        }
        let lists = self.ancestors(parent).take(GENERATIONS).map(|block| block.ommers.clone());
        lists.filter(|ommers| *ommers != NO_OMMERS).collect()
    }

    /// Keeps a block that has been executed. It becomes the head if it has more difficulty behind it than the head has, or if the
    /// merge is over; there the consensus layer decides, and in tests that means the last one.
    pub fn accept(&mut self, header: Header, block: &Bytes) {
        let parent = self.accepted.get(&header.parent_hash).unwrap_or(&self.head);
        let total_difficulty = parent.total_difficulty.saturating_add(header.difficulty);
        let is_merged = header.difficulty.is_zero();
        let block = Accepted { header, ommers: ommers(block), total_difficulty };
        if is_merged || total_difficulty > self.head.total_difficulty {
            self.head = block.clone();
        }
        self.accepted.insert(block.header.hash, block);
    }

    /// The chain whose blocks these are.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The header of the head.
    pub fn head(&self) -> &Header {
        &self.head.header
    }
}

/// The list of a block's ommers; an empty one for what is no block.
fn ommers(block: &[u8]) -> Bytes {
    let items = rlp::items(block).unwrap_or_default();
    items.get(2).map_or(NO_OMMERS, |ommers| Bytes::copy_from_slice(ommers))
}

/// The empty list.
const NO_OMMERS: Bytes = Bytes::from_static(&[alloy_rlp::EMPTY_LIST_CODE]);
