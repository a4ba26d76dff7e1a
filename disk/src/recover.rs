//! Opens a redb database with all checks, and converts its errors.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    path::Path,
};

use redb::{
    Builder, Database, ReadableDatabase as _, StorageBackend, TableDefinition, WriteTransaction,
    backends::FileBackend,
};

use crate::{
    anchor::{Anchor, DIGEST_BYTES},
    content::Content,
    error::{Damage, DiskError, Holder},
    file::failed,
};

/// The table of the anchor.
const ANCHORS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("anchor");
/// The key of the anchor of the last batch.
const LAST: &str = "last";
/// The key of the digest before that batch.
const PREVIOUS: &str = "previous";

/// The bytes at the start of each redb database.
const MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// The size of the database's cache, in bytes. The default of redb is 1 GiB.
const CACHE_BYTES: usize = 64 << 20;

/// Checks that a file is not empty and starts like a database, because redb would make a new one of an empty file.
pub(crate) fn check_start(mut file: File, path: &Path, content: Content) -> Result<File, DiskError> {
    let mut start = Vec::new();
    let read = io::Read::by_ref(&mut file).take(MAGIC.len() as u64).read_to_end(&mut start);
    read.and_then(|_| file.rewind()).map_err(failed("read", path))?;
    let damage = match &start[..] {
        [] => Damage::Empty(path.to_owned()),
        start if start != MAGIC => Damage::NotADatabase(path.to_owned()),
        _ => return Ok(file),
    };
    Err(DiskError::Damaged { content, damage })
}

/// Opens a database, and compares it with the file `anchor`. Returns the anchor in the database.
pub(crate) fn recover(
    builder: &Builder,
    backend: impl StorageBackend,
    anchor: &Anchor,
    content: Content,
    path: &Path,
) -> Result<(Database, Anchor), DiskError> {
    let damaged = |damage| DiskError::Damaged { content, damage };
    let database = builder.create_with_backend(backend);
    let database = database.map_err(|error| opening(path, content, error.into()))?;
    let read = || -> Result<_, redb::Error> {
        let anchors = database.begin_read()?.open_table(ANCHORS)?;
        let record = |key| -> Result<_, redb::Error> {
            Ok(anchors.get(key)?.map(|record| record.value().to_vec()).unwrap_or_default())
        };
        Ok((record(LAST)?, record(PREVIOUS)?))
    };
    let (last, previous) = read().map_err(|error| opening(path, content, error))?;
    let applied = Anchor::decode(&last, content)?;
    if applied.store_id != anchor.store_id {
        return Err(damaged(Damage::OtherStore));
    }
    let (got, expected) = (applied.n_batches, anchor.n_batches);
    let has_same_batches = match got.checked_sub(expected) {
        Some(0) => applied.digest == anchor.digest,
        Some(1) => previous == anchor.digest,
        _ => return Err(damaged(Damage::Batch { got, expected })),
    };
    if has_same_batches { Ok((database, applied)) } else { Err(damaged(Damage::OtherBatches)) }
}

/// Writes the anchor of a batch into the database, and the digest before the batch.
pub(crate) fn put_anchor(
    transaction: &WriteTransaction,
    anchor: &Anchor,
    previous: &[u8; DIGEST_BYTES],
) -> Result<(), redb::Error> {
    let mut anchors = transaction.open_table(ANCHORS)?;
    anchors.insert(LAST, anchor.encode().as_slice())?;
    anchors.insert(PREVIOUS, previous.as_slice())?;
    Ok(())
}

/// Returns a builder that checks each page of a database against its checksum.
pub(crate) fn checking() -> Builder {
    let mut builder = builder();
    builder.set_check_integrity_on_open(true);
    builder
}

pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

pub(crate) fn backend(file: File, path: &Path, content: Content) -> Result<FileBackend, DiskError> {
    FileBackend::new(file).map_err(|error| opening(path, content, error.into()))
}

/// Converts an error on opening an existing database: what cannot be parsed is damage, because a database was there.
fn opening(path: &Path, content: Content, error: redb::Error) -> DiskError {
    let database = |reason| {
        let damage = Damage::Database { path: path.to_owned(), reason };
        DiskError::Damaged { content, damage }
    };
    match error {
        redb::Error::Io(source)
            if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            database(None)
        }
        redb::Error::Io(source) => failed("read", path)(source),
        redb::Error::DatabaseAlreadyOpen => DiskError::InUse { content, holder: Holder::Writer(None) },
        redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. } => {
            DiskError::Damaged { content, damage: Damage::NotAStore(path.to_owned()) }
        }
        error => database(Some(Box::new(error))),
    }
}

/// Converts an error of a database that is open.
pub(crate) fn in_use(
    operation: &'static str,
    path: &Path,
    content: Content,
    error: redb::Error,
) -> DiskError {
    match error {
        redb::Error::Io(source) => failed(operation, path)(source),
        error @ redb::Error::Corrupted(_) => {
            let damage = Damage::Database { path: path.to_owned(), reason: Some(Box::new(error)) };
            DiskError::Damaged { content, damage }
        }
        error => DiskError::Database { operation, path: path.to_owned(), source: Box::new(error) },
    }
}
