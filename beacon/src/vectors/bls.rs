//! `bls`: signatures, of the specification and of the BLS tests that it took over later.

use alloy_primitives::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use super::case::{Case, Failure, Files, expect_equal};
use crate::{
    bls::{self, BlsError, PublicKey},
    types::{BLSPubkey, BLSSignature, Root},
};

/// Bytes that may be as few or many as they like.
#[derive(Deserialize)]
struct Hex(Bytes);

impl Hex {
    fn signature(&self) -> Result<BLSSignature, BlsError> {
        BLSSignature::try_from(self.0.as_ref()).or(Err(BlsError::Signature))
    }

    fn pubkey(&self) -> Result<PublicKey, BlsError> {
        PublicKey::decode(&BLSPubkey::try_from(self.0.as_ref()).or(Err(BlsError::Pubkey))?)
    }
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

pub(super) fn run(case: &Case, files: &Files) -> Result<(), Failure> {
    match case.handler.as_str() {
        "sign" => check(files, |input: Sign, output: BLSSignature| {
            let signature = bls::sign(&input.privkey.0, input.message.as_slice()).ok();
            expect_equal("the signature", &Some(output), &signature)
        }),
        "aggregate" => check(files, |input: Vec<BLSSignature>, output: Option<BLSSignature>| {
            expect_equal("the aggregate", &output, &bls::aggregate(&input).ok())
        }),
        "verify" => check(files, |input: Verify, output: bool| {
            expect_equal("validity", &output, &verify(&input).is_ok())
        }),
        "fast_aggregate_verify" => check(files, |input: FastAggregateVerify, output: bool| {
            expect_equal("validity", &output, &fast_aggregate_verify(&input).is_ok())
        }),
        "aggregate_verify" => check(files, |input: AggregateVerify, output: bool| {
            expect_equal("validity", &output, &aggregate_verify(&input).is_ok())
        }),
        "deserialization_G1" => check(files, |input: Encoding, output: bool| {
            expect_equal("validity", &output, &input.bytes.pubkey().is_ok())
        }),
        "deserialization_G2" => check(files, |input: Encoding, output: bool| {
            let decoded = input.bytes.signature().and_then(|signature| bls::aggregate(&[signature]));
            expect_equal("validity", &output, &decoded.is_ok())
        }),
        "hash_to_G2" => check(files, hash_to_g2),
        _ => Err(Failure::Unknown),
    }
}

fn check<I: DeserializeOwned, O: DeserializeOwned>(
    files: &Files,
    run: impl FnOnce(I, O) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Data { input, output } = files.yaml("data.yaml")?;
    run(input, output)
}

fn decode(pubkeys: &[Hex]) -> Result<Vec<PublicKey>, BlsError> {
    pubkeys.iter().map(Hex::pubkey).collect()
}

fn verify(input: &Verify) -> Result<(), BlsError> {
    bls::verify(&input.pubkey.pubkey()?, input.message.as_slice(), &input.signature.signature()?)
}

fn fast_aggregate_verify(input: &FastAggregateVerify) -> Result<(), BlsError> {
    bls::fast_aggregate_verify(
        &decode(&input.pubkeys)?,
        input.message.as_slice(),
        &input.signature.signature()?,
    )
}

fn aggregate_verify(input: &AggregateVerify) -> Result<(), BlsError> {
    let pubkeys = decode(&input.pubkeys)?;
    let pairs: Vec<_> =
        pubkeys.into_iter().zip(input.messages.iter().map(|message| message.as_slice())).collect();
    bls::aggregate_verify(&pairs, &input.signature.signature()?)
}

/// Hashes to the curve as the standard's own example does. What a message hashes to is its signature by the key 1.
fn hash_to_g2(input: Message, output: Point) -> Result<(), Failure> {
    const DST: &[u8] = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";
    let mut one = [0; 32];
    one[31] = 1;
    let key = blst::min_pk::SecretKey::from_bytes(&one).or(Err(Failure::Missing("a key".to_owned())))?;
    let point = key.sign(input.msg.as_bytes(), DST, &[]).serialize();
    // The real part comes first in the vectors, the imaginary one in blst's encoding.
    let coordinate = |range: std::ops::Range<usize>| {
        let bytes = point.get(range).unwrap_or_default();
        let (imaginary, real) = bytes.split_at(bytes.len() / 2);
        format!("0x{},0x{}", hex::encode(real), hex::encode(imaginary))
    };
    expect_equal("x", &output.x, &coordinate(0..96))?;
    expect_equal("y", &output.y, &coordinate(96..192))
}
