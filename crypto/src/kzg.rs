//! Verification of KZG proofs of polynomial evaluations, which [EIP-4844] adds to the EVM.
//!
//! A commitment and a proof are points of BLS12-381's G1: 48 bytes, compressed in the [ZCash encoding]. Either may be
//! the point at infinity. A scalar is 32 bytes, big-endian, below the group order.
//!
//! EIP-4844 also hashes commitments; callers have to check that a hash is of its commitment.
//!
//! [EIP-4844]: https://eips.ethereum.org/EIPS/eip-4844#point-evaluation-precompile
//! [ZCash encoding]: https://github.com/zkcrypto/pairing/blob/34aa52b0f7bef705917252ea63e5a13fa01af551/src/bls12_381/README.md#serialization

use std::sync::LazyLock;

use blst::{blst_p1_affine, blst_p2_affine, min_pk, min_sig};
use thiserror::Error;

use crate::{
    bls12_381::{
        curve::{Point, negated_g1_generator, negated_g2_generator},
        product_of_pairings_is_one,
    },
    point::PointError,
};

/// Length of a commitment, in bytes.
pub const COMMITMENT_BYTES: usize = 48;
/// Length of a proof, in bytes.
pub const PROOF_BYTES: usize = 48;

/// An invalid input, or a proof that does not verify.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KzgError {
    /// The commitment is invalid.
    #[error("the commitment is invalid")]
    Commitment {
        /// The reason.
        source: PointError,
    },
    /// `z` is not below the group order.
    #[error("z is not below the group order")]
    Z,
    /// `y` is not below the group order.
    #[error("y is not below the group order")]
    Y,
    /// The proof is invalid.
    #[error("the proof is invalid")]
    Proof {
        /// The reason.
        source: PointError,
    },
    /// The inputs are well-formed, but do not prove that the polynomial is `y` at `z`.
    #[error("the proof does not verify")]
    Refuted,
}

/// Verifies a proof that the committed polynomial is `y` at `z`: `verify_kzg_proof` of the [consensus specs], with
/// the trusted setup of Ethereum's ceremony.
///
/// # Errors
///
/// Returns `Commitment`, `Z`, `Y`, `Proof` or `Refuted`, checked in this order.
///
/// [consensus specs]: https://github.com/ethereum/consensus-specs/blob/master/specs/deneb/polynomial-commitments.md#verify_kzg_proof
pub fn verify(
    commitment: &[u8; COMMITMENT_BYTES],
    z: &[u8; 32],
    y: &[u8; 32],
    proof: &[u8; PROOF_BYTES],
) -> Result<(), KzgError> {
    let commitment = decode_point(commitment).map_err(|source| KzgError::Commitment { source })?;
    let z = decode_scalar(z).ok_or(KzgError::Z)?;
    let y = decode_scalar(y).ok_or(KzgError::Y)?;
    let proof = decode_point(proof).map_err(|source| KzgError::Proof { source })?;
    // The specs check e(commitment - y G1, G2) = e(proof, [tau]G2 - z G2). Moving z to the other side puts all
    // products in G1, where they cost less.
    let terms = [(commitment, ONE), (negated_g1_generator(), y), (proof, z)];
    let (points, scalars): (Vec<_>, Vec<_>) =
        terms.into_iter().filter(|(point, _)| !point.is_infinity()).unzip();
    let sum = Point::sum_of_products(&points, &scalars);
    if product_of_pairings_is_one([(sum, negated_g2_generator()), (proof, *TAU_G2)]) {
        Ok(())
    } else {
        Err(KzgError::Refuted)
    }
}

/// Decodes a point of the subgroup. In blst that is a signature of the variant with signatures in G1.
fn decode_point(bytes: &[u8; 48]) -> Result<blst_p1_affine, PointError> {
    min_sig::Signature::sig_validate(bytes, false).map(Into::into).map_err(PointError::from_blst)
}

/// Decodes a scalar to little-endian bytes.
fn decode_scalar(bytes: &[u8; 32]) -> Option<[u8; 32]> {
    let mut little_endian = *bytes;
    little_endian.reverse();
    (*bytes < ORDER).then_some(little_endian)
}

/// 1, little-endian.
const ONE: [u8; 32] = {
    let mut one = [0; 32];
    one[0] = 1;
    one
};

/// The order of both groups, big-endian.
const ORDER: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53,
    0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
];

/// `[tau]G2`, decoded.
static TAU_G2: LazyLock<blst_p2_affine> = LazyLock::new(|| {
    min_pk::Signature::uncompress(&TAU_G2_COMPRESSED).expect("the constant is a point of the curve").into()
});

/// `[tau]G2` of Ethereum's ceremony; nobody knows tau. The source is `g2_monomial[1]` in `trusted_setup_4096.json` of
/// the [consensus specs].
///
/// [consensus specs]: https://github.com/ethereum/consensus-specs/tree/master/presets/mainnet/trusted_setups
const TAU_G2_COMPRESSED: [u8; 96] = [
    0xb5, 0xbf, 0xd7, 0xdd, 0x8c, 0xde, 0xb1, 0x28, 0x84, 0x3b, 0xc2, 0x87, 0x23, 0x0a, 0xf3, 0x89, 0x26,
    0x18, 0x70, 0x75, 0xcb, 0xfb, 0xef, 0xa8, 0x10, 0x09, 0xa2, 0xce, 0x61, 0x5a, 0xc5, 0x3d, 0x29, 0x14,
    0xe5, 0x87, 0x0c, 0xb4, 0x52, 0xd2, 0xaf, 0xaa, 0xab, 0x24, 0xf3, 0x49, 0x9f, 0x72, 0x18, 0x5c, 0xbf,
    0xee, 0x53, 0x49, 0x27, 0x14, 0x73, 0x44, 0x29, 0xb7, 0xb3, 0x86, 0x08, 0xe2, 0x39, 0x26, 0xc9, 0x11,
    0xcc, 0xec, 0xea, 0xc9, 0xa3, 0x68, 0x51, 0x47, 0x7b, 0xa4, 0xc6, 0x0b, 0x08, 0x70, 0x41, 0xde, 0x62,
    0x10, 0x00, 0xed, 0xc9, 0x8e, 0xda, 0xda, 0x20, 0xc1, 0xde, 0xf2,
];

#[cfg(test)]
mod tests {
    use super::*;

    const INFINITY: [u8; 48] = {
        let mut point = [0; 48];
        point[0] = 0xc0;
        point
    };

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    fn generator() -> [u8; 48] {
        bytes(
            "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
        )
    }

    fn scalar(n: u8) -> [u8; 32] {
        let mut scalar = [0; 32];
        scalar[31] = n;
        scalar
    }

    #[test]
    fn the_setup_is_a_point_of_the_subgroup() {
        assert!(min_pk::Signature::sig_validate(&TAU_G2_COMPRESSED, true).is_ok());
    }

    /// A constant polynomial has the same value everywhere; its quotient is zero.
    #[test]
    fn a_constant_polynomial_has_one_value() {
        for z in [scalar(0), scalar(7)] {
            assert_eq!(verify(&generator(), &z, &scalar(1), &INFINITY), Ok(()));
            assert_eq!(verify(&INFINITY, &z, &scalar(0), &INFINITY), Ok(()));
            assert_eq!(verify(&generator(), &z, &scalar(2), &INFINITY), Err(KzgError::Refuted));
            assert_eq!(verify(&INFINITY, &z, &scalar(0), &generator()), Err(KzgError::Refuted));
        }
    }

    #[test]
    fn scalars_are_below_the_group_order() {
        let mut last = ORDER;
        last[31] = 0;
        for over in [ORDER, [0xff; 32]] {
            assert_eq!(verify(&generator(), &over, &scalar(1), &INFINITY), Err(KzgError::Z));
            assert_eq!(verify(&generator(), &scalar(1), &over, &INFINITY), Err(KzgError::Y));
        }
        assert_eq!(verify(&generator(), &last, &scalar(1), &INFINITY), Ok(()));
        assert_eq!(verify(&generator(), &scalar(1), &last, &INFINITY), Err(KzgError::Refuted));
    }

    #[test]
    fn invalid_points_have_distinct_errors_that_name_the_input() {
        // x = 0 gives a point of order 3; x = 1 gives no point.
        let (mut of_order_three, mut off_curve) = ([0; 48], [0; 48]);
        of_order_three[0] = 0x80;
        (off_curve[0], off_curve[47]) = (0x80, 1);
        for (point, source) in [
            (of_order_three, PointError::NotInSubgroup),
            (off_curve, PointError::NotOnCurve),
            ([0; 48], PointError::NotCanonical),
            ([0xff; 48], PointError::NotCanonical),
        ] {
            let (z, y) = (scalar(1), scalar(1));
            assert_eq!(verify(&point, &z, &y, &INFINITY), Err(KzgError::Commitment { source }));
            assert_eq!(verify(&generator(), &z, &y, &point), Err(KzgError::Proof { source }));
        }
    }
}
