//! revm's view of the state: accounts, storage and code over the tries.
//!
//! Reads are cached, so each value is read from the tries once. Changes by transactions stay here until they are
//! [flushed](State::flush) into the tries.

use alloc::{
    collections::{BTreeMap, BTreeSet, btree_map},
    vec::Vec,
};

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use outrider_evm_codec::{BlockHash, Fork, HISTORY_STORAGE};
use outrider_sdk::forest;
use outrider_witness::{
    Hash,
    mpt::{EMPTY_ROOT, TrieId},
};
use revm::{Database, bytecode::Bytecode, state::AccountInfo};

use crate::{access_list::AccessList, error::StateError, hash::keccak256, outbox::Outbox, rules::Spec};

/// Accounts, storage and code.
#[derive(Debug)]
pub(crate) struct State<'a> {
    pub(crate) tries: &'a mut forest::State,
    /// The trie of accounts.
    pub(crate) root: TrieId,
    pub(crate) accounts: BTreeMap<Address, Entry>,
    /// Accounts that have changed since they were flushed.
    pub(crate) changed: BTreeSet<Address>,
    /// Code that has been read or set, by hash.
    pub(crate) codes: BTreeMap<B256, Bytecode>,
    hashes: BlockHashes,
    /// Whether code may be a delegation, EIP-7702.
    has_delegations: bool,
    /// The reads and changes, if the header has an access list.
    pub(crate) access_list: Option<AccessList>,
    /// What a chain on a shard sends.
    pub(crate) outbox: Option<Outbox>,
    /// The bytes of witness that reads may still need, if there is a limit.
    pub(crate) witness_bytes_left: Option<usize>,
}

/// The source of block hashes, and the number of those that were needed.
#[derive(Debug)]
pub(crate) enum BlockHashes {
    /// The hashes of ancestors, newest first. The header of the next block determines each.
    Ancestors {
        /// The number of the first one, the parent.
        parent: u64,
        hashes: Vec<B256>,
        /// The number of ancestors' headers that were needed.
        needed: usize,
    },
    /// The hashes that the node of a chain determines, and older ones from the storage of EIP-2935's contract.
    Stored {
        /// The number of the parent.
        parent: u64,
        /// The hash of the parent, and that of its parent.
        hashes: [B256; 2],
    },
    /// Any hashes, by number.
    Listed { hashes: BTreeMap<u64, B256>, needed: BTreeSet<u64> },
}

impl BlockHashes {
    /// Hashes by ascending number.
    pub(crate) fn listed(blocks: impl IntoIterator<Item = BlockHash>) -> Result<Self, StateError> {
        let mut hashes = BTreeMap::new();
        for BlockHash { number, hash } in blocks {
            if hashes.last_key_value().is_some_and(|(last, _)| *last >= number) {
                return Err(StateError::BlockHashOrder { number });
            }
            hashes.insert(number, hash);
        }
        Ok(Self::Listed { hashes, needed: BTreeSet::new() })
    }

    /// Returns the needed part of a list.
    pub(crate) fn retain_needed(&self, list: &mut Vec<BlockHash>) {
        if let Self::Listed { needed, .. } = self {
            list.retain(|block| needed.contains(&block.number));
        }
    }
}

/// The known facts about an account.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its key in the trie.
    pub(crate) key: B256,
    /// The account in the trie.
    pub(crate) stored: Option<Account>,
    /// The present account, with an outdated storage root.
    pub(crate) now: Option<Account>,
    /// The code before the block.
    pub(crate) code_hash_before: B256,
    /// The storage, once it was opened.
    pub(crate) storage: Option<TrieId>,
    /// Slots that have been read or written.
    pub(crate) slots: BTreeMap<U256, Slot>,
}

/// A slot of storage. Zero means absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The value in the trie.
    pub(crate) stored: U256,
    pub(crate) now: U256,
}

/// An account in the trie, [Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), section 4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(crate) struct Account {
    pub(crate) nonce: u64,
    /// In wei.
    pub(crate) balance: U256,
    pub(crate) storage_root: B256,
    pub(crate) code_hash: B256,
}

impl Account {
    pub(crate) const EMPTY: Account = Account {
        nonce: 0,
        balance: U256::ZERO,
        storage_root: B256::new(EMPTY_ROOT.0),
        code_hash: KECCAK256_EMPTY,
    };

    /// Returns whether the account is empty, EIP-161. Its storage does not matter.
    pub(crate) fn is_empty(&self) -> bool {
        self.nonce == 0 && self.balance.is_zero() && self.code_hash == KECCAK256_EMPTY
    }
}

impl<'a> State<'a> {
    /// Returns the state with this root.
    pub(crate) fn new(
        tries: &'a mut forest::State,
        root: B256,
        hashes: BlockHashes,
        spec: &Spec<'_>,
    ) -> Self {
        let root = tries.forest.open(&Hash(root.0));
        let (accounts, changed, codes) = Default::default();
        let has_delegations = spec.has(Fork::Prague);
        let (access_list, outbox, witness_bytes_left) = Default::default();
        Self {
            tries,
            root,
            accounts,
            changed,
            codes,
            hashes,
            has_delegations,
            access_list,
            outbox,
            witness_bytes_left,
        }
    }

    /// Starts recording reads and changes.
    pub(crate) fn list_accesses(&mut self) {
        self.access_list = Some(AccessList::default());
    }

    /// Starts the next transaction, or the steps after all.
    pub(crate) fn advance(&mut self) {
        if let Some(list) = &mut self.access_list {
            list.advance();
        }
    }

    /// Returns the known facts about an account, and reads it if necessary.
    pub(crate) fn entry(&mut self, address: Address) -> Result<&mut Entry, StateError> {
        let vacant = match self.accounts.entry(address) {
            btree_map::Entry::Occupied(entry) => return Ok(entry.into_mut()),
            btree_map::Entry::Vacant(vacant) => vacant,
        };
        need(&mut self.witness_bytes_left, PATH_BYTES)?;
        let key = keccak256(address);
        let value = self.tries.forest.get(self.root, key.as_slice());
        let value = value.map_err(|source| StateError::Account { address, source })?;
        let stored = value.map(alloy_rlp::decode_exact::<Account>).transpose();
        let stored = stored.map_err(|source| StateError::MalformedAccount { address, source })?;
        let code_hash_before = stored.map_or(KECCAK256_EMPTY, |account| account.code_hash);
        let (storage, slots) = Default::default();
        Ok(vacant.insert(Entry { key, stored, now: stored, code_hash_before, storage, slots }))
    }

    /// Adds to a balance. Like every touch, adding nothing creates an account before Spurious Dragon, and removes an
    /// empty one from then on, EIP-161.
    pub(crate) fn add_balance(
        &mut self,
        address: Address,
        amount: U256,
        clears_empty: bool,
    ) -> Result<(), StateError> {
        let entry = self.entry(address)?;
        let account = entry.now.unwrap_or(Account::EMPTY);
        let balance = account.balance.checked_add(amount).ok_or(StateError::BalanceOverflow { address })?;
        let before = account.balance;
        let account = Account { balance, ..account };
        entry.now = Some(account).filter(|account| !(clears_empty && account.is_empty()));
        if let Some(list) = &mut self.access_list {
            list.record_balance(address, before, balance);
        }
        self.changed.insert(address);
        Ok(())
    }

    /// Takes from a balance what leaves the chain.
    pub(crate) fn burn(&mut self, address: Address, amount: U256) -> Result<(), StateError> {
        let entry = self.entry(address)?;
        let account = entry.now.unwrap_or(Account::EMPTY);
        let before = account.balance;
        let balance = before.checked_sub(amount).ok_or(StateError::BalanceMissing { address, amount })?;
        entry.now = Some(Account { balance, ..account }).filter(|account| !account.is_empty());
        if let Some(list) = &mut self.access_list {
            list.record_balance(address, before, balance);
        }
        self.changed.insert(address);
        Ok(())
    }

    /// Removes the whole balance.
    pub(crate) fn take_balance(&mut self, address: Address) -> Result<U256, StateError> {
        let Some(account) = &mut self.entry(address)?.now else { return Ok(U256::ZERO) };
        let balance = core::mem::take(&mut account.balance);
        self.changed.insert(address);
        Ok(balance)
    }

    /// Returns the block hashes that were needed.
    pub(crate) fn hashes(&self) -> &BlockHashes {
        &self.hashes
    }
}

impl Database for State<'_> {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let Some(account) = self.entry(address)?.now else { return Ok(None) };
        let Account { nonce, balance, storage_root, code_hash } = account;
        let has_storage_alone =
            nonce == 0 && code_hash == KECCAK256_EMPTY && storage_root != Account::EMPTY.storage_root;
        let (code_hash, code) =
            if has_storage_alone { (NO_CODE, Some(Bytecode::default())) } else { (code_hash, None) };
        Ok(Some(AccountInfo { balance, nonce, code_hash, account_id: None, code }))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StateError> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.codes.get(&code_hash) {
            return Ok(code.clone());
        }
        let code = Bytes::from(self.tries.forest.blob(&Hash(code_hash.0)).map_err(StateError::Code)?);
        need(&mut self.witness_bytes_left, code.len())?;
        // Before EIP-3541 code could begin like a delegation of EIP-7702. From Prague on it is one if it also has the
        // length.
        let delegation = self.has_delegations.then(|| Bytecode::new_raw_checked(code.clone()).ok()).flatten();
        let code = delegation.unwrap_or_else(|| Bytecode::new_legacy(code));
        self.codes.insert(code_hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, StateError> {
        let entry = self.entry(address)?;
        if let Some(slot) = entry.slots.get(&index) {
            return Ok(slot.now);
        }
        let root = entry.now.map_or(EMPTY_ROOT, |account| Hash(account.storage_root.0));
        let storage = entry.storage;
        if storage.is_none() && root == EMPTY_ROOT {
            return Ok(U256::ZERO);
        }
        need(&mut self.witness_bytes_left, PATH_BYTES)?;
        let storage = storage.unwrap_or_else(|| self.tries.forest.open(&root));
        let key = keccak256(B256::from(index));
        let value = self.tries.forest.get(storage, key.as_slice());
        let value = value.map_err(|source| StateError::Storage { address, source })?;
        let stored = value.map(alloy_rlp::decode_exact::<U256>).transpose();
        let stored = stored.map_err(|source| StateError::MalformedSlot { address, slot: index, source })?;
        let stored = stored.unwrap_or_default();
        let entry = self.entry(address)?;
        entry.storage = Some(storage);
        entry.slots.insert(index, Slot { stored, now: stored });
        Ok(stored)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        let not_covered = StateError::BlockHash { number };
        match &mut self.hashes {
            BlockHashes::Ancestors { parent, hashes, needed } => {
                let back = parent.checked_sub(number).and_then(|back| usize::try_from(back).ok());
                let hash = back.and_then(|back| hashes.get(back).copied());
                let (Some(back), Some(hash)) = (back, hash) else { return Err(not_covered) };
                *needed = (*needed).max(back);
                Ok(hash)
            }
            BlockHashes::Listed { hashes, needed } => {
                let hash = hashes.get(&number).copied().ok_or(not_covered)?;
                needed.insert(number);
                Ok(hash)
            }
            BlockHashes::Stored { parent, hashes } => {
                let back = parent.checked_sub(number).ok_or(not_covered)?;
                match usize::try_from(back).ok().and_then(|back| hashes.get(back)) {
                    Some(hash) => Ok(*hash),
                    None => self.storage(HISTORY_STORAGE, U256::from(number % HISTORY_SLOTS)).map(B256::from),
                }
            }
        }
    }
}

/// Takes the bytes of a read from those that are left.
fn need(left: &mut Option<usize>, bytes: usize) -> Result<(), StateError> {
    if let Some(left) = left {
        *left = left.checked_sub(bytes).ok_or(StateError::WitnessLimit)?;
    }
    Ok(())
}

/// The bytes that the path to an account or a slot counts for: seven branches of 532 bytes, and a leaf. In a trie of less
/// than 16^7 values, random paths are shorter, and share nodes.
const PATH_BYTES: usize = 4_096;

/// The slots of EIP-2935's contract, `HISTORY_SERVE_WINDOW`: more than the blocks whose hash `BLOCKHASH` returns.
const HISTORY_SLOTS: u64 = 8_191;

/// The code hash that revm gets for an account with storage, but neither nonce nor code, see
/// [`instructions`](crate::instructions).
pub(crate) const NO_CODE: B256 = B256::ZERO;
