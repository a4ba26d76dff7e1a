//! `crypto`: hashes, signatures and curves, computed by `outrider-crypto`.
//!
//! Each function checks its ranges, then charges, then computes. Outputs may overlap inputs, because all input is read
//! before the output is written. The return value is a [`Verdict`].

use outrider_crypto::bls_signature::{self, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use outrider_crypto::{
    Verdict, blake2b, bls12_381 as bls, bn254, hash, kzg, modexp as power, p256, secp256k1,
};

use super::{Call, length_of};
use crate::error::HostCallError;

/// The result of an import that returns a verdict.
type Answer = Result<u32, HostCallError>;

pub(crate) fn keccak256(
    call: &mut Call<'_>,
    pointer: u32,
    length: u32,
    out: u32,
) -> Result<(), HostCallError> {
    digest(call, pointer, length, out, hash::keccak256)
}

pub(crate) fn sha256(call: &mut Call<'_>, pointer: u32, length: u32, out: u32) -> Result<(), HostCallError> {
    digest(call, pointer, length, out, hash::sha256)
}

pub(crate) fn sha512_256(
    call: &mut Call<'_>,
    pointer: u32,
    length: u32,
    out: u32,
) -> Result<(), HostCallError> {
    digest(call, pointer, length, out, hash::sha512_256)
}

pub(crate) fn ripemd160(
    call: &mut Call<'_>,
    pointer: u32,
    length: u32,
    out: u32,
) -> Result<(), HostCallError> {
    digest(call, pointer, length, out, hash::ripemd160)
}

pub(crate) fn blake2b_compress(call: &mut Call<'_>, [input, out]: [u32; 2]) -> Answer {
    let input = call.read_array(input)?;
    call.read(out, 64)?;
    call.charge_units(blake2b::work(&input))?;
    answer(call, out, blake2b::compress(&input))
}

pub(crate) fn secp256k1_recover(call: &mut Call<'_>, [digest, signature, id, out]: [u32; 4]) -> Answer {
    let (digest, signature) = (call.read_array(digest)?, call.read_array(signature)?);
    call.read(out, 64)?;
    // Any id over 255 is as invalid as 255.
    let id = u8::try_from(id).unwrap_or(u8::MAX);
    answer(call, out, secp256k1::ecdsa_recover(&digest, &signature, id))
}

pub(crate) fn secp256k1_verify(call: &mut Call<'_>, [digest, signature, key, length]: [u32; 4]) -> Answer {
    let (digest, signature) = (call.read_array(digest)?, call.read_array(signature)?);
    let key = call.read(key, length)?;
    Ok(verdict(secp256k1::ecdsa_verify(&digest, &signature, key)))
}

pub(crate) fn schnorr_verify(call: &mut Call<'_>, [message, length, signature, key]: [u32; 4]) -> Answer {
    let (signature, key) = (call.read_array(signature)?, call.read_array(key)?);
    let message = call.read_charged(message, length)?;
    Ok(verdict(secp256k1::schnorr_verify(message, &signature, &key)))
}

pub(crate) fn secp256k1_xonly_tweak_add_check(
    call: &mut Call<'_>,
    [tweaked_key, tweaked_parity, internal_key, tweak]: [u32; 4],
) -> Answer {
    let (tweaked_key, internal_key) = (call.read_array(tweaked_key)?, call.read_array(internal_key)?);
    let tweak = call.read_array(tweak)?;
    // Any parity over 255 is as invalid as 255.
    let tweaked_parity = u8::try_from(tweaked_parity).unwrap_or(u8::MAX);
    Ok(verdict(secp256k1::xonly_tweak_add_check(&tweaked_key, tweaked_parity, &internal_key, &tweak)))
}

/// Takes base, exponent and modulus, each as pointer and length, and a pointer to as many bytes as the modulus has.
pub(crate) fn modexp(call: &mut Call<'_>, arguments: [u32; 7]) -> Answer {
    let [base, base_length, exponent, exponent_length, modulus, modulus_length, out] = arguments;
    let base_bytes = call.read(base, base_length)?.len();
    let modulus_bytes = call.read(modulus, modulus_length)?.len();
    call.read(out, modulus_length)?;
    call.read(exponent, exponent_length)?;
    // All bytes are read to compute the price, zeros included, so they are paid for first.
    let lengths = [base_length, exponent_length, modulus_length];
    let bytes = lengths.into_iter().map(u64::from).fold(0, u64::saturating_add);
    call.charge(bytes.saturating_mul(OPERAND_BYTE_FUEL))?;
    call.charge_units(power::work(base_bytes, call.read(exponent, exponent_length)?, modulus_bytes))?;
    let base = call.read(base, base_length)?;
    let exponent = call.read(exponent, exponent_length)?;
    let modulus = call.read(modulus, modulus_length)?;
    match power::modexp(base, exponent, modulus) {
        Ok(result) => {
            call.slice_mut(out, modulus_length)?.copy_from_slice(&result);
            Ok(Verdict::Holds as u32)
        }
        Err(error) => Ok(Verdict::from(error) as u32),
    }
}

pub(crate) fn bn254_add(call: &mut Call<'_>, [a, b, out]: [u32; 3]) -> Answer {
    let (a, b) = (call.read_array(a)?, call.read_array(b)?);
    answer(call, out, bn254::add(&a, &b))
}

pub(crate) fn bn254_mul(call: &mut Call<'_>, [point, scalar, out]: [u32; 3]) -> Answer {
    let (point, scalar) = (call.read_array(point)?, call.read_array(scalar)?);
    answer(call, out, bn254::mul(&point, &scalar))
}

pub(crate) fn bn254_pairing_check(call: &mut Call<'_>, [pairs, n]: [u32; 2]) -> Answer {
    let pairs = call.read_items_charged(pairs, n)?;
    Ok(verdict(bn254::pairing_check(pairs)))
}

pub(crate) fn bls12381_g1_add(call: &mut Call<'_>, [a, b, out]: [u32; 3]) -> Answer {
    let (a, b) = (call.read_array(a)?, call.read_array(b)?);
    answer(call, out, bls::g1_add(&a, &b))
}

pub(crate) fn bls12381_g2_add(call: &mut Call<'_>, [a, b, out]: [u32; 3]) -> Answer {
    let (a, b) = (call.read_array(a)?, call.read_array(b)?);
    answer(call, out, bls::g2_add(&a, &b))
}

pub(crate) fn bls12381_g1_msm(call: &mut Call<'_>, [terms, n, out]: [u32; 3]) -> Answer {
    call.read(out, length_of::<{ bls::G1_BYTES }>())?;
    let sum = bls::g1_msm(call.read_items_charged(terms, n)?);
    answer(call, out, sum)
}

pub(crate) fn bls12381_g2_msm(call: &mut Call<'_>, [terms, n, out]: [u32; 3]) -> Answer {
    call.read(out, length_of::<{ bls::G2_BYTES }>())?;
    let sum = bls::g2_msm(call.read_items_charged(terms, n)?);
    answer(call, out, sum)
}

pub(crate) fn bls12381_pairing_check(call: &mut Call<'_>, [pairs, n]: [u32; 2]) -> Answer {
    let pairs = call.read_items_charged(pairs, n)?;
    Ok(verdict(bls::pairing_check(pairs)))
}

pub(crate) fn bls12381_map_fp_to_g1(call: &mut Call<'_>, [element, out]: [u32; 2]) -> Answer {
    let element = call.read_array(element)?;
    answer(call, out, bls::map_fp_to_g1(&element))
}

pub(crate) fn bls12381_map_fp2_to_g2(call: &mut Call<'_>, [element, out]: [u32; 2]) -> Answer {
    let element = call.read_array(element)?;
    answer(call, out, bls::map_fp2_to_g2(&element))
}

pub(crate) fn bls_verify(call: &mut Call<'_>, [key, message, length, signature]: [u32; 4]) -> Answer {
    let (key, signature) = (call.read_array(key)?, call.read_array(signature)?);
    let message = call.read_charged(message, length)?;
    Ok(verdict(bls_signature::verify(&key, message, &signature)))
}

pub(crate) fn bls_fast_aggregate_verify(
    call: &mut Call<'_>,
    [keys, n, message, length, signature]: [u32; 5],
) -> Answer {
    let signature = call.read_array(signature)?;
    call.read(message, length)?;
    call.read_items::<PUBLIC_KEY_BYTES>(keys, n)?;
    call.charge(u64::from(length).saturating_mul(MESSAGE_BYTE_FUEL))?;
    call.charge_units(n)?;
    let (keys, message) = (call.read_items(keys, n)?, call.read(message, length)?);
    Ok(verdict(bls_signature::fast_aggregate_verify(keys, message, &signature)))
}

/// Takes as many messages of 32 bytes as keys.
pub(crate) fn bls_aggregate_verify(call: &mut Call<'_>, [keys, messages, n, signature]: [u32; 4]) -> Answer {
    let signature = call.read_array(signature)?;
    call.read_items::<PUBLIC_KEY_BYTES>(keys, n)?;
    call.read_items::<32>(messages, n)?;
    call.charge_units(n)?;
    let keys = call.read_items::<PUBLIC_KEY_BYTES>(keys, n)?;
    let messages = call.read_items::<32>(messages, n)?;
    let signers: Vec<_> = keys.iter().zip(messages).map(|(key, message)| (*key, &message[..])).collect();
    Ok(verdict(bls_signature::aggregate_verify(&signers, &signature)))
}

pub(crate) fn bls_aggregate(call: &mut Call<'_>, [signatures, n, out]: [u32; 3]) -> Answer {
    call.read(out, length_of::<SIGNATURE_BYTES>())?;
    let sum = bls_signature::aggregate(call.read_items_charged(signatures, n)?);
    answer(call, out, sum)
}

pub(crate) fn kzg_verify(call: &mut Call<'_>, [commitment, z, y, proof]: [u32; 4]) -> Answer {
    let (commitment, proof) = (call.read_array(commitment)?, call.read_array(proof)?);
    let (z, y) = (call.read_array(z)?, call.read_array(y)?);
    Ok(verdict(kzg::verify(&commitment, &z, &y, &proof)))
}

pub(crate) fn p256_verify(call: &mut Call<'_>, [digest, signature, key]: [u32; 3]) -> Answer {
    let (digest, signature) = (call.read_array(digest)?, call.read_array(signature)?);
    let key = call.read_array(key)?;
    Ok(verdict(p256::ecdsa_verify(&digest, &signature, &key)))
}

fn digest<const N: usize>(
    call: &mut Call<'_>,
    pointer: u32,
    length: u32,
    out: u32,
    function: impl FnOnce(&[u8]) -> [u8; N],
) -> Result<(), HostCallError> {
    call.read(out, length_of::<N>())?;
    let digest = function(call.read_charged(pointer, length)?);
    call.write(out, &digest)
}

/// Writes a result, if there is one. The range is checked in either case, so a bad pointer always traps.
fn answer<const N: usize>(
    call: &mut Call<'_>,
    out: u32,
    result: Result<[u8; N], impl Into<Verdict>>,
) -> Answer {
    call.read(out, length_of::<N>())?;
    match result {
        Ok(bytes) => call.write(out, &bytes).map(|()| Verdict::Holds as u32),
        Err(error) => Ok(error.into() as u32),
    }
}

fn verdict(result: Result<(), impl Into<Verdict>>) -> u32 {
    result.map_or_else(Into::into, |()| Verdict::Holds) as u32
}

/// A byte of a message where the unit of the import is a key: hashing it with SHA-256 takes 0.51 ns.
const MESSAGE_BYTE_FUEL: u64 = 13;
/// A byte of an operand of `modexp`, zeros included: it is read twice, at less than 1 ns.
const OPERAND_BYTE_FUEL: u64 = 25;
