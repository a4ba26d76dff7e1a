//! Vectors as transactions with the outputs that they spend, the same for our verification and for the oracle.

use std::collections::BTreeMap;

use outrider_bitcoin_script::{
    Flags, InputError, Spending,
    policy::{self, Policy},
    primitives::{OutPoint, Transaction, TxOut, Txid},
    taproot::{TAPSCRIPT_LEAF_VERSION, leaf_hash, tweak_hash},
};
use secp256k1::{Scalar, XOnlyPublicKey};
use serde_json::Value;

use super::{
    assembly::{assemble, push},
    credit, hash, hex, json,
    native::Native,
    output, reversed_hash, spend, taproot_corpus, transaction,
};

/// An input of a transaction, and the rules of the vector.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub transaction: Transaction,
    pub spent_outputs: Vec<TxOut>,
    pub input_index: usize,
    pub flags: Flags,
    pub policy: Policy,
}

impl Case {
    pub fn verify(&self) -> Result<(), InputError> {
        self.verify_with(self.flags, self.policy)
    }

    pub fn verify_with(&self, flags: Flags, policy: Policy) -> Result<(), InputError> {
        let spending = Spending::new(&self.transaction, &self.spent_outputs).unwrap();
        policy::verify_input(&spending, self.input_index, flags, policy, &Native)
    }
}

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

/// Removes the rules that need another one that is missing, as Bitcoin Core's tests do.
pub fn trim((mut flags, mut policy): (Flags, Policy)) -> (Flags, Policy) {
    if !flags.contains(Flags::P2SH) {
        flags -= Flags::WITNESS;
    }
    if !flags.contains(Flags::WITNESS) {
        policy -= Policy::CLEANSTACK;
        flags -= Flags::TAPROOT;
    }
    (flags, policy)
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
    let internal = XOnlyPublicKey::from_byte_array(hash(NUMS)).unwrap();
    let mut program = None;
    let mut filled = Vec::new();
    for element in elements {
        let element = element.as_str().unwrap();
        if let Some(assembly) = element.strip_prefix("#SCRIPT#") {
            let script = assemble(assembly);
            let tweak = tweak_hash(&hash(NUMS), Some(&leaf_hash(TAPSCRIPT_LEAF_VERSION, &script)));
            program = Some(internal.add_tweak(&Scalar::from_be_bytes(tweak).unwrap()).unwrap());
            filled.push(script);
        } else if element == "#CONTROLBLOCK#" {
            let (_, parity) = program.unwrap();
            filled.push([&[TAPSCRIPT_LEAF_VERSION | parity.to_u8()][..], &hash(NUMS)].concat());
        } else {
            filled.push(hex(element));
        }
    }
    let script_pubkey = match program {
        Some((key, _)) => {
            assert_eq!(script_pubkey, "0x51 0x20 #TAPROOTOUTPUT#");
            [vec![0x51], push(&key.to_byte_array())].concat()
        }
        None => assemble(script_pubkey),
    };
    (filled, script_pubkey)
}

/// A point whose discrete logarithm nobody knows (BIP 341).
const NUMS: &str = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

/// Reads a row of `tx_valid.json` or `tx_invalid.json`: all inputs of a transaction.
pub fn transaction_test(row: &Value) -> Vec<Case> {
    let [prevouts, raw, names] = &row.as_array().unwrap()[..3] else { panic!("{row}") };
    let transaction = transaction(raw.as_str().unwrap());
    let outputs: BTreeMap<OutPoint, TxOut> = prevouts.as_array().unwrap().iter().map(prevout).collect();
    let spent = |input: &outrider_bitcoin_script::primitives::TxIn| outputs[&input.previous_output].clone();
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
        input.witness = outrider_bitcoin_script::primitives::Witness::from_slice(&witness);
        let name = format!("{file}, {}, {outcome}", text(&value["comment"]));
        let spent_outputs = spent_outputs.clone();
        let case = Case { name, transaction, spent_outputs, input_index, flags, policy };
        cases.push((case, outcome == "success", is_final));
    }
    cases
}

/// Returns every set of consensus flags in which each flag has the one that it needs.
pub fn all_flags() -> Vec<Flags> {
    let bits: Vec<Flags> = Flags::all().iter().collect();
    let set = |selection: u32| {
        bits.iter()
            .enumerate()
            .filter(|(index, _)| selection >> index & 1 != 0)
            .map(|(_, flag)| *flag)
            .collect()
    };
    let sets = (0..1 << bits.len()).map(set);
    sets.filter(|flags: &Flags| trim((*flags, Policy::empty())).0 == *flags).collect()
}
