//! The transition: from one tip to the next.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{collections::BTreeSet, vec::Vec};
use core::ops::Range;

use outrider_sdk::receipt::{self, Received};
use outrider_witness::utreexo::{Accumulator, is_unspendable};

use crate::{
    block::Block,
    coin::NewOutput,
    connect::connect,
    error::{AssumedError, BlockError, StateError, TransitionError},
    header,
    input::{AssumedOutput, AssumedState, Payload, Proposal},
    network::Network,
    proposal::Draft,
    shard, signet,
    spend::Spends,
    state::State,
    tip::{History, Tip},
};

/// Executes a payload, and returns the payload of the block if a provider made one of a proposal.
///
/// - A genesis and an assumed state are for the empty state.
/// - A block is for a known history, and an assumed block for an assumed one.
/// - A proposal is for a provider, which makes a block of it on a chain of regression tests or of a shard. On a shard,
///   it does so with a block for another state, too.
///
/// A block:
///
/// 1. It is one, of up to 4,000,000 weight units.
/// 2. The header follows from the tip, see `header::check`.
/// 3. On a signet, the block is signed.
/// 4. The transactions are those of the header, and valid by themselves, see `Block::check`.
/// 5. They spend outputs that exist, see `Spends::find`.
/// 6. They spend them by the rules, see `connect`.
///
/// On a shard, receipts become outputs, and outputs that leave become receipts. Elsewhere, messages are rejected.
///
/// # Errors
///
/// Fails if a condition does not hold, or if the witness does not cover what the block needs.
pub fn transition(state: &mut State, payload: &[u8]) -> Result<Option<Vec<u8>>, TransitionError> {
    match Payload::from_bytes(payload)? {
        Payload::Genesis(network) => {
            check_empty(state)?;
            reject_receipts();
            begin(state, network)
                .map_err(|error| TransitionError::Block { height: 0, source: error.into() })?;
            Ok(None)
        }
        Payload::AssumedState(assumed) => {
            check_empty(state)?;
            reject_receipts();
            assume(state, assumed)?;
            Ok(None)
        }
        Payload::Block(bytes) => execute(state, &bytes, false),
        Payload::AssumedBlock(bytes) => execute(state, &bytes, true),
        Payload::Proposal(proposal) => propose(state, proposal),
        Payload::Transaction(_) => Err(TransitionError::Proposal),
    }
}

/// Begins a chain with its genesis block, whose coinbase nobody can spend.
fn begin(state: &mut State, network: Network) -> Result<(), StateError> {
    if network != Network::Shard {
        state.keep_header(&network.genesis().header())?;
    }
    state.advance(Tip::genesis(network));
    Ok(())
}

fn execute(state: &mut State, bytes: &[u8], is_assumed: bool) -> Result<Option<Vec<u8>>, TransitionError> {
    let tip = state.tip().ok_or(TransitionError::Empty)?.clone();
    if is_assumed != (tip.history == History::Assumed) {
        return Err(TransitionError::History { is_assumed: !is_assumed });
    }
    let height = tip.height.saturating_add(1);
    let fail = |source| TransitionError::Block { height, source };
    let is_stale = bytes.get(PARENT) != Some(tip.block_hash.0.as_slice());
    if is_stale && tip.network == Network::Shard && state.is_provider() {
        let proposal = Proposal::of_block(bytes).map_err(fail)?;
        return propose(state, proposal);
    }
    let run = |state: &mut State| {
        let block = Block::from_bytes(bytes)?;
        let checked = check(&tip, &block)?;
        let spends = Spends::find(state, tip.network, &block, checked.height)?;
        finish(state, tip.network, &block, checked, &spends)
    };
    run(state).map_err(fail)?;
    Ok(None)
}

/// The bytes of a block with the hash of its parent.
const PARENT: Range<usize> = 4..36;

fn propose(state: &mut State, proposal: Proposal) -> Result<Option<Vec<u8>>, TransitionError> {
    let tip = state.tip().ok_or(TransitionError::Empty)?.clone();
    if !state.is_provider() {
        return Err(TransitionError::Proposal);
    }
    if tip.history == History::Assumed {
        return Err(TransitionError::History { is_assumed: true });
    }
    let draft = Draft::new(&tip, proposal).ok_or(TransitionError::Work { network: tip.network })?;
    let height = tip.height.saturating_add(1);
    let run = |state: &mut State| {
        let block = Block::from_bytes(&draft.block(&tip, 0))?;
        let spends = Spends::find(state, tip.network, &block, height)?;
        let amount = spends.fees(&block.transactions).saturating_add(tip.network.subsidy(height));
        let bytes = draft.block(&tip, amount);
        let block = Block::from_bytes(&bytes)?;
        let checked = check(&tip, &block)?;
        finish(state, tip.network, &block, checked, &spends)?;
        Ok(bytes)
    };
    let bytes = run(state).map_err(|source| TransitionError::Block { height, source })?;
    Ok(Some(Payload::Block(bytes.into()).to_bytes()))
}

/// Checks a block without the outputs that it spends.
fn check(tip: &Tip, block: &Block) -> Result<header::Checked, BlockError> {
    let checked = header::check(&block.header, &block.hash, tip)?;
    if tip.network == Network::Signet {
        signet::check(block)?;
    }
    block.check(tip.network, checked.height, checked.lock_time)?;
    Ok(checked)
}

/// Connects a block, and takes and sends its receipts.
fn finish(
    state: &mut State,
    network: Network,
    block: &Block,
    checked: header::Checked,
    spends: &Spends,
) -> Result<(), BlockError> {
    if network != Network::Shard {
        reject_receipts();
        return connect(state, network, block, checked, spends, &[]);
    }
    let arrivals = shard::arrivals();
    connect(state, network, block, checked, spends, &arrivals)?;
    shard::departures(block)?.iter().for_each(receipt::send);
    Ok(())
}

fn check_empty(state: &State) -> Result<(), TransitionError> {
    match state.tip() {
        Some(tip) => Err(TransitionError::NotEmpty { root: tip.root() }),
        None => Ok(()),
    }
}

/// Rejects all receipts: nobody on the chain could have their ether.
fn reject_receipts() {
    receipt::inbox().for_each(Received::reject);
}

/// Makes a state of outputs for which somebody vouches.
fn assume(state: &mut State, assumed: AssumedState) -> Result<(), TransitionError> {
    let AssumedState { network, height, block_hash, outputs } = assumed;
    if network == Network::Shard {
        return Err(TransitionError::AssumedShard);
    }
    let mut seen = BTreeSet::new();
    let mut last = None;
    for (index, AssumedOutput { block_hash, out_point, code, amount, script }) in outputs.iter().enumerate() {
        let fail = |source| TransitionError::Assumed { index, source };
        let made = (code.height(), *block_hash);
        let (last_height, last_hash) = last.replace(made).unwrap_or(made);
        if !(last_height..=height).contains(&made.0) {
            return Err(fail(AssumedError::Height { height: made.0 }));
        }
        if made.0 == last_height && made.1 != last_hash {
            return Err(fail(AssumedError::BlockHash { height: made.0 }));
        }
        if !seen.insert(*out_point) {
            return Err(fail(AssumedError::Repeated { out_point: *out_point }));
        }
        if is_unspendable(script) {
            return Err(fail(AssumedError::Unspendable));
        }
        let (block_hash, out_point, code, amount) = (*block_hash, *out_point, *code, *amount);
        let output = NewOutput { out_point, block_hash, code, amount, script };
        output.coin().ok_or(fail(AssumedError::Amount { amount }))?;
        state.add(&output).map_err(|error| TransitionError::Block { height, source: error.into() })?;
    }
    state.advance(Tip {
        network,
        height,
        block_hash,
        history: History::Assumed,
        outputs: Accumulator::default(),
    });
    Ok(())
}
