//! Tests of damaged witnesses.

use outrider_witness::{
    Hash,
    reader::{ReadError, Reader},
    utreexo::{
        Accumulator, AccumulatorError, ForestError, LEAVES_MAX, Leaf, Numbering, Proof, ProofError,
        WitnessError,
    },
};

use crate::model::{Chain, leaf};

#[track_caller]
fn check_refused(accumulator: &Accumulator, bytes: &[u8], leaves: &[Hash], what: &str) {
    assert!(accumulator.verify(bytes, leaves).is_err(), "{what}");
    let mut changed = accumulator.clone();
    assert!(changed.delete(bytes, leaves).is_err(), "{what}");
    assert_eq!(changed, *accumulator, "{what}");
}

/// Damages every bit and byte of the witness, and the list of leaves.
fn check_damage(chain: &mut Chain, deleted: &[Leaf]) {
    let witness = chain.forest.witness(deleted).unwrap();
    let (accumulator, bytes, leaves) = (&chain.accumulator, &witness.bytes, &witness.leaves);
    accumulator.verify(bytes, leaves).unwrap();
    let check = |bytes: &[u8], what: &str, at: usize| {
        check_refused(accumulator, bytes, leaves, &format!("{what} at {at}"));
    };
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            check(&damaged, "changed", at);
        }
        check(&bytes[..at], "cut", at);
        check(&[&bytes[..at], &bytes[at + 1..]].concat(), "missing", at);
        if at + 1 < bytes.len() && bytes[at] != bytes[at + 1] {
            let mut damaged = bytes.clone();
            damaged.swap(at, at + 1);
            check(&damaged, "swapped", at);
        }
    }
    for at in 0..=bytes.len() {
        for surplus in [0, 0xff] {
            check(&[&bytes[..at], &[surplus], &bytes[at..]].concat(), "surplus", at);
        }
        check(&[&bytes[..at], &[7; 32], &bytes[at..]].concat(), "surplus hash", at);
    }
    for at in 0..leaves.len() {
        let mut damaged = leaves.clone();
        damaged.remove(at);
        check_refused(accumulator, bytes, &damaged, "a leaf is missing");
        damaged.insert(at, leaf(1 << 40));
        check_refused(accumulator, bytes, &damaged, "another leaf");
        damaged.insert(at, leaves[at]);
        check_refused(accumulator, bytes, &damaged, "a surplus leaf");
        let mut swapped = leaves.clone();
        swapped.swap(0, at);
        if at > 0 {
            check_refused(accumulator, bytes, &swapped, "leaves in another order");
        }
    }
}

#[test]
fn every_damage_to_a_witness_is_refused() {
    for seed in 0..6 {
        let mut chain = Chain::new(seed * 7 + 1);
        for _ in 0..12 {
            chain.block(12);
        }
        let all: Vec<Leaf> = chain.leaves.iter().copied().collect();
        check_damage(&mut chain, &[]);
        check_damage(&mut chain, &all);
        for n in [1, 2, 5] {
            let mut some: Vec<Leaf> = (0..n).map(|_| all[chain.random.below(all.len())]).collect();
            some.sort_unstable();
            some.dedup();
            check_damage(&mut chain, &some);
        }
    }
}

#[test]
fn refusals_name_their_reason() {
    let mut chain = Chain::of_leaves(8);
    let witness = chain.forest.witness(&[Leaf { index: 3, hash: leaf(3) }]).unwrap();
    let verify = |bytes: &[u8], leaves: &[Hash]| chain.accumulator.verify(bytes, leaves).unwrap_err();
    let bytes = &witness.bytes;
    // A tree of row 3: left, right, right.
    assert_eq!(bytes.len(), 1 + 3 * 32);
    assert_eq!(bytes[0], 0b1_0_10_10_00);
    assert_eq!(verify(&[], &[]), WitnessError::Structure);
    assert_eq!(verify(&[0b1_0_10_10_01], &[leaf(3)]), WitnessError::Structure);
    assert_eq!(verify(bytes, &[]), WitnessError::Leaves { expected: 1, got: 0 });
    let cut = ReadError::UnexpectedEnd { offset: 1, expected: 96, got: 95 };
    assert_eq!(verify(&bytes[..96], &[leaf(3)]), WitnessError::Read(cut));
    let surplus = ReadError::TrailingBytes { offset: 97, n: 1 };
    assert_eq!(verify(&[bytes, &[0][..]].concat(), &[leaf(3)]), WitnessError::Read(surplus));
    assert!(matches!(verify(bytes, &[leaf(2)]), WitnessError::Root { row: 3, .. }));
}

#[test]
fn a_forest_refuses_leaves_that_it_does_not_have() {
    let mut chain = Chain::of_leaves(11);
    let present = Leaf { index: 3, hash: leaf(3) };
    chain.apply(&[present, Leaf { index: 10, hash: leaf(10) }], vec![]);
    let before = chain.forest.roots();
    for absent in [
        present,
        Leaf { index: 2, hash: leaf(4) },
        Leaf { index: 10, hash: leaf(10) },
        Leaf { index: 11, hash: leaf(11) },
        Leaf { index: u64::MAX, hash: leaf(11) },
    ] {
        let leaves = [Leaf { index: 1, hash: leaf(1) }, absent];
        for error in [chain.forest.witness(&leaves).unwrap_err(), chain.forest.delete(&leaves).unwrap_err()] {
            let ForestError::NotPresent { index, hash } = error else { panic!("{error}") };
            assert_eq!((index, hash), (absent.index, absent.hash));
        }
    }
    let twice = [Leaf { index: 1, hash: leaf(1) }; 2];
    assert!(matches!(chain.forest.delete(&twice), Err(ForestError::Repeated { index: 1 })));
    assert_eq!(chain.forest.roots(), before);
}

#[test]
fn proofs_with_other_targets_or_hashes_are_refused() {
    let mut chain = Chain::of_leaves(7);
    chain.apply(&[Leaf { index: 6, hash: leaf(6) }], vec![]);
    let convert = |targets: &[u64], n_hashes: usize, n_leaves: usize| {
        let proof = Proof { targets: targets.to_vec(), hashes: vec![leaf(0); n_hashes] };
        proof.to_witness(&chain.accumulator, Numbering::Forest, &vec![leaf(0); n_leaves])
    };
    assert!(convert(&[0], 2, 1).is_ok());
    assert_eq!(convert(&[0], 3, 1), Err(ProofError::Hashes { expected: 2, got: 3 }));
    assert_eq!(convert(&[0], 1, 1), Err(ProofError::Hashes { expected: 2, got: 1 }));
    assert_eq!(convert(&[0], 2, 2), Err(ProofError::Leaves { expected: 1, got: 2 }));
    assert_eq!(convert(&[0, 0], 2, 2), Err(ProofError::Nested { position: 0 }));
    assert_eq!(convert(&[8, 1], 2, 2), Err(ProofError::Nested { position: 1 }));
    // The tree of row 0 is empty; 7 is after all leaves; 14 is above the roots.
    for position in [6, 7, 14, 15, u64::MAX] {
        assert_eq!(convert(&[position], 0, 1), Err(ProofError::Position { position }), "{position}");
        assert_eq!(convert(&[4, position], 1, 2), Err(ProofError::Position { position }), "{position}");
    }
}

#[test]
fn accumulators_have_one_encoding_and_limits() {
    let mut chain = Chain::of_leaves(7);
    chain.apply(&[Leaf { index: 6, hash: leaf(6) }], vec![]);
    let mut bytes = Vec::new();
    chain.accumulator.write(&mut bytes);
    assert_eq!(bytes.len(), 8 + 3 * 32);
    let read = |bytes: &[u8]| {
        let mut reader = Reader::new(bytes);
        let accumulator = Accumulator::read(&mut reader)?;
        reader.finish()?;
        Ok::<_, AccumulatorError>(accumulator)
    };
    assert_eq!(read(&bytes).as_ref(), Ok(&chain.accumulator));
    (0..bytes.len()).for_each(|at| assert!(read(&bytes[..at]).is_err()));
    assert!(read(&[0xff; 8 + 64 * 32]).is_err());

    let root = Some(leaf(0));
    assert_eq!(Accumulator::new(LEAVES_MAX + 1, vec![root]), Err(AccumulatorError::TooManyLeaves));
    let roots = AccumulatorError::Roots { n_leaves: 3, expected: 2, got: 1 };
    assert_eq!(Accumulator::new(3, vec![root]), Err(roots));
    assert_eq!(Accumulator::new(1, vec![Some(Hash([0; 32]))]), Err(AccumulatorError::ZeroHash));
    let mut full = Accumulator::new(LEAVES_MAX, vec![root; 63]).unwrap();
    assert_eq!(full.add(leaf(1)), Err(AccumulatorError::TooManyLeaves));
    assert_eq!(Accumulator::default().add(Hash([0; 32])), Err(AccumulatorError::ZeroHash));
}

/// A leaf deep below the root of a tree of 2^62 leaves, beside which all hashes are made up.
#[test]
fn the_largest_trees_work() {
    let mut hash = leaf(0);
    let mut bytes = Vec::new();
    // A structure that always leads to the left: a 1, then 62 zeros, and one bit of padding.
    bytes.extend([0x80, 0, 0, 0, 0, 0, 0, 0]);
    for row in 1..=62 {
        let right = leaf(row);
        hash = outrider_witness::utreexo::parent_hash(&hash, &right);
        bytes.extend(right.0);
    }
    let mut accumulator = Accumulator::new(1 << 62, vec![Some(hash)]).unwrap();
    let proof = Proof::from_witness(&accumulator, Numbering::Wire, &bytes, &[leaf(0)]).unwrap();
    assert_eq!(proof.targets, [0]);
    let witness = proof.to_witness(&accumulator, Numbering::Wire, &[leaf(0)]).unwrap();
    assert_eq!(witness.bytes, bytes);
    accumulator.delete(&bytes, &[leaf(0)]).unwrap();
    let expected =
        (2..=62).fold(leaf(1), |hash, row| outrider_witness::utreexo::parent_hash(&hash, &leaf(row)));
    assert_eq!(accumulator.roots(), [Some(expected)]);
}
