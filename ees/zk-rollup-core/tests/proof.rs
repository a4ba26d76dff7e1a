//! The encodings and checks of proofs and keys, with a key whose secrets are known.

use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::Field as _;
use hex_literal::hex;
use outrider_zk_rollup_core::field::Fr;
use outrider_zk_rollup_core::pairing::{Arkworks, VerifyError, verify};
use outrider_zk_rollup_core::proof::{Proof, ProofError, VerifyingKey};

fn g1(factor: u64) -> G1Affine {
    (G1Affine::generator() * Fr::from(factor)).into_affine()
}

fn g2(factor: u64) -> G2Affine {
    (G2Affine::generator() * Fr::from(factor)).into_affine()
}

fn key() -> VerifyingKey {
    VerifyingKey { alpha: g1(2), beta: g2(3), gamma: g2(5), delta: g2(7), constant: g1(11), input: g1(13) }
}

/// A proof by someone who knows the secrets: `a b = 2 * 3 + (11 + 13 x) * 5 + c * 7`.
fn proof(x: u64) -> Proof {
    let (a, b) = (Fr::from(17), Fr::from(19));
    let c = (a * b - Fr::from(6) - Fr::from(11 + 13 * x) * Fr::from(5)) / Fr::from(7);
    Proof { a: g1(17), b: g2(19), c: (G1Affine::generator() * c).into_affine() }
}

#[test]
fn a_proof_holds_for_its_input_only() {
    let (key, proof) = (key(), proof(4));
    assert_eq!(verify(&Arkworks, &key, &Fr::from(4), &proof), Ok(()));
    assert_eq!(verify(&Arkworks, &key, &Fr::from(5), &proof), Err(VerifyError));
    let changed = [
        Proof { a: g1(18), ..proof },
        Proof { a: -proof.a, ..proof },
        Proof { b: g2(20), ..proof },
        Proof { c: g1(1), ..proof },
        Proof { a: proof.c, c: proof.a, ..proof },
    ];
    for changed in changed {
        assert_eq!(verify(&Arkworks, &key, &Fr::from(4), &changed), Err(VerifyError));
    }
}

#[test]
fn the_generators_have_the_bytes_of_other_implementations() {
    let proof = Proof { a: g1(1), b: g2(1), c: g1(1) };
    let bytes = proof.to_bytes();
    let g1 = hex!(
        "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    );
    let g2 = hex!(
        "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    );
    assert_eq!([&bytes[..48], &bytes[48..144], &bytes[144..]], [&g1[..], &g2[..], &g1[..]]);
    assert_eq!(Proof::from_bytes(&bytes), Ok(proof));
    let key = key();
    assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Ok(key));
}

#[test]
fn points_at_infinity_are_refused() {
    let check = |proof: Proof, point| {
        assert_eq!(Proof::from_bytes(&proof.to_bytes()), Err(ProofError::Infinity { point }));
    };
    check(Proof { a: G1Affine::zero(), ..proof(4) }, "A");
    check(Proof { b: G2Affine::zero(), ..proof(4) }, "B");
    check(Proof { c: G1Affine::zero(), ..proof(4) }, "C");
    let key = VerifyingKey { input: G1Affine::zero(), ..key() };
    let point = "the factor of the public input";
    assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Err(ProofError::Infinity { point }));
    assert_eq!(key.check(), Err(ProofError::Infinity { point }));
}

#[test]
fn a_key_whose_gamma_is_delta_is_refused() {
    let key = VerifyingKey { delta: key().gamma, ..key() };
    assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Err(ProofError::GammaIsDelta));
}

/// Points of the curves with the smallest x coordinates that are not in the subgroups.
fn outside_g1() -> G1Affine {
    (0..)
        .filter_map(|x: u64| G1Affine::get_point_from_x_unchecked(Fq::from(x), true))
        .find(|point| !point.is_zero() && !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points")
}

fn outside_g2() -> G2Affine {
    (1..)
        .filter_map(|x: u64| {
            G2Affine::get_point_from_x_unchecked(Fq2::from_base_prime_field(Fq::from(x)), true)
        })
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points")
}

#[test]
fn points_outside_the_subgroups_are_refused() {
    let (x, good) = (Fr::from(4), proof(4));
    let proofs = [
        Proof { a: outside_g1(), ..good },
        Proof { b: outside_g2(), ..good },
        Proof { c: outside_g1(), ..good },
    ];
    for proof in proofs {
        let proof = Proof::from_bytes(&proof.to_bytes()).expect("a point of the curve");
        assert_eq!(verify(&Arkworks, &key(), &x, &proof), Err(VerifyError));
    }
    let keys = [
        (VerifyingKey { alpha: outside_g1(), ..key() }, "alpha"),
        (VerifyingKey { beta: outside_g2(), ..key() }, "beta"),
        (VerifyingKey { gamma: outside_g2(), ..key() }, "gamma"),
        (VerifyingKey { delta: outside_g2(), ..key() }, "delta"),
        (VerifyingKey { constant: outside_g1(), ..key() }, "the factor of one"),
        (VerifyingKey { input: outside_g1(), ..key() }, "the factor of the public input"),
    ];
    for (key, point) in keys {
        assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Err(ProofError::NotInSubgroup { point }));
    }
}

#[test]
fn each_flipped_bit_of_a_proof_is_refused() {
    let bytes = proof(4).to_bytes();
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(proof) = Proof::from_bytes(&flipped) {
            assert_eq!(proof.to_bytes(), flipped, "one encoding");
            assert_eq!(verify(&Arkworks, &key(), &Fr::from(4), &proof), Err(VerifyError));
        }
    }
}

#[test]
fn a_second_encoding_of_infinity_and_a_coordinate_beyond_the_field_are_refused() {
    let mut bytes = proof(4).to_bytes();
    bytes[..48].fill(0);
    bytes[0] = 0xc0;
    bytes[47] = 1;
    assert_eq!(Proof::from_bytes(&bytes), Err(ProofError::Malformed { point: "A" }));
    bytes[..48].fill(0xff);
    bytes[0] = 0x9f;
    assert_eq!(Proof::from_bytes(&bytes), Err(ProofError::Malformed { point: "A" }));
}
