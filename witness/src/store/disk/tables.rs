//! The tables of a store's database, which [the module above](super) describes.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString as _},
    vec::Vec,
};

use redb::{
    Database, ReadOnlyTable, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableError,
    WriteTransaction,
};

use crate::{
    hash::{HASH_BYTES, Hash},
    reader::{ReadError, Reader},
    store::{
        Corruption, Damage, StateKind, StoreError,
        change::{Changes, Links, Table},
    },
};

pub(super) const NODES: TableDefinition<'_, &[u8; HASH_BYTES], &[u8]> = TableDefinition::new("nodes");
pub(super) const COUNTS: TableDefinition<'_, &[u8; HASH_BYTES], u64> = TableDefinition::new("counts");
pub(super) const PINS: TableDefinition<'_, &[u8; HASH_BYTES], u64> = TableDefinition::new("pins");
const NOTES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("notes");
const BATCHES: TableDefinition<'_, u64, u64> = TableDefinition::new("batches");
/// The only key of [`BATCHES`].
const N_APPLIED: u64 = 0;
pub(super) const KIND: TableDefinition<'_, u64, &str> = TableDefinition::new("kind");
/// The only key of [`KIND`].
const NAME: u64 = 0;

/// The tables at one point in time.
pub(super) struct Snapshot {
    pub(super) nodes: ReadOnlyTable<&'static [u8; HASH_BYTES], &'static [u8]>,
    pub(super) counts: ReadOnlyTable<&'static [u8; HASH_BYTES], u64>,
    pins: ReadOnlyTable<&'static [u8; HASH_BYTES], u64>,
    notes: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

/// The entry of a node, without its count.
pub(super) struct StoredNode {
    pub(super) children: Vec<Hash>,
    pub(super) bytes: Vec<u8>,
}

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Self, StoreError> {
        let open = || -> Result<Self, redb::Error> {
            let transaction = database.begin_read()?;
            Ok(Self {
                nodes: transaction.open_table(NODES)?,
                counts: transaction.open_table(COUNTS)?,
                pins: transaction.open_table(PINS)?,
                notes: transaction.open_table(NOTES)?,
            })
        };
        open().map_err(backend)
    }

    pub(super) fn node(&self, hash: &Hash) -> Result<Option<StoredNode>, StoreError> {
        let value = self.nodes.get(&hash.0).map_err(backend)?;
        value.map(|value| read_node(hash, value.value())).transpose()
    }

    pub(super) fn contains(&self, hash: &Hash) -> Result<bool, StoreError> {
        Ok(self.nodes.get(&hash.0).map_err(backend)?.is_some())
    }

    pub(super) fn count(&self, hash: &Hash) -> Result<Option<u64>, StoreError> {
        Ok(self.counts.get(&hash.0).map_err(backend)?.map(|count| count.value()))
    }

    pub(super) fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        let pins = self.pins.iter().map_err(backend)?;
        pins.map(|pin| {
            let (root, pins) = pin.map_err(backend)?;
            Ok((Hash(*root.value()), pins.value()))
        })
        .collect()
    }

    pub(super) fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.notes.get(name).map_err(backend)?.map(|text| text.value().to_vec()))
    }
}

impl Table for Snapshot {
    fn links(&self, hash: &Hash) -> Result<Option<Links>, StoreError> {
        let Some(StoredNode { children, .. }) = self.node(hash)? else { return Ok(None) };
        let count = self.count(hash)?.ok_or(StoreError::corrupt(hash, Corruption::Entry))?;
        Ok(Some(Links { count, children }))
    }

    fn pins(&self, root: &Hash) -> Result<u64, StoreError> {
        Ok(self.pins.get(&root.0).map_err(backend)?.map_or(0, |pins| pins.value()))
    }
}

/// Makes the tables of a new database of this kind, and closes it.
pub(super) fn create_tables(database: Database, kind: StateKind) -> Result<(), StoreError> {
    let create = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(NODES)?;
        transaction.open_table(COUNTS)?;
        transaction.open_table(PINS)?;
        transaction.open_table(NOTES)?;
        transaction.open_table(BATCHES)?.insert(N_APPLIED, 0)?;
        transaction.open_table(KIND)?.insert(NAME, kind.name())?;
        transaction.commit()?;
        Ok(database.close()?)
    };
    create().map_err(backend)
}

/// Returns the name of a database's kind. Databases from before there were kinds have none, and nodes by their
/// Keccak-256 hash.
pub(super) fn kind_name(database: &Database) -> Result<String, redb::Error> {
    let name = match database.begin_read()?.open_table(KIND) {
        Ok(table) => table.get(NAME)?.map(|name| name.value().to_string()),
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(name.unwrap_or_else(|| StateKind::KECCAK256.name().to_string()))
}

/// Returns the number of batches in a database.
pub(super) fn n_applied(database: &Database) -> Result<u64, redb::Error> {
    let batches = database.begin_read()?.open_table(BATCHES)?;
    let n_applied = batches.get(N_APPLIED)?.map(|n_applied| n_applied.value());
    // The same transaction made all tables.
    n_applied.ok_or_else(|| redb::Error::TableDoesNotExist("batches".into()))
}

/// Writes the changes of a batch atomically.
pub(super) fn write(
    database: &Database,
    changes: &Changes<'_>,
    snapshot: &Snapshot,
    n_applied: u64,
) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(backend)?;
    write_nodes(&transaction, changes, snapshot)?;
    let write = || -> Result<(), redb::Error> {
        let mut notes = transaction.open_table(NOTES)?;
        for (name, text) in &changes.notes {
            notes.insert(name, text)?;
        }
        let mut pins = transaction.open_table(PINS)?;
        for (root, n_pins) in &changes.pins {
            match n_pins {
                0 => pins.remove(&root.0)?,
                n_pins => pins.insert(&root.0, n_pins)?,
            };
        }
        transaction.open_table(BATCHES)?.insert(N_APPLIED, n_applied)?;
        Ok(())
    };
    write().map_err(backend)?;
    transaction.commit().map_err(backend)
}

fn write_nodes(
    transaction: &WriteTransaction,
    changes: &Changes<'_>,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    let mut nodes = transaction.open_table(NODES).map_err(backend)?;
    let mut counts = transaction.open_table(COUNTS).map_err(backend)?;
    for (hash, links, bytes) in &changes.added {
        nodes.insert(&hash.0, encode_node(&links.children, bytes).as_slice()).map_err(backend)?;
        counts.insert(&hash.0, links.count).map_err(backend)?;
    }
    for (hash, children) in &changes.children {
        let old = snapshot.node(hash)?;
        let StoredNode { bytes, .. } = old.ok_or(StoreError::corrupt(hash, Corruption::Missing))?;
        nodes.insert(&hash.0, encode_node(children, &bytes).as_slice()).map_err(backend)?;
    }
    for (hash, count) in &changes.counts {
        counts.insert(&hash.0, count).map_err(backend)?;
    }
    for hash in &changes.deleted {
        nodes.remove(&hash.0).map_err(backend)?;
        counts.remove(&hash.0).map_err(backend)?;
    }
    Ok(())
}

/// Converts an error of redb while the store is in use.
pub(super) fn backend(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        error @ redb::Error::Corrupted(_) => StoreError::Damaged(Damage::Database(Box::new(error))),
        error => StoreError::Backend(Box::new(error)),
    }
}

fn encode_node(children: &[Hash], bytes: &[u8]) -> Vec<u8> {
    // A node has far fewer children than bytes, and no batch has 4 GiB of these.
    let n_children = u32::try_from(children.len()).unwrap_or(u32::MAX);
    let mut value = Vec::with_capacity(4 + HASH_BYTES * children.len() + bytes.len());
    value.extend_from_slice(&n_children.to_le_bytes());
    children.iter().for_each(|child| value.extend_from_slice(&child.0));
    value.extend_from_slice(bytes);
    value
}

pub(super) fn read_node(hash: &Hash, value: &[u8]) -> Result<StoredNode, StoreError> {
    let read = || -> Result<_, ReadError> {
        let mut reader = Reader::new(value);
        let n_children = u32::from_le_bytes(reader.take_array()?) as usize;
        let children = reader.take(n_children.saturating_mul(HASH_BYTES))?;
        let (children, _) = children.as_chunks();
        let bytes = reader.take(reader.remaining())?;
        Ok(StoredNode {
            children: children.iter().map(|child| Hash(*child)).collect(),
            bytes: bytes.to_vec(),
        })
    };
    read().map_err(|_| StoreError::corrupt(hash, Corruption::Entry))
}
