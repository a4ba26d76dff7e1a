//! The simulated part: blocks, challengers, and the queue of accusations.

use std::collections::{BTreeMap, VecDeque};

use super::Parameters;
use crate::{outcome::Outcome, random::Random};

/// An accusation that waits for its place in a beacon block.
enum Accusation {
    /// Of the invalid block of a slot.
    True(u64),
    False,
}

#[derive(Default)]
struct Process {
    queue: VecDeque<Accusation>,
    /// By slot, the invalid blocks that somebody will accuse then.
    accused: BTreeMap<u64, Vec<u64>>,
    invalid: u64,
    checks: u64,
    alarms: u64,
    queue_max: usize,
    /// Detected blocks by the slots that it took, which is also the number of blocks that are rolled back.
    detected: BTreeMap<u64, u64>,
}

/// Simulates the slots, and as many more as the window has, so that every block is decided.
pub(super) fn run(parameters: &Parameters, seed: u64, outcome: &mut Outcome) {
    let slots = u64::from(parameters.simulated_slots);
    let mut process = Process::default();
    let mut fraud = Random::new(seed, 0, "challenge: fraud");
    let mut looks = Random::new(seed, 0, "challenge: looks");
    let mut alarms = Random::new(seed, 0, "challenge: false alarms");
    for slot in 0..slots + u64::from(parameters.game.window_slots) {
        if slot < slots {
            process.add_block(parameters, slot, fraud.chance(parameters.fraud_probability), &mut looks);
        }
        let game = &parameters.game;
        let false_alarms = alarms.binomial(game.challengers.into(), game.false_alarm_probability);
        process.alarms += if slot < slots { false_alarms } else { 0 };
        process.queue.extend((0..false_alarms).map(|_| Accusation::False));
        process.include(parameters, slot);
    }
    process.report(parameters, outcome);
}

impl Process {
    /// Decides when each challenger looks at a block, and when the first of them can accuse.
    fn add_block(&mut self, parameters: &Parameters, slot: u64, invalid: bool, looks: &mut Random) {
        let game = &parameters.game;
        let mut first: Option<u64> = None;
        if game.check_probability > 0.0 {
            for _ in 0..game.challengers {
                let wait = 1 + looks.failures(game.check_probability);
                if wait <= game.window_slots.into() {
                    self.checks += 1;
                    first = Some(first.map_or(wait, |first| first.min(wait)));
                }
            }
        }
        if invalid {
            self.invalid += 1;
            if let Some(first) = first {
                let accused = slot + first.max(u64::from(game.denial_slots) + 1);
                self.accused.entry(accused).or_default().push(slot);
            }
        }
    }

    /// Lets the oldest accusations into the beacon block of a slot. One that comes too late counts no more.
    fn include(&mut self, parameters: &Parameters, slot: u64) {
        let game = &parameters.game;
        let accused = self.accused.remove(&slot).unwrap_or_default();
        self.queue.extend(accused.into_iter().map(Accusation::True));
        self.queue_max = self.queue_max.max(self.queue.len());
        let n = self.queue.len().min(game.accusations_per_slot as usize);
        for accusation in self.queue.drain(..n) {
            if let Accusation::True(block) = accusation
                && slot - block <= game.window_slots.into()
            {
                *self.detected.entry(slot - block).or_default() += 1;
            }
        }
    }

    fn report(&self, parameters: &Parameters, outcome: &mut Outcome) {
        let blocks = f64::from(parameters.simulated_slots);
        let detected: u64 = self.detected.values().sum();
        let slots: u64 = self.detected.iter().map(|(slots, n)| slots * n).sum();
        let undetected = (self.invalid - detected) as f64;
        outcome.measure("invalid_blocks", self.invalid as f64, "blocks");
        outcome.measure("undetected_blocks", undetected, "blocks");
        outcome.ratio("simulated_undetected_probability", undetected, self.invalid as f64, "");
        outcome.ratio("simulated_slots_to_detection", slots as f64, detected as f64, "slots");
        if let Some((&depth, _)) = self.detected.last_key_value() {
            outcome.measure("rollback_depth_max", depth as f64, "blocks");
        }
        outcome.ratio("simulated_checks_per_block", self.checks as f64, blocks, "checks");
        let cost =
            self.checks as f64 * parameters.check_cost + self.alarms as f64 * parameters.false_alarm_cost;
        outcome.ratio("simulated_cost_per_block", cost, blocks, "ETH");
        outcome.measure("queue_max", self.queue_max as f64, "accusations");
        let rows = self.detected.iter().map(|(&slots, &n)| vec![slots as f64, n as f64]).collect();
        outcome.series("detection", &["slots", "blocks"], rows);
    }
}
