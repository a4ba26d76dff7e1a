//! Rent, hibernation, and top-ups of an EE's deposit.
//!
//! A chain may charge a rent for each epoch in which an EE is awake; the deposit pays it, and it counts as burnt. An EE whose
//! deposit falls below the minimum hibernates from the next epoch on: it is not executed, receipts to it bounce, it pays no
//! rent, and nodes may drop its code once its executions cannot be disputed any more. Its state roots and its ether stay.
//! Anybody can top up the deposit, and brings the code along if the EE is already asleep; it wakes up in the next epoch.
//!
//! Both changes are decided an epoch ahead. A shard block of a slot builds on the beacon block of that slot or the latest
//! before it, and that block has seen all decisions of earlier epochs. So whether an EE is asleep depends only on the shard
//! block's own slot, whichever block crosslinks it. Only one sleep is remembered, so an EE that has woken up stays awake for
//! longer than a shard block can regularly be late. (A shard without crosslinks for even longer may be judged by its committee
//! alone.)

use super::Context;
use crate::ledger::{
    EeIndex, EeRecord, LedgerPhase, SignedTopUp, change, error::OperationError, operation::DOMAIN_TOP_UP,
};
use outrider_beacon_spec::{
    constants::{FAR_FUTURE_EPOCH, SHARD_BLOCK_OFFSETS},
    error::Error,
    hash::hash,
    math::Uint64 as _,
    preset::Preset,
    types::Epoch,
};

/// The slots by which a shard block may be late: the last of the offsets after a crosslink at which blocks may stand.
const LATEST_OFFSET: u64 = {
    let [.., latest] = SHARD_BLOCK_OFFSETS;
    latest
};

impl<P: LedgerPhase> Context<'_, P> {
    /// Collects the rent of all EEs for the epochs since `previous`, and announces the hibernation of those with too small a
    /// deposit.
    pub(super) fn collect_rent(&mut self, previous: Epoch) -> Result<(), OperationError> {
        let (rent, deposit_min) = (self.rules.settings.rent_per_epoch, self.rules.settings.deposit_min);
        if rent == 0 {
            return Ok(());
        }
        let (now, n_awake) = (self.now(), LATEST_OFFSET / P::Preset::SLOTS_PER_EPOCH + 1);
        let pays = |record: &EeRecord| record.deployed_epoch <= now && !record.is_gone();
        let payers = (0_u32..).zip(&self.ledger.ees).filter(|(_, record)| pays(record));
        for ee in payers.map(|(ee, _)| ee).collect::<Vec<EeIndex>>() {
            let mut burnt = self.ledger.burnt;
            change(&mut self.ledger.ees, u64::from(ee), |record| {
                let due = rent.saturating_mul(epochs_awake(record, previous, now));
                let paid = due.min(record.deposit);
                record.deposit = record.deposit.minus(paid)?;
                burnt = burnt.plus(paid)?;
                let woke_up =
                    record.wake_epoch != FAR_FUTURE_EPOCH && now < record.wake_epoch.saturating_add(n_awake);
                if record.deposit < deposit_min && !record.is_hibernating() && !woke_up {
                    record.hibernation_epoch = now.plus(1)?;
                    record.wake_epoch = FAR_FUTURE_EPOCH;
                }
                Ok::<_, Error>(())
            })?;
            self.ledger.burnt = burnt;
        }
        Ok(())
    }

    /// Adds ether to the deposit of an EE, after these checks, in this order:
    ///
    ///
    /// 1. the operation is of this epoch, names the deposit before, and adds something;
    /// 2. the EE is deployed;
    /// 3. if it is asleep, and nobody has woken it up before: its code is here, and the deposit suffices as for a new EE;
    ///    otherwise there is no code;
    /// 4. the payer may withdraw the amount, has it, and signed.
    pub(super) fn process_top_up(&mut self, signed: &SignedTopUp) -> Result<(), OperationError> {
        let top_up = &signed.message;
        let (ee, now) = (top_up.ee, self.now());
        if top_up.epoch != now {
            return Err(OperationError::TopUpEpoch { got: top_up.epoch, now });
        }
        if top_up.amount == 0 {
            return Err(OperationError::NoAmount {});
        }
        let record = self.record(ee)?;
        let (from, until) = (record.deployed_epoch, record.exit_epoch);
        if !record.is_deployed(now) {
            return Err(OperationError::EeNotActive { ee, got: now, from, until });
        }
        let (got, expected) = (top_up.deposit, record.deposit);
        if got != expected {
            return Err(OperationError::DepositBefore { ee, got, expected });
        }
        let deposit = expected.plus(top_up.amount)?;
        let (next, is_asleep) = (now.plus(1)?, record.is_hibernating() && record.is_asleep(now));
        if is_asleep {
            let (got, expected) = (hash(&[&top_up.code]), record.code_hash_at(next));
            if got != expected {
                return Err(OperationError::CodeHash { ee, got, expected });
            }
            self.check_deposit(deposit, record.code_bytes_at(next) as usize, record.shards.num_set_bits())?;
        } else if !top_up.code.is_empty() {
            return Err(OperationError::CodeNotNeeded { ee });
        }
        self.withdrawable_balance(top_up.payer)?;
        let payer = self.pubkey(top_up.payer)?;
        self.check_signature(&payer, top_up, DOMAIN_TOP_UP, &signed.signature)?;
        self.take(top_up.payer, top_up.amount)?;

        let suffices = deposit >= self.rules.settings.deposit_min;
        change(&mut self.ledger.ees, u64::from(ee), |record| {
            record.deposit = deposit;
            if is_asleep {
                record.wake_epoch = next;
            } else if record.is_hibernating() && suffices {
                record.hibernation_epoch = FAR_FUTURE_EPOCH;
            }
            Ok(())
        })
    }
}

/// Returns the number of epochs after `previous` and up to `now` in which an EE was deployed and awake.
fn epochs_awake(record: &EeRecord, previous: Epoch, now: Epoch) -> u64 {
    let mut first = previous.saturating_add(1).max(record.deployed_epoch);
    let mut end = now.saturating_add(1);
    if record.wake_epoch != FAR_FUTURE_EPOCH {
        first = first.max(record.wake_epoch);
    } else {
        end = end.min(record.hibernation_epoch);
    }
    end.saturating_sub(first)
}
