//! Verifying keys, as a provider's store and witnesses have them.
//!
//! A genesis has compressed points, and checks them. To decompress a key again for each block would take as much fuel as
//! to verify a proof, so the rest has the coordinates of points:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | [`KEY_TAG`] |
//! | 96 | alpha |
//! | 192 each | beta, gamma, delta |
//! | 96 each | the factors of one and of the public input |
//!
//! A point has x and y, and a number of the quadratic extension its real part first; each is big-endian, of 48 bytes.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ff::{BigInt, PrimeField as _};
use outrider_sdk::crypto;
use outrider_zk_rollup_core::VerifyingKey;

/// The first byte of a verifying key in a provider's store.
pub const KEY_TAG: u8 = 0xf2;

/// The length of a verifying key in a provider's store.
pub const KEY_NODE_BYTES: usize = 1 + (3 * 2 + 3 * 4) * NUMBER_BYTES;

/// Returns the node of a key in a provider's store.
#[must_use]
pub fn key_node(key: &VerifyingKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(KEY_NODE_BYTES);
    bytes.push(KEY_TAG);
    push_g1(&mut bytes, &key.alpha);
    [key.beta, key.gamma, key.delta].iter().for_each(|point| push_g2(&mut bytes, point));
    [key.constant, key.input].iter().for_each(|point| push_g1(&mut bytes, point));
    bytes
}

/// Returns the hash of a key's node.
#[must_use]
pub fn key_hash(key: &VerifyingKey) -> [u8; 32] {
    crypto::keccak256(&key_node(key))
}

/// Returns the key of a node whose hash is that of a key that was checked, or `None` if the bytes are none.
pub(crate) fn key_of_node(bytes: &[u8]) -> Option<VerifyingKey> {
    let numbers = bytes.strip_prefix(&[KEY_TAG]).filter(|_| bytes.len() == KEY_NODE_BYTES)?;
    let mut numbers = numbers.as_chunks().0.iter().map_while(number_from_bytes);
    let alpha = g1(&mut numbers)?;
    let (beta, gamma, delta) = (g2(&mut numbers)?, g2(&mut numbers)?, g2(&mut numbers)?);
    let (constant, input) = (g1(&mut numbers)?, g1(&mut numbers)?);
    Some(VerifyingKey { alpha, beta, gamma, delta, constant, input })
}

fn g1(numbers: &mut impl Iterator<Item = Fq>) -> Option<G1Affine> {
    Some(G1Affine::new_unchecked(numbers.next()?, numbers.next()?))
}

fn g2(numbers: &mut impl Iterator<Item = Fq>) -> Option<G2Affine> {
    let mut pair = || Some(Fq2::new(numbers.next()?, numbers.next()?));
    Some(G2Affine::new_unchecked(pair()?, pair()?))
}

fn push_g1(bytes: &mut Vec<u8>, point: &G1Affine) {
    let (x, y) = point.xy().unwrap_or_default();
    [x, y].iter().for_each(|number| bytes.extend(number_to_bytes(number)));
}

fn push_g2(bytes: &mut Vec<u8>, point: &G2Affine) {
    let (Fq2 { c0: x0, c1: x1, .. }, Fq2 { c0: y0, c1: y1, .. }) = point.xy().unwrap_or_default();
    [x0, x1, y0, y1].iter().for_each(|number| bytes.extend(number_to_bytes(number)));
}

/// Encodes a number of the base field.
pub(crate) fn number_to_bytes(number: &Fq) -> [u8; NUMBER_BYTES] {
    let mut bytes = [0; NUMBER_BYTES];
    for (place, limb) in bytes.as_chunks_mut().0.iter_mut().rev().zip(number.into_bigint().0) {
        *place = limb.to_be_bytes();
    }
    bytes
}

/// Decodes a number of the base field, or returns `None` if it is not below the field's order.
pub(crate) fn number_from_bytes(bytes: &[u8; NUMBER_BYTES]) -> Option<Fq> {
    let mut limbs = [0; 6];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_chunks().0.iter().rev()) {
        *limb = u64::from_be_bytes(*bytes);
    }
    Fq::from_bigint(BigInt::new(limbs))
}

/// The length of a number of the base field.
pub(crate) const NUMBER_BYTES: usize = 48;
