//! Swaps between two chains by hash and time locks, and partitions of the network.
//!
//! The initiator locks on chain A until T1, with the hash of a secret; the responder sees it and locks on chain B until
//! T2, before T1, with the same hash. The initiator takes what is on B by showing the secret, and the responder takes
//! what is on A with it. See [Herlihy, Atomic cross-chain swaps](https://arxiv.org/abs/1801.09515), who asks for a
//! difference of the locks above the time that a message takes; a partition makes that time longer.
//!
//! During a partition the responder reaches neither chain A nor what was shown on B. If it lasts from the showing until
//! T1, the initiator has both. An initiator who waits with the showing until T2 and a partition from then on make it a
//! sure loss as soon as the partition is longer than T1 - T2 less the time of inclusion. Against that there is no help
//! but a longer difference, which freezes value for longer. The initiator who shows at once loses the responder's money
//! only by a partition that lasts almost until T1.

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, amount, check, within},
    random::Random,
};

/// The parameters of the model `swap`. Times are in slots from the initiator's lock.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The end of the lock on chain A: T1.
    pub first_lock: u32,
    /// The end of the lock on chain B: T2.
    pub second_lock: u32,
    /// Slots from sending a transaction until it is in a block that counts.
    pub inclusion: u32,
    /// The time at which the initiator shows the secret.
    pub shows: Shows,
    /// The length of the partition: L.
    pub partition: u32,
    /// The partition starts at a random slot from 0 to below this.
    pub horizon: u32,
    /// The value that is locked on each chain, in ETH.
    pub value: f64,
    /// Simulated swaps.
    #[serde(default)]
    pub trials: u32,
    /// Lengths of partitions for the table `by_partition`.
    #[serde(default)]
    pub partitions: Vec<u32>,
}

/// A time at which the initiator shows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// As soon as the lock on chain B counts.
    AtOnce,
    /// So late that it is just included before the lock on chain B ends.
    LastMoment,
}

/// The end of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Each has what the other had. With the slot of the responder's transaction.
    Done(u32),
    /// The responder could not lock in time, so both have what they had.
    Refunded,
    /// The initiator has both.
    Lost,
}

/// Runs the model.
///
/// Figures: `sure_loss_partition`, the shortest partition that makes the responder lose if it starts at the worst slot,
/// and `simulated_sure_loss_partition`, found by trying all starts; `difference`, T1 - T2; `loss_probability`,
/// `refund_probability` for the partition at a random slot, counted over all of its starts, and the same with
/// `simulated_`; `loss`, the mean in ETH; `frozen_value`, the mean of value times slots on both chains, in ETH slots.
/// Table: `by_partition`.
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let mut outcome = Outcome::default();
    let difference = parameters.first_lock - parameters.second_lock;
    outcome.measure("difference", difference.into(), "slots");
    outcome.measure("sure_loss_partition", parameters.sure_loss().into(), "slots");
    let worst =
        |partition| (0..parameters.first_lock).any(|start| parameters.end(start, partition) == End::Lost);
    let shortest = (0..=parameters.first_lock).find(|&partition| worst(partition));
    outcome.measure("simulated_sure_loss_partition", shortest.map_or(f64::NAN, f64::from), "slots");
    let (lost, refunded) = parameters.probabilities(parameters.partition);
    outcome.measure("loss_probability", lost, "");
    outcome.measure("refund_probability", refunded, "");
    outcome.measure("loss", lost * parameters.value, "ETH");
    simulate(parameters, seed, &mut outcome);
    let row = |&partition: &u32| {
        let (lost, refunded) = parameters.probabilities(partition);
        let sure = f64::from(u8::from(partition >= parameters.sure_loss()));
        vec![partition.into(), lost, refunded, sure]
    };
    let columns = ["partition", "loss_probability", "refund_probability", "worst_start_loses"];
    outcome.series("by_partition", &columns, parameters.partitions.iter().map(row).collect());
    Ok(outcome)
}

impl Parameters {
    /// Returns the slot in which the responder's lock counts: after the initiator's, if nothing hinders.
    fn second_lock_counts(&self) -> u32 {
        2 * self.inclusion
    }

    /// Returns the slot in which the secret stands on chain B, if the responder's lock counts in a slot.
    fn shown(&self, counts: u32) -> u32 {
        match self.shows {
            Shows::AtOnce => counts + self.inclusion,
            Shows::LastMoment => self.second_lock - 1,
        }
    }

    /// Returns the shortest partition with which the responder loses: it starts when the secret is shown, and his
    /// transaction that follows it is included no earlier than T1.
    fn sure_loss(&self) -> u32 {
        self.first_lock - self.inclusion - self.shown(self.second_lock_counts())
    }

    /// Follows a swap through the slots, with a partition from `start` on.
    fn end(&self, start: u32, partition: u32) -> End {
        // The slot in which the responder may next see or send anything.
        let reaches =
            |slot: u32| if (start..start + partition).contains(&slot) { start + partition } else { slot };
        let counts = reaches(self.inclusion) + self.inclusion;
        // He locks only if the secret can be shown in time.
        if counts + self.inclusion >= self.second_lock {
            return End::Refunded;
        }
        let taken = reaches(self.shown(counts)) + self.inclusion;
        if taken < self.first_lock { End::Done(taken) } else { End::Lost }
    }

    /// Returns the probabilities of a loss and of a refund, over all slots in which the partition may start.
    fn probabilities(&self, partition: u32) -> (f64, f64) {
        let horizon = f64::from(self.horizon);
        let shown = self.shown(self.second_lock_counts());
        // Lost: starts up to `shown`, and ends at `first_lock - inclusion` or later, after the lock was in time.
        let earliest = (self.first_lock - self.inclusion).saturating_sub(partition).max(self.inclusion + 1);
        let lost = (shown + 1).min(self.horizon).saturating_sub(earliest);
        // Refunded: starts up to when the responder would lock, and ends too late for that.
        let too_late = self.second_lock - 2 * self.inclusion;
        let last = (self.inclusion + 1).min(self.horizon);
        let refunded =
            if partition == 0 { 0 } else { last.saturating_sub(too_late.saturating_sub(partition)) };
        (f64::from(lost) / horizon, f64::from(refunded) / horizon)
    }
}

/// Draws starts of the partition.
fn simulate(parameters: &Parameters, seed: u64, outcome: &mut Outcome) {
    let mut random = Random::new(seed, 0, "swap");
    let (mut lost, mut refunded, mut frozen) = (0_u32, 0_u32, 0.0);
    for _ in 0..parameters.trials {
        let start = random.below(parameters.horizon.into()) as u32;
        // Slots on chain A, and on chain B, where the initiator takes what is locked unless nothing is.
        let second = f64::from(parameters.shown(parameters.second_lock_counts()) - parameters.inclusion);
        frozen += match parameters.end(start, parameters.partition) {
            End::Done(taken) => f64::from(taken) + second,
            End::Refunded => {
                refunded += 1;
                parameters.first_lock.into()
            }
            End::Lost => {
                lost += 1;
                f64::from(parameters.first_lock) + second
            }
        };
    }
    let trials = f64::from(parameters.trials);
    outcome.ratio("simulated_loss_probability", lost.into(), trials, "");
    outcome.ratio("simulated_refund_probability", refunded.into(), trials, "");
    outcome.ratio("frozen_value", frozen * parameters.value, trials, "ETH slots");
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    let Parameters { first_lock, second_lock, inclusion, .. } = *parameters;
    within("first_lock", first_lock, 2..=10_000, "give 2 to 10000 slots")?;
    within("inclusion", inclusion, 1..=1000, "give 1 to 1000 slots")?;
    check("second_lock", second_lock, second_lock < first_lock, "let it end before `first_lock`")?;
    let enough = second_lock > 3 * inclusion;
    check(
        "second_lock",
        second_lock,
        enough,
        "give more than three times `inclusion`: both lock, then one shows",
    )?;
    let difference = first_lock - second_lock;
    let enough = difference >= inclusion;
    check(
        "first_lock",
        first_lock,
        enough,
        "let it end at least `inclusion` after `second_lock`, or all swaps fail",
    )?;
    within("horizon", parameters.horizon, 1..=1_000_000, "give 1 to 1000000 slots")?;
    let longest = parameters.partitions.iter().copied().max().unwrap_or(0).max(parameters.partition);
    within("partition", longest, ..=1_000_000, "give at most 1000000 slots")?;
    within("trials", parameters.trials, ..=10_000_000, "give at most 10000000 swaps")?;
    amount("value", parameters.value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_formulas_count_the_starts_that_lose_and_that_are_refunded(
            inclusion in 1_u32..5, wait in 1_u32..30, difference in 5_u32..30, partition in 0_u32..80,
            horizon in 1_u32..120, last_moment in any::<bool>(),
        ) {
            let second_lock = 3 * inclusion + wait;
            let shows = if last_moment { Shows::LastMoment } else { Shows::AtOnce };
            let parameters = Parameters {
                first_lock: second_lock + difference, second_lock, inclusion, shows, partition, horizon,
                value: 1.0, trials: 0, partitions: vec![],
            };
            prop_assert!(validate(&parameters).is_ok());
            let count = |end: End| (0..horizon).filter(|&start| parameters.end(start, partition) == end).count();
            let (lost, refunded) = parameters.probabilities(partition);
            prop_assert_eq!((lost * f64::from(horizon)).round() as usize, count(End::Lost));
            prop_assert_eq!((refunded * f64::from(horizon)).round() as usize, count(End::Refunded));
        }
    }
}
