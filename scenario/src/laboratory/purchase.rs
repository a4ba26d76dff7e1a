//! A purchase, and what has become of it.

use std::collections::BTreeSet;

use outrider_beacon_spec::types::{Shard, Slot};
use outrider_sdk::{
    crypto,
    receipt::Slot as SdkSlot,
    styles::{
        htlc::{Swap, UserId},
        lock::Transaction,
        transfer::Object,
    },
};
use styles::{Good, Reservation};

use super::look::Look;
use crate::{
    file::StyleKind,
    population::{Failure, MERCHANT},
};

/// A purchase: who wants what, and how far it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Purchase {
    pub(super) number: u64,
    pub(super) user: UserId,
    /// The shard on which the user has units.
    pub(super) home: Shard,
    /// The shard of the good.
    pub(super) at: Shard,
    pub(super) good: u64,
    pub(super) price: u64,
    /// The slot in which the user wants to begin.
    pub(super) wanted: Slot,
    /// The slot of the first step.
    pub(super) begun: Option<Slot>,
    /// The slot of the step from which others count: of the offer, the reservation, or of sending.
    pub(super) since: Slot,
    /// The number of the transfer object.
    pub(super) object: u64,
    /// `since` and `object` of all offers or reservations, any of which a reorg can bring back.
    pub(super) tries: Vec<(Slot, u64)>,
    /// Whether the offer was seen.
    pub(super) is_seen: bool,
    /// The steps that are taken once; their packages wait until they are used.
    pub(super) taken: BTreeSet<Once>,
    /// The slot in whose block both effects are there, if they still are.
    pub(super) usable: Option<Slot>,
    /// Whether it depends on nothing any more.
    pub(super) is_sure: bool,
    /// The slot in which the block of `usable` was final.
    pub(super) is_final: Option<Slot>,
    /// Whether it has failed, and everything is free again that it has frozen.
    pub(super) is_aborted: bool,
}

/// A step that is taken once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Once {
    Begin,
    Second,
    Third,
    Fourth,
    Back,
    GiveUp,
    GiveUpToo,
}

/// The state of a good from the view of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Unsold,
    /// It is this purchase's; perhaps on a condition.
    Bought {
        is_sure: bool,
    },
    /// It is another one's.
    Lost,
    /// It is on its way.
    Away,
}

impl Purchase {
    pub(super) fn is_local(&self) -> bool {
        self.home == self.at
    }

    /// Returns whether a step is to be taken now, and remembers it.
    pub(super) fn once(&mut self, step: Once) -> bool {
        self.taken.insert(step)
    }

    fn seen_good(&self, good: Good, is_sure: bool) -> Seen {
        match good {
            good if good == Good::default() => Seen::Unsold,
            Good { owner, till } if owner == self.user && till == self.price => Seen::Bought { is_sure },
            _ => Seen::Lost,
        }
    }

    /// Returns the state of the good, in the form in which the style sells it.
    pub(super) fn seen(&self, style: StyleKind, look: &Look<'_>) -> Result<Seen, Failure> {
        let (at, good) = (self.at, self.good);
        if self.is_local() {
            let (good, is_sure) = look.versioned(at, good)?;
            return Ok(self.seen_good(good, is_sure));
        }
        Ok(match style {
            StyleKind::Receipts | StyleKind::Finalized | StyleKind::TwoPhaseCommit => {
                self.seen_good(look.resource(at, good)?.0, true)
            }
            StyleKind::Capabilities => self.seen_good(look.shelved(at, good)?.good, true),
            StyleKind::TransferObjects | StyleKind::Conditional | StyleKind::Htlc => {
                let (good, is_sure) = look.versioned(at, good)?;
                self.seen_good(good, is_sure)
            }
            StyleKind::Yank => {
                let key = look.contract_key(at, good);
                let here = match look.contract(at, &key)? {
                    Some(here) => Some(here),
                    None => look.contract(self.home, &key)?,
                };
                here.map_or(Seen::Away, |good| self.seen_good(good, true))
            }
        })
    }

    /// Takes note of the states after a slot.
    pub(super) fn note(
        &mut self,
        style: StyleKind,
        look: &Look<'_>,
        (slot, finalized): (Slot, Slot),
    ) -> Result<(), Failure> {
        let seen = self.seen(style, look)?;
        // While a contract is on its way back, its shard has not said that it is sold.
        if style == StyleKind::Yank && seen == Seen::Away {
            return Ok(());
        }
        let of_swap =
            style == StyleKind::Htlc && !self.is_local() && look.has_swap(self.home, self.number)?;
        match seen {
            Seen::Bought { is_sure } if !of_swap => {
                // A contract is seen when it is back, one slot after it was bought on the buyer's shard.
                let is_back = style == StyleKind::Yank && !self.is_local();
                let usable = *self.usable.get_or_insert(slot.saturating_sub(u64::from(is_back)));
                self.is_sure = is_sure;
                // A beacon block of a later slot has its crosslink.
                if finalized > usable && is_sure {
                    self.is_final.get_or_insert(slot);
                }
            }
            _ => (self.usable, self.is_sure, self.is_final) = (None, false, None),
        }
        let is_bought = matches!(seen, Seen::Bought { .. });
        self.is_aborted = !is_bought && self.begun.is_some() && self.is_free(style, look, seen)?;
        Ok(())
    }

    /// Returns whether a purchase that does not have the good has nothing that it could still get or lose.
    fn is_free(&self, style: StyleKind, look: &Look<'_>, seen: Seen) -> Result<bool, Failure> {
        let is_lost = seen == Seen::Lost;
        if self.is_local() || !self.taken.contains(&Once::Begin) {
            return Ok(is_lost);
        }
        Ok(match style {
            StyleKind::Receipts | StyleKind::Finalized => is_lost,
            StyleKind::Yank => {
                is_lost && look.contract(self.at, &look.contract_key(self.at, self.good))?.is_some()
            }
            StyleKind::TransferObjects => {
                let object = self.object(look);
                let [is_offered, is_taken] = self.has_object(look, &object)?;
                self.is_seen && !is_offered && !is_taken
            }
            StyleKind::TwoPhaseCommit => {
                let transaction = self.transaction(look);
                // The latest grant is sent in the last slot.
                look.slot > transaction.until.0.saturating_add(2) && !look.is_open(self.home, &transaction)?
            }
            StyleKind::Capabilities => {
                let is_mine = look.shelved(self.at, self.good)?.reservation == self.reservation(look).hash();
                !is_mine && (is_lost || look.slot > self.give_up_slot())
            }
            StyleKind::Conditional => is_lost && self.taken.contains(&Once::Back),
            StyleKind::Htlc => {
                let [here, there] = [self.home, self.at].map(|shard| look.has_swap(shard, self.number));
                self.taken.contains(&Once::GiveUp) && !here? && !there?
            }
        })
    }

    /// Returns the slot after which a user does not begin again.
    pub(super) fn give_up_slot(&self) -> Slot {
        self.begun.unwrap_or(self.wanted).saturating_add(16)
    }

    /// Goes on with the reservation that a good has, if it is one of this purchase's.
    pub(super) fn find_reservation(&mut self, look: &Look<'_>, hash: &[u8; 32]) -> bool {
        let latest = self.since;
        for (since, _) in self.tries.clone().into_iter().rev() {
            self.since = since;
            if self.reservation(look).hash() == *hash {
                return true;
            }
        }
        self.since = latest;
        false
    }

    /// Goes on with the object that is offered or taken; returns which, or neither for the latest one.
    pub(super) fn find_object(&mut self, look: &Look<'_>) -> Result<[bool; 2], Failure> {
        let latest = (self.since, self.object);
        for tried in self.tries.clone().into_iter().rev() {
            (self.since, self.object) = tried;
            let found = self.has_object(look, &self.object(look))?;
            if found != [false, false] {
                return Ok(found);
            }
        }
        (self.since, self.object) = latest;
        Ok([false, false])
    }

    /// Returns whether the object is offered, and taken.
    pub(super) fn has_object(&self, look: &Look<'_>, object: &Object) -> Result<[bool; 2], Failure> {
        Ok([look.is_set(self.home, &object.offered())?, look.is_set(self.at, &object.taken())?])
    }

    pub(super) fn object(&self, look: &Look<'_>) -> Object {
        Object {
            from: look.place(self.home),
            to: look.place(self.at),
            number: self.object,
            deadline: SdkSlot(self.since.saturating_add(8)),
            content: [&self.user.0[..], &self.price.to_le_bytes()].concat(),
        }
    }

    pub(super) fn transaction(&self, look: &Look<'_>) -> Transaction {
        let since = self.begun.unwrap_or(self.wanted);
        let until = SdkSlot(since.saturating_add(8));
        Transaction { since: SdkSlot(since), home: look.place(self.home), number: self.number, until }
    }

    pub(super) fn reservation(&self, look: &Look<'_>) -> Reservation {
        Reservation {
            since: SdkSlot(self.since),
            deadline: SdkSlot(self.since.saturating_add(6)),
            at: look.place(self.at),
            home: look.place(self.home),
            good: self.good,
            user: self.user,
            amount: self.price,
        }
    }

    pub(super) fn secret(&self) -> [u8; 32] {
        crypto::sha256(&self.number.to_le_bytes())
    }

    /// Returns the swap on the buyer's shard, and the one on the good's shard, which can be claimed for a shorter time.
    pub(super) fn swaps(&self) -> [Swap; 2] {
        let (hash, begun) = (crypto::sha256(&self.secret()), self.begun.unwrap_or(self.wanted));
        let swap = |locker, claimer, slots| Swap {
            locker,
            claimer,
            amount: self.price,
            hash,
            deadline: SdkSlot(begun.saturating_add(slots)),
        };
        [swap(self.user, MERCHANT, 12), swap(MERCHANT, self.user, 6)]
    }
}
