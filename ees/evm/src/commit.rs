//! Writes the changes of transactions into the tries.

use alloc::vec::Vec;
use core::mem;

use alloy_primitives::{B256, KECCAK256_EMPTY, map::AddressMap};
use outrider_sdk::state::{HostKeccak256, HostNodes};
use outrider_witness::{
    Hash, Recorder,
    mpt::{EMPTY_ROOT, TrieError},
};
use revm::{DatabaseCommit, state::Account as VmAccount};

use crate::{
    error::StateError,
    hash::keccak256,
    state::{Account, Entry, NO_CODE, Slot, State},
};

impl DatabaseCommit for State<'_> {
    /// Takes over the changes of a transaction.
    ///
    /// revm reports each touched account as destroyed, created, empty, or changed. An empty one is removed, EIP-161;
    /// before that, revm reports it as created, or not as touched.
    fn commit(&mut self, changes: AddressMap<VmAccount>) {
        for (address, account) in changes {
            if let Some(list) = &mut self.access_list {
                list.record(address, &account);
            }
            let entry = self.accounts.get_mut(&address);
            debug_assert!(entry.is_some(), "revm reads an account before it changes it");
            let Some(entry) = entry.filter(|_| account.is_touched()) else { continue };
            self.changed.insert(address);
            if account.is_selfdestructed() || (account.is_empty() && !account.is_created()) {
                entry.now = None;
                entry.wipe(&mut self.tries.forest);
                continue;
            }
            if account.is_created() {
                entry.now = None;
                entry.wipe(&mut self.tries.forest);
            }
            let storage_root = entry.now.unwrap_or(Account::EMPTY).storage_root;
            let info = account.info;
            let (nonce, balance) = (info.nonce, info.balance);
            let is_none = info.code_hash == NO_CODE;
            let code_hash = if is_none { KECCAK256_EMPTY } else { info.code_hash };
            entry.now = Some(Account { nonce, balance, storage_root, code_hash });
            for (index, slot) in account.storage {
                if slot.is_changed() {
                    let stored = slot.original_value;
                    entry.slots.entry(index).or_insert(Slot { stored, now: stored }).now = slot.present_value;
                }
            }
            if let Some(code) = info.code.filter(|_| code_hash != KECCAK256_EMPTY) {
                self.codes.entry(code_hash).or_insert(code);
            }
        }
    }
}

impl State<'_> {
    /// Writes all changes into the tries, and returns the root of the state.
    ///
    /// Insertions come first: a removal that leaves a branch with one child needs that child, and after insertions more
    /// branches have two.
    pub(crate) fn flush(&mut self) -> Result<B256, StateError> {
        let Self { tries, root, accounts, changed, .. } = self;
        let forest = &mut tries.forest;
        let mut removed = Vec::new();
        for address in mem::take(changed) {
            let Some(entry) = accounts.get_mut(&address) else { continue };
            let storage_root =
                entry.flush(forest).map_err(|source| StateError::Storage { address, source })?;
            match &mut entry.now {
                Some(account) => {
                    account.storage_root = storage_root;
                    let inserted = forest.insert(*root, entry.key.as_slice(), &alloy_rlp::encode(*account));
                    inserted.map_err(|source| StateError::Account { address, source })?;
                }
                None => removed.push((address, entry.key)),
            }
            entry.stored = entry.now;
        }
        for (address, key) in removed {
            let removed = forest.remove(*root, key.as_slice());
            removed.map_err(|source| StateError::Account { address, source })?;
        }
        Ok(B256::new(forest.root(*root).0))
    }

    /// Flushes, and puts all new nodes to a provider; returns the root of the state.
    pub(crate) fn finish(&mut self) -> Result<B256, StateError> {
        self.flush()?;
        let Self { tries, root, accounts, codes, .. } = self;
        for entry in accounts.values() {
            let Some(account) = entry.now else { continue };
            // No account refers to the empty trie as a node.
            if let Some(storage) =
                entry.storage.filter(|_| account.storage_root != Account::EMPTY.storage_root)
            {
                tries.commit(storage, |_, _| {});
            }
            let is_new = account.code_hash != entry.code_hash_before;
            if let Some(code) = codes.get(&account.code_hash).filter(|_| is_new) {
                tries.put_blob(&Hash(account.code_hash.0), code.original_byte_slice());
            }
        }
        Ok(B256::new(tries.commit(*root, refer).0))
    }
}

impl Entry {
    /// Clears the storage.
    fn wipe(&mut self, forest: &mut Forest) {
        self.storage = Some(forest.open(&EMPTY_ROOT));
        self.slots.clear();
    }

    /// Writes changed slots into the storage, and returns its root.
    fn flush(&mut self, forest: &mut Forest) -> Result<B256, TrieError> {
        let before = self.now.unwrap_or(Account::EMPTY).storage_root;
        let open = |forest: &mut Forest| forest.open(&Hash(before.0));
        let mut removed = Vec::new();
        for (index, slot) in &mut self.slots {
            if slot.now == slot.stored {
                continue;
            }
            slot.stored = slot.now;
            let key = keccak256(B256::from(*index));
            if slot.now.is_zero() {
                removed.push(key);
            } else {
                let storage = *self.storage.get_or_insert_with(|| open(forest));
                forest.insert(storage, key.as_slice(), &alloy_rlp::encode(slot.now))?;
            }
        }
        for key in removed {
            let storage = *self.storage.get_or_insert_with(|| open(forest));
            forest.remove(storage, key.as_slice())?;
        }
        Ok(self.storage.map_or(before, |storage| B256::new(forest.root(storage).0)))
    }
}

/// Returns the storage and the code to which an account refers.
fn refer(account: &[u8], out: &mut Vec<Hash>) {
    // A malformed value was there before, and was not read.
    let Ok(account) = alloy_rlp::decode_exact::<Account>(account) else { return };
    let referred =
        [(account.storage_root, Account::EMPTY.storage_root), (account.code_hash, Account::EMPTY.code_hash)];
    out.extend(referred.iter().filter(|(hash, empty)| hash != empty).map(|(hash, _)| Hash(hash.0)));
}

type Forest = outrider_witness::mpt::Forest<HostKeccak256, Recorder<HostNodes>>;
