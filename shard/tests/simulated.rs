//! EEs in the shard blocks of a simulated chain, which nodes execute before they attest.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;

use chain::{TestExecutor, payload, settings};
use outrider_beacon::{
    ledger::{GenesisEe, LedgerOperations, ShardBody, ShardPlace},
    registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
};
use outrider_beacon_spec::{
    hash::hash,
    types::{Bytes32, Root, Shard, Slot},
};
use outrider_sim::{
    Fault, Genesis, Members, Setup, ShardProposer, SimPreset, Simulation, ViewSetup, interop_deposits,
    interop_secret_key,
};

type C = SimPreset<4>;

/// An EE whose state is a number: it adds the first byte of its block data.
const ADDER: &str = r#"(module
    (import "eth2" "loadPreStateRoot" (func $load (param i32)))
    (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 1)
    (func (export "main")
        (call $load (i32.const 0))
        (call $copy (i32.const 64) (i32.const 0) (i32.const 1))
        (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (i64.load8_u (i32.const 64))))
        (call $save (i32.const 0))))"#;

struct Nobody;

impl Admission for Nobody {
    fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
        Err(Refusal("nothing is admitted".to_owned()))
    }
}

/// Proposes blocks in which the EE adds the slot.
struct Slots {
    executor: TestExecutor,
    /// A shard and slot whose block states a wrong root.
    wrong: (Shard, Slot),
}

impl ShardProposer for Slots {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let payloads = vec![payload(0, &[u8::try_from(place.slot).unwrap()])];
        let mut body = self.executor.body(place, payloads).unwrap();
        if (place.shard, place.slot) == self.wrong {
            body.header.transitions[0].post_state_root = Root::repeat_byte(0xff);
        }
        Some(body)
    }
}

#[test]
fn nodes_execute_shard_blocks_and_refuse_wrong_ones() {
    let ees = chain::Ees::default().add(wat::parse_str(ADDER).unwrap(), Bytes32::ZERO, &[]);
    let code_hash = hash(&[&wat::parse_str(ADDER).unwrap()]);
    let chain = ees.chain();
    let refund_credentials = interop_deposits::<C>(&[interop_secret_key(0)])[0].data.withdrawal_credentials;
    let shards = (0..4).map(|shard| (shard, 0)).collect();
    let ee = GenesisEe { code_hash, refund_credentials, shards, ..GenesisEe::default() };
    let genesis = Genesis { n_validators: C::N_VALIDATORS, seed: 1, ees: vec![ee], ..Genesis::default() };
    let views = ["A", "B"].map(|name| ViewSetup::new(name, Members::Share(1))).to_vec();
    // Shards have blocks 1, 2 and 3 slots after the crosslink of slot 4.
    let faults = vec![Fault::MissingBeaconBlock { slot: 6 }, Fault::MissingBeaconBlock { slot: 7 }];
    let setup = Setup { genesis, views, faults, ..Setup::default() };
    let proposer = Slots { executor: chain.executor(), wrong: (2, 10) };
    let mut simulation = Simulation::<C, _, _>::new(setup, proposer, chain.executor()).unwrap();
    let settings = settings();
    let rules = Rules { settings: &settings, admission: &Nobody, judge: &NoJudge, verify_signatures: true };
    for _ in 0..13 {
        simulation.run_slot(&LedgerOperations::default(), rules).unwrap();
    }
    for view in simulation.views() {
        let (_, head) = view.head().unwrap();
        // The block of slot 13 crosslinks slot 12.
        let sums = [78, 78, 78 - 10, 78];
        for (shard, sum) in head.ledger.shards().iter().zip(sums) {
            let mut expected = Root::ZERO;
            expected.0[0] = sum;
            assert_eq!(shard.ees().get(0).unwrap().state_root, expected, "1 + 2 + ... + 12");
        }
        let [refused] = view.refused() else { panic!("{:?}", view.refused()) };
        let expected = "shard 2, slot 10: the execution is refused";
        assert_eq!((refused.slot, refused.error.to_string().as_str()), (10, expected));
    }
}
