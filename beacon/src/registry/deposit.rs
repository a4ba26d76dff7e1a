//! Ether from an EE to a validator.

use ssz::Encode as _;

use super::Context;
use crate::ledger::{LedgerError, LedgerPhase, PendingDeposit, Receipt, ReceiptKind, error::OperationError};
use milhouse::List;
use outrider_beacon_spec::{
    block::apply_deposit, error::Error, hash::hash_tree_root, math::Uint64 as _, signatures::Signatures,
};

/// The number of bytes of a bounced deposit that return with its hash.
const TAG_BYTES: usize = 64;
/// The most deposits in a block, so that a block's lanes have room for bounces and for ether from validators.
const DEPOSITS_MAX: usize = 48;

/// Gives pending deposits to validators, the oldest first, up to the number in the settings.
///
/// In the specification, a first deposit with an invalid signature is lost. Here it returns to the EE, as a bounced
/// receipt of the beacon chain; while its lane has no room, it waits behind the others.
pub(crate) fn process_pending_deposits<P: LedgerPhase>(
    context: &mut Context<'_, P>,
) -> Result<(), LedgerError> {
    let mut waiting = context.ledger.pending_deposits.to_vec();
    let n_due = waiting.len().min(context.rules.settings.deposits_per_block_max).min(DEPOSITS_MAX);
    if n_due == 0 {
        return Ok(());
    }
    let rest = waiting.split_off(n_due);
    let mut again = Vec::new();
    for pending in waiting {
        let is_given = give(context, &pending)?;
        if !is_given && !bounce(context, &pending)? {
            again.push(pending);
        }
    }
    let left: Vec<_> = rest.into_iter().chain(again).collect();
    context.ledger.pending_deposits = List::new(left).map_err(Error::from)?;
    Ok(P::count_new_validators(context.state)?)
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
        ledger::{Ledger, Outbox, Settings, WINDOW, change},
        registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
    };
    use outrider_beacon_spec::{
        containers::{BeaconState, DepositData},
        phase::Phase1,
        preset::Minimal,
    };

    struct Nobody;

    impl Admission for Nobody {
        fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
            Err(Refusal("nobody is asked".to_owned()))
        }
    }

    #[test]
    fn a_deposit_that_cannot_bounce_yet_waits_behind_the_others() {
        let mut state = BeaconState::<Phase1<Minimal>>::default();
        let mut ledger = Ledger::genesis(&state, &[]).unwrap();
        // These have no signatures, and the lane to shard 0 is full.
        let pending = |shard, amount| {
            let data = DepositData { amount, ..DepositData::default() };
            PendingDeposit { data, shard, ee: 3 }
        };
        let list = vec![pending(0, 5), pending(1, 6), pending(0, 7)];
        ledger.pending_deposits = List::new(list).unwrap();
        ledger.total = 18;
        change(&mut ledger.beacon_lanes.outbound, 0, |lane| {
            lane.next = WINDOW;
            Ok::<_, Error>(())
        })
        .unwrap();
        let settings = Settings { deposits_per_block_max: 2, ..Settings::default() };
        let rules =
            Rules { settings: &settings, admission: &Nobody, judge: &NoJudge, verify_signatures: true };
        let mut outbox = Outbox::default();
        let mut context = Context { state: &mut state, ledger: &mut ledger, outbox: &mut outbox, rules };
        process_pending_deposits(&mut context).unwrap();
        assert_eq!(ledger.pending_deposits.to_vec(), [pending(0, 7), pending(0, 5)]);
        ledger.check_conservation().unwrap();
        let receipts = outbox.finish(&mut ledger).unwrap();
        assert_eq!(receipts.len(), 1);
        assert_eq!((receipts[0].destination_shard, receipts[0].value, receipts[0].sequence), (1, 6, 0));
    }
}
