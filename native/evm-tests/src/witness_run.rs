//! Executes a block from what its execution witness tells of the state.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use outrider_evm::{
    chain::Chain,
    trial::{Trial, TrialError},
};
use outrider_evm_codec::{Fork, Payload};
use outrider_host::Ee;
use outrider_shard::{BuiltBlock, Frame, Provider, ProviderError, ReadError};
use outrider_witness::{
    Hash, Keccak256,
    mpt::witness::{self as mpt_witness, DecodeError},
    outline::BytesByKind,
    store::{Batch, MemoryStore, Store as _, StoreError},
};

use crate::execution_witness::{Witness, WitnessError, WitnessedBlock};

/// A block as it is given to the EE, and the state before it.
#[derive(Clone, Debug)]
pub struct WitnessRun<'a> {
    block: &'a WitnessedBlock,
    pre_state_root: B256,
    payload: Payload,
}

/// What a block is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ancestry {
    /// All headers that it takes.
    Checked,
    /// The parent's header; the ancestors of its ommers are vouched for by whoever gives the block.
    VouchedBeforeParent,
    /// None: the state before it and the hashes of ancestors are vouched for by whoever gives the block.
    Vouched,
}

/// What came of a block.
#[derive(Debug)]
pub enum WitnessOutcome {
    /// The EE has executed it.
    Executed {
        /// Its block data, and what came of these.
        built: Box<BuiltBlock>,
        /// The parts of the block data.
        bytes: BlockDataSize,
    },
    /// The EE refuses it, and says why.
    Refused(String),
}

/// Bytes of block data, by what they are. All have other parts of the block, too, and what tells lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockDataSize {
    /// Of nodes.
    pub nodes: usize,
    /// Of codes.
    pub codes: usize,
    /// Of headers of ancestors.
    pub headers: usize,
    /// Of the list of transactions.
    pub transactions: usize,
    /// Of all.
    pub all: usize,
}

/// What there is in an execution witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessSize {
    /// How many nodes.
    pub n_nodes: usize,
    /// Their bytes.
    pub node_bytes: usize,
    /// How many codes.
    pub n_codes: usize,
    /// Their bytes.
    pub code_bytes: usize,
    /// How many headers.
    pub n_headers: usize,
}

/// Why a block has no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessRunError {
    /// The store does not take the witness.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider cannot be opened.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// There is no answer to the block.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// The EE has made block data that cannot be taken apart.
    #[error(transparent)]
    Frame(#[from] ReadError),
    /// The EE has made a witness that is none.
    #[error(transparent)]
    Witness(#[from] DecodeError),
    /// The EE has made a payload that is none.
    #[error(transparent)]
    Payload(#[from] alloy_rlp::Error),
    /// The EE has made a payload of another kind.
    #[error("the EE has made something else of the block")]
    Kind,
}

impl<'a> WitnessRun<'a> {
    /// Makes the payload of a block under the rules of a chain.
    ///
    /// # Errors
    ///
    /// As [`WitnessedBlock::payload`], and [`WitnessError::NoRoot`].
    pub fn new(block: &'a WitnessedBlock, chain: &Chain) -> Result<Self, WitnessError> {
        let (pre_state_root, payload) = block.payload(chain)?;
        match block.witness.preimages().bytes(&Hash(pre_state_root.0)) {
            Some(_) => Ok(Self { block, pre_state_root, payload }),
            None => Err(WitnessError::NoRoot { root: pre_state_root }),
        }
    }

    /// The root of the state before the block.
    pub fn pre_state_root(&self) -> B256 {
        self.pre_state_root
    }

    /// The fork whose rules hold.
    pub fn fork(&self) -> Fork {
        self.payload.rules().fork
    }

    /// What the block is held against.
    pub fn ancestry(&self) -> Ancestry {
        match &self.payload {
            Payload::Block(..) => Ancestry::Checked,
            Payload::VouchedBlock(_, block) if block.parent.is_some() => Ancestry::VouchedBeforeParent,
            Payload::VouchedBlock(..) | Payload::Transactions(..) => Ancestry::Vouched,
        }
    }

    /// Executes the block: a state provider that has just what is in the witness makes block data of it, with what the block needs and no
    /// more, and executes that statelessly. The state root in the block's header is for the caller to compare.
    ///
    /// # Errors
    ///
    /// [`WitnessRunError`].
    pub fn execute(&self, ee: Ee) -> Result<WitnessOutcome, WitnessRunError> {
        let mut batch = Batch::new();
        self.block.witness.put_into(&mut batch);
        let store = MemoryStore::new();
        store.apply(&batch)?;
        let provider = Provider::open_part(ee, Arc::new(store))?;
        match Trial::new(&provider, self.pre_state_root, &self.payload) {
            Trial::Executed(built) => {
                let bytes = self.block_data_size(&built)?;
                Ok(WitnessOutcome::Executed { built, bytes })
            }
            Trial::Refused(words) | Trial::Unsupported(words) => Ok(WitnessOutcome::Refused(words)),
            Trial::Failed(error) => Err(error.into()),
        }
    }

    fn block_data_size(&self, built: &BuiltBlock) -> Result<BlockDataSize, WitnessRunError> {
        let frame = Frame::parse(built.block_data())?;
        let BytesByKind { structure, hashes, keys, values, blobs } =
            mpt_witness::outline::<Keccak256>(frame.witness)?.bytes;
        let headers = match alloy_rlp::decode_exact::<Payload>(frame.payload)? {
            Payload::Block(_, block) => block.ancestors,
            Payload::VouchedBlock(_, block) => block.parent.into_iter().collect(),
            Payload::Transactions(..) => return Err(WitnessRunError::Kind),
        };
        Ok(BlockDataSize {
            nodes: [structure, hashes, keys, values].iter().sum(),
            codes: blobs,
            headers: length(&headers),
            transactions: self.block.transaction_bytes(),
            all: built.block_data().len(),
        })
    }
}

impl WitnessSize {
    /// Counts what there is.
    pub fn of(witness: &Witness) -> Self {
        Self {
            n_nodes: witness.state.len(),
            node_bytes: length(&witness.state),
            n_codes: witness.codes.len(),
            code_bytes: length(&witness.codes),
            n_headers: witness.headers.len(),
        }
    }
}

fn length(all: &[Bytes]) -> usize {
    all.iter().map(|bytes| bytes.len()).sum()
}
