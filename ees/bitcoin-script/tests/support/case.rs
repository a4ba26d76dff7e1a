//! Vectors as transactions with the outputs that they spend, the same for our verification and for the oracle.

use std::collections::BTreeMap;

use outrider_bitcoin_script::{
    Flags,
    policy::Policy,
    primitives::{OutPoint, TxIn, TxOut, Txid, Witness},
};
use serde_json::Value;

use super::{
    assembly::assemble,
    credit, hex,
    input::{Case, output, tapscript},
    json, reversed_hash, spend, taproot_corpus, transaction,
};

/// Parses the names of consensus flags and of rules of relay, which share a list.
pub fn flags(names: &str) -> (Flags, Policy) {
    let mut all = (Flags::empty(), Policy::empty());
    for name in names.split(',').filter(|name| !name.is_empty() && *name != "NONE") {
        match (Flags::from_name(name), Policy::from_name(name)) {
            (Some(flag), None) => all.0 |= flag,
            (None, Some(policy)) => all.1 |= policy,
            _ => panic!("{name} is one flag"),
        }
    }
    all
}

/// Reads `script_tests.json`: each case, and the name of the error or `OK`.
pub fn script_tests() -> Vec<(Case, String)> {
    json("bitcoin-core/script_tests.json").iter().map(script_test).collect()
}

fn script_test(row: &Value) -> (Case, String) {
    let row = row.as_array().unwrap();
    let (witness, row_rest) = match row[0].as_array() {
        Some(witness) => (&witness[..], &row[1..]),
        None => (&[][..], &row[..]),
    };
    let [script_sig, script_pubkey, names, expected, ..] = row_rest else { panic!("{row:?}") };
    let (amount, elements) =
        witness.split_last().map_or((0.0, &[][..]), |(amount, rest)| (amount.as_f64().unwrap(), rest));
    let amount = (amount * 1e8).round() as u64;
    let (elements, script_pubkey) = taproot_placeholders(elements, script_pubkey.as_str().unwrap());
    let credit = credit(amount, script_pubkey.clone());
    let script_sig = assemble(script_sig.as_str().unwrap());
    let outputs = vec![output(amount, Vec::new())];
    let transaction = spend(credit.compute_txid(), script_sig, &elements, outputs);
    let (flags, policy) = flags(names.as_str().unwrap());
    let spent_outputs = vec![output(amount, script_pubkey)];
    let name = format!("script_tests: {row:?}");
    let case = Case { name, transaction, spent_outputs, input_index: 0, flags, policy };
    (case, expected.as_str().unwrap().to_owned())
}

/// Fills in what the vectors of tapscript leave out: the leaf's assembly, its control block and the output key.
fn taproot_placeholders(elements: &[Value], script_pubkey: &str) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut filled_in = None;
    let mut witness = Vec::new();
    for element in elements {
        let element = element.as_str().unwrap();
        if let Some(assembly) = element.strip_prefix("#SCRIPT#") {
            let script = assemble(assembly);
            filled_in = Some(tapscript(&script));
            witness.push(script);
        } else if element == "#CONTROLBLOCK#" {
            witness.push(filled_in.clone().unwrap().1);
        } else {
            witness.push(hex(element));
        }
    }
    let script_pubkey = match filled_in {
        Some((program, _)) => {
            assert_eq!(script_pubkey, "0x51 0x20 #TAPROOTOUTPUT#");
            program
        }
        None => assemble(script_pubkey),
    };
    (witness, script_pubkey)
}

/// Reads a row of `tx_valid.json` or `tx_invalid.json`: all inputs of a transaction.
pub fn transaction_test(row: &Value) -> Vec<Case> {
    let [prevouts, raw, names] = &row.as_array().unwrap()[..3] else { panic!("{row}") };
    let transaction = transaction(raw.as_str().unwrap());
    let outputs: BTreeMap<OutPoint, TxOut> = prevouts.as_array().unwrap().iter().map(prevout).collect();
    let spent = |input: &TxIn| outputs[&input.previous_output].clone();
    let spent_outputs: Vec<TxOut> = transaction.inputs.iter().map(spent).collect();
    let (flags, policy) = flags(names.as_str().unwrap());
    let case = |input_index| Case {
        name: format!("input {input_index} of {row}"),
        transaction: transaction.clone(),
        spent_outputs: spent_outputs.clone(),
        input_index,
        flags,
        policy,
    };
    (0..transaction.inputs.len()).map(case).collect()
}

fn prevout(value: &Value) -> (OutPoint, TxOut) {
    let txid = Txid::from_byte_array(reversed_hash(value[0].as_str().unwrap()));
    // The index -1 is that of a coinbase.
    let vout = value[1].as_i64().unwrap() as u32;
    let amount = value[3].as_u64().unwrap_or_default();
    (OutPoint { txid, vout }, output(amount, assemble(value[2].as_str().unwrap())))
}

/// Reads the corpus of taproot: each case, whether it is valid, and whether it stays so under later soft forks.
pub fn taproot_tests() -> Vec<(Case, bool, bool)> {
    let corpus = taproot_corpus();
    println!("taproot-ref: {} vectors", corpus.len());
    corpus.iter().flat_map(|(name, value)| taproot_test(name, value)).collect()
}

fn taproot_test(file: &str, value: &Value) -> Vec<(Case, bool, bool)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let spent = |raw: &Value| {
        let bytes = hex(raw.as_str().unwrap());
        bitcoin_consensus_encoding::decode_from_slice::<TxOut>(&bytes).unwrap()
    };
    let spent_outputs: Vec<TxOut> = value["prevouts"].as_array().unwrap().iter().map(spent).collect();
    let (flags, policy) = flags(value["flags"].as_str().unwrap());
    let input_index = value["index"].as_u64().unwrap() as usize;
    let is_final = value["final"].as_bool().unwrap_or_default();
    let mut cases = Vec::new();
    for outcome in ["success", "failure"] {
        let Some(spend) = value.get(outcome) else { continue };
        let mut transaction = transaction(&text(&value["tx"]));
        let witness: Vec<_> =
            spend["witness"].as_array().unwrap().iter().map(|it| hex(it.as_str().unwrap())).collect();
        let input = &mut transaction.inputs[input_index];
        input.script_sig = hex(spend["scriptSig"].as_str().unwrap()).into();
        input.witness = Witness::from_slice(&witness);
        let name = format!("{file}, {}, {outcome}", text(&value["comment"]));
        let spent_outputs = spent_outputs.clone();
        let case = Case { name, transaction, spent_outputs, input_index, flags, policy };
        cases.push((case, outcome == "success", is_final));
    }
    cases
}
