//! The operator's sections, and the payloads in general.

use outrider_sdk::receipt::{EeIndex, ShardIndex};
use outrider_zk_rollup_core::Fr;
use zk_rollup::{Deposit, Genesis, InputError, Payload, Recipient, Section, SignedSection};

use crate::rollup::{
    Rollup, forced, genesis, index, message, new_account, operator, secret, transfer, trapdoor,
};

#[test]
fn a_section_counts_once() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    // Not even one that changes no account can be repeated, or others could keep the rollup closed.
    let empty = rollup.sign(Section::default());
    rollup.accept(&empty);
    rollup.refuse(&empty, "the operator has not signed this section for section number 2");
    let mut section = Section::default();
    rollup.add_batch(&mut section, 2, &[transfer(1, 2, 5, 1)]);
    let section = rollup.sign(section);
    rollup.accept(&section);
    rollup.refuse(&section, "the operator has not signed this section for section number 3");
    assert_eq!(rollup.node().n_sections, 3);
}

#[test]
fn the_operator_alone_signs_sections_and_for_this_rollup() {
    let rollup = Rollup::with_accounts(&[100]);
    let node = rollup.node();
    let signed = |secret, domain: Fr, n_sections, accounts: Fr| {
        Payload::Section(Section::default().sign(&secret, &domain, n_sections, &accounts))
    };
    assert!(rollup.try_payload(&signed(operator(), rollup.domain, 1, node.accounts)).is_ok());
    for wrong in [
        signed(secret(1), rollup.domain, 1, node.accounts),
        signed(operator(), rollup.domain + Fr::from(1_u8), 1, node.accounts),
        signed(operator(), rollup.domain, 0, node.accounts),
        signed(operator(), rollup.domain, 1, node.accounts + Fr::from(1_u8)),
    ] {
        rollup.refuse(&wrong, "the operator has not signed this section");
    }
}

#[test]
fn a_changed_section_is_refused() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    rollup.receive(&[new_account(7, 3)]);
    let mut section = Section { n_deposits: 1, exits: vec![rollup.exit(1, 0, 3, 1)], ..Section::default() };
    rollup.add_batch(&mut section, 2, &[transfer(2, 3, 5, 1)]);
    let Payload::Section(signed) = rollup.sign(section) else { unreachable!() };
    let refuse = |change: fn(&mut Section)| {
        let mut changed = signed.clone();
        change(&mut changed.section);
        rollup.refuse(&Payload::Section(changed), "the operator has not signed this section");
    };
    refuse(|section| section.n_deposits = 0);
    refuse(|section| section.exits.clear());
    refuse(|section| section.collector = Some(index(1)));
    refuse(|section| section.batches.clear());
    // Anybody can make another proof for the same input, but not put it into a section.
    refuse(|section| section.batches[0].proof = trapdoor(2).prove(Fr::from(1_u8), 9));
    rollup.accept(&Payload::Section(signed));
}

#[test]
fn fees_become_a_deposit_of_the_operators_choice() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let mut section = Section::default();
    rollup.add_batch(&mut section, 5, &[transfer(1, 2, 5, 1), transfer(2, 1, 50, 3)]);
    rollup.add_batch(&mut section, 2, &[transfer(1, 1, 0, 7)]);
    rollup.operate(section);
    assert_eq!(
        (rollup.node().fees, rollup.balance(1), rollup.balance(2), rollup.ether()),
        (11, 137, 52, 200)
    );
    let collect = |number| Section { collector: Some(index(number)), ..Section::default() };
    rollup.refuse(&rollup.sign(collect(3)), "there is no account 3 to collect the fees");
    rollup.operate(collect(2));
    let pending = Deposit { value: 11, recipient: Recipient::Existing(index(2)) };
    assert_eq!((rollup.node().fees, rollup.pending()), (0, vec![pending]));
    rollup.refuse(&rollup.sign(collect(2)), "there are no fees to collect");
    rollup.operate(Section { n_deposits: 1, ..Section::default() });
    assert_eq!((rollup.balance(2), rollup.ether()), (63, 200));
}

#[test]
fn a_genesis_is_for_the_empty_state_and_everything_else_for_another() {
    let mut rollup = Rollup::new();
    rollup.refuse(&Payload::Genesis(genesis(0)), "the payload is a genesis, but the state is not empty");
    rollup.provider = outrider_sdk::harness::StateProvider::new();
    rollup.refuse(&forced(0, vec![]), "the state is empty: it needs a genesis first");
    let section = Section::default().sign(&operator(), &rollup.domain, 0, &Fr::from(0_u8));
    rollup.refuse(&Payload::Section(section), "the state is empty: it needs a genesis first");
    let refuse = |genesis: Genesis, expected| rollup.refuse(&Payload::Genesis(genesis), expected);
    let good = genesis(0);
    refuse(Genesis { keys: vec![], ..good.clone() }, "a rollup has 1 to 255 verifying keys, got 0");
    refuse(Genesis { keys: vec![good.keys[0]; 256], ..good.clone() }, "verifying keys, got 256");
    refuse(Genesis { keys: vec![good.keys[1], good.keys[0]], ..good.clone() }, "batch sizes ascend from 1");
    refuse(Genesis { keys: vec![good.keys[0]; 2], ..good.clone() }, "batch sizes ascend from 1");
    refuse(Genesis { keys: vec![(0, good.keys[0].1)], ..good.clone() }, "batch sizes ascend from 1, and 0");
    let mut unfinished = good.keys[0].1;
    unfinished.delta = unfinished.gamma;
    refuse(
        Genesis { keys: vec![(2, unfinished)], ..good },
        "the verifying key for batches of 2: gamma equals delta",
    );
}

/// So that signatures and proofs of one rollup are of no use to another.
#[test]
fn rollups_have_different_domains() {
    let good = genesis(0);
    let domains = [
        good.domain(ShardIndex(0), EeIndex(0)),
        good.domain(ShardIndex(1), EeIndex(0)),
        good.domain(ShardIndex(0), EeIndex(1)),
        genesis(1).domain(ShardIndex(0), EeIndex(0)),
        Genesis { silence: 3, ..good.clone() }.domain(ShardIndex(0), EeIndex(0)),
        Genesis { keys: vec![good.keys[0]], ..good.clone() }.domain(ShardIndex(0), EeIndex(0)),
    ];
    for (at, domain) in domains.iter().enumerate() {
        assert!(!domains[..at].contains(domain), "{at}");
    }
    assert_eq!(Rollup::new().node().domain, domains[0]);
}

#[test]
fn packages_without_operations_and_those_that_anybody_can_make_are_merged() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    rollup.receive(&[message(1, &[0, 0, 1]), message(1, &[0, 0, 2])]);
    rollup.slot = 200;
    let nothing = forced(0, vec![]);
    let first = forced(1, vec![rollup.exit(1, 0, 10, 0)]);
    let second = forced(2, vec![rollup.exit(2, 0, 10, 0), rollup.exit(1, 1, 10, 0)]);
    let provided = rollup.try_packages(&[], &[first.clone(), nothing.clone(), second]).unwrap();
    assert_eq!(provided.outcome.receipts.len(), 3);
    let section = rollup.sign(Section::default());
    assert!(rollup.try_packages(&[], &[nothing.clone(), section.clone(), nothing]).is_ok());
    assert!(rollup.try_packages(&[], &[]).is_ok());
    let refuse = |packages: &[Payload], expected| {
        let text = outrider_sdk::chain(&rollup.try_packages(&[], packages).unwrap_err());
        assert!(text.contains(expected), "{text}");
    };
    let conflict = "package 1: the exit of account 1 with nonce 0 conflicts with one in package 0";
    refuse(&[first.clone(), first.clone()], conflict);
    let alone =
        "package 1: a genesis or a section cannot be merged with other operations, those of package 0";
    refuse(&[first.clone(), section.clone()], alone);
    refuse(&[section.clone(), first], alone);
    refuse(&[section.clone(), section.clone()], alone);
    refuse(&[section, Payload::Genesis(genesis(0))], alone);
}

#[test]
fn a_payload_has_one_encoding() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let mut section =
        Section { exits: vec![rollup.exit(1, 0, 3, 1)], collector: Some(index(1)), ..Section::default() };
    rollup.add_batch(&mut section, 2, &[transfer(2, 1, 5, 1)]);
    rollup.add_batch(&mut section, 5, &[transfer(2, 1, 5, 1), transfer(1, 2, 6, 1)]);
    let payloads = [
        Payload::Genesis(genesis(1)),
        rollup.sign(section),
        forced(300, vec![rollup.exit(1, 0, 3, 1), rollup.exit(2, 0, 3, 1)]),
    ];
    for payload in payloads {
        let bytes = payload.to_bytes();
        assert_eq!(Payload::from_bytes(&bytes).unwrap(), payload);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            if let Ok(decoded) = Payload::from_bytes(&changed) {
                assert_eq!(decoded.to_bytes(), changed, "byte {at}");
                assert_ne!(decoded, payload);
            }
            if let Ok(decoded) = Payload::from_bytes(&bytes[..at]) {
                assert_eq!(decoded.to_bytes(), bytes[..at], "{at} bytes");
            }
        }
        let more = [&bytes[..], &[0]].concat();
        assert!(Payload::from_bytes(&more).is_err());
    }
    assert!(Payload::from_bytes(&[]).is_err() && Payload::from_bytes(&[3]).is_err());
    let SignedSection { section, .. } =
        Section::default().sign(&operator(), &rollup.domain, 0, &rollup.domain);
    assert_eq!(section.to_bytes(), [0; 5]);
}

#[test]
fn an_operator_has_a_key() {
    let bytes = Payload::Genesis(genesis(0)).to_bytes();
    for key in [[0; 32], [0xff; 32]] {
        let changed = [&bytes[..1], &key, &bytes[33..]].concat();
        assert!(matches!(Payload::from_bytes(&changed), Err(InputError::Operator(_))));
    }
}
