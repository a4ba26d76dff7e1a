//! Properties that all modes have: what is sent is what is verified, and enough of it restores the body.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fmt::Debug};

use outrider_abi::Reader;
use outrider_availability::{
    AvailabilityRoot, CommitError, Committee, Kzg, Mode, ModeError, Nmt, OpenError, ReconstructError,
    SampleError, Scheme, committee, kzg,
    nmt::{FraudProof, RowProof},
    open, sampling,
};
use proptest::{collection::vec, prelude::*, sample::subsequence, test_runner::Config};

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * i % 251) as u8 + 1).collect()
}

/// Each byte that `offsets` names, of the sample at a position, changed in each of two ways.
fn check_changed_samples<S: Scheme>(body: &[u8], position: usize, step: usize) {
    let published = S::commit(body).unwrap();
    let header = published.header();
    let sample = published.sample(position).unwrap();
    assert_eq!(S::verify(header, position, &sample), Ok(()));
    let bytes = S::encode_sample(&sample);
    for offset in (0..bytes.len()).step_by(step) {
        for flipped in [1, 0x80] {
            let mut changed = bytes.clone();
            changed[offset] ^= flipped;
            let verdict = S::decode_sample(header, &mut Reader::new(&changed))
                .and_then(|sample| S::verify(header, position, &sample));
            assert!(verdict.is_err(), "byte {offset} of {}", bytes.len());
        }
    }
}

#[test]
fn every_changed_byte_of_a_custody_chunk_is_refused() {
    check_changed_samples::<Committee>(&body(3 * 4_096 - 5), 1, 1);
    check_changed_samples::<Committee>(&body(3 * 4_096 - 5), 2, 7);
}

#[test]
fn every_changed_byte_of_a_share_is_refused() {
    for position in [0, 9, 8 * 8 - 1] {
        check_changed_samples::<Nmt>(&body(4_000), position, 1);
    }
}

/// Each takes some milliseconds, so every 31st byte: both cells and both proofs are hit.
#[test]
fn changed_bytes_of_a_column_are_refused() {
    check_changed_samples::<Kzg>(&body(130_000), 100, 31);
}

#[test]
fn a_sample_is_refused_at_another_position() {
    fn check<S: Scheme>() {
        let published = S::commit(&body(10_000)).unwrap();
        let sample = published.sample(1).unwrap();
        let positions = S::shape(published.header()).positions();
        for position in [0, 2, positions, usize::MAX] {
            assert!(S::verify(published.header(), position, &sample).is_err(), "{position}");
        }
        assert_eq!(published.sample(positions), None);
    }
    check::<Committee>();
    check::<Nmt>();
    check::<Kzg>();
}

#[test]
fn every_changed_byte_of_a_header_is_refused() {
    fn check<S: Scheme<Header: Debug>>() {
        let published = S::commit(&body(2_000)).unwrap();
        let root = S::root(published.header());
        let bytes = S::encode_header(published.header());
        assert_eq!(open::<S>(root, &bytes).as_ref(), Ok(published.header()));
        for offset in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[offset] ^= 1;
            assert!(open::<S>(root, &changed).is_err(), "byte {offset}");
        }
        assert!(open::<S>(root, &bytes[..bytes.len() - 1]).is_err());
        assert!(open::<S>(root, &[&bytes[..], &[0]].concat()).is_err());
        let other = AvailabilityRoot([7; 32]);
        assert_eq!(open::<S>(other, &bytes), Err(OpenError::Root { got: root, expected: other }));
    }
    check::<Committee>();
    check::<Nmt>();
    check::<Kzg>();
}

#[test]
fn a_body_of_more_than_a_mebibyte_is_refused() {
    for mode in Mode::ALL {
        let got = (1 << 20) + 1;
        assert_eq!(mode.commit(&vec![0; got]), Err(CommitError::BodyTooLarge { got, max: 1 << 20 }));
    }
}

#[test]
fn the_largest_body_survives() {
    let body = body(1 << 20);
    for mode in [Mode::Committee, Mode::Nmt] {
        let published = mode.commit(&body).unwrap();
        let samples = (0..published.shape().positions())
            .filter(|position| mode == Mode::Committee || position % 2 == 1)
            .map(|position| (position, published.sample(position).unwrap()));
        let samples = samples.collect();
        assert_eq!(mode.reconstruct(published.root(), &published.header(), &samples), Ok(body.clone()));
    }
}

/// Samples as bytes, over a network, for any mode.
#[test]
fn clients_of_any_mode_verify_and_restore_what_was_published() {
    for mode in Mode::ALL {
        assert_eq!(mode.to_string().parse(), Ok(mode));
        let body = body(20_000);
        let published = mode.commit(&body).unwrap();
        let (root, header) = (published.root(), published.header());
        assert_eq!(mode.shape(root, &header), Ok(published.shape()));
        let mut samples = BTreeMap::new();
        for client in 0..60 {
            for position in sampling::positions(3, client, published.shape().positions(), 16) {
                let sample = published.sample(position).unwrap();
                if client < 2 {
                    assert_eq!(mode.verify(root, &header, position, &sample), Ok(()));
                    let longer = [&sample[..], &[0]].concat();
                    assert!(matches!(
                        mode.verify(root, &header, position, &longer),
                        Err(ModeError::Sample { source: SampleError::Read(_), .. })
                    ));
                }
                samples.insert(position, sample);
            }
        }
        assert_eq!(mode.reconstruct(root, &header, &samples), Ok(body), "{mode}");
    }
    assert!("celestia".parse::<Mode>().is_err());
}

#[test]
fn a_wrong_sample_is_named_when_restoring() {
    fn check<S: Scheme<Header: Debug> + Debug + PartialEq>() {
        let published = S::commit(&body(4_000)).unwrap();
        let positions = S::shape(published.header()).positions();
        let mut samples: BTreeMap<_, _> =
            (0..positions).map(|position| (position, published.sample(position).unwrap())).collect();
        let last = positions - 1;
        let mut bytes = S::encode_sample(&samples[&last]);
        bytes[5] ^= 1;
        samples.insert(last, S::decode_sample(published.header(), &mut Reader::new(&bytes)).unwrap());
        let got = S::reconstruct(published.header(), &samples);
        assert!(matches!(got, Err(ReconstructError::Sample { position, .. }) if position == last), "{got:?}");
    }
    check::<Committee>();
    check::<Nmt>();
    check::<Kzg>();
}

/// Takes some positions, and restores exactly if they are enough.
fn check_subset<S: Scheme + Debug + PartialEq>(published: &S, positions: &[usize]) {
    let header = published.header();
    let shape = S::shape(header);
    let mut held = vec![false; shape.positions()];
    positions.iter().for_each(|position| held[*position] = true);
    let samples =
        positions.iter().map(|position| (*position, published.sample(*position).unwrap())).collect();
    match S::reconstruct(header, &samples) {
        Ok(whole) => {
            assert!(shape.is_recoverable(&held));
            assert!(whole == *published);
        }
        Err(ReconstructError::TooFew { got, .. }) => {
            assert!(!shape.is_recoverable(&held));
            assert_eq!(got, positions.len());
        }
        Err(error) => panic!("{error:?}"),
    }
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    /// Of 64 shares, from none to all: about half of the cases are enough.
    #[test]
    fn a_square_is_restored_from_any_subset_that_is_enough(positions in subsequence((0..64).collect::<Vec<_>>(), 8..56)) {
        check_subset(&Nmt::commit(&body(4_000)).unwrap(), &positions);
    }

    #[test]
    fn a_body_survives_each_mode(body in vec(any::<u8>(), 0..6_000)) {
        for mode in [Mode::Committee, Mode::Nmt] {
            let published = mode.commit(&body).unwrap();
            let positions = 0..published.shape().positions();
            let samples = positions.map(|position| (position, published.sample(position).unwrap())).collect();
            let restored = mode.reconstruct(published.root(), &published.header(), &samples);
            prop_assert_eq!(restored.as_ref(), Ok(&body));
        }
    }

    #[test]
    fn decoders_are_total(bytes in vec(any::<u8>(), 0..400), seed: u64) {
        for mode in Mode::ALL {
            let root = AvailabilityRoot([0; 32]);
            prop_assert!(mode.shape(root, &bytes).is_err());
        }
        let published = Nmt::commit(&seed.to_le_bytes()).unwrap();
        let _ = Nmt::decode_sample(published.header(), &mut Reader::new(&bytes));
        let _ = FraudProof::decode(published.header(), &bytes);
        let _ = RowProof::read(&mut Reader::new(&bytes));
        let _ = Nmt::decode_header(&mut Reader::new(&bytes));
        let _ = Committee::decode_header(&mut Reader::new(&bytes));
        let _ = Kzg::decode_header(&mut Reader::new(&bytes));
    }
}

proptest! {
    // Recovery of a blob takes a third of a second.
    #![proptest_config(Config::with_cases(3))]

    #[test]
    fn a_blob_is_restored_from_any_half_of_its_columns(positions in subsequence((0..128).collect::<Vec<_>>(), 64)) {
        let published = Kzg::commit(&body(5_000)).unwrap();
        check_subset(&published, &positions);
        check_subset(&published, &positions[1..]);
    }
}

/// A producer hashes bytes after the end of the body, so that the root is not that of the body.
#[test]
fn a_body_with_padding_that_is_not_zero_is_found_out() {
    let longer = Committee::commit(&body(4_096)).unwrap();
    let header = committee::Header { length: 4_000, ..longer.header().clone() };
    let mut sample = longer.sample(0).unwrap();
    sample.branch[8][..8].copy_from_slice(&4_000_u64.to_le_bytes());
    assert_eq!(Committee::verify(&header, 0, &sample), Ok(()));
    assert_eq!(Committee::reconstruct(&header, &[(0, sample)].into()), Err(ReconstructError::Padding));
}

#[test]
fn a_column_has_a_cell_and_a_proof_for_each_commitment() {
    let published = Kzg::commit(&body(130_000)).unwrap();
    let column = published.sample(3).unwrap();
    let refused = |change: &dyn Fn(&mut kzg::Column)| {
        let mut changed = column.clone();
        change(&mut changed);
        Kzg::verify(published.header(), 3, &changed).unwrap_err()
    };
    let counts = |cells, proofs| SampleError::Cells { cells, proofs, expected: 2 };
    assert_eq!(refused(&|column| _ = column.cells.pop()), counts(1, 2));
    assert_eq!(refused(&|column| _ = column.proofs.pop()), counts(2, 1));
    assert_eq!(refused(&|column| *column = kzg::Column { cells: vec![], proofs: vec![] }), counts(0, 0));
    assert_eq!(refused(&|column| column.cells.swap(0, 1)), SampleError::Proof);
}

#[test]
fn custody_chunks_are_restored_only_from_all() {
    let published = Committee::commit(&body(5 * 4_096)).unwrap();
    check_subset(&published, &[0, 1, 2, 3, 4]);
    check_subset(&published, &[0, 1, 3, 4]);
}
