//! Receipts, their lanes, and what is settled of them, by the verifier without `std` and by another library.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use common::vectors::{VECTORS, bytes, hashes, ledger, root};
use outrider_beacon::{
    ledger::{ExecutionHeader, Lane, Receipt, ShardBody},
    proof::{prove_emitted, prove_settled},
};
use outrider_beacon_proof::{
    Claim, FateProof, Hash, Multiproof, ProofError, ProvenHeader, SentLane, SentReceipt, hash, is_settled,
    settled_claims,
};
use outrider_beacon_spec::hash::hash_tree_root;

#[test]
fn a_lane_is_proven_from_the_execution_root_of_another_library() {
    let vector = &VECTORS["shard_body"];
    let body = ShardBody::from_body(&bytes(&vector["bytes"])).unwrap();
    let branch: [Hash; 10] = hashes(&vector["lane"]["branch"]).try_into().unwrap();
    let execution_root = root(&vector["execution_root"]).0;
    let lane = SentLane::from(&body.header.lanes[1]);
    assert_eq!(lane.root(), root(&vector["lane"]["leaf"]).0);
    assert_eq!(lane.verify(1, &branch, &execution_root), Ok(()));
    for (place, expected) in [
        (0, ProofError::Root),
        (2, ProofError::Root),
        (64, ProofError::NoPlace),
        (u64::MAX, ProofError::NoPlace),
    ] {
        assert_eq!(lane.verify(place, &branch, &execution_root), Err(expected));
    }
    for place in 0..10 {
        let mut changed = branch;
        changed[place][31] ^= 1;
        assert_eq!(lane.verify(1, &changed, &execution_root), Err(ProofError::Root));
    }
    let dearer = SentLane { value: lane.value + 1, ..lane };
    assert_eq!(dearer.verify(1, &branch, &execution_root), Err(ProofError::Root));
    let receipt = &body.inbound[0].receipts[0];
    assert_eq!(
        SentReceipt::from(receipt).root(),
        Some(hash_tree_root(receipt).0),
        "with a payload of two chunks"
    );
}

/// Returns the siblings of a leaf below a list of 1,024, one level after the other.
fn siblings(mut level: Vec<Hash>, mut place: usize) -> [Hash; 10] {
    level.resize(1024, Hash::default());
    let mut siblings = Vec::new();
    for _ in 0..10 {
        siblings.push(level[place ^ 1]);
        level = level.chunks(2).map(|pair| hash(&pair[0], &pair[1])).collect();
        place /= 2;
    }
    siblings.try_into().unwrap()
}

#[test]
fn a_receipt_is_proven_on_a_lane_with_the_root_of_another_library() {
    for vector in VECTORS["ranges"].as_array().unwrap() {
        let n = vector["n"].as_u64().unwrap();
        let receipt = |n: u64| Receipt {
            sequence: n,
            payload: vec![(n % 251) as u8; n as usize % 40].try_into().unwrap(),
            ..Receipt::default()
        };
        let receipts: Vec<_> = (0..n).map(receipt).collect();
        let leaves: Vec<_> =
            receipts.iter().map(|receipt| SentReceipt::from(receipt).root().unwrap()).collect();
        let receipts_root = root(&vector["root"]).0;
        let lane = SentLane { destination_shard: 0, first: 0, n: n as u32, value: 0, receipts_root };
        for place in [0, n / 2, n - 1] {
            let receipt = SentReceipt::from(&receipts[place as usize]);
            let branch = siblings(leaves.clone(), place as usize);
            assert_eq!(lane.verify_receipt(&receipt, &branch), Ok(()), "{place} of {n}");
            let dearer = SentReceipt { value: 1, ..receipt };
            assert_eq!(lane.verify_receipt(&dearer, &branch), Err(ProofError::Root));
            let later = SentLane { first: 1, ..lane };
            let expected = if place == 0 { ProofError::NoPlace } else { ProofError::Root };
            assert_eq!(later.verify_receipt(&receipt, &branch), Err(expected));
            let beyond = SentReceipt { sequence: n, ..receipt };
            assert_eq!(lane.verify_receipt(&beyond, &branch), Err(ProofError::NoPlace));
            let longer = SentLane { n: lane.n + 1, ..lane };
            assert_eq!(longer.verify_receipt(&receipt, &branch), Err(ProofError::Root));
        }
    }
    let payload = vec![0; 65_537];
    let (just, too_long) = (&payload[1..], &payload[..]);
    let with = |payload| SentReceipt { payload, ..SentReceipt::from(&Receipt::default()) }.root();
    let receipt = Receipt { payload: just.to_vec().try_into().unwrap(), ..Receipt::default() };
    assert_eq!(with(just), Some(hash_tree_root(&receipt).0));
    assert_eq!(with(too_long), None);
}

/// The leaves of the recorded ledger, in which lane 3 to shard 0 has settled all before 3, and then each seventh.
#[test]
fn what_is_settled_follows_from_two_leaves() {
    let proofs = VECTORS["phases"][1]["proofs"].as_array().unwrap();
    let [before, settled] = ["settled_before", "settled"].map(|kind| {
        let is_it = |proof: &&serde_json::Value| proof["kind"] == kind && proof["shard"] == 0;
        root(&proofs.iter().find(is_it).unwrap()["leaf"]).0
    });
    let claims = settled_claims(2, 0, 200);
    assert_eq!(
        claims,
        [(2, 0)]
            .map(|(source, destination)| Claim::SettledBefore { source, destination })
            .into_iter()
            .chain([Claim::Settled { source: 2, destination: 0, from: 0 }])
            .collect::<Vec<_>>()[..]
    );
    assert_eq!(settled_claims(2, 0, 2_047)[1], Claim::Settled { source: 2, destination: 0, from: 768 });
    let lane = ledger().shards().get(0).unwrap().inbound().get(3).unwrap().clone();
    assert_eq!(lane.next, 3);
    for sequence in 0..256 {
        let expected = sequence < 3 || sequence % 7 == 3;
        assert_eq!(is_settled(sequence, [&before, &settled]), expected, "{sequence}");
    }
    // Number 1,024 is in the window from 3 on, and has the bit of 0; 1,027 is the first beyond it.
    let all = [0xff; 32];
    assert!(is_settled(1_026, [&before, &all]) && !is_settled(1_027, [&before, &all]));
    assert!(!is_settled(1_026, [&before, &[0; 32]]) && !is_settled(u64::MAX, [&before, &all]));
}

#[test]
fn settlements_are_proven_from_the_execution_root_of_another_library() {
    let vector = &VECTORS["shard_body"];
    let header = ShardBody::from_body(&bytes(&vector["bytes"])).unwrap().header;
    let execution_root = root(&vector["execution_root"]).0;
    let proof = Multiproof { claims: Vec::new(), branch: Vec::new() };
    let proven = ProvenHeader { block_root: [0; 32], slot: 0, proof, older: None };
    let n = header.settlements.len();
    assert!(n > 0);
    for place in 0..n {
        let settled = prove_settled(&header, place, proven.clone()).unwrap();
        assert_eq!(settled.settlement.root(), hash_tree_root(&header.settlements[place]).0);
        let verify = |index| settled.settlement.verify(index, &settled.branch, &execution_root);
        assert_eq!(verify(place as u64), Ok(()));
        assert_eq!(verify(place as u64 ^ 1), Err(ProofError::Root));
        assert_eq!(verify(64), Err(ProofError::NoPlace));
    }
    assert_eq!(prove_settled(&header, n, proven), None);
}

#[test]
fn a_receipt_that_contradicts_its_place_is_no_part_of_a_life() {
    let right = Receipt { source_shard: 3, destination_shard: 1, sequence: 7, slot: 9, ..Receipt::default() };
    let shown = |receipt: &Receipt| {
        let receipts = [receipt.clone()];
        let lane = Lane { destination_shard: 1, first: 7, ..Lane::of(receipts.to_vec()).unwrap() };
        let header = ExecutionHeader { lanes: vec![lane].try_into().unwrap(), ..ExecutionHeader::default() };
        let fate = FateProof::Waiting(Multiproof { claims: Vec::new(), branch: Vec::new() });
        let proof = prove_emitted((3, 9), &header, 0, 7, Some(&receipts), fate.clone()).unwrap();
        assert_eq!(prove_emitted((3, 9), &header, 0, 8, Some(&receipts), fate.clone()), None);
        assert_eq!(prove_emitted((3, 9), &header, 1, 7, Some(&receipts), fate), None);
        let root = hash_tree_root(&header).0;
        assert_eq!(proof.lane.verify(0, &proof.lane_branch, &root), Ok(()));
        let is_shown = proof.receipt.map(|(shown, branch)| proof.lane.verify_receipt(&shown, &branch));
        is_shown == Some(Ok(()))
    };
    assert!(shown(&right));
    for wrong in [
        Receipt { source_shard: 4, ..right.clone() },
        Receipt { destination_shard: 2, ..right.clone() },
        Receipt { sequence: 8, ..right.clone() },
        Receipt { slot: 8, ..right.clone() },
    ] {
        assert!(!shown(&wrong), "{wrong:?}");
    }
}
