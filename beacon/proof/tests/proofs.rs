//! Proofs in a tree that the test computes as a whole, and invalid proofs.

use outrider_beacon_proof::{Claim, Hash, Layout, Multiproof, Phase, Proof, ProofError, hash};
use proptest::{collection::vec, prelude::*, sample::subsequence};

/// Returns all nodes of a tree with 16 leaves, by generalized index; entry 0 is unused.
fn tree() -> Vec<Hash> {
    let mut nodes = vec![[0; 32]; 32];
    for place in (1..32_usize).rev() {
        nodes[place] =
            if place < 16 { hash(&nodes[2 * place], &nodes[2 * place + 1]) } else { [place as u8; 32] };
    }
    nodes
}

fn proof(nodes: &[Hash], gindex: u64) -> Proof {
    let path = std::iter::successors(Some(gindex), |place| Some(place / 2)).take_while(|place| *place > 1);
    let branch = path.map(|place| nodes[place as usize ^ 1]).collect();
    Proof { gindex, leaf: nodes[gindex as usize], branch }
}

#[test]
fn hashes_are_sha_256() {
    // By sha256sum: `head -c 64 /dev/zero | sha256sum`.
    let expected = "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b";
    let got: String = hash(&[0; 32], &[0; 32]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(got, expected);
}

#[test]
fn each_node_of_a_tree_is_proven_only_at_its_place() {
    let nodes = tree();
    for gindex in 1..32 {
        let proof = proof(&nodes, gindex);
        assert_eq!(proof.verify(&nodes[1], gindex), Ok(&nodes[gindex as usize]));
        for other in (1..32).filter(|other| *other != gindex) {
            let expected = Err(ProofError::Gindex { got: gindex, expected: other });
            assert_eq!(proof.verify(&nodes[1], other), expected);
            let moved = Proof { gindex: other, ..proof.clone() };
            assert!(moved.verify(&nodes[1], other).is_err(), "{gindex} as {other}");
        }
        assert!(proof.verify(&nodes[2], gindex).is_err());
    }
}

#[test]
fn invalid_places_are_refused() {
    let nodes = tree();
    let nowhere = Proof { gindex: 0, leaf: nodes[1], branch: Vec::new() };
    assert_eq!(nowhere.verify(&nodes[1], 0), Err(ProofError::NoPlace));
    let deep = Proof { gindex: u64::MAX, leaf: nodes[1], branch: vec![[0; 32]; 63] };
    assert_eq!(deep.verify(&nodes[1], u64::MAX), Err(ProofError::Root));
    let nowhere = Multiproof { claims: vec![(0, nodes[1])], branch: Vec::new() };
    assert_eq!(nowhere.verify(&nodes[1], &[0]), Err(ProofError::NoPlace));
    let empty = Multiproof { claims: Vec::new(), branch: Vec::new() };
    assert_eq!(empty.verify(&nodes[1], &[]), Err(ProofError::NoPlace));
    let root = Multiproof { claims: vec![(1, nodes[1])], branch: Vec::new() };
    assert_eq!(root.verify(&nodes[1], &[1]), Ok(vec![nodes[1]]));
}

#[test]
fn claims_above_one_another_are_refused() {
    let nodes = tree();
    for gindices in [[2, 16], [16, 16], [1, 3], [9, 4]] {
        let proofs = gindices.map(|gindex| proof(&nodes, gindex));
        assert_eq!(Multiproof::combine(&proofs), Err(ProofError::Nested), "{gindices:?}");
        let claims = gindices.map(|gindex| (gindex, nodes[gindex as usize])).to_vec();
        for n_siblings in 0..6 {
            let multiproof = Multiproof { claims: claims.clone(), branch: vec![[0; 32]; n_siblings] };
            assert_eq!(multiproof.verify(&nodes[1], &gindices), Err(ProofError::Nested));
        }
    }
    let short = Proof { branch: Vec::new(), ..proof(&nodes, 16) };
    assert_eq!(Multiproof::combine(&[short]), Err(ProofError::Siblings { got: 0, expected: 4 }));
    let many: Vec<_> = (64..129).map(|gindex| (gindex, [0; 32])).collect();
    let gindices: Vec<_> = many.iter().map(|claim| claim.0).collect();
    let many = Multiproof { claims: many, branch: Vec::new() };
    assert_eq!(many.verify(&nodes[1], &gindices), Err(ProofError::Limit { got: 65, limit: 64 }));
}

#[test]
fn amounts_are_little_endian() {
    let mut leaf = [0; 32];
    leaf[..8].copy_from_slice(&0x0102_0304_0506_0708_u64.to_le_bytes());
    assert_eq!(leaf[0], 8);
    assert_eq!(Claim::uint64(&leaf), 0x0102_0304_0506_0708);
}

#[test]
fn claims_without_a_place_are_refused() {
    let refused =
        |claim: Claim, layout| assert_eq!(claim.gindex(layout), Err(ProofError::NoPlace), "{claim:?}");
    let (mainnet, phase_0) = (Layout::MAINNET, Layout::MAINNET.of_phase(Phase::Phase0));
    refused(Claim::CodeHash { ee: 1 << 16 }, mainnet);
    let crosslinked = Claim::CrosslinkedExecution { shard: 0, block: 0 };
    let latest = Claim::LatestExecution { shard: 0 };
    for claim in [crosslinked, latest] {
        assert!(claim.gindex(mainnet).is_ok());
        refused(claim, phase_0);
        for max_shards in [0, 12, 1 << 11, u64::MAX] {
            refused(claim, Layout { max_shards, ..mainnet });
        }
    }
    refused(Claim::CrosslinkedExecution { shard: 0, block: 16 }, mainnet);
    refused(Claim::CrosslinkedExecution { shard: 1024, block: 0 }, mainnet);
    refused(Claim::LatestExecution { shard: 8 }, Layout::MINIMAL);
    for slots_per_historical_root in [0, 12, 1 << 21, u64::MAX] {
        refused(Claim::BlockRoot { slot: 5 }, Layout { slots_per_historical_root, ..mainnet });
    }
    // No two claims of a layout share a place, except slots with the same remainder.
    for layout in [mainnet, Layout::MINIMAL] {
        let places: Vec<_> =
            [crosslinked, latest, Claim::BlockSlot, Claim::BlockRoot { slot: 0 }, Claim::Slot]
                .map(|claim| claim.gindex(layout).unwrap())
                .into();
        let mut sorted = places.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), places.len());
        assert!(places.iter().all(|place| place.ilog2() < 44));
    }
}

proptest! {
    #[test]
    fn leaves_are_proven_together(places in subsequence((16..32_u64).collect::<Vec<_>>(), 1..16)) {
        let nodes = tree();
        let proofs: Vec<_> = places.iter().map(|place| proof(&nodes, *place)).collect();
        let multiproof = Multiproof::combine(&proofs).unwrap();
        let leaves: Vec<_> = places.iter().map(|place| nodes[*place as usize]).collect();
        prop_assert_eq!(multiproof.verify(&nodes[1], &places), Ok(leaves));
        prop_assert!(multiproof.branch.len() <= 16 - places.len());
        for place in 0..multiproof.branch.len() {
            let mut damaged = multiproof.clone();
            damaged.branch[place][0] ^= 1;
            prop_assert_eq!(damaged.verify(&nodes[1], &places), Err(ProofError::Root));
        }
        let bytes = multiproof.to_ssz_bytes();
        prop_assert_eq!(Multiproof::from_ssz_bytes(&bytes), Ok(multiproof));
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in vec(any::<u8>(), 0..400), gindex: u64) {
        if let Ok(proof) = Proof::from_ssz_bytes(&bytes) {
            prop_assert_eq!(proof.to_ssz_bytes(), bytes.clone());
            prop_assert!(proof.verify(&[0; 32], gindex).is_err());
        }
        if let Ok(multiproof) = Multiproof::from_ssz_bytes(&bytes) {
            prop_assert_eq!(multiproof.to_ssz_bytes(), bytes);
        }
    }
}
