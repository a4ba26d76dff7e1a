//! The pairing with which the EE verifies proofs.

use alloc::vec::Vec;

use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use outrider_sdk::crypto::{bls12381_g1_msm, bls12381_pairing_check};
use outrider_zk_rollup_core::{Fr, field::to_bytes, pairing::Pairing};

use crate::keys::{number_from_bytes, number_to_bytes};

/// The pairing of this build.
#[cfg(not(feature = "guest-pairing"))]
pub(crate) const PAIRING: Host = Host;

/// The pairing of this build.
#[cfg(feature = "guest-pairing")]
pub(crate) const PAIRING: outrider_zk_rollup_core::pairing::Arkworks =
    outrider_zk_rollup_core::pairing::Arkworks;

/// The pairing that the host computes, by the imports `bls12381G1Msm` and `bls12381PairingCheck` ([EIP-2537]), which
/// check that points are in their subgroups.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
#[derive(Clone, Copy, Debug, Default)]
pub struct Host;

impl Pairing for Host {
    fn multiply(&self, point: &G1Affine, factor: &Fr) -> G1Affine {
        let mut term = [0; G1_BYTES + 32];
        let (first, second) = term.split_at_mut(G1_BYTES);
        first.copy_from_slice(&g1_to_bytes(point));
        second.copy_from_slice(&to_bytes(factor));
        let product = bls12381_g1_msm(&[term]).expect("a point of the subgroup has multiples");
        g1_from_bytes(&product)
    }

    fn product_is_one(&self, pairs: &[(G1Affine, G2Affine)]) -> bool {
        let encode = |(g1, g2): &(G1Affine, G2Affine)| {
            let mut pair = [0; G1_BYTES + G2_BYTES];
            let (first, second) = pair.split_at_mut(G1_BYTES);
            first.copy_from_slice(&g1_to_bytes(g1));
            second.copy_from_slice(&g2_to_bytes(g2));
            pair
        };
        let pairs: Vec<_> = pairs.iter().map(encode).collect();
        bls12381_pairing_check(&pairs).is_ok()
    }
}

/// Encodes a point as the imports have it: two numbers, and zeros for the point at infinity.
fn g1_to_bytes(point: &G1Affine) -> [u8; G1_BYTES] {
    let (x, y) = point.xy().unwrap_or_default();
    join([x, y].map(|number| padded(&number)))
}

fn g2_to_bytes(point: &G2Affine) -> [u8; G2_BYTES] {
    let (Fq2 { c0: x0, c1: x1, .. }, Fq2 { c0: y0, c1: y1, .. }) = point.xy().unwrap_or_default();
    join([x0, x1, y0, y1].map(|number| padded(&number)))
}

fn g1_from_bytes(bytes: &[u8; G1_BYTES]) -> G1Affine {
    let (x, y) = bytes.split_at(NUMBER_BYTES);
    match (number(x), number(y)) {
        (x, y) if x == Fq::default() && y == Fq::default() => G1Affine::identity(),
        (x, y) => G1Affine::new_unchecked(x, y),
    }
}

fn join<const N: usize, const LENGTH: usize>(numbers: [[u8; NUMBER_BYTES]; N]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes.copy_from_slice(numbers.as_flattened());
    bytes
}

/// Encodes a number of the base field: 16 zeros, and 48 bytes, big-endian.
fn padded(number: &Fq) -> [u8; NUMBER_BYTES] {
    let mut bytes = [0; NUMBER_BYTES];
    if let Some(place) = bytes.last_chunk_mut() {
        *place = number_to_bytes(number);
    }
    bytes
}

/// Decodes a number that the host has computed, which is below the order of the base field.
fn number(bytes: &[u8]) -> Fq {
    bytes.last_chunk().and_then(number_from_bytes).unwrap_or_default()
}

const NUMBER_BYTES: usize = 64;
const G1_BYTES: usize = 2 * NUMBER_BYTES;
const G2_BYTES: usize = 4 * NUMBER_BYTES;
