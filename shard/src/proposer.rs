//! Proposers of shard blocks, which fill a block with the payloads and receipts that pay best.
//!
//! A proposer understands no EE: it executes each payload, and the output has fuel and fee. Its profit from a payload is
//! the fee and those of the receipts that it takes, without the price of the bytes, which the ledger collects from it. An
//! offer takes up the larger of its shares of the block's bytes and fuel, and the proposer takes the offers with the
//! most profit for that, as long as they fit. Among offers that pay the same, EEs take turns: in each slot, another one
//! comes first. A block has at most one payload for each EE: that with the most profit, or if that does not fit, the next one.
//! Of those with the same profit, the one that was offered first is better.
//!
//! The ledger may accept each offer but not all of them, for example because there is no more room for deposits or on a
//! lane. Then the proposer leaves out each offer that is not accepted together with better ones.
//!
//! Receipts that return or come from the beacon chain have no fee. So that they reach their EE all the same, a proposer takes an offer
//! with such receipts although it does not pay, and in even slots rather than another one for the EE.
//!
//! Receipts that no payload takes, because they have expired or their EE takes none, have to be settled or else their lanes
//! stand still. A proposer settles them even if their fees do not pay, up to [`DUTIES`].

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeSet,
};

use outrider_beacon::ledger::{
    EeIndex, ExecutionHeader, InboundBatch, ReceiptKind, ShardBody, ShardPlace, apply_execution_header,
    error::HeaderError,
};
use outrider_beacon_spec::{
    constants::MAX_SHARD_BLOCK_SIZE,
    math::index,
    types::{Gwei, Shard, Slot},
};
use ssz::Encode as _;

use crate::{
    executor::{Codes, Contents, Derived, Executor, ExecutorError},
    relay::ReceiptLimits,
};

/// The most payloads of a block.
const PAYLOADS_MAX: usize = 64;
/// The bytes of a settlement with all bits of a window, and of its offset: three lists of 1,024 bits and one for the length,
/// five numbers and offsets.
const SETTLEMENT_BYTES_MAX: usize = 3 * 129 + 4 * 8 + 3 * 4 + 4;
/// The most batches of receipts in a block.
const BATCHES_MAX: usize = 64;
/// The most that receipts without a payload take up in a block, although their fees may not pay for them: half of its bytes, so
/// that they are settled about as fast as they can be sent.
pub const DUTIES: ReceiptLimits = ReceiptLimits {
    receipts_max: 1024,
    bytes_max: 1 << 19,
    batches_max: BATCHES_MAX / 2,
    returning_ees_max: PAYLOADS_MAX / 2,
};

/// A block that a proposer has filled.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The body of the block.
    pub body: ShardBody,
    /// The proposer's profit from the payloads and their receipts, in Gwei.
    pub profit: Gwei,
    /// The offers that are not in it, by their positions among those offered, with the reason for each.
    pub left_out: Vec<(usize, LeftOut)>,
}

/// The reason for which a payload is not in a block.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeftOut {
    /// It cannot be executed here.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The ledger refuses its transition, for example because it spends more ether than the EE has, or refuses it
    /// together with those of payloads that pay better.
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
    /// It has no payload, or more than one.
    #[error("an offer has one payload, got {got}")]
    Payloads {
        /// The number of payloads.
        got: usize,
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

/// A payload with its receipts that could be in the block.
struct Candidate {
    index: usize,
    ee: EeIndex,
    contents: Contents,
    fuel: u64,
    bytes: u64,
    /// Whether it delivers receipts that can have no fee.
    is_duty: bool,
    profit: Gwei,
    /// Its profit for its share of the block, and no more than that of better ones for its EE.
    pay: Pay,
}

/// Fills a block at a place with the offers that pay best, given the price of a byte. Each is a payload with the receipts
/// that it takes. Batches of receipts without a payload come first; those that are refused are left out.
///
/// # Errors
///
/// Fails if there is no such shard. A bad offer is no error; it is left out.
pub fn fill<C: Codes>(
    executor: &Executor<C>,
    place: &ShardPlace,
    offered: Vec<Contents>,
    duties: Vec<InboundBatch>,
    gasprice: Gwei,
) -> Result<Filled, ExecutorError> {
    let (duties, duty_bytes) = take_duties(executor, place, duties);
    let derived = executor.derive_each(place, &offered);
    let (mut candidates, mut left_out) = (Vec::new(), Vec::new());
    for (index, (contents, derived)) in offered.into_iter().zip(derived).enumerate() {
        let candidate = derived.map_err(LeftOut::from);
        let candidate =
            candidate.and_then(|derived| consider(executor, place, index, contents, derived, gasprice));
        match candidate {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) => left_out.push((index, reason)),
        }
    }
    sort(&mut candidates, place.slot);
    let (chosen, body) = loop {
        let chosen = choose(executor, (&duties, duty_bytes), &candidates);
        match first_refused(executor, place, &duties, &candidates, &chosen.taken)? {
            Together::Accepted(body) => break (chosen, body),
            Together::Refused(place, reason) => {
                let Candidate { index, .. } = candidates.remove(place);
                left_out.push((index, reason));
            }
        }
    };
    left_out.extend(chosen.left_out);
    left_out.sort_by_key(|(index, _)| *index);
    let taken = chosen.taken.iter().filter_map(|place| candidates.get(*place));
    let profit = taken.map(|candidate| candidate.profit).fold(0, Gwei::saturating_add);
    Ok(Filled { body, profit, left_out })
}

/// Sorts candidates, the best first; those for one EE by their profit. Of those that pay the same, EEs come in the order of their
/// indices, but the slot decides which is the first.
fn sort(candidates: &mut [Candidate], slot: Slot) {
    // In even slots, so that packages that do not go with such receipts have their turn, too.
    let is_first = |candidate: &Candidate| candidate.is_duty && slot.is_multiple_of(2);
    candidates.sort_by_key(|candidate| {
        (candidate.ee, Reverse((is_first(candidate), candidate.profit)), candidate.index)
    });
    for for_ee in candidates.chunk_by_mut(|one, other| one.ee == other.ee) {
        let mut least = None;
        for candidate in for_ee {
            candidate.pay = least.map_or(candidate.pay, |least: Pay| least.min(candidate.pay));
            least = Some(candidate.pay);
        }
    }
    let ees: BTreeSet<_> = candidates.iter().map(|candidate| candidate.ee).collect();
    let first = slot.checked_rem(ees.len() as u64).and_then(|turn| ees.iter().nth(index(turn))).copied();
    // It keeps the order of those for one EE.
    candidates.sort_by_key(|candidate| (Reverse(candidate.pay), Some(candidate.ee) < first, candidate.ee));
}

/// The profit from a payload, compared by what it is for the payload's share of the block.
#[derive(Clone, Copy)]
struct Pay {
    profit: Gwei,
    /// The larger of the payload's shares of the block's bytes and fuel, in units of 2^-32, and at least one.
    share: u64,
}

impl Ord for Pay {
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |one: &Self, other: &Self| u128::from(one.profit) * u128::from(other.share);
        product(self, other).cmp(&product(other, self))
    }
}

impl PartialOrd for Pay {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pay {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pay {}

/// The result of putting candidates into one block.
enum Together {
    Accepted(ShardBody),
    /// The first of them, by its place, that is not accepted with those before it.
    Refused(usize, LeftOut),
}

/// Puts the taken candidates into one block. Makes one block if it is accepted, and else about log2 of their number; their
/// executions are known.
fn first_refused<C: Codes>(
    executor: &Executor<C>,
    place: &ShardPlace,
    duties: &Contents,
    candidates: &[Candidate],
    taken: &[usize],
) -> Result<Together, ExecutorError> {
    let together = |n: usize| {
        let mut first_n: Vec<_> = taken.iter().take(n).filter_map(|place| candidates.get(*place)).collect();
        let ee = first_n.last().map(|candidate| candidate.ee);
        first_n.sort_by_key(|candidate| candidate.ee);
        let mut contents = duties.clone();
        for Candidate { contents: Contents { inbound, payloads }, .. } in first_n {
            contents.inbound.extend(inbound.iter().cloned());
            contents.payloads.extend(payloads.iter().cloned());
        }
        contents.inbound.sort_by_key(first_receipt);
        let body = executor.body(place, contents)?;
        let ee = ee.unwrap_or_default();
        is_valid(executor, place, &body.header).map_err(|error| LeftOut::Ledger { ee, error })?;
        let bytes = body.to_body().len() as u64;
        if bytes > MAX_SHARD_BLOCK_SIZE {
            return Err(LeftOut::NoRoom { ee, bytes, fuel: 0 });
        }
        Ok(body)
    };
    let mut reason = match together(taken.len()) {
        Ok(body) => return Ok(Together::Accepted(body)),
        Err(reason) => reason,
    };
    // Duties are accepted by themselves; with all candidates, the block is refused.
    let (mut accepted, mut refused) = (0, taken.len());
    while refused.saturating_sub(accepted) > 1 {
        let middle = accepted.midpoint(refused);
        match together(middle) {
            Ok(_) => accepted = middle,
            Err(earlier) => (refused, reason) = (middle, earlier),
        }
    }
    match (taken.get(accepted), reason) {
        (Some(place), reason) => Ok(Together::Refused(*place, reason)),
        (None, LeftOut::Executor(error)) => Err(error),
        // Duties that are not accepted together are left out.
        (None, _) => Ok(Together::Accepted(executor.body(place, Contents::default())?)),
    }
}

fn first_receipt(batch: &InboundBatch) -> (Shard, u64) {
    (batch.source_shard, batch.lane.first.saturating_add(batch.start))
}

/// Takes batches of receipts without a payload, as long as they are valid and fit into [`DUTIES`]; returns the bytes that they
/// add to a body, at most.
fn take_duties<C: Codes>(
    executor: &Executor<C>,
    place: &ShardPlace,
    duties: Vec<InboundBatch>,
) -> (Contents, u64) {
    let each: Vec<_> =
        duties.into_iter().map(|batch| Contents { inbound: vec![batch], payloads: Vec::new() }).collect();
    let derived = executor.derive_each(place, &each);
    let mut taken = Contents::default();
    let mut bytes_left = DUTIES.bytes_max as u64;
    for (contents, derived) in each.into_iter().zip(derived) {
        let Ok(derived) = derived else { continue };
        let bytes = bytes(&contents, &derived.header);
        if is_valid(executor, place, &derived.header).is_ok()
            && bytes <= bytes_left
            && taken.inbound.len() < DUTIES.batches_max
        {
            bytes_left = bytes_left.saturating_sub(bytes);
            taken.inbound.extend(contents.inbound);
        }
    }
    // Together they may need more room on a lane than there is.
    let is_accepted = |taken: &Contents| {
        let body = executor.body(place, taken.clone());
        body.is_ok_and(|body| is_valid(executor, place, &body.header).is_ok())
    };
    while !taken.inbound.is_empty() && !is_accepted(&taken) {
        taken.inbound.truncate(taken.inbound.len() / 2);
    }
    (taken, (DUTIES.bytes_max as u64).saturating_sub(bytes_left))
}

/// Returns the bytes that contents and what follows from them add to a body, at most, together with others.
fn bytes(contents: &Contents, header: &ExecutionHeader) -> u64 {
    let lengths = [
        contents.inbound.iter().map(with_offset).sum::<usize>(),
        contents.payloads.iter().map(with_offset).sum(),
        header.transitions.iter().map(with_offset).sum(),
        // With other offers, a settlement may have as many bits as a window.
        header.settlements.len().saturating_mul(SETTLEMENT_BYTES_MAX),
        header.lanes.ssz_bytes_len(),
    ];
    lengths.into_iter().fold(0, |sum, bytes| sum.saturating_add(bytes as u64))
}

/// Returns the bytes of an element of a list of elements with different lengths: its own, and those of its offset.
fn with_offset(element: &impl ssz::Encode) -> usize {
    element.ssz_bytes_len().saturating_add(ssz::BYTES_PER_LENGTH_OFFSET)
}

/// Checks that the ledger takes a header.
fn is_valid<C: Codes>(
    executor: &Executor<C>,
    place: &ShardPlace,
    header: &ExecutionHeader,
) -> Result<(), HeaderError> {
    let (mut view, settings) = (place.view.clone(), executor.settings());
    apply_execution_header(&mut view, (place.shard, place.slot), header, place.epoch, settings).map(|_| ())
}

/// Checks that an offer may be in the block by itself, and pays for its bytes.
fn consider<C: Codes>(
    executor: &Executor<C>,
    place: &ShardPlace,
    index: usize,
    contents: Contents,
    Derived { header, .. }: Derived,
    gasprice: Gwei,
) -> Result<Candidate, LeftOut> {
    let settings = executor.settings();
    let [payload] = &contents.payloads[..] else {
        return Err(LeftOut::Payloads { got: contents.payloads.len() });
    };
    let ee = payload.ee;
    is_valid(executor, place, &header).map_err(|error| LeftOut::Ledger { ee, error })?;
    let bytes = bytes(&contents, &header);
    let fees = header.transitions.iter().map(|transition| transition.proposer_fee);
    let fees = fees.chain(header.settlements.iter().map(|settlement| settlement.fees));
    let (fee, cost) = (fees.fold(0, Gwei::saturating_add), gasprice.saturating_mul(bytes));
    let returns = contents.inbound.iter().flat_map(|batch| &batch.receipts);
    let is_duty = returns.into_iter().any(|receipt| receipt.kind != ReceiptKind::Message as u8);
    let profit = match fee.checked_sub(cost) {
        Some(profit) => profit,
        None if is_duty => 0,
        None => return Err(LeftOut::Unprofitable { ee, fee, bytes, cost }),
    };
    let fuel = header.transitions.iter().map(|transition| transition.fuel_used);
    let fuel = fuel.fold(0, u64::saturating_add);
    let share = |part: u64, whole: u64| (u128::from(part) << 32) / u128::from(whole.max(1));
    let share = share(bytes, MAX_SHARD_BLOCK_SIZE).max(share(fuel, settings.fuel_per_block_max));
    let share = u64::try_from(share).unwrap_or(u64::MAX).max(1);
    Ok(Candidate { index, ee, contents, fuel, bytes, is_duty, profit, pay: Pay { profit, share } })
}

/// A choice among candidates.
struct Choice {
    /// Those in the block, the best first, by their places.
    taken: Vec<usize>,
    left_out: Vec<(usize, LeftOut)>,
}

/// Takes candidates in their order as long as they fit.
fn choose<C: Codes>(
    executor: &Executor<C>,
    (duties, duty_bytes): (&Contents, u64),
    candidates: &[Candidate],
) -> Choice {
    let empty = ShardBody::default().to_body().len() as u64;
    let mut bytes_left = MAX_SHARD_BLOCK_SIZE.saturating_sub(empty).saturating_sub(duty_bytes);
    let mut fuel_left = executor.settings().fuel_per_block_max;
    let mut batches_left = BATCHES_MAX.saturating_sub(duties.inbound.len());
    let mut ees = BTreeSet::new();
    let (mut taken, mut left_out) = (Vec::new(), Vec::new());
    for (n, candidate) in candidates.iter().enumerate() {
        let Candidate { index, ee, fuel, bytes, ref contents, .. } = *candidate;
        let batches = contents.inbound.len();
        if ees.contains(&ee) {
            left_out.push((index, LeftOut::Outbid { ee }));
        } else if bytes > bytes_left
            || fuel > fuel_left
            || batches > batches_left
            || taken.len() == PAYLOADS_MAX
        {
            left_out.push((index, LeftOut::NoRoom { ee, bytes, fuel }));
        } else {
            bytes_left -= bytes;
            fuel_left -= fuel;
            batches_left -= batches;
            ees.insert(ee);
            taken.push(n);
        }
    }
    Choice { taken, left_out }
}
