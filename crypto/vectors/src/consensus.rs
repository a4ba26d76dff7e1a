//! The vectors of BLS signatures: the consensus specs v0.12.3, and `bls12-381-tests` v0.1.1.

use serde::Deserialize;

use crate::{
    Argument::{self, Out},
    Expected, Vector,
    files::{self, unhex},
};

/// Returns the vectors, or none without the data set.
pub fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (name, text) in files::archive("consensus/bls-v0.12.3.tar.gz") {
        let case = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        vectors.extend(vectors_of(&name, &case));
    }
    for (name, text) in files::archive("consensus/bls12-381-tests-v0.1.1.tar.gz") {
        let case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        vectors.extend(vectors_of(&name, &case));
    }
    vectors
}

#[derive(Deserialize)]
struct Case {
    input: Input,
    output: Output,
}

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

/// v0.12.3 accepts the infinite key with the infinite signature. Since v1.0 it has to be refused;
/// `outrider_crypto::bls_signature` says why it is refused here.
const SINCE_REVERSED: &str = "verify_infinity_pubkey_and_infinity_signature";

/// Converts a case into vectors.
///
/// Hashing to the curve has no import, so its cases give no vectors. Cases with keys or signatures of a wrong length
/// give none either, as an import cannot take them; such cases have to be invalid.
fn vectors_of(name: &str, case: &Case) -> Vec<Vector> {
    let Some(expected) = expected(name, case) else { return Vec::new() };
    let calls = calls(case).unwrap_or_default();
    let may_be_impossible = matches!(expected, Expected::Refused | Expected::Malformed);
    assert!(may_be_impossible || !calls.is_empty(), "{name}: cannot be called");
    let vectors = calls.into_iter().map(|(import, arguments)| Vector {
        name: name.to_owned(),
        import: import.to_owned(),
        arguments,
        expected: expected.clone(),
    });
    vectors.collect()
}

/// Returns the expected answer of the imports, or `None` if no import computes the case's function.
fn expected(name: &str, case: &Case) -> Option<Expected> {
    Some(match (&case.input, &case.output) {
        (Input::HashToG2 { .. }, Output::Point {}) => return None,
        // No import signs. The published signature has to verify.
        (Input::Sign { .. }, Output::Signature(_)) => Expected::Holds,
        // The case asks only for decoding: see `calls`.
        (Input::DecodePublicKey { .. }, Output::Verdict(true)) => Expected::Refuted,
        (Input::DecodeSignature { signature }, Output::Verdict(true)) => Expected::Output(unhex(signature)),
        (Input::DecodePublicKey { .. } | Input::DecodeSignature { .. }, Output::Verdict(false)) => {
            Expected::Malformed
        }
        (Input::Aggregate(_), Output::Signature(sum)) => Expected::Output(unhex(sum)),
        (Input::Aggregate(_), Output::Refused(())) => Expected::Malformed,
        (_, Output::Verdict(true)) if name.contains(SINCE_REVERSED) => Expected::Malformed,
        (_, Output::Verdict(true)) => Expected::Holds,
        (_, Output::Verdict(false)) => Expected::Refused,
        _ => panic!("{name}: input and output do not match"),
    })
}

/// Returns imports and their arguments, or `None` if a key or signature has a wrong length.
fn calls(case: &Case) -> Option<Vec<(&'static str, Vec<Argument>)>> {
    match (&case.input, &case.output) {
        (Input::Sign { privkey, message }, Output::Signature(signature)) => {
            let secret = blst::min_pk::SecretKey::from_bytes(&unhex(privkey)).unwrap();
            single_signer(&hex::encode(secret.sk_to_pk().to_bytes()), message, signature)
        }
        (Input::Verify { pubkey, message, signature }, _) => single_signer(pubkey, message, signature),
        (Input::AggregateVerify { pubkeys, messages, signature }, _) => {
            Some(vec![aggregate(pubkeys, messages, signature)?])
        }
        (Input::FastAggregateVerify { pubkeys, message, signature }, _) => {
            Some(vec![fast_aggregate(pubkeys, message, signature)?])
        }
        // A signature that does not verify suffices to reach the key.
        (Input::DecodePublicKey { pubkey }, _) => {
            let infinity = format!("c0{}", "00".repeat(SIGNATURE_BYTES - 1));
            single_signer(pubkey, &"00".repeat(MESSAGE_BYTES), &infinity)
        }
        (Input::DecodeSignature { signature }, _) => Some(vec![sum(std::slice::from_ref(signature))?]),
        (Input::Aggregate(signatures), _) => Some(vec![sum(signatures)?]),
        (Input::Sign { .. } | Input::HashToG2 { .. }, _) => None,
    }
}

/// Returns the calls for a signature by one signer: as such, and as a list of one, in both forms.
fn single_signer(key: &str, message: &str, signature: &str) -> Option<Vec<(&'static str, Vec<Argument>)>> {
    let (keys, messages) = ([key.to_owned()], [message.to_owned()]);
    let (import, mut arguments) = fast_aggregate(&keys, message, signature)?;
    let several = [(import, arguments.clone()), aggregate(&keys, &messages, signature)?];
    // The import for one signer takes no number of keys.
    arguments.remove(1);
    Some([&[("blsVerify", arguments)], &several[..]].concat())
}

fn aggregate(keys: &[String], messages: &[String], signature: &str) -> Option<(&'static str, Vec<Argument>)> {
    assert_eq!(keys.len(), messages.len());
    let arguments = vec![
        Argument::Bytes(list::<KEY_BYTES>(keys)?),
        Argument::Bytes(list::<MESSAGE_BYTES>(messages)?),
        Argument::number(keys.len()),
        Argument::Bytes(list::<SIGNATURE_BYTES>(&[signature.to_owned()])?),
    ];
    Some(("blsAggregateVerify", arguments))
}

fn fast_aggregate(keys: &[String], message: &str, signature: &str) -> Option<(&'static str, Vec<Argument>)> {
    let message = unhex(message);
    let arguments = vec![
        Argument::Bytes(list::<KEY_BYTES>(keys)?),
        Argument::number(keys.len()),
        Argument::bytes(&message),
        Argument::number(message.len()),
        Argument::Bytes(list::<SIGNATURE_BYTES>(&[signature.to_owned()])?),
    ];
    Some(("blsFastAggregateVerify", arguments))
}

fn sum(signatures: &[String]) -> Option<(&'static str, Vec<Argument>)> {
    let arguments = vec![
        Argument::Bytes(list::<SIGNATURE_BYTES>(signatures)?),
        Argument::number(signatures.len()),
        Out(SIGNATURE_BYTES),
    ];
    Some(("blsAggregate", arguments))
}

/// Joins items of `N` bytes. Returns `None` if an item has another length.
fn list<const N: usize>(items: &[String]) -> Option<Vec<u8>> {
    let items: Vec<_> = items.iter().map(|item| unhex(item)).collect();
    items.iter().all(|item| item.len() == N).then(|| items.concat())
}

const KEY_BYTES: usize = 48;
const MESSAGE_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 96;
