//! The codes of an EE over time, and which of them every node has.
//!
//! Disputes about executions need the code of the time of the execution, and all nodes must decide them alike. So which code a
//! node has is a rule of the ledger, [`EeRecord::known_codes`]; a store may keep more, and never less.

use ssz_derive::{Decode, Encode};
use tree_hash_derive::TreeHash;

use super::EeRecord;
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    preset::Preset,
    types::{Bytes32, Epoch},
};

/// Accepted code to which an EE is going to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct NextCode {
    /// Its hash, or zero if there is none.
    pub code_hash: Bytes32,
    /// Its length.
    pub code_bytes: u32,
    /// Whether it imports `eth2.receiptCopy`.
    pub takes_receipts: bool,
    /// The epoch of the switch.
    pub epoch: Epoch,
}

impl Default for NextCode {
    fn default() -> Self {
        Self { code_hash: Bytes32::ZERO, code_bytes: 0, takes_receipts: false, epoch: FAR_FUTURE_EPOCH }
    }
}

/// The code that an EE had before its last switch, by which its executions in earlier epochs are judged.
///
/// One is enough: while executions before a switch can be disputed, there is no further switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct PreviousCode {
    /// Its hash; zero if there was no switch, or if nodes did not have the code any more.
    pub code_hash: Bytes32,
    /// The epoch of the switch: the first in which it was not executed. 0 if there was none.
    pub epoch: Epoch,
}

impl PreviousCode {
    /// Returns the first epoch in which no execution before the switch can be disputed.
    #[must_use]
    pub fn disputed_until(&self, dispute_epochs: u64) -> Epoch {
        if self.epoch == 0 { 0 } else { self.epoch.saturating_add(dispute_epochs) }
    }
}

/// Returns the number of epochs after its own for which an execution can be disputed: as long as the state knows the root of
/// the beacon block that it builds on.
#[must_use]
pub const fn dispute_epochs<C: Preset>() -> u64 {
    C::SLOTS_PER_HISTORICAL_ROOT / C::SLOTS_PER_EPOCH
}

impl EeRecord {
    /// Returns the hash of the code that blocks of an epoch execute; zero if the epoch was before the last switch, and nodes
    /// did not have the code any more at that time.
    #[must_use]
    pub fn code_hash_at(&self, epoch: Epoch) -> Bytes32 {
        if self.next_code.epoch <= epoch {
            self.next_code.code_hash
        } else if epoch < self.previous_code.epoch {
            self.previous_code.code_hash
        } else {
            self.code_hash
        }
    }

    /// Returns the length of the code that blocks of an epoch execute, which is not before that of the record.
    #[must_use]
    pub fn code_bytes_at(&self, epoch: Epoch) -> u32 {
        if self.next_code.epoch <= epoch { self.next_code.code_bytes } else { self.code_bytes }
    }

    /// Returns the hashes of the codes of the EE that every node has after a block of an epoch: what may be executed, what is
    /// going to be, and what was executed so recently that the execution can be disputed, by [`dispute_epochs`]. Nodes may
    /// keep more, but disputes rely only on these.
    pub fn known_codes(&self, epoch: Epoch, dispute_epochs: u64) -> impl Iterator<Item = Bytes32> + use<> {
        let current = self.needs_code(epoch, dispute_epochs).then_some(self.code_hash);
        let has_next = !self.is_gone() && self.next_code.epoch != FAR_FUTURE_EPOCH;
        let next = has_next.then_some(self.next_code.code_hash);
        let has_previous = epoch < self.previous_code.disputed_until(dispute_epochs);
        let previous = has_previous.then_some(self.previous_code.code_hash);
        [current, next, previous].into_iter().flatten().filter(|code_hash| *code_hash != Bytes32::ZERO)
    }

    /// Returns the hash of the code that blocks of an epoch executed, if every node still has it after a block of a later
    /// epoch, `now`.
    #[must_use]
    pub fn known_code_at(&self, epoch: Epoch, now: Epoch, dispute_epochs: u64) -> Option<Bytes32> {
        let code_hash = self.code_hash_at(epoch);
        self.known_codes(now, dispute_epochs).find(|known| *known == code_hash)
    }

    /// Returns whether the present code is needed after a block of an epoch. Whoever wakes up an EE brings its code along,
    /// so a sleeping EE needs it only while its executions can be disputed. The same holds for an EE that has left; but until
    /// its deposit is refunded, it may exist again.
    fn needs_code(&self, epoch: Epoch, dispute_epochs: u64) -> bool {
        let was_rejected = self.is_gone() && self.deployed_epoch == FAR_FUTURE_EPOCH;
        let has_left = self.is_gone() && self.deposit == 0;
        let left = if has_left { self.exit_epoch } else { FAR_FUTURE_EPOCH };
        let asleep = if self.is_hibernating() { self.hibernation_epoch } else { FAR_FUTURE_EPOCH };
        !was_rejected && epoch < left.min(asleep).saturating_add(dispute_epochs)
    }

    /// Returns whether the code that blocks of an epoch execute takes receipts.
    #[must_use]
    pub fn takes_receipts_at(&self, epoch: Epoch) -> bool {
        if self.next_code.epoch <= epoch { self.next_code.takes_receipts } else { self.takes_receipts }
    }

    /// Switches to the next code, if that is due in an epoch. An EE that has left keeps its code.
    pub(crate) fn switch_code(&mut self, now: Epoch, dispute_epochs: u64) {
        let next = self.next_code;
        if next.epoch > now || self.is_gone() {
            return;
        }
        // Nodes drop the code of an EE that has been asleep for long.
        let last = next.epoch.saturating_sub(1);
        let is_known = !self.is_asleep(last) || last < self.hibernation_epoch.saturating_add(dispute_epochs);
        let code_hash = if is_known { self.code_hash } else { Bytes32::ZERO };
        self.previous_code = PreviousCode { code_hash, epoch: next.epoch };
        self.code_hash = next.code_hash;
        self.code_bytes = next.code_bytes;
        self.takes_receipts = next.takes_receipts;
        self.next_code = NextCode::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCHS: u64 = 8;

    fn hash(byte: u8) -> Bytes32 {
        Bytes32::repeat_byte(byte)
    }

    /// Returns an EE that is awake, with code 2, which had code 1 until epoch 20.
    fn record() -> EeRecord {
        EeRecord {
            code_hash: hash(2),
            deposit: 1,
            deployed_epoch: 1,
            exit_epoch: FAR_FUTURE_EPOCH,
            withdrawable_epoch: FAR_FUTURE_EPOCH,
            hibernation_epoch: FAR_FUTURE_EPOCH,
            wake_epoch: FAR_FUTURE_EPOCH,
            previous_code: PreviousCode { code_hash: hash(1), epoch: 20 },
            ..EeRecord::default()
        }
    }

    #[track_caller]
    fn check(record: &EeRecord, epoch: Epoch, now: Epoch, expected: Option<u8>) {
        assert_eq!(record.known_code_at(epoch, now, EPOCHS), expected.map(hash), "{epoch} in {now}");
    }

    #[test]
    fn a_dispute_is_about_the_code_of_its_epoch() {
        let mut record = record();
        record.next_code = NextCode { code_hash: hash(3), epoch: 30, ..NextCode::default() };
        for (epoch, now, expected) in
            [(19, 20, Some(1)), (19, 27, Some(1)), (19, 28, None), (20, 20, Some(2)), (29, 1000, Some(2))]
        {
            check(&record, epoch, now, expected);
        }
        check(&record, 30, 30, Some(3));
        record.switch_code(30, EPOCHS);
        for (epoch, now, expected) in
            [(29, 30, Some(2)), (29, 37, Some(2)), (29, 38, None), (30, 38, Some(3))]
        {
            check(&record, epoch, now, expected);
        }
        assert_eq!(record.next_code, NextCode::default());
    }

    #[test]
    fn code_stays_known_after_an_ee_has_fallen_asleep_or_left() {
        let asleep = EeRecord { hibernation_epoch: 40, ..record() };
        let left = EeRecord { exit_epoch: 40, withdrawable_epoch: 60, deposit: 0, ..record() };
        for gone in [&asleep, &left] {
            check(gone, 39, 47, Some(2));
            check(gone, 39, 48, None);
        }
        // Until the refund it may exist again.
        let leaving = EeRecord { deposit: 1, ..left.clone() };
        check(&leaving, 39, 59, Some(2));
        let rejected = EeRecord { deployed_epoch: FAR_FUTURE_EPOCH, ..left };
        check(&rejected, 39, 40, None);
        check(&EeRecord { wake_epoch: 90, ..asleep }, 90, 90, Some(2));
    }

    /// Nodes have dropped the code of an EE that switches after a long sleep, so it is not previous code for anybody.
    #[test]
    fn code_that_was_dropped_before_a_switch_is_not_known_after_it() {
        for (hibernation_epoch, expected) in [(43, Some(2)), (41, None)] {
            let next_code = NextCode { code_hash: hash(3), epoch: 50, ..NextCode::default() };
            let mut record = EeRecord { hibernation_epoch, next_code, ..record() };
            record.switch_code(50, EPOCHS);
            assert_eq!(record.code_hash, hash(3));
            check(&record, 40, 50, expected);
            assert_eq!(record.previous_code.disputed_until(EPOCHS), 58);
        }
        let next_code = NextCode { code_hash: hash(3), epoch: 50, ..NextCode::default() };
        let mut left = EeRecord { withdrawable_epoch: 60, exit_epoch: 45, next_code, ..record() };
        left.switch_code(50, EPOCHS);
        assert_eq!(left.code_hash, hash(2));
    }
}
