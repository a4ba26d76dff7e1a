//! Committees and challenges against one attacker with one budget.
//!
//! Three designs, and what each ETH of attack costs others:
//!
//! - *Jury*: a block counts if its committee signs it, and nobody looks again. The attacker turns the budget into
//!   stake, so it controls a committee now and then. Each time others lose the value at risk. The stake is not lost.
//! - *Challenge*: a block counts if nobody proves it wrong in time. Every slot is an occasion. What each attempt costs
//!   the attacker is the denial of service, and the slashing if it is found. Attempts end with the budget.
//! - *Both*: the attacker has to control the committee first, and then not be found. If it is, all of the committee's
//!   members that it has are slashed.
//!
//! The budget also is what a lone party with that stake has, so the table `by_share` answers the panel on scaling at
//! Devcon: a jury of 200 against "30 or 40 % of the entire active stake". See [`jury`](crate::jury) for the numbers.
//! Stake is counted at its price in ETH, without the rise that buying it would cause, and there is no cost of capital:
//! both favour the attacker.

use serde::Deserialize;

use crate::{
    challenge::Game,
    chance::binomial_tail,
    jury::Needed,
    outcome::Outcome,
    parameter::{ParameterError, amount, check, share, within},
    random::Random,
};

/// The parameters of the model `jury-vs-challenge`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Stake of all validators, the attacker's among them, in ETH.
    pub total_stake: f64,
    /// The attacker's money, in ETH; at most `total_stake`.
    pub budget: f64,
    /// The loss of others by an invalid block that stays, in ETH: all that the EEs of a shard hold, for instance.
    pub value_at_risk: f64,
    /// Members of a committee: 128 in the specification, 200 on the panel.
    pub members: u32,
    /// The number of members that decide.
    pub needed: Needed,
    /// Committees in a slot.
    pub committees: u32,
    /// The stake of a member, in ETH: 32 in the specification.
    pub member_stake: f64,
    /// The challengers.
    pub game: Game,
    /// The cost of a slot of denial of service, in ETH.
    #[serde(default)]
    pub denial_cost: f64,
    /// The loss of the maker of an invalid block that is found, in the design without a jury, in ETH.
    pub slashed: f64,
    /// Slots that the attack may last.
    pub slots: u32,
    /// Simulated attacks.
    #[serde(default)]
    pub trials: u32,
    /// Shares of the stake for the table `by_share`.
    #[serde(default)]
    pub shares: Vec<f64>,
}

/// The mean loss of others in each design, in ETH.
#[derive(Clone, Copy)]
struct Losses {
    jury: f64,
    challenge: f64,
    both: f64,
}

/// Runs the model.
///
/// Figures: `share` of the stake that the budget is; `capture_probability` of a committee; `undetected_probability` of
/// an invalid block; `jury_loss`, `challenge_loss`, `both_loss` in ETH and the same with `simulated_`;
/// `jury_loss_per_eth`, `challenge_loss_per_eth`, `both_loss_per_eth`, per ETH of the budget; `challenge_attempts` that
/// the budget allows; `challenge_profit`, of an attempt for the cheat, if what others lose is what it gains. Table:
/// `by_share`, in which the budget is a share of the stake.
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let mut outcome = Outcome::default();
    let stake_share = parameters.budget / parameters.total_stake;
    let undetected = parameters.game.undetected();
    outcome.measure("share", stake_share, "");
    outcome.measure("capture_probability", parameters.capture(stake_share), "");
    outcome.measure("undetected_probability", undetected, "");
    outcome.measure("challenge_attempts", parameters.attempts(parameters.budget), "attempts");
    let profit = undetected * parameters.value_at_risk - parameters.attempt_cost();
    outcome.measure("challenge_profit", profit, "ETH");
    let losses = parameters.losses(parameters.budget);
    outcome.measure("jury_loss", losses.jury, "ETH");
    outcome.measure("challenge_loss", losses.challenge, "ETH");
    outcome.measure("both_loss", losses.both, "ETH");
    outcome.ratio("jury_loss_per_eth", losses.jury, parameters.budget, "ETH per ETH");
    outcome.ratio("challenge_loss_per_eth", losses.challenge, parameters.budget, "ETH per ETH");
    outcome.ratio("both_loss_per_eth", losses.both, parameters.budget, "ETH per ETH");
    simulate(parameters, seed, &mut outcome);
    let row = |&share: &f64| {
        let budget = share * parameters.total_stake;
        let Losses { jury, challenge, both } = parameters.losses(budget);
        vec![share, parameters.capture(share), jury / budget, challenge / budget, both / budget]
    };
    let columns =
        ["share", "capture_probability", "jury_loss_per_eth", "challenge_loss_per_eth", "both_loss_per_eth"];
    outcome.series("by_share", &columns, parameters.shares.iter().map(row).collect());
    Ok(outcome)
}

impl Parameters {
    fn capture(&self, share: f64) -> f64 {
        binomial_tail(share, self.members, self.needed.of(self.members))
    }

    /// Returns the mean cost of an attempt in the design without a jury.
    fn attempt_cost(&self) -> f64 {
        let denial = f64::from(self.game.denial_slots) * self.denial_cost;
        denial + (1.0 - self.game.undetected()) * self.slashed
    }

    /// Returns the mean number of attempts that a budget allows, at most one for each committee and slot.
    fn attempts(&self, budget: f64) -> f64 {
        (budget / self.attempt_cost()).min(self.occasions())
    }

    fn occasions(&self) -> f64 {
        f64::from(self.slots) * f64::from(self.committees)
    }

    /// Returns what a captured committee costs the attacker if it is found.
    fn committee_stake(&self) -> f64 {
        f64::from(self.needed.of(self.members)) * self.member_stake
    }

    /// Returns the mean losses. With both, the stake that slashing takes lowers the share; as committees are captured
    /// seldom or the stake is large, the formula leaves that out, and the simulation has it.
    fn losses(&self, budget: f64) -> Losses {
        let undetected = self.game.undetected();
        let captures = self.occasions() * self.capture(budget / self.total_stake);
        Losses {
            jury: captures * self.value_at_risk,
            challenge: self.attempts(budget) * undetected * self.value_at_risk,
            both: captures * undetected * self.value_at_risk,
        }
    }
}

/// Simulates attacks, and gives the mean losses.
fn simulate(parameters: &Parameters, seed: u64, outcome: &mut Outcome) {
    let mut random = Random::new(seed, 0, "jury-vs-challenge");
    let mut sums = Losses { jury: 0.0, challenge: 0.0, both: 0.0 };
    for _ in 0..parameters.trials {
        let captured = attack_jury(parameters, &mut random);
        sums.jury += captured as f64 * parameters.value_at_risk;
        sums.challenge += attack_challenge(parameters, &mut random) as f64 * parameters.value_at_risk;
        sums.both += attack_both(parameters, &mut random) as f64 * parameters.value_at_risk;
    }
    let trials = f64::from(parameters.trials);
    outcome.ratio("simulated_jury_loss", sums.jury, trials, "ETH");
    outcome.ratio("simulated_challenge_loss", sums.challenge, trials, "ETH");
    outcome.ratio("simulated_both_loss", sums.both, trials, "ETH");
}

/// Returns how many committees are captured.
fn attack_jury(parameters: &Parameters, random: &mut Random) -> u64 {
    random.binomial(
        parameters.occasions() as u64,
        parameters.capture(parameters.budget / parameters.total_stake),
    )
}

/// Attempts as long as the budget pays for the worst case, and returns how many invalid blocks stay.
fn attack_challenge(parameters: &Parameters, random: &mut Random) -> u64 {
    let denial = f64::from(parameters.game.denial_slots) * parameters.denial_cost;
    let undetected = parameters.game.undetected();
    let (mut budget, mut stay) = (parameters.budget, 0);
    for _ in 0..parameters.occasions() as u64 {
        if budget < denial + parameters.slashed {
            break;
        }
        let stays = random.chance(undetected);
        budget -= denial + if stays { 0.0 } else { parameters.slashed };
        stay += u64::from(stays);
    }
    stay
}

/// Captures committees, from one to the next, and loses their stake if it is found. Returns how many blocks stay.
fn attack_both(parameters: &Parameters, random: &mut Random) -> u64 {
    let undetected = parameters.game.undetected();
    let (mut stake, mut occasion, mut stay) = (parameters.budget, 0_u64, 0);
    let occasions = parameters.occasions() as u64;
    while stake > 0.0 {
        let capture = parameters.capture(stake / parameters.total_stake);
        if capture <= 0.0 {
            break;
        }
        occasion = occasion.saturating_add(random.failures(capture) + 1);
        if occasion > occasions {
            break;
        }
        if random.chance(undetected) {
            stay += 1;
        } else {
            stake -= parameters.committee_stake();
        }
    }
    stay
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    amount("total_stake", parameters.total_stake)?;
    within(
        "budget",
        parameters.budget,
        1e-9..=parameters.total_stake,
        "give more than 0, up to `total_stake`",
    )?;
    amount("value_at_risk", parameters.value_at_risk)?;
    amount("member_stake", parameters.member_stake)?;
    amount("denial_cost", parameters.denial_cost)?;
    amount("slashed", parameters.slashed)?;
    within("members", parameters.members, 1..=2048, "give 1 to 2048 members, as the specification allows")?;
    let needed = parameters.needed.of(parameters.members);
    within("needed", needed, 1..=parameters.members, "give 1 to as many as the committee has members")?;
    within("committees", parameters.committees, 1..=1024, "give 1 to 1024 committees")?;
    within("slots", parameters.slots, 1..=100_000_000, "give 1 to 100000000 slots")?;
    parameters.game.validate()?;
    parameters.shares.iter().try_for_each(|&one| share("shares", one))?;
    // Each attempt is simulated.
    let work = f64::from(parameters.trials) * parameters.attempts(parameters.budget);
    check("trials", parameters.trials, work <= 1e8, "give fewer: trials times attempts are at most 1e8")?;
    let captures = parameters.occasions() * parameters.capture(parameters.budget / parameters.total_stake);
    let work = f64::from(parameters.trials) * captures * f64::from(parameters.members);
    check(
        "trials",
        parameters.trials,
        work <= 1e9,
        "give fewer: trials times captures times members are at most 1e9",
    )
}
