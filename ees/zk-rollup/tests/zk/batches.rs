//! Batches with proofs.

use outrider_sdk::harness::Context;
use outrider_sdk::{StateRoot, harness::Execution, receipt::Slot};
use outrider_zk_rollup_core::{Fr, Transfer, field::to_bytes};
use zk_rollup::{Batch, InputError, Payload, Section, execute};

use crate::rollup::{Rollup, forced, transfer};

fn batch_of(rollup: &mut Rollup, size: u16, transfers: &[Transfer]) -> Section {
    let mut section = Section::default();
    rollup.add_batch(&mut section, size, transfers);
    section
}

#[test]
fn a_batch_moves_ether_and_needs_no_path() {
    let mut rollup = Rollup::with_accounts(&[100, 100, 0x10_0000]);
    let transfers =
        [transfer(1, 2, 30, 1), transfer(2, 2, 20, 2), transfer(2, 1, 100, 0), transfer(1, 3, 169, 0)];
    let section = batch_of(&mut rollup, 5, &transfers);
    let provided = rollup.operate(section);
    let balances = [1, 2, 3].map(|number| rollup.balance(number));
    assert_eq!((balances, rollup.node().fees), ([0, 28, 0x10_0000 + 169], 3));
    assert_eq!([1, 2, 3].map(|number| rollup.account(number).unwrap().nonce), [2, 2, 0]);
    let (state_node, key) = (rollup.node().to_bytes().len(), zk_rollup::KEY_NODE_BYTES);
    // Signature, no deposits, no exits and no collector; size, number, transfers, root and proof.
    let payload = 1 + 48 + 1 + 1 + 3 + 2 + 2 + 4 * 12 + 32 + 192;
    assert_eq!(provided.block_data.len(), 4 + state_node + key + payload);
}

#[test]
fn batches_follow_each_other_and_what_came_before_them() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    rollup.receive(&[crate::rollup::new_account(50, 3), crate::rollup::message(5, &[0, 0, 1])]);
    let mut section = Section { n_deposits: 2, exits: vec![rollup.exit(2, 0, 99, 0)], ..Section::default() };
    rollup.add_batch(&mut section, 2, &[transfer(3, 2, 50, 0)]);
    rollup.add_batch(&mut section, 2, &[transfer(2, 1, 51, 0)]);
    rollup.add_batch(&mut section, 5, &[transfer(1, 3, 156, 0)]);
    rollup.operate(section);
    assert_eq!([1, 2, 3].map(|number| rollup.balance(number)), [0, 0, 156]);
}

/// A provider executes transfers without their signatures, and says what is wrong with them.
#[test]
fn a_provider_names_what_cannot_be_transferred() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let root = rollup.node().accounts;
    let mut refuse = |transfers: &[Transfer], expected| {
        let batch = rollup.prove(5, root, root, transfers);
        let section = rollup.sign(Section { batches: vec![batch], ..Section::default() });
        rollup.refuse(&section, expected);
    };
    refuse(
        &[transfer(1, 2, 1, 0), transfer(1, 2, 100, 0)],
        "transfer 1: a balance of 99 Gwei does not cover 100",
    );
    refuse(&[transfer(1, 2, 100, 1)], "transfer 0: a balance of 100 Gwei does not cover 100 and a fee of 1");
    refuse(&[transfer(3, 2, 0, 0)], "transfer 0: there is no account 3");
    refuse(&[transfer(1, 3, 1, 0)], "transfer 0: there is no account 3");
    refuse(&[transfer(1, 2, 1, 0)], "the transfers lead to the root");
    let good = batch_of(&mut rollup, 5, &[transfer(1, 2, 1, 0)]);
    let unknown =
        Section { batches: vec![Batch { size: 3, ..good.batches[0].clone() }], ..Section::default() };
    rollup.refuse(&rollup.sign(unknown), "there is no verifying key for batches of 3");
}

/// Returns the verdict of a shard without the state, which sees the proof alone.
#[track_caller]
fn refuse(rollup: &Rollup, batch: &Batch) {
    let section = Section { batches: vec![batch.clone()], ..Section::default() };
    let Payload::Section(signed) = rollup.sign(section) else { unreachable!() };
    let keys = rollup.node().keys;
    let key =
        keys.iter().find(|(size, _)| *size == batch.size).map(|(_, hash)| outrider_witness::Hash(*hash));
    let key = key.map(|hash| rollup.provider.nodes().bytes(&hash).unwrap().to_vec()).unwrap_or_default();
    let witness = [rollup.node().to_bytes(), key].concat();
    let block_data = outrider_sdk::state::block_data(&witness, &Payload::Section(signed).to_bytes());
    let run = |block_data| {
        let context = Context { slot: Slot(rollup.slot), ..Context::default() };
        Execution::new(rollup.provider.root()).context(context).block_data(block_data).run(execute)
    };
    let text = outrider_sdk::chain(&run(block_data).map(|outcome| outcome.post_state_root).unwrap_err());
    let expected = "batch 0: the proof does not hold for this key and public input";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_shard_refuses_what_is_not_proved() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let old = rollup.node().accounts;
    let section = batch_of(&mut rollup, 2, &[transfer(1, 2, 5, 1)]);
    let good = section.batches[0].clone();
    let change = |change: &dyn Fn(&mut Batch)| {
        let mut changed = good.clone();
        change(&mut changed);
        refuse(&rollup, &changed);
    };
    change(&|batch| batch.transfers[0] = transfer(1, 2, 5, 0));
    change(&|batch| batch.transfers[0] = transfer(2, 1, 5, 1));
    change(&|batch| batch.transfers.push(transfer(1, 1, 0, 0)));
    change(&|batch| batch.root += Fr::from(1_u8));
    change(&|batch| batch.root = old);
    // A proof of a batch of another size, with the same transfers and roots.
    let mut other = rollup.clone();
    let larger = other.prove(5, old, good.root, &good.transfers);
    change(&|batch| batch.proof = larger.proof);
    change(&|batch| batch.size = 5);
    // One from another root, of another rollup.
    let elsewhere = other.prove(2, good.root, good.root, &good.transfers);
    change(&|batch| batch.proof = elsewhere.proof);
    other.domain += Fr::from(1_u8);
    let elsewhere = other.prove(2, old, good.root, &good.transfers);
    change(&|batch| batch.proof = elsewhere.proof);
    // The points of the proof at other places.
    change(&|batch| std::mem::swap(&mut batch.proof.a, &mut batch.proof.c));
    change(&|batch| batch.proof.a = -batch.proof.a);
    change(&|batch| batch.proof.b = -batch.proof.b);
    rollup.operate(section);
    // Once more, its root before is another.
    refuse(&rollup, &good);
}

#[test]
fn a_replayed_batch_is_refused() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let section = batch_of(&mut rollup, 2, &[transfer(1, 2, 5, 0)]);
    rollup.operate(section.clone());
    rollup.refuse(&rollup.sign(section.clone()), "the transfers lead to the root");
    // Not even when the balances are again what they were: the nonces are others.
    let back = batch_of(&mut rollup, 2, &[transfer(2, 1, 5, 0)]);
    rollup.operate(back);
    assert_eq!([1, 2].map(|number| rollup.balance(number)), [100, 100]);
    rollup.refuse(&rollup.sign(section), "the transfers lead to the root");
}

#[test]
fn a_batch_has_at_least_one_transfer_and_no_more_than_its_size() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let batch = batch_of(&mut rollup, 5, &[transfer(1, 2, 5, 0), transfer(1, 2, 5, 0), transfer(1, 2, 5, 0)]);
    let with = |change: &dyn Fn(&mut Batch)| {
        let mut section = batch.clone();
        change(&mut section.batches[0]);
        rollup.sign(section)
    };
    rollup.refuse(&with(&|batch| batch.transfers.clear()), "a batch of size 5 has 1 to 5 transfers, got 0");
    rollup.refuse(&with(&|batch| batch.size = 2), "a batch of size 2 has 1 to 2 transfers, got 3");
}

#[test]
fn the_empty_block_of_a_shard_has_the_state_node_alone() {
    let rollup = Rollup::with_accounts(&[100]);
    let provided = rollup.try_payload(&forced(0, vec![])).unwrap();
    assert_eq!(provided.block_data.len(), 4 + rollup.node().to_bytes().len() + 2);
    assert_eq!(provided.outcome.post_state_root, rollup.provider.root());
    assert_ne!(rollup.provider.root(), StateRoot::default());
}

/// The host multiplies by numbers over the order as well, so that such a root would be a second encoding of one.
#[test]
fn a_root_over_the_order_of_the_field_is_refused() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let section = batch_of(&mut rollup, 2, &[transfer(1, 2, 5, 1)]);
    let root = to_bytes(&section.batches[0].root);
    let payload = rollup.sign(section).to_bytes();
    let at = payload.windows(32).position(|bytes| bytes == root).unwrap();
    // What the order is, one byte after the other from the last one.
    let order = to_bytes(&-Fr::from(1_u8));
    let mut carry = 1;
    let mut over = root;
    for (byte, more) in over.iter_mut().zip(order).rev() {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0);
    let changed = [&payload[..at], &over, &payload[at + 32..]].concat();
    assert!(matches!(Payload::from_bytes(&changed), Err(InputError::Root { offset, .. }) if offset == at));
}
