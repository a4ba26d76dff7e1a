//! A network of channels, and payments over it.

use std::collections::{BTreeSet, VecDeque};

use super::{Parameters, carries};
use crate::{outcome::Outcome, random::Random};

/// A channel between two nodes.
struct Channel {
    nodes: [u32; 2],
    /// The money of each end.
    balances: [u64; 2],
}

/// One channel of a path, from one of its ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hop {
    channel: usize,
    from: usize,
}

struct Network {
    channels: Vec<Channel>,
    /// By node, the channels from it.
    hops: Vec<Vec<Hop>>,
    rebalancings: u64,
}

/// Estimates with fresh balances, and then operates with balances that payments change.
pub(super) fn run(parameters: &Parameters, seed: u64, outcome: &mut Outcome) {
    let mut network = Network::new(parameters, seed);
    let channels = network.channels.len() as f64;
    let capital = channels * parameters.capacity as f64;
    let payments = f64::from(parameters.payments);
    outcome.measure("channels", channels, "channels");
    outcome.measure("capital", capital, "units");
    outcome.ratio("capital_per_payment", capital, payments, "units");
    let lengths = estimate(parameters, &network, seed, outcome);
    operate(parameters, &mut network, seed, outcome);
    let rebalancings = network.rebalancings as f64;
    outcome.measure("rebalancings", rebalancings, "rebalancings");
    let each = f64::from(parameters.open_bytes) + f64::from(parameters.close_bytes);
    let settlement = channels * each + rebalancings * f64::from(parameters.rebalance_bytes);
    let chain = payments * f64::from(parameters.payment_bytes);
    outcome.measure("settlement_bytes", settlement, "bytes");
    outcome.ratio("bytes_per_payment", settlement, payments, "bytes");
    outcome.measure("chain_bytes", chain, "bytes");
    outcome.ratio("saving", chain, settlement, "");
    let row = |&amount: &u64| vec![amount as f64, failure(&lengths, parameters.capacity, amount)];
    let rows = parameters.amounts.iter().map(row).collect();
    outcome.series("by_amount", &["amount", "failure_probability"], rows);
}

/// Returns the mean probability that an attempt fails on uniform balances, over paths of these lengths.
fn failure(lengths: &[u64], capacity: u64, amount: u64) -> f64 {
    let one = carries(capacity, amount);
    let all: u64 = lengths.iter().sum();
    let paths = lengths.iter().enumerate();
    let succeeds: f64 = paths.map(|(length, &n)| n as f64 * one.powi(length as i32)).sum();
    1.0 - succeeds / all as f64
}

/// Tries payments, each on fresh uniform balances. Returns the number of paths by length.
fn estimate(parameters: &Parameters, network: &Network, seed: u64, outcome: &mut Outcome) -> Vec<u64> {
    let mut pairs = Random::new(seed, 0, "channels: estimated pairs");
    let mut balances = Random::new(seed, 0, "channels: estimated balances");
    let (mut lengths, mut failed) = (Vec::new(), 0_u32);
    for _ in 0..parameters.payments {
        let (from, to) = pair(parameters.nodes, &mut pairs);
        let path = network.path(from, to, &BTreeSet::new()).unwrap_or_default();
        if lengths.len() <= path.len() {
            lengths.resize(path.len() + 1, 0_u64);
        }
        lengths[path.len()] += 1;
        let carried = path.iter().all(|_| balances.below(parameters.capacity + 1) >= parameters.amount);
        failed += u32::from(!carried);
    }
    let payments = f64::from(parameters.payments);
    let hops: f64 = lengths.iter().enumerate().map(|(length, &n)| length as f64 * n as f64).sum();
    outcome.ratio("path_length", hops, payments, "channels");
    outcome.measure("failure_probability", failure(&lengths, parameters.capacity, parameters.amount), "");
    outcome.ratio("simulated_failure_probability", failed.into(), payments, "");
    lengths
}

fn operate(parameters: &Parameters, network: &mut Network, seed: u64, outcome: &mut Outcome) {
    let mut pairs = Random::new(seed, 0, "channels: pairs");
    let (mut first_failed, mut failed, mut attempts) = (0_u32, 0_u32, 0_u64);
    let mut tenths = [(0_u32, 0_u32, 0_u32); 10];
    for payment in 0..parameters.payments {
        let (from, to) = pair(parameters.nodes, &mut pairs);
        let (tried, paid) = network.pay(parameters, from, to);
        let first = !(paid && tried == 1);
        attempts += u64::from(tried);
        first_failed += u32::from(first);
        failed += u32::from(!paid);
        let tenth = (u64::from(payment) * 10 / u64::from(parameters.payments)) as usize;
        let (n, n_first, n_failed) = &mut tenths[tenth];
        *n += 1;
        *n_first += u32::from(first);
        *n_failed += u32::from(!paid);
    }
    let payments = f64::from(parameters.payments);
    outcome.ratio("first_failure_probability", first_failed.into(), payments, "");
    outcome.ratio("payment_failure_probability", failed.into(), payments, "");
    outcome.ratio("attempts_per_payment", attempts as f64, payments, "attempts");
    let share = |part: u32, n: u32| f64::from(part) / f64::from(n);
    let row = |(tenth, &(n, first, failed)): (usize, &(u32, u32, u32))| {
        vec![tenth as f64 + 1.0, share(first, n), share(failed, n)]
    };
    let rows = tenths.iter().enumerate().map(row).collect();
    let columns = ["tenth", "first_failure_probability", "payment_failure_probability"];
    outcome.series("operation", &columns, rows);
}

/// Draws two different nodes.
fn pair(nodes: u32, random: &mut Random) -> (u32, u32) {
    let from = random.below(nodes.into()) as u32;
    let to = random.below(u64::from(nodes) - 1) as u32;
    (from, if to >= from { to + 1 } else { to })
}

impl Network {
    /// Lets each node open channels to nodes before it, which it draws in proportion to the channels that they have.
    fn new(parameters: &Parameters, seed: u64) -> Self {
        let mut random = Random::new(seed, 0, "channels: network");
        let mut network =
            Self { channels: Vec::new(), hops: vec![Vec::new(); parameters.nodes as usize], rebalancings: 0 };
        // Each node once for each of its channels.
        let mut ends: Vec<u32> = vec![0];
        for node in 1..parameters.nodes {
            let mut peers = BTreeSet::new();
            let n = parameters.channels_per_node.min(node) as usize;
            while peers.len() < n {
                let drawn = ends[random.index(ends.len())];
                // A node of which all channels are taken yields to any other, so that this ends.
                peers.insert(if peers.contains(&drawn) { random.below(node.into()) as u32 } else { drawn });
            }
            for peer in peers {
                let first = random.below(parameters.capacity + 1);
                network.open(node, peer, [first, parameters.capacity - first]);
                ends.extend([node, peer]);
            }
        }
        network
    }

    fn open(&mut self, one: u32, other: u32, balances: [u64; 2]) {
        let channel = self.channels.len();
        self.channels.push(Channel { nodes: [one, other], balances });
        self.hops[one as usize].push(Hop { channel, from: 0 });
        self.hops[other as usize].push(Hop { channel, from: 1 });
    }

    /// Returns a shortest path without some hops, if there is one.
    fn path(&self, from: u32, to: u32, without: &BTreeSet<Hop>) -> Option<Vec<Hop>> {
        // By node, the hop over which it was reached.
        let mut reached: Vec<Option<Hop>> = vec![None; self.hops.len()];
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for &hop in &self.hops[node as usize] {
                let next = self.channels[hop.channel].nodes[1 - hop.from];
                if next == from || reached[next as usize].is_some() || without.contains(&hop) {
                    continue;
                }
                reached[next as usize] = Some(hop);
                if next == to {
                    return Some(self.trace(from, to, &reached));
                }
                queue.push_back(next);
            }
        }
        None
    }

    fn trace(&self, from: u32, to: u32, reached: &[Option<Hop>]) -> Vec<Hop> {
        let (mut path, mut node) = (Vec::new(), to);
        while node != from
            && let Some(hop) = reached[node as usize]
        {
            path.push(hop);
            node = self.channels[hop.channel].nodes[hop.from];
        }
        path.reverse();
        path
    }

    /// Pays over the first path that carries the amount. Returns the number of paths that were tried, and if it was
    /// paid.
    fn pay(&mut self, parameters: &Parameters, from: u32, to: u32) -> (u32, bool) {
        let mut failed = BTreeSet::new();
        for attempt in 1..=parameters.attempts {
            let Some(path) = self.path(from, to, &failed) else { return (attempt, false) };
            let short =
                path.iter().find(|hop| self.channels[hop.channel].balances[hop.from] < parameters.amount);
            if let Some(&hop) = short {
                failed.insert(hop);
                continue;
            }
            for hop in path {
                let balances = &mut self.channels[hop.channel].balances;
                balances[hop.from] -= parameters.amount;
                balances[1 - hop.from] += parameters.amount;
                if (balances[hop.from] as f64) < parameters.rebalance_below * parameters.capacity as f64 {
                    let half = parameters.capacity / 2;
                    *balances = [half, parameters.capacity - half];
                    self.rebalancings += 1;
                }
            }
            return (attempt, true);
        }
        (parameters.attempts, false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn payments_move_money_and_never_make_any(
            seed: u64, nodes in 2_u32..30, each in 1_u32..4, amount in 1_u64..100, rebalance_below in 0.0..0.5,
        ) {
            let parameters = Parameters {
                nodes, channels_per_node: each.min(nodes - 1), capacity: 100, amount, payments: 100, attempts: 3,
                rebalance_below, open_bytes: 1, close_bytes: 1, rebalance_bytes: 1, payment_bytes: 1,
                amounts: vec![], tickets: None,
            };
            let mut network = Network::new(&parameters, seed);
            let mut random = Random::new(seed, 0, "test");
            for _ in 0..parameters.payments {
                let (from, to) = pair(nodes, &mut random);
                prop_assert!(from != to && from < nodes && to < nodes);
                let path = network.path(from, to, &BTreeSet::new()).expect("the network is connected");
                prop_assert_eq!(network.channels[path[0].channel].nodes[path[0].from], from);
                let last = path[path.len() - 1];
                prop_assert_eq!(network.channels[last.channel].nodes[1 - last.from], to);
                network.pay(&parameters, from, to);
                prop_assert!(network.channels.iter().all(|channel| channel.balances.iter().sum::<u64>() == 100));
            }
        }
    }
}
