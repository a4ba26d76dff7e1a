//! Users: whom they pay, and where they go.

use super::Parameters;
use crate::random::Random;

/// A user, with one account that is on one shard.
pub(super) struct User {
    pub(super) shard: u32,
    /// True if the account has left a shard and not arrived at another.
    pub(super) moving: bool,
    pub(super) strategy: Strategy,
    pub(super) contacts: Vec<Contact>,
}

/// Somebody whom a user pays.
pub(super) struct Contact {
    pub(super) to: u32,
    /// The highest price of gas in wei for a transfer within a shard.
    pub(super) fee_cap: u64,
    /// The probability of a transfer in a slot.
    pub(super) probability: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    Stays,
    Minimum,
    Weighted,
}

/// A move that pays.
pub(super) struct Move {
    pub(super) to: u32,
    /// The highest price of gas in wei at which it still pays.
    pub(super) fee_cap: u64,
}

impl User {
    /// Returns all users. User `i` starts on shard `i % shards`.
    pub(super) fn all(parameters: &Parameters, seed: u64) -> Vec<Self> {
        let mut random = Random::new(seed, 0, "fee: users");
        let users = f64::from(parameters.users);
        let mut all: Vec<Self> = (0..parameters.users)
            .map(|user| {
                let place = f64::from(user);
                let strategy = if parameters.popular_user && user == POPULAR_USER {
                    Strategy::Stays
                } else if place < parameters.minimum * users {
                    Strategy::Minimum
                } else if place < (parameters.minimum + parameters.weighted) * users {
                    Strategy::Weighted
                } else {
                    Strategy::Stays
                };
                let contacts = contacts(parameters, user, &mut random);
                Self { shard: user % parameters.shards, moving: false, strategy, contacts }
            })
            .collect();
        // As often as together take the gas that users want, at the mean of what both sides of a transfer across take.
        let gas = f64::midpoint(parameters.send_gas as f64, parameters.receive_gas as f64);
        let transfers = parameters.demand * parameters.gas_target as f64 * f64::from(parameters.shards) / gas;
        let sum: f64 = all.iter().flat_map(|user| &user.contacts).map(|contact| contact.probability).sum();
        for contact in all.iter_mut().flat_map(|user| &mut user.contacts) {
            contact.probability *= transfers / sum;
        }
        all
    }

    /// Returns the move that the user's strategy has at the prices of all shards, if one saves fees.
    pub(super) fn wants_to_move(
        &self,
        users: &[Self],
        base_fees: &[u64],
        parameters: &Parameters,
        random: &mut Random,
    ) -> Option<Move> {
        let here = self.expected_fees(self.shard, users, base_fees, parameters);
        let saving = |shard: u32| (here - self.expected_fees(shard, users, base_fees, parameters)).max(0.0);
        let savings: Vec<f64> = (0..base_fees.len() as u32).map(saving).collect();
        let place = match self.strategy {
            Strategy::Stays => return None,
            Strategy::Minimum => (0..savings.len()).max_by(|&a, &b| savings[a].total_cmp(&savings[b]))?,
            Strategy::Weighted => {
                let mut left = random.unit() * savings.iter().sum::<f64>();
                savings.iter().position(|saving| {
                    left -= saving;
                    left < 0.0
                })?
            }
        };
        let gas = parameters.send_gas + parameters.receive_gas;
        (savings[place] > 0.0)
            .then(|| Move { to: place as u32, fee_cap: (savings[place] / gas as f64) as u64 })
    }

    /// Returns the expected fees in wei until the next decision, if the user is on a shard, with the move to it.
    fn expected_fees(&self, shard: u32, users: &[Self], base_fees: &[u64], parameters: &Parameters) -> f64 {
        let price = |shard: u32| base_fees[shard as usize] as f64;
        let cross =
            |from, to| parameters.send_gas as f64 * price(from) + parameters.receive_gas as f64 * price(to);
        let per_slot: f64 = self
            .contacts
            .iter()
            .map(|contact| {
                let to = users[contact.to as usize].shard;
                let local = parameters.transfer_gas as f64 * price(shard);
                contact.probability * if to == shard { local } else { cross(shard, to) }
            })
            .sum();
        let moving = if shard == self.shard { 0.0 } else { cross(self.shard, shard) };
        per_slot * f64::from(parameters.switching_interval) + moving
    }
}

fn contacts(parameters: &Parameters, user: u32, random: &mut Random) -> Vec<Contact> {
    let n = random.below(u64::from(parameters.contacts) + 1);
    let popular = parameters.popular_user && random.chance(PAYS_POPULAR);
    let mut contacts = Vec::new();
    for place in 0..n {
        let to =
            if place == 0 && popular { POPULAR_USER } else { random.below(parameters.users.into()) as u32 };
        let probability = random.below(100) as f64;
        let fee_cap = random.below(parameters.fee_cap_max);
        if to != user {
            contacts.push(Contact { to, fee_cap, probability });
        }
    }
    contacts
}

/// The user whom one in ten pays.
const POPULAR_USER: u32 = 0;
/// Shargri-La's PERCENTAGE_OF_USERS_TRANSFERRING_TO_POPULAR_USER.
const PAYS_POPULAR: f64 = 0.1;
