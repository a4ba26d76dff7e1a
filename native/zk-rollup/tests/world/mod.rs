//! A small rollup for tests: four accounts in a tree of depth 2.

#![allow(dead_code, reason = "each test file uses a part")]

use outrider_zk_rollup::batch::{Batch, SignedTransfer, apply};
use outrider_zk_rollup::circuit::{Circuit, Rows, Rule};
use outrider_zk_rollup::tree::Tree;
use outrider_zk_rollup::witness::{BatchWitness, SlotWitness};
use outrider_zk_rollup_core::{Account, AccountIndex, Amount, Fee, Fr, SecretKey, Signature, Transfer};

/// The depth of the tree: 16 leaves.
pub(crate) const DEPTH: usize = 2;

/// A rollup.
pub(crate) struct World {
    pub(crate) tree: Tree,
    pub(crate) domain: Fr,
}

impl World {
    /// Accounts 1, 2 and 3 with 1000 Gwei each, and 14 with nothing.
    pub(crate) fn new() -> World {
        let mut tree = Tree::new(DEPTH);
        for (index, balance) in [(1, 1000), (2, 1000), (3, 1000), (14, 0)] {
            tree.set(index, Account { key_y: key(index).public_key().y(), balance, nonce: 7 });
        }
        World { tree, domain: Fr::from(99) }
    }

    /// Sets balance and nonce of an account.
    pub(crate) fn set(&mut self, index: u32, balance: u64, nonce: u64) {
        let key_y = key(index).public_key().y();
        self.tree.set(index, Account { key_y, balance, nonce });
    }

    /// A transfer, signed for the sender's nonce in the tree.
    pub(crate) fn sign(&self, from: u32, to: u32, amount: u64, fee: u64) -> SignedTransfer {
        let nonce = self.tree.account(from).expect("an account").nonce;
        sign(transfer(from, to, amount, fee), nonce, &self.domain)
    }

    /// Applies a transfer, and returns its slot.
    pub(crate) fn slot(&mut self, from: u32, to: u32, amount: u64, fee: u64) -> SlotWitness {
        let signed = self.sign(from, to, amount, fee);
        apply(&mut self.tree, &self.domain, &signed).expect("a transfer that can be made")
    }

    /// Applies transfers in a batch.
    pub(crate) fn batch(&mut self, size: u16, transfers: &[SignedTransfer]) -> Batch {
        Batch::new(circuit(size), &self.domain, &mut self.tree, transfers)
            .expect("transfers that can be made")
    }

    /// A batch of one slot, whose public input is what the circuit computes.
    pub(crate) fn witness(&self, old_root: Fr, slot: SlotWitness) -> BatchWitness {
        let mut witness =
            BatchWitness { public_input: Fr::from(0), domain: self.domain, old_root, slots: vec![slot] };
        witness.public_input = digest(&circuit(1).rows(&witness));
        witness
    }
}

/// The circuit of a size over the small tree.
pub(crate) fn circuit(size: u16) -> Circuit {
    Circuit { depth: DEPTH, size }
}

/// The secret key of an account.
pub(crate) fn key(index: u32) -> SecretKey {
    SecretKey::from_seed(&[index as u8; 32])
}

pub(crate) fn sign(transfer: Transfer, nonce: u64, domain: &Fr) -> SignedTransfer {
    let signature = Signature::sign(&key(transfer.from.get()), &transfer.message(nonce), domain);
    SignedTransfer { transfer, signature }
}

pub(crate) fn transfer(from: u32, to: u32, amount: u64, fee: u64) -> Transfer {
    Transfer {
        from: AccountIndex::new(from).expect("an index"),
        to: AccountIndex::new(to).expect("an index"),
        amount: Amount::exact(amount).expect("an amount"),
        fee: Fee::exact(fee).expect("a fee"),
    }
}

/// The digest that the circuit computes.
pub(crate) fn digest(rows: &Rows) -> Fr {
    let row = rows.rows.iter().find(|row| row.rule == Rule::PublicInput).expect("the rule");
    row.a.value(&rows.assignment)
}

/// The rules that a witness violates, each once.
pub(crate) fn violated(rows: &Rows) -> Vec<Rule> {
    let mut rules: Vec<_> = rows.violated(&rows.assignment).map(|index| rows.rows[index].rule).collect();
    rules.sort();
    rules.dedup();
    rules
}
