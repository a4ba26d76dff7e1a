//! The calls that claims are about.

use alloc::vec::Vec;

use outrider_sdk::{ReadError, Reader, crypto};

use crate::{Answer, TransitionError};

/// Reads the parameters of an import, and calls it.
pub(crate) fn call(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    match import {
        0..=4 => hash(import, reader),
        5..=8 => secp256k1(import, reader),
        9 => modexp(reader),
        10..=12 => bn254(import, reader),
        13..=19 => bls12_381(import, reader),
        20..=23 => bls_signature(import, reader),
        24 => kzg(reader),
        25 => p256(reader),
        got => Err(TransitionError::UnknownImport { offset: reader.offset() - 1, got }),
    }
}

fn hash(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    if import == 4 {
        return Ok(crypto::blake2b_compress(&reader.take_array()?).into());
    }
    let length = reader.u32_le()?;
    let bytes = reader.take(length as usize)?;
    Ok(match import {
        0 => Answer::written(crypto::keccak256(bytes)),
        1 => Answer::written(crypto::sha256(bytes)),
        2 => Answer::written(crypto::sha512_256(bytes)),
        _ => Answer::written(crypto::ripemd160(bytes)),
    })
}

fn secp256k1(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let number = reader.u32_le()?;
    Ok(match import {
        5 => {
            let id = byte(number)?;
            let (digest, signature) = (reader.take_array()?, reader.take_array()?);
            crypto::secp256k1_recover(&digest, &signature, id).into()
        }
        6 => {
            let (digest, signature) = (reader.take_array()?, reader.take_array()?);
            crypto::secp256k1_verify(&digest, &signature, reader.take(number as usize)?).into()
        }
        7 => {
            let message = reader.take(number as usize)?;
            crypto::schnorr_verify(message, &reader.take_array()?, &reader.take_array()?).into()
        }
        _ => {
            let parity = byte(number)?;
            let (tweaked_key, internal_key) = (reader.take_array()?, reader.take_array()?);
            let tweak = reader.take_array()?;
            crypto::secp256k1_xonly_tweak_add_check(&tweaked_key, parity, &internal_key, &tweak).into()
        }
    })
}

/// Converts a recovery id or a parity.
fn byte(number: u32) -> Result<u8, TransitionError> {
    u8::try_from(number).map_err(|_| TransitionError::NotAByte { got: number })
}

fn modexp(reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let lengths = [reader.u32_le()?, reader.u32_le()?, reader.u32_le()?];
    let [base, exponent, modulus] = lengths.map(|length| reader.take(length as usize));
    Ok(crypto::modexp(base?, exponent?, modulus?).into())
}

fn bn254(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    Ok(match import {
        10 => crypto::bn254_add(&reader.take_array()?, &reader.take_array()?).into(),
        11 => crypto::bn254_mul(&reader.take_array()?, &reader.take_array()?).into(),
        _ => crypto::bn254_pairing_check(&list(reader)?).into(),
    })
}

fn bls12_381(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    Ok(match import {
        13 => crypto::bls12381_g1_add(&reader.take_array()?, &reader.take_array()?).into(),
        14 => crypto::bls12381_g2_add(&reader.take_array()?, &reader.take_array()?).into(),
        15 => crypto::bls12381_g1_msm(&list(reader)?).into(),
        16 => crypto::bls12381_g2_msm(&list(reader)?).into(),
        17 => crypto::bls12381_pairing_check(&list(reader)?).into(),
        18 => crypto::bls12381_map_fp_to_g1(&reader.take_array()?).into(),
        _ => crypto::bls12381_map_fp2_to_g2(&reader.take_array()?).into(),
    })
}

fn bls_signature(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let number = reader.u32_le()?;
    Ok(match import {
        20 => {
            let (key, message) = (reader.take_array()?, reader.take(number as usize)?);
            crypto::bls_verify(&key, message, &reader.take_array()?).into()
        }
        21 => {
            let length = reader.u32_le()?;
            let (keys, message) = (items(number, reader)?, reader.take(length as usize)?);
            crypto::bls_fast_aggregate_verify(&keys, message, &reader.take_array()?).into()
        }
        22 => {
            let (keys, messages) = (items(number, reader)?, items(number, reader)?);
            let signers: Vec<_> = keys.into_iter().zip(messages).collect();
            crypto::bls_aggregate_verify(&signers, &reader.take_array()?).into()
        }
        _ => crypto::bls_aggregate(&items(number, reader)?).into(),
    })
}

fn kzg(reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let (commitment, z, y) = (reader.take_array()?, reader.take_array()?, reader.take_array()?);
    Ok(crypto::kzg_verify(&commitment, &z, &y, &reader.take_array()?).into())
}

fn p256(reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let (digest, signature) = (reader.take_array()?, reader.take_array()?);
    Ok(crypto::p256_verify(&digest, &signature, &reader.take_array()?).into())
}

/// Reads `u32 n | n items`.
fn list<const N: usize>(reader: &mut Reader<'_>) -> Result<Vec<[u8; N]>, ReadError> {
    let n = reader.u32_le()?;
    items(n, reader)
}

/// Reads `n` items of `N` bytes.
fn items<const N: usize>(n: u32, reader: &mut Reader<'_>) -> Result<Vec<[u8; N]>, ReadError> {
    // A length that does not fit in a `usize` is more than any reader has left.
    let bytes = reader.take((n as usize).saturating_mul(N))?;
    Ok(bytes.as_chunks().0.to_vec())
}
