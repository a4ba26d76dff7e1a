//! Proofs from a block's root, beside those of remerkleable: `data/make_proofs.py` says how they were made.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::LazyLock;

use outrider_beacon::{
    ledger::{Ledger, LedgerOperations, LedgerPhase, ShardBody},
    proof::{Claim, Phase, ProveError, Prover, body_branch, lane_branch},
};
use outrider_beacon_proof::{Hash, Multiproof, Proof, ProofError};
use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconBlockBody},
    hash::{hash_tree_root, is_valid_merkle_branch},
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal},
    types::Root,
};
use serde_json::Value;
use ssz::{Decode as _, Encode as _};

type P0 = Phase0<Minimal>;
type P1 = Phase1<Minimal>;

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/proofs.json")).unwrap());

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn root(value: &Value) -> Root {
    Root::from_slice(&bytes(value))
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(|hash| root(hash).0).collect()
}

fn ledger() -> Ledger {
    let mut ssz = Vec::new();
    for run in VECTORS["ledger"]["ssz"].as_array().unwrap() {
        ssz.extend(bytes(&run[0]));
        ssz.resize(ssz.len() + run[1].as_u64().unwrap() as usize, 0);
    }
    let ledger = Ledger::from_ssz_bytes(&ssz).unwrap();
    assert_eq!(ledger.as_ssz_bytes(), ssz);
    ledger
}

fn operations<P: LedgerPhase>() -> LedgerOperations<P> {
    let ssz = bytes(&VECTORS["operations"]["ssz"]);
    let operations = LedgerOperations::from_ssz_bytes(&ssz).unwrap();
    assert_eq!(operations.as_ssz_bytes(), ssz);
    operations
}

fn block<P: LedgerPhase>(phase: &Value) -> BeaconBlock<P>
where
    BeaconBlockBody<P>: Default,
{
    BeaconBlock {
        slot: 700,
        proposer_index: 12,
        parent_root: Root::repeat_byte(0x21),
        state_root: Root::repeat_byte(0x22),
        body: BeaconBlockBody { graffiti: root(&phase["graffiti"]), ..BeaconBlockBody::default() },
    }
}

fn claim(proof: &Value) -> Claim {
    let ee = proof["ee"].as_u64().unwrap_or_default() as u32;
    let shard = proof["shard"].as_u64().unwrap_or_default();
    match proof["kind"].as_str().unwrap() {
        "code_hash" => Claim::CodeHash { ee },
        "deposit" => Claim::Deposit { ee },
        "state_root" => Claim::StateRoot { shard, ee },
        "balance" => Claim::Balance { shard, ee },
        "execution_root" => Claim::ExecutionRoot { shard, slot: proof["slot"].as_u64().unwrap() },
        other => panic!("{other}"),
    }
}

fn recorded(proof: &Value) -> Proof {
    Proof {
        gindex: proof["gindex"].as_u64().unwrap(),
        leaf: root(&proof["leaf"]).0,
        branch: hashes(&proof["branch"]),
    }
}

#[test]
fn containers_have_the_roots_of_another_library() {
    assert_eq!(ledger().root(), root(&VECTORS["ledger"]["root"]));
    assert_eq!(hash_tree_root(&operations::<P0>()), root(&VECTORS["operations"]["root"]));
    assert_eq!(hash_tree_root(&operations::<P1>()), root(&VECTORS["operations"]["root"]));
    let vector = &VECTORS["shard_body"];
    let body = bytes(&vector["bytes"]);
    let decoded = ShardBody::from_body(&body).unwrap();
    assert_eq!(decoded.to_body(), body);
    assert_eq!(hash_tree_root(&decoded), root(&vector["body_root"]));
    assert_eq!(hash_tree_root(&decoded.header), root(&vector["execution_root"]));
    for place in 0..body.len() {
        let mut damaged = body.clone();
        damaged[place] ^= 1;
        if let Ok(other) = ShardBody::from_body(&damaged) {
            assert_ne!(hash_tree_root(&other), root(&vector["body_root"]), "byte {place}");
        }
        let other = ShardBody::from_body(&body[..place]);
        assert!(other.map(|other| other.payloads) != Ok(decoded.payloads.clone()), "{place} bytes");
    }
}

#[test]
fn a_body_begins_with_its_execution_root_and_lanes_are_below_it() {
    let vector = &VECTORS["shard_body"];
    let body = bytes(&vector["bytes"]);
    let branch: Vec<_> = hashes(&vector["branch"]).into_iter().map(Root::from).collect();
    assert_eq!(body_branch(&body), branch);
    let execution_root = root(&vector["execution_root"]);
    assert!(is_valid_merkle_branch(execution_root, &branch, 16, 0, root(&vector["root"])));
    let header = ShardBody::from_body(&body).unwrap().header;
    let lane: Vec<_> = hashes(&vector["lane"]["branch"]).into_iter().map(Root::from).collect();
    assert_eq!(lane_branch(&header, 1), Some(lane.clone()));
    assert_eq!(lane_branch(&header, 3), None);
    let leaf = hash_tree_root(&header.lanes[1]);
    assert_eq!(leaf, root(&vector["lane"]["leaf"]));
    // Field 3 of 6, with a list of 64 below it, which has its length to the right.
    assert!(is_valid_merkle_branch(leaf, &lane, 10, 3 << 7 | 1, execution_root));
}

fn check_phase<P: LedgerPhase>(vector: &Value, phase: Phase)
where
    BeaconBlockBody<P>: Default,
{
    let (block, ledger, operations) = (block::<P>(vector), ledger(), operations::<P>());
    let block_root = root(&vector["block_root"]);
    assert_eq!(hash_tree_root(&block), block_root);
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    assert_eq!(prover.block_root(), block_root);
    let proofs = vector["proofs"].as_array().unwrap();
    for vector in proofs {
        let (claim, expected) = (claim(vector), recorded(vector));
        assert_eq!(claim.gindex(phase), Ok(expected.gindex), "{claim:?}");
        assert_eq!(claim.verify(&expected, &block_root.0, phase), Ok(expected.leaf), "{claim:?}");
        assert_eq!(prover.prove(claim), Ok(expected), "{claim:?}");
    }
    let chosen = vector["multiproof"]["proofs"].as_array().unwrap();
    let chosen: Vec<_> = chosen.iter().map(|place| &proofs[place.as_u64().unwrap() as usize]).collect();
    let claims: Vec<_> = chosen.iter().map(|vector| claim(vector)).collect();
    let multiproof = prover.prove_all(&claims).unwrap();
    assert_eq!(multiproof.branch, hashes(&vector["multiproof"]["branch"]));
    let gindices: Vec<_> = claims.iter().map(|claim| claim.gindex(phase).unwrap()).collect();
    let leaves: Vec<_> = chosen.iter().map(|vector| recorded(vector).leaf).collect();
    assert_eq!(multiproof.verify(&block_root.0, &gindices), Ok(leaves));
}

#[test]
fn proofs_are_those_of_another_library() {
    let phases = VECTORS["phases"].as_array().unwrap();
    assert_eq!(phases[0]["proofs"].as_array().unwrap().len(), 2);
    assert_eq!(phases[1]["proofs"].as_array().unwrap().len(), 14);
    check_phase::<P0>(&phases[0], Phase::Phase0);
    check_phase::<P1>(&phases[1], Phase::Phase1);
}

#[test]
fn leaves_are_what_the_ledger_says() {
    let (vector, ledger, operations) = (&VECTORS["phases"][1], ledger(), operations::<P1>());
    let block = block::<P1>(vector);
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    let leaf = |claim| prover.prove(claim).unwrap().leaf;
    assert_eq!(Claim::gwei(&leaf(Claim::Deposit { ee: 3 })), 32_000_000_003);
    assert_eq!(Claim::gwei(&leaf(Claim::Balance { shard: 2, ee: 4 })), 2_000_000_004);
    // By sha256sum: `printf '\3' | sha256sum`.
    let code_hash = "084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5";
    assert_eq!(hex::encode(leaf(Claim::CodeHash { ee: 3 })), code_hash);
    let absent = Claim::CodeHash { ee: 5 };
    assert_eq!(prover.prove(absent), Err(ProveError::Absent(absent)));
    let absent = Claim::Balance { shard: 3, ee: 0 };
    assert_eq!(prover.prove(absent), Err(ProveError::Absent(absent)));
    let empty = prover.prove(Claim::ExecutionRoot { shard: 1, slot: 698 });
    assert_eq!(empty, Err(ProveError::NoExecution { shard: 1, slot: 698, latest: 700 }));
    // The place of slot 699 is that of 443, which is too long ago.
    let old = prover.prove(Claim::ExecutionRoot { shard: 1, slot: 443 });
    assert_eq!(old, Err(ProveError::NoExecution { shard: 1, slot: 443, latest: 700 }));
    let too_far = Claim::StateRoot { shard: 1 << 10, ee: 0 };
    assert_eq!(too_far.gindex(Phase::Phase1), Err(ProofError::NoPlace));
    let other = Prover::new(&block, &Ledger::default(), &operations).map(|prover| prover.block_root());
    assert!(matches!(other, Err(ProveError::Commitment { got, .. }) if got == block.body.graffiti));
}

/// The table of the design, in hashes and bytes: with the preset `mainnet` as with any other, as nothing of a preset is on the way.
#[test]
fn proofs_are_as_long_as_they_should_be() {
    let block = BeaconBlock::<Phase1<Mainnet>> {
        body: block::<P1>(&VECTORS["phases"][1]).body.into_mainnet(),
        ..BeaconBlock::default()
    };
    let (ledger, operations) = (ledger(), operations());
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    for (claim, n_hashes) in [
        (Claim::CodeHash { ee: 1 }, 32),
        (Claim::Deposit { ee: 1 }, 32),
        (Claim::StateRoot { shard: 1, ee: 2 }, 43),
        (Claim::Balance { shard: 1, ee: 2 }, 43),
        (Claim::ExecutionRoot { shard: 1, slot: 699 }, 33),
    ] {
        let proof = prover.prove(claim).unwrap();
        assert_eq!(proof.branch.len(), n_hashes, "{claim:?}");
        // Generalized index, leaf and an offset come besides.
        assert_eq!(proof.to_ssz_bytes().len(), 44 + 32 * n_hashes);
        assert!(proof.gindex.ilog2() < 44);
    }
}

trait IntoMainnet {
    fn into_mainnet(self) -> BeaconBlockBody<Phase1<Mainnet>>;
}

impl IntoMainnet for BeaconBlockBody<P1> {
    fn into_mainnet(self) -> BeaconBlockBody<Phase1<Mainnet>> {
        BeaconBlockBody { graffiti: self.graffiti, ..BeaconBlockBody::default() }
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let vector = &VECTORS["phases"][1];
    let block_root = root(&vector["block_root"]).0;
    for vector in vector["proofs"].as_array().unwrap() {
        let (claim, proof) = (claim(vector), recorded(vector));
        let ssz = proof.to_ssz_bytes();
        assert_eq!(Proof::from_ssz_bytes(&ssz), Ok(proof));
        for place in 0..ssz.len() {
            for flipped in [1, 0x80] {
                let mut damaged = ssz.clone();
                damaged[place] ^= flipped;
                let verdict = Proof::from_ssz_bytes(&damaged)
                    .and_then(|proof| claim.verify(&proof, &block_root, Phase::Phase1));
                assert!(verdict.is_err(), "{claim:?}, byte {place}");
            }
            let short = Proof::from_ssz_bytes(&ssz[..place]);
            let verdict = short.and_then(|proof| claim.verify(&proof, &block_root, Phase::Phase1));
            assert!(verdict.is_err(), "{claim:?}, {place} bytes");
        }
    }
}

#[test]
fn every_changed_byte_of_a_multiproof_is_refused() {
    let vector = &VECTORS["phases"][1];
    let block_root = root(&vector["block_root"]).0;
    let proofs: Vec<_> = vector["proofs"].as_array().unwrap().iter().map(recorded).collect();
    let gindices: Vec<_> = proofs.iter().map(|proof| proof.gindex).collect();
    let multiproof = Multiproof::combine(&proofs).unwrap();
    let n_single: usize = proofs.iter().map(|proof| proof.branch.len()).sum();
    let n_together = vector["n_siblings_of_all"].as_u64().unwrap() as usize;
    assert_eq!((n_single, multiproof.branch.len()), (6 * 32 + 6 * 43 + 2 * 33, n_together));
    let ssz = multiproof.to_ssz_bytes();
    assert_eq!(Multiproof::from_ssz_bytes(&ssz), Ok(multiproof));
    for place in 0..ssz.len() {
        let mut damaged = ssz.clone();
        damaged[place] ^= 1;
        let verdict =
            Multiproof::from_ssz_bytes(&damaged).and_then(|proof| proof.verify(&block_root, &gindices));
        assert!(verdict.is_err(), "byte {place}");
        let verdict =
            Multiproof::from_ssz_bytes(&ssz[..place]).and_then(|proof| proof.verify(&block_root, &gindices));
        assert!(verdict.is_err(), "{place} bytes");
    }
}
