//! Proofs that need no ledger, and proofs about earlier blocks, compared with those of remerkleable, made by
//! `data/make_proofs.py`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::vectors::{VECTORS, bytes, claim, hashes, ledger, recorded, root};
use outrider_beacon::{
    ledger::{LedgerOperations, LedgerPhase, ShardBody, ShardExecution},
    proof::{Claim, Layout, Phase, ProveError, Prover, ShardBlockProof, body_branch},
};
use outrider_beacon_proof::{Multiproof, Proof, ProofError, verify_claims, verify_earlier_block};
use outrider_beacon_spec::{
    containers::{
        BeaconBlock, BeaconBlockBody, BeaconState, Checkpoint, ShardBlockHeader, ShardState, ShardTransition,
    },
    hash::hash_tree_root,
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal, Preset},
    types::Root,
};
use serde_json::Value;

type P0 = Phase0<Minimal>;

/// Returns the execution of the recorded shard body.
fn execution() -> ShardExecution {
    let body = bytes(&VECTORS["shard_body"]["bytes"]);
    let header = ShardBody::from_body(&body).unwrap().header;
    ShardExecution { shard: 2, slot: 698, header, branch: body_branch(&body).try_into().unwrap() }
}

fn operations<P: LedgerPhase>() -> LedgerOperations<P> {
    LedgerOperations { executions: vec![execution()].try_into().unwrap(), ..LedgerOperations::default() }
}

fn shard_block() -> ShardBlockProof {
    let header = ShardBlockHeader {
        shard_parent_root: Root::repeat_byte(0x31),
        beacon_parent_root: Root::repeat_byte(0x32),
        slot: 698,
        shard: 2,
        proposer_index: 5,
        body_root: root(&VECTORS["shard_body"]["root"]),
    };
    ShardBlockProof { header, execution: execution() }
}

/// Returns a block of slot 700, with the state after it and the graffiti for ledger and operations.
fn block<P: LedgerPhase>(mut state: BeaconState<P>) -> (BeaconBlock<P>, BeaconState<P>)
where
    BeaconBlockBody<P>: Default,
{
    let ledger_root = ledger().root();
    let operations_root = hash_tree_root(&operations::<P>());
    let commitment = outrider_beacon::ledger::LedgerCommitment { ledger_root, operations_root };
    let graffiti = hash_tree_root(&commitment);
    let block = BeaconBlock {
        slot: 700,
        proposer_index: 12,
        parent_root: Root::repeat_byte(0x21),
        state_root: state.root(),
        body: BeaconBlockBody { graffiti, ..BeaconBlockBody::default() },
    };
    (block, state)
}

/// Returns a state of slot 700 that knows the block of slot 650.
fn state<P: LedgerPhase>(block_root: Root) -> BeaconState<P>
where
    BeaconState<P>: Default,
{
    let mut state = BeaconState::<P> { genesis_time: 7, slot: 700, ..BeaconState::default() };
    state.finalized_checkpoint = Checkpoint { epoch: 85, root: Root::repeat_byte(0x51) };
    let place = 650 % P::Preset::SLOTS_PER_HISTORICAL_ROOT;
    *state.block_roots.get_mut(place as usize).unwrap() = block_root;
    state
}

/// Returns a block that crosslinks three blocks of shard 2; the second has the recorded body, and is the shard's latest in
/// the state after the block.
fn crosslinking_block<C: Preset>() -> (BeaconBlock<Phase1<C>>, BeaconState<Phase1<C>>) {
    let body = bytes(&VECTORS["shard_body"]["bytes"]);
    let mut transition = ShardTransition { start_slot: 697, ..ShardTransition::default() };
    for slot in [697, 698, 699] {
        let is_second = slot == 698;
        let root =
            if is_second { root(&VECTORS["shard_body"]["root"]) } else { Root::repeat_byte(slot as u8) };
        transition.shard_block_lengths.push(body.len() as u64).unwrap();
        transition.shard_data_roots.push(root).unwrap();
        transition.shard_states.push(ShardState { slot, gasprice: 8, latest_block_root: root }).unwrap();
    }
    let mut state = state::<Phase1<C>>(root(&VECTORS["phases"][1]["block_root"]));
    let other = 640 % C::SLOTS_PER_HISTORICAL_ROOT;
    *state.block_roots.get_mut(other as usize).unwrap() = Root::repeat_byte(0x41);
    for shard in 0..3_u8 {
        let latest_block_root =
            if shard == 2 { hash_tree_root(&shard_block().header) } else { Root::repeat_byte(shard) };
        let gasprice = 8 + u64::from(shard);
        state.shard_states.push(ShardState { slot: 699, gasprice, latest_block_root }).unwrap();
    }
    let (mut block, state) = block(state);
    block.body.shard_transitions[2] = transition;
    (block, state)
}

const CROSSLINKED: Claim = Claim::CrosslinkedExecution { shard: 2, block: 1 };
const LATEST: Claim = Claim::LatestExecution { shard: 2 };

/// Returns the recorded proof of the execution.
fn recorded_execution(name: &str) -> Proof {
    let vector = &VECTORS["chain"][name];
    let leaf = root(&VECTORS["shard_body"]["execution_root"]).0;
    Proof { gindex: vector["gindex"].as_u64().unwrap(), leaf, branch: hashes(&vector["branch"]) }
}

#[test]
fn an_execution_is_proven_without_the_ledger() {
    let vector = &VECTORS["chain"];
    let (block, state) = crosslinking_block::<Minimal>();
    assert_eq!(block.state_root, root(&vector["state_root"]));
    let block_root = root(&vector["block_root"]);
    assert_eq!(hash_tree_root(&block), block_root);
    assert_eq!(hash_tree_root(&shard_block().header), root(&vector["shard_block_root"]));
    let (ledger, operations) = (ledger(), operations());
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    let error = prover.prove(LATEST).unwrap_err();
    assert_eq!(error, ProveError::NoState(LATEST));
    assert_eq!(error.to_string(), "a proof of latest:2 needs the state after the block");
    let prover = prover.with_state(&state).unwrap();
    let latest_block_root = hash_tree_root(&shard_block().header);
    assert_eq!(prover.prove(LATEST), Err(ProveError::NoShardBlock { shard: 2, latest_block_root }));
    let prover = prover.with_shard_block(shard_block());
    for (claim, name) in [(CROSSLINKED, "crosslink"), (LATEST, "latest")] {
        let proof = prover.prove(claim).unwrap();
        assert_eq!(proof, recorded_execution(name));
        assert_eq!(claim.verify(&proof, &block_root.0, Layout::MINIMAL), Ok(proof.leaf));
        // With the layout of another preset, it is another claim.
        assert!(claim.verify(&proof, &block_root.0, Layout::MAINNET).is_err());
    }
    for (shard, block) in [(2, 0), (2, 2), (2, 3), (1, 1), (8, 0)] {
        let missing = prover.prove(Claim::CrosslinkedExecution { shard, block });
        assert_eq!(missing, Err(ProveError::NotCrosslinked { shard, block, slot: 700 }));
    }
    let absent = Claim::LatestExecution { shard: 3 };
    assert_eq!(prover.prove(absent), Err(ProveError::Absent(absent)));
    let mut other = shard_block();
    other.execution.header.finalized_slot = 1;
    let prover = Prover::new(&block, &ledger, &operations).unwrap().with_state(&state).unwrap();
    let outcome = prover.with_shard_block(other).prove(LATEST);
    assert_eq!(outcome, Err(ProveError::Proof(ProofError::Root)));
}

/// Checks the lengths in the design's table: 25 and 21 hashes to the shard block, 16 and 19 in it.
#[test]
fn proofs_without_the_ledger_are_as_long_as_they_should_be() {
    let (block, state) = crosslinking_block::<Mainnet>();
    let (ledger, operations) = (ledger(), operations());
    let prover = Prover::new(&block, &ledger, &operations).unwrap().with_state(&state).unwrap();
    let prover = prover.with_shard_block(shard_block());
    assert_eq!(prover.layout(), Layout::MAINNET);
    for (claim, n_hashes, n_bytes) in [(CROSSLINKED, 41, 1_312), (LATEST, 40, 1_280)] {
        let proof = prover.prove(claim).unwrap();
        assert_eq!((proof.branch.len(), 32 * proof.branch.len()), (n_hashes, n_bytes), "{claim:?}");
        assert_eq!(claim.verify(&proof, &prover.block_root().0, Layout::MAINNET), Ok(proof.leaf));
    }
    // Three to the state, five in it, and 13 among the roots of 8,192 slots; the slot costs no hash.
    assert_eq!(prover.prove_earlier_block(650).unwrap().branch.len(), 3 + 5 + 13);
}

/// Returns the recorded multiproof of an earlier block.
fn recorded_link(vector: &Value) -> Multiproof {
    let mut slot = [0; 32];
    slot[..8].copy_from_slice(&700_u64.to_le_bytes());
    let gindex = |name: &str| vector[name].as_u64().unwrap();
    let claims = vec![(gindex("slot_gindex"), slot), (gindex("gindex"), root(&vector["root"]).0)];
    Multiproof { claims, branch: hashes(&vector["multiproof"]) }
}

/// Checks that each recorded claim about the block of slot 650 is proven from that of slot 700.
fn check_earlier<P: LedgerPhase>(prover: &Prover<'_, P>, vector: &Value, place: usize, layout: Layout) {
    let link = prover.prove_earlier_block(650).unwrap();
    assert_eq!(link, recorded_link(&vector["earlier"]));
    let later_root = root(&vector["block_root"]).0;
    let earlier_root = verify_earlier_block(650, &link, &later_root, layout).unwrap();
    let phase = &VECTORS["phases"][place];
    assert_eq!(earlier_root, root(&phase["block_root"]).0);
    for vector in phase["proofs"].as_array().unwrap() {
        let (claim, proof) = (claim(vector), recorded(vector));
        if let Claim::ExecutionRoot { .. } = claim {
            continue;
        }
        assert_eq!(claim.verify(&proof, &earlier_root, layout), Ok(proof.leaf), "{claim:?}");
        assert_eq!(claim.verify(&proof, &later_root, layout), Err(ProofError::Root), "{claim:?}");
    }
    let finalized = &vector["finalized"];
    let mut leaf = [0; 32];
    leaf[0] = 85;
    let expected =
        Proof { gindex: finalized["gindex"].as_u64().unwrap(), leaf, branch: hashes(&finalized["branch"]) };
    assert_eq!(prover.prove(Claim::FinalizedEpoch), Ok(expected.clone()));
    assert_eq!(Claim::FinalizedEpoch.verify(&expected, &later_root, layout), Ok(leaf));
    for got in [650 - 64, 650 + 64, 700, 701, u64::MAX] {
        let outcome = verify_earlier_block(got, &link, &later_root, layout);
        let is_same_place = got % 64 == 650 % 64;
        let not_recent = ProofError::SlotNotRecent { got, latest: 700, n_slots: 64 };
        assert!(
            if is_same_place { outcome == Err(not_recent) } else { outcome.is_err() },
            "{got}: {outcome:?}"
        );
    }
}

#[test]
fn claims_about_an_earlier_block_are_proven_from_a_later_one() {
    let vector = &VECTORS["chain"];
    let (block_1, state_1) = crosslinking_block::<Minimal>();
    let (ledger, operations_1, operations_0) = (ledger(), operations(), operations());
    let prover = Prover::new(&block_1, &ledger, &operations_1).unwrap();
    let claim = Claim::BlockRoot { slot: 650 };
    assert_eq!(prover.prove_earlier_block(650), Err(ProveError::NoState(claim)));
    let prover = prover.with_state(&state_1).unwrap();
    check_earlier(&prover, vector, 1, Layout::MINIMAL);
    for slot in [700 - 65, 700, 701] {
        let refused = ProveError::NoBlockRoot { slot, latest: 700, n_slots: 64 };
        assert_eq!(prover.prove_earlier_block(slot), Err(refused));
    }
    for slot in [700 - 64, 699] {
        assert!(prover.prove_earlier_block(slot).is_ok());
    }
    let alone = prover.prove(claim).unwrap();
    let refused = claim.verify(&alone, &prover.block_root().0, Layout::MINIMAL);
    assert_eq!(refused, Err(ProofError::SlotNeeded));

    let (block_0, state_0) = block(state::<P0>(root(&VECTORS["phases"][0]["block_root"])));
    let vector = &vector["phase0"];
    assert_eq!(hash_tree_root(&block_0), root(&vector["block_root"]));
    let prover = Prover::new(&block_0, &ledger, &operations_0).unwrap();
    let prover = prover.with_state(&state_0).unwrap();
    check_earlier(&prover, vector, 0, Layout::MINIMAL.of_phase(Phase::Phase0));
    let mut other = state_0.clone();
    other.genesis_time = 8;
    let refused = Prover::new(&block_0, &ledger, &operations_0).unwrap().with_state(&other).map(|_| ());
    assert!(matches!(refused, Err(ProveError::State { got, .. }) if got == block_0.state_root));
}

#[test]
fn every_changed_byte_is_refused() {
    let block_root = root(&VECTORS["chain"]["block_root"]).0;
    for (claim, name) in [(CROSSLINKED, "crosslink"), (LATEST, "latest")] {
        let ssz = recorded_execution(name).to_ssz_bytes();
        let verify = |bytes: &[u8]| {
            Proof::from_ssz_bytes(bytes).and_then(|proof| claim.verify(&proof, &block_root, Layout::MINIMAL))
        };
        assert!(verify(&ssz).is_ok());
        refuse_damage(&ssz, |bytes| verify(bytes).is_err());
    }
    let ssz = recorded_link(&VECTORS["chain"]["earlier"]).to_ssz_bytes();
    let verify = |bytes: &[u8]| {
        Multiproof::from_ssz_bytes(bytes)
            .and_then(|link| verify_earlier_block(650, &link, &block_root, Layout::MINIMAL))
    };
    assert!(verify(&ssz).is_ok());
    refuse_damage(&ssz, |bytes| verify(bytes).is_err());
}

fn refuse_damage(ssz: &[u8], is_refused: impl Fn(&[u8]) -> bool) {
    for place in 0..ssz.len() {
        for flipped in [1, 0x80] {
            let mut damaged = ssz.to_vec();
            damaged[place] ^= flipped;
            assert!(is_refused(&damaged), "byte {place}");
        }
        assert!(is_refused(&ssz[..place]), "{place} bytes");
    }
}

#[test]
fn claims_with_and_without_the_ledger_fit_into_one_proof() {
    let (block, state) = crosslinking_block::<Minimal>();
    let (ledger, operations) = (ledger(), operations());
    let prover = Prover::new(&block, &ledger, &operations).unwrap().with_state(&state).unwrap();
    let prover = prover.with_shard_block(shard_block());
    let claims =
        [CROSSLINKED, LATEST, Claim::Deposit { ee: 3 }, Claim::BlockSlot, Claim::BlockRoot { slot: 650 }];
    let proof = prover.prove_all(&claims).unwrap();
    let leaves = verify_claims(&claims, &proof, &prover.block_root().0, Layout::MINIMAL).unwrap();
    assert_eq!(leaves[0], leaves[1]);
    assert_eq!([2, 3].map(|place| Claim::uint64(&leaves[place])), [32_000_000_003, 700]);
}
