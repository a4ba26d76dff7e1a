//! The tables of a store's database, and records in them.

use outrider_disk::{AnchoredDatabase, DiskError};
use redb::{TableDefinition, WriteTransaction};

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
pub(super) fn get(
    database: &AnchoredDatabase,
    table: Table,
    key: &[u8],
) -> Result<Option<Vec<u8>>, DiskError> {
    database.read(|transaction| {
        let content = transaction.open_table(table.definition())?.get(key)?;
        Ok(content.map(|content| content.value().to_vec()))
    })
}

/// Returns all records from a key on.
pub(super) fn range(
    database: &AnchoredDatabase,
    table: Table,
    from: &[u8],
) -> Result<Vec<Record>, DiskError> {
    database.read(|transaction| {
        let records = transaction.open_table(table.definition())?.range(from..)?;
        let found = records.map(|record| {
            let (key, content) = record?;
            Ok((key.value().to_vec(), content.value().to_vec()))
        });
        found.collect()
    })
}

/// Returns all keys of a table.
pub(super) fn keys(database: &AnchoredDatabase, table: Table) -> Result<Vec<Vec<u8>>, DiskError> {
    database.read(|transaction| {
        let records = transaction.open_table(table.definition())?.range::<&[u8]>(..)?;
        records.map(|record| Ok(record?.0.value().to_vec())).collect()
    })
}

/// Writes a record; replaces a record with the same key.
pub(super) fn put(
    transaction: &WriteTransaction,
    table: Table,
    key: &[u8],
    content: &[u8],
) -> Result<(), redb::Error> {
    transaction.open_table(table.definition())?.insert(key, content)?;
    Ok(())
}

/// Removes a record, if it exists.
pub(super) fn remove(transaction: &WriteTransaction, table: Table, key: &[u8]) -> Result<(), redb::Error> {
    transaction.open_table(table.definition())?.remove(key)?;
    Ok(())
}
