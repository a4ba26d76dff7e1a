//! Ether from an EE to a validator.

use ssz::Encode as _;

use super::{Context, deploy::push};
use crate::ledger::{
    LedgerError, LedgerPhase, PendingDeposit, Receipt, ReceiptKind, change, error::OperationError,
};
use outrider_beacon_spec::{
    block::apply_deposit,
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    signatures::Signatures,
};

/// The number of bytes of a bounced deposit that return with its hash.
const TAG_BYTES: usize = 64;
/// The most deposits of which a block verifies signatures, and the most that it returns of those that wait. Together with
/// ether from validators, they find room among the 64 lanes of a block.
const DUE_MAX: usize = 32;
const BOUNCES_MAX: usize = 16;

/// Gives pending deposits to validators, the oldest first, up to the number in the settings.
///
/// In the specification, a first deposit with an invalid signature is lost. Here it returns to the EE, as a bounced
/// receipt of the beacon chain. If the lane to the shard has no room, or others wait for it, the deposit waits in a list of
/// the shard. So each signature is verified once, and a full lane keeps up only its own shard.
pub(crate) fn process_pending_deposits<P: LedgerPhase>(
    context: &mut Context<'_, P>,
) -> Result<(), LedgerError> {
    bounce_waiting(context)?;
    let pending = &context.ledger.pending_deposits;
    let n_due = pending.len().min(context.rules.settings.deposits_per_block_max).min(DUE_MAX);
    if n_due == 0 {
        return Ok(());
    }
    let due: Vec<_> = pending.iter().take(n_due).cloned().collect();
    context.ledger.pending_deposits.pop_front(n_due).map_err(Error::from)?;
    for pending in due {
        if give(context, &pending)? {
            continue;
        }
        let waiting = context.ledger.shards.get(index(pending.shard)).map(|shard| shard.bounces.is_empty());
        let is_first = waiting.ok_or(Error::IndexOutOfRange)?;
        if !(is_first && bounce(context, &pending)?) {
            change(&mut context.ledger.shards, pending.shard, |shard| push(&mut shard.bounces, pending))?;
        }
    }
    Ok(P::count_new_validators(context.state)?)
}

/// Returns deposits that wait for room on lanes, the oldest of a shard first. Each block begins with another shard.
fn bounce_waiting<P: LedgerPhase>(context: &mut Context<'_, P>) -> Result<(), LedgerError> {
    let n_shards = context.ledger.shards.len() as u64;
    let first = context.ledger.slot.checked_rem(n_shards).unwrap_or(0);
    let mut budget = BOUNCES_MAX;
    for shard in (first..n_shards).chain(0..first) {
        let bounces = context.ledger.shards.get(index(shard)).map(|shard| shard.bounces.clone());
        let mut n_sent = 0;
        for waiting in bounces.iter().flatten().take(budget) {
            if !bounce(context, waiting)? {
                break;
            }
            n_sent += 1;
        }
        if n_sent > 0 {
            change(&mut context.ledger.shards, shard, |shard| {
                shard.bounces.pop_front(n_sent).map_err(Error::from)
            })?;
        }
        budget = budget.saturating_sub(n_sent);
    }
    Ok(())
}

/// Gives a deposit to its validator, or to a new one; returns whether it succeeded.
fn give<P: LedgerPhase>(context: &mut Context<'_, P>, pending: &PendingDeposit) -> Result<bool, Error> {
    let signatures = if context.rules.verify_signatures { Signatures::Each } else { Signatures::Ignored };
    let is_given = apply_deposit(context.state, &pending.data, &signatures)?;
    if is_given {
        context.ledger.total = context.ledger.total.minus(pending.data.amount)?;
    }
    Ok(is_given)
}

/// Sends a deposit back to its EE, with its hash and its first bytes; returns whether there was room.
fn bounce<P: LedgerPhase>(
    context: &mut Context<'_, P>,
    pending: &PendingDeposit,
) -> Result<bool, LedgerError> {
    let mut payload = hash_tree_root(&pending.data).to_vec();
    payload.extend(pending.data.as_ssz_bytes().into_iter().take(TAG_BYTES));
    let receipt = Receipt {
        source_ee: u64::from(pending.ee),
        destination_shard: pending.shard,
        destination_ee: u64::from(pending.ee),
        kind: ReceiptKind::Bounced as u8,
        value: pending.data.amount,
        payload: payload.try_into().map_err(Error::from)?,
        ..Receipt::default()
    };
    match context.outbox.send(context.ledger, receipt) {
        Ok(()) => Ok(true),
        Err(OperationError::LaneFull { .. }) => Ok(false),
        Err(error) => Err(LedgerError::Due(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{
            EeTransition, ExecutionHeader, GenesisEe, Ledger, Outbox, Settings, WINDOW,
            apply_execution_header, error::HeaderError,
        },
        registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
    };
    use milhouse::List;
    use outrider_beacon_spec::{
        containers::{BeaconState, DepositData, Validator},
        phase::Phase1,
        preset::Minimal,
        types::Root,
    };

    struct Nobody;

    impl Admission for Nobody {
        fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
            Err(Refusal("nobody is asked".to_owned()))
        }
    }

    type P = Phase1<Minimal>;

    /// Returns a deposit without a valid signature.
    fn pending(shard: u64, amount: u64) -> PendingDeposit {
        PendingDeposit { data: DepositData { amount, ..DepositData::default() }, shard, ee: 3 }
    }

    /// Returns a deposit to the only validator, which needs no signature.
    fn good(shard: u64, amount: u64) -> PendingDeposit {
        let data = DepositData { amount, pubkey: [1; 48].into(), ..DepositData::default() };
        PendingDeposit { data, shard, ee: 3 }
    }

    /// A state and a ledger with these pending deposits.
    fn chain(list: &[PendingDeposit]) -> (BeaconState<P>, Ledger) {
        let mut state = BeaconState::<P>::default();
        let validator = Validator { pubkey: [1; 48].into(), ..Validator::default() };
        state.validators.push(validator).unwrap();
        state.balances.push(0).unwrap();
        state.root();
        let mut ledger = Ledger::genesis(&state, &[]).unwrap();
        ledger.total = list.iter().map(|pending| pending.data.amount).sum();
        ledger.pending_deposits = List::new(list.to_vec()).unwrap();
        (state, ledger)
    }

    /// Fills the lane from the beacon chain to shard 0, or gives it room for some receipts.
    fn set_room(ledger: &mut Ledger, n: u64) {
        let next = ledger.beacon_lanes.outbound.get(0).unwrap().next.max(WINDOW);
        change(&mut ledger.beacon_lanes.outbound, 0, |lane| {
            lane.next = next;
            Ok::<_, Error>(())
        })
        .unwrap();
        change(&mut ledger.shards, 0, |shard| {
            change(&mut shard.inbound, 0, |lane| {
                lane.next = next + n - WINDOW;
                Ok::<_, Error>(())
            })
        })
        .unwrap();
    }

    /// Runs the step of a block; returns shard and amount of each bounced deposit.
    fn step(state: &mut BeaconState<P>, ledger: &mut Ledger, settings: &Settings) -> Vec<(u64, u64)> {
        let rules = Rules { settings, admission: &Nobody, judge: &NoJudge, verify_signatures: true };
        let mut outbox = Outbox::default();
        let mut context = Context { state, ledger, outbox: &mut outbox, rules };
        process_pending_deposits(&mut context).unwrap();
        ledger.check_conservation().unwrap();
        ledger.slot += 1;
        let receipts = outbox.finish(ledger).unwrap();
        receipts.iter().map(|receipt| (receipt.destination_shard, receipt.value)).collect()
    }

    fn waiting(ledger: &Ledger, shard: usize) -> Vec<u64> {
        ledger.shards.get(shard).unwrap().bounces.iter().map(|pending| pending.data.amount).collect()
    }

    #[test]
    fn deposits_that_cannot_bounce_yet_wait_for_their_own_shard() {
        let (mut state, mut ledger) = chain(&[pending(0, 5), pending(1, 6), pending(0, 7)]);
        set_room(&mut ledger, 0);
        let settings = Settings { deposits_per_block_max: 2, ..Settings::default() };
        assert_eq!(step(&mut state, &mut ledger, &settings), [(1, 6)]);
        assert_eq!(ledger.pending_deposits.to_vec(), [pending(0, 7)]);
        assert_eq!(waiting(&ledger, 0), [5]);
        // The next one does not overtake the one that waits, and none is tried again.
        assert!(step(&mut state, &mut ledger, &settings).is_empty());
        assert_eq!((ledger.pending_deposits.len(), waiting(&ledger, 0)), (0, vec![5, 7]));
        assert!(step(&mut state, &mut ledger, &settings).is_empty());
        set_room(&mut ledger, 1);
        assert_eq!(step(&mut state, &mut ledger, &settings), [(0, 5)]);
        set_room(&mut ledger, 9);
        assert_eq!(step(&mut state, &mut ledger, &settings), [(0, 7)]);
        assert!(waiting(&ledger, 0).is_empty());
    }

    #[test]
    fn many_bad_deposits_for_a_full_lane_hold_up_no_others() {
        let bad = (0..100).map(|amount| pending(0, 100 + amount));
        let list: Vec<_> = bad.chain([good(0, 1), good(1, 2), pending(1, 3)]).collect();
        let (mut state, mut ledger) = chain(&list);
        set_room(&mut ledger, 0);
        let settings = Settings::default();
        let mut bounced = Vec::new();
        // At 16 a block, all 103 have had their turn after seven blocks.
        for _ in 0..7 {
            bounced.extend(step(&mut state, &mut ledger, &settings));
        }
        assert_eq!((bounced, *state.balances.get(0).unwrap()), (vec![(1, 3)], 3));
        assert_eq!((ledger.pending_deposits.len(), waiting(&ledger, 0).len()), (0, 100));
        // They come back as the lane gets room, in order, at most 16 in a block.
        let mut back = Vec::new();
        for (room, expected) in [(0, 0), (5, 5), (WINDOW, 16), (WINDOW, 16)] {
            set_room(&mut ledger, room);
            let bounced = step(&mut state, &mut ledger, &settings);
            assert_eq!(bounced.len(), expected, "{room}");
            back.extend(bounced);
        }
        assert_eq!(back, (0..37).map(|amount| (0, 100 + amount)).collect::<Vec<_>>());
        assert_eq!(
            ledger.distribution().in_flight,
            u128::from(ledger.total) - ledger.distribution().pending_deposits
        );
    }

    #[test]
    fn shards_take_turns_at_returning_deposits() {
        let list: Vec<_> = (0..40).map(|amount| pending(amount % 2, 100 + amount)).collect();
        let (mut state, mut ledger) = chain(&[]);
        for deposit in &list {
            change(&mut ledger.shards, deposit.shard, |shard| push(&mut shard.bounces, deposit.clone()))
                .unwrap();
        }
        ledger.total = list.iter().map(|pending| pending.data.amount).sum();
        let turns: Vec<_> = (0..3).map(|_| step(&mut state, &mut ledger, &Settings::default())).collect();
        let shards = |turn: &[(u64, u64)]| turn.iter().map(|(shard, _)| *shard).collect::<Vec<_>>();
        assert_eq!(shards(&turns[0]), [0; 16]);
        assert_eq!(shards(&turns[1]), [1; 16]);
        assert_eq!(shards(&turns[2]), [0, 0, 0, 0, 1, 1, 1, 1]);
    }

    /// With two shards, each has half of the room.
    #[test]
    fn a_shard_fills_only_its_own_part_of_the_pending_deposits() {
        const PART: usize = 1 << 15;
        let (state, _) = chain(&[]);
        let refund_credentials = state.validators.get(0).unwrap().withdrawal_credentials;
        let shards = vec![(0, 9), (1, 9)];
        let ee = GenesisEe { shards, refund_credentials, ..GenesisEe::default() };
        let mut ledger = Ledger::genesis(&state, &[ee]).unwrap();
        ledger.pending_deposits = List::repeat(pending(0, 0), PART - 1).unwrap();
        change(&mut ledger.shards, 1, |shard| push(&mut shard.bounces, pending(1, 0))).unwrap();
        let settings = Settings { deposit_amount_min: 0, ..Settings::default() };
        let deposit = |ledger: &mut Ledger, shard, amount| {
            let state = *ledger.shards.get(shard).unwrap().ees.get(0).unwrap();
            let transition = EeTransition {
                payload_root: Root::repeat_byte(1),
                pre_state_root: state.state_root,
                balance: state.balance,
                deposits: amount,
                deposit_data: vec![pending(0, amount).data].try_into().unwrap(),
                ..EeTransition::default()
            };
            let header = ExecutionHeader {
                parent_execution_root: ledger.shards.get(shard).unwrap().execution_root,
                transitions: vec![transition].try_into().unwrap(),
                ..ExecutionHeader::default()
            };
            apply_execution_header(ledger, (shard as u64, 1), &header, 0, &settings)
        };
        assert_eq!(deposit(&mut ledger, 0, 1), Ok(0));
        let full = HeaderError::PendingDeposits { got: PART + 1, limit: PART };
        assert_eq!(deposit(&mut ledger, 0, 1), Err(full));
        assert_eq!(deposit(&mut ledger, 1, 1), Ok(0));
        let waiting = List::repeat(pending(1, 0), PART - 1).unwrap();
        change(&mut ledger.shards, 1, |shard| {
            shard.bounces = waiting;
            Ok::<_, Error>(())
        })
        .unwrap();
        let full = HeaderError::PendingDeposits { got: PART + 1, limit: PART };
        assert_eq!(deposit(&mut ledger, 1, 1), Err(full), "those that wait count, too");
    }
}
