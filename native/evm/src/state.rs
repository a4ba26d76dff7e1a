//! Full states: accounts as tests tell them, and as nodes and blobs of a store.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use alloy_rlp::{Decodable as _, RlpDecodable, RlpEncodable};
use outrider_witness::{
    Hash, Keccak256, NoNodes, NodeBag, NodeSink, NodeSource,
    mpt::{EMPTY_ROOT, SecureTrie, Trie, TrieError},
    store::Batch,
};
use serde::Deserialize;

/// All accounts of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct State(pub BTreeMap<Address, Account>);

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// In wei.
    pub balance: U256,
    /// How many transactions it has sent, or contracts it has made.
    #[serde(default)]
    pub nonce: U64,
    /// Empty if it is no contract.
    #[serde(default)]
    pub code: Bytes,
    /// By slot. A value of zero is none.
    #[serde(default)]
    pub storage: BTreeMap<U256, U256>,
}

/// An account as the value of the account trie (Yellow Paper, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct AccountValue {
    /// As in [`Account`].
    pub nonce: u64,
    /// As in [`Account`].
    pub balance: U256,
    /// The root of the account's storage trie.
    pub storage_root: B256,
    /// The hash of the code.
    pub code_hash: B256,
}

impl State {
    /// Puts all nodes and codes into a sink, and gives the state's root.
    pub fn commit(&self, sink: &mut impl NodeSink) -> B256 {
        let mut trie = Trie::<Keccak256, _>::empty();
        for (address, account) in &self.0 {
            let value = alloy_rlp::encode(account.commit(sink));
            let inserted = trie.insert(keccak256(address).as_slice(), &value);
            debug_assert!(inserted.is_ok(), "all of the trie is here");
        }
        B256::from(trie.commit_with(sink, refer).0)
    }

    /// The state's root, and what makes the state one that a store keeps.
    pub fn batch(&self) -> (B256, Batch) {
        let mut batch = Batch::new();
        let root = self.commit(&mut batch);
        batch.pin(&Hash(root.0));
        (root, batch)
    }

    /// The state's root.
    pub fn root(&self) -> B256 {
        self.commit(&mut NodeBag::default())
    }
}

impl Account {
    /// The account as the value of the account trie.
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

/// The root of a storage in which nothing is.
pub const EMPTY_STORAGE_ROOT: B256 = B256::new(EMPTY_ROOT.0);

/// Appends what the value of an account refers to: its storage, if there is any, and its code.
fn refer(value: &[u8], children: &mut Vec<Hash>) {
    // No other value is ever inserted.
    let Ok(account) = AccountValue::decode(&mut &*value) else { return };
    let storage_root = Hash(account.storage_root.0);
    children.extend((storage_root != EMPTY_ROOT).then_some(storage_root));
    children.extend((account.code_hash != keccak256([])).then_some(Hash(account.code_hash.0)));
}

/// The account with this address in a state whose nodes a source has, or `None` if there is none.
///
/// # Errors
///
/// The source does not have a node on the way.
pub fn account(
    root: B256,
    source: impl NodeSource,
    address: Address,
) -> Result<Option<AccountValue>, TrieError> {
    let mut trie = Trie::<Keccak256, _>::open(&Hash(root.0), source);
    let value = trie.get(keccak256(address).as_slice())?;
    Ok(value.and_then(|value| alloy_rlp::decode_exact(value).ok()))
}

/// The value of a slot in a storage whose nodes a source has; zero if there is none.
///
/// # Errors
///
/// The source does not have a node on the way.
pub fn storage_value(storage_root: B256, source: impl NodeSource, slot: U256) -> Result<U256, TrieError> {
    let trie = Trie::<Keccak256, _>::open(&Hash(storage_root.0), source);
    let mut trie = SecureTrie::new(trie);
    let value = trie.get(&slot.to_be_bytes::<32>())?;
    Ok(value.and_then(|value| alloy_rlp::decode_exact(value).ok()).unwrap_or_default())
}
