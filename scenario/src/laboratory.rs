//! The laboratory of cross-shard styles: users of the EE `styles` buy goods on other shards, each scenario in one style, and
//! all styles do the same workload.
//!
//! A *purchase* changes two things that lie on different shards, a buyer's units and a good. Who buys what is drawn from the seed
//! alone, so it is the same in each style. After each slot, users look at the states after the latest block of each shard, as the first view
//! has them, and take the next step of each purchase. A user counts on nothing: what a reorg undoes is seen as undone, and done again.

mod look;
mod measure;
mod purchase;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use outrider_beacon::ledger::{EeIndex, ShardLedger};
use outrider_beacon_spec::types::{Shard, Slot};
use outrider_shard::executor::MemoryCodes;
use outrider_sim::{
    Shards,
    random::{random, up_to},
};
use rand_chacha::ChaCha8Rng;
use styles::Operation;

pub(crate) use self::measure::Cost;
pub use self::measure::{Spread, StyleMeasures};
use self::{look::Look, purchase::Purchase};
use crate::{
    file::{Scenario, StyleKind, TrafficKind, TrafficSpec},
    population::{Failure, MERCHANT, user},
    traffic::{LAST_SLOTS, draw, is_drawn},
};

/// The purchases of a scenario.
pub(crate) struct Laboratory {
    style: StyleKind,
    ee: EeIndex,
    shards: Vec<Shard>,
    spec: TrafficSpec,
    first: Slot,
    until: Slot,
    n_users: u64,
    units: u64,
    n_goods: u64,
    random: ChaCha8Rng,
    purchases: Vec<Purchase>,
    /// The shards, each after its latest block.
    tips: Vec<ShardLedger>,
    /// The number of the next good that nobody has wanted, by shard, and whether buyers are on the same shard.
    next_good: BTreeMap<(Shard, bool), u64>,
    /// The value that nobody could use, added up over slots.
    frozen_value_slots: u64,
    /// The units that nobody is sure to have after the latest slot.
    missing: u64,
    /// Those in tills.
    in_tills: u64,
    /// The price of goods that nobody can buy or use after the latest slot.
    frozen_goods: u64,
}

/// The packages of a slot, in order.
#[derive(Default)]
struct Outbox {
    packages: Vec<(Shard, Vec<u8>)>,
    /// The receipts that users send in these, and the objects that they offer, which have numbers in order.
    n_sent: BTreeMap<(Shard, Shard), u64>,
    n_offered: BTreeMap<Shard, u64>,
    /// The shards whose clock somebody wants to go on.
    ticks: BTreeSet<Shard>,
}

impl Outbox {
    fn submit(&mut self, shard: Shard, operations: &[Operation]) {
        self.packages.push((shard, operations.iter().flat_map(Operation::to_bytes).collect()));
    }
}

impl Laboratory {
    /// Returns the laboratory of a scenario with purchases.
    pub(crate) fn new(scenario: &Scenario) -> Option<Self> {
        let mut entries = scenario.traffic.iter().enumerate();
        let (place, spec) = entries.find(|(_, spec)| spec.kind == TrafficKind::Style)?;
        let ee = scenario.ee(&spec.ee)?;
        let of_ee = scenario.ees.get(ee as usize)?;
        let first = spec.at.unwrap_or(SETUP_SLOTS).max(SETUP_SLOTS);
        let until = match spec.slots {
            Some(slots) => first.saturating_add(slots),
            None => scenario.slots.saturating_sub(LAST_SLOTS).saturating_add(1),
        };
        Some(Self {
            style: spec.style?,
            ee,
            shards: of_ee.shards.of(scenario.preset.shards),
            spec: spec.clone(),
            first,
            until,
            n_users: of_ee.users.into(),
            units: of_ee.balance,
            n_goods: of_ee.goods.into(),
            random: random(scenario.seed, place, "purchases"),
            purchases: Vec::new(),
            tips: Vec::new(),
            next_good: BTreeMap::new(),
            frozen_value_slots: 0,
            missing: 0,
            in_tills: 0,
            frozen_goods: 0,
        })
    }

    pub(crate) fn ee(&self) -> EeIndex {
        self.ee
    }

    /// Returns the packages that users submit in a slot.
    pub(crate) fn packages(
        &mut self,
        slot: Slot,
        shards: &Shards<MemoryCodes>,
    ) -> Result<Vec<(Shard, Vec<u8>)>, Failure> {
        let mut outbox = Outbox::default();
        match slot {
            1 => self.set_up(&mut outbox),
            _ if slot < self.first => {}
            _ => {
                if slot < self.until {
                    (0..self.spec.per_slot).for_each(|_| self.draw(slot));
                }
                let look = Look { tips: &self.tips, shards, ee: self.ee, slot };
                for purchase in &mut self.purchases {
                    purchase.step(self.style, &look, &mut outbox)?;
                }
                for shard in std::mem::take(&mut outbox.ticks) {
                    outbox.submit(shard, &[Operation::Mint { user: MERCHANT, amount: 0 }]);
                }
            }
        }
        Ok(outbox.packages)
    }

    /// Makes units and goods. Each user has units on one shard, and the merchant on each.
    fn set_up(&self, outbox: &mut Outbox) {
        for shard in &self.shards {
            let mint = |user, amount| Operation::Mint { user, amount };
            let users = (0..self.n_users).filter(|number| self.home(*number) == Some(*shard));
            let mut operations: Vec<_> = users.map(|number| mint(user(number), self.units)).collect();
            operations.push(mint(MERCHANT, self.merchant_units()));
            operations.extend((0..self.n_goods).map(|good| Operation::Stock { good }));
            outbox.submit(*shard, &operations);
        }
    }

    fn merchant_units(&self) -> u64 {
        self.units.saturating_mul(self.n_users)
    }

    /// Returns the units of all users.
    fn all_units(&self) -> u64 {
        let n_shards = self.shards.len() as u64;
        self.merchant_units().saturating_mul(n_shards.saturating_add(1))
    }

    /// Returns the shard of a user.
    fn home(&self, user: u64) -> Option<Shard> {
        let place = user.checked_rem(self.shards.len() as u64)?;
        usize::try_from(place).ok().and_then(|place| self.shards.get(place)).copied()
    }

    /// Draws a purchase. The same numbers are drawn in each case, so that a change of one number changes nothing else.
    fn draw(&mut self, slot: Slot) {
        let number = self.purchases.len() as u64;
        let random = &mut self.random;
        let buyer = up_to(random, self.n_users.saturating_sub(1));
        let crosses = is_drawn(random, self.spec.cross_shard);
        let is_contended = is_drawn(random, self.spec.contention);
        let place = draw(random, self.shards.len().saturating_sub(1) as u64);
        let Some(home) = self.home(buyer) else { return };
        let elsewhere = self.shards.iter().filter(|shard| **shard != home).nth(place);
        let at = elsewhere.copied().filter(|_| crosses).unwrap_or(home);
        let next = self.next_good.entry((at, at == home)).or_default();
        let good = if is_contended { next.saturating_sub(1) } else { *next };
        *next = good.saturating_add(1);
        // Those on the buyer's shard have the other half of the goods, so that the others are the same in each style.
        let half = self.n_goods.div_ceil(2);
        let good = if at == home { half.saturating_add(good % half.max(1)) } else { good % half.max(1) };
        self.purchases.push(Purchase {
            number,
            user: user(buyer),
            home,
            at,
            good: good.min(self.n_goods.saturating_sub(1)),
            // Of two purchases of a good by the same user, the price says which one it was.
            price: self.spec.amount.saturating_add(number),
            wanted: slot,
            ..Purchase::default()
        });
    }
}

/// The slot of the first purchases: units and goods are made before.
const SETUP_SLOTS: Slot = 4;
