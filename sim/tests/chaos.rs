//! Simulated chains in which messages arrive at any time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    counter::{Counter, genesis_with_ee},
    run, set, shares,
};
use outrider_beacon::ledger::NoExecution;
use outrider_sim::{Fault, Network, Partition, SimPreset, Simulation, Split};
use proptest::prelude::*;

type C = SimPreset<2>;

fn split() -> impl Strategy<Value = Split> {
    (prop::collection::btree_set(0_usize..3, 0..3), 0_u64..20_000)
        .prop_map(|(second_to, delay_ms)| Split { second_to, delay_ms })
}

fn fault() -> impl Strategy<Value = Fault> {
    let (slot, shard) = (1_u64..24, 0_u64..2);
    prop_oneof![
        slot.clone().prop_map(|slot| Fault::MissingBeaconBlock { slot }),
        (slot.clone(), 0_u64..20_000).prop_map(|(slot, delay_ms)| Fault::LateBeaconBlock { slot, delay_ms }),
        (slot.clone(), shard.clone()).prop_map(|(slot, shard)| Fault::MissingShardBlock { shard, slot }),
        (slot.clone(), shard.clone(), 0_u64..20_000)
            .prop_map(|(slot, shard, delay_ms)| Fault::LateShardBlock { shard, slot, delay_ms }),
        (slot.clone(), shard.clone()).prop_map(|(slot, shard)| Fault::WithheldShardBlock {
            shard,
            slot,
            known_to: set(&[1])
        }),
        slot.clone().prop_map(|slot| Fault::WithheldAttestations { slot, known_to: set(&[0, 2]) }),
        (slot.clone(), split()).prop_map(|(slot, split)| Fault::BeaconEquivocation { slot, split }),
        (slot.clone(), shard, split()).prop_map(|(slot, shard, split)| Fault::ShardEquivocation {
            shard,
            slot,
            split
        }),
        (slot, any::<u16>()).prop_map(|(slot, bits)| Fault::Offline {
            validators: (0..64).filter(|validator| bits >> (validator % 16) & 1 == 1).collect(),
            slots: slot..slot + 4,
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// `run` checks that the specification accepts every block, and that no view refuses a message.
    #[test]
    fn whatever_arrives_when_honest_messages_are_valid_and_views_agree_in_the_end(
        seed: u64,
        latency_ms in 0_u64..3_000,
        jitter_ms in 0_u64..12_000,
        (from, n_slots) in (0_u64..20, 0_u64..10),
        lag_ms in 0_u64..6_000,
        faults in prop::collection::vec(fault(), 0..12),
    ) {
        let mut setup = shares(genesis_with_ee::<C>(64, seed), &[("A", 3), ("B", 4), ("C", 1)]);
        setup.views[2].lag_ms = lag_ms;
        let partition = Partition { from, until: from + n_slots, side: set(&[0]) };
        setup.network = Network { latency_ms, jitter_ms, partitions: vec![partition] };
        setup.faults = faults;
        // In the end, nobody sends anything, and all that is on the way arrives.
        setup.faults.push(Fault::Offline { validators: (0..64).collect(), slots: 40..48 });
        let mut chain = Simulation::<C, _, _>::new(setup, Counter::new(), NoExecution).unwrap();
        let blocks = run(&mut chain, 47);
        prop_assert!(!blocks.is_empty());
        let heads: Vec<_> = chain.views().iter().map(|view| view.head().unwrap()).collect();
        prop_assert!(heads.iter().all(|head| *head == heads[0]));
    }
}
