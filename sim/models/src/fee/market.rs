//! Shards with prices and mempools, and what users send to them.

use std::cmp::Reverse;

use super::{
    Parameters,
    user::{Strategy, User},
};
use crate::{outcome::Outcome, random::Random};

/// A transaction in the mempool of a shard.
#[derive(Clone, Copy)]
struct Transaction {
    user: u32,
    fee_cap: u64,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Transfer,
    /// To another shard.
    Send(u32),
    Receive,
    /// The account to another shard.
    Leave(u32),
    Arrive,
}

/// The second half of a transfer or move, which its user sends when the first is executed.
struct Second {
    shard: u32,
    transaction: Transaction,
}

struct Shard {
    base_fee: u64,
    mempool: Vec<Transaction>,
}

/// All shards and users.
pub(super) struct Market<'a> {
    parameters: &'a Parameters,
    users: Vec<User>,
    shards: Vec<Shard>,
    /// True for a user with a transaction in a mempool: at `user * shards + shard`.
    unconfirmed: Vec<bool>,
    /// By user, what waits for its turn.
    seconds: Vec<Vec<Second>>,
    slot: u32,
    random: Random,
    counts: Counts,
}

/// Counts of the second half of the slots.
#[derive(Default)]
struct Counts {
    gas: u64,
    transactions: u64,
    local: u64,
    cross: u64,
    moves: u64,
    /// Of those who stay and of switchers: transactions, gas, and base fees in Gwei.
    by_kind: [(u64, f64, f64); 2],
}

impl<'a> Market<'a> {
    pub(super) fn new(parameters: &'a Parameters, seed: u64) -> Self {
        let users = User::all(parameters, seed);
        let shard = || Shard { base_fee: parameters.initial_base_fee, mempool: Vec::new() };
        Self {
            parameters,
            shards: (0..parameters.shards).map(|_| shard()).collect(),
            unconfirmed: vec![false; users.len() * parameters.shards as usize],
            seconds: users.iter().map(|_| Vec::new()).collect(),
            users,
            slot: 0,
            random: Random::new(seed, 0, "fee: transactions"),
            counts: Counts::default(),
        }
    }

    pub(super) fn base_fees(&self) -> Vec<u64> {
        self.shards.iter().map(|shard| shard.base_fee).collect()
    }

    /// Returns how many users are on each shard; those between two are on none.
    pub(super) fn active_users(&self) -> Vec<u32> {
        let mut active = vec![0; self.shards.len()];
        for user in self.users.iter().filter(|user| !user.moving) {
            active[user.shard as usize] += 1;
        }
        active
    }

    /// Lets every user send, and then every shard make a block.
    pub(super) fn slot(&mut self) {
        let base_fees = self.base_fees();
        for user in 0..self.users.len() as u32 {
            self.send_seconds(user);
            self.consider_move(user, &base_fees);
            self.transfer(user);
        }
        for shard in 0..self.shards.len() as u32 {
            self.make_block(shard);
        }
        self.slot += 1;
    }

    fn unconfirmed(&mut self, user: u32, shard: u32) -> &mut bool {
        &mut self.unconfirmed[user as usize * self.parameters.shards as usize + shard as usize]
    }

    fn send(&mut self, shard: u32, transaction: Transaction) {
        *self.unconfirmed(transaction.user, shard) = true;
        self.shards[shard as usize].mempool.push(transaction);
    }

    /// Returns if a user can send to a shard at a price of gas now: nothing of the user waits there.
    fn can_send(&mut self, user: u32, shard: u32, fee_cap: u64) -> bool {
        !*self.unconfirmed(user, shard) && fee_cap > self.shards[shard as usize].base_fee
    }

    fn send_seconds(&mut self, user: u32) {
        for second in std::mem::take(&mut self.seconds[user as usize]) {
            if self.can_send(user, second.shard, second.transaction.fee_cap) {
                self.send(second.shard, second.transaction);
            } else {
                self.seconds[user as usize].push(second);
            }
        }
    }

    fn consider_move(&mut self, user: u32, base_fees: &[u64]) {
        let one = &self.users[user as usize];
        let interval = f64::from(self.parameters.switching_interval);
        if one.strategy == Strategy::Stays || one.moving || self.slot <= self.parameters.setup_slots {
            return;
        }
        if !self.random.chance(interval.recip()) {
            return;
        }
        let from = one.shard;
        let wanted = one.wants_to_move(&self.users, base_fees, self.parameters, &mut self.random);
        if let Some(super::user::Move { to, fee_cap }) = wanted
            && self.can_send(user, from, fee_cap)
            && self.can_send(user, to, fee_cap)
        {
            self.send(from, Transaction { user, fee_cap, kind: Kind::Leave(to) });
        }
    }

    /// Goes through a user's contacts in a random order, until one can be paid.
    fn transfer(&mut self, user: u32) {
        let from = self.users[user as usize].shard;
        if self.users[user as usize].moving || *self.unconfirmed(user, from) {
            return;
        }
        let mut order: Vec<usize> = (0..self.users[user as usize].contacts.len()).collect();
        self.random.shuffle(&mut order);
        for place in order {
            let contact = &self.users[user as usize].contacts[place];
            if !self.random.chance(contact.probability) {
                continue;
            }
            let (to, cap) = (self.users[contact.to as usize].shard, contact.fee_cap);
            let Parameters { transfer_gas, send_gas, receive_gas, .. } = *self.parameters;
            if to == from {
                if self.can_send(user, from, cap) {
                    return self.send(from, Transaction { user, fee_cap: cap, kind: Kind::Transfer });
                }
                continue;
            }
            // As much as a transfer within the shard would cost at most.
            let fee_cap =
                (u128::from(cap) * u128::from(transfer_gas) / u128::from(send_gas + receive_gas)) as u64;
            if self.can_send(user, from, fee_cap) && self.can_send(user, to, fee_cap) {
                return self.send(from, Transaction { user, fee_cap, kind: Kind::Send(to) });
            }
        }
    }

    /// Takes the highest prices first, up to the limit, and then changes the base fee.
    fn make_block(&mut self, place: u32) {
        let Parameters { gas_target, tip, .. } = *self.parameters;
        let shard = &mut self.shards[place as usize];
        let base_fee = shard.base_fee;
        shard.mempool.sort_by_key(|one| Reverse(one.fee_cap.min(base_fee.saturating_add(tip))));
        let (mut gas_used, mut n) = (0, 0);
        for transaction in &shard.mempool {
            let gas = transaction.gas(self.parameters);
            if gas_used + gas > 2 * gas_target || transaction.fee_cap <= base_fee {
                break;
            }
            gas_used += gas;
            n += 1;
        }
        shard.base_fee = next_base_fee(base_fee, gas_used, gas_target, self.parameters.adjustment);
        let block: Vec<Transaction> = shard.mempool.drain(..n).collect();
        for transaction in block {
            self.execute(place, transaction, base_fee);
        }
    }

    fn execute(&mut self, shard: u32, transaction: Transaction, base_fee: u64) {
        let Transaction { user, fee_cap, kind } = transaction;
        *self.unconfirmed(user, shard) = false;
        let second = |kind| Transaction { user, fee_cap, kind };
        let (one, seconds) = (&mut self.users[user as usize], &mut self.seconds[user as usize]);
        match kind {
            Kind::Transfer | Kind::Receive => {}
            Kind::Send(to) => seconds.push(Second { shard: to, transaction: second(Kind::Receive) }),
            Kind::Leave(to) => {
                one.moving = true;
                seconds.push(Second { shard: to, transaction: second(Kind::Arrive) });
            }
            Kind::Arrive => {
                one.moving = false;
                one.shard = shard;
            }
        }
        if self.slot >= self.parameters.slots / 2 {
            let switches = usize::from(one.strategy != Strategy::Stays);
            self.counts.add(kind, transaction.gas(self.parameters), base_fee, switches);
        }
    }

    pub(super) fn report(&self, outcome: &mut Outcome) {
        let slots = f64::from(self.parameters.slots - self.parameters.slots / 2);
        let counts = &self.counts;
        let target = slots * f64::from(self.parameters.shards) * self.parameters.gas_target as f64;
        outcome.ratio("gas_used", counts.gas as f64, target, "");
        outcome.ratio("transactions", counts.transactions as f64, slots, "transactions per slot");
        outcome.ratio("cross_shard_share", counts.cross as f64, (counts.local + counts.cross) as f64, "");
        outcome.measure("moves", counts.moves as f64, "moves");
        let switchers = self.users.iter().filter(|user| user.strategy != Strategy::Stays).count();
        let users = [self.users.len() - switchers, switchers];
        let names = [("stayer_fee", "stayer_transactions"), ("switcher_fee", "switcher_transactions")];
        for (((n, gas, fees), (fee, transactions)), users) in counts.by_kind.iter().zip(names).zip(users) {
            outcome.ratio(fee, *fees, *gas, "Gwei per gas");
            outcome.ratio(transactions, *n as f64, users as f64, "transactions per user");
        }
    }
}

impl Counts {
    fn add(&mut self, kind: Kind, gas: u64, base_fee: u64, switches: usize) {
        self.gas += gas;
        self.transactions += 1;
        match kind {
            Kind::Transfer => self.local += 1,
            Kind::Send(_) => self.cross += 1,
            Kind::Leave(_) => self.moves += 1,
            Kind::Receive | Kind::Arrive => {}
        }
        let (n, all, fees) = &mut self.by_kind[switches];
        *n += 1;
        *all += gas as f64;
        *fees += gas as f64 * base_fee as f64 / super::GWEI;
    }
}

impl Transaction {
    fn gas(self, parameters: &Parameters) -> u64 {
        match self.kind {
            Kind::Transfer => parameters.transfer_gas,
            Kind::Send(_) | Kind::Leave(_) => parameters.send_gas,
            Kind::Receive | Kind::Arrive => parameters.receive_gas,
        }
    }
}

/// Returns the base fee after a block: EIP-1559, and `compute_updated_gasprice` of phase 1 with gas for bytes.
fn next_base_fee(base_fee: u64, gas_used: u64, gas_target: u64, adjustment: u64) -> u64 {
    let [fee, used, target] = [base_fee, gas_used, gas_target].map(u128::from);
    let delta = (fee * used.abs_diff(target) / target / u128::from(adjustment)) as u64;
    if gas_used > gas_target { (base_fee + delta).min(BASE_FEE_MAX) } else { base_fee - delta }
}

/// Shargri-La's MAX_GASPRICE, in wei: 2^14 Gwei, as the specification's MAX_GASPRICE.
const BASE_FEE_MAX: u64 = 16_384_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_base_fee_rises_and_falls_by_at_most_an_eighth(fee in 0..BASE_FEE_MAX, used in 0_u64..=20_000_000) {
            let next = next_base_fee(fee, used, 10_000_000, 8);
            prop_assert!(next.abs_diff(fee) <= fee / 8);
            prop_assert!(used == 10_000_000 || (next >= fee) == (used > 10_000_000) || next == fee);
        }
    }

    #[test]
    fn the_base_fee_follows_the_examples_of_eip_1559() {
        assert_eq!(next_base_fee(1_000_000_000, 10_000_000, 10_000_000, 8), 1_000_000_000);
        assert_eq!(next_base_fee(1_000_000_000, 20_000_000, 10_000_000, 8), 1_125_000_000);
        assert_eq!(next_base_fee(1_000_000_000, 0, 10_000_000, 8), 875_000_000);
        assert_eq!(next_base_fee(BASE_FEE_MAX, 20_000_000, 10_000_000, 8), BASE_FEE_MAX);
    }

    #[test]
    fn every_user_is_on_one_shard_or_moving_and_no_block_is_above_the_limit() {
        let parameters = Parameters {
            users: 640,
            shards: 8,
            slots: 60,
            minimum: 0.5,
            weighted: 0.5,
            ..Parameters::default()
        };
        let mut market = Market::new(&parameters, 1);
        for _ in 0..parameters.slots {
            let before = market.counts.gas;
            market.slot();
            assert!(market.counts.gas - before <= 2 * parameters.gas_target * 8);
            let moving = market.users.iter().filter(|user| user.moving).count() as u32;
            assert_eq!(market.active_users().iter().sum::<u32>() + moving, 640);
        }
        assert!(market.counts.moves > 0);
    }
}
