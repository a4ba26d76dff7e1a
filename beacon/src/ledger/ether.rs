//! The ledger's checks of an execution header, and the header's effects.
//!
//! The ledger computes sums itself and trusts none. Committees vouch for state roots, and for the distribution of
//! arriving ether among the EEs of a shard; whatever they sign, they create no ether, and spend only the balances of
//! EEs on their shard and the ether in flight to it.
//!
//! Beyond the design, a receipt is settled only if it has been sent (L5), because settling a number beforehand would
//! lock up the later receipt; the length of a body is part of its root, and must be that of the transition (L1); and an
//! EE that receives ether without an execution keeps its root and spends nothing (L3).

use super::{
    BEACON_CHAIN, CrosslinkedBlock, EeTransition, Ether, ExecutionHeader, Ledger, PendingDeposit, Settings,
    ShardExecution,
    assumptions::check_assumptions,
    change,
    error::HeaderError,
    execution::{BODY_DEPTH, RECENT_SLOTS},
    lanes,
    outbox::set_recent,
    thin,
};
use outrider_beacon_spec::{
    constants::{FAR_FUTURE_EPOCH, MAX_SHARD_BLOCK_SIZE},
    error::Error,
    hash::{hash, hash_tree_root},
    math::{Uint64 as _, index, sum},
    types::{Bytes32, Epoch, Gwei, Root, Shard, Slot},
};

/// The most pending deposits of all shards. Each shard has an equal part.
const PENDING_DEPOSITS_MAX: usize = 1 << 16;

/// Sums over the parts of a header.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    value_in: Gwei,
    value_out: Gwei,
    proposer_fees: Gwei,
    fuel: u64,
}

/// Checks the header of a crosslinked shard block, and applies it; one with an assumption that did not come true is
/// ignored. Returns the fees of the block's proposer, which leave the ledger. `epoch` is that of the shard block's slot.
/// The checks are, in this order:
///
///
/// - L1: the body begins with the header's root, by the branch to the data root, and has the length of the transition;
/// - L2: the header's parent is the shard's latest execution root. (The caller checks that there is one header for each
///   block, in order.) If the settings allow assumptions, a header with another parent is ignored instead;
/// - L3: EEs are in order, active and awake, and on the shard; each starts from its latest root;
/// - L4: each EE has the balance that it starts from, spends no more than it has, and its deposits are the sum of those
///   listed, for which the shard has room; arriving ether that no EE receives bounces;
/// - L5: settled receipts have been sent, are in the window, and have not been settled before;
/// - L6: no more ether is taken from a lane than is in flight on it;
/// - L7: lanes continue where they ended, and have room at their destination, messages within [`Settings::window`]; the
///   header counts less than [`RECENT_SLOTS`] slots after its own, or else nobody could prove its receipts;
/// - L8: fuel and bytes are within the limits;
/// - L9: assumptions are in order, of other shards, and no more than the settings allow; it comes right after L1.
///
/// With [`Ether::Committee`], L3 to L7 are checked by committees alone.
///
/// # Errors
///
/// Fails at the first check that does not hold; then nothing has changed.
pub fn process_execution_header(
    ledger: &mut Ledger,
    block: &CrosslinkedBlock,
    execution: &ShardExecution,
    epoch: Epoch,
    settings: &Settings,
) -> Result<Gwei, HeaderError> {
    let header = &execution.header;
    check_crosslinked(block, execution, settings)?;
    let continues = !settings.ignores_headers() || ledger.is_continued_by(block.shard, header);
    if !continues || !ledger.has_assumed(header) {
        return Ok(0);
    }
    apply_execution_header(ledger, (block.shard, block.slot), header, epoch, settings)
}

/// Makes the checks of [`process_execution_header`] without L1, for a header whose block is not crosslinked yet, and
/// applies it as if its assumptions had come true. Returns the fees of the block's proposer.
///
/// # Errors
///
/// Fails at the first check that does not hold; then nothing has changed.
pub fn apply_execution_header(
    ledger: &mut Ledger,
    (shard, slot): (Shard, Slot),
    header: &ExecutionHeader,
    epoch: Epoch,
    settings: &Settings,
) -> Result<Gwei, HeaderError> {
    let shard_ledger = ledger.shards.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let (got, expected) = (header.parent_execution_root, shard_ledger.execution_root);
    if got != expected {
        return Err(HeaderError::ParentExecutionRoot { got, expected });
    }
    check_assumptions(shard, header, settings)?;
    let fees = accept_header(ledger, shard, slot, header, epoch, settings)?;
    change(&mut ledger.shards, shard, |shard| {
        shard.execution_root = hash_tree_root(header);
        Ok::<_, Error>(())
    })?;
    Ok(fees)
}

/// Checks L3 to L8, and applies a header except that the shard's latest execution root stays. If a check fails, nothing
/// has changed.
pub(super) fn accept_header(
    ledger: &mut Ledger,
    shard: Shard,
    slot: Slot,
    header: &ExecutionHeader,
    epoch: Epoch,
    settings: &Settings,
) -> Result<Gwei, HeaderError> {
    let mut next = ledger.clone();
    if settings.ether == Ether::Committee {
        let fees = thin::process_header(&mut next, shard, header, settings)?;
        *ledger = next;
        return Ok(fees);
    }
    let is_recent = slot.saturating_add(RECENT_SLOTS) > next.slot;
    if !is_recent && !header.lanes.is_empty() {
        return Err(HeaderError::LanesLate { sent: slot, counted: next.slot });
    }
    let sums = process_transitions(&mut next, shard, header, epoch, settings)?;
    let settled = lanes::process_settlements(&mut next, shard, &header.settlements)?;
    let (bounces, window) = (&settled.bounces, settings.window);
    let sent = lanes::process_lanes(&mut next, shard, &header.lanes, bounces, window)?;
    check_sums(&sums, &settled, sent)?;
    let limit = settings.fuel_per_block_max;
    if sums.fuel > limit {
        return Err(HeaderError::BlockFuel { got: sums.fuel, limit });
    }

    let to_proposer = sums.proposer_fees.plus(settled.fees)?;
    next.total = next.total.minus(to_proposer)?;
    if is_recent {
        let execution_root = hash_tree_root(header);
        change(&mut next.shards, shard, |shard| set_recent(&mut shard.recent, slot, execution_root))?;
    }
    *ledger = next;
    Ok(to_proposer)
}

/// Checks L1, the bytes of L8, and L9: those that do not depend on the ledger.
pub(super) fn check_crosslinked(
    block: &CrosslinkedBlock,
    execution: &ShardExecution,
    settings: &Settings,
) -> Result<(), HeaderError> {
    let (execution_root, branch) = (hash_tree_root(&execution.header), &execution.branch);
    debug_assert_eq!(branch.len(), BODY_DEPTH, "the container's length");
    // The first chunk is always a left child.
    let got = branch.iter().fold(execution_root, |left, right| hash(&[left.as_slice(), right.as_slice()]));
    if got != block.data_root {
        return Err(HeaderError::DataRoot { got, expected: block.data_root });
    }
    let mut length = Bytes32::ZERO;
    length.0.iter_mut().zip(block.length.to_le_bytes()).for_each(|(to, from)| *to = from);
    let got = branch.last().copied().unwrap_or_default();
    if got != length {
        return Err(HeaderError::BodyLength { got, expected: block.length });
    }
    if block.length > MAX_SHARD_BLOCK_SIZE {
        return Err(HeaderError::BodyBytes { got: block.length, limit: MAX_SHARD_BLOCK_SIZE });
    }
    check_assumptions(block.shard, &execution.header, settings)
}

/// Checks L3, the part of L4 about single EEs, and their fuel.
fn process_transitions(
    ledger: &mut Ledger,
    shard: Shard,
    header: &ExecutionHeader,
    epoch: Epoch,
    settings: &Settings,
) -> Result<Sums, HeaderError> {
    check_deposits(ledger, shard, header)?;
    let mut sums = Sums::default();
    let mut previous = None;
    for transition in &header.transitions {
        let ee = transition.ee;
        if let Some(previous) = previous.filter(|previous| *previous >= ee) {
            return Err(HeaderError::EeOrder { got: ee, previous });
        }
        previous = Some(ee);
        check_active(ledger, shard, transition, epoch)?;
        let balance = balance_after(ledger, shard, transition, settings)?;
        change(&mut ledger.shards, shard, |shard| {
            change(&mut shard.ees, u64::from(ee), |state| {
                state.state_root = transition.post_state_root;
                state.balance = balance;
                Ok::<_, HeaderError>(())
            })
        })?;
        let (got, limit) = (transition.fuel_used, settings.fuel_per_ee_max);
        if got > limit {
            return Err(HeaderError::EeFuel { ee, got, limit });
        }
        sums.value_in = sums.value_in.plus(transition.value_in)?;
        sums.value_out = sums.value_out.plus(transition.value_out)?;
        sums.proposer_fees = sums.proposer_fees.plus(transition.proposer_fee)?;
        sums.fuel = sums.fuel.plus(transition.fuel_used)?;
    }
    queue_deposits(ledger, shard, &header.transitions)?;
    Ok(sums)
}

/// Checks that an EE is active, by L3. An inactive EE may receive ether without an execution, because a late bounce has
/// nowhere else to go.
fn check_active(
    ledger: &Ledger,
    shard: Shard,
    transition: &EeTransition,
    epoch: Epoch,
) -> Result<(), HeaderError> {
    let ee = transition.ee;
    let unknown = HeaderError::EeUnknown { got: ee, n: ledger.ees.len() };
    let record = ledger.ees.get(ee as usize).ok_or(unknown)?;
    if !record.is_on(shard) {
        return Err(HeaderError::EeElsewhere { ee, shard });
    }
    let is_executed = transition.payload_root != Root::ZERO;
    if is_executed && record.is_asleep(epoch) {
        return Err(HeaderError::EeAsleep { ee, got: epoch, from: record.hibernation_epoch });
    }
    let was_accepted = record.deployed_epoch != FAR_FUTURE_EPOCH;
    if is_executed && !record.is_deployed(epoch) || !was_accepted {
        let (from, until) = (record.deployed_epoch, record.exit_epoch);
        return Err(HeaderError::EeNotActive { ee, got: epoch, from, until });
    }
    let changes_nothing = transition.pre_state_root == transition.post_state_root
        && [transition.value_out, transition.deposits, transition.proposer_fee, transition.fuel_used]
            == [0; 4];
    if is_executed || changes_nothing { Ok(()) } else { Err(HeaderError::NotExecuted { ee }) }
}

/// Checks the root by L3, and L4 for one EE; returns its balance afterwards.
fn balance_after(
    ledger: &Ledger,
    shard: Shard,
    transition: &EeTransition,
    settings: &Settings,
) -> Result<Gwei, HeaderError> {
    let ee = transition.ee;
    let shard_ledger = ledger.shards.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let state = shard_ledger.ees.get(ee as usize).ok_or(Error::IndexOutOfRange)?;
    let (got, expected) = (transition.pre_state_root, state.state_root);
    if got != expected {
        return Err(HeaderError::PreStateRoot { ee, got, expected });
    }
    let (got, expected) = (transition.balance, state.balance);
    if got != expected {
        return Err(HeaderError::Balance { ee, got, expected });
    }
    let least = settings.deposit_amount_min;
    if let Some(small) = transition.deposit_data.iter().find(|data| data.amount < least) {
        return Err(HeaderError::DepositAmount { ee, got: small.amount, least });
    }
    let (got, expected) = (transition.deposits, sum(transition.deposit_data.iter().map(|data| data.amount))?);
    if got != expected {
        return Err(HeaderError::Deposits { ee, got, expected });
    }
    let available = state.balance.plus(transition.value_in)?;
    let got = sum([transition.value_out, transition.deposits, transition.proposer_fee])?;
    available.checked_sub(got).ok_or(HeaderError::Overdraft { ee, got, available })
}

/// Checks that a shard has room for the deposits of a header among the pending ones. Other shards do not matter, and the beacon
/// chain only takes deposits away; so a header that passes on the view of its shard block passes when it is crosslinked.
pub(super) fn check_deposits(
    ledger: &Ledger,
    shard: Shard,
    header: &ExecutionHeader,
) -> Result<(), HeaderError> {
    let n_new: usize = header.transitions.iter().map(|transition| transition.deposit_data.len()).sum();
    if n_new == 0 {
        return Ok(());
    }
    let (got, limit) =
        (ledger.n_pending_deposits(shard).saturating_add(n_new), ledger.pending_deposits_max());
    if got > limit { Err(HeaderError::PendingDeposits { got, limit }) } else { Ok(()) }
}

/// Adds the deposits of a header to the pending ones, for which [`check_deposits`] has found room. They are added together,
/// because the list takes memory in proportion to its length whenever it changes.
pub(super) fn queue_deposits(
    ledger: &mut Ledger,
    shard: Shard,
    transitions: &[EeTransition],
) -> Result<(), HeaderError> {
    for transition in transitions {
        for data in &transition.deposit_data {
            let pending = PendingDeposit { data: data.clone(), shard, ee: transition.ee };
            ledger.pending_deposits.push(pending).map_err(Error::from)?;
        }
    }
    Ok(ledger.pending_deposits.apply_updates().map_err(Error::from)?)
}

/// Checks L4 over all EEs: settled ether that no EE received bounces, and sent ether that is not from an EE is the
/// bounced ether.
fn check_sums(sums: &Sums, settled: &lanes::SettlementSums, sent: Gwei) -> Result<(), HeaderError> {
    let (value_in, value_out) = (sums.value_in, sums.value_out);
    let bounced = settled.value.checked_sub(value_in);
    if bounced.is_none() || bounced != sent.checked_sub(value_out) {
        return Err(HeaderError::Sums { settled: settled.value, value_in, sent, value_out });
    }
    match bounced {
        Some(got) if got > 0 && settled.bounces.values().all(|n| *n == 0) => Err(HeaderError::Bounce { got }),
        _ => Ok(()),
    }
}

impl Ledger {
    /// Returns the number of deposits that a block of a shard can make.
    #[must_use]
    pub fn deposits_room(&self, shard: Shard) -> usize {
        self.pending_deposits_max().saturating_sub(self.n_pending_deposits(shard))
    }

    /// Returns the number of a shard's deposits that wait, and of those that bounce.
    fn n_pending_deposits(&self, shard: Shard) -> usize {
        let n_pending = self.pending_deposits.iter().filter(|pending| pending.shard == shard).count();
        let n_bounces = self.shards.get(index(shard)).map_or(0, |shard| shard.bounces.len());
        n_pending.saturating_add(n_bounces)
    }

    /// Returns the most of them.
    fn pending_deposits_max(&self) -> usize {
        PENDING_DEPOSITS_MAX / self.shards.len().max(1)
    }

    /// Returns whether a shard number is the beacon chain's or that of a shard.
    pub(super) fn is_source(&self, shard: u64) -> bool {
        shard == BEACON_CHAIN || index(shard) < self.shards.len()
    }
}
