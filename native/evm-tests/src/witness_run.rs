//! Execution of a block from its execution witness.

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

/// The payload of a block, and the pre-state root.
#[derive(Clone, Debug)]
pub struct WitnessRun<'a> {
    block: &'a WitnessedBlock,
    pre_state_root: B256,
    payload: Payload,
    fork: Fork,
}

/// The extent to which a block is checked against its ancestors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ancestry {
    /// The block is checked against all headers of ancestors that its checks need.
    Checked,
    /// The block is checked against its parent; the source of the block vouches for the ancestors of ommers.
    VouchedBeforeParent,
    /// The source of the block vouches for the pre-state root and for the hashes of ancestors.
    Vouched,
}

/// The outcome of a block.
#[derive(Debug)]
pub enum WitnessOutcome {
    /// The EE executed the block.
    Executed {
        /// The block data and the results of executing them.
        built: Box<BuiltBlock>,
        /// The parts of the block data.
        bytes: BlockDataSize,
    },
    /// The EE refused the block, for this reason.
    Refused(String),
}

/// The sizes of the parts of block data in bytes. The total also has the rest of the block and lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockDataSize {
    /// The nodes.
    pub nodes: usize,
    /// The codes.
    pub codes: usize,
    /// The headers of ancestors.
    pub headers: usize,
    /// The list of transactions.
    pub transactions: usize,
    /// The total.
    pub all: usize,
}

/// The sizes of an execution witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessSize {
    /// The number of nodes.
    pub n_nodes: usize,
    /// The size of all nodes in bytes.
    pub node_bytes: usize,
    /// The number of codes.
    pub n_codes: usize,
    /// The size of all codes in bytes.
    pub code_bytes: usize,
    /// The number of headers.
    pub n_headers: usize,
}

/// Why a block has no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessRunError {
    /// The store cannot take the witness.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider cannot be opened.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The execution of the block failed without a verdict.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// The EE made malformed block data.
    #[error(transparent)]
    Frame(#[from] ReadError),
    /// The EE made a malformed witness.
    #[error(transparent)]
    Witness(#[from] DecodeError),
    /// The EE made a malformed payload.
    #[error(transparent)]
    Payload(#[from] alloy_rlp::Error),
    /// The EE made a payload of another kind.
    #[error("the EE made a payload of another kind than a block")]
    Kind,
}

impl<'a> WitnessRun<'a> {
    /// Makes the payload of a block under the rules of a chain.
    ///
    /// # Errors
    ///
    /// Fails like [`WitnessedBlock::payload`], or with [`WitnessError::NoRoot`].
    pub fn new(block: &'a WitnessedBlock, chain: &Chain) -> Result<Self, WitnessError> {
        let (pre_state_root, payload) = block.payload(chain)?;
        match block.witness.preimages().bytes(&Hash(pre_state_root.0)) {
            Some(_) => Ok(Self { block, pre_state_root, payload, fork: block.fork(chain) }),
            None => Err(WitnessError::NoRoot { root: pre_state_root }),
        }
    }

    /// Returns the pre-state root.
    pub fn pre_state_root(&self) -> B256 {
        self.pre_state_root
    }

    /// Returns the fork in force for the block.
    pub fn fork(&self) -> Fork {
        self.fork
    }

    /// Returns the extent to which the block is checked against its ancestors.
    pub fn ancestry(&self) -> Ancestry {
        match &self.payload {
            Payload::Block(..) => Ancestry::Checked,
            Payload::VouchedBlock(_, block) if block.parent.is_some() => Ancestry::VouchedBeforeParent,
            Payload::VouchedBlock(..)
            | Payload::Transactions(..)
            | Payload::ChainBlock(_)
            | Payload::ChainPackage(_) => Ancestry::Vouched,
        }
    }

    /// Executes the block: a state provider that has exactly the witness makes minimal block data, and executes it
    /// statelessly. The caller has to compare the post-state root with the one in the block's header.
    ///
    /// # Errors
    ///
    /// Fails with a [`WitnessRunError`].
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
            Payload::Transactions(..) | Payload::ChainBlock(_) | Payload::ChainPackage(_) => {
                return Err(WitnessRunError::Kind);
            }
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
    /// Returns the sizes of the block's execution witness.
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
