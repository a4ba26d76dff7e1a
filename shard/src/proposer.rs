//! Proposers of shard blocks, which fill a block with the payloads that pay best.
//!
//! A proposer understands no EE: it executes each payload, and the output has fuel and fee. Its profit from a payload is
//! the fee, without the price of the payload's bytes, which the ledger collects from it. A payload takes up the larger
//! of its shares of the block's bytes and fuel, and the proposer takes the payloads with the most profit for that, as
//! long as they fit. A block has at most one payload for each EE.

use outrider_beacon::ledger::{
    EeIndex, EePayload, EeTransition, ShardBody, ShardPlace, apply_execution_header, error::HeaderError,
};
use outrider_beacon_spec::{constants::MAX_SHARD_BLOCK_SIZE, types::Gwei};
use ssz::Encode as _;

use crate::executor::{Codes, Executor, ExecutorError, header};

/// The most payloads of a block.
const PAYLOADS_MAX: usize = 64;
/// The bytes of an offset, which precedes each element of a list of elements with different lengths.
const OFFSET_BYTES: u64 = 4;

/// A block that a proposer has filled.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The body of the block.
    pub body: ShardBody,
    /// The proposer's profit, in Gwei.
    pub profit: Gwei,
    /// The payloads that are not in it, by their positions among those offered, with the reason for each.
    pub left_out: Vec<(usize, LeftOut)>,
}

/// The reason for which a payload is not in a block.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeftOut {
    /// It cannot be executed here.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The ledger refuses its transition, for example because it spends more ether than the EE has.
    #[error("EE {ee}: the ledger refuses its transition")]
    Ledger {
        /// The EE.
        ee: EeIndex,
        /// The failed check.
        #[source]
        error: HeaderError,
    },
    /// Its fee does not pay for its bytes.
    #[error("EE {ee} pays {fee} Gwei, and its {bytes} bytes cost {cost}")]
    Unprofitable {
        /// The EE.
        ee: EeIndex,
        /// The fee.
        fee: Gwei,
        /// Its bytes.
        bytes: u64,
        /// The price of the bytes.
        cost: Gwei,
    },
    /// Another payload for the EE pays better.
    #[error("another payload for EE {ee} pays better")]
    Outbid {
        /// The EE.
        ee: EeIndex,
    },
    /// The payloads that pay better leave no room for it.
    #[error("EE {ee}: the block has no room left for {bytes} bytes and {fuel} fuel")]
    NoRoom {
        /// The EE.
        ee: EeIndex,
        /// Its bytes.
        bytes: u64,
        /// Its fuel.
        fuel: u64,
    },
}

/// A payload that could be in the block.
struct Candidate {
    index: usize,
    payload: EePayload,
    transition: EeTransition,
    bytes: u64,
    profit: Gwei,
    /// The larger of its shares of the block's bytes and fuel, in units of 2^-32, and at least one.
    share: u64,
}

/// Fills a block at a place with the payloads that pay best, given the price of a byte.
///
/// # Errors
///
/// Fails if there is no such shard. A bad payload is no error; it is left out.
pub fn fill<C: Codes>(
    executor: &Executor<C>,
    place: &ShardPlace,
    offered: Vec<EePayload>,
    gasprice: Gwei,
) -> Result<Filled, ExecutorError> {
    let transitions = executor.transitions(place, &offered);
    let (mut candidates, mut left_out) = (Vec::new(), Vec::new());
    for (index, (payload, transition)) in offered.into_iter().zip(transitions).enumerate() {
        let candidate = transition.map_err(LeftOut::from);
        let candidate =
            candidate.and_then(|transition| consider(executor, place, index, payload, transition, gasprice));
        match candidate {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) => left_out.push((index, reason)),
        }
    }
    candidates.sort_by(|one, other| {
        let [one_profit, other_profit] =
            [(one, other), (other, one)].map(|(a, b)| u128::from(a.profit) * u128::from(b.share));
        other_profit.cmp(&one_profit).then(one.index.cmp(&other.index))
    });
    let chosen = choose(executor, candidates, &mut left_out);
    left_out.sort_by_key(|(index, _)| *index);
    let profit = chosen.iter().map(|candidate| candidate.profit).fold(0, Gwei::saturating_add);
    let (payloads, transitions): (Vec<_>, Vec<_>) =
        chosen.into_iter().map(|candidate| (candidate.payload, candidate.transition)).unzip();
    let header = header(place, transitions)?;
    let payloads = payloads.try_into().or(Err(ExecutorError::PayloadsMax { got: PAYLOADS_MAX }))?;
    Ok(Filled { body: ShardBody { header, payloads, ..ShardBody::default() }, profit, left_out })
}

/// Checks that a payload may be in the block by itself, and pays for its bytes.
fn consider<C: Codes>(
    executor: &Executor<C>,
    place: &ShardPlace,
    index: usize,
    payload: EePayload,
    transition: EeTransition,
    gasprice: Gwei,
) -> Result<Candidate, LeftOut> {
    let (ee, settings) = (payload.ee, executor.settings());
    let alone = header(place, vec![transition.clone()])?;
    apply_execution_header(&mut place.view.clone(), (place.shard, place.slot), &alone, place.epoch, settings)
        .map_err(|error| LeftOut::Ledger { ee, error })?;
    let bytes = [payload.ssz_bytes_len(), transition.ssz_bytes_len()].map(|bytes| bytes as u64);
    let bytes = bytes.into_iter().fold(2 * OFFSET_BYTES, u64::saturating_add);
    let (fee, cost) = (transition.proposer_fee, gasprice.saturating_mul(bytes));
    let profit = fee.checked_sub(cost).ok_or(LeftOut::Unprofitable { ee, fee, bytes, cost })?;
    let share = |part: u64, whole: u64| (u128::from(part) << 32) / u128::from(whole.max(1));
    let share =
        share(bytes, MAX_SHARD_BLOCK_SIZE).max(share(transition.fuel_used, settings.fuel_per_block_max));
    let share = u64::try_from(share).unwrap_or(u64::MAX).max(1);
    Ok(Candidate { index, payload, transition, bytes, profit, share })
}

/// Takes candidates in their order as long as they fit; returns them by EE.
fn choose<C: Codes>(
    executor: &Executor<C>,
    candidates: Vec<Candidate>,
    left_out: &mut Vec<(usize, LeftOut)>,
) -> Vec<Candidate> {
    let empty = ShardBody::default().to_body().len() as u64;
    let mut bytes_left = MAX_SHARD_BLOCK_SIZE.saturating_sub(empty);
    let mut fuel_left = executor.settings().fuel_per_block_max;
    let mut chosen: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let Candidate { index, bytes, .. } = candidate;
        let (ee, fuel) = (candidate.payload.ee, candidate.transition.fuel_used);
        if chosen.iter().any(|chosen| chosen.payload.ee == ee) {
            left_out.push((index, LeftOut::Outbid { ee }));
        } else if bytes > bytes_left || fuel > fuel_left || chosen.len() == PAYLOADS_MAX {
            left_out.push((index, LeftOut::NoRoom { ee, bytes, fuel }));
        } else {
            bytes_left -= bytes;
            fuel_left -= fuel;
            chosen.push(candidate);
        }
    }
    chosen.sort_by_key(|candidate| candidate.payload.ee);
    chosen
}
