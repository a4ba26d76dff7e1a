//! The bindings of the `crypto` imports, natively, against published vectors.

use outrider_sdk::{
    StateRoot, chain,
    crypto::{self, CheckError, MalformedError, RecoverError},
    harness::Execution,
};

/// Some vectors for each import; `outrider-crypto-vectors` lists their sources and format.
const EXCERPT: &str = include_str!("../../../crypto/vectors/data/excerpt.csv");

/// The operands of an import: the data behind its pointers, and its numbers.
struct Operands {
    bytes: Vec<Vec<u8>>,
    numbers: Vec<u32>,
}

impl Operands {
    /// Returns an operand of fixed size.
    fn array<const N: usize>(&self, index: usize) -> [u8; N] {
        self.bytes[index].as_slice().try_into().expect("it has the size")
    }

    /// Returns an operand that is a list.
    fn list<const N: usize>(&self, index: usize) -> Vec<[u8; N]> {
        let (items, []) = self.bytes[index].as_chunks() else { panic!("not whole items") };
        items.to_vec()
    }
}

/// The return value of the ABI, and the output.
type Answer = (u32, Vec<u8>);

#[track_caller]
fn check(import: &str, call: impl Fn(&Operands) -> Answer) {
    let mut n_vectors = 0;
    for line in EXCERPT.lines() {
        let fields: Vec<_> = line.split(';').collect();
        let [source, of, arguments, code, output] = fields[..] else { panic!("{line}") };
        if of != import {
            continue;
        }
        let arguments = || arguments.split(' ').filter(|argument| !argument.starts_with("out:"));
        let operands = Operands {
            bytes: arguments().filter_map(|argument| argument.strip_prefix("0x")).map(unhex).collect(),
            numbers: arguments().filter_map(|argument| argument.parse().ok()).collect(),
        };
        let code = code.parse().expect("it is a number");
        assert_eq!(call(&operands), (code, unhex(output)), "{import}: {source}");
        n_vectors += 1;
    }
    assert!(n_vectors > 1, "{import}: {n_vectors} vectors");
}

fn unhex(text: &str) -> Vec<u8> {
    let (digits, []) = text.as_bytes().as_chunks::<2>() else { panic!("half a byte: {text}") };
    let digits = digits.iter().map(|digits| str::from_utf8(digits).expect("it is hex"));
    digits.map(|digits| u8::from_str_radix(digits, 16).expect("it is hex")).collect()
}

fn checked(result: Result<(), CheckError>) -> Answer {
    let code = match result {
        Ok(()) => 0,
        Err(CheckError::Refuted) => 1,
        Err(CheckError::Malformed) => 2,
    };
    (code, vec![])
}

fn computed(result: Result<impl AsRef<[u8]>, MalformedError>) -> Answer {
    match result {
        Ok(output) => (0, output.as_ref().to_vec()),
        Err(MalformedError) => (2, vec![]),
    }
}

#[test]
fn hashes() {
    check("keccak256", |operands| (0, crypto::keccak256(&operands.bytes[0]).to_vec()));
    check("sha256", |operands| (0, crypto::sha256(&operands.bytes[0]).to_vec()));
    check("sha512_256", |operands| (0, crypto::sha512_256(&operands.bytes[0]).to_vec()));
    check("ripemd160", |operands| (0, crypto::ripemd160(&operands.bytes[0]).to_vec()));
    check("blake2bCompress", |operands| computed(crypto::blake2b_compress(&operands.array(0))));
}

#[test]
fn signatures_over_secp256k1() {
    check("secp256k1Recover", |operands| {
        let id = operands.numbers[0].try_into().unwrap();
        match crypto::secp256k1_recover(&operands.array(0), &operands.array(1), id) {
            Ok(key) => (0, key.to_vec()),
            Err(RecoverError::NoKey) => (1, vec![]),
            Err(RecoverError::Malformed) => (2, vec![]),
        }
    });
    check("secp256k1Verify", |operands| {
        checked(crypto::secp256k1_verify(&operands.array(0), &operands.array(1), &operands.bytes[2]))
    });
    check("schnorrVerify", |operands| {
        checked(crypto::schnorr_verify(&operands.bytes[0], &operands.array(1), &operands.array(2)))
    });
    check("secp256k1XonlyTweakAddCheck", |operands| {
        let parity = operands.numbers[0].try_into().unwrap();
        let (internal_key, tweak) = (operands.array(1), operands.array(2));
        checked(crypto::secp256k1_xonly_tweak_add_check(&operands.array(0), parity, &internal_key, &tweak))
    });
}

#[test]
fn powers() {
    check("modexp", |operands| {
        computed(crypto::modexp(&operands.bytes[0], &operands.bytes[1], &operands.bytes[2]))
    });
    let long = vec![1; 131_073];
    assert_eq!(crypto::modexp(&long, &[1], &[3]), Err(MalformedError));
    assert_eq!(crypto::modexp(&[1], &[1], &long), Err(MalformedError));
    assert_eq!(crypto::modexp(&long[1..], &[0], &[7]), Ok(vec![1]));
    assert_eq!(crypto::modexp(&[2], &[3], &[]), Ok(vec![]));
}

#[test]
fn points_of_bn254() {
    check("bn254Add", |operands| computed(crypto::bn254_add(&operands.array(0), &operands.array(1))));
    check("bn254Mul", |operands| computed(crypto::bn254_mul(&operands.array(0), &operands.array(1))));
    check("bn254PairingCheck", |operands| checked(crypto::bn254_pairing_check(&operands.list(0))));
    assert_eq!(crypto::bn254_pairing_check(&[]), Ok(()));
}

#[test]
fn points_of_bls12_381() {
    check("bls12381G1Add", |operands| {
        computed(crypto::bls12381_g1_add(&operands.array(0), &operands.array(1)))
    });
    check("bls12381G2Add", |operands| {
        computed(crypto::bls12381_g2_add(&operands.array(0), &operands.array(1)))
    });
    check("bls12381G1Msm", |operands| computed(crypto::bls12381_g1_msm(&operands.list(0))));
    check("bls12381G2Msm", |operands| computed(crypto::bls12381_g2_msm(&operands.list(0))));
    check("bls12381PairingCheck", |operands| checked(crypto::bls12381_pairing_check(&operands.list(0))));
    check("bls12381MapFpToG1", |operands| computed(crypto::bls12381_map_fp_to_g1(&operands.array(0))));
    check("bls12381MapFp2ToG2", |operands| computed(crypto::bls12381_map_fp2_to_g2(&operands.array(0))));
    assert_eq!(crypto::bls12381_pairing_check(&[]), Err(CheckError::Malformed));
}

#[test]
fn bls_signatures() {
    check("blsVerify", |operands| {
        checked(crypto::bls_verify(&operands.array(0), &operands.bytes[1], &operands.array(2)))
    });
    check("blsFastAggregateVerify", |operands| {
        let keys = operands.list(0);
        checked(crypto::bls_fast_aggregate_verify(&keys, &operands.bytes[1], &operands.array(2)))
    });
    check("blsAggregateVerify", |operands| {
        let signers: Vec<_> = operands.list(0).into_iter().zip(operands.list(1)).collect();
        checked(crypto::bls_aggregate_verify(&signers, &operands.array(2)))
    });
    check("blsAggregate", |operands| computed(crypto::bls_aggregate(&operands.list(0))));
}

#[test]
fn kzg_proofs() {
    check("kzgVerify", |operands| {
        let (z, y) = (operands.array(1), operands.array(2));
        checked(crypto::kzg_verify(&operands.array(0), &z, &y, &operands.array(3)))
    });
}

#[test]
fn signatures_over_p256() {
    check("p256Verify", |operands| {
        checked(crypto::p256_verify(&operands.array(0), &operands.array(1), &operands.array(2)))
    });
}

#[test]
fn an_execution_computes_as_a_test_does_outside_of_one() {
    let outcome = Execution::new(StateRoot([7; 32])).run(|root, _| {
        let sum = crypto::bn254_add(&[0; 64], &[0; 64])?;
        crypto::bn254_pairing_check(&[])?;
        assert_eq!(sum, [0; 64]);
        Ok::<_, CheckError>(StateRoot(crypto::keccak256(&root.0)))
    });
    assert_eq!(outcome.unwrap().post_state_root.0, crypto::keccak256(&[7; 32]));
}

#[test]
fn what_is_malformed_to_a_computation_is_malformed_to_a_check() {
    let outcome = Execution::new(StateRoot::default()).run(|root, _| {
        crypto::bn254_add(&[0xff; 64], &[0; 64])?;
        Ok::<_, CheckError>(root)
    });
    assert_eq!(chain(&outcome.unwrap_err()), "block refused: the input is malformed");
}
