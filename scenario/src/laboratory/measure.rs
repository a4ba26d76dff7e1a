//! The cost of a scenario's purchases.

use std::collections::BTreeSet;

use outrider_beacon::ledger::ShardLedger;
use outrider_beacon_spec::types::{Shard, Slot};
use outrider_shard::executor::MemoryCodes;
use outrider_sim::Shards;
use serde::Serialize;

use super::{Laboratory, look::Look, purchase::Purchase};
use crate::{
    file::StyleKind,
    population::{Failure, MERCHANT, user},
};

/// The cost of a scenario's purchases in their style, on the chain of the first view.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StyleMeasures {
    /// The style.
    pub style: StyleKind,
    /// All purchases.
    pub purchases: u64,
    /// Those of them on the buyer's own shard, each in one operation of one block. All other numbers of purchases, slots and values
    /// are without these; bytes and fuel are with them.
    pub local: u64,
    /// Those in which the good is the buyer's and the units are in its till.
    pub done: u64,
    /// Those in which the buyer has neither the good, nor anything that could still become it. Units of a receipt may still return.
    pub aborted: u64,
    /// All others, also local ones.
    pub open: u64,
    /// The slots from the first block of a purchase to the block with both effects.
    pub slots_to_use: Option<Spread>,
    /// The slots from the first block of a purchase to the slot at whose end that block is final, and the effects depend on nothing.
    pub slots_to_final: Option<Spread>,
    /// The bytes in shard blocks for each purchase: payloads with witnesses, and receipts with proofs.
    pub shard_bytes_per_purchase: u64,
    /// The bytes in shard blocks' headers for each purchase, which are on the beacon chain, beyond those of an empty block.
    pub beacon_bytes_per_purchase: u64,
    /// The fuel of executions for each purchase.
    pub fuel_per_purchase: u64,
    /// The units that nobody could use, and the price of goods that nobody could buy or use, added up over slots.
    pub frozen_value_slots: u64,
    /// The same in slots of a purchase's value.
    pub frozen_slots_per_purchase: f64,
    /// The way in which a purchase is half done, if one is.
    pub half_done: Option<String>,
}

/// The middle and the end of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The smallest number that is not exceeded by half of them.
    pub median: u64,
    /// The largest one.
    pub max: u64,
}

/// Bytes and fuel of blocks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) shard_bytes: u64,
    pub(crate) beacon_bytes: u64,
    pub(crate) fuel: u64,
}

/// The units of users and tills that a look finds.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Those that can be used.
    usable: u64,
    /// Those that depend on nothing.
    sure: u64,
    /// Those in tills.
    in_tills: u64,
    /// The price of goods that are locked, reserved, or away.
    frozen_goods: u64,
}

impl Laboratory {
    /// Takes note of the states after a slot. Returns how units were made, if some were.
    pub(crate) fn note(
        &mut self,
        (slot, finalized): (Slot, Slot),
        tips: Vec<ShardLedger>,
        shards: &Shards<MemoryCodes>,
    ) -> Result<Option<String>, Failure> {
        self.tips = tips;
        if slot < self.first {
            return Ok(None);
        }
        let look = Look { tips: &self.tips, shards, ee: self.ee, slot: slot.saturating_add(1) };
        for purchase in &mut self.purchases {
            purchase.note(self.style, &look, (slot, finalized))?;
        }
        let found = self.find(&look)?;
        let all = self.all_units();
        self.missing = all.saturating_sub(found.sure);
        (self.in_tills, self.frozen_goods) = (found.in_tills, found.frozen_goods);
        let frozen = all.saturating_sub(found.usable).saturating_add(found.frozen_goods);
        self.frozen_value_slots = self.frozen_value_slots.saturating_add(frozen);
        Ok((found.sure > all).then(|| format!("users and tills have {} units of {all}", found.sure)))
    }

    /// Adds up the units of users and tills, and the goods that nobody can use.
    fn find(&self, look: &Look<'_>) -> Result<Found, Failure> {
        let mut found = Found::default();
        let mut add = |(usable, sure): (u64, u64)| {
            found.usable = found.usable.saturating_add(usable);
            found.sure = found.sure.saturating_add(sure);
        };
        for shard in &self.shards {
            for number in 0..self.n_users {
                add(look.units(*shard, &user(number))?);
            }
            add(look.units(*shard, &MERCHANT)?);
        }
        let goods: BTreeSet<_> = self.purchases.iter().map(|of| (of.at, of.good, of.is_local())).collect();
        for (at, good, is_local) in goods {
            let Till { usable, sure, is_frozen } = self.till(look, (at, good), is_local)?;
            found.in_tills = found.in_tills.saturating_add(usable);
            found.usable = found.usable.saturating_add(usable);
            found.sure = found.sure.saturating_add(sure);
            found.frozen_goods =
                found.frozen_goods.saturating_add(if is_frozen { self.spec.amount } else { 0 });
        }
        Ok(found)
    }

    /// Returns the till of a good, in the form in which the style sells it.
    fn till(&self, look: &Look<'_>, (at, good): (Shard, u64), is_local: bool) -> Result<Till, Failure> {
        let of = |till, is_frozen| Till { usable: till, sure: till, is_frozen };
        Ok(match self.style {
            _ if is_local => look.versioned_till(at, good)?,
            StyleKind::Receipts | StyleKind::Finalized | StyleKind::TwoPhaseCommit => {
                let (good, is_locked) = look.resource(at, good)?;
                of(good.till, is_locked)
            }
            StyleKind::Capabilities => {
                let shelved = look.shelved(at, good)?;
                of(shelved.good.till, shelved.reservation != [0; 32])
            }
            StyleKind::TransferObjects | StyleKind::Conditional | StyleKind::Htlc => {
                look.versioned_till(at, good)?
            }
            StyleKind::Yank => {
                let key = look.contract_key(at, good);
                for shard in &self.shards {
                    if let Some(good) = look.contract(*shard, &key)? {
                        return Ok(of(good.till, false));
                    }
                }
                of(0, true)
            }
        })
    }

    /// Returns what purchases have cost, given the cost of the blocks since the first one, and whether receipts are under way.
    pub(crate) fn measures(&self, cost: Cost, are_receipts_open: bool) -> StyleMeasures {
        let crossing = || self.purchases.iter().filter(|purchase| !purchase.is_local());
        let done = || crossing().filter(|purchase| purchase.usable.is_some());
        let n = self.purchases.len() as u64;
        let since = |purchase: &Purchase, slot: Slot| slot.saturating_sub(purchase.begun.unwrap_or(slot));
        let uses = done().filter_map(|purchase| Some(since(purchase, purchase.usable?)));
        let finals = done().filter_map(|purchase| Some(since(purchase, purchase.is_final?)));
        let is_open = |purchase: &&Purchase| {
            let is_done = purchase.usable.is_some() && purchase.is_sure;
            !is_done && !purchase.is_aborted
        };
        let open = self.purchases.iter().filter(is_open).count() as u64;
        let values: u64 = crossing().map(|purchase| purchase.price).sum();
        #[allow(clippy::cast_precision_loss, reason = "a mean with a few digits")]
        let frozen_slots = self.frozen_value_slots as f64 / values.max(1) as f64;
        StyleMeasures {
            style: self.style,
            purchases: n,
            local: n.saturating_sub(crossing().count() as u64),
            done: done().count() as u64,
            aborted: crossing().filter(|purchase| purchase.is_aborted).count() as u64,
            open,
            slots_to_use: Spread::of(uses),
            slots_to_final: Spread::of(finals),
            shard_bytes_per_purchase: cost.shard_bytes.div_ceil(n.max(1)),
            beacon_bytes_per_purchase: cost.beacon_bytes.div_ceil(n.max(1)),
            fuel_per_purchase: cost.fuel.div_ceil(n.max(1)),
            frozen_value_slots: self.frozen_value_slots,
            frozen_slots_per_purchase: (frozen_slots * 100.0).round() / 100.0,
            half_done: self.half_done(open > 0 || are_receipts_open),
        }
    }

    /// Returns how a purchase is half done: units without a good, a good without units, or what is frozen or nowhere in the end.
    fn half_done(&self, is_under_way: bool) -> Option<String> {
        let done = self.purchases.iter().filter(|purchase| purchase.usable.is_some());
        let prices: u64 = done.map(|purchase| purchase.price).sum();
        let (in_tills, missing) = (self.in_tills, self.missing);
        if is_under_way {
            None
        } else if prices != in_tills {
            Some(format!("the goods that were bought cost {prices} units, and {in_tills} are in tills"))
        } else if self.frozen_goods > 0 {
            Some(format!("goods for {} units stay frozen", self.frozen_goods))
        } else {
            (missing > 0).then(|| format!("{missing} units are nowhere"))
        }
    }

    /// Returns the first slot whose blocks count.
    pub(crate) fn first(&self) -> Slot {
        self.first
    }
}

/// The units in a good's till.
#[derive(Clone, Copy, Debug)]
pub(super) struct Till {
    pub(super) usable: u64,
    pub(super) sure: u64,
    pub(super) is_frozen: bool,
}

impl Spread {
    fn of(numbers: impl Iterator<Item = u64>) -> Option<Self> {
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_unstable();
        let median = numbers.get(numbers.len().saturating_sub(1) / 2)?;
        Some(Self { median: *median, max: *numbers.last()? })
    }
}
