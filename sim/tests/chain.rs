//! Simulated validators keep a chain with a ledger going, by the rules.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_beacon::{
    ledger::{LedgerOperations, Settings},
    registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
};
use outrider_beacon_spec::{
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal, Preset},
};
use outrider_sim::{Chain, ChainPhase, Genesis, GenesisError, n_validators};

struct Nobody;

impl Admission for Nobody {
    fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
        Err(Refusal("nothing is admitted".to_owned()))
    }
}

fn rules(settings: &Settings, verify_signatures: bool) -> Rules<'_> {
    Rules { settings, admission: &Nobody, judge: &NoJudge, verify_signatures }
}

fn chain<P: ChainPhase>(seed: u64) -> Chain<P> {
    let genesis = Genesis { n_validators: 64, seed, ..Genesis::default() };
    let (node, keys) = genesis.node().unwrap();
    Chain::new(node, keys)
}

/// Runs epochs whose blocks are verified to the last signature.
fn check<P: ChainPhase>(n_epochs: u64) {
    let settings = Settings::default();
    let mut chain = chain::<P>(1);
    for _ in 0..n_epochs * P::Preset::SLOTS_PER_EPOCH {
        chain.run_slot(LedgerOperations::default(), rules(&settings, true)).unwrap();
    }
    let (_, head) = chain.head().unwrap();
    assert_eq!(head.state.slot, n_epochs * P::Preset::SLOTS_PER_EPOCH);
    let finalized = chain.node().store().finalized_checkpoint.epoch;
    assert_eq!(finalized, n_epochs - 2, "two epochs behind the one that begins");
    // Nobody was idle, and rewards came to all.
    assert!(head.state.balances.iter().all(|balance| *balance > 32_000_000_000));
    for shard in head.ledger.shards() {
        assert_eq!(shard.latest_block_root().is_zero(), shard.execution_root().is_zero());
    }
}

#[test]
fn phase_0_is_finalized() {
    check::<Phase0<Minimal>>(5);
    check::<Phase0<Mainnet>>(4);
}

#[test]
fn phase_1_is_finalized_and_shards_are_crosslinked() {
    check::<Phase1<Minimal>>(5);
    check::<Phase1<Mainnet>>(4);
    let settings = Settings::default();
    let mut chain = chain::<Phase1<Minimal>>(1);
    for slot in 1..=9 {
        chain.run_slot(LedgerOperations::default(), rules(&settings, true)).unwrap();
        let (_, head) = chain.head().unwrap();
        for shard in 0..2 {
            // The first block has no shard blocks, and each after it those of the slot before.
            let root = head.ledger.recent_execution_root(shard, slot - 1);
            assert_eq!(root.is_some(), slot > 1, "slot {slot}");
        }
    }
}

#[test]
fn a_long_chain_is_finalized_and_nobody_is_slashed() {
    let settings = Settings::default();
    let mut chain = chain::<Phase1<Minimal>>(2);
    for _ in 0..100 * 8 {
        chain.run_slot(LedgerOperations::default(), rules(&settings, true)).unwrap();
    }
    let (_, head) = chain.head().unwrap();
    assert!(head.state.validators.iter().all(|validator| !validator.slashed));
    assert_eq!(chain.node().store().finalized_checkpoint.epoch, 98);
}

/// Makes genesis with each number of validators and runs slots of it.
fn check_n_validators<P: ChainPhase>(n_validators: u64, n_slots: u64) {
    let settings = Settings::default();
    let (node, keys) = Genesis { n_validators, ..Genesis::default() }.node().unwrap();
    let mut chain = Chain::<P>::new(node, keys);
    for _ in 0..n_slots {
        chain.run_slot(LedgerOperations::default(), rules(&settings, true)).unwrap();
    }
    assert_eq!(chain.head().unwrap().1.state.slot, n_slots);
}

/// Checks that one validator less or more than a range is refused.
fn check_refusals<P: ChainPhase>(min: u64, max: u64) {
    assert_eq!(n_validators::<P>(), min..=max);
    for got in [0, min - 1, max + 1, u64::MAX] {
        let genesis = Genesis { n_validators: got, ..Genesis::default() };
        let refusal = genesis.node::<P>().map(|_| ()).unwrap_err();
        assert_eq!(refusal, GenesisError::Validators { got, min, max });
    }
}

/// The limits are those of the specification: slots, committees of a slot (one for each shard in phase 1), and 2048
/// validators, the specification's `MAX_VALIDATORS_PER_COMMITTEE`.
#[test]
fn only_chains_that_can_make_blocks_have_a_genesis() {
    check_refusals::<Phase0<Minimal>>(8, 8 * 4 * 2048);
    check_refusals::<Phase1<Minimal>>(8, 8 * 2 * 2048);
    check_refusals::<Phase0<Mainnet>>(32, 32 * 64 * 2048);
    check_refusals::<Phase1<Mainnet>>(32, 32 * 64 * 2048);
    check_n_validators::<Phase0<Minimal>>(8, 4 * 8);
    check_n_validators::<Phase1<Minimal>>(8, 4 * 8);
    check_n_validators::<Phase0<Mainnet>>(32, 3 * 32);
    check_n_validators::<Phase1<Mainnet>>(32, 3 * 32);
    check_n_validators::<Phase0<Minimal>>(8 * 4 * 2048, 2);
    check_n_validators::<Phase1<Minimal>>(8 * 2 * 2048, 2);
}

#[test]
fn a_seed_decides_all() {
    let settings = Settings::default();
    let heads = [1, 1, 2].map(|seed| {
        let mut chain = chain::<Phase1<Minimal>>(seed);
        for _ in 0..10 {
            chain.run_slot(LedgerOperations::default(), rules(&settings, false)).unwrap();
        }
        chain.head().unwrap().0
    });
    assert_eq!(heads[0], heads[1]);
    assert_ne!(heads[0], heads[2]);
}
