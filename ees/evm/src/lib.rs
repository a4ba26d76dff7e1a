#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod access_list;
mod amsterdam;
mod block;
mod chain;
mod commit;
mod crypto;
mod dao;
mod delivery;
mod error;
mod fee;
mod hash;
mod header;
mod input;
mod instructions;
mod machine;
mod ommers;
mod outbox;
mod receipts;
mod requests;
mod rules;
mod state;
mod transaction;
mod transactions;
mod vm;
mod vouched;

use outrider_evm_codec::Payload;
use outrider_sdk::{
    StateRoot,
    forest::{self, ForestError, State, TransitionOutput},
    receipt::{self, Received},
};
use outrider_witness::Hash;

pub use error::{
    AncestorError, BlockError, ChainError, ExecutionError, HeaderError, MergeError, OmmerError, RequestError,
    StateError, TransactionError, TransitionError,
};
pub use input::merge;

outrider_sdk::entry!(execute);

/// Executes a block or, in provider mode, makes one from packages.
///
/// # Errors
///
/// Fails as [`outrider_sdk::forest::execute`] does, with [`merge`] and [`transition`].
pub fn execute(
    pre_state_root: StateRoot,
    block_data: &[u8],
) -> Result<StateRoot, ForestError<MergeError, TransitionError>> {
    forest::execute(pre_state_root, block_data, merge, transition)
}

/// Executes a payload: on a state of Ethereum a block, transactions in an environment, or a block with a vouched ancestry;
/// and on the state of a chain its next block.
///
/// # Errors
///
/// Fails if the payload is invalid, or if the witness does not cover it.
pub fn transition(
    state: &mut State,
    pre_state_root: StateRoot,
    payload: &[u8],
) -> Result<TransitionOutput, TransitionError> {
    crypto::install();
    let payload = alloy_rlp::decode_exact::<Payload>(payload).map_err(TransitionError::Payload)?;
    let (post_state_root, payload) = match payload {
        Payload::Block(rules, block) => {
            let (root, block) = block::execute(state, pre_state_root, &rules, block)?;
            (root, Payload::Block(rules::canonical(rules), block))
        }
        Payload::Transactions(rules, transactions) => {
            let (root, transactions) = transactions::execute(state, pre_state_root, &rules, transactions)?;
            (root, Payload::Transactions(rules::canonical(rules), transactions))
        }
        Payload::VouchedBlock(rules, block) => {
            let (root, block) = vouched::execute(state, pre_state_root, &rules, block)?;
            (root, Payload::VouchedBlock(rules::canonical(rules), block))
        }
        Payload::ChainBlock(block) => {
            (chain::execute(state, pre_state_root, &block)?, Payload::ChainBlock(block))
        }
        Payload::ChainPackage(package) => {
            let (root, block) = chain::draft(state, pre_state_root, package)?;
            (root, Payload::ChainBlock(block))
        }
    };
    if payload.rules().is_some() {
        check_ethereum(state, pre_state_root)?;
        // Nobody on such a state could have their ether.
        receipt::inbox().for_each(Received::reject);
    }
    Ok(TransitionOutput {
        post_state_root: StateRoot(post_state_root.0),
        payload: alloy_rlp::encode(payload),
    })
}

/// Checks that the root is that of a trie of accounts, by its first node. A payload that changes something has read this
/// node already; one that changes nothing could otherwise be executed on the state of a chain.
fn check_ethereum(state: &mut State, root: StateRoot) -> Result<(), TransitionError> {
    let trie = state.forest.open(&Hash(root.0));
    state.forest.get(trie, &[]).map(drop).map_err(TransitionError::NotEthereum)
}
