//! Damaged block data: every changed byte is refused, or makes another valid block.

use outrider_sdk::{
    harness::{Context, Execution},
    receipt::Slot,
    state::{block_data, packages},
};
use zk_rollup::{Payload, Section, execute};

use crate::rollup::{Rollup, forced, index, message, new_account, transfer};

/// Executes block data as a shard does; returns whether the block is valid.
fn is_valid(rollup: &Rollup, block_data: &[u8]) -> bool {
    let context = Context { slot: Slot(rollup.slot), ..Context::default() };
    let run = Execution::new(rollup.provider.root()).context(context).block_data(block_data).run(execute);
    match run {
        Ok(_) => true,
        Err(outrider_sdk::harness::Failure::Refused(_)) => false,
        Err(failure) => panic!("{}", outrider_sdk::chain(&failure)),
    }
}

/// A rollup with pending deposits, and a section with everything that sections have.
fn everything() -> (Rollup, Payload) {
    let mut rollup = Rollup::with_accounts(&[100, 100, 100, 100, 100, 100]);
    let mut section = Section::default();
    rollup.add_batch(&mut section, 2, &[transfer(1, 2, 5, 3)]);
    rollup.operate(section);
    rollup.receive(&[new_account(9, 7), message(8, &[0, 0, 5]), message(8, &[0, 0, 5])]);
    let exits = vec![rollup.exit(2, 0, 50, 1)];
    let mut section = Section { n_deposits: 2, exits, collector: Some(index(1)), batches: vec![] };
    rollup.add_batch(&mut section, 2, &[transfer(7, 2, 9, 0)]);
    rollup.add_batch(&mut section, 5, &[transfer(2, 7, 63, 0), transfer(1, 1, 0, 0)]);
    let section = rollup.sign(section);
    (rollup, section)
}

#[test]
fn a_section_is_refused_with_any_byte_changed_left_out_or_added() {
    let (rollup, section) = everything();
    let good = rollup.try_payload(&section).unwrap().block_data;
    assert!(is_valid(&rollup, &good));
    for at in (0..good.len()).step_by(3) {
        let mut changed = good.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(!is_valid(&rollup, &changed), "byte {at}");
    }
    for end in (0..good.len()).step_by(17) {
        assert!(!is_valid(&rollup, &good[..end]), "{end} bytes");
    }
    assert!(!is_valid(&rollup, &[&good[..], &[0]].concat()));
}

/// Nobody signs the number of deposits in a block without the operator: another number is another block, which needs
/// another witness.
#[test]
fn operations_without_the_operator_are_refused_with_any_byte_changed() {
    let mut rollup = Rollup::with_accounts(&[100, 100, 100]);
    rollup.receive(&[message(9, &[0, 0, 1]), message(8, &[0, 0, 1])]);
    rollup.slot = 200;
    let good = rollup.try_payload(&forced(1, vec![rollup.exit(3, 0, 50, 1)])).unwrap().block_data;
    let payload = good.len() - forced(1, vec![rollup.exit(3, 0, 50, 1)]).to_bytes().len();
    assert!(is_valid(&rollup, &good));
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1 << (at % 8);
        // The deposits are for the same account, so that the witness is the same for two of them.
        if at == payload + 1 {
            changed[at] = 2;
            assert!(is_valid(&rollup, &changed));
            changed[at] = 3;
        }
        assert!(!is_valid(&rollup, &changed), "byte {at}");
    }
}

#[test]
fn a_witness_has_nothing_to_spare() {
    let (rollup, section) = everything();
    let good = rollup.try_payload(&section).unwrap().block_data;
    let length = u32::from_le_bytes(good[..4].try_into().unwrap()) as usize;
    let (witness, payload) = good[4..].split_at(length);
    assert!(is_valid(&rollup, &block_data(witness, payload)));
    // The list of deposits before the paths, although no operation needs it.
    let empty = forced(0, vec![]).to_bytes();
    let node = rollup.node().to_bytes();
    assert!(is_valid(&rollup, &block_data(&node, &empty)));
    for spare in 1..witness.len() - node.len() {
        assert!(!is_valid(&rollup, &block_data(&witness[..node.len() + spare], &empty)), "{spare}");
    }
    // Twice, with one of the parts repeated.
    assert!(!is_valid(
        &rollup,
        &block_data(&[witness, &witness[witness.len() - zk_rollup::KEY_NODE_BYTES..]].concat(), payload)
    ));
}

/// Packages are no block data, and the other way round.
#[test]
fn packages_are_not_block_data() {
    let (rollup, section) = everything();
    assert!(!is_valid(&rollup, &packages(&[section.to_bytes()])));
}
