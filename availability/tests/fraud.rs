//! Wrong encodings: whoever has enough samples finds them, and convinces a client that has only the header.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use outrider_availability::{
    Nmt, ReconstructError, Scheme as _,
    nmt::{Axis, FraudError, FraudProof, Header, Namespace, Node, Share, ShareSample, Tree},
};
use proptest::{prelude::*, sample::subsequence, test_runner::Config};

fn square() -> Nmt {
    let body: Vec<u8> = (0..4_000_usize).map(|i| (i * i % 251) as u8 + 1).collect();
    let whole = Nmt::commit(&body).unwrap();
    assert_eq!(whole.header().width(), 8);
    whole
}

fn shares(whole: &Nmt) -> Vec<Share> {
    (0..64).map(|position| whole.share(position / 8, position % 8).unwrap().clone()).collect()
}

/// Returns the square with a byte of some shares changed after their extension, and hashed as if it were right.
fn changed(positions: &[usize]) -> Nmt {
    let mut shares = shares(&square());
    positions.iter().for_each(|position| shares[*position].0[100] ^= 1);
    Nmt::of_extended(shares).unwrap()
}

fn samples(whole: &Nmt, positions: impl IntoIterator<Item = usize>) -> BTreeMap<usize, ShareSample> {
    positions.into_iter().map(|position| (position, whole.sample(position).unwrap())).collect()
}

/// Restores; if that finds a wrong encoding, the proof holds, survives its bytes, and says nothing about a right header.
#[track_caller]
fn find(header: &Header, samples: &BTreeMap<usize, ShareSample>) -> Option<FraudProof> {
    let Err(ReconstructError::BadEncoding(proof)) = Nmt::reconstruct(header, samples) else { return None };
    assert_eq!(proof.verify(header), Ok(()));
    assert_eq!(FraudProof::decode(header, &proof.encode()).as_ref(), Ok(&*proof));
    assert!(proof.verify(square().header()).is_err());
    Some(*proof)
}

#[test]
fn a_wrong_share_anywhere_is_proven() {
    for position in 0..64 {
        let whole = changed(&[position]);
        let proof = find(whole.header(), &samples(&whole, 0..64)).unwrap();
        assert_eq!((proof.axis, proof.index), (Axis::Row, position / 8));
    }
}

/// Only a quarter is sent, and it is right; the rest is determined, and is not what was committed to.
#[test]
fn a_wrong_share_that_was_never_sent_is_proven() {
    let whole = changed(&[8 * 6 + 5]);
    let quarter = (0..4).flat_map(|row| (0..4).map(move |column| 8 * row + column));
    let proof = find(whole.header(), &samples(&whole, quarter)).unwrap();
    assert_eq!((proof.axis, proof.index), (Axis::Column, 5));
    // Its shares were not sampled either: they are proven through rows that were restored.
    assert!(proof.shares.iter().all(|share| share.sample.axis == Axis::Row));
}

/// Each row is right and each column is right, but not those of the same square.
#[test]
fn rows_and_columns_of_two_squares_are_proven_wrong() {
    let one = square();
    let other = Nmt::commit(&[9; 4_000]).unwrap();
    let roots = |whole: &Nmt, axis| whole.header().roots(axis).to_vec();
    let header = Header::new(roots(&one, Axis::Row), roots(&other, Axis::Column)).unwrap();
    let proof = find(&header, &samples(&one, 0..64)).unwrap();
    assert_eq!(proof.axis, Axis::Column);
    // One share of the first row comes through its column, from the other square; it is not needed to restore the row.
    for sampled in [0..4, 0..8, 1..6] {
        let mut mixed = samples(&one, sampled);
        mixed.insert(6, other.sample_by(Axis::Column, 0, 6).unwrap());
        let proof = find(&header, &mixed).unwrap();
        assert_eq!((proof.axis, proof.index), (Axis::Row, 0));
        assert!(proof.shares.iter().any(|share| share.offset == 6));
    }
}

/// A row with namespaces out of order, hashed by who does not care. Its columns are in order, so its shares are proven
/// through them.
#[test]
fn namespaces_out_of_order_are_proven() {
    let mut originals = square().originals();
    for (index, share) in originals.iter_mut().enumerate() {
        // Within a row, the namespaces fall; from row to row, they rise.
        let namespace = 10 * (index / 4) as u8 + 3 - (index % 4) as u8;
        share.0[28] = namespace;
        share.0[..28].fill(0);
    }
    assert_eq!(Nmt::of_originals(&originals), None);
    let rows: Vec<Vec<Share>> = originals.chunks(4).map(extend).collect();
    let columns: Vec<Vec<Share>> = (0..8)
        .map(|column| extend(&rows.iter().map(|row| row[column].clone()).collect::<Vec<_>>()))
        .collect();
    let leaf = |row: usize, column: usize| {
        let share = &columns[column][row];
        let namespace = if row < 4 && column < 4 { share.namespace() } else { Namespace::PARITY };
        Node::leaf(namespace, &share.0[..])
    };
    let trees: Vec<Tree> =
        (0..8).map(|column| Tree::new((0..8).map(|row| leaf(row, column)).collect()).unwrap()).collect();
    let row_root = |row: usize| careless_root((0..8).map(|column| leaf(row, column)).collect());
    let header = Header::new((0..8).map(row_root).collect(), trees.iter().map(Tree::root).collect()).unwrap();
    let sample = |position: usize| {
        let (row, column) = (position / 8, position % 8);
        let siblings = trees[column].siblings(&(row..row + 1));
        (position, ShareSample { axis: Axis::Column, share: columns[column][row].clone(), siblings })
    };
    let samples: BTreeMap<_, _> = (0..64).map(sample).collect();
    let proof = find(&header, &samples).unwrap();
    assert_eq!((proof.axis, proof.index), (Axis::Row, 0));
}

/// The namespaces of a root are beside its hash: a producer can claim others, to hide a part from who asks for it.
#[test]
fn a_root_that_claims_other_namespaces_is_proven_wrong() {
    let whole = square();
    let mut rows = whole.header().roots(Axis::Row).to_vec();
    (rows[1].min, rows[1].max) = (Namespace([1; 29]), Namespace([1; 29]));
    let header = Header::new(rows, whole.header().roots(Axis::Column).to_vec()).unwrap();
    assert!(whole.sample(8).unwrap().verify(&header, 1, 0).is_err());
    let sample = |position| (position, whole.sample_by(Axis::Column, position / 8, position % 8).unwrap());
    let proof = find(&header, &(0..64).map(sample).collect()).unwrap();
    assert_eq!((proof.axis, proof.index), (Axis::Row, 1));
}

/// Extends half of a row or column.
fn extend(half: &[Share]) -> Vec<Share> {
    let mut shards: Vec<Vec<u8>> = half.iter().map(|share| share.0.to_vec()).collect();
    shards.resize(8, vec![0; 512]);
    leopard_codec::encode(&mut shards, 4).unwrap();
    shards.into_iter().map(|shard| Share(Box::new(shard.try_into().unwrap()))).collect()
}

/// Hashes a row without a look at the order of its namespaces.
fn careless_root(mut nodes: Vec<Node>) -> Node {
    use sha2::{Digest as _, Sha256};
    while nodes.len() > 1 {
        let parent = |pair: &[Node]| {
            let hash = Sha256::digest([&[1][..], &pair[0].to_bytes(), &pair[1].to_bytes()].concat());
            Node { min: pair[0].min, max: pair[1].max, hash: hash.into() }
        };
        nodes = nodes.chunks(2).map(parent).collect();
    }
    nodes[0]
}

#[test]
fn a_proof_about_a_right_square_is_refused() {
    let whole = square();
    let wrong = changed(&[3]);
    let proof = find(wrong.header(), &samples(&wrong, 0..64)).unwrap();
    // The same shares of the right square.
    let of_right = proof.shares.iter().map(|share| {
        let sample = whole.sample(share.offset).unwrap();
        outrider_availability::nmt::ProvenShare { offset: share.offset, sample }
    });
    let about_right = FraudProof { shares: of_right.collect(), ..proof };
    assert_eq!(about_right.verify(whole.header()), Err(FraudError::WellEncoded));
}

#[test]
fn a_proof_with_other_shares_than_half_is_refused() {
    let wrong = changed(&[3]);
    let header = wrong.header();
    let proof = find(header, &samples(&wrong, 0..64)).unwrap();
    let refused = |change: &dyn Fn(&mut FraudProof)| {
        let mut changed = proof.clone();
        change(&mut changed);
        changed.verify(header).unwrap_err()
    };
    assert!(matches!(refused(&|proof| drop(proof.shares.pop())), FraudError::Shares { got: 3, expected: 4 }));
    assert!(matches!(
        refused(&|proof| proof.shares.push(proof.shares[3].clone())),
        FraudError::Shares { got: 5, .. }
    ));
    assert!(matches!(refused(&|proof| proof.shares[1] = proof.shares[0].clone()), FraudError::Shares { .. }));
    assert!(matches!(refused(&|proof| proof.shares.swap(0, 1)), FraudError::Shares { .. }));
    assert!(matches!(refused(&|proof| proof.shares[3].offset = 8), FraudError::Share { offset: 8, .. }));
    assert!(matches!(refused(&|proof| proof.index = 8), FraudError::Index { index: 8, width: 8 }));
    assert!(matches!(refused(&|proof| proof.axis = Axis::Column), FraudError::Share { .. }));
}

#[test]
fn every_changed_byte_of_a_proof_is_refused() {
    let wrong = changed(&[3]);
    let proof = find(wrong.header(), &samples(&wrong, 0..64)).unwrap();
    let bytes = proof.encode();
    for offset in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[offset] ^= 1;
        let verdict = FraudProof::decode(wrong.header(), &changed).map(|proof| proof.verify(wrong.header()));
        assert!(!matches!(verdict, Ok(Ok(()))), "byte {offset}");
    }
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    /// From any samples that determine a square, a wrong one is proven.
    #[test]
    fn wrong_squares_are_never_restored(
        wrong in subsequence((0..64).collect::<Vec<_>>(), 1..6),
        sampled in subsequence((0..64).collect::<Vec<_>>(), 16..64),
    ) {
        let whole = changed(&wrong);
        let samples = samples(&whole, sampled);
        let is_found = find(whole.header(), &samples).is_some();
        let is_restored = Nmt::reconstruct(whole.header(), &samples).is_ok();
        prop_assert!(!is_restored);
        let shape = Nmt::shape(whole.header());
        let held: Vec<bool> = (0..64).map(|position| samples.contains_key(&position)).collect();
        prop_assert!(is_found || !shape.is_recoverable(&held));
    }
}
