//! Receipts, their lanes, and what is settled of them, by the verifier without `std` and by another library.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use common::vectors::{VECTORS, bytes, hashes, ledger, root};
use outrider_beacon::ledger::{Lane, Receipt, ShardBody};
use outrider_beacon_proof::{
    Claim, Hash, ProofError, SentLane, SentReceipt, hash, is_settled, settled_claims,
};
use outrider_beacon_spec::hash::hash_tree_root;

fn sent_lane(lane: &Lane) -> SentLane {
    let Lane { destination_shard, first, n, value, receipts_root } = *lane;
    SentLane { destination_shard, first, n, value, receipts_root: receipts_root.0 }
}

fn sent_receipt(receipt: &Receipt) -> SentReceipt<'_> {
    SentReceipt {
        source_shard: receipt.source_shard,
        source_ee: receipt.source_ee,
        destination_shard: receipt.destination_shard,
        destination_ee: receipt.destination_ee,
        sequence: receipt.sequence,
        slot: receipt.slot,
        kind: receipt.kind,
        value: receipt.value,
        fee: receipt.fee,
        payload: &receipt.payload,
    }
}

#[test]
fn a_lane_is_proven_from_the_execution_root_of_another_library() {
    let vector = &VECTORS["shard_body"];
    let body = ShardBody::from_body(&bytes(&vector["bytes"])).unwrap();
    let branch: [Hash; 10] = hashes(&vector["lane"]["branch"]).try_into().unwrap();
    let execution_root = root(&vector["execution_root"]).0;
    let lane = sent_lane(&body.header.lanes[1]);
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
    assert_eq!(sent_receipt(receipt).root(), Some(hash_tree_root(receipt).0), "with a payload of two chunks");
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
        let leaves: Vec<_> = receipts.iter().map(|receipt| sent_receipt(receipt).root().unwrap()).collect();
        let receipts_root = root(&vector["root"]).0;
        let lane = SentLane { destination_shard: 0, first: 0, n: n as u32, value: 0, receipts_root };
        for place in [0, n / 2, n - 1] {
            let receipt = sent_receipt(&receipts[place as usize]);
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
    let with = |payload| SentReceipt { payload, ..sent_receipt(&Receipt::default()) }.root();
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
