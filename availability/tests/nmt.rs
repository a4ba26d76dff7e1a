//! Namespaced Merkle trees: all small trees, all queries; and the parts of squares.
//!
//! The refusals follow the cases of celestiaorg/nmt, `proof_test.go`: too few or too many siblings, wrong ranges, leaves
//! left out, leaves of other namespaces, an absent leaf that is not beyond.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_abi::{EeIndex, Reader, ShardIndex};
use outrider_availability::{
    CommitError, Nmt, ProofError, Scheme as _,
    nmt::{
        Axis, NAMESPACE_BYTES, Namespace, Node, Part, PartsError, RangeProof, RowProof, Tree,
        verify_namespaces, verify_range,
    },
};
use proptest::{collection::vec, prelude::*, test_runner::Config};

fn namespace(n: u8) -> Namespace {
    if n == u8::MAX {
        return Namespace::PARITY;
    }
    let mut bytes = [0; NAMESPACE_BYTES];
    bytes[NAMESPACE_BYTES - 1] = n;
    Namespace(bytes)
}

/// A tree with leaves of these namespaces, each with data of its own.
fn tree(namespaces: &[u8]) -> Tree {
    let leaf = |(index, n): (usize, &u8)| Node::leaf(namespace(*n), &[index as u8]);
    Tree::new(namespaces.iter().enumerate().map(leaf).collect()).unwrap()
}

/// All sequences of four namespaces in order, of 1, 3, 5 and parity.
fn sequences() -> Vec<[u8; 4]> {
    let all = [1, 3, 5, u8::MAX];
    let mut sequences = Vec::new();
    for a in all {
        for b in all {
            for c in all {
                for d in all {
                    sequences.push([a, b, c, d]);
                }
            }
        }
    }
    sequences.retain(|sequence| sequence.is_sorted());
    sequences
}

/// RFC 6962's prefixes around the namespaces, by hand.
#[test]
fn nodes_are_hashed_with_their_namespaces() {
    use sha2::{Digest as _, Sha256};
    let tree = tree(&[1, 3]);
    let leaf = |n: u8, data: u8| {
        let ns = namespace(n).0;
        let hash = Sha256::digest([&[0][..], &ns, &[data]].concat());
        [&ns[..], &ns, &hash].concat()
    };
    let hash = Sha256::digest([&[1][..], &leaf(1, 0), &leaf(3, 1)].concat());
    let expected = [&namespace(1).0[..], &namespace(3).0, &hash].concat();
    assert_eq!(tree.root().to_bytes()[..], expected[..]);
}

#[test]
fn parity_does_not_count_for_the_highest_namespace_unless_alone() {
    let max = |namespaces: &[u8]| tree(namespaces).root().max;
    assert_eq!(max(&[1, 3, u8::MAX, u8::MAX]), namespace(3));
    assert_eq!(max(&[1, u8::MAX, u8::MAX, u8::MAX]), namespace(1));
    assert_eq!(max(&[u8::MAX; 4]), Namespace::PARITY);
}

#[test]
fn a_tree_has_its_namespaces_in_order_and_a_power_of_two_of_leaves() {
    let leaves = |namespaces: &[u8]| namespaces.iter().map(|n| Node::leaf(namespace(*n), &[])).collect();
    assert_eq!(Tree::new(leaves(&[3, 1])), Err(ProofError::Unordered));
    assert_eq!(Tree::new(leaves(&[1, 3, 2, 4])), Err(ProofError::Unordered));
    assert!(matches!(Tree::new(leaves(&[1, 2, 3])), Err(ProofError::Range { .. })));
    assert!(matches!(Tree::new(vec![]), Err(ProofError::Range { .. })));
}

#[test]
fn every_range_is_proven_and_no_other() {
    let tree = tree(&[1, 1, 2, 3, 3, 7, 255, 255]);
    let (root, leaves) = (tree.root(), tree.leaves());
    for start in 0..8 {
        for end in start + 1..=8 {
            let siblings = tree.siblings(&(start..end));
            let of_range = &leaves[start..end];
            assert_eq!(verify_range(&root, 8, start, of_range, &siblings), Ok(()));
            for n in 0..siblings.len() {
                let fewer = [&siblings[..n], &siblings[n + 1..]].concat();
                assert!(verify_range(&root, 8, start, of_range, &fewer).is_err());
            }
            let more = [&siblings[..], &[root]].concat();
            assert_eq!(verify_range(&root, 8, start, of_range, &more), Err(ProofError::Siblings));
            assert!(verify_range(&root, 8, start + 1, of_range, &siblings).is_err());
            assert!(verify_range(&root, 16, start, of_range, &siblings).is_err());
            assert!(verify_range(&root, 4, start, of_range, &siblings).is_err());
            assert!(verify_range(&root, 8, start, &of_range[1..], &siblings).is_err());
            assert!(verify_range(&root, 8, usize::MAX, of_range, &siblings).is_err());
        }
    }
}

/// Returns the honest proof of a query, as a square makes it.
fn honest(tree: &Tree, first: Namespace, last: Namespace) -> (RangeProof, Vec<Node>) {
    let leaves = tree.leaves();
    let start = leaves.iter().position(|leaf| leaf.min >= first).unwrap();
    let of_query: Vec<Node> =
        leaves.iter().filter(|leaf| (first..=last).contains(&leaf.min)).copied().collect();
    let beyond = of_query.is_empty().then(|| leaves[start]);
    let siblings = tree.siblings(&(start..start + of_query.len().max(1)));
    (RangeProof { start, siblings, beyond }, of_query)
}

/// For every tree and query, the true leaves are proven; for every other range, with the proof that it has, none are.
#[test]
fn namespaces_are_proven_whole_or_absent_and_in_no_other_way() {
    let mut n_absent = 0;
    for sequence in sequences() {
        let tree = tree(&sequence);
        let root = tree.root();
        for (first, last) in (0..7).flat_map(|first| (first..7).map(move |last| (first, last))) {
            let query = (namespace(first), namespace(last));
            if root.min > query.1 || root.max < query.0 {
                continue;
            }
            let (proof, leaves) = honest(&tree, query.0, query.1);
            n_absent += usize::from(leaves.is_empty());
            let verify =
                |proof: &RangeProof, leaves: &[Node]| verify_namespaces(&root, 4, query, proof, leaves);
            assert_eq!(verify(&proof, &leaves), Ok(()), "{sequence:?} {first} {last}");
            for start in 0..4 {
                for end in start + 1..=4 {
                    let siblings = tree.siblings(&(start..end));
                    let of_range = &tree.leaves()[start..end];
                    let other = RangeProof { start, siblings: siblings.clone(), beyond: None };
                    let is_true = of_range == leaves;
                    assert_eq!(verify(&other, of_range).is_ok(), is_true, "{sequence:?} {first} {last}");
                    assert!(verify(&other, &[]).is_err());
                    let absent = RangeProof { start, siblings, beyond: Some(tree.leaves()[start]) };
                    let is_true = leaves.is_empty() && end == start + 1 && start == proof.start;
                    assert_eq!(verify(&absent, &[]).is_ok(), is_true, "{sequence:?} {first} {last}");
                    assert!(verify(&absent, of_range).is_err());
                }
            }
        }
    }
    assert!(n_absent > 20);
}

/// GHSA-r9fq-g486-v8pg of celestiaorg/nmt: without its last siblings, a proof hid leaves to the right.
#[test]
fn a_truncated_proof_does_not_hide_leaves() {
    let tree = tree(&[1, 2, 2, 2]);
    let (two, leaves) = (namespace(2), tree.leaves());
    let siblings = tree.siblings(&(1..2));
    for n in 0..=siblings.len() {
        let proof = RangeProof { start: 1, siblings: siblings[..n].to_vec(), beyond: None };
        assert!(verify_namespaces(&tree.root(), 4, (two, two), &proof, &leaves[1..2]).is_err());
    }
}

fn part(ee: u64, shard: u64, length: usize) -> Part {
    let data = (0..length).map(|i| (i as u64 * 31 + ee * 7 + shard) as u8).collect();
    Part { namespace: Namespace::of(EeIndex(ee), ShardIndex(shard)).unwrap(), data }
}

/// Shards 0 to 3; EE 7 runs on all, EE 9 on one, EE 300 twice on shard 2, EE 8 nowhere.
fn slot() -> Vec<Part> {
    let mut parts: Vec<Part> = (0..4).map(|shard| part(7, shard, 1_500 + 100 * shard as usize)).collect();
    parts.extend([part(300, 2, 900), part(0, 3, 5_000), part(9, 1, 0), part(300, 2, 1)]);
    parts
}

/// All blocks of a slot in one square: an EE everywhere, or on one shard, is a proof for a few rows.
#[test]
fn the_parts_of_an_ee_in_a_slot_are_proven() {
    let whole = Nmt::of_parts(&slot()).unwrap();
    let header = whole.header();
    let prove = |query| header.verify_parts(query, &whole.prove_parts(query)).unwrap();
    let on = |ee, shard| {
        let namespace = Namespace::of(EeIndex(ee), ShardIndex(shard)).unwrap();
        prove((namespace, namespace))
    };
    let everywhere = |ee| prove(Namespace::of_ee(EeIndex(ee)));
    assert_eq!(everywhere(7), slot()[..4]);
    assert_eq!(everywhere(9), [part(9, 1, 0)]);
    assert_eq!(everywhere(300), [part(300, 2, 900), part(300, 2, 1)]);
    assert_eq!(everywhere(8), []);
    assert_eq!(everywhere(301), []);
    assert_eq!(on(7, 2), [part(7, 2, 1_700)]);
    assert_eq!(on(9, 2), []);
    assert_eq!(on(0, 0), []);
    assert_eq!(whole.parts().unwrap().len(), 8);
    // A part takes few of the rows.
    assert!(whole.prove_parts(Namespace::of_ee(EeIndex(300))).len() <= 2);
}

#[test]
fn parts_that_are_left_out_or_changed_are_refused() {
    let whole = Nmt::of_parts(&slot()).unwrap();
    let header = whole.header();
    let query = Namespace::of_ee(EeIndex(7));
    let proofs = whole.prove_parts(query);
    assert!(proofs.len() > 1);
    let refused = |proofs: &[_]| header.verify_parts(query, proofs).unwrap_err();
    assert!(matches!(refused(&proofs[1..]), PartsError::Rows { .. }));
    assert!(matches!(refused(&[]), PartsError::Rows { got: 0, .. }));
    for (index, proof) in proofs.iter().enumerate() {
        let change = |change: &dyn Fn(&mut RowProof)| {
            let mut changed = proofs.clone();
            change(&mut changed[index]);
            refused(&changed)
        };
        for offset in 0..512 {
            change(&|row| row.shares[0].0[offset] ^= 1);
        }
        change(&|row| drop(row.shares.pop()));
        change(&|row| drop(row.shares.remove(0)));
        change(&|row| row.proof.start += 1);
        change(&|row| row.proof.beyond = Some(whole.tree(Axis::Row, row.row).unwrap().leaves()[7]));
        change(&|row| row.row = (row.row + 1) % 8);
        for sibling in 0..proof.proof.siblings.len() {
            change(&|row| _ = row.proof.siblings.remove(sibling));
            change(&|row| row.proof.siblings[sibling].hash[0] ^= 1);
            change(&|row| row.proof.siblings[sibling].min.0[28] ^= 1);
        }
    }
    let (first, last) = query;
    assert_eq!(header.verify_parts((last, first), &[]), Err(PartsError::Namespaces));
    assert_eq!(header.verify_parts((first, Namespace::PARITY), &[]), Err(PartsError::Namespaces));
}

#[test]
fn a_square_refuses_reserved_namespaces_and_too_many_shares() {
    let with = |namespace, length| Nmt::of_parts(&[part(1, 1, 1), Part { namespace, data: vec![0; length] }]);
    for reserved in [Namespace::PADDING, Namespace::PARITY, Namespace([1; 29])] {
        assert_eq!(with(reserved, 1), Err(CommitError::ReservedNamespace { index: 1 }));
    }
    let got = 128 * 128 + 1;
    let too_long = 478 + 482 * (got - 2);
    assert_eq!(with(Namespace::BODY, too_long), Err(CommitError::TooManyShares { got, max: 128 * 128 }));
}

#[test]
fn a_square_of_parts_is_no_body() {
    assert!(Nmt::of_parts(&slot()).unwrap().body().is_err());
    assert!(Nmt::of_parts(&[]).unwrap().body().is_err());
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn the_parts_of_any_namespaces_are_those_of_the_model(
        parts in vec((0_u64..6, 0_u64..3, 0_usize..1_200), 0..12),
        first in (0_u64..6, 0_u64..3),
        last in (0_u64..6, 0_u64..3),
    ) {
        let mut parts: Vec<Part> = parts.into_iter().map(|(ee, shard, length)| part(ee, shard, length)).collect();
        let whole = Nmt::of_parts(&parts).unwrap();
        parts.sort_by_key(|part| part.namespace);
        let restored = whole.parts();
        prop_assert_eq!(restored.as_ref(), Ok(&parts));
        let of = |(ee, shard)| part(ee, shard, 0).namespace;
        let query = (of(first).min(of(last)), of(first).max(of(last)));
        let proven = whole.header().verify_parts(query, &whole.prove_parts(query)).unwrap();
        parts.retain(|part| (query.0..=query.1).contains(&part.namespace));
        prop_assert_eq!(proven, parts);
        for proof in whole.prove_parts(query) {
            let bytes = proof.encode();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(RowProof::read(&mut reader), Ok(proof));
            prop_assert_eq!(reader.remaining(), 0);
            prop_assert!(RowProof::read(&mut Reader::new(&bytes[..bytes.len() - 1])).is_err());
        }
    }
}
