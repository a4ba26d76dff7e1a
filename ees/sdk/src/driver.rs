//! Executes EEs that know their state by its root, and get the rest with each block as a witness.
//!
//! The steps are the same for every form of state: to parse block data, decode the witness, call the author's
//! transition, and check that the block has nothing superfluous; or, at a state provider, to merge packages, and yield
//! nodes and block data. [`execute`] does this for every [`WitnessState`]. [`state`](crate::state) is one, a sparse
//! Merkle tree, and [`forest`](crate::forest) another, of Merkle Patricia tries; their users need nothing from this
//! module.

use alloc::{borrow::Cow, vec::Vec};
use core::error::Error;

use crate::{ReadError, StateRoot, frame, imports::state as imports, nodes::HostSink};

/// A state that a witness can represent, as [`execute`] uses it.
///
/// A new kind of state implements this for a type that holds the known part of a state. Such a value has two origins.
/// An executor [decodes](Self::from_witness) it from a witness, and has nothing else; a provider
/// [opens](Self::from_host) it over [`HostNodes`](crate::state::HostNodes), preferably through an
/// [`outrider_witness::Recorder`], whose record is the witness. Both have one type, so that a blob contains its
/// transition once, and the transition cannot know where it runs.
///
/// Besides the contracts of the methods, these must hold:
///
/// - The root is a hash of the state: no two states have the same root. A read that the witness does not cover is an
///   error, and never an absence.
/// - The same reads and changes have the same results over the host and over the [witness](Self::into_witness) of that
///   run, and leave nothing of the witness unused.
/// - A witness has one encoding, and decoding refuses any other; it is total, and takes memory in proportion to the
///   witness.
/// - Nodes are put under their hash, which a provider's store must know by its `StateKind`.
///
/// `tests/driver.rs` of this crate has a small example.
pub trait WitnessState: Sized {
    /// The result of a transition besides its effect on the state: nothing, `()`, if the state itself determines the
    /// new root.
    type Output;
    /// The error for bytes that are not a witness of a state. The block's author is at fault.
    type DecodeError: Error + 'static;
    /// The error for unused parts of a witness. The block's author is at fault.
    type UnusedError: Error + 'static;
    /// The error for nodes of the host that do not make a state or a witness. The provider is at fault.
    type HostError: Error + 'static;

    /// Returns the part of the state with this root that a witness reveals.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a witness, or not one of this root, unless the state detects that on reading.
    fn from_witness(witness: &[u8], root: StateRoot) -> Result<Self, Self::DecodeError>;

    /// Returns the state with this root over the host's nodes. All nodes that this reads are part of every witness.
    ///
    /// # Errors
    ///
    /// Fails if a node that has to be read at once is missing, or does not match the root.
    fn from_host(root: StateRoot) -> Result<Self, Self::HostError>;

    /// Checks, after the transition, that it has used everything that the witness reveals.
    ///
    /// # Errors
    ///
    /// Fails if something is unused.
    fn check_all_used(&self) -> Result<(), Self::UnusedError>;

    /// Computes the root after the transition.
    fn root(&mut self, output: &Self::Output) -> StateRoot;

    /// Computes the root after the transition, and puts all nodes into `sink` that the state before did not have,
    /// children before their parents, unless the transition has done so.
    fn commit(&mut self, output: &Self::Output, sink: &mut HostSink) -> StateRoot;

    /// Encodes the witness of everything that the transition has used, for the root with which the state was opened.
    ///
    /// # Errors
    ///
    /// Fails if the reads do not make a witness.
    fn into_witness(self) -> Result<Vec<u8>, Self::HostError>;

    /// Returns the payload without its unneeded parts, or `None` if this kind of state needs all payloads as they are.
    fn needed_payload(_output: &Self::Output) -> Option<&[u8]> {
        None
    }
}

/// Executes a block or, if the host demands it, makes one from packages.
///
/// A block:
///
/// 1. Parses the [block data](crate::state#block-data), and decodes the witness.
/// 2. Calls `transition`.
/// 3. Checks that all of the witness was used.
/// 4. Checks that all of the payload was needed.
/// 5. Computes the root.
///
/// Packages:
///
/// 1. Parses [them](crate::state#packages), and calls `merge`.
/// 2. Calls `transition` on the full state.
/// 3. Yields the new nodes, and the block data.
///
/// # Errors
///
/// Fails if one of the steps fails.
pub fn execute<S: WitnessState, M, T>(
    pre_state_root: StateRoot,
    block_data: &[u8],
    merge: impl FnOnce(&[&[u8]]) -> Result<Vec<u8>, M>,
    transition: impl FnOnce(&mut S, &[u8]) -> Result<S::Output, T>,
) -> Result<StateRoot, ExecuteError<S, M, T>> {
    let is_provider = imports::mode() == PROVIDER;

    // Both paths lead to the same type, so that a blob contains the transition and the state once.
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

/// The error of [`execute`], with the errors of the kind of state, and of the author's `merge` and `transition`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<S: WitnessState, M, T> {
    /// Block data or packages are malformed. Their author is at fault.
    #[error("block data")]
    Frame(#[from] ReadError),
    /// The witness is malformed, or is one of another state. The block's author is at fault.
    #[error("witness")]
    Witness(#[source] S::DecodeError),
    /// The witness has more than the transition needs. The block's author is at fault.
    #[error(transparent)]
    Unused(S::UnusedError),
    /// The payload has more than the transition needs, or differs otherwise. The block's author is at fault.
    #[error("the payload has {got} bytes, of which not all are needed: {expected} are enough")]
    UnusedPayload {
        /// Bytes of the payload.
        got: usize,
        /// Bytes of the equivalent payload with only the needed parts.
        expected: usize,
    },
    /// The provider has no valid state with this root. The provider is at fault.
    #[error("opening the state")]
    Open(#[source] S::HostError),
    /// The provider's nodes cannot be made into a witness. The provider is at fault.
    #[error("making the witness")]
    Encode(#[source] S::HostError),
    /// The packages cannot be merged.
    #[error("packages")]
    Merge(#[source] M),
    /// The transition refuses the payload.
    #[error(transparent)]
    Transition(T),
}

/// The host's `mode` in which an EE makes a block from packages.
const PROVIDER: u32 = 1;
