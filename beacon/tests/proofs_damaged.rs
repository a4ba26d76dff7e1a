//! Every changed byte of a proof is detected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::vectors::{VECTORS, claim, recorded, root};
use outrider_beacon::proof::Layout;
use outrider_beacon_proof::{Multiproof, Proof};

#[test]
fn every_changed_byte_is_refused() {
    let vector = &VECTORS["phases"][1];
    let block_root = root(&vector["block_root"]).0;
    for vector in vector["proofs"].as_array().unwrap() {
        let (claim, proof) = (claim(vector), recorded(vector));
        let gindex = claim.gindex(Layout::MINIMAL).unwrap();
        let ssz = proof.to_ssz_bytes();
        assert_eq!(Proof::from_ssz_bytes(&ssz), Ok(proof));
        for place in 0..ssz.len() {
            for flipped in [1, 0x80] {
                let mut damaged = ssz.clone();
                damaged[place] ^= flipped;
                let verdict = Proof::from_ssz_bytes(&damaged)
                    .and_then(|proof| proof.verify(&block_root, gindex).copied());
                assert!(verdict.is_err(), "{claim}, byte {place}");
            }
            let short = Proof::from_ssz_bytes(&ssz[..place]);
            let verdict = short.and_then(|proof| proof.verify(&block_root, gindex).copied());
            assert!(verdict.is_err(), "{claim}, {place} bytes");
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
    // Fields of a record, root and balance on a shard, parts of the set of shards, execution roots, the numbers of shards and of
    // EEs on them, and lanes.
    let lengths = 16 * 32 + 6 * 43 + 2 * 34 + 2 * 33 + 12 + 2 * 26 + 3 * (38 + 40);
    assert_eq!((n_single, multiproof.branch.len()), (lengths, n_together));
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
