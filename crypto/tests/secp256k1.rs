//! Signatures over secp256k1 against the vectors of BIP-340 and of Wycheproof.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

mod data;

use data::unhex;
use outrider_crypto::{hash, secp256k1};
use serde::Deserialize;

#[test]
fn schnorr_agrees_with_bip_340() {
    let text = String::from_utf8(data::bytes(&data::own("bip-0340.csv"))).unwrap();
    let mut n_cases = 0;
    for row in text.lines().skip(1) {
        let mut columns = row.splitn(8, ',');
        let mut column = || columns.next().unwrap();
        let (index, _secret, key, _aux) = (column(), column(), column(), column());
        let (message, signature, result) = (column(), column(), column());
        let verdict = secp256k1::schnorr_verify(
            &unhex(message),
            &unhex(signature).try_into().unwrap(),
            &unhex(key).try_into().unwrap(),
        );
        assert_eq!(verdict.is_ok(), result == "TRUE", "row {index}: {verdict:?}");
        n_cases += 1;
    }
    data::report("BIP-340", n_cases);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wycheproof {
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key: Key,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Key {
    uncompressed: String,
}

#[derive(Deserialize)]
struct Test {
    comment: String,
    msg: String,
    sig: String,
    result: String,
}

#[test]
fn ecdsa_agrees_with_wycheproof() {
    let name = "ecdsa_secp256k1_sha256_p1363_test.json.gz";
    let suite: Wycheproof = data::json(&data::own(name));
    let mut n_cases = 0;
    for group in &suite.test_groups {
        let key = unhex(&group.public_key.uncompressed);
        for test in &group.tests {
            let digest = hash::sha256(&unhex(&test.msg));
            // A signature of another length than 64 cannot be passed, and must be an invalid one.
            let verified = unhex(&test.sig).try_into().is_ok_and(|signature| {
                let verified = secp256k1::ecdsa_verify(&digest, &signature, &key).is_ok();
                let recovers = [0, 1].into_iter().any(|id| {
                    secp256k1::ecdsa_recover(&digest, &signature, id)
                        .is_ok_and(|recovered| recovered == key[1..])
                });
                // Recovery knows no x over the group order, where verification does.
                assert!(verified || !recovers, "{}", test.comment);
                verified
            });
            assert_eq!(verified, test.result == "valid", "{}", test.comment);
            n_cases += 1;
        }
    }
    data::report("wycheproof ecdsa_secp256k1_sha256_p1363", n_cases);
}
