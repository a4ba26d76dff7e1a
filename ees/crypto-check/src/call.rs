//! The calls that claims are about.

use alloc::vec::Vec;

use outrider_sdk::{ReadError, Reader, crypto};

use crate::{Answer, TransitionError};

/// Reads the parameters of an import, and calls it.
pub(crate) fn call(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    match import {
        0..=3 => hash(import, reader),
        4..=6 => secp256k1(import, reader),
        7 => modexp(reader),
        8..=10 => bn254(import, reader),
        11..=17 => bls12_381(import, reader),
        18..=21 => bls_signature(import, reader),
        22 => kzg(reader),
        23 => p256(reader),
        got => Err(TransitionError::UnknownImport { offset: reader.offset() - 1, got }),
    }
}

fn hash(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    if import == 3 {
        return Ok(crypto::blake2b_compress(&reader.take_array()?).into());
    }
    let length = reader.u32_le()?;
    let bytes = reader.take(length as usize)?;
    Ok(match import {
        0 => Answer::written(crypto::keccak256(bytes)),
        1 => Answer::written(crypto::sha256(bytes)),
        _ => Answer::written(crypto::ripemd160(bytes)),
    })
}

fn secp256k1(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let number = reader.u32_le()?;
    Ok(match import {
        4 => {
            let id = u8::try_from(number).map_err(|_| TransitionError::RecoveryId { got: number })?;
            let (digest, signature) = (reader.take_array()?, reader.take_array()?);
            crypto::secp256k1_recover(&digest, &signature, id).into()
        }
        5 => {
            let (digest, signature) = (reader.take_array()?, reader.take_array()?);
            crypto::secp256k1_verify(&digest, &signature, reader.take(number as usize)?).into()
        }
        _ => {
            let message = reader.take(number as usize)?;
            crypto::schnorr_verify(message, &reader.take_array()?, &reader.take_array()?).into()
        }
    })
}

fn modexp(reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let lengths = [reader.u32_le()?, reader.u32_le()?, reader.u32_le()?];
    let [base, exponent, modulus] = lengths.map(|length| reader.take(length as usize));
    Ok(crypto::modexp(base?, exponent?, modulus?).into())
}

fn bn254(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    Ok(match import {
        8 => crypto::bn254_add(&reader.take_array()?, &reader.take_array()?).into(),
        9 => crypto::bn254_mul(&reader.take_array()?, &reader.take_array()?).into(),
        _ => crypto::bn254_pairing_check(&list(reader)?).into(),
    })
}

fn bls12_381(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    Ok(match import {
        11 => crypto::bls12381_g1_add(&reader.take_array()?, &reader.take_array()?).into(),
        12 => crypto::bls12381_g2_add(&reader.take_array()?, &reader.take_array()?).into(),
        13 => crypto::bls12381_g1_msm(&list(reader)?).into(),
        14 => crypto::bls12381_g2_msm(&list(reader)?).into(),
        15 => crypto::bls12381_pairing_check(&list(reader)?).into(),
        16 => crypto::bls12381_map_fp_to_g1(&reader.take_array()?).into(),
        _ => crypto::bls12381_map_fp2_to_g2(&reader.take_array()?).into(),
    })
}

fn bls_signature(import: u8, reader: &mut Reader<'_>) -> Result<Answer, TransitionError> {
    let number = reader.u32_le()?;
    Ok(match import {
        18 => {
            let (key, message) = (reader.take_array()?, reader.take(number as usize)?);
            crypto::bls_verify(&key, message, &reader.take_array()?).into()
        }
        19 => {
            let length = reader.u32_le()?;
            let (keys, message) = (items(number, reader)?, reader.take(length as usize)?);
            crypto::bls_fast_aggregate_verify(&keys, message, &reader.take_array()?).into()
        }
        20 => {
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
