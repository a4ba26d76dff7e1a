//! Blockchain tests: a genesis, blocks that come in one after the other, some of which are to be refused, and the head in the end.
//!
//! Blocks need not follow the one that came before them: there are side chains, and blocks without a known parent. [`Import`]
//! keeps book of what has been accepted, and makes payloads.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, U256};
use outrider_evm_block::{Block, Payload};
use serde::{Deserialize, de::Error as _};
use serde_json::Value;

use crate::{
    chain::{Chain, ChainError, Config, Place},
    execution_witness::Witness,
    header::Header,
    rlp,
    state::State,
};

/// A blockchain test.
#[derive(Clone, Debug)]
pub struct BlockchainTest {
    /// The name of the network.
    pub network: String,
    /// The state of the genesis.
    pub pre_state: State,
    /// The blocks, in the order in which they come.
    pub blocks: Vec<TestBlock>,
    /// The hash of the head in the end.
    pub last_block_hash: B256,
    /// The root of its state.
    pub post_state_root: Option<B256>,
    genesis: Header,
    chain: Result<Chain, ChainError>,
}

/// A block that comes in.
#[derive(Clone, Debug)]
pub struct TestBlock {
    /// The block in RLP, or what is there in its place.
    pub bytes: Bytes,
    /// What should be wrong with it.
    pub exception: Option<String>,
    /// What it touches of the state before it.
    pub witness: Option<Witness>,
}

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    network: String,
    #[serde(default)]
    config: Config,
    pre: State,
    #[serde(rename = "genesisRLP")]
    genesis_rlp: Bytes,
    blocks: Vec<BlockFields>,
    #[serde(rename = "lastblockhash")]
    last_block_hash: B256,
    post_state: Option<State>,
    post_state_hash: Option<B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockFields {
    rlp: Bytes,
    expect_exception: Option<String>,
    execution_witness: Option<Witness>,
}

impl BlockchainTest {
    /// Reads a test.
    ///
    /// # Errors
    ///
    /// It does not have the form.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let fields: Fields = serde_json::from_value(json)?;
        let genesis = Header::of_block(&fields.genesis_rlp)
            .map_err(|error| serde_json::Error::custom(format!("genesisRLP: {error}")))?;
        let block = |block: BlockFields| TestBlock {
            bytes: block.rlp,
            exception: block.expect_exception,
            witness: block.execution_witness,
        };
        Ok(Self {
            chain: Chain::of_network(&fields.network, &fields.config),
            network: fields.network,
            pre_state: fields.pre,
            blocks: fields.blocks.into_iter().map(block).collect(),
            last_block_hash: fields.last_block_hash,
            post_state_root: fields.post_state_hash.or(fields.post_state.map(|state| state.root())),
            genesis,
        })
    }

    /// The root of the genesis' state, by its header.
    pub fn genesis_state_root(&self) -> B256 {
        self.genesis.state_root
    }

    /// Begins with the genesis.
    ///
    /// # Errors
    ///
    /// The network is none that is known here.
    pub fn import(&self) -> Result<Import, ChainError> {
        let chain = self.chain.clone()?;
        let head = Accepted {
            header: self.genesis.clone(),
            ommers: NO_OMMERS,
            total_difficulty: self.genesis.difficulty,
        };
        let accepted = BTreeMap::from([(head.header.hash, head.clone())]);
        Ok(Import { chain, accepted, head })
    }
}

impl Import {
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

    /// The header of the head.
    pub fn head(&self) -> &Header {
        &self.head.header
    }
}

/// How far back a block sees hashes of blocks (Yellow Paper, section 9.4).
const ANCESTORS_MAX: usize = 256;
/// How far back an ommer may have its parent (Yellow Paper, section 11.1), and so be an ommer of another block.
const GENERATIONS: usize = 7;

/// The list of a block's ommers; an empty one for what is no block.
fn ommers(block: &[u8]) -> Bytes {
    let items = rlp::items(block).unwrap_or_default();
    items.get(2).map_or(NO_OMMERS, |ommers| Bytes::copy_from_slice(ommers))
}

/// The empty list.
const NO_OMMERS: Bytes = Bytes::from_static(&[alloy_rlp::EMPTY_LIST_CODE]);
