//! The accepted blocks of a chain, and the payload for the next one.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, U256};
use alloy_rlp::{Error, Header as RlpHeader};
use outrider_evm_codec::{Block, Fork, Payload};

use crate::{
    chain::{ANCESTORS_MAX, Chain, GENERATIONS, Place},
    header::Header,
    rlp,
};

/// The accepted blocks of a chain.
#[derive(Clone, Debug)]
pub struct Import {
    chain: Chain,
    accepted: BTreeMap<B256, AcceptedBlock>,
    head: AcceptedBlock,
}

#[derive(Clone, Debug)]
struct AcceptedBlock {
    header: Header,
    /// The list of ommers, in RLP.
    ommers: Bytes,
    /// The sum of the difficulties up to and including this block.
    total_difficulty: U256,
}

/// A block that the EE has yet to execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The payload for the EE.
    pub payload: Payload,
    /// The fork in force for the block.
    pub fork: Fork,
    /// The root of the state that the payload is executed on.
    pub pre_state_root: B256,
    /// The block's header, if it can be read.
    pub header: Option<Header>,
}

/// Splits a file of blocks, as clients export and import them: the RLP of one block after another.
///
/// # Errors
///
/// Fails if the bytes are not a sequence of RLP lists.
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
    /// Starts with a genesis.
    pub fn new(chain: Chain, genesis: Header) -> Self {
        let total_difficulty = genesis.difficulty;
        let head = AcceptedBlock { header: genesis, ommers: NO_OMMERS, total_difficulty };
        let accepted = BTreeMap::from([(head.header.hash, head.clone())]);
        Self { chain, accepted, head }
    }

    /// Returns the payload for a block. A block with an unknown parent or without a header is executed on the head,
    /// where the EE should refuse it.
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
        let (pre_state_root, fork) = (parent.header.state_root, rules.fork);
        Candidate { payload: Payload::Block(rules, block), fork, pre_state_root, header }
    }

    /// Returns a block and its ancestors, newest first.
    fn ancestors<'a>(&'a self, newest: &'a AcceptedBlock) -> impl Iterator<Item = &'a AcceptedBlock> {
        std::iter::successors(Some(newest), |block| self.accepted.get(&block.header.parent_hash))
    }

    /// Returns the lists of ommers that must not contain those of this block; a block without ommers needs none.
    fn ancestors_ommers(&self, parent: &AcceptedBlock, block: &Bytes) -> Vec<Bytes> {
        if ommers(block) == NO_OMMERS {
            return Vec::new();
        }
        let lists = self.ancestors(parent).take(GENERATIONS).map(|block| block.ommers.clone());
        lists.filter(|ommers| *ommers != NO_OMMERS).collect()
    }

    /// Keeps an executed block. It becomes the head if its total difficulty is higher than the head's. After the merge,
    /// where the consensus layer decides, the last block becomes the head, as in tests.
    pub fn accept(&mut self, header: Header, block: &Bytes) {
        let parent = self.accepted.get(&header.parent_hash).unwrap_or(&self.head);
        let total_difficulty = parent.total_difficulty.saturating_add(header.difficulty);
        let is_merged = header.difficulty.is_zero();
        let block = AcceptedBlock { header, ommers: ommers(block), total_difficulty };
        if is_merged || total_difficulty > self.head.total_difficulty {
            self.head = block.clone();
        }
        self.accepted.insert(block.header.hash, block);
    }

    /// Returns the chain of these blocks.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Returns the header of the head.
    pub fn head(&self) -> &Header {
        &self.head.header
    }
}

/// Returns the list of a block's ommers, or an empty one if the bytes are not a block.
fn ommers(block: &[u8]) -> Bytes {
    let items = rlp::items(block).unwrap_or_default();
    items.get(2).map_or(NO_OMMERS, |ommers| Bytes::copy_from_slice(ommers))
}

/// The empty list.
const NO_OMMERS: Bytes = Bytes::from_static(&[alloy_rlp::EMPTY_LIST_CODE]);
