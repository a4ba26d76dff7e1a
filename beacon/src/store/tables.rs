//! The tables of a store's database, and records in them.

use redb::{Database, ReadableDatabase as _, TableDefinition, WriteTransaction};

use super::{StoreError, error::backend, record};

/// A table of records.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
}

pub(super) const HEAD: Table = Table { name: "head" };
pub(super) const BLOCKS: Table = Table { name: "blocks" };
pub(super) const CODES: Table = Table { name: "codes" };
pub(super) const HEADERS: Table = Table { name: "headers" };
pub(super) const STATES: Table = Table { name: "states" };
pub(super) const LEDGERS: Table = Table { name: "ledgers" };
pub(super) const VOTES: Table = Table { name: "votes" };
pub(super) const NOTES: Table = Table { name: "notes" };

/// All tables.
pub(super) const ALL: [Table; 8] = [HEAD, BLOCKS, CODES, HEADERS, STATES, LEDGERS, VOTES, NOTES];

/// The key and the content of a record.
pub(super) type Record = (Vec<u8>, Vec<u8>);

impl Table {
    pub(super) fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.name)
    }
}

/// Returns the content of a record.
pub(super) fn get(database: &Database, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let read = || -> Result<_, redb::Error> {
        let records = database.begin_read()?.open_table(table.definition())?;
        Ok(records.get(key)?)
    };
    let record = read().map_err(backend)?;
    record.map(|record| Ok(record::decode(table.name, key, record.value())?.to_vec())).transpose()
}

/// Returns all records from a key on.
pub(super) fn range(database: &Database, table: Table, from: &[u8]) -> Result<Vec<Record>, StoreError> {
    let read = || -> Result<_, redb::Error> {
        let records = database.begin_read()?.open_table(table.definition())?;
        Ok(records.range(from..)?)
    };
    let mut found = Vec::new();
    for record in read().map_err(backend)? {
        let (key, record) = record.map_err(backend)?;
        let content = record::decode(table.name, key.value(), record.value())?;
        found.push((key.value().to_vec(), content.to_vec()));
    }
    Ok(found)
}

/// Returns all keys of a table.
pub(super) fn keys(database: &Database, table: Table) -> Result<Vec<Vec<u8>>, StoreError> {
    let read = || -> Result<_, redb::Error> {
        let records = database.begin_read()?.open_table(table.definition())?;
        Ok(records.range::<&[u8]>(..)?)
    };
    let keys = read().map_err(backend)?;
    keys.map(|record| Ok(record.map_err(backend)?.0.value().to_vec())).collect()
}

/// Writes a record; replaces a record with the same key.
pub(super) fn put(
    transaction: &WriteTransaction,
    table: Table,
    key: &[u8],
    content: &[u8],
) -> Result<(), StoreError> {
    let record = record::encode(table.name, key, content);
    let write = || -> Result<(), redb::Error> {
        transaction.open_table(table.definition())?.insert(key, record.as_slice())?;
        Ok(())
    };
    write().map_err(backend)
}

/// Removes a record, if it exists.
pub(super) fn remove(transaction: &WriteTransaction, table: Table, key: &[u8]) -> Result<(), StoreError> {
    let write = || -> Result<(), redb::Error> {
        transaction.open_table(table.definition())?.remove(key)?;
        Ok(())
    };
    write().map_err(backend)
}
