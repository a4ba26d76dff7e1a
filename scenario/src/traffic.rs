//! The actions of users in each slot.

use std::collections::BTreeMap;

use outrider_beacon::ledger::EeIndex;
use outrider_beacon_spec::types::{Shard, Slot};
use outrider_sim::random::{random, up_to};
use rand_chacha::ChaCha8Rng;

use crate::{
    file::{Popular, Scenario, TrafficKind, TrafficSpec},
    population::{Inhabited, Payment},
};

/// The slots at the end in which nobody begins anything that takes more than a slot.
pub(crate) const LAST_SLOTS: u64 = 8;

/// An entry of traffic, with its random numbers.
pub(crate) struct Stream {
    spec: TrafficSpec,
    ee: EeIndex,
    until: Slot,
    random: ChaCha8Rng,
}

/// The number of payments of each user so far, by EE, shard and user.
pub(crate) type Nonces = BTreeMap<(EeIndex, Shard, u64), u64>;

impl Stream {
    /// Returns the streams of a scenario.
    pub(crate) fn all(scenario: &Scenario) -> Vec<Self> {
        let stream = |(place, spec): (usize, &TrafficSpec)| {
            let first = spec.at.unwrap_or(1);
            let until = match spec.slots {
                Some(slots) => first.saturating_add(slots),
                None => scenario.slots.saturating_sub(LAST_SLOTS).saturating_add(1),
            };
            let ee = scenario.ee(&spec.ee).filter(|_| spec.kind != TrafficKind::Style)?;
            Some(Self { spec: spec.clone(), ee, until, random: random(scenario.seed, place, "traffic") })
        };
        scenario.traffic.iter().enumerate().filter_map(stream).collect()
    }

    /// Returns the EE whose users pay.
    pub(crate) fn ee(&self) -> EeIndex {
        self.ee
    }

    /// Returns the payments of a slot, without their nonces.
    pub(crate) fn payments(&mut self, slot: Slot, ee: &Inhabited) -> Vec<Payment> {
        let first = self.spec.at.unwrap_or(1);
        if !(first..self.until).contains(&slot) {
            return Vec::new();
        }
        (0..self.spec.per_slot).filter_map(|_| self.payment(ee)).collect()
    }

    fn payment(&mut self, ee: &Inhabited) -> Option<Payment> {
        let TrafficSpec { kind, cross_shard, to_shard, amount, fee, popular, .. } = self.spec;
        let random = &mut self.random;
        // The same numbers are drawn for each kind, so that a change of one number changes nothing else.
        let from = ee.shards.get(draw(random, ee.shards.len() as u64)).copied()?;
        let user = up_to(random, ee.n_users.saturating_sub(1));
        let other = ee.shards.iter().copied().filter(|shard| *shard != from).collect::<Vec<_>>();
        let elsewhere = other.get(draw(random, other.len() as u64)).copied();
        let crosses = is_drawn(random, cross_shard);
        let mut to = up_to(random, ee.n_users.saturating_sub(1));
        let is_popular = is_drawn(random, popular.map_or(0.0, |popular| popular.share));
        if let (true, Some(Popular { user, .. })) = (is_popular, popular) {
            to = user;
        }
        let to_shard = match kind {
            TrafficKind::Flood if to_shard == Some(from) => return None,
            TrafficKind::Flood => to_shard?,
            TrafficKind::Transfer if crosses => elsewhere.unwrap_or(from),
            TrafficKind::Transfer => from,
            TrafficKind::Astray | TrafficKind::Style => elsewhere.unwrap_or(from),
        };
        let to = (kind != TrafficKind::Astray).then_some(to);
        Some(Payment { from: (from, user), nonce: 0, to_shard, to, amount, fee })
    }
}

/// Draws a place among a number of them.
pub(crate) fn draw(random: &mut ChaCha8Rng, n: u64) -> usize {
    usize::try_from(up_to(random, n.saturating_sub(1))).unwrap_or(usize::MAX)
}

/// Draws whether something with a probability happens.
pub(crate) fn is_drawn(random: &mut ChaCha8Rng, probability: f64) -> bool {
    /// The precision of probabilities.
    const PARTS: u64 = 1 << 32;
    // The number is at most 2^32, so that it is exact.
    #[allow(clippy::cast_precision_loss, reason = "numbers below 2^53 are exact")]
    let drawn = up_to(random, PARTS - 1) as f64;
    drawn < probability * (PARTS as f64)
}
