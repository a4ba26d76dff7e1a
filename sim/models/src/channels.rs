//! Payment channels, and probabilistic payments.
//!
//! # Channels
//! A channel holds a capacity, divided between its two ends. A payment moves its amount along a path, if the near end
//! of each channel has it. A sender knows capacities but no balances, so it tries the shortest path, and another one
//! without the channel that failed. With a balance uniform from 0 to c, a channel carries a with probability
//! `(c + 1 - a) / (c + 1)`, and a path with the product
//! ([Pickhardt, Tikhomirov, Biryukov, Nowostawski](https://arxiv.org/abs/2103.08576)). In operation, payments exhaust
//! the channels of those who pay more than they get, so `first_failure_probability` differs from that. An end below a
//! share of the capacity *rebalances* to one half, by a transaction on the chain. The network grows by
//! [preferential attachment](https://doi.org/10.1126/science.286.5439.509), so it has hubs, as payment networks do.
//!
//! # Probabilistic payments
//! [Rivest](https://fermatslibrary.com/s/electronic-lottery-tickets-as-micropayments) pays one cent by a ticket that
//! wins 10 dollars once in 1,000. Only tickets that win come to the chain: of N payments N p. N payments of v give N v
//! on average, with a standard deviation of v sqrt(N (1 - p) / p). Neither a path nor capital in channels is needed,
//! but a prize.

mod network;
mod tickets;

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, check, share, within},
};

pub use tickets::Tickets;

/// The parameters of the model `channels`. Amounts are whole units of any kind, as Gwei.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Nodes of the network.
    pub nodes: u32,
    /// Channels that each node opens to nodes before it.
    pub channels_per_node: u32,
    /// The money in a channel.
    pub capacity: u64,
    /// The money that a payment moves.
    pub amount: u64,
    /// Payments between random nodes.
    pub payments: u32,
    /// Paths that a sender tries.
    pub attempts: u32,
    /// An end with less than this share of the capacity rebalances. 0: never.
    #[serde(default)]
    pub rebalance_below: f64,
    /// Bytes on the chain to open a channel.
    pub open_bytes: u32,
    /// Bytes on the chain to close a channel.
    pub close_bytes: u32,
    /// Bytes on the chain to rebalance a channel.
    pub rebalance_bytes: u32,
    /// Bytes on the chain of a payment without channels.
    pub payment_bytes: u32,
    /// Amounts for the table `by_amount`.
    #[serde(default)]
    pub amounts: Vec<u64>,
    /// Probabilistic payments. Left out: none.
    #[serde(default)]
    pub tickets: Option<Tickets>,
}

/// Runs the model.
///
/// Figures: `channels`; `capital` that they hold; `path_length`, the mean of shortest paths; `failure_probability` of
/// one attempt on uniform balances, by the formula over the paths that occur, and `simulated_failure_probability`; in
/// operation: `first_failure_probability` of first attempts, `payment_failure_probability` after all attempts,
/// `attempts_per_payment`, `rebalancings`; `settlement_bytes` on the chain in all, `bytes_per_payment`, `chain_bytes`
/// of the same payments without channels, and `saving`, the quotient; `capital_per_payment`. With tickets, those of
/// [`Tickets`]. Tables: `by_amount`, and `operation`, failures by tenths of the payments.
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let mut outcome = Outcome::default();
    network::run(parameters, seed, &mut outcome);
    if let Some(tickets) = &parameters.tickets {
        tickets.run(seed, &mut outcome);
    }
    Ok(outcome)
}

/// Returns the probability that a channel with a uniform balance carries an amount.
#[must_use]
pub fn carries(capacity: u64, amount: u64) -> f64 {
    (capacity + 1).saturating_sub(amount) as f64 / (capacity as f64 + 1.0)
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    let Parameters { nodes, channels_per_node, .. } = *parameters;
    within("nodes", nodes, 2..=100_000, "give 2 to 100000 nodes")?;
    let most = (nodes - 1).min(100);
    within(
        "channels_per_node",
        channels_per_node,
        1..=most,
        "give 1 to 100 channels, to fewer than all nodes",
    )?;
    within("capacity", parameters.capacity, 1..=1 << 52, "give 1 to 2^52 units")?;
    within("amount", parameters.amount, 1..=parameters.capacity, "give 1 to `capacity` units")?;
    within("attempts", parameters.attempts, 1..=100, "give 1 to 100 attempts")?;
    share("rebalance_below", parameters.rebalance_below)?;
    let below = parameters.rebalance_below;
    check("rebalance_below", below, below <= 0.5, "give at most 0.5, the share after rebalancing")?;
    let work = f64::from(parameters.payments) * f64::from(nodes) * f64::from(channels_per_node);
    let remedy = "give 1 to so many that payments times channels are at most 1e9";
    check("payments", parameters.payments, parameters.payments > 0 && work <= 1e9, remedy)?;
    parameters.tickets.as_ref().map_or(Ok(()), Tickets::validate)
}
