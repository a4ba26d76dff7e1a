//! Users who choose shards by their prices: the users of
//! [Shargri-La](https://ethresear.ch/t/shargri-la-a-transaction-level-sharded-blockchain-simulator/7936) 0.1, on prices
//! per shard by [EIP-1559](https://eips.ethereum.org/EIPS/eip-1559).
//!
//! # Users
//! 10,000 users on 64 shards transfer ether to up to 15 others each, with a fee cap for each that is uniform up to 200
//! Gwei, and twice as often as the gas targets of all shards allow. A transfer takes 21,000 gas within a shard; across
//! shards, 31,785 on the sender's and then 52,820 on the receiver's. A user has one transaction at a time on a shard.
//! *Switchers* consider a move in one slot of 100: `minimum` goes where the expected fees are lowest, `weighted` to a
//! random shard with the saving as its weight. A move costs the gas of a cross-shard transfer.
//!
//! # Prices
//! A block of twice the target raises the base fee by 1/8, an empty one lowers it by 1/8. That is
//! `compute_updated_gasprice` of phase 1, too, with gas for bytes. Proposers take the highest tips first, which are the
//! same for all whose caps allow them.
//!
//! # Differences
//! Shargri-La's expected fees have the gas of sending and of receiving the other way round, its users also send while
//! they move, and its transfers are in the order of a hash map. The six experiments are those of its `Makefile`: nobody
//! switches; 33 % and 67 % `minimum`; 67 % `weighted`, without and with a popular user, to whom one user in ten sends;
//! 33 % of each. Its results are pictures, so only what must hold is compared: 10,000 users on 64 shards are 156 or 157
//! on each, and stay so without switchers. What the six give here, of the second half of 400 slots:
//!
//! | experiment | base fee (Gwei) | spread over shards | swing over slots | users of a shard | transfers across |
//! |---|---|---|---|---|---|
//! | nobody switches | 3.41 | 58 % | 15 % | 156 to 157 | 98 % |
//! | 33 % `minimum` | 0.86 | 18 % | 20 % | 133 to 184 | 90 % |
//! | 67 % `minimum` | 0.31 | 36 % | 48 % | 119 to 210 | 84 % |
//! | 67 % `weighted` | 0.83 | 35 % | 24 % | 103 to 209 | 90 % |
//! | the same, popular user | 1.04, the popular one's shard 15.7 | 180 % | 23 % | 120 to 206 | 90 % |
//! | 33 % of each | 0.50 | 31 % | 35 % | 118 to 211 | 87 % |
//!
//! So switchers lower the price for all, above all because they move together with those whom they pay. Those who all
//! see the same cheapest shard make prices swing.

mod market;
mod user;

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, amount, check, share, within},
};

use market::Market;

/// The parameters of the model `fee`. The defaults are Shargri-La's.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The number of users.
    pub users: u32,
    /// The number of shards.
    pub shards: u32,
    /// Slots that are simulated.
    pub slots: u32,
    /// The share of users who go where it is cheapest.
    pub minimum: f64,
    /// The share of users who go to a random cheaper shard.
    pub weighted: f64,
    /// Lets one user in ten send to user 0, who never moves.
    pub popular_user: bool,
    /// The gas target of a block; the limit is twice that.
    pub gas_target: u64,
    /// Gas of a transfer within a shard.
    pub transfer_gas: u64,
    /// Gas of sending to another shard, on the sender's.
    pub send_gas: u64,
    /// Gas of receiving from another shard, on the receiver's.
    pub receive_gas: u64,
    /// The base fee at the start, in wei per gas.
    pub initial_base_fee: u64,
    /// Caps are below this, in wei per gas.
    pub fee_cap_max: u64,
    /// The tip, in wei per gas, if the cap allows it.
    pub tip: u64,
    /// A block of twice the target raises the base fee by one divided by this.
    pub adjustment: u64,
    /// The gas that users want, as a multiple of all targets.
    pub demand: f64,
    /// A user sends to up to this many others.
    pub contacts: u32,
    /// A switcher considers a move once in this many slots, on average.
    pub switching_interval: u32,
    /// Nobody moves before this slot.
    pub setup_slots: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            users: 10_000,
            shards: 64,
            slots: 1000,
            minimum: 0.0,
            weighted: 0.0,
            popular_user: false,
            gas_target: 10_000_000,
            transfer_gas: 21_000,
            send_gas: 31_785,
            receive_gas: 52_820,
            initial_base_fee: 1_000_000_000,
            fee_cap_max: 200_000_000_000,
            tip: 1_000_000_000,
            adjustment: 8,
            demand: 2.0,
            contacts: 15,
            switching_interval: 100,
            setup_slots: 10,
        }
    }
}

/// Runs the model.
///
/// Figures, of the second half of the slots where they are means: `base_fee` in Gwei, of all shards;
/// `base_fee_spread`, the standard deviation over the shards in a slot, as a share of the mean; `base_fee_swing`, the
/// standard deviation of one shard's base fee over the slots, as a share of its mean; `active_users_min`,
/// `active_users_max` and `active_users_spread` (standard deviation over shards as a share of the mean), and
/// `initial_users_min`, `initial_users_max`; `gas_used`, as a share of the target; `transactions` per slot;
/// `cross_shard_share` of the transfers; `moves`; `switcher_fee` and `stayer_fee` in Gwei per gas, and
/// `switcher_transactions`, `stayer_transactions` per user; `popular_shard_base_fee`, relative to the mean of all, and
/// `popular_shard_users`, the mean.
///
/// Tables, with a column for each shard: `base_fee` in Gwei and `active_users` by slot.
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let mut market = Market::new(parameters, seed);
    let mut history = History::default();
    let initial = market.active_users();
    for _ in 0..parameters.slots {
        // The prices that the users see, and what they did.
        let base_fees = market.base_fees().iter().map(|&fee| fee as f64 / GWEI).collect();
        market.slot();
        history.base_fees.push(base_fees);
        history.active.push(market.active_users().iter().map(|&n| f64::from(n)).collect());
    }
    let mut outcome = Outcome::default();
    for (name, n) in
        [("initial_users_min", initial.iter().min()), ("initial_users_max", initial.iter().max())]
    {
        outcome.measure(name, n.map_or(f64::NAN, |&n| n.into()), "users");
    }
    history.report(parameters, &mut outcome);
    market.report(&mut outcome);
    Ok(outcome)
}

/// Figures by slot and shard.
#[derive(Default)]
struct History {
    base_fees: Vec<Vec<f64>>,
    active: Vec<Vec<f64>>,
}

impl History {
    fn report(self, parameters: &Parameters, outcome: &mut Outcome) {
        let half = self.base_fees.len() / 2;
        let (fees, active) = (&self.base_fees[half..], &self.active[half..]);
        let slots = fees.len() as f64;
        let of_slots = |rows: &[Vec<f64>], figure: &dyn Fn(&[f64]) -> f64| {
            rows.iter().map(|row| figure(row)).sum::<f64>() / slots
        };
        let relative = |list: &[f64]| deviation(list) / mean(list);
        outcome.measure("base_fee", of_slots(fees, &mean), "Gwei");
        outcome.measure("base_fee_spread", of_slots(fees, &relative), "");
        let over_time = |shard: usize| fees.iter().map(|row| row[shard]).collect::<Vec<_>>();
        let shards = parameters.shards as usize;
        let swing = (0..shards).map(|shard| relative(&over_time(shard))).sum::<f64>();
        outcome.ratio("base_fee_swing", swing, shards as f64, "");
        let all = || active.iter().flatten().copied();
        outcome.measure("active_users_min", all().fold(f64::INFINITY, f64::min), "users");
        outcome.measure("active_users_max", all().fold(0.0, f64::max), "users");
        outcome.measure("active_users_spread", of_slots(active, &relative), "");
        if parameters.popular_user {
            // User 0 is on shard 0, and stays.
            let ratio = of_slots(fees, &|row| row[0]) / of_slots(fees, &mean);
            outcome.measure("popular_shard_base_fee", ratio, "");
            outcome.measure("popular_shard_users", of_slots(active, &|row| row[0]), "users");
        }
        let names: Vec<String> = (0..shards).map(|shard| format!("shard {shard}")).collect();
        let columns: Vec<&str> = std::iter::once("slot").chain(names.iter().map(String::as_str)).collect();
        for (name, rows) in [("base_fee", self.base_fees), ("active_users", self.active)] {
            let row = |(slot, row): (usize, Vec<f64>)| std::iter::once(slot as f64).chain(row).collect();
            outcome.series(name, &columns, rows.into_iter().enumerate().map(row).collect());
        }
    }
}

fn mean(list: &[f64]) -> f64 {
    list.iter().sum::<f64>() / list.len() as f64
}

fn deviation(list: &[f64]) -> f64 {
    let mean = mean(list);
    (list.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / list.len() as f64).sqrt()
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    let Parameters { users, shards, slots, .. } = *parameters;
    within("shards", shards, 1..=1024, "give 1 to 1024 shards")?;
    within("users", users, 1..=1_000_000, "give 1 to 1000000 users")?;
    within("slots", slots, 2..=100_000, "give 2 to 100000 slots")?;
    let work = f64::from(slots) * (f64::from(users) + 10.0 * f64::from(shards));
    let remedy = "give so few that slots times users, and ten times slots times shards, are at most 1e8";
    check("slots", slots, work <= 1e8, remedy)?;
    let places = f64::from(users) * f64::from(shards);
    check("users", users, places <= 1e8, "give so few that users times shards are at most 1e8")?;
    share("minimum", parameters.minimum)?;
    share("weighted", parameters.weighted)?;
    let switchers = parameters.minimum + parameters.weighted;
    let remedy = "let `minimum` and `weighted` together be at most 1";
    check("weighted", parameters.weighted, switchers <= 1.0, remedy)?;
    let gas = 1..=1_000_000_000_u64;
    let remedy = "give 1 to 1000000000 gas";
    within("gas_target", parameters.gas_target, gas.clone(), remedy)?;
    within("transfer_gas", parameters.transfer_gas, gas.clone(), remedy)?;
    within("send_gas", parameters.send_gas, gas.clone(), remedy)?;
    within("receive_gas", parameters.receive_gas, gas, remedy)?;
    let price = 1..=1_000_000_000_000_000_u64;
    let remedy = "give 1 to 1e15 wei";
    within("initial_base_fee", parameters.initial_base_fee, price.clone(), remedy)?;
    within("fee_cap_max", parameters.fee_cap_max, price.clone(), remedy)?;
    within("tip", parameters.tip, price, remedy)?;
    within("adjustment", parameters.adjustment, 1..=1_000_000, "give 1 to 1000000")?;
    amount("demand", parameters.demand)?;
    within("contacts", parameters.contacts, 1..=1000, "give 1 to 1000 contacts")?;
    within("switching_interval", parameters.switching_interval, 1..=1_000_000, "give 1 to 1000000 slots")
}

/// Wei in a Gwei.
const GWEI: f64 = 1e9;
