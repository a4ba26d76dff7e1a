//! A state of any size behind 32 bytes: an EE written as a function over a tree.
//!
//! An author writes two functions, and [`execute`] makes a transition for [`entry!`](crate::entry) of them:
//!
//! - `transition` executes a *payload*, in an encoding of the EE's own, on a [`State`];
//! - `merge` makes one payload of several.
//!
//! Neither sees where the state comes from, or that it is not all there. That depends on who executes:
//!
//! | | a shard | a state provider |
//! |---|---|---|
//! | has | the state root | all nodes of the state |
//! | gives the EE | [block data](#block-data) | [packages](#packages) |
//! | the state comes from | the witness | the host, node by node |
//! | gets | the post-state root | that, new nodes, and block data with the minimal witness |
//!
//! A provider may give the EE payloads of its users, or the payload of a block that was made for an older root; and whatever
//! it gives, the transition is the judge. The empty state has the root zero.
//!
//! # Block data
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `witness_bytes`, little-endian |
//! | `witness_bytes` | the [witness](outrider_witness::smt::witness) of what the payload needs of the state |
//! | to the end | the payload |
//!
//! # Packages
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `n`, little-endian |
//! | | `n` times: |
//! | 4 | `bytes`, little-endian |
//! | `bytes` | a package: a payload |

pub(crate) mod frame;
mod hash;
mod nodes;

use alloc::{borrow::Cow, vec::Vec};

use outrider_witness::{
    Hash, Recorder,
    smt::{DecodeError, Tree, UnusedError},
};

pub use frame::{block_data, packages};
pub use hash::{HostKeccak256, HostSha256};
pub use nodes::{HostNodes, HostSink};
pub use outrider_witness::smt::{Key, TreeError};

use crate::{ReadError, StateRoot, imports::state as imports};

/// A map from keys of 32 bytes to short values: a [sparse Merkle tree](outrider_witness::smt).
///
/// A read has three answers. The third one, that the witness does not cover the key, is a
/// [`TreeError`] with hash and path; a transition that passes it on refuses the block.
pub type State = Tree<HostKeccak256, Recorder<HostNodes>>;

/// Executes a block, or makes one of packages if that is what the host asks for.
///
/// A block:
///
/// 1. Takes the block data apart, and decodes the witness.
/// 2. Checks that the witness is one of the pre-state root.
/// 3. Calls `transition`.
/// 4. Checks that all of the witness was used.
///
/// Packages:
///
/// 1. Takes them apart, and calls `merge`.
/// 2. Calls `transition` on the full state.
/// 3. Hands out the new nodes, and the block data.
///
/// # Errors
///
/// If one of the steps fails.
pub fn execute<M, T>(
    pre_state_root: StateRoot,
    block_data: &[u8],
    merge: impl FnOnce(&[&[u8]]) -> Result<Vec<u8>, M>,
    transition: impl FnOnce(&mut State, &[u8]) -> Result<(), T>,
) -> Result<StateRoot, StateError<M, T>> {
    let root = Hash(pre_state_root.0);
    let source = Recorder::new(HostNodes);
    let is_provider = imports::mode() == PROVIDER;

    // Both ways lead to the same type, so that a blob has its transition, and the tree, once.
    let (mut state, payload): (State, _) = if is_provider {
        let packages = frame::read_packages(block_data)?;
        let payload = merge(&packages).map_err(StateError::Merge)?;
        (Tree::open(&root, source), Cow::Owned(payload))
    } else {
        let (witness, payload) = frame::read_block_data(block_data)?;
        (Tree::from_witness(witness, &root)?.with_source(source), Cow::Borrowed(payload))
    };

    transition(&mut state, &payload).map_err(StateError::Transition)?;

    let post_state_root = if is_provider {
        let root = state.commit(&mut HostSink);
        let witness = state.into_witness().map_err(StateError::Encode)?;
        imports::put_block_data(&frame::block_data(&witness, &payload));
        root
    } else {
        state.check_all_used()?;
        state.root()
    };
    Ok(StateRoot(post_state_root.0))
}

/// Why [`execute`] refuses; with the errors of the author's `merge` and `transition`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError<M, T> {
    /// Block data or packages cannot be taken apart. Whoever made them is to blame.
    #[error("block data")]
    Frame(#[from] ReadError),
    /// The witness is none, or one of another state. Whoever made the block is to blame.
    #[error("witness")]
    Witness(#[from] DecodeError),
    /// There is more in the witness than the transition needs. Whoever made the block is to blame.
    #[error(transparent)]
    Unused(#[from] UnusedError),
    /// What the provider has cannot be made a witness. The provider is to blame.
    #[error("making the witness")]
    Encode(#[source] TreeError),
    /// The packages do not go together.
    #[error("packages")]
    Merge(#[source] M),
    /// The transition refuses the payload.
    #[error(transparent)]
    Transition(T),
}

/// What the host's `mode` returns to an EE that is to make a block of packages.
pub(crate) const PROVIDER: u32 = 1;
