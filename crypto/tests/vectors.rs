//! Tests of the functions against published vectors, each as a call of the function's import.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used
)]

use outrider_crypto::{
    Verdict, blake2b, bls_signature, bls12_381 as bls, bn254, hash, kzg, modexp::modexp, p256, secp256k1,
};
use outrider_crypto_vectors::{
    Argument::{self, Bytes, Number, Out},
    Vector, bip340, bip341, consensus, excerpt, kzg as kzg_vectors, p256 as p256_vectors, precompiles,
    wycheproof,
};

#[test]
fn the_excerpt_holds() {
    check(&excerpt::vectors());
}

#[test]
fn precompiles_give_the_published_answers() {
    check(&precompiles::vectors());
}

#[test]
fn schnorr_agrees_with_bip_340() {
    check(&bip340::vectors());
}

#[test]
fn tweaks_agree_with_bip_341() {
    check(&bip341::vectors());
}

#[test]
fn signatures_agree_with_wycheproof() {
    check(&wycheproof::vectors());
}

#[test]
fn bls_signatures_agree_with_the_consensus_specs() {
    check(&consensus::vectors());
}

#[test]
fn kzg_proofs_agree_with_the_consensus_specs() {
    check(&kzg_vectors::vectors());
}

#[test]
fn p256_agrees_with_wycheproof_and_rip_7212() {
    check(&p256_vectors::vectors());
}

/// Verification accepts an x over the group order; recovery does not.
#[test]
fn only_keys_under_which_a_signature_verifies_recover_from_it() {
    let mut n_recovered = 0;
    for vector in wycheproof::ecdsa() {
        let [Bytes(digest), Bytes(signature), Bytes(key), _] = &vector.arguments[..] else { unreachable!() };
        let (digest, signature) = (array(digest), array(signature));
        let verified = secp256k1::ecdsa_verify(&digest, &signature, key).is_ok();
        let recovers = [0, 1].into_iter().any(|id| {
            secp256k1::ecdsa_recover(&digest, &signature, id).is_ok_and(|recovered| recovered == key[1..])
        });
        assert!(verified || !recovers, "{}", vector.name);
        n_recovered += u32::from(recovers);
    }
    assert!(n_recovered > 0);
}

#[track_caller]
fn check(vectors: &[Vector]) {
    for vector in vectors {
        let (code, out) = call(&vector.import, &vector.arguments);
        vector.check(code, &out);
    }
    println!("{} vectors", vectors.len());
}

/// Computes what an import computes, without memory and fuel.
fn call(import: &str, arguments: &[Argument]) -> (u32, Vec<u8>) {
    match (import, arguments) {
        ("keccak256", [Bytes(bytes), ..]) => (0, hash::keccak256(bytes).to_vec()),
        ("sha256", [Bytes(bytes), ..]) => (0, hash::sha256(bytes).to_vec()),
        ("sha512_256", [Bytes(bytes), ..]) => (0, hash::sha512_256(bytes).to_vec()),
        ("ripemd160", [Bytes(bytes), ..]) => (0, hash::ripemd160(bytes).to_vec()),
        ("blake2bCompress", [Bytes(input), Out(_)]) => answer(blake2b::compress(&array(input))),
        ("secp256k1Recover", [Bytes(digest), Bytes(signature), Number(id), Out(_)]) => {
            answer(secp256k1::ecdsa_recover(&array(digest), &array(signature), u8::try_from(*id).unwrap()))
        }
        ("secp256k1Verify", [Bytes(digest), Bytes(signature), Bytes(key), _]) => {
            verdict(secp256k1::ecdsa_verify(&array(digest), &array(signature), key))
        }
        ("schnorrVerify", [Bytes(message), _, Bytes(signature), Bytes(key)]) => {
            verdict(secp256k1::schnorr_verify(message, &array(signature), &array(key)))
        }
        (
            "secp256k1XonlyTweakAddCheck",
            [Bytes(tweaked_key), Number(parity), Bytes(internal_key), Bytes(tweak)],
        ) => verdict(secp256k1::xonly_tweak_add_check(
            &array(tweaked_key),
            u8::try_from(*parity).unwrap(),
            &array(internal_key),
            &array(tweak),
        )),
        ("modexp", [Bytes(base), _, Bytes(exponent), _, Bytes(modulus), _, Out(_)]) => {
            answer(modexp(base, exponent, modulus))
        }
        ("bn254Add", [Bytes(a), Bytes(b), Out(_)]) => answer(bn254::add(&array(a), &array(b))),
        ("bn254Mul", [Bytes(a), Bytes(scalar), Out(_)]) => answer(bn254::mul(&array(a), &array(scalar))),
        ("bn254PairingCheck", [Bytes(pairs), _]) => verdict(bn254::pairing_check(items(pairs))),
        ("bls12381G1Add", [Bytes(a), Bytes(b), Out(_)]) => answer(bls::g1_add(&array(a), &array(b))),
        ("bls12381G2Add", [Bytes(a), Bytes(b), Out(_)]) => answer(bls::g2_add(&array(a), &array(b))),
        ("bls12381G1Msm", [Bytes(terms), _, Out(_)]) => answer(bls::g1_msm(items(terms))),
        ("bls12381G2Msm", [Bytes(terms), _, Out(_)]) => answer(bls::g2_msm(items(terms))),
        ("bls12381PairingCheck", [Bytes(pairs), _]) => verdict(bls::pairing_check(items(pairs))),
        ("bls12381MapFpToG1", [Bytes(element), Out(_)]) => answer(bls::map_fp_to_g1(&array(element))),
        ("bls12381MapFp2ToG2", [Bytes(element), Out(_)]) => answer(bls::map_fp2_to_g2(&array(element))),
        ("blsVerify", [Bytes(key), Bytes(message), _, Bytes(signature)]) => {
            verdict(bls_signature::verify(&array(key), message, &array(signature)))
        }
        ("blsFastAggregateVerify", [Bytes(keys), _, Bytes(message), _, Bytes(signature)]) => {
            verdict(bls_signature::fast_aggregate_verify(items(keys), message, &array(signature)))
        }
        ("blsAggregateVerify", [Bytes(keys), Bytes(messages), _, Bytes(signature)]) => {
            let messages = items::<32>(messages).iter().map(|message| &message[..]);
            let signers: Vec<_> = items(keys).iter().copied().zip(messages).collect();
            verdict(bls_signature::aggregate_verify(&signers, &array(signature)))
        }
        ("blsAggregate", [Bytes(signatures), _, Out(_)]) => {
            answer(bls_signature::aggregate(items(signatures)))
        }
        ("kzgVerify", [Bytes(commitment), Bytes(z), Bytes(y), Bytes(proof)]) => {
            verdict(kzg::verify(&array(commitment), &array(z), &array(y), &array(proof)))
        }
        ("p256Verify", [Bytes(digest), Bytes(signature), Bytes(key)]) => {
            verdict(p256::ecdsa_verify(&array(digest), &array(signature), &array(key)))
        }
        _ => panic!("no import {import} with {arguments:?}"),
    }
}

fn answer(result: Result<impl AsRef<[u8]>, impl Into<Verdict>>) -> (u32, Vec<u8>) {
    match result {
        Ok(output) => (Verdict::Holds as u32, output.as_ref().to_vec()),
        Err(error) => (error.into() as u32, Vec::new()),
    }
}

fn verdict(result: Result<(), impl Into<Verdict>>) -> (u32, Vec<u8>) {
    answer(result.map(|()| []))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap()
}

fn items<const N: usize>(bytes: &[u8]) -> &[[u8; N]] {
    let (items, []) = bytes.as_chunks() else { panic!("not whole items") };
    items
}
