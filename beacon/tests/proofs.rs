//! Proofs from a block's root, compared with those of remerkleable, made by `data/make_proofs.py`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::vectors::{VECTORS, bytes, claim, hashes, ledger, recorded, root};
use outrider_beacon::{
    ledger::{
        Accused, AccusedRead, ExecutionHeader, InboundBatch, Lane, Ledger, LedgerOperations, LedgerPhase,
        ReadProof, Receipt, ShardBody,
    },
    proof::{Claim, Layout, Phase, ProveError, Prover, body_branch, lane_branch},
};
use outrider_beacon_proof::{ProofError, verify_claims};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    containers::{BeaconBlock, BeaconBlockBody},
    hash::{hash_tree_root, is_valid_merkle_branch},
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal},
    types::Root,
};
use serde_json::Value;
use ssz::{Decode as _, Encode as _};
use ssz_types::{VariableList, typenum::U1};

type P0 = Phase0<Minimal>;
type P1 = Phase1<Minimal>;

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
fn accused_parts_have_the_roots_of_another_library() {
    let vectors = VECTORS["accused"].as_array().unwrap();
    let decoded = vectors.iter().map(|vector| {
        let ssz = bytes(&vector["ssz"]);
        let accused = VariableList::<Accused, U1>::from_ssz_bytes(&ssz).unwrap();
        assert_eq!(accused.as_ssz_bytes(), ssz);
        assert_eq!(hash_tree_root(&accused), root(&vector["root"]));
        for end in 1..ssz.len() {
            let short = VariableList::<Accused, U1>::from_ssz_bytes(&ssz[..end]);
            assert_ne!(short.as_ref(), Ok(&accused), "{end} bytes");
        }
        accused.first().cloned()
    });
    let read = |accused: Option<Accused>| match accused {
        Some(Accused::Read(AccusedRead { payload_index: 2, read_index: 5, proof })) => proof,
        other => panic!("{other:?}"),
    };
    let decoded: Vec<_> = decoded.collect();
    let [none, transition, state_root, ee_count, shard_count, finalized, batch, lanes] = &decoded[..] else {
        panic!("eight")
    };
    let Some(Accused::Inbound(batch)) = batch else { panic!("{batch:?}") };
    let Some(Accused::Lanes(sent)) = lanes else { panic!("{lanes:?}") };
    assert_eq!(sent.of_ees.iter().map(|receipts| receipts.len()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((none, transition), (&None, &Some(Accused::Transition(7))));
    let Some(Accused::FinalizedSlot(proof)) = finalized else { panic!("{finalized:?}") };
    assert_eq!(proof.branch.len(), 3);
    assert_eq!((batch.batch_index, &batch.execution_root), (6, proof));
    assert_eq!((batch.slot.leaf, &batch.slot.branch[..]), (proof.leaf, &proof.branch[..2]));
    assert_eq!(read(state_root.clone()), ReadProof::StateRoot(proof.clone()));
    assert_eq!(read(ee_count.clone()), ReadProof::EeCount(proof.clone()));
    assert_eq!(read(shard_count.clone()), ReadProof::ShardCount(proof.clone()));
}

#[test]
fn a_body_begins_with_its_execution_root_and_lanes_are_below_it() {
    let vector = &VECTORS["shard_body"];
    let body = bytes(&vector["bytes"]);
    let branch: Vec<_> = hashes(&vector["branch"]).into_iter().map(Root::from).collect();
    assert_eq!(body_branch(&body), branch);
    let execution_root = root(&vector["execution_root"]);
    assert!(is_valid_merkle_branch(execution_root, &branch, 16, 0, root(&vector["root"])));
    let decoded = ShardBody::from_body(&body).unwrap();
    assert_eq!(decoded.to_body(), body);
    let history = decoded.inbound[1].history.first().unwrap();
    assert_eq!((decoded.inbound[1].n_lost, history.older_branch.len(), history.branch.len()), (2, 21, 33));
    let header = decoded.header;
    let lane: Vec<_> = hashes(&vector["lane"]["branch"]).into_iter().map(Root::from).collect();
    assert_eq!(lane_branch(&header, 1), Some(lane.clone()));
    assert_eq!(lane_branch(&header, 3), None);
    let leaf = hash_tree_root(&header.lanes[1]);
    assert_eq!(leaf, root(&vector["lane"]["leaf"]));
    // Field 3 of 6, with a list of 64 below it, whose length is to the right.
    assert!(is_valid_merkle_branch(leaf, &lane, 10, 3 << 7 | 1, execution_root));
}

#[test]
fn receipts_of_a_lane_have_the_siblings_of_another_library() {
    for vector in VECTORS["ranges"].as_array().unwrap() {
        let [n, start, end] = ["n", "start", "end"].map(|name| vector[name].as_u64().unwrap() as usize);
        let receipts: Vec<_> = (0..n)
            .map(|n| Receipt {
                sequence: n as u64,
                payload: vec![(n % 251) as u8; n % 40].try_into().unwrap(),
                ..Receipt::default()
            })
            .collect();
        let lane = Lane::of(receipts.clone()).unwrap();
        assert_eq!(lane.receipts_root, root(&vector["root"]), "{n} receipts");
        let mut header = ExecutionHeader::default();
        header.lanes.push(lane).unwrap();
        let batch = InboundBatch::new((0, 0), &header, 0, &receipts, start..end).unwrap();
        let expected: Vec<_> = hashes(&vector["branch"]).into_iter().map(Root::from).collect();
        assert_eq!(batch.branch.to_vec(), expected, "{start}..{end} of {n}");
        assert_eq!(batch.check(0, hash_tree_root(&header)), Ok(()));
    }
}

fn check_phase<P: LedgerPhase>(vector: &Value, layout: Layout)
where
    BeaconBlockBody<P>: Default,
{
    let (block, ledger, operations) = (block::<P>(vector), ledger(), operations::<P>());
    let block_root = root(&vector["block_root"]);
    assert_eq!(hash_tree_root(&block), block_root);
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    assert_eq!((prover.block_root(), prover.layout()), (block_root, layout));
    let proofs = vector["proofs"].as_array().unwrap();
    for vector in proofs {
        let (claim, expected) = (claim(vector), recorded(vector));
        assert_eq!(claim.gindex(layout), Ok(expected.gindex), "{claim:?}");
        assert_eq!(expected.verify(&block_root.0, expected.gindex), Ok(&expected.leaf), "{claim:?}");
        let is_execution_root = matches!(claim, Claim::ExecutionRoot { .. });
        let alone = if is_execution_root { Err(ProofError::SlotNeeded) } else { Ok(expected.leaf) };
        assert_eq!(claim.verify(&expected, &block_root.0, layout), alone, "{claim:?}");
        assert_eq!(prover.prove(claim), Ok(expected), "{claim:?}");
    }
    let chosen = vector["multiproof"]["proofs"].as_array().unwrap();
    let chosen: Vec<_> = chosen.iter().map(|place| &proofs[place.as_u64().unwrap() as usize]).collect();
    let claims: Vec<_> = chosen.iter().map(|vector| claim(vector)).collect();
    let multiproof = prover.prove_all(&claims).unwrap();
    assert_eq!(multiproof.branch, hashes(&vector["multiproof"]["branch"]));
    let gindices: Vec<_> = claims.iter().map(|claim| claim.gindex(layout).unwrap()).collect();
    let leaves: Vec<_> = chosen.iter().map(|vector| recorded(vector).leaf).collect();
    assert_eq!(multiproof.verify(&block_root.0, &gindices), Ok(leaves));
}

#[test]
fn proofs_are_those_of_another_library() {
    let phases = VECTORS["phases"].as_array().unwrap();
    assert_eq!(phases[0]["proofs"].as_array().unwrap().len(), 2);
    assert_eq!(phases[1]["proofs"].as_array().unwrap().len(), 35);
    check_phase::<P0>(&phases[0], Layout { max_shards: 1, ..Layout::MINIMAL.of_phase(Phase::Phase0) });
    check_phase::<P1>(&phases[1], Layout::MINIMAL);
}

#[test]
fn leaves_are_the_values_of_the_ledger() {
    let (vector, ledger, operations) = (&VECTORS["phases"][1], ledger(), operations::<P1>());
    let block = block::<P1>(vector);
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    let leaf = |claim| prover.prove(claim).unwrap().leaf;
    assert_eq!(Claim::uint64(&leaf(Claim::Deposit { ee: 3 })), 32_000_000_003);
    assert_eq!(Claim::uint64(&leaf(Claim::Balance { shard: 2, ee: 4 })), 2_000_000_004);
    assert_eq!(Claim::uint64(&leaf(Claim::DeployedEpoch { ee: 3 })), 3);
    assert_eq!(Claim::uint64(&leaf(Claim::ExitEpoch { ee: 3 })), FAR_FUTURE_EPOCH);
    assert_eq!(Claim::uint64(&leaf(Claim::ExitEpoch { ee: 4 })), 900);
    assert_eq!(Claim::uint64(&leaf(Claim::WithdrawableEpoch { ee: 4 })), 901);
    assert_eq!(Claim::uint64(&leaf(Claim::HibernationEpoch { ee: 3 })), 53);
    assert_eq!(Claim::uint64(&leaf(Claim::WakeEpoch { ee: 3 })), 63);
    assert_eq!(Claim::uint64(&leaf(Claim::ShardCount)), 3);
    assert_eq!(Claim::uint64(&leaf(Claim::EeCount { shard: 2 })), 5);
    // The first 256 shards are 0 to 2, 5, 106 and 207; the last are 813, 914 and 1015, which are 45, 146
    // and 247 from 768.
    let mut shards = [0; 32];
    (shards[0], shards[106 / 8], shards[207 / 8]) = (0b10_0111, 1 << (106 % 8), 1 << (207 % 8));
    assert_eq!(leaf(Claim::Shards { ee: 2, from: 0 }), shards);
    let mut shards = [0; 32];
    (shards[45 / 8], shards[146 / 8], shards[247 / 8]) = (1 << (45 % 8), 1 << (146 % 8), 1 << (247 % 8));
    assert_eq!(leaf(Claim::Shards { ee: 2, from: 768 }), shards);
    // The lane of shard 1 is the third; in its bits, number 2 and each seventh after it is set.
    let of_lane = |from| Claim::Settled { source: 1, destination: 2, from };
    assert_eq!(Claim::uint64(&leaf(Claim::SettledBefore { source: 1, destination: 2 })), 2);
    let bits: Vec<_> = (0..256).filter(|bit| (512 + bit) % 7 == 2).collect();
    let mut settled = [0; 32];
    bits.iter().for_each(|bit| settled[bit / 8] |= 1 << (bit % 8));
    assert_eq!(leaf(of_lane(512)), settled);
    let no_lane = Claim::SettledBefore { source: 1025, destination: 2 };
    assert_eq!(no_lane.gindex(Layout::MINIMAL), Err(ProofError::NoPlace));
    for from in [1, 255, 257, 1024, 1 << 40] {
        assert_eq!(of_lane(from).gindex(Layout::MINIMAL), Err(ProofError::NoPlace), "{from}");
        let nowhere = Claim::Shards { ee: 2, from }.gindex(Layout::MINIMAL);
        assert_eq!(nowhere, Err(ProofError::NoPlace), "{from}");
        let nothing = Claim::Shards { ee: 2, from };
        assert_eq!(prover.prove(nothing), Err(ProveError::Absent(nothing)));
    }
    // By sha256sum: `printf '\3' | sha256sum`.
    let code_hash = "084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5";
    assert_eq!(hex::encode(leaf(Claim::CodeHash { ee: 3 })), code_hash);
    let absent = Claim::CodeHash { ee: 5 };
    let error = prover.prove(absent).unwrap_err();
    assert_eq!(error, ProveError::Absent(absent));
    assert_eq!(error.to_string(), "the chain has nothing for code:5: there is no such EE or shard");
    let absent = Claim::Balance { shard: 3, ee: 0 };
    assert_eq!(prover.prove(absent), Err(ProveError::Absent(absent)));
    let empty = prover.prove(Claim::ExecutionRoot { shard: 1, slot: 698 });
    assert_eq!(empty, Err(ProveError::NoExecution { shard: 1, slot: 698, latest: 700 }));
    // Slots 699 and 443 share an entry, and 443 is too long ago.
    let old = prover.prove(Claim::ExecutionRoot { shard: 1, slot: 443 });
    assert_eq!(old, Err(ProveError::NoExecution { shard: 1, slot: 443, latest: 700 }));
    let too_far = Claim::StateRoot { shard: 1 << 10, ee: 0 };
    assert_eq!(too_far.gindex(Layout::MINIMAL), Err(ProofError::NoPlace));
    let other = Prover::new(&block, &Ledger::default(), &operations).map(|prover| prover.block_root());
    assert!(matches!(other, Err(ProveError::Commitment { got, .. }) if got == block.body.graffiti));
}

#[test]
fn leaves_say_in_which_epochs_an_ee_may_be_executed() {
    let (vector, ledger, operations) = (&VECTORS["phases"][1], ledger(), operations::<P1>());
    let block = block::<P1>(vector);
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    for (ee, active) in [(3, [3..53, 63..2_000]), (4, [4..54, 64..900])] {
        let epoch = |claim| Claim::uint64(&prover.prove(claim).unwrap().leaf);
        let deployed = epoch(Claim::DeployedEpoch { ee })..epoch(Claim::ExitEpoch { ee });
        let asleep = epoch(Claim::HibernationEpoch { ee })..epoch(Claim::WakeEpoch { ee });
        let record = ledger.ees().get(ee as usize).unwrap();
        for epoch in 0..2_000 {
            let expected = active.iter().any(|range| range.contains(&epoch));
            assert_eq!(deployed.contains(&epoch) && !asleep.contains(&epoch), expected, "{ee}: {epoch}");
            assert_eq!(record.is_active(epoch), expected, "{ee}: {epoch}");
        }
    }
}

/// Slots with the same remainder share a place in the tree, so only the block's slot distinguishes them.
#[test]
fn an_execution_root_is_proven_only_of_a_recent_slot() {
    let (vector, ledger, operations) = (&VECTORS["phases"][1], ledger(), operations::<P1>());
    let block_root = root(&vector["block_root"]).0;
    let block = block::<P1>(vector);
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    let of_slot = |slot| Claim::ExecutionRoot { shard: 1, slot };
    let proof = prover.prove_all(&[of_slot(699), Claim::Slot]).unwrap();
    assert_eq!(proof.branch.len(), 33, "the slot costs no hash");
    let verify = |claims: &[Claim], proof| {
        verify_claims(claims, proof, &block_root, Layout::MINIMAL).map(|leaves| Claim::uint64(&leaves[1]))
    };
    assert_eq!(verify(&[of_slot(699), Claim::Slot], &proof), Ok(700));
    for got in [699 - 256, 699 + 256, 699 + (1 << 40)] {
        let refused = Err(ProofError::SlotNotRecent { got, latest: 700, n_slots: 256 });
        assert_eq!(verify(&[of_slot(got), Claim::Slot], &proof), refused);
    }
    let without = prover.prove_all(&[of_slot(699), Claim::CodeHash { ee: 0 }]).unwrap();
    assert_eq!(verify(&[of_slot(699), Claim::CodeHash { ee: 0 }], &without), Err(ProofError::SlotNeeded));
}

/// Checks the design's table, in hashes and bytes. The preset does not matter, because no limit of it is on the path.
#[test]
fn proofs_are_as_long_as_they_should_be() {
    let graffiti = root(&VECTORS["phases"][1]["graffiti"]);
    let body = BeaconBlockBody::<Phase1<Mainnet>> { graffiti, ..BeaconBlockBody::default() };
    let block = BeaconBlock { body, ..BeaconBlock::default() };
    let (ledger, operations) = (ledger(), operations());
    let prover = Prover::new(&block, &ledger, &operations).unwrap();
    for (claim, n_hashes) in [
        (Claim::CodeHash { ee: 1 }, 32),
        (Claim::Deposit { ee: 1 }, 32),
        (Claim::DeployedEpoch { ee: 1 }, 32),
        (Claim::ExitEpoch { ee: 1 }, 32),
        (Claim::WithdrawableEpoch { ee: 1 }, 32),
        (Claim::HibernationEpoch { ee: 1 }, 32),
        (Claim::WakeEpoch { ee: 1 }, 32),
        (Claim::Shards { ee: 1, from: 256 }, 34),
        (Claim::StateRoot { shard: 1, ee: 2 }, 43),
        (Claim::Balance { shard: 1, ee: 2 }, 43),
        (Claim::ExecutionRoot { shard: 1, slot: 699 }, 33),
        (Claim::ShardCount, 12),
        (Claim::EeCount { shard: 1 }, 26),
        (Claim::SettledBefore { source: 1, destination: 2 }, 38),
        (Claim::Settled { source: 1, destination: 2, from: 768 }, 40),
    ] {
        let proof = prover.prove(claim).unwrap();
        assert_eq!(proof.branch.len(), n_hashes, "{claim:?}");
        // Generalized index, leaf and an offset are added.
        assert_eq!(proof.to_ssz_bytes().len(), 44 + 32 * n_hashes);
        assert!(proof.gindex.ilog2() < 44);
    }
}
