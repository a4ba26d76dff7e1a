//! The `crypto` imports, called from wasm: every published vector, bad input, bad pointers, and fuel.

#![allow(clippy::print_stdout, reason = "tests print what they ran")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use outrider_crypto_vectors::{
    Argument::{self, Bytes, Number, Out},
    Expected, HOLDS, MALFORMED, REFUTED, Vector, bip340, bip341, consensus, excerpt, kzg, p256, precompiles,
    wycheproof,
};
use outrider_host::{
    ABI, Ee, ExecutionError, ExecutionErrorKind, ExecutionInput, Host, HostCallError, HostConfig, Import,
    Limits, LogValue,
};
use support::{ROOT, module, wasm};

/// A call of an import: an EE copies the block data to [`BLOCK_DATA`], and reads the arguments from its start.
#[derive(Clone)]
struct Call {
    import: &'static Import,
    /// The arguments as the ABI passes them.
    words: Vec<u32>,
    /// The address of the result after the call, and its length.
    out: (u32, u32),
    /// The data that the pointers refer to, after the words, `out` included.
    bytes: Vec<u8>,
}

impl Call {
    /// Lays out the arguments in memory, one after the other, then `out`.
    fn new(vector: &Vector) -> Self {
        let import = Import::find("crypto", &vector.import).expect("it is in the table");
        assert_eq!(vector.arguments.len(), import.parameters.len(), "{}", vector.name);
        let start = BLOCK_DATA + 4 * (vector.arguments.len() + 2);
        let n_bytes: usize = vector.arguments.iter().map(|argument| pointed_at(argument).len()).sum();
        let (mut words, mut bytes) = (Vec::new(), Vec::new());
        for argument in &vector.arguments {
            words.push(match argument {
                Bytes(_) => word(start + bytes.len()),
                Out(_) => word(start + n_bytes),
                Number(number) => *number,
            });
            bytes.extend_from_slice(pointed_at(argument));
        }
        Self { import, words, out: (word(start + n_bytes), word(vector.out_bytes())), bytes }
    }

    /// Executes the call; returns the import's return value, or 0 if it has none, and the bytes at `out`.
    fn execute(&self) -> Result<(u32, Vec<u8>), ExecutionError> {
        let words = self.words.iter().copied().chain(<[u32; 2]>::from(self.out));
        let mut block_data: Vec<_> = words.flat_map(u32::to_le_bytes).collect();
        block_data.extend_from_slice(&self.bytes);
        let output = EES[self.import.name].execute(&ExecutionInput::new(ROOT, block_data))?;
        let (mut code, mut out) = (0, Vec::new());
        for log in output.logs {
            match log.value {
                LogValue::U32(value) => code = value,
                LogValue::Bytes(bytes) => out = bytes,
                other => panic!("the EE does not log {other}"),
            }
        }
        Ok((code, out))
    }
}

/// The address of the block data in the EE's memory.
const BLOCK_DATA: usize = 1024;
/// Size of the EE's memory: enough for the longest vector.
const MEMORY_BYTES: u32 = 64 << 16;

/// For each import, an EE that calls it.
static EES: LazyLock<BTreeMap<&str, Ee>> = LazyLock::new(|| {
    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    let ee = |import: &'static Import| {
        let n = import.parameters.len();
        let word = |index: usize| format!("(i32.load offset={} (i32.const 0))", BLOCK_DATA + 4 * index);
        let arguments: String = (0..n).map(word).collect();
        let call = format!("(call ${} {arguments})", import.name);
        let call = if import.result.is_some() { format!("(call $print32 {call})") } else { call };
        let text = module(&format!(
            "(func (export \"main\") (drop (memory.grow (i32.const {})))
                (call $blockDataCopy (i32.const {BLOCK_DATA}) (i32.const 0) (call $blockDataSize))
                {call}
                (call $printMemHex {} {})
                (call $savePostStateRoot (i32.const 0)))",
            (MEMORY_BYTES >> 16) - 1,
            word(n),
            word(n + 1),
        ));
        (import.name, host.load(&wasm(&text)).expect("it loads"))
    };
    imports().map(ee).collect()
});

fn imports() -> impl Iterator<Item = &'static Import> {
    ABI.iter().filter(|import| import.module == "crypto")
}

fn pointed_at(argument: &Argument) -> &[u8] {
    match argument {
        Bytes(bytes) => bytes,
        Number(_) | Out(_) => &[],
    }
}

fn word(n: usize) -> u32 {
    n.try_into().expect("it is within the memory")
}

#[track_caller]
fn check(vectors: &[Vector]) {
    for vector in vectors {
        let (code, out) =
            Call::new(vector).execute().unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        vector.check(code, &out);
        if code != HOLDS {
            assert_eq!(out, vec![0; vector.out_bytes()], "{}: writes though it fails", vector.name);
        }
    }
    println!("{} vectors", vectors.len());
}

#[test]
fn the_excerpt_holds() {
    check(&excerpt::vectors());
}

#[test]
fn precompiles_give_the_published_answers() {
    check(&precompiles::vectors());
}

#[test]
fn schnorr_agrees_with_bip_340() {
    check(&bip340::vectors());
}

#[test]
fn tweaks_agree_with_bip_341() {
    check(&bip341::vectors());
}

#[test]
fn signatures_agree_with_wycheproof() {
    check(&wycheproof::vectors());
}

#[test]
fn bls_signatures_agree_with_the_consensus_specs() {
    check(&consensus::vectors());
}

#[test]
fn kzg_proofs_agree_with_the_consensus_specs() {
    check(&kzg::vectors());
}

#[test]
fn p256_agrees_with_wycheproof_and_rip_7212() {
    check(&p256::vectors());
}

/// Checks that the list of vectors is complete, even without the shared data set.
#[test]
fn the_excerpt_has_each_answer_of_each_import() {
    let mut answers: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for vector in excerpt::vectors() {
        let code = match vector.expected {
            Expected::Output(_) | Expected::Holds | Expected::Address(_) => HOLDS,
            Expected::Refuted => REFUTED,
            Expected::Malformed => MALFORMED,
            Expected::Refused => panic!("{}: which of the two?", vector.name),
        };
        answers.entry(vector.import).or_default().insert(code);
    }
    for import in imports() {
        let name = import.name;
        let expected = match import.result {
            None => vec![HOLDS],
            // Only its length can make an operand malformed, and such a length is too long for a line: see below.
            Some(_) if name == "modexp" => vec![HOLDS],
            Some(_) if ["Verify", "Recover", "Check"].iter().any(|end| name.ends_with(end)) => {
                vec![HOLDS, REFUTED, MALFORMED]
            }
            Some(_) => vec![HOLDS, MALFORMED],
        };
        let got = answers.get(name).unwrap_or_else(|| panic!("{name}: no vectors"));
        assert_eq!(got.iter().copied().collect::<Vec<_>>(), expected, "{name}");
    }
}

/// Returns a successful call of each import, with data for each pointer.
fn successes() -> Vec<Call> {
    let full = |vector: &&Vector| !vector.arguments.contains(&Number(0));
    let vectors = excerpt::vectors();
    let success = |import: &Import| {
        let mut vectors = vectors.iter().filter(|vector| vector.import == import.name).filter(full);
        let success = vectors.find(|vector| matches!(vector.expected, Expected::Output(_) | Expected::Holds));
        Call::new(success.unwrap_or_else(|| panic!("{import}: no success")))
    };
    imports().map(success).collect()
}

#[track_caller]
fn check_trap(call: &Call, what: &str) {
    let import = call.import;
    let error = call.execute().expect_err(&format!("{import}: {what} is out of range"));
    let ExecutionErrorKind::HostCall { import: blamed, source } = &error.kind else {
        panic!("{import}: {what}: {error}")
    };
    assert_eq!(blamed.name, import.name);
    assert!(matches!(source, HostCallError::MemoryOutOfBounds { .. }), "{import}: {what}: {error}");
}

#[test]
fn a_pointer_out_of_range_traps_and_one_to_the_last_bytes_does_not() {
    for call in successes() {
        let expected = call.execute().expect("it succeeds");
        for (index, parameter) in call.import.parameter_names().enumerate() {
            if !is_pointer(parameter) {
                continue;
            }
            let n_bytes = operand_bytes(&call, index);
            assert!(n_bytes > 0, "{}: {parameter}", call.import);
            let with = |pointer: u32| {
                let mut call = call.clone();
                call.words[index] = pointer;
                call
            };
            for pointer in [MEMORY_BYTES - n_bytes + 1, MEMORY_BYTES, u32::MAX - n_bytes, u32::MAX] {
                check_trap(&with(pointer), parameter);
            }
            let mut last = with(MEMORY_BYTES - n_bytes);
            if parameter == "out" {
                last.out.0 = MEMORY_BYTES - n_bytes;
                assert_eq!(last.execute().expect("it fits"), expected, "{}", call.import);
            } else {
                // Zeros there are seldom valid input, but never cause a trap.
                last.execute().unwrap_or_else(|error| panic!("{}: {parameter}: {error}", call.import));
            }
        }
    }
}

#[test]
fn a_length_or_a_number_of_items_that_reaches_out_of_the_memory_traps() {
    for call in successes() {
        for (index, parameter) in call.import.parameter_names().enumerate() {
            if is_pointer(parameter) || ["id", "tweakedParity"].contains(&parameter) {
                continue;
            }
            for number in [MEMORY_BYTES, i32::MAX as u32, u32::MAX] {
                let mut call = call.clone();
                call.words[index] = number;
                check_trap(&call, parameter);
            }
        }
    }
}

fn is_pointer(parameter: &str) -> bool {
    !["n", "id", "length", "tweakedParity"].contains(&parameter) && !parameter.ends_with("Length")
}

/// Returns the number of bytes for a pointer: up to the next one, as [`Call::new`] lays them out.
fn operand_bytes(call: &Call, index: usize) -> u32 {
    let (out, out_bytes) = call.out;
    let parameters: Vec<_> = call.import.parameter_names().collect();
    if parameters[index] == "out" {
        return out_bytes;
    }
    let mut next = (index + 1..parameters.len()).filter(|index| is_pointer(parameters[*index]));
    next.next().map_or(out, |next| call.words[next]) - call.words[index]
}

#[test]
fn an_output_may_overlap_an_input() {
    for mut call in successes() {
        let Some(out) = call.import.parameter_names().position(|parameter| parameter == "out") else {
            continue;
        };
        let expected = call.execute().expect("it succeeds");
        for (index, parameter) in call.import.parameter_names().enumerate() {
            if is_pointer(parameter) && index != out {
                call.words[out] = call.words[index];
                call.out.0 = call.words[index];
                assert_eq!(call.execute().expect("it succeeds"), expected, "{}: {parameter}", call.import);
            }
        }
    }
}

/// Its lowest byte, 1, is that of a valid parity.
#[test]
fn a_parity_over_a_byte_is_malformed() {
    let mut calls = successes().into_iter().filter(|call| call.import.name == "secp256k1XonlyTweakAddCheck");
    let mut call = calls.next().expect("there is one");
    assert_eq!(call.words[1], 1);
    for parity in [0x101, u32::MAX] {
        call.words[1] = parity;
        assert_eq!(call.execute().expect("the call does not trap").0, MALFORMED);
    }
}

/// The longest valid operands cost more than the fuel of an execution; longer ones are refused.
#[test]
fn an_operand_of_modexp_that_is_too_long_is_malformed() {
    let call = |base: usize, modulus: usize| {
        let arguments = [base, 1, modulus].map(|length| [Bytes(vec![1; length]), Argument::number(length)]);
        let arguments = [arguments.as_flattened(), &[Out(modulus)]].concat();
        let (name, import) = ("long operands".to_owned(), "modexp".to_owned());
        Call::new(&Vector { name, import, arguments, expected: Expected::Malformed }).execute()
    };
    for (base, modulus) in [((1 << 17) + 1, 1), (1, (1 << 17) + 1)] {
        assert_eq!(call(base, modulus).expect("the call does not trap"), (MALFORMED, vec![0; modulus]));
    }
    let error = call(1 << 17, 1).expect_err("it cannot be paid");
    assert!(matches!(error.kind, ExecutionErrorKind::OutOfFuel { .. }), "{error}");
}

#[test]
fn work_that_cannot_be_paid_is_not_done() {
    // This would run for hours: 2^32 - 1 rounds.
    let main = "(func (export \"main\") (i32.store (i32.const 0) (i32.const -1))
        (drop (call $blake2bCompress (i32.const 0) (i32.const 1000))))";
    let limits = Limits { fuel_max: 100_000_000, ..Limits::default() };
    let host = Host::new(HostConfig { limits, ..HostConfig::default() }).expect("the configuration is fine");
    let ee = host.load(&wasm(&module(main))).expect("it loads");
    let error = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect_err("it is out of fuel");
    assert!(matches!(error.kind, ExecutionErrorKind::OutOfFuel { .. }), "{error}");
}
