//! The next step of a purchase, in each style.
//!
//! A package without a proof is submitted once: its state provider offers it until a block has it. One with a proof about
//! another shard is good for the next block only, and is submitted anew until the step is seen.

use outrider_beacon_spec::types::Slot;
use outrider_sdk::receipt::Slot as SdkSlot;
use styles::{Good, Operation};

use super::{
    Outbox,
    look::Look,
    purchase::{Once, Purchase, Seen},
};
use crate::{
    file::StyleKind,
    population::{Failure, MERCHANT},
};

type Result = std::result::Result<(), Failure>;

impl Purchase {
    /// Takes the steps that the states call for, in the next block.
    pub(super) fn step(&mut self, style: StyleKind, look: &Look<'_>, outbox: &mut Outbox) -> Result {
        let seen = self.seen(style, look)?;
        self.begun.get_or_insert(look.slot);
        if self.is_local() {
            if seen == Seen::Unsold && self.once(Once::Begin) {
                outbox.submit(self.at, &[self.buy_shelf()]);
            }
            return Ok(());
        }
        match style {
            StyleKind::Receipts => self.pay_by_receipt(false, look, seen, outbox),
            StyleKind::Finalized => self.pay_by_receipt(true, look, seen, outbox),
            StyleKind::TransferObjects => return self.transfer(look, seen, outbox),
            StyleKind::Yank => return self.yank(look, outbox),
            StyleKind::TwoPhaseCommit => return self.lock(look, seen, outbox),
            StyleKind::Capabilities => return self.reserve(look, seen, outbox),
            StyleKind::Conditional => return self.count_on(look, seen, outbox),
            StyleKind::Htlc => return self.swap(look, seen, outbox),
        }
        Ok(())
    }

    fn buy_shelf(&self) -> Operation {
        Operation::BuyShelf { user: self.user, amount: self.price, good: self.good }
    }

    fn pay_by_receipt(&mut self, is_final: bool, look: &Look<'_>, seen: Seen, outbox: &mut Outbox) {
        if seen == Seen::Unsold && self.once(Once::Begin) {
            let (user, amount, good) = (self.user, self.price, self.good);
            outbox.submit(
                self.home,
                &[Operation::Buy { is_final, user, amount, at: look.place(self.at), good }],
            );
        }
    }

    fn transfer(&mut self, look: &Look<'_>, seen: Seen, outbox: &mut Outbox) -> Result {
        let has_begun = self.taken.contains(&Once::Begin);
        let [is_offered, is_taken] = self.find_object(look)?;
        let object = self.object(look);
        self.is_seen |= is_offered || is_taken;
        if !self.is_seen {
            // An object whose number another one has got cannot be offered any more.
            let next = look.next_object(self.home)?;
            if seen == Seen::Unsold && (!has_begun || next > self.object) {
                self.taken.insert(Once::Begin);
                let n_offered = outbox.n_offered.entry(self.home).or_default();
                (self.object, self.since) = (next.saturating_add(*n_offered), look.slot);
                *n_offered = n_offered.saturating_add(1);
                self.tries.push((self.since, self.object));
                outbox.submit(self.home, &[Operation::Offer { user: self.user, object: self.object(look) }]);
            }
            return Ok(());
        }
        let deadline = object.deadline.0;
        match (is_offered, is_taken) {
            (true, true) => {
                let witness = look.proof(self.at, object.taken())?;
                outbox.submit(self.home, &[Operation::Withdraw { object, witness }]);
            }
            (false, true) => {
                let witness = look.proof(self.home, object.offered())?;
                outbox.submit(self.at, &[Operation::Clean { object, witness }]);
            }
            (true, false) if look.slot <= deadline && seen == Seen::Unsold => {
                let witness = look.proof(self.home, object.offered())?;
                outbox.submit(self.at, &[Operation::Take { object, witness }, self.buy_shelf()]);
            }
            (true, false) if look.slot > deadline && look.is_after(self.at, deadline)? => {
                let witness = look.proof(self.at, object.taken())?;
                outbox.submit(self.home, &[Operation::Reclaim { user: self.user, object, witness }]);
            }
            (true, false) if look.slot > deadline => {
                outbox.ticks.insert(self.at);
            }
            _ => {}
        }
        Ok(())
    }

    fn yank(&mut self, look: &Look<'_>, outbox: &mut Outbox) -> Result {
        let contract = look.contract_key(self.at, self.good);
        let back = Operation::Move { contract, to: look.place(self.at) };
        let (here, there) = (look.contract(self.home, &contract)?, look.contract(self.at, &contract)?);
        let is_unsold = |good: &Good| *good == Good::default();
        // It arrives in the same block, or is here already, because somebody else wants it here, too.
        let has_begun = self.taken.contains(&Once::Begin);
        let is_coming = here.as_ref().map_or(has_begun && there.is_none(), is_unsold);
        match (here, there) {
            // Somebody else has bought it here, or on its shard before it came.
            (Some(here), _) if !is_unsold(&here) && self.once(Once::Back) => {
                outbox.submit(self.home, &[back]);
            }
            (None, Some(there)) if is_unsold(&there) && self.once(Once::Begin) => {
                outbox.submit(self.at, &[Operation::Move { contract, to: look.place(self.home) }]);
            }
            _ if is_coming && self.once(Once::Second) => {
                self.taken.insert(Once::Begin);
                let buy = Operation::BuyHere { contract, user: self.user, amount: self.price };
                outbox.submit(self.home, &[buy, back]);
            }
            _ => {}
        }
        Ok(())
    }

    fn lock(&mut self, look: &Look<'_>, seen: Seen, outbox: &mut Outbox) -> Result {
        let transaction = self.transaction(look);
        if seen == Seen::Unsold && self.once(Once::Begin) {
            outbox.submit(self.at, &[Operation::Acquire { transaction, good: self.good }]);
        } else if look.slot > transaction.until.0 {
            if look.is_open(self.home, &transaction)? && self.once(Once::GiveUp) {
                outbox.submit(self.home, &[Operation::Expire { transaction }]);
            }
        } else if seen == Seen::Unsold && self.once(Once::Second) {
            // The lock arrives in the same block, or in the one after that of who has it.
            let (user, amount) = (self.user, self.price);
            outbox.submit(self.home, &[Operation::BuyLocked { transaction, user, amount }]);
        }
        Ok(())
    }

    fn reserve(&mut self, look: &Look<'_>, seen: Seen, outbox: &mut Outbox) -> Result {
        let shelf = look.shelved(self.at, self.good)?;
        if !self.find_reservation(look, &shelf.reservation) {
            let is_free = seen == Seen::Unsold && shelf.reservation == [0; 32];
            if is_free && look.slot <= self.give_up_slot() {
                self.taken.insert(Once::Begin);
                self.since = look.slot;
                self.tries.push((self.since, 0));
                outbox.submit(self.at, &[Operation::Reserve(self.reservation(look))]);
            }
            return Ok(());
        }
        let reservation = self.reservation(look);
        let deadline: Slot = reservation.deadline.0;
        if look.is_set(self.home, &reservation.paid())? {
            let witness = look.proof(self.home, reservation.paid())?;
            outbox.submit(self.at, &[Operation::Settle { reservation, witness }]);
        } else if look.slot <= deadline {
            let witness = look.proof(self.at, reservation.reserved())?;
            outbox.submit(self.home, &[Operation::Pay { reservation, witness }]);
        } else if look.is_after(self.home, deadline)? {
            let witness = look.proof(self.home, reservation.paid())?;
            outbox.submit(self.at, &[Operation::Free { reservation, witness }]);
        } else {
            outbox.ticks.insert(self.home);
        }
        Ok(())
    }

    fn count_on(&mut self, look: &Look<'_>, seen: Seen, outbox: &mut Outbox) -> Result {
        let (user, amount) = (self.user, self.price);
        if seen == Seen::Unsold && self.once(Once::Begin) {
            self.since = look.slot;
            let sequence = look.next_receipt(self.home, self.at)?;
            let n_sent = outbox.n_sent.entry((self.home, self.at)).or_default();
            let sequence = sequence.saturating_add(*n_sent);
            *n_sent = n_sent.saturating_add(1);
            let (from, to, slot) = (look.place(self.home), look.place(self.at), SdkSlot(look.slot));
            outbox.submit(self.home, &[Operation::Send { user, amount, to, receiver: user }]);
            let expect = Operation::Expect { from, slot, sequence, receiver: user, amount };
            outbox.submit(self.at, &[expect, self.buy_shelf()]);
            return Ok(());
        }
        let has_arrived = self.taken.contains(&Once::Begin)
            && look.slot > self.since.saturating_add(1)
            && look.units(self.at, &user)?.0 >= amount;
        match seen {
            // Nobody counted on it in time.
            Seen::Unsold if has_arrived && self.once(Once::Second) => {
                outbox.submit(self.at, &[self.buy_shelf()]);
            }
            Seen::Lost if has_arrived && self.once(Once::Back) => {
                let to = look.place(self.home);
                let n_sent = outbox.n_sent.entry((self.at, self.home)).or_default();
                *n_sent = n_sent.saturating_add(1);
                outbox.submit(self.at, &[Operation::Send { user, amount, to, receiver: user }]);
            }
            _ => {}
        }
        Ok(())
    }

    fn swap(&mut self, look: &Look<'_>, seen: Seen, outbox: &mut Outbox) -> Result {
        let ([first, second], id, secret) = (self.swaps(), self.number, self.secret());
        if !self.taken.contains(&Once::Begin) {
            if seen == Seen::Unsold && self.once(Once::Begin) {
                outbox.submit(self.home, &[Operation::LockSwap { id, swap: first }]);
            }
            return Ok(());
        }
        let [here, there] = [look.has_swap(self.home, id)?, look.has_swap(self.at, id)?];
        let is_early = look.slot <= second.deadline.0;
        if here && !there && is_early && seen == Seen::Unsold && self.once(Once::Second) {
            outbox.submit(self.at, &[Operation::LockSwap { id, swap: second }]);
        } else if there && is_early && seen == Seen::Unsold && self.once(Once::Third) {
            outbox.submit(self.at, &[Operation::ClaimSwap { id, secret }, self.buy_shelf()]);
        } else if here && matches!(seen, Seen::Bought { .. }) && self.once(Once::Fourth) {
            // The claim has shown the secret to the merchant.
            outbox.submit(self.home, &[Operation::ClaimSwap { id, secret }]);
        }
        if there && !is_early && self.once(Once::GiveUpToo) {
            outbox.submit(self.at, &[Operation::RefundSwap { id }]);
        }
        if look.slot > first.deadline.0 && self.once(Once::GiveUp) && here {
            outbox.submit(self.home, &[Operation::RefundSwap { id }]);
        }
        debug_assert!(self.user != MERCHANT, "the merchant buys nothing");
        Ok(())
    }
}
