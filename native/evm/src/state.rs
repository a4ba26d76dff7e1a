//! Full states: accounts as tests write them, and as nodes and blobs of a store.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use alloy_rlp::{Decodable as _, RlpDecodable, RlpEncodable};
use outrider_witness::{
    Hash, Keccak256, NoNodes, NodeBag, NodeSink, NodeSource,
    mpt::{EMPTY_ROOT, SecureTrie, Trie, TrieError},
    store::Batch,
};
use serde::Deserialize;

/// A state as all of its accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct State(pub BTreeMap<Address, Account>);

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The balance in wei.
    pub balance: U256,
    /// The number of transactions that the account has sent, or of contracts that it has created.
    #[serde(default)]
    pub nonce: U64,
    /// The code; empty if the account is not a contract.
    #[serde(default)]
    pub code: Bytes,
    /// The storage, by storage key. A value of zero stands for an absent one.
    #[serde(default)]
    pub storage: BTreeMap<U256, U256>,
}

/// An account as a value of the account trie (Yellow Paper, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct AccountValue {
    /// The nonce, as in [`Account`].
    pub nonce: u64,
    /// The balance, as in [`Account`].
    pub balance: U256,
    /// The root of the account's storage trie.
    pub storage_root: B256,
    /// The hash of the code.
    pub code_hash: B256,
}

impl State {
    /// Writes all nodes and codes into a sink, and returns the state root.
    pub fn commit(&self, sink: &mut impl NodeSink) -> B256 {
        let mut trie = Trie::<Keccak256, _>::empty();
        for (address, account) in &self.0 {
            let value = alloy_rlp::encode(account.commit(sink));
            let inserted = trie.insert(keccak256(address).as_slice(), &value);
            debug_assert!(inserted.is_ok(), "all of the trie is here");
        }
        B256::from(trie.commit_with(sink, refer).0)
    }

    /// Returns the state root, and the batch that adds the state to a store.
    pub fn batch(&self) -> (B256, Batch) {
        let mut batch = Batch::new();
        let root = self.commit(&mut batch);
        batch.pin(&Hash(root.0));
        (root, batch)
    }

    /// Returns the state root.
    pub fn root(&self) -> B256 {
        self.commit(&mut NodeBag::default())
    }
}

impl Account {
    /// Returns the account as a value of the account trie.
    pub fn value(&self) -> AccountValue {
        self.commit(&mut NodeBag::default())
    }

    fn commit(&self, sink: &mut impl NodeSink) -> AccountValue {
        let mut storage = SecureTrie::new(Trie::<Keccak256, NoNodes>::empty());
        let set = self.storage.iter().filter(|(_, value)| !value.is_zero());
        for (slot, value) in set {
            let inserted = storage.insert(&slot.to_be_bytes::<32>(), &alloy_rlp::encode(value));
            debug_assert!(inserted.is_ok(), "all of the trie is here");
        }
        let storage_root = match storage.inner().root() {
            EMPTY_ROOT => EMPTY_ROOT,
            _ => storage.inner().commit(sink),
        };
        let code_hash = keccak256(&self.code);
        if !self.code.is_empty() {
            sink.put(&Hash(code_hash.0), &self.code, &[]);
        }
        AccountValue {
            nonce: self.nonce.to(),
            balance: self.balance,
            storage_root: B256::from(storage_root.0),
            code_hash,
        }
    }
}

/// The root of an empty storage trie.
pub const EMPTY_STORAGE_ROOT: B256 = B256::new(EMPTY_ROOT.0);

/// Appends the hashes that an account's value refers to: its storage root, unless the storage is empty, and its code.
fn refer(value: &[u8], children: &mut Vec<Hash>) {
    // Only account values are ever inserted.
    let Ok(account) = AccountValue::decode(&mut &*value) else { return };
    let storage_root = Hash(account.storage_root.0);
    children.extend((storage_root != EMPTY_ROOT).then_some(storage_root));
    children.extend((account.code_hash != keccak256([])).then_some(Hash(account.code_hash.0)));
}

/// Returns the account at an address in a state of a source's nodes, or `None` if the state has no such account.
///
/// # Errors
///
/// Fails if the source lacks a node on the path.
pub fn account(
    root: B256,
    source: impl NodeSource,
    address: Address,
) -> Result<Option<AccountValue>, TrieError> {
    let mut trie = Trie::<Keccak256, _>::open(&Hash(root.0), source);
    let value = trie.get(keccak256(address).as_slice())?;
    Ok(value.and_then(|value| alloy_rlp::decode_exact(value).ok()))
}

/// Returns a value of a storage trie of a source's nodes, or zero if the storage has no such key.
///
/// # Errors
///
/// Fails if the source lacks a node on the path.
pub fn storage_value(storage_root: B256, source: impl NodeSource, slot: U256) -> Result<U256, TrieError> {
    let trie = Trie::<Keccak256, _>::open(&Hash(storage_root.0), source);
    let mut trie = SecureTrie::new(trie);
    let value = trie.get(&slot.to_be_bytes::<32>())?;
    Ok(value.and_then(|value| alloy_rlp::decode_exact(value).ok()).unwrap_or_default())
}
