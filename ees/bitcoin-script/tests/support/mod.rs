//! Helpers that the tests of published vectors share.

#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of this module")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "this is part of tests")]

pub mod assembly;
pub mod case;
pub mod fuzz;
pub mod input;
pub mod mutation;
pub mod signed;

use bitcoin_consensus_encoding::{decode_from_slice, encode_to_vec};
use outrider_bitcoin_script::primitives::{
    OutPoint, ScriptSigBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
};
use serde_json::Value;

pub use input::output;

pub fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text} has whole bytes");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub fn hash(text: &str) -> [u8; 32] {
    hex(text).try_into().unwrap()
}

/// Reads a hash that is printed backward.
pub fn reversed_hash(text: &str) -> [u8; 32] {
    let mut bytes = hash(text);
    bytes.reverse();
    bytes
}

pub fn transaction(text: &str) -> Transaction {
    decode_from_slice(&hex(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn encode(transaction: &Transaction) -> Vec<u8> {
    encode_to_vec(transaction)
}

/// Reads published JSON, or the excerpt of it in `tests/data`.
pub fn json(name: &str) -> Vec<Value> {
    let (bytes, is_whole) = read(name);
    let rows: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    // Rows of one string are comments.
    let rows: Vec<Value> =
        rows.into_iter().filter(|row| row.as_array().is_none_or(|row| row.len() > 1)).collect();
    println!("{name}: {} vectors{}", rows.len(), if is_whole { "" } else { " of an excerpt" });
    rows
}

pub fn read(name: &str) -> (Vec<u8>, bool) {
    if let Some(bytes) = outrider_published::file(&format!("bitcoin/{name}")) {
        return (bytes, true);
    }
    let excerpt = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    (std::fs::read(&excerpt).unwrap_or_else(|error| panic!("{excerpt}: {error}")), false)
}

/// Reads the corpus of taproot: one JSON object in each file, with a comma behind it; and the excerpt, which has cases
/// that a sample of the corpus may lack.
pub fn taproot_corpus() -> Vec<(String, Value)> {
    let name = "taproot-ref.json";
    let excerpt =
        std::fs::read_to_string(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut files = outrider_published::archive("bitcoin/taproot-ref.tar.gz").unwrap_or_default();
    files.extend(excerpt.lines().map(|line| (name.to_owned(), line.as_bytes().to_vec())));
    let parse = |(name, bytes): (String, Vec<u8>)| {
        let text = String::from_utf8(bytes).unwrap();
        let value = serde_json::from_str(text.trim().trim_end_matches(','));
        (name.clone(), value.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.into_iter().map(parse).collect()
}

/// Makes a transaction of one input that spends output 0 of another, as Bitcoin Core's script tests do.
pub fn spend(previous: Txid, script_sig: Vec<u8>, witness: &[Vec<u8>], outputs: Vec<TxOut>) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint { txid: previous, vout: 0 },
        script_sig: ScriptSigBuf::from_bytes(script_sig),
        sequence: Sequence::FINAL,
        witness: Witness::from_slice(witness),
    };
    Transaction { version: TransactionVersion::ONE, lock_time: LockTime::ZERO, inputs: vec![input], outputs }
}

/// Makes the transaction whose output 0 the script tests spend.
pub fn credit(amount: u64, script_pubkey: Vec<u8>) -> Transaction {
    let mut transaction =
        spend(Txid::from_byte_array([0; 32]), vec![0, 0], &[], vec![output(amount, script_pubkey)]);
    transaction.inputs[0].previous_output.vout = u32::MAX;
    transaction
}
