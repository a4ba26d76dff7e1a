//! The `crypto` imports, called from wasm: published vectors, bad input, bad pointers, and fuel.
//!
//! What the functions compute is tested in `outrider-crypto`; this is about getting there and back.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tests tell what they ran and what they skip")]

mod support;

use std::path::{Path, PathBuf};

use outrider_host::{ExecutionErrorKind, ExecutionInput, Host, HostConfig, Import, Limits, LogValue};
use serde_json::Value;
use support::{ROOT, module, wasm};

/// Where the test's EE expects output, and where it puts the block data, which holds all input.
const OUT: usize = 0;
const INPUT: usize = 1024;

/// One argument of an import.
#[derive(Clone, Copy)]
enum Argument<'a> {
    /// A pointer to these bytes.
    Bytes(&'a [u8]),
    Number(usize),
    Out,
}
use Argument::{Bytes, Number, Out};

/// Calls an import; returns what it returned, 0 if that is nothing, and the first bytes of the output.
#[track_caller]
fn call(name: &str, arguments: &[Argument<'_>], out_bytes: usize) -> (u64, Vec<u8>) {
    let mut block_data = Vec::new();
    let mut constants = String::new();
    for argument in arguments {
        let number = match argument {
            Bytes(bytes) => {
                let pointer = INPUT + block_data.len();
                block_data.extend_from_slice(bytes);
                pointer
            }
            Number(number) => *number,
            Out => OUT,
        };
        constants += &format!(" (i32.const {number})");
    }
    let import = Import::find("crypto", name).expect("it is in the table");
    let call = format!("(call ${name} {constants})");
    let call = if import.result_type().is_some() { format!("(call $print32 {call})") } else { call };
    let pages = block_data.len().div_ceil(65536) + 1;
    let text = module(&format!(
        "(func (export \"main\") (drop (memory.grow (i32.const {pages})))
            (call $blockDataCopy (i32.const {INPUT}) (i32.const 0) (call $blockDataSize))
            {call}
            (call $printMemHex (i32.const {OUT}) (i32.const {out_bytes}))
            (call $savePostStateRoot (i32.const 0)))"
    ));
    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    let ee = host.load(&wasm(&text)).expect("it loads");
    let output = ee.execute(&ExecutionInput::new(ROOT, block_data)).expect("it runs");
    let mut code = 0;
    let mut out = Vec::new();
    for log in output.logs {
        match log.value {
            LogValue::U32(value) => code = u64::from(value),
            LogValue::Bytes(bytes) => out = bytes,
            other => panic!("the EE does not log {other}"),
        }
    }
    (code, out)
}

#[test]
fn hashes_of_abc() {
    for (name, expected) in [
        // FIPS 180-4, the Keccak team's vectors, and the RIPEMD-160 page.
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("keccak256", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ("ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
    ] {
        let (_, out) = call(name, &[Bytes(b"abc"), Number(3), Out], expected.len() / 2);
        assert_eq!(hex::encode(out), expected, "{name}");
    }
}

#[test]
fn signatures_of_published_vectors() {
    let unhex = |text: &str| hex::decode(text).expect("it is hex");
    // BIP-340, test vector 0.
    let key = unhex("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
    let signature = unhex(
        "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215\
         25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
    );
    let verify = |message: &[u8]| {
        call("schnorrVerify", &[Bytes(message), Number(32), Bytes(&signature), Bytes(&key)], 0).0
    };
    assert_eq!((verify(&[0; 32]), verify(&[1; 32])), (0, 1));
    let not_a_key = call("schnorrVerify", &[Bytes(b""), Number(0), Bytes(&signature), Bytes(&[0xff; 32])], 0);
    assert_eq!(not_a_key.0, 2);

    // The example of the Ethereum wiki's ecrecover, also in nimbus' vectors.
    let digest = unhex("18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c");
    let signature = unhex(
        "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f\
         eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549",
    );
    let recover = |id| call("secp256k1Recover", &[Bytes(&digest), Bytes(&signature), Number(id), Out], 64);
    let (code, public_key) = recover(1);
    assert_eq!(code, 0);
    let (_, hash) = call("keccak256", &[Bytes(&public_key), Number(64), Out], 32);
    assert_eq!(hex::encode(&hash[12..]), "a94f5374fce5edbc8e2a8697c15331677e6ebf0b");
    assert_eq!(recover(2).0, 2);
    let sec1 = [&[4], &public_key[..]].concat();
    let verify = |digest: &[u8]| {
        call("secp256k1Verify", &[Bytes(digest), Bytes(&signature), Bytes(&sec1), Number(65)], 0).0
    };
    assert_eq!((verify(&digest), verify(&[1; 32])), (0, 1));
}

/// The shared data, or `None`, said aloud.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let directory = std::env::var_os("OUTRIDER_DATA").map_or(beside, PathBuf::from).join("evm-precompiles");
    if directory.is_dir() {
        return Some(directory);
    }
    eprintln!("SKIPPED: no {}; OUTRIDER_DATA can point at the test data", directory.display());
    None
}

/// Calls an import for each case of a file of the EVM's precompile vectors.
///
/// Inputs that are not of a whole number of items of `item_bytes` cannot be said to the import, and are passed
/// over; they must be failures.
#[track_caller]
fn check_vectors(file: &str, item_bytes: usize, run: impl Fn(&[u8], usize) -> (u64, Vec<u8>)) {
    let Some(directory) = data() else { return };
    let contents = std::fs::read(directory.join(file)).expect("the file is there");
    let json: Value = match file.ends_with(".gz") {
        true => serde_json::from_reader(flate2::read::GzDecoder::new(&contents[..])),
        false => serde_json::from_slice(&contents),
    }
    .expect("it is JSON");
    let cases = json.as_array().or(json["data"].as_array()).expect("it has cases");
    let mut n_run = 0;
    for case in cases {
        let text = |key: &str| case[key].as_str().map(|text| text.trim_start_matches("0x").to_owned());
        let input = hex::decode(text("Input").expect("each case has input")).expect("it is hex");
        let expected = text("Expected");
        if input.len() % item_bytes != 0 || input.is_empty() {
            assert!(expected.is_none() || input.is_empty(), "{file}: {}", case["Name"]);
            continue;
        }
        n_run += 1;
        let (code, out) = run(&input, input.len() / item_bytes);
        match expected {
            Some(expected) => assert_eq!((code, hex::encode(out)), (0, expected), "{file}: {}", case["Name"]),
            None => assert_eq!(code, 2, "{file}: {}", case["Name"]),
        }
    }
    assert!(n_run > 0, "{file}: no case was run");
    println!("{file}: {n_run} cases");
}

#[test]
fn eip_2537_vectors() {
    let add = |name: &'static str, half: usize| {
        move |input: &[u8], _| call(name, &[Bytes(&input[..half]), Bytes(&input[half..]), Out], half)
    };
    let msm = |name: &'static str, bytes: usize| {
        move |input: &[u8], n| call(name, &[Bytes(input), Number(n), Out], bytes)
    };
    let map =
        |name: &'static str, bytes: usize| move |input: &[u8], _| call(name, &[Bytes(input), Out], bytes);
    for prefix in ["", "fail-"] {
        let file = |name: &str| format!("eip-2537/{prefix}{name}.json");
        check_vectors(&file("add_G1_bls"), 256, add("bls12381G1Add", 128));
        check_vectors(&file("add_G2_bls"), 512, add("bls12381G2Add", 256));
        check_vectors(&file("mul_G1_bls"), 160, msm("bls12381G1Msm", 128));
        check_vectors(&file("mul_G2_bls"), 288, msm("bls12381G2Msm", 256));
        check_vectors(&file("map_fp_to_G1_bls"), 64, map("bls12381MapFpToG1", 128));
        check_vectors(&file("map_fp2_to_G2_bls"), 128, map("bls12381MapFp2ToG2", 256));
        check_vectors(&file("pairing_check_bls"), 384, |input, n| pairing("bls12381PairingCheck", input, n));
    }
    check_vectors("eip-2537/msm_G1_bls.json.gz", 160, msm("bls12381G1Msm", 128));
    check_vectors("eip-2537/fail-msm_G1_bls.json", 160, msm("bls12381G1Msm", 128));
    check_vectors("eip-2537/fail-msm_G2_bls.json", 288, msm("bls12381G2Msm", 256));
}

#[test]
fn eip_196_and_197_and_152_vectors() {
    // The precompiles take what is missing for zeros, and no notice of what is too much.
    let padded = |input: &[u8], bytes: usize| {
        let mut input = input.to_vec();
        input.resize(bytes, 0);
        input
    };
    check_vectors("nimbus/bn256Add.json", 1, |input, _| {
        let input = padded(input, 128);
        call("bn254Add", &[Bytes(&input[..64]), Bytes(&input[64..]), Out], 64)
    });
    check_vectors("nimbus/bn256mul.json", 1, |input, _| {
        let input = padded(input, 96);
        call("bn254Mul", &[Bytes(&input[..64]), Bytes(&input[64..]), Out], 64)
    });
    check_vectors("nimbus/pairing.json", 192, |input, n| pairing("bn254PairingCheck", input, n));
    check_vectors("nimbus/blake2F.json", 213, |input, _| call("blake2bCompress", &[Bytes(input), Out], 64));
}

/// Answers as the precompile does, by a word that is 1 or 0.
fn pairing(name: &str, pairs: &[u8], n: usize) -> (u64, Vec<u8>) {
    let (code, _) = call(name, &[Bytes(pairs), Number(n)], 0);
    let mut word = vec![0; 32];
    word[31] = u8::from(code == 0);
    (if code == 1 { 0 } else { code }, word)
}

#[test]
fn powers() {
    let power = |base: &[u8], exponent: &[u8], modulus: &[u8]| {
        let arguments = [base, exponent, modulus].map(|bytes| [Bytes(bytes), Number(bytes.len())]);
        call("modexp", &[arguments.as_flattened(), &[Out]].concat(), modulus.len())
    };
    assert_eq!(power(&[3], &[5], &[0, 7]), (0, vec![0, 5]));
    assert_eq!(power(&[3], &[5], &[0]), (0, vec![0]));
    assert_eq!(power(&[], &[], &[7]), (0, vec![1]));
}

#[test]
fn work_that_cannot_be_paid_is_not_done() {
    // Would run for hours: 2^32 - 1 rounds.
    let main = "(func (export \"main\") (i32.store (i32.const 0) (i32.const -1))
        (drop (call $blake2bCompress (i32.const 0) (i32.const 1000))))";
    let limits = Limits { fuel_max: 100_000_000, ..Limits::default() };
    let host = Host::new(HostConfig { limits, ..HostConfig::default() }).expect("the configuration is fine");
    let ee = host.load(&wasm(&module(main))).expect("it loads");
    let error = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect_err("it is out of fuel");
    assert!(matches!(error.kind, ExecutionErrorKind::OutOfFuel { .. }), "{error}");
}

/// Every import of the module, with each argument in turn out of range and the others at 0.
#[test]
fn no_argument_panics_and_bad_pointers_trap() {
    for import in outrider_host::ABI.iter().filter(|import| import.module == "crypto") {
        for (bad, parameter) in import.parameters.iter().enumerate() {
            for value in [-1, i32::MIN, 65535] {
                let arguments =
                    (0..import.parameters.len()).map(|index| if index == bad { value } else { 0 });
                let arguments: Vec<_> = arguments.map(|value| format!("(i32.const {value})")).collect();
                let call = format!("(call ${} {})", import.name, arguments.join(" "));
                let call = if import.result_type().is_some() { format!("(drop {call})") } else { call };
                let result = support::run(&support::saving(&call), b"");
                let is_length = parameter.to_lowercase().ends_with("length");
                let is_pointer = !is_length && !["n", "id"].contains(parameter);
                // At 0 length or number, a pointer just behind the memory is in range; these are beyond.
                if is_pointer && value < 0 {
                    let error = result.expect_err("the pointer is bad");
                    let kind = &error.kind;
                    assert!(
                        matches!(
                            kind,
                            ExecutionErrorKind::HostCall { .. } | ExecutionErrorKind::OutOfFuel { .. }
                        ),
                        "{call}: {kind}"
                    );
                }
            }
        }
    }
}
