//! The functions against the vectors of the EVM precompiles that they implement.
//!
//! Each function here is the precompile: it pads, cuts and counts as the EVM does, then calls the crate.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

mod data;

use std::path::Path;

use data::unhex;
use outrider_crypto::{
    blake2b,
    bls12_381::{self as bls, Bls12381Error},
    bn254::{self, Bn254Error},
    hash, modexp, secp256k1,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    List(Vec<Case>),
    Suite { data: Vec<Case> },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Case {
    name: String,
    input: String,
    expected: Option<String>,
    expected_error: Option<String>,
}

/// `None` is the failure of a precompile.
type Precompile = fn(&[u8]) -> Option<Vec<u8>>;

#[track_caller]
fn check(directory: &Path, files: &[&str], precompile: Precompile) {
    for file in files {
        let (File::List(cases) | File::Suite { data: cases }) =
            data::json(&directory.join("evm-precompiles").join(file));
        for case in &cases {
            assert_ne!(case.expected.is_some(), case.expected_error.is_some());
            assert_eq!(
                precompile(&unhex(&case.input)),
                case.expected.as_deref().map(unhex),
                "{file}: {}",
                case.name
            );
        }
        data::report(file, cases.len());
    }
}

#[test]
fn hashes_give_the_published_digests() {
    let Some(directory) = data::shared() else {
        return;
    };
    check(&directory, &["nimbus/sha256.json"], |input| Some(hash::sha256(input).to_vec()));
    check(&directory, &["nimbus/ripemd160.json"], |input| Some(left_pad(&hash::ripemd160(input))));
    check(&directory, &["nimbus/blake2F.json"], |input| {
        Some(blake2b::compress(input.try_into().ok()?).ok()?.to_vec())
    });
}

#[test]
fn ecrecover_gives_the_published_addresses() {
    let Some(directory) = data::shared() else {
        return;
    };
    check(&directory, &["nimbus/ecrecover.json"], |input| {
        let input: [u8; 128] = right_pad(input);
        let ([digest, v], []) = input[..64].as_chunks::<32>() else { unreachable!() };
        let signature = input[64..].try_into().unwrap();
        let recovered = v[..31]
            .iter()
            .all(|byte| *byte == 0)
            .then(|| v[31].checked_sub(27))
            .flatten()
            .and_then(|id| secp256k1::ecdsa_recover(digest, signature, id).ok());
        // What does not recover is no failure, but an empty answer.
        Some(recovered.map_or(vec![], |key| left_pad(&hash::keccak256(&key)[12..])))
    });
}

#[test]
fn modexp_gives_the_published_powers() {
    let Some(directory) = data::shared() else {
        return;
    };
    let files = ["nimbus/modexp.json", "nimbus/modexp_eip2565.json", "nimbus/modexp_eip7883.json"];
    check(&directory, &files, |input| {
        let header: [u8; 96] = right_pad(input);
        let length = |i: usize| {
            assert_eq!(header[32 * i..][..24], [0; 24]);
            u64::from_be_bytes(header[32 * i + 24..][..8].try_into().unwrap()) as usize
        };
        let (base, exponent, modulus) = (length(0), length(1), length(2));
        let mut operands = input.get(96..).unwrap_or_default().to_vec();
        operands.resize(base + exponent + modulus, 0);
        let (base, rest) = operands.split_at(base);
        let (exponent, modulus) = rest.split_at(exponent);
        Some(modexp::modexp(base, exponent, modulus).unwrap())
    });
}

#[test]
fn bn254_gives_the_published_points() {
    let Some(directory) = data::shared() else {
        return;
    };
    let files = ["nimbus/bn256Add.json", "nimbus/bn256Add_istanbul.json"];
    check(&directory, &files, |input| {
        let input: [u8; 128] = right_pad(input);
        let (a, b) = input.split_at(64);
        let sum = bn254::add(a.try_into().unwrap(), b.try_into().unwrap());
        Some(sum.ok()?.to_vec())
    });
    let files = ["nimbus/bn256mul.json", "nimbus/bn256mul_istanbul.json"];
    check(&directory, &files, |input| {
        let input: [u8; 96] = right_pad(input);
        let (point, scalar) = input.split_at(64);
        let product = bn254::mul(point.try_into().unwrap(), scalar.try_into().unwrap());
        Some(product.ok()?.to_vec())
    });
    let files = ["nimbus/pairing.json", "nimbus/pairing_istanbul.json"];
    check(&directory, &files, |input| match bn254::pairing_check(items(input)?) {
        Ok(()) => Some(left_pad(&[1])),
        Err(Bn254Error::Refuted) => Some(left_pad(&[0])),
        Err(_) => None,
    });
}

#[test]
fn bls12_381_gives_the_published_points() {
    let Some(directory) = data::shared() else {
        return;
    };
    let files = ["eip-2537/add_G1_bls.json", "eip-2537/fail-add_G1_bls.json"];
    check(&directory, &files, |input| match items(input)? {
        [a, b] => Some(bls::g1_add(a, b).ok()?.to_vec()),
        _ => None,
    });
    let files = ["eip-2537/add_G2_bls.json", "eip-2537/fail-add_G2_bls.json"];
    check(&directory, &files, |input| match items(input)? {
        [a, b] => Some(bls::g2_add(a, b).ok()?.to_vec()),
        _ => None,
    });
    let files = [
        "eip-2537/mul_G1_bls.json",
        "eip-2537/msm_G1_bls.json.gz",
        "eip-2537/fail-mul_G1_bls.json",
        "eip-2537/fail-msm_G1_bls.json",
    ];
    check(&directory, &files, |input| Some(bls::g1_msm(items(input)?).ok()?.to_vec()));
    let files =
        ["eip-2537/mul_G2_bls.json", "eip-2537/fail-mul_G2_bls.json", "eip-2537/fail-msm_G2_bls.json"];
    check(&directory, &files, |input| Some(bls::g2_msm(items(input)?).ok()?.to_vec()));
    let files = ["eip-2537/pairing_check_bls.json", "eip-2537/fail-pairing_check_bls.json"];
    check(&directory, &files, |input| match bls::pairing_check(items(input)?) {
        Ok(()) => Some(left_pad(&[1])),
        Err(Bls12381Error::Refuted) => Some(left_pad(&[0])),
        Err(_) => None,
    });
    let files = ["eip-2537/map_fp_to_G1_bls.json", "eip-2537/fail-map_fp_to_G1_bls.json"];
    check(&directory, &files, |input| Some(bls::map_fp_to_g1(input.try_into().ok()?).ok()?.to_vec()));
    let files = ["eip-2537/map_fp2_to_G2_bls.json", "eip-2537/fail-map_fp2_to_G2_bls.json"];
    check(&directory, &files, |input| Some(bls::map_fp2_to_g2(input.try_into().ok()?).ok()?.to_vec()));
}

/// The whole input as items of a fixed size, or `None` when a part is left.
fn items<const N: usize>(input: &[u8]) -> Option<&[[u8; N]]> {
    match input.as_chunks() {
        (items, []) => Some(items),
        _ => None,
    }
}

/// The first `N` bytes of an endless input of zeros after the given bytes.
fn right_pad<const N: usize>(input: &[u8]) -> [u8; N] {
    std::array::from_fn(|i| input.get(i).copied().unwrap_or(0))
}

fn left_pad(output: &[u8]) -> Vec<u8> {
    let mut word = vec![0; 32 - output.len()];
    word.extend_from_slice(output);
    word
}
