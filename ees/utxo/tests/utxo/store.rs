//! A provider's store: the nodes of several states.

use std::collections::{BTreeMap, btree_map::Entry};

use bitcoin_primitives::Transaction;
use outrider_sdk::harness::{Provided, StateProvider};
use outrider_witness::{Hash, NodeBag};
use utxo::{Network, Payload, Proposal, node_hash};

use crate::{
    builder::{ANYONE, chain_of, input, out_point, output, pay, propose, time, transaction},
    chain::Chain,
};

fn package(transaction: &Transaction) -> Payload<'static> {
    Payload::Transaction(transaction.clone())
}

/// A reorganisation goes back to an old root, whose nodes are still there.
#[test]
fn a_provider_can_go_back() {
    let (mut chain, coins) = chain_of(103);
    let common = chain.0.root();
    chain.accept_packages(&[propose(104), package(&pay(coins[0], &[5]))]);
    let nodes = chain.0.nodes().clone();
    let mut back = Chain(StateProvider::with_state(common, nodes));
    let mut proposal = Proposal { time: time(104) + 1, script: ANYONE.to_vec(), transactions: vec![] };
    proposal.transactions.push(pay(coins[0], &[6]));
    back.accept(&Payload::Proposal(proposal));
    assert_eq!(back.tip().height, chain.tip().height);
    assert_ne!(back.0.root(), chain.0.root());
}

/// A long script is in several records of the index.
#[test]
fn scripts_of_all_lengths_are_spent() {
    let (mut chain, coins) = chain_of(103);
    // Pushes of 500 bytes with drops between them, and a true element; a script without a false one is anyone's.
    let script =
        |n: usize| [[&[0x4d, 0xf4, 0x01][..], &[7; 500], &[0x75]].concat().repeat(n), vec![0x51]].concat();
    let lengths = [0, 1, 2, 3, 4, 19];
    let outputs = lengths.iter().map(|n| output(1, &script(*n))).collect();
    let maker = transaction(vec![input(coins[0])], outputs);
    chain.accept_packages(&[propose(104), package(&maker)]);
    let inputs = (0..6).map(|vout| input(out_point(&maker, vout))).collect();
    let spend = transaction(inputs, vec![output(6, ANYONE)]);
    chain.accept_packages(&[propose(105), package(&spend)]);
    assert!(chain.try_packages(&[propose(106), package(&spend)]).is_err());
}

/// The kind of a provider's store: the bytes of each node show its hash.
#[test]
fn nodes_have_the_hashes_under_which_they_are_put() {
    let (mut chain, coins) = chain_of(103);
    let provided = chain.accept_packages(&[propose(104), package(&pay(coins[0], &[5; 40]))]);
    assert!(provided.new_nodes.len() > 40);
    for node in &provided.new_nodes {
        assert_eq!(node_hash(&node.bytes), Some(node.hash));
    }
    let tip = provided.new_nodes.last().unwrap();
    assert_eq!(tip.hash, Hash::from(chain.0.root()));
    // The roots of the forest, and that of the index.
    let n_branches = chain.tip().outputs.n_leaves() >> 1;
    assert_eq!(tip.children.len(), n_branches.count_ones() as usize + 1);
    assert_eq!(node_hash(&tip.bytes[..tip.bytes.len() - 1]), None);
    assert_eq!(node_hash(&[&tip.bytes[..], &[0]].concat()), None);
}

/// Bytes and children of nodes, by their hash.
#[derive(Default)]
struct Store(BTreeMap<Hash, (Vec<u8>, Vec<Hash>)>);

impl Store {
    fn add(&mut self, provided: &Provided) {
        for node in &provided.new_nodes {
            assert_eq!(node_hash(&node.bytes), Some(node.hash));
            self.0.insert(node.hash, (node.bytes.clone(), node.children.clone()));
        }
    }

    /// Deletes what a root does not lead to.
    fn keep(&mut self, root: Hash) {
        let mut kept = BTreeMap::new();
        let mut left = vec![root];
        while let Some(hash) = left.pop() {
            if let Entry::Vacant(entry) = kept.entry(hash) {
                let node = self.0.get(&hash).unwrap_or_else(|| panic!("{hash} is a child, and not stored"));
                left.extend(&node.1);
                entry.insert(node.clone());
            }
        }
        self.0 = kept;
    }

    fn nodes(&self) -> NodeBag {
        let mut bag = NodeBag::default();
        self.0.iter().for_each(|(hash, (bytes, _))| bag.insert(*hash, bytes.clone()));
        bag
    }
}

/// A store keeps what the current root leads to, and deletes the rest; so nodes have to name all that they need.
#[test]
fn a_store_that_keeps_one_state_can_go_on() {
    let mut chain = Chain(StateProvider::new());
    let mut store = Store::default();
    let mut coins = Vec::new();
    let mut n_nodes = Vec::new();
    let genesis = Payload::Genesis(Network::Regtest);
    for height in 0..130_u32 {
        let packages = match height {
            0 => vec![genesis.clone()],
            1..=100 => vec![propose(height)],
            _ => {
                // Some coins are spent twice over in a block, others stay; relative lock times need old headers.
                let mut spend = pay(coins[height as usize - 101], &[1, 2, 3]);
                spend.inputs[0].sequence = bitcoin_primitives::Sequence::from_consensus(1 << 22 | 1);
                let next = pay(out_point(&spend, 1), &[1, 1]);
                vec![propose(height), package(&spend), package(&next)]
            }
        };
        let provided = chain.accept_packages(&packages);
        if height > 0 {
            let block = crate::builder::block_of(&provided.block_data);
            coins.push(out_point(&block.as_parts().1[0], 0));
        }
        store.add(&provided);
        store.keep(chain.0.root().into());
        n_nodes.push(store.0.len());
        chain = Chain(StateProvider::with_state(chain.0.root(), store.nodes()));
    }
    assert!(n_nodes.is_sorted());
}
