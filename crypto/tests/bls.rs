//! BLS signatures against the vectors of the consensus specs, and the maps to the curve against those
//! of RFC 9380.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

mod data;

use data::unhex;
use outrider_crypto::{
    bls_signature::{self, BlsSignatureError},
    bls12_381 as bls,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Sign {
        privkey: String,
        message: String,
    },
    Verify {
        pubkey: String,
        message: String,
        signature: String,
    },
    AggregateVerify {
        pubkeys: Vec<String>,
        messages: Vec<String>,
        signature: String,
    },
    FastAggregateVerify {
        pubkeys: Vec<String>,
        message: String,
        signature: String,
    },
    DecodePublicKey {
        pubkey: String,
    },
    DecodeSignature {
        signature: String,
    },
    Aggregate(Vec<String>),
    HashToG2 {
        #[serde(rename = "msg")]
        _message: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Output {
    Verdict(bool),
    Signature(String),
    Point {},
    Refused(()),
}

#[derive(Deserialize)]
struct Case {
    input: Input,
    output: Output,
}

/// v0.12.3 takes the infinite key with the infinite signature; since v1.0 this has to be refused, and
/// the module's documentation says why that is followed.
const SINCE_REVERSED: &str = "verify_infinity_pubkey_and_infinity_signature";

#[test]
fn signatures_agree_with_consensus_specs_v0_12_3() {
    let Some(directory) = data::shared() else {
        return;
    };
    let files = data::archive(&directory.join("consensus/bls-v0.12.3.tar.gz"));
    let (mut n_cases, mut n_reversed) = (0, 0);
    for (name, text) in files {
        let mut case: Case = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name.contains(SINCE_REVERSED) {
            assert!(matches!(case.output, Output::Verdict(true)));
            case.output = Output::Verdict(false);
            n_reversed += 1;
        }
        n_cases += usize::from(check(&name, &case));
    }
    assert_eq!(n_reversed, 1);
    data::report("bls-v0.12.3", n_cases);
}

#[test]
fn signatures_agree_with_bls12_381_tests_v0_1_1() {
    let Some(directory) = data::shared() else {
        return;
    };
    let files = data::archive(&directory.join("consensus/bls12-381-tests-v0.1.1.tar.gz"));
    let mut n_cases = 0;
    for (name, text) in files {
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        n_cases += usize::from(check(&name, &case));
    }
    data::report("bls12-381-tests-v0.1.1", n_cases);
}

/// Checks a case, unless it is of a function that this crate has not.
#[track_caller]
fn check(name: &str, case: &Case) -> bool {
    let verdict = match &case.input {
        Input::Sign { privkey, message } => {
            // Nothing here signs. The published signature must verify, and be the only one to.
            let Output::Signature(signature) = &case.output else { panic!("{name}: no signature") };
            let secret = blst::min_pk::SecretKey::from_bytes(&unhex(privkey)).unwrap();
            let key = secret.sk_to_pk().to_bytes();
            let message = unhex(message);
            let signature = unhex(signature).try_into().unwrap();
            assert_eq!(bls_signature::verify(&key, &message, &signature), Ok(()), "{name}");
            return true;
        }
        Input::Verify { pubkey, message, signature } => unhex_array(pubkey)
            .zip(unhex_array(signature))
            .is_some_and(|(key, signature)| bls_signature::verify(&key, &unhex(message), &signature).is_ok()),
        Input::AggregateVerify { pubkeys, messages, signature } => {
            assert_eq!(pubkeys.len(), messages.len());
            let messages: Vec<_> = messages.iter().map(|message| unhex(message)).collect();
            let signers: Option<Vec<_>> = pubkeys
                .iter()
                .zip(&messages)
                .map(|(key, message)| Some((unhex_array(key)?, &message[..])))
                .collect();
            signers.zip(unhex_array(signature)).is_some_and(|(signers, signature)| {
                bls_signature::aggregate_verify(&signers, &signature).is_ok()
            })
        }
        Input::FastAggregateVerify { pubkeys, message, signature } => {
            let keys: Option<Vec<_>> = pubkeys.iter().map(|key| unhex_array(key)).collect();
            keys.zip(unhex_array(signature)).is_some_and(|(keys, signature)| {
                bls_signature::fast_aggregate_verify(&keys, &unhex(message), &signature).is_ok()
            })
        }
        // Only decoding is asked for, so a signature that does not verify will do to reach the key.
        Input::DecodePublicKey { pubkey } => unhex_array(pubkey).is_some_and(|key| {
            bls_signature::verify(&key, b"", &INFINITE_SIGNATURE) == Err(BlsSignatureError::Refuted)
        }),
        Input::DecodeSignature { signature } => unhex_array(signature)
            .is_some_and(|signature| bls_signature::aggregate(&[signature]) == Ok(signature)),
        Input::Aggregate(signatures) => {
            let signatures: Vec<_> =
                signatures.iter().map(|signature| unhex_array(signature).unwrap()).collect();
            let expected = match &case.output {
                Output::Signature(sum) => unhex_array(sum),
                Output::Refused(()) => None,
                _ => panic!("{name}: neither a signature nor a refusal"),
            };
            assert_eq!(bls_signature::aggregate(&signatures).ok(), expected, "{name}");
            return true;
        }
        Input::HashToG2 { .. } => return false,
    };
    let Output::Verdict(expected) = case.output else { panic!("{name}: no verdict") };
    assert_eq!(verdict, expected, "{name}");
    true
}

const INFINITE_SIGNATURE: [u8; 96] = {
    let mut signature = [0; 96];
    signature[0] = 0xc0;
    signature
};

/// `None` for a wrong length, which no function here can be given.
fn unhex_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex(text).try_into().ok()
}

#[derive(Deserialize)]
struct Wycheproof {
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    ciphersuite: String,
    public_key: Key,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Key {
    pk: String,
}

#[derive(Deserialize)]
struct Test {
    comment: String,
    msg: String,
    sig: String,
    result: String,
}

#[test]
fn signatures_agree_with_wycheproof() {
    let suite: Wycheproof = data::json(&data::own("bls_sig_g2_pop_verify_test.json.gz"));
    let mut n_cases = 0;
    for group in &suite.groups {
        assert_eq!(group.ciphersuite, "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_");
        let key = unhex_array(&group.public_key.pk).unwrap();
        for test in &group.tests {
            let verdict = unhex_array(&test.sig)
                .is_some_and(|signature| bls_signature::verify(&key, &unhex(&test.msg), &signature).is_ok());
            assert_eq!(verdict, test.result == "valid", "{}", test.comment);
            n_cases += 1;
        }
    }
    data::report("wycheproof bls_sig_g2_pop_verify", n_cases);
}

#[derive(Deserialize)]
struct HashToCurve {
    vectors: Vec<Mapped>,
}

#[derive(Deserialize)]
struct Mapped {
    #[serde(rename = "P")]
    point: Coordinates,
    u: Vec<String>,
}

#[derive(Deserialize)]
struct Coordinates {
    x: String,
    y: String,
}

/// Hashing maps two elements and clears the cofactor of their sum; the maps here clear it of each,
/// which sums up to the same point.
#[test]
fn maps_agree_with_hash_to_curve() {
    let Some(directory) = data::shared() else {
        return;
    };
    let files = data::archive(&directory.join("consensus/hash-to-curve.tar.gz"));
    let mut n_cases = 0;
    for (name, text) in files.iter().filter(|(name, _)| name.contains("SSWU")) {
        let suite: HashToCurve = serde_json::from_str(text).unwrap();
        for vector in &suite.vectors {
            let expected = [padded(&vector.point.x), padded(&vector.point.y)].concat();
            let [u0, u1] = &vector.u[..] else { panic!("{name}: not two elements") };
            let (u0, u1) = (padded(u0), padded(u1));
            let sum = if name.contains("_G1_") {
                let [a, b] = [u0, u1].map(|u| bls::map_fp_to_g1(&u.try_into().unwrap()).unwrap());
                bls::g1_add(&a, &b).unwrap().to_vec()
            } else {
                let [a, b] = [u0, u1].map(|u| bls::map_fp2_to_g2(&u.try_into().unwrap()).unwrap());
                bls::g2_add(&a, &b).unwrap().to_vec()
            };
            assert_eq!(sum, expected, "{name}");
            n_cases += 1;
        }
    }
    data::report("hash-to-curve", n_cases);
}

/// Field elements, separated by commas, each to 64 bytes.
fn padded(elements: &str) -> Vec<u8> {
    elements
        .split(',')
        .flat_map(|element| unhex(&format!("{:0>128}", element.trim_start_matches("0x"))))
        .collect()
}
