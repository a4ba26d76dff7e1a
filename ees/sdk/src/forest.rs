//! A state of several tries behind 32 bytes: an EE written over Ethereum's Merkle Patricia tries, and blobs that their values
//! refer to.
//!
//! It is the sibling of [`state`](crate::state), with the same two functions, block data and packages; what is said there holds
//! here. The differences come from tries that refer to one another:
//!
//! - A [`State`] is a [`Forest`]: the transition opens the trie with the pre-state root itself, and others by the roots that it
//!   reads in values. It commits each trie that it has changed, those that others refer to first.
//! - What a transition has changed it has to keep at hand: a provider serves the nodes of the state before, and not those that it is
//!   being handed.
//! - The empty state has the root of the empty trie, [`EMPTY_ROOT`], which is a root like others.
//! - A payload may have parts that help to execute it without being what is executed, such as headers of ancestors. The transition
//!   gives back the payload with those parts that were needed. A provider puts that one into the block; an executor refuses a block
//!   with any other, so that a block has one encoding.

use alloc::{borrow::Cow, vec::Vec};

use outrider_witness::{
    Hash, NodeSink, Recorder,
    mpt::{
        Forest, TrieId, UnusedError,
        witness::{self, DecodeError, EncodeError},
    },
};

pub use outrider_witness::mpt::EMPTY_ROOT;

use crate::{
    ReadError, StateRoot,
    imports::state as imports,
    state::{HostKeccak256, HostNodes, HostSink, PROVIDER, frame},
};

/// Tries and blobs, as far as the witness covers them, or all of them at a provider.
#[derive(Debug)]
pub struct State {
    /// The tries, to be read and changed.
    pub forest: Forest<HostKeccak256, Recorder<HostNodes>>,
    is_provider: bool,
}

/// What a transition has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The state root after the block.
    pub post_state_root: StateRoot,
    /// The payload without the parts that were not needed.
    pub payload: Vec<u8>,
}

impl State {
    /// Computes the root of a trie, and hands its new nodes to a provider. `refer` appends the hashes that a value refers to: the
    /// roots of tries that are not empty, and blobs; all of which a provider has, or has been handed before.
    pub fn commit(&mut self, trie: TrieId, refer: impl FnMut(&[u8], &mut Vec<Hash>)) -> Hash {
        if self.is_provider {
            self.forest.commit_with(trie, &mut HostSink, refer)
        } else {
            self.forest.root(trie)
        }
    }

    /// Hands a new blob to a provider.
    pub fn put_blob(&mut self, hash: &Hash, bytes: &[u8]) {
        if self.is_provider {
            HostSink.put(hash, bytes, &[]);
        }
    }
}

/// Executes a block, or makes one of packages if that is what the host asks for.
///
/// A block:
///
/// 1. Takes the block data apart, and decodes the witness.
/// 2. Calls `transition`, which finds out whether the witness is one of the pre-state root: of another, nothing is covered.
/// 3. Checks that all of the witness and of the payload was used.
///
/// Packages:
///
/// 1. Takes them apart, and calls `merge`.
/// 2. Calls `transition` on the full state; it hands out new nodes.
/// 3. Hands out the block data.
///
/// # Errors
///
/// If one of the steps fails.
pub fn execute<M, T>(
    pre_state_root: StateRoot,
    block_data: &[u8],
    merge: impl FnOnce(&[&[u8]]) -> Result<Vec<u8>, M>,
    transition: impl FnOnce(&mut State, StateRoot, &[u8]) -> Result<Executed, T>,
) -> Result<StateRoot, ForestError<M, T>> {
    let source = Recorder::new(HostNodes);
    let is_provider = imports::mode() == PROVIDER;

    // Both ways lead to the same type, so that a blob has its transition, and the tries, once.
    let (forest, payload) = if is_provider {
        let packages = frame::read_packages(block_data)?;
        let payload = merge(&packages).map_err(ForestError::Merge)?;
        (Forest::new(source), Cow::Owned(payload))
    } else {
        let (witness, payload) = frame::read_block_data(block_data)?;
        (witness::decode(witness)?.with_source(source), Cow::Borrowed(payload))
    };

    let mut state = State { forest, is_provider };
    let executed = transition(&mut state, pre_state_root, &payload).map_err(ForestError::Transition)?;

    if is_provider {
        let witness = state.forest.into_witness().map_err(ForestError::Encode)?;
        imports::put_block_data(&frame::block_data(&witness, &executed.payload));
    } else {
        state.forest.check_all_used()?;
        if executed.payload != *payload {
            return Err(ForestError::UnusedPayload { got: payload.len(), expected: executed.payload.len() });
        }
    }
    Ok(executed.post_state_root)
}

/// Why [`execute`] refuses; with the errors of the author's `merge` and `transition`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForestError<M, T> {
    /// Block data or packages cannot be taken apart. Whoever made them is to blame.
    #[error("block data")]
    Frame(#[from] ReadError),
    /// The witness is none. Whoever made the block is to blame.
    #[error("witness")]
    Witness(#[from] DecodeError),
    /// There is more in the witness than the transition needs. Whoever made the block is to blame.
    #[error(transparent)]
    Unused(#[from] UnusedError),
    /// There is more in the payload than the transition needs, or something else. Whoever made the block is to blame.
    #[error("the payload has {got} bytes, of which not all are needed: {expected} are enough")]
    UnusedPayload {
        /// Bytes of the payload.
        got: usize,
        /// Bytes of the payload that says the same, with the parts that are needed.
        expected: usize,
    },
    /// What the provider has cannot be made a witness. The provider is to blame.
    #[error("making the witness")]
    Encode(#[source] EncodeError),
    /// The packages do not go together.
    #[error("packages")]
    Merge(#[source] M),
    /// The transition refuses the payload.
    #[error(transparent)]
    Transition(T),
}
