//! The network between views.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;

use super::random::up_to;
use outrider_beacon_spec::types::Slot;

/// The times that messages between views take. Nothing is lost, and a view hears its own validators at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The time that every message takes, in milliseconds.
    pub latency_ms: u64,
    /// The most that a message takes in addition, in milliseconds; each takes a random part of it.
    pub jitter_ms: u64,
    /// The partitions.
    pub partitions: Vec<Partition>,
}

/// A time in which two sides of the network do not hear each other. At its end, each side hears all that the other has
/// sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The first slot.
    pub from: Slot,
    /// The first slot after it.
    pub until: Slot,
    /// The views on one side, by their places in the setup; all others are on the other side.
    pub side: BTreeSet<usize>,
}

impl Network {
    /// Returns the time at which a message between two views arrives, in milliseconds since genesis. A partition holds
    /// back what is sent in it, but not what is already on the way.
    pub(super) fn arrival_ms(
        &self,
        sent_ms: u64,
        (from, to): (usize, usize),
        slot_ms: u64,
        random: &mut ChaCha8Rng,
    ) -> u64 {
        let mut leaves_ms = sent_ms;
        // The end of one partition may lie in another one.
        while let Some(end_ms) = self.partitions.iter().find_map(|partition| {
            let separates = partition.side.contains(&from) != partition.side.contains(&to);
            let [start_ms, end_ms] =
                [partition.from, partition.until].map(|slot| slot.saturating_mul(slot_ms));
            (separates && (start_ms..end_ms).contains(&leaves_ms)).then_some(end_ms)
        }) {
            leaves_ms = end_ms;
        }
        leaves_ms.saturating_add(self.latency_ms).saturating_add(up_to(random, self.jitter_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::random::random, *};

    #[test]
    fn a_partition_holds_messages_between_its_sides_until_it_ends() {
        let partition =
            |from, until, side: &[usize]| Partition { from, until, side: side.iter().copied().collect() };
        let partitions = vec![partition(2, 4, &[0]), partition(4, 5, &[1]), partition(9, 9, &[1])];
        let network = Network { latency_ms: 50, jitter_ms: 0, partitions };
        let mut random = random(1, 0, "test");
        let mut check = |sent_ms, between, expected| {
            assert_eq!(network.arrival_ms(sent_ms, between, 1000, &mut random), expected);
        };
        check(1999, (0, 1), 2049);
        check(2000, (0, 1), 5050);
        check(2000, (0, 2), 4050);
        check(2000, (1, 2), 2050);
        check(4500, (2, 1), 5050);
        check(9000, (0, 1), 9050);
    }

    #[test]
    fn jitter_adds_up_to_its_maximum() {
        let network = Network { latency_ms: 50, jitter_ms: 10, ..Network::default() };
        let mut random = random(1, 0, "test");
        let arrivals: BTreeSet<_> =
            (0..1000).map(|_| network.arrival_ms(0, (0, 1), 1000, &mut random)).collect();
        assert_eq!(arrivals, (50..=60).collect());
    }
}
