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

use alloc::vec::Vec;

use outrider_witness::{
    Hash, NodeSink, Recorder,
    mpt::{
        Forest, TrieId, UnusedError,
        witness::{self, DecodeError, EncodeError},
    },
};

pub use outrider_witness::mpt::EMPTY_ROOT;

use crate::{
    StateRoot,
    driver::{self, ExecuteError, WitnessState},
    state::{HostKeccak256, HostNodes, HostSink},
};

/// Tries and blobs, as far as the witness covers them, or all of them at a provider.
#[derive(Debug)]
pub struct State {
    /// The tries, to be read and changed.
    pub forest: Forest<HostKeccak256, Recorder<HostNodes>>,
    is_provider: bool,
}

/// What comes of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionOutput {
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

/// Why [`execute`] refuses; with the errors of the author's `merge` and `transition`.
pub type ForestError<M, T> = ExecuteError<State, M, T>;

/// Executes a block, or makes one of packages if that is what the host asks for: as [`driver::execute`], with a [`State`] and the
/// root to open it by.
///
/// The transition finds out whether the witness is one of the pre-state root: of another, nothing is covered. At a provider, it hands out
/// the new nodes.
///
/// # Errors
///
/// If one of the steps fails.
pub fn execute<M, T>(
    pre_state_root: StateRoot,
    block_data: &[u8],
    merge: impl FnOnce(&[&[u8]]) -> Result<Vec<u8>, M>,
    transition: impl FnOnce(&mut State, StateRoot, &[u8]) -> Result<TransitionOutput, T>,
) -> Result<StateRoot, ForestError<M, T>> {
    let transition = |state: &mut State, payload: &[u8]| transition(state, pre_state_root, payload);
    driver::execute(pre_state_root, block_data, merge, transition)
}

/// What decodes and encodes is inline, so that an EE's crate has all code of the tries, and a blob has none of it twice.
impl WitnessState for State {
    type Output = TransitionOutput;
    type DecodeError = DecodeError;
    type UnusedError = UnusedError;
    type HostError = EncodeError;

    /// Any witness will do: the transition opens tries by their roots, and finds none of another state.
    #[inline]
    fn from_witness(witness: &[u8], _root: StateRoot) -> Result<Self, DecodeError> {
        let forest = witness::decode(witness)?.with_source(Recorder::new(HostNodes));
        Ok(Self { forest, is_provider: false })
    }

    /// Nothing is read yet.
    #[inline]
    fn from_host(_root: StateRoot) -> Result<Self, EncodeError> {
        Ok(Self { forest: Forest::new(Recorder::new(HostNodes)), is_provider: true })
    }

    #[inline]
    fn check_all_used(&self) -> Result<(), UnusedError> {
        self.forest.check_all_used()
    }

    /// The transition has computed it.
    fn root(&mut self, output: &TransitionOutput) -> StateRoot {
        output.post_state_root
    }

    /// The transition has handed out all nodes.
    fn commit(&mut self, output: &TransitionOutput, _sink: &mut HostSink) -> StateRoot {
        output.post_state_root
    }

    #[inline]
    fn into_witness(self) -> Result<Vec<u8>, EncodeError> {
        self.forest.into_witness()
    }

    fn needed_payload(output: &TransitionOutput) -> Option<&[u8]> {
        Some(&output.payload)
    }
}
