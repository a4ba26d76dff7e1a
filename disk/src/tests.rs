//! Tests of damage to a store, and of what else may be in its place.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::indexing_slicing)]

mod files;
mod overlay;
mod processes;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::Path,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use redb::{
    ReadTransaction, ReadableDatabase as _, ReadableTable as _, StorageBackend, TableDefinition,
    WriteTransaction,
};

use crate::{
    AnchoredDatabase, Content, Damage, DiskError,
    anchor::Anchor,
    directory::Directory,
    recover::{checking, recover},
};

const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entries");

/// The content of a store of these tests.
type Entries = BTreeMap<u64, Vec<u8>>;

/// A file in memory with accessible bytes.
#[derive(Clone, Debug, Default)]
struct Bytes(Arc<RwLock<Vec<u8>>>);

impl Bytes {
    fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(RwLock::new(bytes)))
    }
}

impl StorageBackend for Bytes {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.read().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (bytes, offset) = (self.0.read().unwrap(), offset as usize);
        let found = bytes.get(offset..).and_then(|bytes| bytes.get(..out.len()));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.write().unwrap().resize(length as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut bytes, offset) = (self.0.write().unwrap(), offset as usize);
        bytes[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn create(path: &Path) -> Result<AnchoredDatabase, DiskError> {
    AnchoredDatabase::create(path, Content::State, make_tables)
}

fn make_tables(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    Ok(transaction.open_table(ENTRIES).map(drop)?)
}

fn open(path: &Path) -> Result<AnchoredDatabase, DiskError> {
    AnchoredDatabase::open(path, Content::State)
}

fn open_read_only(path: &Path) -> Result<AnchoredDatabase, DiskError> {
    AnchoredDatabase::open_read_only(path, Content::State)
}

/// Applies a batch that writes eight entries of 90 bytes.
fn apply(database: &AnchoredDatabase, number: u64) -> Result<(), DiskError> {
    database.writer()?.commit(&number.to_le_bytes(), |transaction| {
        let mut entries = transaction.open_table(ENTRIES)?;
        for entry in number..number + 8 {
            entries.insert(entry, [number as u8; 90].as_slice())?;
        }
        Ok(())
    })
}

fn entries(database: &AnchoredDatabase) -> Entries {
    database.read(read_entries).unwrap()
}

fn read_entries(transaction: &ReadTransaction) -> Result<Entries, redb::Error> {
    let table = transaction.open_table(ENTRIES)?;
    let entries = table.iter()?.map(|entry| {
        let (key, value) = entry?;
        Ok((key.value(), value.value().to_vec()))
    });
    entries.collect()
}

fn anchor(path: &Path) -> Anchor {
    Anchor::decode(&fs::read(path.join("anchor")).unwrap(), Content::State).unwrap()
}

/// Returns the anchor, the bytes of the database and the entries of one store after 0 to 3 batches.
fn states(path: &Path) -> Vec<(Anchor, Vec<u8>, Entries)> {
    let state = |database: AnchoredDatabase| {
        let found = entries(&database);
        drop(database);
        (anchor(path), fs::read(path.join("db")).unwrap(), found)
    };
    let mut states = vec![state(create(path).unwrap())];
    for number in 1..=3 {
        let database = open(path).unwrap();
        apply(&database, number).unwrap();
        assert_eq!(database.n_batches(), number);
        states.push(state(database));
    }
    assert_eq!(states[3].2.len(), 10);
    states
}

/// Opens a damaged database, and returns whether the damage was reported; otherwise its entries must be right.
#[track_caller]
fn is_reported(bytes: Vec<u8>, anchor: &Anchor, expected: &Entries, how: impl Fn() -> String) -> bool {
    let recovered = recover(&checking(), Bytes::of(bytes), anchor, Content::State, Path::new("db"));
    let found = recovered.map(|(database, _)| read_entries(&database.begin_read().unwrap()));
    match found {
        Ok(Ok(got)) => {
            assert_eq!(got, *expected, "{}", how());
            false
        }
        Err(DiskError::Damaged { .. }) => true,
        other => panic!("{}: {other:?}", how()),
    }
}

/// Tests every changed byte and every length, after the first batch and after the third, on as many threads as there are
/// processors.
#[test]
fn a_damaged_database_is_reported_or_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    for (anchor, bytes, expected) in states(directory.path()).into_iter().skip(1).step_by(2) {
        let (n_flips, n_cuts) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let number = anchor.n_batches;
        thread::scope(|scope| {
            for first in 0..threads {
                let (bytes, expected, n_flips, n_cuts) = (&bytes, &expected, &n_flips, &n_cuts);
                scope.spawn(move || {
                    for at in (first..bytes.len()).step_by(threads) {
                        let mut flipped = bytes.clone();
                        flipped[at] ^= 0xa5;
                        let how = || format!("batch {number}, byte {at} flipped");
                        let is_flip_reported = is_reported(flipped, &anchor, expected, how);
                        n_flips.fetch_add(is_flip_reported.into(), Ordering::Relaxed);
                        // An empty file is refused before the database sees it.
                        let how = || format!("batch {number}, cut to {at} bytes");
                        let is_cut_reported =
                            at == 0 || is_reported(bytes[..at].to_vec(), &anchor, expected, how);
                        n_cuts.fetch_add(is_cut_reported.into(), Ordering::Relaxed);
                    }
                });
            }
        });
        let (n_flips, n_cuts) = (n_flips.into_inner(), n_cuts.into_inner());
        eprintln!("batch {number}: of {} bytes, {n_flips} flips and {n_cuts} cuts are reported", bytes.len());
        assert!(n_cuts == bytes.len(), "no cut file is whole");
        assert!(n_flips > expected.len() * 90, "only {n_flips} flips are reported");
    }
}

/// A database of an earlier batch is intact, so only the anchor reveals it; a crash leaves one that is ahead by one.
#[test]
fn a_database_is_of_the_anchored_batch_or_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let states = states(path);
    for (batch, (after, bytes, expected)) in (0..).zip(&states) {
        for (anchored, (before, _, _)) in (0..).zip(&states) {
            fs::write(path.join("db"), bytes).unwrap();
            Directory::lock(path, Content::State).unwrap().write_anchor(before).unwrap();
            match open(path) {
                Ok(database) => {
                    assert!(batch == anchored || batch == anchored + 1, "{batch} and {anchored}");
                    assert_eq!(entries(&database), *expected);
                    assert_eq!(anchor(path), *after, "the anchor has caught up");
                    apply(&database, 7).unwrap();
                    assert_eq!(anchor(path).n_batches, batch + 1);
                }
                Err(DiskError::Damaged { damage: Damage::Batch { got, expected }, .. }) => {
                    assert_eq!((got, expected), (batch, anchored));
                    assert!(batch != anchored && batch != anchored + 1);
                    assert_eq!(anchor(path), *before, "nothing has changed");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Returns all files of a directory, with their bytes.
fn files(path: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn the_files_of_two_stores_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other, copy] = ["one", "other", "copy"].map(|name| directory.path().join(name));
    for path in [&one, &other] {
        apply(&create(path).unwrap(), 1).unwrap();
    }
    fs::create_dir(&copy).unwrap();
    let copy_files = |from: &Path, names: &[&str]| {
        for name in names {
            fs::copy(from.join(name), copy.join(name)).unwrap();
        }
    };
    let damage = || match (open(&copy), open_read_only(&copy)) {
        (Err(DiskError::Damaged { damage, .. }), Err(DiskError::Damaged { .. })) => damage,
        other => panic!("{other:?}"),
    };
    // Both stores have had the same batches, so only their identities differ.
    for (database, anchor) in [(&one, &other), (&other, &one)] {
        copy_files(database, &["db"]);
        copy_files(anchor, &["anchor"]);
        assert!(matches!(damage(), Damage::OtherStore));
    }
    // A copy of a store takes another batch than the store. The database of each has as many batches as its anchor, or one
    // more.
    copy_files(&one, &["db", "anchor", "lock"]);
    apply(&open(&copy).unwrap(), 2).unwrap();
    apply(&open(&one).unwrap(), 3).unwrap();
    let anchor = fs::read(one.join("anchor")).unwrap();
    fs::write(copy.join("anchor"), &anchor).unwrap();
    assert!(matches!(damage(), Damage::OtherBatches));
    apply(&open(&one).unwrap(), 4).unwrap();
    copy_files(&one, &["db"]);
    fs::write(copy.join("anchor"), &anchor).unwrap();
    assert_eq!(open(&copy).unwrap().n_batches(), 3, "this is how a crash leaves them");
    copy_files(&one, &["db", "anchor"]);
    assert_eq!(entries(&open(&copy).unwrap()), entries(&open(&one).unwrap()));
}

#[test]
fn the_database_of_a_copy_that_is_one_batch_ahead_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let [one, copy] = ["one", "copy"].map(|name| directory.path().join(name));
    drop(create(&one).unwrap());
    fs::create_dir(&copy).unwrap();
    for name in ["db", "anchor"] {
        fs::copy(one.join(name), copy.join(name)).unwrap();
    }
    apply(&open(&one).unwrap(), 1).unwrap();
    let copied = open(&copy).unwrap();
    apply(&copied, 2).unwrap();
    apply(&copied, 1).unwrap();
    drop(copied);
    fs::copy(copy.join("db"), one.join("db")).unwrap();
    let error = open(&one).unwrap_err();
    assert!(matches!(error, DiskError::Damaged { damage: Damage::OtherBatches, .. }), "{error:?}");
}
