//! Executes EEs whose state is known by its root, and comes with each block as a witness.
//!
//! What such an EE does is the same whatever its state looks like: it takes block data apart, decodes the witness, calls the author's
//! transition, and checks that the block had nothing that was not needed; or, at a state provider, it merges packages, and
//! yields nodes and block data. [`execute`] does that, for anything that is a [`WitnessState`]. [`state`](crate::state) is one, a
//! sparse Merkle tree, and [`forest`](crate::forest) another, of Merkle Patricia tries; their authors need nothing from here.

use alloc::{borrow::Cow, vec::Vec};
use core::error::Error;

use crate::{ReadError, StateRoot, frame, imports::state as imports, nodes::HostSink};

/// A state that a witness can stand for: what [`execute`] has to know of it.
///
/// Who adds a kind of state writes this for a type that holds as much of a state as has been seen. There are two ways to such a value. An
/// executor [decodes](Self::from_witness) it from a witness, and there is nothing else; a provider [opens](Self::from_host) it over
/// [`HostNodes`](crate::state::HostNodes), best by way of an [`outrider_witness::Recorder`], whose record is the witness. Both are one
/// type, so that a blob has its transition once, and the transition cannot know where it runs.
///
/// What has to hold, beside what the methods say:
///
/// - The root is a hash of the state: no two states have one root. A read that the witness does not cover is an error, and never an
///   absence.
/// - What is read and changed alike from the host and from the [witness](Self::into_witness) of that has the same results, and leaves
///   nothing of the witness unused.
/// - A witness has one encoding, so decoding refuses any other; it is total, and takes memory in proportion to the witness.
/// - Nodes are handed out under their hash, which a provider's store has to know by its `StateKind`.
///
/// `tests/driver.rs` of this crate has a small one.
pub trait WitnessState: Sized {
    /// What a transition tells beside what it does to the state: nothing, `()`, if the state knows by itself how the block ends.
    type Output;
    /// Why bytes are no witness of a state. Whoever made the block is to blame.
    type DecodeError: Error + 'static;
    /// What of a witness was not used. Whoever made the block is to blame.
    type UnusedError: Error + 'static;
    /// Why the host's nodes do not make a state or a witness. The provider is to blame.
    type HostError: Error + 'static;

    /// The part of the state with this root that a witness reveals.
    ///
    /// # Errors
    ///
    /// The bytes are no witness; or not one of this root, unless the state finds that out when it is read.
    fn from_witness(witness: &[u8], root: StateRoot) -> Result<Self, Self::DecodeError>;

    /// The state with this root, of which the host has the nodes. What is read of these is part of every witness.
    ///
    /// # Errors
    ///
    /// What has to be read at once is not there, or is not what the root says.
    fn from_host(root: StateRoot) -> Result<Self, Self::HostError>;

    /// Checks, after the transition, that it has used all that the witness reveals.
    ///
    /// # Errors
    ///
    /// Something was not used.
    fn check_all_used(&self) -> Result<(), Self::UnusedError>;

    /// Computes the root after the transition.
    fn root(&mut self, output: &Self::Output) -> StateRoot;

    /// Computes the root after the transition, and hands all nodes to `sink` that the state before did not have, children before their
    /// parents, unless the transition has done so.
    fn commit(&mut self, output: &Self::Output, sink: &mut HostSink) -> StateRoot;

    /// Encodes the witness of all that the transition has used, for the root that the state was opened with.
    ///
    /// # Errors
    ///
    /// What was read does not make a witness.
    fn into_witness(self) -> Result<Vec<u8>, Self::HostError>;

    /// The payload without the parts that turned out not to be needed; none if all payloads of this kind of state are needed as they
    /// are.
    fn needed_payload(_output: &Self::Output) -> Option<&[u8]> {
        None
    }
}

/// Executes a block, or makes one of packages if that is what the host asks for.
///
/// A block:
///
/// 1. Takes the [block data](crate::state#block-data) apart, and decodes the witness.
/// 2. Calls `transition`.
/// 3. Checks that all of the witness was used.
/// 4. Checks that all of the payload was needed.
/// 5. Computes the root.
///
/// Packages:
///
/// 1. Takes [them](crate::state#packages) apart, and calls `merge`.
/// 2. Calls `transition` on the full state.
/// 3. Hands out the new nodes, and the block data.
///
/// # Errors
///
/// If one of the steps fails.
pub fn execute<S: WitnessState, M, T>(
    pre_state_root: StateRoot,
    block_data: &[u8],
    merge: impl FnOnce(&[&[u8]]) -> Result<Vec<u8>, M>,
    transition: impl FnOnce(&mut S, &[u8]) -> Result<S::Output, T>,
) -> Result<StateRoot, ExecuteError<S, M, T>> {
    let is_provider = imports::mode() == PROVIDER;

    // Both ways lead to the same type, so that a blob has its transition, and the state, once.
    let (mut state, payload) = if is_provider {
        let packages = frame::read_packages(block_data)?;
        let payload = merge(&packages).map_err(ExecuteError::Merge)?;
        (S::from_host(pre_state_root).map_err(ExecuteError::Open)?, Cow::Owned(payload))
    } else {
        let (witness, payload) = frame::read_block_data(block_data)?;
        let state = S::from_witness(witness, pre_state_root).map_err(ExecuteError::Witness)?;
        (state, Cow::Borrowed(payload))
    };

    let output = transition(&mut state, &payload).map_err(ExecuteError::Transition)?;

    let needed_payload = S::needed_payload(&output);
    if is_provider {
        let post_state_root = state.commit(&output, &mut HostSink);
        let witness = state.into_witness().map_err(ExecuteError::Encode)?;
        imports::put_block_data(&frame::block_data(&witness, needed_payload.unwrap_or(&payload)));
        Ok(post_state_root)
    } else {
        state.check_all_used().map_err(ExecuteError::Unused)?;
        if let Some(needed) = needed_payload.filter(|needed| **needed != *payload) {
            return Err(ExecuteError::UnusedPayload { got: payload.len(), expected: needed.len() });
        }
        Ok(state.root(&output))
    }
}

/// Why [`execute`] refuses; with the errors of the kind of state, and of the author's `merge` and `transition`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<S: WitnessState, M, T> {
    /// Block data or packages cannot be taken apart. Whoever made them is to blame.
    #[error("block data")]
    Frame(#[from] ReadError),
    /// The witness is none, or one of another state. Whoever made the block is to blame.
    #[error("witness")]
    Witness(#[source] S::DecodeError),
    /// There is more in the witness than the transition needs. Whoever made the block is to blame.
    #[error(transparent)]
    Unused(S::UnusedError),
    /// There is more in the payload than the transition needs, or something else. Whoever made the block is to blame.
    #[error("the payload has {got} bytes, of which not all are needed: {expected} are enough")]
    UnusedPayload {
        /// Bytes of the payload.
        got: usize,
        /// Bytes of the payload that says the same, with the parts that are needed.
        expected: usize,
    },
    /// What the provider has is no state with this root. The provider is to blame.
    #[error("opening the state")]
    Open(#[source] S::HostError),
    /// What the provider has cannot be made a witness. The provider is to blame.
    #[error("making the witness")]
    Encode(#[source] S::HostError),
    /// The packages do not go together.
    #[error("packages")]
    Merge(#[source] M),
    /// The transition refuses the payload.
    #[error(transparent)]
    Transition(T),
}

/// What the host's `mode` returns to an EE that is to make a block of packages.
const PROVIDER: u32 = 1;
