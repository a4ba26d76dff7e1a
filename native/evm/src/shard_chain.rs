//! Chains on shards: the state with which one begins, from a genesis, and the head in any state.

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use outrider_evm_codec::{
    CONSOLIDATION_REQUESTS, ChainNode, ChainNodeError, ChainRules, ChainRulesError, Fork, ForkTime,
    HISTORY_STORAGE, OUTBOX, WITHDRAWAL_REQUESTS,
};
pub use outrider_evm_codec::{ChainPlace, SlotClock};
use outrider_witness::{Hash, Keccak256, NodeError, NodeSink, NodeSource, node::blob, store::Batch};

use crate::{
    chain::{Activation, Chain, Place, Step},
    genesis::Genesis,
    header::Header,
    state::State,
};

/// The state with which a chain on a shard begins: a genesis below a [`ChainNode`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardGenesis {
    node: ChainNode,
    state: State,
}

/// Why a genesis is not one of a chain on a shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShardGenesisError {
    /// The genesis has rules with proof of work and rewards.
    #[error(
        "the genesis has the rules of {}: on a shard a chain begins with Paris or later, so `config` must activate all forks up to London at block 0, and set `terminalTotalDifficulty` to 0",
        .fork.name()
    )]
    BeforeParis {
        /// The fork in force for the genesis.
        fork: Fork,
    },
    /// A fork after the genesis is not activated by time.
    #[error("the fork {} comes after the genesis and is not activated by time", .fork.name())]
    NotByTime {
        /// The fork.
        fork: Fork,
    },
    /// The forks, or the time of slots, are not those of a chain.
    #[error(transparent)]
    Rules(#[from] ChainRulesError),
    /// A contract is missing on which every block depends.
    #[error("`alloc` has no code at {address}: from Prague on, every block calls this contract of {eip}")]
    SystemContract {
        /// Its address.
        address: Address,
        /// The EIP that defines it.
        eip: &'static str,
    },
    /// Another contract has the address of the outbox.
    #[error(
        "`alloc` has other code at {OUTBOX} than that of the outbox, which sends receipts: copy it from `ees/evm/solidity/Outbox.hex`"
    )]
    Outbox,
    /// An account has code that no transaction could create.
    #[error("`alloc.{address}` has code that begins like the node of a chain")]
    Code {
        /// The account.
        address: Address,
    },
}

impl ShardGenesis {
    /// Returns the state with which a chain begins. The first block's slot has to be later than the genesis. The chain ID in
    /// the genesis is the base of chain IDs, see [`ChainPlace`].
    ///
    /// # Errors
    ///
    /// Fails with a [`ShardGenesisError`].
    pub fn new(genesis: Genesis, clock: SlotClock) -> Result<Self, ShardGenesisError> {
        let Genesis { chain, state, header } = genesis;
        let forks = forks(&chain, header.timestamp)?;
        let is_prague = forks.last().is_some_and(|last| last.fork >= Fork::Prague);
        let rules = ChainRules::new(chain.chain_id, clock, forks, chain.deposit_contract)?;
        for (address, eip) in SYSTEM_CONTRACTS.into_iter().filter(|_| is_prague) {
            if state.0.get(&address).is_none_or(|account| account.code.is_empty()) {
                return Err(ShardGenesisError::SystemContract { address, eip });
            }
        }
        if state
            .0
            .get(&OUTBOX)
            .is_some_and(|account| !account.code.is_empty() && account.code != outbox_code())
        {
            return Err(ShardGenesisError::Outbox);
        }
        let tagged = state.0.iter().find(|(_, account)| account.code.starts_with(&ChainNode::TAG));
        if let Some((address, _)) = tagged {
            return Err(ShardGenesisError::Code { address: *address });
        }
        Ok(Self { node: ChainNode { rules, header: header.bytes }, state })
    }

    /// Returns the node of the chain, whose hash is the state root.
    pub fn node(&self) -> &ChainNode {
        &self.node
    }

    /// Writes all nodes and codes into a sink, and returns the state root.
    pub fn commit(&self, sink: &mut impl NodeSink) -> B256 {
        let child = self.state.commit(sink);
        let bytes = self.node.to_bytes();
        let root = keccak256(&bytes);
        sink.put(&Hash(root.0), &bytes, &[Hash(child.0)]);
        root
    }

    /// Returns the state root, and the batch that adds the state to a store.
    pub fn batch(&self) -> (B256, Batch) {
        let mut batch = Batch::new();
        let root = self.commit(&mut batch);
        batch.pin(&Hash(root.0));
        (root, batch)
    }
}

/// Returns the code of the contract at [`OUTBOX`], without which a chain sends no receipts.
pub fn outbox_code() -> Bytes {
    let code = hex::decode(include_str!("../../../ees/evm/solidity/Outbox.hex").trim_ascii());
    code.expect("the file has the output of a compiler").into()
}

/// Returns the forks of a chain from the rules of its genesis on.
fn forks(chain: &Chain, timestamp: u64) -> Result<Vec<ForkTime>, ShardGenesisError> {
    let genesis = Place { number: 0, timestamp, parent_total_difficulty: U256::ZERO };
    let rules = chain.rules(&genesis);
    if rules.fork < Fork::Paris {
        return Err(ShardGenesisError::BeforeParis { fork: rules.fork });
    }
    let mut forks = vec![ForkTime { since: 0, fork: rules.fork, blobs: rules.blobs }];
    let later = chain.steps.iter().filter(|step| !step.activation.is_reached(&genesis));
    for Step { activation, fork, blobs } in later.copied() {
        let Activation::Timestamp(since) = activation else {
            return Err(ShardGenesisError::NotByTime { fork });
        };
        // Of forks at the same time, the last one is in force.
        forks.pop_if(|before| before.since == since);
        forks.push(ForkTime { since, fork, blobs });
    }
    Ok(forks)
}

/// The head of a chain on a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardHead {
    /// The rules of the chain.
    pub rules: ChainRules,
    /// The header of the last block, with the root of Ethereum's state.
    pub header: Header,
}

/// Why a state has no head.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardHeadError {
    /// The source lacks the node of the chain.
    #[error("the node of the chain")]
    Source(#[from] NodeError),
    /// The state is not that of a chain.
    #[error("the state is not that of a chain")]
    Node(#[from] ChainNodeError),
    /// The head is not a header.
    #[error("the head of the chain")]
    Header(#[from] alloy_rlp::Error),
}

impl ShardHead {
    /// Returns the head of the chain in a state of a source's nodes.
    ///
    /// # Errors
    ///
    /// Fails with a [`ShardHeadError`].
    pub fn of_state(root: B256, source: &impl NodeSource) -> Result<Self, ShardHeadError> {
        let ChainNode { rules, header } = ChainNode::from_bytes(&blob::<Keccak256>(source, &Hash(root.0))?)?;
        Ok(Self { rules, header: Header::of_rlp(&header)? })
    }
}

/// The contracts without which no block from Prague on is valid, or on which `BLOCKHASH` depends.
const SYSTEM_CONTRACTS: [(Address, &str); 3] =
    [(HISTORY_STORAGE, "EIP-2935"), (WITHDRAWAL_REQUESTS, "EIP-7002"), (CONSOLIDATION_REQUESTS, "EIP-7251")];
