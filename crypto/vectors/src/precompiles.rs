//! The vectors of the EVM's precompiles.
//!
//! A precompile pads, cuts and counts its input as the EVM does; an import does not. So each function here converts
//! the input of a precompile into a call of the import that computes the same. An input of a wrong length has no such
//! call; this module checks that the precompile fails and skips the case.

use serde::Deserialize;

use crate::{
    Argument::{self, Number, Out},
    Expected, Vector,
    files::{self, unhex},
};

/// Returns the vectors of EIP-2537 and of the earlier precompiles, or none without the data set.
pub fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (file, import, to_call) in FILES {
        let Some(path) = outrider_published::path(&format!("evm-precompiles/{file}")) else { return vectors };
        let (File::List(cases) | File::Suite { data: cases }) = files::json(&path);
        let n_before = vectors.len();
        for case in cases {
            assert_ne!(case.expected.is_some(), case.expected_error.is_some(), "{file}: {}", case.name);
            let output = case.expected.as_deref().map(unhex);
            let name = format!("{file}: {}", case.name);
            match to_call(&unhex(&case.input), output.as_deref()) {
                Some((arguments, expected)) => {
                    vectors.push(Vector { name, import: (*import).to_owned(), arguments, expected });
                }
                None => assert!(output.is_none_or(|output| output.is_empty()), "{name}: cannot be called"),
            }
        }
        assert!(vectors.len() > n_before, "{file}: no case can be called");
    }
    vectors
}

/// Converts input and output of a precompile, `None` for failure, into a call if there is one.
type ToCall = fn(&[u8], Option<&[u8]>) -> Option<(Vec<Argument>, Expected)>;

const FILES: &[(&str, &str, ToCall)] = &[
    ("nimbus/sha256.json", "sha256", |input, output| digest(input, output?)),
    ("nimbus/ripemd160.json", "ripemd160", |input, output| digest(input, unpadded(output?))),
    ("nimbus/blake2F.json", "blake2bCompress", |input, output| whole::<213, 64>(input, output)),
    ("nimbus/ecrecover.json", "secp256k1Recover", |input, output| recovery(input, output?)),
    ("nimbus/modexp.json", "modexp", |input, output| power(input, output?)),
    ("nimbus/modexp_eip2565.json", "modexp", |input, output| power(input, output?)),
    ("nimbus/modexp_eip7883.json", "modexp", |input, output| power(input, output?)),
    ("nimbus/bn256Add.json", "bn254Add", |input, output| halves::<64>(&right_pad(input, 128), output)),
    ("nimbus/bn256Add_istanbul.json", "bn254Add", |input, output| {
        halves::<64>(&right_pad(input, 128), output)
    }),
    ("nimbus/bn256mul.json", "bn254Mul", |input, output| product(input, output)),
    ("nimbus/bn256mul_istanbul.json", "bn254Mul", |input, output| product(input, output)),
    ("nimbus/pairing.json", "bn254PairingCheck", pairs::<192>),
    ("nimbus/pairing_istanbul.json", "bn254PairingCheck", pairs::<192>),
    ("eip-2537/add_G1_bls.json", "bls12381G1Add", halves::<128>),
    ("eip-2537/fail-add_G1_bls.json", "bls12381G1Add", halves::<128>),
    ("eip-2537/add_G2_bls.json", "bls12381G2Add", halves::<256>),
    ("eip-2537/fail-add_G2_bls.json", "bls12381G2Add", halves::<256>),
    ("eip-2537/mul_G1_bls.json", "bls12381G1Msm", terms::<160>),
    ("eip-2537/fail-mul_G1_bls.json", "bls12381G1Msm", terms::<160>),
    ("eip-2537/msm_G1_bls.json.gz", "bls12381G1Msm", terms::<160>),
    ("eip-2537/fail-msm_G1_bls.json", "bls12381G1Msm", terms::<160>),
    ("eip-2537/mul_G2_bls.json", "bls12381G2Msm", terms::<288>),
    ("eip-2537/fail-mul_G2_bls.json", "bls12381G2Msm", terms::<288>),
    ("eip-2537/fail-msm_G2_bls.json", "bls12381G2Msm", terms::<288>),
    ("eip-2537/pairing_check_bls.json", "bls12381PairingCheck", pairs::<384>),
    ("eip-2537/fail-pairing_check_bls.json", "bls12381PairingCheck", pairs::<384>),
    ("eip-2537/map_fp_to_G1_bls.json", "bls12381MapFpToG1", whole::<64, 128>),
    ("eip-2537/fail-map_fp_to_G1_bls.json", "bls12381MapFpToG1", whole::<64, 128>),
    ("eip-2537/map_fp2_to_G2_bls.json", "bls12381MapFp2ToG2", whole::<128, 256>),
    ("eip-2537/fail-map_fp2_to_G2_bls.json", "bls12381MapFp2ToG2", whole::<128, 256>),
];

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

fn digest(input: &[u8], output: &[u8]) -> Option<(Vec<Argument>, Expected)> {
    let arguments = vec![Argument::bytes(input), Argument::number(input.len()), Out(output.len())];
    Some((arguments, Expected::Output(output.to_vec())))
}

/// Converts an input of one item.
fn whole<const N: usize, const OUT: usize>(
    input: &[u8],
    output: Option<&[u8]>,
) -> Option<(Vec<Argument>, Expected)> {
    let input: &[u8; N] = input.try_into().ok()?;
    Some((vec![Argument::bytes(input), Out(OUT)], point(output)))
}

/// Converts an input of two points.
fn halves<const N: usize>(input: &[u8], output: Option<&[u8]>) -> Option<(Vec<Argument>, Expected)> {
    let ([a, b], []) = input.as_chunks::<N>() else { return None };
    Some((vec![Argument::bytes(a), Argument::bytes(b), Out(N)], point(output)))
}

fn product(input: &[u8], output: Option<&[u8]>) -> Option<(Vec<Argument>, Expected)> {
    let input = right_pad(input, 96);
    let (a, scalar) = input.split_at(64);
    Some((vec![Argument::bytes(a), Argument::bytes(scalar), Out(64)], point(output)))
}

/// Converts an input of points, each with a scalar of 32 bytes.
fn terms<const N: usize>(input: &[u8], output: Option<&[u8]>) -> Option<(Vec<Argument>, Expected)> {
    let (items, []) = input.as_chunks::<N>() else { return None };
    let arguments = vec![Argument::bytes(input), Argument::number(items.len()), Out(N - 32)];
    Some((arguments, point(output)))
}

/// Converts an input of pairs, whose output is a word of 1 or 0.
fn pairs<const N: usize>(input: &[u8], output: Option<&[u8]>) -> Option<(Vec<Argument>, Expected)> {
    let (items, []) = input.as_chunks::<N>() else { return None };
    let expected = match output {
        None => Expected::Malformed,
        Some([zeros @ .., 1]) if zeros.iter().all(|byte| *byte == 0) => Expected::Holds,
        Some([zeros @ .., 0]) if zeros.iter().all(|byte| *byte == 0) => Expected::Refuted,
        Some(other) => panic!("not a truth value: {other:?}"),
    };
    Some((vec![Argument::bytes(input), Argument::number(items.len())], expected))
}

fn recovery(input: &[u8], output: &[u8]) -> Option<(Vec<Argument>, Expected)> {
    let input = right_pad(input, 128);
    let (digest, rest) = input.split_at(32);
    let (v, signature) = rest.split_at(32);
    let (zeros, v) = v.split_at(31);
    let id = v[0].checked_sub(27).filter(|_| zeros.iter().all(|byte| *byte == 0))?;
    // If no key recovers, the precompile succeeds with an empty answer.
    let expected = match output {
        [] => Expected::Refused,
        word => Expected::Address(unpadded(word).try_into().unwrap()),
    };
    Some((vec![Argument::bytes(digest), Argument::bytes(signature), Number(id.into()), Out(64)], expected))
}

fn power(input: &[u8], output: &[u8]) -> Option<(Vec<Argument>, Expected)> {
    let header = right_pad(input, 96);
    let (words, _) = header.as_chunks::<32>();
    let lengths = words.iter().map(|word| usize::try_from(u128::from_be_bytes(*word.last_chunk().unwrap())));
    let mut operands = input.get(96..).unwrap_or_default().to_vec();
    let mut arguments = Vec::new();
    for length in lengths.map(Result::unwrap) {
        operands.resize(operands.len().max(length), 0);
        arguments.push(Argument::Bytes(operands.drain(..length).collect()));
        arguments.push(Argument::number(length));
    }
    arguments.push(Out(output.len()));
    Some((arguments, Expected::Output(output.to_vec())))
}

fn point(output: Option<&[u8]>) -> Expected {
    output.map_or(Expected::Malformed, |output| Expected::Output(output.to_vec()))
}

/// Strips the padding from a hash of 20 bytes in an EVM word.
fn unpadded(word: &[u8]) -> &[u8] {
    let (zeros, hash) = word.split_at(12);
    assert_eq!(zeros, [0; 12]);
    hash
}

/// Returns the first bytes of the input, followed by endless zeros.
fn right_pad(input: &[u8], bytes: usize) -> Vec<u8> {
    let mut input = input.to_vec();
    input.resize(bytes, 0);
    input
}
