//! The vectors of Wycheproof: ECDSA over secp256k1 with SHA-256, and BLS signatures.
//!
//! An import cannot take a signature of a wrong length; such cases have to be invalid.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    Argument, Expected, Vector,
    files::{self, unhex},
};

/// Returns the vectors of ECDSA and of BLS signatures.
pub fn vectors() -> Vec<Vector> {
    [ecdsa(), bls()].concat()
}

/// Returns the vectors of ECDSA, with signatures as `r || s`.
pub fn ecdsa() -> Vec<Vector> {
    vectors_of(
        "ecdsa_secp256k1_sha256_p1363_test.json.gz",
        "secp256k1Verify",
        64,
        |key, message, signature| {
            let [digest, signature, key] =
                [&Sha256::digest(message)[..], signature, key].map(Argument::bytes);
            vec![digest, signature, key, Argument::number(65)]
        },
    )
}

/// Returns the vectors of BLS signatures.
pub fn bls() -> Vec<Vector> {
    vectors_of("bls_sig_g2_pop_verify_test.json.gz", "blsVerify", 96, |key, message, signature| {
        let length = Argument::number(message.len());
        let [key, message, signature] = [key, message, signature].map(Argument::bytes);
        vec![key, message, length, signature]
    })
}

/// Converts key, message and signature into arguments.
type ToArguments = fn(&[u8], &[u8], &[u8]) -> Vec<Argument>;

fn vectors_of(file: &str, import: &str, signature_bytes: usize, arguments: ToArguments) -> Vec<Vector> {
    let suite: Suite = files::json(&files::own(file));
    let mut vectors = Vec::new();
    for group in &suite.groups {
        let key = unhex(&group.public_key.bytes);
        for test in &group.tests {
            let name = format!("{file}: {}: {}", test.id, test.comment);
            let signature = unhex(&test.signature);
            let valid = test.result == "valid";
            if signature.len() != signature_bytes {
                assert!(!valid, "{name}: cannot be called");
                continue;
            }
            vectors.push(Vector {
                name,
                import: import.to_owned(),
                arguments: arguments(&key, &unhex(&test.message), &signature),
                expected: if valid { Expected::Holds } else { Expected::Refused },
            });
        }
    }
    vectors
}

#[derive(Deserialize)]
struct Suite {
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(rename = "publicKey")]
    public_key: Key,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Key {
    #[serde(alias = "pk", alias = "uncompressed")]
    bytes: String,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "tcId")]
    id: u32,
    comment: String,
    #[serde(rename = "msg")]
    message: String,
    #[serde(rename = "sig")]
    signature: String,
    result: String,
}
