//! A store on disk, in a sled database.
//!
//! # Layout
//!
//! One sled tree, whose keys are a letter and a hash, or the name of a note. Integers are little-endian.
//!
//! | key | value |
//! |---|---|
//! | `f` | the format: 1 byte, 1 |
//! | `n` hash | a node: number of children, 4 bytes; the children, 32 bytes each; its bytes |
//! | `c` hash | the count of the same node, 8 bytes, at least 1 |
//! | `p` hash | how often a root is pinned, 8 bytes, at least 1 |
//! | `t` name | the text of a note |
//!
//! Counts are apart from nodes as they change more often.
//!
//! # Crashes
//!
//! A [`Batch`] becomes one sled batch, which sled recovers as a whole or not at all, and is flushed before
//! [`Store::apply`] returns. So a process that dies leaves all batches that were acknowledged, and of the one under way
//! all or nothing.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use super::{
    Applied, Batch, Contents, Corruption, Entry, Store, StoreError,
    change::{Changes, Links, Table, changes},
    check_entries,
};
use crate::{
    hash::{HASH_BYTES, Hash, Hasher},
    node::{NodeError, NodeSource},
    reader::{ReadError, Reader},
};

/// A store in a directory.
#[derive(Debug)]
pub struct SledStore {
    database: sled::Db,
    /// Held while a batch is applied, so that nothing changes between what is computed and what is written.
    writer: Mutex<()>,
}

/// The format that this module writes.
const FORMAT: u8 = 1;

/// The kinds of keys.
const FORMAT_KEY: &[u8] = b"f";
const NODE: u8 = b'n';
const COUNT: u8 = b'c';
const PINS: u8 = b'p';
const NOTE: u8 = b't';

/// The file that sled makes first in the directory of a database.
const SETTINGS_FILE: &str = "conf";

impl SledStore {
    /// Opens the store in `directory`, which is made when there is none.
    ///
    /// # Errors
    ///
    /// The directory is no such store, another process has it open, or the disk fails.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let database = sled::Config::new().path(directory).open().map_err(backend)?;
        let format = database.get(FORMAT_KEY).map_err(backend)?;
        match format.as_deref() {
            Some([FORMAT]) => {}
            None if database.is_empty() => {
                database.insert(FORMAT_KEY, &[FORMAT]).map_err(backend)?;
                database.flush().map_err(backend)?;
            }
            Some(_) | None => return Err(StoreError::Format),
        }
        Ok(Self { database, writer: Mutex::default() })
    }

    /// Opens the store in `directory` if there is one, and makes nothing.
    ///
    /// # Errors
    ///
    /// As [`SledStore::open`], and [`StoreError::Absent`].
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        if !directory.as_ref().join(SETTINGS_FILE).is_file() {
            return Err(StoreError::Absent);
        }
        Self::open(directory)
    }

    fn entry(&self, hash: &Hash) -> Result<Option<sled::IVec>, StoreError> {
        self.database.get(key(NODE, hash)).map_err(backend)
    }

    fn number(&self, kind: u8, hash: &Hash) -> Result<Option<u64>, StoreError> {
        let value = self.database.get(key(kind, hash)).map_err(backend)?;
        value.map(|value| read_number(hash, &value)).transpose()
    }
}

impl NodeSource for SledStore {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        let failed = |error: StoreError| NodeError::Source { hash: *hash, source: Box::new(error) };
        let value = self.entry(hash).map_err(failed)?.ok_or(NodeError::NotCovered { hash: *hash })?;
        let (_, bytes) = read_node(hash, &value).map_err(failed)?;
        Ok(bytes.to_vec())
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}

impl Store for SledStore {
    fn apply(&self, batch: &Batch) -> Result<Applied, StoreError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = changes(self, batch)?;
        let applied = Applied { n_added: changes.added.len(), n_deleted: changes.deleted.len() };
        let writes = self.writes(changes)?;
        self.database.apply_batch(writes).map_err(backend)?;
        self.database.flush().map_err(backend)?;
        Ok(applied)
    }

    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        let pins = self.database.scan_prefix([PINS]);
        let read = |pin: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, value) = pin.map_err(backend)?;
            let hash = read_key(&key)?;
            Ok((hash, read_number(&hash, &value)?))
        };
        pins.map(read).collect()
    }

    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let text = self.database.get(note_key(name)).map_err(backend)?;
        Ok(text.map(|text| text.to_vec()))
    }

    fn check<H: Hasher>(&self) -> Result<Contents, StoreError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.database.scan_prefix([NODE]).map(|node| {
            let (key, value) = node.map_err(backend)?;
            let hash = read_key(&key)?;
            let (children, bytes) = read_node(&hash, &value)?;
            let count = self.number(COUNT, &hash)?.unwrap_or(0);
            Ok(Entry { hash, count, children, bytes: bytes.to_vec() })
        });
        let contents = check_entries::<H>(entries, &self.roots()?)?;
        for key in self.database.scan_prefix([COUNT]).keys() {
            let hash = read_key(&key.map_err(backend)?)?;
            if self.entry(&hash)?.is_none() {
                return Err(StoreError::corrupt(&hash, Corruption::Missing));
            }
        }
        Ok(contents)
    }
}

impl Table for SledStore {
    fn links(&self, hash: &Hash) -> Result<Option<Links>, StoreError> {
        let Some(value) = self.entry(hash)? else { return Ok(None) };
        let (children, _) = read_node(hash, &value)?;
        let count = self.number(COUNT, hash)?.ok_or(StoreError::corrupt(hash, Corruption::Entry))?;
        Ok(Some(Links { count, children }))
    }

    fn pins(&self, root: &Hash) -> Result<u64, StoreError> {
        Ok(self.number(PINS, root)?.unwrap_or(0))
    }
}

impl SledStore {
    fn writes(&self, changes: Changes<'_>) -> Result<sled::Batch, StoreError> {
        let mut writes = sled::Batch::default();
        for (hash, links, bytes) in changes.added {
            writes.insert(key(NODE, &hash), node(&links.children, bytes));
            writes.insert(key(COUNT, &hash), &links.count.to_le_bytes());
        }
        for (hash, children) in changes.children {
            let old = self.entry(&hash)?.ok_or(StoreError::corrupt(&hash, Corruption::Missing))?;
            let (_, bytes) = read_node(&hash, &old)?;
            writes.insert(key(NODE, &hash), node(&children, bytes));
        }
        for (hash, count) in changes.counts {
            writes.insert(key(COUNT, &hash), &count.to_le_bytes());
        }
        for hash in changes.deleted {
            writes.remove(key(NODE, &hash));
            writes.remove(key(COUNT, &hash));
        }
        for (name, text) in changes.notes {
            writes.insert(note_key(name), text);
        }
        for (root, pins) in changes.pins {
            match pins {
                0 => writes.remove(key(PINS, &root)),
                pins => writes.insert(key(PINS, &root), &pins.to_le_bytes()),
            }
        }
        Ok(writes)
    }
}

fn backend(error: sled::Error) -> StoreError {
    StoreError::Backend(Box::new(error))
}

fn key(kind: u8, hash: &Hash) -> sled::IVec {
    let mut key = [kind; 1 + HASH_BYTES];
    key[1..].copy_from_slice(&hash.0);
    sled::IVec::from(&key[..])
}

fn note_key(name: &[u8]) -> Vec<u8> {
    [&[NOTE], name].concat()
}

fn read_key(key: &[u8]) -> Result<Hash, StoreError> {
    let hash = key.get(1..).and_then(|hash| hash.try_into().ok());
    hash.map(Hash).ok_or(StoreError::Format)
}

fn read_number(hash: &Hash, value: &[u8]) -> Result<u64, StoreError> {
    let bytes = value.try_into().map_err(|_| StoreError::corrupt(hash, Corruption::Entry))?;
    Ok(u64::from_le_bytes(bytes))
}

fn node(children: &[Hash], bytes: &[u8]) -> Vec<u8> {
    // A node has far fewer children than it has bytes, and no batch has 4 GiB of these.
    let n_children = u32::try_from(children.len()).unwrap_or(u32::MAX);
    let mut value = Vec::with_capacity(4 + HASH_BYTES * children.len() + bytes.len());
    value.extend_from_slice(&n_children.to_le_bytes());
    children.iter().for_each(|child| value.extend_from_slice(&child.0));
    value.extend_from_slice(bytes);
    value
}

fn read_node<'v>(hash: &Hash, value: &'v [u8]) -> Result<(Vec<Hash>, &'v [u8]), StoreError> {
    let read = || -> Result<_, ReadError> {
        let mut reader = Reader::new(value);
        let n_children = u32::from_le_bytes(*reader.take_array()?) as usize;
        let children = reader.take(n_children.saturating_mul(HASH_BYTES))?;
        let (children, _) = children.as_chunks();
        let bytes = reader.take(reader.left())?;
        Ok((children.iter().map(|child| Hash(*child)).collect(), bytes))
    };
    read().map_err(|_| StoreError::corrupt(hash, Corruption::Entry))
}
