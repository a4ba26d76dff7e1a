//! A state of any size behind 32 bytes, for EEs written as functions over a tree.
//!
//! An author writes two functions, and [`execute`] makes them a transition for [`entry!`](crate::entry):
//!
//! - `transition` executes a *payload*, in an encoding of the EE's own, on a [`State`];
//! - `merge` merges several payloads into one.
//!
//! Neither knows where the state comes from, or that it is partial. That depends on the executor:
//!
//! | | a shard | a state provider |
//! |---|---|---|
//! | has | the state root | all nodes of the state |
//! | passes to the EE | [block data](#block-data) | [packages](#packages) |
//! | the state comes from | the witness | the host, node by node |
//! | gets | the post-state root | that, new nodes, and block data with the minimal witness |
//!
//! A provider may pass payloads of its users, or the payload of a block that was made for an older root; the transition
//! validates all of them. The empty state has the root zero.
//!
//! # Block data
//!
//! | bytes | content |
//! |---|---|
//! | 4 | `witness_bytes`, little-endian |
//! | `witness_bytes` | the [witness](outrider_witness::smt::witness) of the part of the state that the payload needs |
//! | to the end | the payload |
//!
//! # Packages
//!
//! | bytes | content |
//! |---|---|
//! | 4 | `n`, little-endian |
//! | | `n` times: |
//! | 4 | `bytes`, little-endian |
//! | `bytes` | a package: a payload |

use alloc::vec::Vec;

use outrider_witness::{
    Hasher, NoNodes, Recorder,
    smt::{DecodeError, Tree, UnusedError},
};

pub use outrider_witness::smt::{Key, TreeError};

pub use crate::{
    frame::{block_data, packages},
    hash::{HostKeccak256, HostSha256, HostSha512_256},
    nodes::{HostNodes, HostSink},
};

use crate::{
    StateRoot,
    driver::{self, ExecuteError, WitnessState},
};

/// A map from keys of 32 bytes to short values: a [sparse Merkle tree](outrider_witness::smt).
///
/// A read has three results. The third one, that the witness does not cover the key, is a [`TreeError`] with hash and
/// path; a transition that returns it refuses the block.
pub type State = Tree<HostKeccak256, Recorder<HostNodes>>;

/// The error of [`execute`], with the errors of the author's `merge` and `transition`.
pub type StateError<M, T> = ExecuteError<State, M, T>;

/// Executes a block or, if the host demands it, makes one from packages, as [`driver::execute`] does with a [`State`].
///
/// # Errors
///
/// Fails if one of the steps fails.
pub fn execute<M, T>(
    pre_state_root: StateRoot,
    block_data: &[u8],
    merge: impl FnOnce(&[&[u8]]) -> Result<Vec<u8>, M>,
    transition: impl FnOnce(&mut State, &[u8]) -> Result<(), T>,
) -> Result<StateRoot, StateError<M, T>> {
    driver::execute(pre_state_root, block_data, merge, transition)
}

/// A tree under any hash function; a [`State`] is one under Keccak-256.
impl<H: Hasher> WitnessState for Tree<H, Recorder<HostNodes>> {
    type Output = ();
    type DecodeError = DecodeError;
    type UnusedError = UnusedError;
    type HostError = TreeError;

    fn from_witness(witness: &[u8], root: StateRoot) -> Result<Self, DecodeError> {
        let tree = Tree::<H, NoNodes>::from_witness(witness, &root.into())?;
        Ok(tree.with_source(Recorder::new(HostNodes)))
    }

    /// Nothing is read yet.
    fn from_host(root: StateRoot) -> Result<Self, TreeError> {
        Ok(Self::open(&root.into(), Recorder::new(HostNodes)))
    }

    fn check_all_used(&self) -> Result<(), UnusedError> {
        self.check_all_used()
    }

    fn root(&mut self, (): &()) -> StateRoot {
        self.root().into()
    }

    fn commit(&mut self, (): &(), sink: &mut HostSink) -> StateRoot {
        self.commit(sink).into()
    }

    fn into_witness(self) -> Result<Vec<u8>, TreeError> {
        self.into_witness()
    }
}
