//! The host's pairing and that of the EE agree, on proofs that hold and on those that do not.

use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{Field as _, One as _, PrimeField as _, Zero as _};
use outrider_zk_rollup_core::{
    Fr, Proof, VerifyingKey,
    pairing::{Arkworks, Pairing, verify},
    proof::{PROOF_BYTES, ProofError, VERIFYING_KEY_BYTES},
};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use zk_rollup::Host;

use crate::trapdoor::Trapdoor;

/// Verifies with both pairings, and returns what both say.
#[track_caller]
fn verify_both(key: &VerifyingKey, input: &Fr, proof: &Proof) -> bool {
    let [host, guest] =
        [verify(&Host, key, input, proof).is_ok(), verify(&Arkworks, key, input, proof).is_ok()];
    assert_eq!(host, guest);
    host
}

/// A point of the curve outside of the subgroup.
fn outside_g1() -> G1Affine {
    let points = (1_u64..).filter_map(|x| G1Affine::get_point_from_x_unchecked(Fq::from(x), false));
    points.into_iter().find(|point| !point.is_in_correct_subgroup_assuming_on_curve()).unwrap()
}

fn outside_g2() -> G2Affine {
    let x = |x: u64| Fq2::new(Fq::from(x), Fq::one());
    let points = (1..).filter_map(|number| G2Affine::get_point_from_x_unchecked(x(number), false));
    points.into_iter().find(|point| !point.is_in_correct_subgroup_assuming_on_curve()).unwrap()
}

#[test]
fn a_proof_holds_for_its_input_and_key_alone() {
    let (trapdoor, other) = (Trapdoor::new(1), Trapdoor::new(2));
    let key = trapdoor.key();
    for input in [Fr::zero(), Fr::one(), -Fr::one(), Fr::from(7_u8).pow([1_000])] {
        let proof = trapdoor.prove(input, 3);
        assert!(verify_both(&key, &input, &proof));
        assert!(!verify_both(&key, &(input + Fr::one()), &proof));
        assert!(!verify_both(&other.key(), &input, &proof));
    }
}

#[test]
fn points_outside_of_the_subgroup_are_refused() {
    let trapdoor = Trapdoor::new(1);
    let (key, input) = (trapdoor.key(), Fr::from(9_u8));
    let proof = trapdoor.prove(input, 3);
    let shifted_a = (proof.a + outside_g1()).into_affine();
    let shifted_b = (proof.b + outside_g2()).into_affine();
    for changed in [
        Proof { a: outside_g1(), ..proof },
        Proof { a: shifted_a, ..proof },
        Proof { b: outside_g2(), ..proof },
        Proof { b: shifted_b, ..proof },
        Proof { c: (proof.c + outside_g1()).into_affine(), ..proof },
    ] {
        // A proof is decoded without the check of the subgroup, which belongs to the pairing.
        assert_eq!(Proof::from_bytes(&changed.to_bytes()), Ok(changed));
        assert!(!verify_both(&key, &input, &changed));
    }
    // One of an order that divides the cofactor: its pairings are one, so that the equation alone does not show it.
    let low = outside_g1().mul_bigint(Fr::MODULUS).into_affine();
    assert!(!low.is_zero());
    assert!(!verify_both(&key, &input, &Proof { a: (proof.a + low).into_affine(), ..proof }));
}

#[test]
fn keys_outside_of_the_subgroup_at_infinity_or_unfinished_are_refused() {
    let key = Trapdoor::new(1).key();
    assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Ok(key));
    let refused = |key: VerifyingKey| VerifyingKey::from_bytes(&key.to_bytes()).unwrap_err();
    for outside in [
        VerifyingKey { alpha: outside_g1(), ..key },
        VerifyingKey { beta: outside_g2(), ..key },
        VerifyingKey { gamma: outside_g2(), ..key },
        VerifyingKey { delta: outside_g2(), ..key },
        VerifyingKey { constant: outside_g1(), ..key },
        VerifyingKey { input: outside_g1(), ..key },
    ] {
        assert!(matches!(refused(outside), ProofError::NotInSubgroup { .. }));
    }
    for infinite in [
        VerifyingKey { alpha: G1Affine::identity(), ..key },
        VerifyingKey { beta: G2Affine::identity(), ..key },
        VerifyingKey { gamma: G2Affine::identity(), ..key },
        VerifyingKey { delta: G2Affine::identity(), ..key },
        VerifyingKey { constant: G1Affine::identity(), ..key },
        VerifyingKey { input: G1Affine::identity(), ..key },
    ] {
        assert!(matches!(refused(infinite), ProofError::Infinity { .. }));
    }
    assert_eq!(refused(VerifyingKey { delta: key.gamma, ..key }), ProofError::GammaIsDelta);
}

/// The reason why such keys are refused: for one, anybody makes proofs of anything.
#[test]
fn a_key_whose_gamma_is_delta_proves_everything() {
    let key = Trapdoor::new(1).key();
    let key = VerifyingKey { delta: key.gamma, ..key };
    let input = Fr::from(12_345_u64);
    let public = key.constant + key.input * input;
    let forged = Proof { a: key.alpha, b: key.beta, c: (-public).into_affine() };
    assert!(verify_both(&key, &input, &forged));
}

#[test]
fn infinity_and_other_encodings_are_refused() {
    let proof = Trapdoor::new(1).prove(Fr::one(), 1);
    let bytes = proof.to_bytes();
    let with = |at: usize, part: &[u8]| {
        let mut bytes = bytes;
        bytes[at..at + part.len()].copy_from_slice(part);
        Proof::from_bytes(&bytes)
    };
    let infinity: [u8; 96] = std::array::from_fn(|at| if at == 0 { 0xc0 } else { 0 });
    for (at, length) in [(0, 48), (48, 96), (144, 48)] {
        assert!(matches!(with(at, &infinity[..length]), Err(ProofError::Infinity { .. })));
        // Without the bit for the compressed form, with that of infinity, and with a number over the order.
        let first = bytes[at];
        assert!(matches!(with(at, &[first & 0x7f]), Err(ProofError::Malformed { .. })));
        assert!(matches!(with(at, &[first | 0x40]), Err(ProofError::Malformed { .. })));
        assert!(matches!(with(at, &[first | 0x1f, 0xff]), Err(ProofError::Malformed { .. })));
        // The other sign.
        assert!(with(at, &[first ^ 0x20]).is_ok_and(|other| other != proof));
    }
}

#[test]
fn the_hosts_product_has_the_point_at_infinity() {
    let point = Trapdoor::new(1).key().alpha;
    for factor in [Fr::zero(), Fr::one(), -Fr::one(), Fr::from(77_u8)] {
        assert_eq!(Host.multiply(&point, &factor), Arkworks.multiply(&point, &factor));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_flipped_bit_of_a_proof_is_accepted(
        seed in any::<u32>(),
        flips in prop::collection::btree_set(0..8 * PROOF_BYTES, 1..3),
    ) {
        let (trapdoor, input) = (Trapdoor::new(1), Fr::from(seed));
        let key = trapdoor.key();
        let proof = trapdoor.prove(input, seed.into());
        assert!(verify_both(&key, &input, &proof));
        let mut bytes = proof.to_bytes();
        flips.iter().for_each(|bit| bytes[bit / 8] ^= 1 << (bit % 8));
        if let Ok(changed) = Proof::from_bytes(&bytes) {
            assert!(!verify_both(&key, &input, &changed));
        }
    }

    #[test]
    fn no_flipped_bit_of_a_key_is_accepted(flip in 0..8 * VERIFYING_KEY_BYTES) {
        let (trapdoor, input) = (Trapdoor::new(1), Fr::from(5_u8));
        let proof = trapdoor.prove(input, 2);
        let mut bytes = trapdoor.key().to_bytes();
        bytes[flip / 8] ^= 1 << (flip % 8);
        if let Ok(changed) = VerifyingKey::from_bytes(&bytes) {
            assert!(!verify_both(&changed, &input, &proof));
        }
    }
}
