//! Challenges of invalid blocks, instead of or beside a jury.
//!
//! A block is accepted at once, and stands for good if nobody proves it wrong within a window. A proof is an
//! `ExecutionSlashing`: the beacon chain executes one payload once, so nobody can dispute it, and slashes either those
//! who vouched for the block or the accuser. One fits into a beacon block, as the specification allows one custody
//! slashing (`MAX_CUSTODY_SLASHINGS`); false alarms take the same place.
//!
//! # Model
//! In every slot one block comes, invalid with a probability. Each challenger looks at each block that he has not
//! looked at with a probability in each slot, and accuses if it is invalid. Whoever makes an invalid block keeps
//! accusations off the chain for some slots from then on (denial of service). Each challenger raises a false alarm with
//! a probability per slot. Accusations wait in a queue, oldest first.
//!
//! # Incentives
//! "If there's no cheating, then there's no incentive to do that", a panel on scaling at Devcon said of checking. The
//! game is that of
//! [Felten](https://medium.com/offchainlabs/the-cheater-checking-problem-why-the-verifiers-dilemma-is-harder-than-you-think-9c7156505ca1):
//! a check costs C, the first to find fraud gets R, each challenger loses L by fraud that stays; the cheat gains G by
//! fraud that stays and loses S by fraud that is found. There is no equilibrium without fraud: with fraud at a rate f,
//! checking pays if f R' > C, so f settles where it pays for the last who checks, and checking settles where the cheat
//! gains nothing:
//!
//! - found D* = G / (G + S), so each of n looks with q* = 1 - (1 - D*)^(1/n);
//! - fraud f* = C / (R D* / (n q*) + L (1 - q*)^(n - 1)), which for one challenger is Felten's C / (R + L).
//!
//! Errors on purpose, with a rate e and the same reward, are
//! [TrueBit's](https://arxiv.org/abs/1908.04756) answer: from f* down to 0 at e = C / R for
//! one challenger. The dynamics is fictitious play (Brown 1951): in each round both sides do what is best against the
//! other's frequencies so far; it converges for games of two by two (Miyasawa 1961).

mod incentives;
mod process;

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, amount, check, share, within},
};

pub use incentives::Incentives;

/// The parameters of the model `challenge`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The challengers, and the time in which a challenge counts.
    pub game: Game,
    /// The probability that a block is invalid.
    pub fraud_probability: f64,
    /// The cost of a check, in ETH.
    #[serde(default)]
    pub check_cost: f64,
    /// The loss of an accuser who is slashed, in ETH.
    #[serde(default)]
    pub false_alarm_cost: f64,
    /// Slots that are simulated.
    pub simulated_slots: u32,
    /// Lengths of a denial of service for the table `by_denial`, in slots.
    #[serde(default)]
    pub denials: Vec<u32>,
    /// Gains and losses of both sides, for the settled rates. Left out: none are given.
    #[serde(default)]
    pub incentives: Option<Incentives>,
}

/// Challengers, and how long a challenge counts.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Game {
    /// The number of challengers.
    pub challengers: u32,
    /// The probability that a challenger looks at a block in a slot, if he has not yet.
    pub check_probability: f64,
    /// Slots in which a challenge counts, from the one after the block: the setting `challenge_slots`. The clock of
    /// Optimism's Cannon, 3.5 days, has 25,200 of 12 s.
    pub window_slots: u32,
    /// Slots for which the cheat keeps accusations off the chain, from the one after the block.
    #[serde(default)]
    pub denial_slots: u32,
    /// The probability that a challenger raises a false alarm in a slot.
    #[serde(default)]
    pub false_alarm_probability: f64,
    /// Accusations in a beacon block; the specification's MAX_CUSTODY_SLASHINGS is 1.
    #[serde(default = "default_accusations")]
    pub accusations_per_slot: u32,
}

impl Game {
    /// Returns the probability that somebody looks at a block in a slot.
    #[must_use]
    pub fn found_in_slot(&self) -> f64 {
        crate::chance::at_least_once(self.check_probability, self.challengers.into())
    }

    /// Returns the probability that an invalid block stays, if no accusation has to wait for others.
    ///
    /// Those who look during the denial accuse when it ends, so it only helps if it lasts for the window.
    #[must_use]
    pub fn undetected(&self) -> f64 {
        if self.denial_slots >= self.window_slots {
            return 1.0;
        }
        (f64::from(self.window_slots) * (-self.found_in_slot()).ln_1p()).exp()
    }

    pub(crate) fn validate(&self) -> Result<(), ParameterError> {
        within("game.challengers", self.challengers, 1..=10_000, "give 1 to 10000 challengers")?;
        share("game.check_probability", self.check_probability)?;
        share("game.false_alarm_probability", self.false_alarm_probability)?;
        within("game.window_slots", self.window_slots, 1..=1_000_000, "give 1 to 1000000 slots")?;
        within("game.accusations_per_slot", self.accusations_per_slot, 1..=1000, "give 1 to 1000 accusations")
    }
}

/// Runs the model.
///
/// Figures: `undetected_probability` of an invalid block and `simulated_undetected_probability`; `slots_to_detection`,
/// the mean for those detected, and `simulated_slots_to_detection`; `rollback_depth_max`; `invalid_blocks` and
/// `undetected_blocks`; `checks_per_block` and `simulated_checks_per_block`; `cost_per_block` and
/// `simulated_cost_per_block` in ETH, with false alarms; `queue_max`, the most accusations that waited. The formulas
/// leave the queue out of account: false alarms make the simulated figures worse.
///
/// With incentives: `settled_fraud_probability`, `settled_found_probability`, `settled_check_probability` and the same
/// with `simulated_`; table `dynamics`. Tables: `by_denial`, `detection` (the distribution of the slots to detection).
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let game = parameters.game;
    let mut outcome = Outcome::default();
    outcome.measure("undetected_probability", game.undetected(), "");
    outcome.measure("slots_to_detection", slots_to_detection(&game), "slots");
    // A challenger looks at a block until he has, and as long as it counts.
    let looked = crate::chance::at_least_once(game.check_probability, game.window_slots.into());
    let checks = looked * f64::from(game.challengers);
    let alarms = f64::from(game.challengers) * game.false_alarm_probability;
    outcome.measure("checks_per_block", checks, "checks");
    let cost = checks * parameters.check_cost + alarms * parameters.false_alarm_cost;
    outcome.measure("cost_per_block", cost, "ETH");
    process::run(parameters, seed, &mut outcome);
    let row = |denial_slots: u32| {
        let game = Game { denial_slots, ..game };
        vec![denial_slots.into(), game.undetected(), slots_to_detection(&game)]
    };
    let columns = ["denial_slots", "undetected_probability", "slots_to_detection"];
    outcome.series("by_denial", &columns, parameters.denials.iter().map(|&slots| row(slots)).collect());
    if let Some(incentives) = &parameters.incentives {
        incentives::run(incentives, game.challengers, &mut outcome);
    }
    Ok(outcome)
}

/// Returns the mean number of slots from a block to its detection, of those that are detected.
fn slots_to_detection(game: &Game) -> f64 {
    let missed = 1.0 - game.found_in_slot();
    // Looked at in slot k with probability missed^(k - 1) (1 - missed); the accusation follows the denial.
    let (mut sum, mut weight, mut chance) = (0.0, 0.0, game.found_in_slot());
    for slot in 1..=game.window_slots {
        sum += chance * f64::from(slot.max(game.denial_slots + 1));
        weight += chance;
        chance *= missed;
    }
    if game.denial_slots >= game.window_slots { f64::NAN } else { sum / weight }
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    parameters.game.validate()?;
    share("fraud_probability", parameters.fraud_probability)?;
    amount("check_cost", parameters.check_cost)?;
    amount("false_alarm_cost", parameters.false_alarm_cost)?;
    within("simulated_slots", parameters.simulated_slots, ..=10_000_000, "give at most 10000000 slots")?;
    let slots = f64::from(parameters.simulated_slots) + f64::from(parameters.game.window_slots);
    let work = slots * f64::from(parameters.game.challengers);
    let remedy = "give fewer: slots, with those of the window, times challengers are at most 3e7";
    check("simulated_slots", parameters.simulated_slots, work <= 3e7, remedy)?;
    parameters.incentives.as_ref().map_or(Ok(()), Incentives::validate)
}

fn default_accusations() -> u32 {
    1
}
