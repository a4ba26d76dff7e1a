//! A provider's store: the nodes of several states.

use std::collections::{BTreeMap, BTreeSet};

use outrider_sdk::harness::{NewNode, Provided, StateProvider};
use outrider_witness::{Hash, NodeBag};
use zk_rollup::{Section, node_hash};

use crate::rollup::{Rollup, message, new_account, transfer};

/// All nodes that blocks have put, with their children.
#[derive(Default)]
struct Store(BTreeMap<Hash, (Vec<u8>, Vec<Hash>)>);

impl Store {
    fn put(&mut self, provided: &Provided) {
        for NewNode { hash, bytes, children } in &provided.new_nodes {
            assert_eq!(node_hash(bytes), Some(*hash));
            // Children come before their parents, or are of an earlier state.
            assert!(children.iter().all(|child| self.0.contains_key(child)), "{hash}");
            let (_, known) = self.0.entry(*hash).or_insert((bytes.clone(), vec![]));
            known.extend(children);
        }
    }

    /// Returns what a store keeps that only has a root.
    fn reachable(&self, root: Hash) -> NodeBag {
        let (mut bag, mut seen, mut todo) = (NodeBag::default(), BTreeSet::new(), vec![root]);
        while let Some(hash) = todo.pop() {
            if seen.insert(hash) {
                let (bytes, children) = &self.0[&hash];
                bag.insert(hash, bytes.clone());
                todo.extend(children);
            }
        }
        bag
    }
}

#[test]
fn the_nodes_below_a_root_are_all_that_its_state_needs() {
    let mut rollup = Rollup::new();
    rollup.provider = StateProvider::new();
    let mut store = Store::default();
    let mut roots = Vec::new();
    let mut note = |rollup: &Rollup, provided: Provided| {
        store.put(&provided);
        roots.push((rollup.provider.root(), rollup.slot));
    };
    let provided = rollup.accept(&zk_rollup::Payload::Genesis(crate::rollup::genesis(0)));
    rollup.slot = 101;
    note(&rollup, provided);
    // Two accounts with the same key and balance have the same leaf.
    let provided = rollup.receive(&[new_account(50, 1), new_account(50, 1), new_account(9, 2)]);
    note(&rollup, provided);
    let provided = rollup.operate(Section { n_deposits: 2, ..Section::default() });
    note(&rollup, provided);
    let mut section = Section { n_deposits: 1, exits: vec![rollup.exit(1, 0, 1, 0)], ..Section::default() };
    rollup.add_batch(&mut section, 5, &[transfer(2, 1, 10, 1), transfer(1, 3, 59, 0)]);
    let provided = rollup.operate(section);
    note(&rollup, provided);
    let provided = rollup.receive(&[message(1, &[0, 0, 3])]);
    note(&rollup, provided);
    for (root, slot) in roots {
        let nodes = store.reachable(Hash(root.0));
        let mut again = rollup.clone();
        again.slot = slot;
        again.provider = StateProvider::with_state(root, nodes);
        let pending = again.pending().len() as u32;
        let n_accounts = again.node().next_index - 1;
        assert_eq!(
            (1..=n_accounts).filter(|number| again.account(*number).is_some()).count() as u32,
            n_accounts
        );
        let mut section = Section { n_deposits: pending, ..Section::default() };
        if n_accounts > 0 {
            again.add_batch(&mut section, 2, &[transfer(1, 1, 0, 0)]);
        }
        again.operate(section);
    }
}

#[test]
fn what_is_no_node_has_no_hash() {
    for bytes in [&[][..], &[0], &[0; 47], &[0; 127], &[0; 129], &[0x74; 48], &[0x7f; 128]] {
        assert_eq!(node_hash(bytes), None, "{} bytes", bytes.len());
    }
    assert!(node_hash(&[0; 128]).is_some() && node_hash(&[0; 48]).is_some());
}

/// A block that another one came before is a package for the new state.
#[test]
fn a_section_outlasts_blocks_of_receipts() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let mut section = Section::default();
    rollup.add_batch(&mut section, 2, &[transfer(1, 2, 10, 0)]);
    let section = rollup.sign(section);
    let first = rollup.try_payload(&section).unwrap();
    rollup.receive(&[message(1, &[0, 0, 1])]);
    let second = rollup.try_payload(&section).unwrap();
    assert_ne!(first.block_data, second.block_data);
}
