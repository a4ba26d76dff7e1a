//! Tests of the entries of a store, and of what a store makes of its database.

mod kinds;

use std::fs;

use super::{
    tables::{COUNTS, NODES},
    *,
};
use crate::{Hasher as _, Keccak256, node::NodeSink as _, store::Damage};

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

/// Tests changed bytes of all files, and of the database those that hashing the place chooses. The tests of the database test
/// all of its bytes.
#[test]
fn a_changed_byte_of_a_store_is_reported_or_without_effect() {
    let directory = tempfile::tempdir().unwrap();
    let open = || DiskStore::open_existing(directory.path());
    let store = DiskStore::open(directory.path()).unwrap();
    store.apply(&batch(0, None).0).unwrap();
    let expected = seen(&store).unwrap();
    assert_eq!(expected.2.n_nodes, 13);
    drop(store);
    for (name, n_places, n_reported_min) in [("anchor", 400, 400), ("db", 400, 40), ("lock", 1, 0)] {
        let path = directory.path().join(name);
        let whole = fs::read(&path).unwrap();
        let mut n_reported = 0;
        for place in 0..n_places as u64 {
            let random = Keccak256::hash(&place.to_le_bytes()).0;
            let at = u32::from_le_bytes([random[0], random[1], random[2], 0]) as usize % whole.len();
            let mut damaged = whole.clone();
            damaged[at] ^= random[3].max(1);
            fs::write(&path, &damaged).unwrap();
            match open().and_then(|store| seen(&store)) {
                Ok(got) => assert_eq!(got, expected, "{name}, byte {at}"),
                Err(StoreError::Disk(DiskError::Damaged { .. }) | StoreError::Corrupt { .. }) => {
                    n_reported += 1
                }
                Err(error) => panic!("{name}, byte {at}: {error:?}"),
            }
            fs::write(&path, &whole).unwrap();
        }
        assert!(n_reported >= n_reported_min, "{name}: {n_reported} of {n_places}");
    }
}

#[test]
fn files_of_two_stores_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| directory.path().join(name));
    for path in [&one, &other] {
        DiskStore::open(path).unwrap().apply(&batch(0, None).0).unwrap();
    }
    fs::copy(one.join("db"), other.join("db")).unwrap();
    for open in [DiskStore::open(&other), DiskStore::open_read_only(&other)] {
        let damage = Damage::OtherStore;
        assert!(
            matches!(&open, Err(StoreError::Disk(DiskError::Damaged { damage: Damage::OtherStore, .. }))),
            "{damage}: {open:?}"
        );
    }
}

/// Applies different batches to copies of one store, and compares their digests.
#[test]
fn the_digest_of_a_store_distinguishes_batches() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().join("base");
    DiskStore::open(&base).unwrap().apply(&batch(0, None).0).unwrap();
    let leaf = Keccak256::hash(&[0; 90]);
    let with = |change: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new();
        change(&mut batch);
        batch
    };
    let batches = [
        with(&|_| {}),
        with(&|batch| batch.pin(&leaf)),
        with(&|batch| {
            batch.pin(&leaf);
            batch.pin(&leaf);
        }),
        with(&|batch| batch.note(b"n", b"ote")),
        with(&|batch| batch.note(b"no", b"te")),
        with(&|batch| batch.put(&leaf, &[0; 90], &[Keccak256::hash(&[1; 90])])),
        with(&|batch| batch.put(&leaf, &[0; 90], &[Keccak256::hash(&[2; 90])])),
        batch(1, None).0,
        batch(1, Some(batch(0, None).1)).0,
    ];
    let mut digests = std::collections::BTreeSet::new();
    for (number, batch) in batches.iter().enumerate() {
        let copy = directory.path().join(std::format!("{number}"));
        fs::create_dir(&copy).unwrap();
        for name in ["db", "anchor"] {
            fs::copy(base.join(name), copy.join(name)).unwrap();
        }
        DiskStore::open(&copy).unwrap().apply(batch).unwrap();
        digests.insert(fs::read(copy.join("anchor")).unwrap());
    }
    assert_eq!(digests.len(), batches.len());
}

#[test]
fn a_store_that_is_only_read_accepts_no_batch() {
    let directory = tempfile::tempdir().unwrap();
    let open = DiskStore::open(directory.path()).unwrap();
    open.apply(&batch(0, None).0).unwrap();
    let expected = seen(&open).unwrap();
    let in_use = DiskStore::open_read_only(directory.path());
    assert!(matches!(in_use, Err(StoreError::Disk(DiskError::InUse { .. }))));
    drop(open);
    let [store, other] = [(); 2].map(|()| DiskStore::open_read_only(directory.path()).unwrap());
    assert_eq!((seen(&store).unwrap(), seen(&other).unwrap()), (expected.clone(), expected.clone()));
    let applied = store.apply(&batch(7, None).0);
    assert!(matches!(applied, Err(StoreError::Disk(DiskError::ReadOnly { .. }))));
    drop((store, other));
    assert_eq!(seen(&DiskStore::open(directory.path()).unwrap()).unwrap(), expected);
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
        let change = |transaction: &redb::WriteTransaction| {
            let mut nodes = transaction.open_table(NODES)?;
            match node {
                Some(node) => nodes.insert(&child.0, node)?,
                None => nodes.remove(&child.0)?,
            };
            let mut counts = transaction.open_table(COUNTS)?;
            match count {
                Some(count) => counts.insert(&child.0, count)?,
                None => counts.remove(&child.0)?,
            };
            Ok(())
        };
        store.database.writer().unwrap().commit(b"", change).unwrap();
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
