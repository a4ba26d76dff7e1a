//! The imports of module `crypto`, as safe functions on slices: the harness's side.
//!
//! The host computes them with `outrider-crypto`, too, and neither side adds any meaning.

use alloc::vec::Vec;

use outrider_crypto::{
    Verdict, blake2b, bls_signature, bls12_381, bn254, hash, kzg, modexp as power, p256, secp256k1,
};

pub(crate) fn keccak256(bytes: &[u8], out: &mut [u8; 32]) {
    *out = hash::keccak256(bytes);
}

pub(crate) fn sha256(bytes: &[u8], out: &mut [u8; 32]) {
    *out = hash::sha256(bytes);
}

pub(crate) fn ripemd160(bytes: &[u8], out: &mut [u8; 20]) {
    *out = hash::ripemd160(bytes);
}

pub(crate) fn blake2b_compress(input: &[u8; 213], out: &mut [u8; 64]) -> u32 {
    answer(out, blake2b::compress(input))
}

pub(crate) fn secp256k1_recover(
    digest: &[u8; 32],
    signature: &[u8; 64],
    recovery_id: u8,
    out: &mut [u8; 64],
) -> u32 {
    answer(out, secp256k1::ecdsa_recover(digest, signature, recovery_id))
}

pub(crate) fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8]) -> u32 {
    verdict(secp256k1::ecdsa_verify(digest, signature, public_key))
}

pub(crate) fn schnorr_verify(message: &[u8], signature: &[u8; 64], public_key: &[u8; 32]) -> u32 {
    verdict(secp256k1::schnorr_verify(message, signature, public_key))
}

/// Puts the power in the place of the modulus, as it has the same length.
pub(crate) fn modexp(base: &[u8], exponent: &[u8], modulus: &mut [u8]) -> u32 {
    let power = power::modexp(base, exponent, modulus);
    verdict(power.map(|power| modulus.copy_from_slice(&power)))
}

pub(crate) fn bn254_add(a: &[u8; 64], b: &[u8; 64], out: &mut [u8; 64]) -> u32 {
    answer(out, bn254::add(a, b))
}

pub(crate) fn bn254_mul(point: &[u8; 64], scalar: &[u8; 32], out: &mut [u8; 64]) -> u32 {
    answer(out, bn254::mul(point, scalar))
}

pub(crate) fn bn254_pairing_check(pairs: &[[u8; 192]]) -> u32 {
    verdict(bn254::pairing_check(pairs))
}

pub(crate) fn bls12381_g1_add(a: &[u8; 128], b: &[u8; 128], out: &mut [u8; 128]) -> u32 {
    answer(out, bls12_381::g1_add(a, b))
}

pub(crate) fn bls12381_g2_add(a: &[u8; 256], b: &[u8; 256], out: &mut [u8; 256]) -> u32 {
    answer(out, bls12_381::g2_add(a, b))
}

pub(crate) fn bls12381_g1_msm(terms: &[[u8; 160]], out: &mut [u8; 128]) -> u32 {
    answer(out, bls12_381::g1_msm(terms))
}

pub(crate) fn bls12381_g2_msm(terms: &[[u8; 288]], out: &mut [u8; 256]) -> u32 {
    answer(out, bls12_381::g2_msm(terms))
}

pub(crate) fn bls12381_pairing_check(pairs: &[[u8; 384]]) -> u32 {
    verdict(bls12_381::pairing_check(pairs))
}

pub(crate) fn bls12381_map_fp_to_g1(element: &[u8; 64], out: &mut [u8; 128]) -> u32 {
    answer(out, bls12_381::map_fp_to_g1(element))
}

pub(crate) fn bls12381_map_fp2_to_g2(element: &[u8; 128], out: &mut [u8; 256]) -> u32 {
    answer(out, bls12_381::map_fp2_to_g2(element))
}

pub(crate) fn bls_verify(public_key: &[u8; 48], message: &[u8], signature: &[u8; 96]) -> u32 {
    verdict(bls_signature::verify(public_key, message, signature))
}

pub(crate) fn bls_fast_aggregate_verify(
    public_keys: &[[u8; 48]],
    message: &[u8],
    signature: &[u8; 96],
) -> u32 {
    verdict(bls_signature::fast_aggregate_verify(public_keys, message, signature))
}

pub(crate) fn bls_aggregate_verify(signers: &[([u8; 48], [u8; 32])], signature: &[u8; 96]) -> u32 {
    let signers: Vec<_> = signers.iter().map(|(key, message)| (*key, &message[..])).collect();
    verdict(bls_signature::aggregate_verify(&signers, signature))
}

pub(crate) fn bls_aggregate(signatures: &[[u8; 96]], out: &mut [u8; 96]) -> u32 {
    answer(out, bls_signature::aggregate(signatures))
}

pub(crate) fn kzg_verify(commitment: &[u8; 48], z: &[u8; 32], y: &[u8; 32], proof: &[u8; 48]) -> u32 {
    verdict(kzg::verify(commitment, z, y, proof))
}

pub(crate) fn p256_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8; 64]) -> u32 {
    verdict(p256::ecdsa_verify(digest, signature, public_key))
}

/// Writes a result, if there is one.
fn answer<const N: usize>(out: &mut [u8; N], result: Result<[u8; N], impl Into<Verdict>>) -> u32 {
    verdict(result.map(|bytes| *out = bytes))
}

fn verdict(result: Result<(), impl Into<Verdict>>) -> u32 {
    result.map_or_else(Into::into, |()| Verdict::Holds) as u32
}
