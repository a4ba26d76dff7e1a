//! Shards that read roots of the same slot: what comes true is sure at the crosslink, and what does not is ignored.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{collections::BTreeSet, sync::Arc};

use common::{Block, Nobody, crosslinked_slots, genesis};
use outrider_beacon::{
    ledger::{
        EePayload, ExtendedState, GenesisEe, LedgerError, LedgerOperations, RootRead, Settings,
        ShardBlockError, ShardBody, ShardPlace,
    },
    registry::Rules,
};
use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_beacon_proposer_index, get_committee_count_per_slot},
    containers::BeaconState,
    hash::hash,
    phase::Phase1,
    phase1::{compute_shard_from_committee_index, get_shard_proposer_index},
    transition::process_slots,
    types::{Bytes32, Root, Shard, Slot, ValidatorIndex},
};
use outrider_host::{Host, HostConfig};
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, MemoryCodes},
};
use outrider_sim::{
    Fault, Genesis, Members, MessageKind, Network, Setup, ShardProposer, SimPreset, Simulation, Split,
    ViewSetup, interop_deposits, interop_secret_key,
};

type C = SimPreset<4>;
type TestExecutor = Arc<Executor<MemoryCodes>>;
type Chain = Simulation<C, Proposer, TestExecutor>;

/// An EE that goes to the first root that it reads, or else to its block data.
const MIRROR: &str = r#"(module
    (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (import "eth2" "readCount" (func $count (result i32)))
    (import "eth2" "readRoot" (func $read (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "main")
        (if (call $count)
            (then (call $read (i32.const 0) (i32.const 64)) (call $save (i32.const 80)))
            (else (call $copy (i32.const 0) (i32.const 0) (i32.const 32)) (call $save (i32.const 0))))))"#;

/// The shard that makes the root, and the one that reads it.
const MAKER: Shard = 0;
const READER: Shard = 1;

/// Returns the root to which the EE goes in a slot of a shard.
fn made(shard: Shard, slot: Slot) -> Root {
    hash(&[&shard.to_le_bytes(), &slot.to_le_bytes()])
}

/// Returns the root to which it goes in the second block of a proposer.
fn made_otherwise(shard: Shard, slot: Slot) -> Root {
    hash(&[made(shard, slot).as_slice()])
}

/// Proposers of blocks in which the EE goes to the root of shard and slot. In one slot, that of the reader assumes a root
/// of the same slot.
struct Proposer {
    executor: TestExecutor,
    slot: Slot,
    assumed: fn(Shard, Slot) -> Root,
}

impl Proposer {
    fn block(&self, place: &ShardPlace, payload: EePayload) -> Option<ShardBody> {
        Some(self.executor.body(place, vec![payload]).unwrap())
    }
}

impl ShardProposer for Proposer {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let block_data = made(place.shard, place.slot).to_vec().try_into().unwrap();
        let payload = EePayload { block_data, ..EePayload::default() };
        if (place.shard, place.slot) != (READER, self.slot) {
            return self.block(place, payload);
        }
        // It has heard of the other block before all others.
        let mut place = place.clone();
        let read = RootRead { shard: MAKER, ee: 0, state_root: (self.assumed)(MAKER, self.slot) };
        place.assumable.insert(read);
        self.block(&place, EePayload { reads: vec![read].try_into().unwrap(), ..payload })
    }

    fn other_body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let block_data = made_otherwise(place.shard, place.slot).to_vec().try_into().unwrap();
        self.block(place, EePayload { block_data, ..EePayload::default() })
    }
}

fn settings(challenge_slots: u64) -> Settings {
    Settings { assumptions_max: 1, challenge_slots, ..Settings::default() }
}

/// Returns a chain of three views whose messages take up to a fifth of a slot.
fn chain(settings: &Settings, slot: Slot, assumed: fn(Shard, Slot) -> Root, faults: Vec<Fault>) -> Chain {
    let mut codes = MemoryCodes::default();
    let ee = GenesisEe {
        code_hash: codes.insert(wat::parse_str(MIRROR).unwrap()),
        refund_credentials: interop_deposits::<C>(&[interop_secret_key(0)])[0].data.withdrawal_credentials,
        shards: (0..4).map(|shard| (shard, 1_000)).collect(),
        ..GenesisEe::default()
    };
    let host = Host::new(HostConfig::default()).unwrap();
    let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default()).unwrap();
    let executor = Arc::new(executor);
    let views = (0..3).map(|view| ViewSetup::new(&format!("view {view}"), Members::Share(1)));
    let setup = Setup {
        genesis: Genesis { ees: vec![ee], ..genesis(C::N_VALIDATORS, 5) },
        views: views.collect(),
        network: Network { jitter_ms: 1_200, ..Network::default() },
        faults,
        ..Setup::default()
    };
    let proposer = Proposer { executor: Arc::clone(&executor), slot, assumed };
    Simulation::new(setup, proposer, executor).unwrap()
}

fn run(chain: &mut Chain, settings: &Settings, n_slots: u64) -> Vec<Block<C>> {
    let judge = &outrider_beacon::registry::NoJudge;
    let rules = Rules { settings, admission: &Nobody, judge, verify_signatures: true };
    let operations = LedgerOperations::default();
    (0..n_slots).flat_map(|_| chain.run_slot(&operations, rules).unwrap()).collect()
}

/// Returns state and ledger at the head of all views, in which ether is conserved.
fn head(chain: &Chain) -> ExtendedState<Phase1<C>> {
    let heads: Vec<_> = chain.views().iter().map(|view| view.head().unwrap()).collect();
    assert!(heads.iter().all(|(root, _)| *root == heads[0].0), "views agree");
    let head = heads.into_iter().next().unwrap().1;
    head.ledger.check_conservation().unwrap();
    head
}

fn state_root(head: &ExtendedState<Phase1<C>>, shard: Shard) -> Bytes32 {
    head.ledger.shards().get(shard as usize).unwrap().ees().get(0).unwrap().state_root
}

fn slashed(head: &ExtendedState<Phase1<C>>) -> BTreeSet<ValidatorIndex> {
    let validators = (0..).zip(&head.state.validators);
    validators.filter(|(_, validator)| validator.slashed).map(|(index, _)| index).collect()
}

fn nobody_refused(chain: &Chain) {
    for view in chain.views() {
        assert!(view.refused().is_empty(), "{}: {:?}", view.name(), view.refused());
    }
}

/// Returns the slots of a shard's blocks that the last beacon block crosslinks.
fn crosslinked(blocks: &[Block<C>], shard: Shard) -> Vec<Slot> {
    crosslinked_slots(blocks.last().unwrap(), shard)
}

#[test]
fn a_root_is_read_in_the_slot_in_which_it_is_made() {
    for challenge_slots in [0, 2] {
        let settings = settings(challenge_slots);
        let mut chain = chain(&settings, 3, made, Vec::new());
        let blocks = run(&mut chain, &settings, 4 + challenge_slots);
        let head = head(&chain);
        assert_eq!((state_root(&head, MAKER), state_root(&head, READER)), (made(MAKER, 3), made(MAKER, 3)));
        assert_eq!(crosslinked(&blocks, READER), [3 + challenge_slots]);
        let blocks = run(&mut chain, &settings, 1);
        assert_eq!(state_root(&self::head(&chain), READER), made(READER, 4), "the shard goes on");
        assert_eq!(crosslinked(&blocks, READER), [4 + challenge_slots]);
        nobody_refused(&chain);
        assert_eq!(slashed(&head), BTreeSet::new());
    }
}

/// Returns a slot and the committee of the maker in it, without which everything else goes on.
fn without_committee(settings: &Settings) -> (Slot, BTreeSet<ValidatorIndex>) {
    let mut chain = chain(settings, 99, made, Vec::new());
    for slot in 3..9 {
        let n_slots = slot - chain.slot();
        run(&mut chain, settings, n_slots);
        let state = head(&chain).state;
        let committee = committee(&state, slot);
        let mut next: BeaconState<Phase1<C>> = state.clone();
        process_slots(&mut next, slot + 1).unwrap();
        let proposers = [
            get_beacon_proposer_index(&state).unwrap(),
            get_beacon_proposer_index(&next).unwrap(),
            get_shard_proposer_index(&state, slot, MAKER).unwrap(),
            get_shard_proposer_index(&state, slot, READER).unwrap(),
        ];
        if proposers.iter().all(|proposer| !committee.contains(proposer)) {
            return (slot, committee);
        }
    }
    panic!("there is such a slot");
}

fn committee(state: &BeaconState<Phase1<C>>, slot: Slot) -> BTreeSet<ValidatorIndex> {
    let n = get_committee_count_per_slot(state, slot / 8);
    let of_maker = |index: &u64| compute_shard_from_committee_index(state, *index, slot) == Ok(MAKER);
    let committees = (0..n).filter(of_maker).map(|index| get_beacon_committee(state, slot, index).unwrap());
    committees.flat_map(|committee| committee.to_vec()).collect()
}

/// The committee of the other shard is offline: its block is crosslinked a slot later than the reader's.
#[test]
fn an_assumption_about_a_block_that_is_not_crosslinked_in_time_is_ignored() {
    for challenge_slots in [0, 2] {
        let settings = settings(challenge_slots);
        let (slot, validators) = without_committee(&settings);
        let mut chain =
            chain(&settings, slot, made, vec![Fault::Offline { validators, slots: slot..slot + 1 }]);
        let blocks = run(&mut chain, &settings, slot + 1);
        assert_eq!((crosslinked(&blocks, MAKER), crosslinked(&blocks, READER)), (vec![], vec![slot]));
        let ignored = head(&chain);
        let tips = [MAKER, READER].map(|shard| {
            ignored
                .ledger
                .optimistic::<Phase1<C>>(&settings)
                .unwrap()
                .shards()
                .get(shard as usize)
                .unwrap()
                .ees()
                .get(0)
                .unwrap()
                .state_root
        });
        assert_eq!(tips, [MAKER, READER].map(|shard| made(shard, slot - 1)), "both have the roots of before");
        // Two slots later, the next block of the reader counts, and both of the maker.
        let blocks = run(&mut chain, &settings, 1);
        assert_eq!(
            (crosslinked(&blocks, MAKER), crosslinked(&blocks, READER)),
            (vec![slot, slot + 1], vec![slot + 1])
        );
        run(&mut chain, &settings, challenge_slots);
        let after = head(&chain);
        assert_eq!(
            [MAKER, READER].map(|shard| state_root(&after, shard)),
            [MAKER, READER].map(|shard| made(shard, slot + 1))
        );
        assert_eq!(slashed(&after), BTreeSet::new());
        nobody_refused(&chain);
    }
}

/// The proposer of the other shard signs two blocks. The reader may assume either, and one of them comes true.
#[test]
fn of_two_blocks_of_a_proposer_the_assumption_of_one_comes_true() {
    let settings = settings(0);
    let counts = [made, made_otherwise].map(|assumed: fn(Shard, Slot) -> Root| {
        let split = Split { second_to: BTreeSet::new(), delay_ms: 100 };
        let fault = Fault::ShardEquivocation { shard: MAKER, slot: 3, split };
        let mut chain = chain(&settings, 3, assumed, vec![fault]);
        run(&mut chain, &settings, 4);
        let at_crosslink = head(&chain);
        assert!([made(MAKER, 3), made_otherwise(MAKER, 3)].contains(&state_root(&at_crosslink, MAKER)));
        let counts = state_root(&at_crosslink, READER) == assumed(MAKER, 3);
        assert_eq!(counts, state_root(&at_crosslink, MAKER) == assumed(MAKER, 3));
        assert!(counts || state_root(&at_crosslink, READER) == made(READER, 2), "it is ignored");
        run(&mut chain, &settings, 2);
        let after = head(&chain);
        assert_eq!(state_root(&after, READER), made(READER, 5), "the shard goes on");
        assert_eq!(slashed(&after).len(), 1, "nobody but that proposer");
        nobody_refused(&chain);
        counts
    });
    assert_ne!(counts[0], counts[1]);
}

#[test]
fn every_view_refuses_an_invented_assumption_and_names_ee_shard_and_field() {
    let settings = settings(0);
    let mut chain = chain(&settings, 3, made_otherwise, Vec::new());
    let blocks = run(&mut chain, &settings, 6);
    let slots: Vec<_> = blocks.iter().flat_map(|block| crosslinked_slots(block, READER)).collect();
    assert_eq!(slots, [1, 2, 4, 5], "no committee attests it, and the shard goes on");
    // For two epochs, the block waits for what it assumes.
    nobody_refused(&chain);
    run(&mut chain, &settings, 16);
    let got = made_otherwise(MAKER, 3);
    let expected = LedgerError::Assumption { shard: READER, slot: 3, of: MAKER, ee: 0, got };
    for view in chain.views() {
        let [refused] = view.refused() else { panic!("{:?}", view.refused()) };
        assert_eq!((refused.kind, refused.slot), (MessageKind::ShardBlock, 3));
        assert!(
            matches!(&refused.error, ShardBlockError::Ledger(error) if *error == expected),
            "{:?}",
            refused.error
        );
        assert_eq!(
            expected.to_string(),
            format!(
                "shard 1, slot 3: assumptions: no known block that counts before makes the root {got} of EE 0 on shard 0"
            )
        );
    }
    assert_eq!(slashed(&head(&chain)), BTreeSet::new());
}
