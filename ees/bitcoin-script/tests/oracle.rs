//! Agreement with Bitcoin Core's own verification, on the vectors and on mutations of them.

mod support;

use std::collections::BTreeMap;

use bitcoinconsensus::{Utxo, verify_with_flags};
use outrider_bitcoin_script::{Flags, policy::Policy};
use support::{
    case::{Case, all_flags, script_tests, taproot_tests, transaction_test, trim},
    encode, json,
    mutation::{Random, mutate},
};

/// Returns what Bitcoin Core says, under consensus flags alone.
fn oracle(case: &Case, flags: Flags) -> bool {
    let utxo = |output: &outrider_bitcoin_script::primitives::TxOut| Utxo {
        script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
        script_pubkey_len: output.script_pubkey.len() as u32,
        value: output.amount.to_sat() as i64,
    };
    let utxos: Vec<Utxo> = case.spent_outputs.iter().map(utxo).collect();
    let spent = &case.spent_outputs[case.input_index];
    let result = verify_with_flags(
        spent.script_pubkey.as_bytes(),
        spent.amount.to_sat(),
        &encode(&case.transaction),
        Some(&utxos),
        case.input_index,
        flags.bits(),
    );
    if let Err(error) = result {
        // Only the verdict on the script, and no complaint about the arguments.
        assert_eq!(error, bitcoinconsensus::Error::ERR_SCRIPT, "{}", case.name);
    }
    result.is_ok()
}

#[track_caller]
fn check(case: &Case, flags: Flags) -> bool {
    let got = case.verify_with(flags, Policy::empty());
    assert_eq!(
        got.is_ok(),
        oracle(case, flags),
        "{} under {flags:?}: {got:?} of {:x?}",
        case.name,
        encode(&case.transaction)
    );
    got.is_ok()
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = script_tests().into_iter().map(|(case, _)| case).collect();
    for name in ["tx_valid", "tx_invalid"] {
        let rows = json(&format!("bitcoin-core/{name}.json"));
        let rows = rows.iter().filter(|row| row[2] != "BADTX");
        cases.extend(rows.flat_map(transaction_test).map(|mut case| {
            // The flags of valid transactions are those that do not hold.
            if name == "tx_valid" {
                case.flags = Flags::all() - case.flags;
            }
            case
        }));
    }
    cases.extend(taproot_tests().into_iter().map(|(case, ..)| case));
    for case in &mut cases {
        (case.flags, _) = trim((case.flags, Policy::empty()));
    }
    cases
}

#[test]
fn vectors_agree_under_every_set_of_flags() {
    let sets = all_flags();
    let (mut n_valid, mut n) = (0, 0);
    for case in cases() {
        for flags in &sets {
            n_valid += usize::from(check(&case, *flags));
            n += 1;
        }
    }
    println!("{n} verifications agree, {n_valid} of them valid");
}

#[test]
fn mutations_agree() {
    let n_mutations = std::env::var("MUTATIONS").map_or(100_000, |n| n.parse().unwrap());
    let seed = std::env::var("MUTATION_SEED").map_or(1, |seed| seed.parse().unwrap());
    let (cases, sets) = (cases(), all_flags());
    let mut random = Random::new(seed);
    let mut reasons = BTreeMap::<&str, usize>::new();
    for _ in 0..n_mutations {
        let mut case = random.choose(&cases).clone();
        let flags = if random.below(4) == 0 { *random.choose(&sets) } else { case.flags };
        for _ in 0..=random.below(3) {
            mutate(&mut case, &mut random);
        }
        check(&case, flags);
        let reason = case.verify_with(flags, Policy::empty()).map_err(|error| error.reason.name());
        *reasons.entry(reason.err().unwrap_or("OK")).or_default() += 1;
    }
    println!("{n_mutations} mutations agree: {reasons:?}");
}
