//! Roots against an independent implementation of SSZ.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_availability::{Committee, Kzg, Scheme as _};
use ssz_types::{FixedVector, VariableList, typenum};
use tree_hash::TreeHash as _;

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * i % 251) as u8).collect()
}

#[test]
fn a_committee_signs_the_spec_s_root_of_the_body() {
    for length in [0, 1, 31, 32, 4_095, 4_096, 4_097, 3 * 4_096, 100_000] {
        let body = body(length);
        let root = Committee::root(Committee::commit(&body).unwrap().header());
        let list: VariableList<u8, typenum::U1048576> = body.try_into().unwrap();
        assert_eq!(root.0, list.tree_hash_root().0, "{length} bytes");
    }
}

#[test]
fn a_kzg_root_is_that_of_the_length_and_the_list_of_commitments() {
    for length in [0, 200_000] {
        let published = Kzg::commit(&body(length)).unwrap();
        let commitments = published.header().commitments().iter();
        let commitments: Vec<FixedVector<u8, typenum::U48>> =
            commitments.map(|commitment| commitment.to_vec().try_into().unwrap()).collect();
        let list: VariableList<_, typenum::U4096> = commitments.try_into().unwrap();
        let fields = [(length as u64).tree_hash_root().0, list.tree_hash_root().0];
        let expected = tree_hash::merkle_root(fields.as_flattened(), 2);
        assert_eq!(Kzg::root(published.header()).0, expected.0);
    }
}
