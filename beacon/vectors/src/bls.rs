//! `bls`: BLS signatures, by the specification's tests and by the BLS tests that later replaced them.
//!
//! The specification refers to a draft in which the point at infinity is a valid key. The BLS tests follow a later
//! draft: there the point has an encoding, but it is not a valid key.

use alloy_primitives::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use super::case::{Case, Failure, Files, Stop, expect_equal};
use outrider_beacon_spec::{
    bls::{self, InfiniteKey, PublicKey},
    types::{BLSPubkey, BLSSignature, Root},
};

/// Bytes of any length.
#[derive(Deserialize)]
struct Hex(Bytes);

impl Hex {
    fn signature(&self) -> Option<BLSSignature> {
        BLSSignature::try_from(self.0.as_ref()).ok()
    }

    fn pubkey(&self, infinite: InfiniteKey) -> Option<PublicKey> {
        let bytes = BLSPubkey::try_from(self.0.as_ref()).ok()?;
        PublicKey::decode(&bytes.0, infinite).ok()
    }
}

/// Returns whether the suite of a case accepts the point at infinity as a key.
fn infinite_key(case: &Case) -> InfiniteKey {
    if case.suite == "small" { InfiniteKey::Accepted } else { InfiniteKey::Refused }
}

fn decode_all(keys: &[Hex], infinite: InfiniteKey) -> Option<Vec<PublicKey>> {
    keys.iter().map(|key| key.pubkey(infinite)).collect()
}

#[derive(Deserialize)]
struct Data<I, O> {
    input: I,
    output: O,
}

#[derive(Deserialize)]
struct Sign {
    privkey: Root,
    message: Root,
}

#[derive(Deserialize)]
struct Verify {
    pubkey: Hex,
    message: Root,
    signature: Hex,
}

#[derive(Deserialize)]
struct FastAggregateVerify {
    pubkeys: Vec<Hex>,
    message: Root,
    signature: Hex,
}

#[derive(Deserialize)]
struct AggregateVerify {
    pubkeys: Vec<Hex>,
    messages: Vec<Root>,
    signature: Hex,
}

#[derive(Deserialize)]
struct BatchVerify {
    pubkeys: Vec<Hex>,
    messages: Vec<Root>,
    signatures: Vec<Hex>,
}

#[derive(Deserialize)]
struct Encoding {
    #[serde(alias = "pubkey", alias = "signature")]
    bytes: Hex,
}

#[derive(Deserialize)]
struct Message {
    msg: String,
}

#[derive(Deserialize)]
struct Point {
    x: String,
    y: String,
}

pub(super) fn run(case: &Case, files: &Files) -> Result<(), Stop> {
    let infinite = infinite_key(case);
    match case.handler.as_str() {
        "sign" => check(files, |input: Sign, output: Option<BLSSignature>| {
            let signature = bls::sign(&input.privkey.0, input.message.as_slice()).ok();
            expect_equal("the signature", &output, &signature)
        })?,
        "aggregate" => check(files, |input: Vec<BLSSignature>, output: Option<BLSSignature>| {
            expect_equal("the aggregate", &output, &bls::aggregate(&input).ok())
        })?,
        "verify" => check(files, |input: Verify, output: bool| {
            expect_equal("validity", &output, &verify(&input, infinite).is_some())
        })?,
        "fast_aggregate_verify" => check(files, |input: FastAggregateVerify, output: bool| {
            expect_equal("validity", &output, &fast_aggregate_verify(&input, infinite).is_some())
        })?,
        "aggregate_verify" => check(files, |input: AggregateVerify, output: bool| {
            expect_equal("validity", &output, &aggregate_verify(&input, infinite).is_some())
        })?,
        "batch_verify" => check(files, |input: BatchVerify, output: bool| {
            expect_equal("validity", &output, &batch_verify(&input, infinite).is_some())
        })?,
        "deserialization_G1" => check(files, |input: Encoding, output: bool| {
            expect_equal("validity", &output, &input.bytes.pubkey(InfiniteKey::Accepted).is_some())
        })?,
        "deserialization_G2" => check(files, |input: Encoding, output: bool| {
            let decoded = input.bytes.signature().and_then(|signature| bls::aggregate(&[signature]).ok());
            expect_equal("validity", &output, &decoded.is_some())
        })?,
        "hash_to_G2" => check(files, hash_to_g2)?,
        _ => return Err(Stop::Unknown),
    }
    Ok(())
}

fn check<I: DeserializeOwned, O: DeserializeOwned>(
    files: &Files,
    run: impl FnOnce(I, O) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Data { input, output } = files.yaml("data.yaml")?;
    run(input, output)
}

/// These return nothing where the input is invalid, for whichever reason: the vectors do not tell.
fn verify(input: &Verify, infinite: InfiniteKey) -> Option<()> {
    let pubkey = input.pubkey.pubkey(infinite)?;
    bls::verify(&pubkey, input.message.as_slice(), &input.signature.signature()?).ok()
}

fn fast_aggregate_verify(input: &FastAggregateVerify, infinite: InfiniteKey) -> Option<()> {
    let pubkeys = decode_all(&input.pubkeys, infinite)?;
    bls::fast_aggregate_verify(&pubkeys, input.message.as_slice(), &input.signature.signature()?).ok()
}

fn aggregate_verify(input: &AggregateVerify, infinite: InfiniteKey) -> Option<()> {
    let pubkeys = decode_all(&input.pubkeys, infinite)?;
    let messages = &input.messages;
    if pubkeys.len() != messages.len() {
        return None;
    }
    let pairs: Vec<_> = pubkeys.into_iter().zip(messages.iter().map(|message| message.as_slice())).collect();
    bls::aggregate_verify(&pairs, &input.signature.signature()?).ok()
}

fn batch_verify(input: &BatchVerify, infinite: InfiniteKey) -> Option<()> {
    let pubkeys = decode_all(&input.pubkeys, infinite)?;
    let BatchVerify { messages, signatures, .. } = input;
    if pubkeys.len() != messages.len() || pubkeys.len() != signatures.len() {
        return None;
    }
    let sets = pubkeys.into_iter().zip(messages).zip(signatures);
    let batch: Option<Vec<_>> =
        sets.map(|((pubkey, message), signature)| Some((pubkey, *message, signature.signature()?))).collect();
    bls::batch_verify(&batch?).ok()
}

/// Hashes to the curve as the example in the standard does. The hash of a message is its signature by the key 1.
fn hash_to_g2(input: Message, output: Point) -> Result<(), Failure> {
    const DST: &[u8] = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";
    let mut one = [0; 32];
    one[31] = 1;
    let key = blst::min_pk::SecretKey::from_bytes(&one).or(Err(Failure::Missing("a key".to_owned())))?;
    let point = key.sign(input.msg.as_bytes(), DST, &[]).serialize();
    // The vectors write the real part first, blst the imaginary one.
    let coordinate = |range: std::ops::Range<usize>| {
        let bytes = point.get(range).unwrap_or_default();
        let (imaginary, real) = bytes.split_at(bytes.len() / 2);
        format!("0x{},0x{}", hex::encode(real), hex::encode(imaginary))
    };
    expect_equal("x", &output.x, &coordinate(0..96))?;
    expect_equal("y", &output.y, &coordinate(96..192))
}
