//! A state of several tries behind 32 bytes, for EEs over Ethereum's Merkle Patricia tries and the blobs to which their
//! values refer.
//!
//! It is the sibling of [`state`](crate::state), with the same two functions, block data and packages; that module's
//! documentation applies here, too. The differences come from references between tries:
//!
//! - A [`State`] is a [`Forest`]: the transition itself opens the trie with the pre-state root, and others by the roots
//!   in values. It commits each trie that it has changed, children first.
//! - A transition must keep its changed tries: a provider serves the nodes of the state before, and not the new ones
//!   that it receives.
//! - The empty state has the root of the empty trie, [`EMPTY_ROOT`], which is not special.
//! - A payload may have parts that only support its execution, such as headers of ancestors. The transition returns the
//!   payload with just the needed ones. A provider puts this payload into the block; an executor refuses a block with
//!   any other, so that a block has one encoding.

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

/// Tries and blobs: those that the witness covers or, at a provider, all.
#[derive(Debug)]
pub struct State {
    /// The tries.
    pub forest: Forest<HostKeccak256, Recorder<HostNodes>>,
    is_provider: bool,
}

/// The result of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionOutput {
    /// The state root after the block.
    pub post_state_root: StateRoot,
    /// The payload without its unneeded parts.
    pub payload: Vec<u8>,
}

impl State {
    /// Computes the root of a trie, and puts its new nodes to a provider. `refer` appends the hashes to which a value
    /// refers: blobs, and roots of tries that are not empty. The provider must have all of them, or have received them
    /// before.
    pub fn commit(&mut self, trie: TrieId, refer: impl FnMut(&[u8], &mut Vec<Hash>)) -> Hash {
        if self.is_provider {
            self.forest.commit_with(trie, &mut HostSink, refer)
        } else {
            self.forest.root(trie)
        }
    }

    /// Puts a new blob to a provider.
    pub fn put_blob(&mut self, hash: &Hash, bytes: &[u8]) {
        if self.is_provider {
            HostSink.put(hash, bytes, &[]);
        }
    }
}

/// The error of [`execute`], with the errors of the author's `merge` and `transition`.
pub type ForestError<M, T> = ExecuteError<State, M, T>;

/// Executes a block or, if the host demands it, makes one from packages, as [`driver::execute`] does. The transition
/// gets a [`State`] and the root with which to open it.
///
/// The transition detects a witness of another state: nothing under the pre-state root is covered. At a provider, it
/// puts the new nodes.
///
/// # Errors
///
/// Fails if one of the steps fails.
pub fn execute<M, T>(
    pre_state_root: StateRoot,
    block_data: &[u8],
    merge: impl FnOnce(&[&[u8]]) -> Result<Vec<u8>, M>,
    transition: impl FnOnce(&mut State, StateRoot, &[u8]) -> Result<TransitionOutput, T>,
) -> Result<StateRoot, ForestError<M, T>> {
    let transition = |state: &mut State, payload: &[u8]| transition(state, pre_state_root, payload);
    driver::execute(pre_state_root, block_data, merge, transition)
}

/// Decoding and encoding are inline, so that an EE's crate has all code of the tries, and a blob contains none of it
/// twice.
impl WitnessState for State {
    type Output = TransitionOutput;
    type DecodeError = DecodeError;
    type UnusedError = UnusedError;
    type HostError = EncodeError;

    /// Any witness is accepted: the transition opens tries by their roots, and does not find those of another state.
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

    /// The transition has computed the root.
    fn root(&mut self, output: &TransitionOutput) -> StateRoot {
        output.post_state_root
    }

    /// The transition has put all nodes.
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
