//! Tests of damage to a store.

mod kinds;

use std::{
    format, fs,
    string::String,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread, vec,
};

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{
    tables::{COUNTS, NODES},
    *,
};
use crate::{Hasher as _, Keccak256, node::NodeSink as _};

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

/// Returns a batch that makes a root with some nodes, unpins another, and notes the current one.
fn batch(number: u8, before: Option<Hash>) -> (Batch, Hash) {
    let mut batch = Batch::new();
    let mut put = |bytes: &[u8], children: &[Hash]| {
        let hash = Keccak256::hash(bytes);
        batch.put(&hash, bytes, children);
        hash
    };
    // Some leaves stay from batch to batch.
    let leaves: Vec<_> = (number..number + 12).map(|leaf| put(&[leaf; 90], &[])).collect();
    let root = put(&[b"root", &[number][..]].concat(), &leaves);
    batch.pin(&root);
    before.iter().for_each(|before| batch.unpin(before));
    batch.note(b"current_root", &root.0);
    (batch, root)
}

/// The observable content of a store.
type Seen = (BTreeMap<Hash, u64>, Option<Vec<u8>>, Contents);

fn seen(store: &DiskStore) -> Result<Seen, StoreError> {
    Ok((store.roots()?, store.note(b"current_root")?, store.check()?))
}

/// Returns the bytes of a store on disk after each of some batches, and its content.
fn states(directory: &Path) -> Vec<(Vec<u8>, Seen)> {
    let mut states = Vec::new();
    let mut before = None;
    let scratch = directory.join("made");
    for number in 0..3 {
        let store = DiskStore::open(&scratch).unwrap();
        let (batch, root) = batch(number, before);
        store.apply(&batch).unwrap();
        before = Some(root);
        let expected = seen(&store).unwrap();
        assert_eq!((expected.0.get(&root), expected.2.n_nodes), (Some(&1), 13));
        drop(store);
        states.push((fs::read(scratch.join(DATABASE_FILE)).unwrap(), expected));
    }
    states
}

/// Opens a damaged database, and returns whether the damage was reported; otherwise its content must be right.
#[track_caller]
fn check_damaged(bytes: Vec<u8>, anchor: &Anchor, expected: &Seen, how: impl Fn() -> String) -> bool {
    match DiskStore::over(Bytes::of(bytes), anchor.clone(), &StateKind::KNOWN).and_then(|store| seen(&store))
    {
        Ok(got) => {
            assert_eq!(got, *expected, "{}", how());
            false
        }
        Err(StoreError::Damaged(_) | StoreError::Corrupt { .. }) => true,
        Err(error) => panic!("{}: {error:?}", how()),
    }
}

/// Tests every flipped byte and every length, on as many threads as there are processors.
#[test]
fn a_damaged_database_is_reported_or_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    for (number, (bytes, expected)) in (1..).zip(states(directory.path())) {
        let (n_flips, n_cuts) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for first in 0..threads {
                let (bytes, expected, n_flips, n_cuts) = (&bytes, &expected, &n_flips, &n_cuts);
                let place = directory.path().join(format!("{number}-{first}"));
                fs::create_dir(&place).unwrap();
                let anchor = Anchor::in_directory(&place);
                anchor.write(number).unwrap();
                scope.spawn(move || {
                    for at in (first..bytes.len()).step_by(threads) {
                        let mut flipped = bytes.clone();
                        flipped[at] ^= 0xa5;
                        let how = || format!("batch {number}, byte {at} flipped");
                        n_flips.fetch_add(
                            check_damaged(flipped, &anchor, expected, how).into(),
                            Ordering::Relaxed,
                        );
                        let how = || format!("batch {number}, cut to {at} bytes");
                        let is_reported = check_damaged(bytes[..at].to_vec(), &anchor, expected, how);
                        n_cuts.fetch_add(is_reported.into(), Ordering::Relaxed);
                    }
                });
            }
        });
        let (n_flips, n_cuts) = (n_flips.into_inner(), n_cuts.into_inner());
        std::eprintln!(
            "batch {number}: of {} bytes, {n_flips} flips and {n_cuts} cuts are reported",
            bytes.len()
        );
        assert!(n_cuts == bytes.len(), "no cut file is whole");
        // A node alone has more bytes than that.
        assert!(n_flips > 13 * 90, "only {n_flips} flips are reported");
    }
}

#[test]
fn a_damaged_anchor_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let (bytes, expected) = states(directory.path()).remove(1);
    let anchor = Anchor::in_directory(directory.path());
    let path = directory.path().join(Anchor::FILE);
    anchor.write(2).unwrap();
    assert!(!check_damaged(bytes.clone(), &anchor, &expected, String::new), "it is whole");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 0xa5;
        for damaged in [&flipped, &good[..at], &[&good[..], b"x"].concat()] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(anchor.read(), Err(StoreError::Damaged(Damage::Anchor))), "{at}");
        }
    }
    fs::remove_file(&path).unwrap();
    assert!(check_damaged(bytes, &anchor, &expected, String::new));
}

/// A database of an earlier batch is intact, so only the anchor reveals it; a crash leaves one that is ahead by one.
#[test]
fn a_database_is_of_the_anchored_batch_or_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let anchor = Anchor::in_directory(directory.path());
    for (batch, (bytes, expected)) in (1..).zip(states(directory.path())) {
        for anchored in 0..6 {
            anchor.write(anchored).unwrap();
            let is_damaged = check_damaged(bytes.clone(), &anchor, &expected, String::new);
            assert_eq!(is_damaged, !(batch == anchored || batch == anchored + 1), "{batch} and {anchored}");
            assert_eq!(anchor.read().unwrap(), Some(if is_damaged { anchored } else { batch }));
        }
    }
}

#[test]
fn a_file_that_is_missing_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let open = || DiskStore::open_existing(directory.path());
    let store = DiskStore::open(directory.path()).unwrap();
    store.apply(&batch(0, None).0).unwrap();
    drop(store);
    for name in [Anchor::FILE, DATABASE_FILE] {
        let (path, aside) = (directory.path().join(name), directory.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        assert!(matches!(open(), Err(StoreError::Damaged(Damage::Missing { file })) if file == name));
        fs::rename(&aside, &path).unwrap();
    }
    assert_eq!(open().unwrap().check().unwrap().n_nodes, 13);
}

/// A crash during the creation of a store leaves an anchor, and beside it half a database.
#[test]
fn a_store_whose_creation_was_interrupted_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    Anchor::in_directory(directory.path()).write(0).unwrap();
    fs::write(directory.path().join("db.new"), b"half").unwrap();
    let store = DiskStore::open_existing(directory.path()).unwrap();
    assert_eq!(store.check().unwrap(), Contents::default());
}

#[test]
fn a_check_finds_inconsistent_entries() {
    let child = Keccak256::hash(&[7; 90]);
    let whole = [&[0; 4][..], &[7; 90]].concat();
    for (node, count, expected) in [
        (Some(&b"\0\0\0\0chilb"[..]), Some(1), Corruption::Bytes { got: Keccak256::hash(b"chilb") }),
        (Some(b"\x01\0\0\0child"), Some(1), Corruption::Entry),
        (None, Some(1), Corruption::Missing),
        (Some(&whole), Some(2), Corruption::Count { expected: 1, got: 2 }),
        (Some(&whole), None, Corruption::Count { expected: 1, got: 0 }),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = DiskStore::open(directory.path()).unwrap();
        store.apply(&batch(0, None).0).unwrap();
        let transaction = store.database.begin_write().unwrap();
        {
            let mut nodes = transaction.open_table(NODES).unwrap();
            match node {
                Some(node) => nodes.insert(&child.0, node).unwrap(),
                None => nodes.remove(&child.0).unwrap(),
            };
            let mut counts = transaction.open_table(COUNTS).unwrap();
            match count {
                Some(count) => counts.insert(&child.0, count).unwrap(),
                None => counts.remove(&child.0).unwrap(),
            };
        }
        transaction.commit().unwrap();
        match store.check() {
            Err(StoreError::Corrupt { hash, corruption }) => {
                assert_eq!((hash, corruption), (child, expected))
            }
            other => panic!("{other:?}"),
        }
        if let Corruption::Bytes { .. } = expected {
            let read = crate::node::node::<Keccak256>(&store, &child);
            assert!(matches!(read, Err(NodeError::WrongHash { expected, .. }) if expected == child));
        }
    }
}

/// Returns all files of a directory, with their bytes.
fn files(directory: &Path) -> BTreeMap<std::ffi::OsString, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

/// Covers closed stores, and stores that a dying process leaves: with a database to recover, and with an anchor that is
/// one batch behind.
#[test]
fn a_store_that_is_only_read_stays_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let mut expected = None;
    let open = DiskStore::open(place("open")).unwrap();
    for number in 0..3 {
        open.apply(&batch(number, expected.as_ref().map(|(root, _)| *root)).0).unwrap();
        expected = Some((batch(number, None).1, seen(&open).unwrap()));
    }
    assert!(matches!(DiskStore::open_read_only(place("open")), Err(StoreError::InUse)));
    let (_, expected) = expected.unwrap();
    for (name, n_anchored) in [("killed", 3), ("behind", 2)] {
        fs::create_dir(place(name)).unwrap();
        fs::copy(place("open").join(DATABASE_FILE), place(name).join(DATABASE_FILE)).unwrap();
        Anchor::in_directory(&place(name)).write(n_anchored).unwrap();
    }
    drop(open);
    for name in ["open", "killed", "behind"] {
        let before = files(&place(name));
        let store = DiskStore::open_read_only(place(name)).unwrap();
        let other = DiskStore::open_read_only(place(name)).unwrap();
        assert_eq!((seen(&store).unwrap(), seen(&other).unwrap()), (expected.clone(), expected.clone()));
        assert!(matches!(store.apply(&batch(7, None).0), Err(StoreError::ReadOnly)));
        drop((store, other));
        assert_eq!(files(&place(name)), before, "{name}");
        assert_eq!(seen(&DiskStore::open(place(name)).unwrap()).unwrap(), expected);
    }
}

#[test]
fn an_incomplete_store_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let open = || DiskStore::open_read_only(directory.path());
    assert!(matches!(open(), Err(StoreError::Absent)));
    let anchor = Anchor::in_directory(directory.path());
    for (n_batches, is_new) in [(0, true), (1, false)] {
        anchor.write(n_batches).unwrap();
        let is_absent = matches!(open(), Err(StoreError::Absent));
        let is_missing = matches!(open(), Err(StoreError::Damaged(Damage::Missing { file: DATABASE_FILE })));
        assert_eq!((is_absent, is_missing), (is_new, !is_new));
    }
    fs::write(directory.path().join(DATABASE_FILE), b"half").unwrap();
    assert!(matches!(open(), Err(StoreError::Damaged(Damage::Database(_)))));
    fs::remove_file(directory.path().join(Anchor::FILE)).unwrap();
    assert!(matches!(open(), Err(StoreError::Damaged(Damage::Missing { file: Anchor::FILE }))));
}

proptest! {
    /// Compares reads, writes and lengths across pages with a file in memory.
    #[test]
    fn an_overlay_is_a_file_of_its_own(
        old in proptest::collection::vec(any::<u8>(), 0..13_000),
        steps in proptest::collection::vec((0..3_u8, 0..14_000_u64, 0..9_000_usize), 1..20),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, &old).unwrap();
        let (overlay, model) = (Overlay::over(File::open(&path).unwrap()).unwrap(), Bytes::of(old.clone()));
        for (number, (kind, offset, length)) in (1..).zip(steps) {
            let fits = offset + length as u64 <= model.len().unwrap();
            let (mut got, mut expected) = (vec![0xee; length], vec![0xee; length]);
            match kind {
                0 => {
                    overlay.set_len(offset).unwrap();
                    model.set_len(offset).unwrap();
                }
                1 if fits => {
                    overlay.write(offset, &vec![number; length]).unwrap();
                    model.write(offset, &vec![number; length]).unwrap();
                }
                1 => prop_assert!(overlay.write(offset, &got).is_err()),
                _ => {
                    prop_assert_eq!(overlay.read(offset, &mut got).is_ok(), fits);
                    if fits {
                        model.read(offset, &mut expected).unwrap();
                        prop_assert_eq!(&got, &expected);
                    }
                }
            }
            let mut all = [vec![0; overlay.len().unwrap() as usize], vec![0; model.len().unwrap() as usize]];
            overlay.read(0, &mut all[0]).unwrap();
            model.read(0, &mut all[1]).unwrap();
            prop_assert_eq!(&all[0], &all[1]);
        }
        prop_assert_eq!(fs::read(&path).unwrap(), old);
    }
}
