//! The tables of a store's database, which [the module above](super) describes.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString as _},
    vec::Vec,
};

use outrider_disk::AnchoredDatabase;
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable as _, TableDefinition, WriteTransaction};

use crate::{
    hash::{HASH_BYTES, Hash},
    reader::{ReadError, Reader},
    store::{
        Corruption, StateKind, StoreError,
        change::{Changes, Links, Table},
    },
};

pub(super) const NODES: TableDefinition<'_, &[u8; HASH_BYTES], &[u8]> = TableDefinition::new("nodes");
pub(super) const COUNTS: TableDefinition<'_, &[u8; HASH_BYTES], u64> = TableDefinition::new("counts");
pub(super) const PINS: TableDefinition<'_, &[u8; HASH_BYTES], u64> = TableDefinition::new("pins");
const NOTES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("notes");
const KIND: TableDefinition<'_, u64, &str> = TableDefinition::new("kind");
/// The only key of [`KIND`].
const NAME: u64 = 0;

/// The tables at one point in time.
pub(super) struct Snapshot<'d> {
    database: &'d AnchoredDatabase,
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

impl<'d> Snapshot<'d> {
    pub(super) fn of(database: &'d AnchoredDatabase) -> Result<Self, StoreError> {
        let tables = |transaction: &ReadTransaction| {
            Ok(Self {
                database,
                nodes: transaction.open_table(NODES)?,
                counts: transaction.open_table(COUNTS)?,
                pins: transaction.open_table(PINS)?,
                notes: transaction.open_table(NOTES)?,
            })
        };
        Ok(database.read(tables)?)
    }

    fn failed(&self, error: impl Into<redb::Error>) -> StoreError {
        self.database.read_error(error).into()
    }

    pub(super) fn node(&self, hash: &Hash) -> Result<Option<StoredNode>, StoreError> {
        let value = self.nodes.get(&hash.0).map_err(|error| self.failed(error))?;
        value.map(|value| read_node(hash, value.value())).transpose()
    }

    pub(super) fn contains(&self, hash: &Hash) -> Result<bool, StoreError> {
        Ok(self.nodes.get(&hash.0).map_err(|error| self.failed(error))?.is_some())
    }

    pub(super) fn count(&self, hash: &Hash) -> Result<Option<u64>, StoreError> {
        Ok(self.counts.get(&hash.0).map_err(|error| self.failed(error))?.map(|count| count.value()))
    }

    pub(super) fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        let pins = self.pins.iter().map_err(|error| self.failed(error))?;
        pins.map(|pin| {
            let (root, pins) = pin.map_err(|error| self.failed(error))?;
            Ok((Hash(*root.value()), pins.value()))
        })
        .collect()
    }

    pub(super) fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.notes.get(name).map_err(|error| self.failed(error))?.map(|text| text.value().to_vec()))
    }
}

impl Table for Snapshot<'_> {
    fn links(&self, hash: &Hash) -> Result<Option<Links>, StoreError> {
        let Some(StoredNode { children, .. }) = self.node(hash)? else { return Ok(None) };
        let count = self.count(hash)?.ok_or(StoreError::corrupt(hash, Corruption::Entry))?;
        Ok(Some(Links { count, children }))
    }

    fn pins(&self, root: &Hash) -> Result<u64, StoreError> {
        let pins = self.pins.get(&root.0).map_err(|error| self.failed(error))?;
        Ok(pins.map_or(0, |pins| pins.value()))
    }
}

/// Makes the tables of a new database of this kind.
pub(super) fn create_tables(transaction: &WriteTransaction, kind: StateKind) -> Result<(), redb::Error> {
    transaction.open_table(NODES)?;
    transaction.open_table(COUNTS)?;
    transaction.open_table(PINS)?;
    transaction.open_table(NOTES)?;
    transaction.open_table(KIND)?.insert(NAME, kind.name())?;
    Ok(())
}

/// Returns the name of a database's kind, which is empty if the database has none.
pub(super) fn kind_name(transaction: &ReadTransaction) -> Result<String, redb::Error> {
    let name = transaction.open_table(KIND)?.get(NAME)?;
    Ok(name.map(|name| name.value().to_string()).unwrap_or_default())
}

/// Returns bytes that determine the content after a batch, given the content before it: the nodes with new children, the pins
/// and the notes. Each list and each text begins with its length.
pub(super) fn digested(changes: &Changes<'_>) -> Vec<u8> {
    let Changes { added, children, counts: _, deleted: _, pins, notes } = changes;
    let mut bytes = Vec::new();
    let added = added.iter().map(|(hash, links, _)| (hash, &links.children));
    let with_children: Vec<_> =
        added.chain(children.iter().map(|(hash, children)| (hash, children))).collect();
    put_length(&mut bytes, with_children.len());
    for (hash, children) in with_children {
        bytes.extend_from_slice(&hash.0);
        put_length(&mut bytes, children.len());
        children.iter().for_each(|child| bytes.extend_from_slice(&child.0));
    }
    put_length(&mut bytes, pins.len());
    for (root, n_pins) in pins {
        bytes.extend_from_slice(&root.0);
        bytes.extend_from_slice(&n_pins.to_le_bytes());
    }
    for part in notes.iter().flat_map(|(name, text)| [name, text]) {
        put_length(&mut bytes, part.len());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&(length as u64).to_le_bytes());
}

/// Returns the new entries of stored nodes that get other children.
pub(super) fn rewritten(
    changes: &Changes<'_>,
    snapshot: &Snapshot<'_>,
) -> Result<Vec<(Hash, Vec<u8>)>, StoreError> {
    let rewrite = |(hash, children): &(Hash, Vec<Hash>)| {
        let old = snapshot.node(hash)?;
        let StoredNode { bytes, .. } = old.ok_or(StoreError::corrupt(hash, Corruption::Missing))?;
        Ok((*hash, encode_node(children, &bytes)))
    };
    changes.children.iter().map(rewrite).collect()
}

/// Writes the changes of a batch. `rewritten` has the entries of stored nodes that get other children.
pub(super) fn write(
    transaction: &WriteTransaction,
    changes: &Changes<'_>,
    rewritten: &[(Hash, Vec<u8>)],
) -> Result<(), redb::Error> {
    write_nodes(transaction, changes, rewritten)?;
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
    Ok(())
}

fn write_nodes(
    transaction: &WriteTransaction,
    changes: &Changes<'_>,
    rewritten: &[(Hash, Vec<u8>)],
) -> Result<(), redb::Error> {
    let mut nodes = transaction.open_table(NODES)?;
    let mut counts = transaction.open_table(COUNTS)?;
    for (hash, links, bytes) in &changes.added {
        nodes.insert(&hash.0, encode_node(&links.children, bytes).as_slice())?;
        counts.insert(&hash.0, links.count)?;
    }
    for (hash, entry) in rewritten {
        nodes.insert(&hash.0, entry.as_slice())?;
    }
    for (hash, count) in &changes.counts {
        counts.insert(&hash.0, count)?;
    }
    for hash in &changes.deleted {
        nodes.remove(&hash.0)?;
        counts.remove(&hash.0)?;
    }
    Ok(())
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
