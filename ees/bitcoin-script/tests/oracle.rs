//! Agreement with Bitcoin Core's own verification, on the vectors and on mutations of them.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;

use outrider_bitcoin_script::{
    Flags,
    policy::Policy,
    primitives::{Amount, Sequence},
};
use support::{
    case::{script_tests, taproot_tests, transaction_test},
    input::{Case, all_flags, trim},
    json,
    mutation::{Random, move_script, mutate},
    signed::{Kind, signed},
};

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
            n_valid += usize::from(case.check(*flags));
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
        if random.below(2) == 0 {
            move_script(&mut case, &mut random);
        }
        for _ in 0..=random.below(3) {
            mutate(&mut case, &mut random);
        }
        case.check(flags);
        let reason = case.verify_with(flags, Policy::empty()).map_err(|error| error.reason.name());
        *reasons.entry(reason.err().unwrap_or("OK")).or_default() += 1;
    }
    println!("{n_mutations} mutations agree: {reasons:?}");
}

#[test]
fn signatures_by_our_hashes_are_valid_for_bitcoin_core() {
    let mut random = Random::new(2);
    let mut n_by_kind = BTreeMap::<Kind, usize>::new();
    for _ in 0..5_000 {
        let (kind, case) = signed(&mut random);
        assert!(case.check(case.flags), "{}", case.name);
        *n_by_kind.entry(kind).or_default() += 1;
        // What the signature signs or not: both agree on it.
        let mut changed = case.clone();
        mutate_unsigned(&mut changed, &mut random);
        changed.check(case.flags);
    }
    println!("signed spends: {n_by_kind:?}");
}

/// Changes a part of the transaction that some hash types do not sign.
fn mutate_unsigned(case: &mut Case, random: &mut Random) {
    let (n_inputs, n_outputs) = (case.transaction.inputs.len(), case.transaction.outputs.len());
    match random.below(4) {
        0 => {
            let input = &mut case.transaction.inputs[random.below(n_inputs)];
            input.previous_output.vout ^= 1;
        }
        1 => {
            let sequence = Sequence::from_consensus(random.next() as u32);
            case.transaction.inputs[random.below(n_inputs)].sequence = sequence;
        }
        2 if n_outputs > 0 => {
            let output = &mut case.transaction.outputs[random.below(n_outputs)];
            output.script_pubkey = vec![random.next() as u8].into();
        }
        _ => {
            let output = &mut case.spent_outputs[random.below(n_inputs)];
            output.amount = Amount::from_sat(random.next() % 1000).unwrap();
        }
    }
}
