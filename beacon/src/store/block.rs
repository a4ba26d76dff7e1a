//! The records of blocks. Code is stored apart from them.

use outrider_disk::AnchoredDatabase;
use redb::WriteTransaction;
use ssz::{Decode as _, Encode as _};

use super::{
    BLOCKS, CODES, Damage, HEADERS, SavedBlock, StoreError,
    tables::{get, put, remove},
};
use crate::ledger::{ExtendedBlock, LedgerOperations, LedgerPhase, operation::Code};
use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconBlockHeader},
    hash::{hash, hash_tree_root},
    types::{Bytes32, Root, Slot},
};

/// A block in its stored form.
pub(super) struct StoredBlock {
    root: Root,
    header: BeaconBlockHeader,
    content: Vec<u8>,
    /// The hashes of the block's codes, and the codes.
    pub(super) codes: Vec<(Bytes32, Vec<u8>)>,
}

impl StoredBlock {
    pub(super) fn new<P: LedgerPhase>(block: &ExtendedBlock<P>) -> Self {
        let mut bare = block.clone();
        let codes = codes_mut(&mut bare.operations).map(|code| std::mem::take(code).to_vec());
        let codes: Vec<_> = codes.map(|code| (hash(&[&code]), code)).collect();
        // A block has at most six operations that contain code.
        let mut content = vec![codes.len() as u8];
        content.extend(codes.iter().flat_map(|(code_hash, _)| code_hash.0));
        content.extend(bare.as_ssz_bytes());
        let header = header(&block.block.message);
        Self { root: hash_tree_root(&header), header, content, codes }
    }

    pub(super) fn root(&self) -> Root {
        self.root
    }

    pub(super) fn saved(&self) -> SavedBlock {
        SavedBlock {
            slot: self.header.slot,
            parent_root: self.header.parent_root,
            codes: self.codes.iter().map(|(code_hash, _)| *code_hash).collect(),
        }
    }

    pub(super) fn put(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        put(transaction, BLOCKS, self.root.as_slice(), &self.content)?;
        let key = header_key(self.header.slot, self.root);
        put(transaction, HEADERS, &key, &self.header.as_ssz_bytes())
    }
}

/// Removes a block, and also its header unless the block is final.
pub(super) fn remove_block(
    transaction: &WriteTransaction,
    root: Root,
    slot: Slot,
    is_final: bool,
) -> Result<(), redb::Error> {
    remove(transaction, BLOCKS, root.as_slice())?;
    if is_final { Ok(()) } else { remove(transaction, HEADERS, &header_key(slot, root)) }
}

/// Returns a block with its code, and its entry in the index.
pub(super) fn read<P: LedgerPhase>(
    database: &AnchoredDatabase,
    root: Root,
) -> Result<Option<(ExtendedBlock<P>, SavedBlock)>, StoreError> {
    let Some(content) = get(database, BLOCKS, root.as_slice())? else { return Ok(None) };
    let damaged = || StoreError::Damaged(Damage::Content { table: "blocks", key: root.to_vec() });
    let (n_codes, rest) = content.split_first().ok_or_else(damaged)?;
    let (code_hashes, bytes) = rest.split_at_checked(32 * usize::from(*n_codes)).ok_or_else(damaged)?;
    let code_hashes: Vec<_> = code_hashes.as_chunks::<32>().0.iter().map(Bytes32::from).collect();
    let mut block = ExtendedBlock::<P>::from_ssz_bytes(bytes).map_err(|_| damaged())?;
    let mut places = codes_mut(&mut block.operations);
    for code_hash in &code_hashes {
        let key = code_hash.to_vec();
        let code = get(database, CODES, &key)?;
        let code = code.ok_or(StoreError::Damaged(Damage::Absent { table: "codes", key }))?;
        *places.next().ok_or_else(damaged)? = code.try_into().map_err(|_| damaged())?;
    }
    if places.next().is_some() {
        return Err(damaged());
    }
    drop(places);
    let message = &block.block.message;
    if hash_tree_root(message) != root {
        return Err(damaged());
    }
    let saved = SavedBlock { slot: message.slot, parent_root: message.parent_root, codes: code_hashes };
    Ok(Some((block, saved)))
}

/// Returns the codes in operations.
fn codes_mut<P: LedgerPhase>(operations: &mut LedgerOperations<P>) -> impl Iterator<Item = &mut Code> {
    let deploys = operations.deploys.iter_mut().map(|deploy| &mut deploy.message.code);
    let upgrades = operations.upgrades.iter_mut().map(|upgrade| &mut upgrade.message.code);
    deploys.chain(upgrades).chain(operations.top_ups.iter_mut().map(|top_up| &mut top_up.message.code))
}

fn header<P: LedgerPhase>(block: &BeaconBlock<P>) -> BeaconBlockHeader {
    let BeaconBlock { slot, proposer_index, parent_root, state_root, .. } = *block;
    let body_root = hash_tree_root(&block.body);
    BeaconBlockHeader { slot, proposer_index, parent_root, state_root, body_root }
}

pub(super) fn header_key(slot: Slot, root: Root) -> Vec<u8> {
    [&slot.to_be_bytes()[..], root.as_slice()].concat()
}
