//! The kind of a store, before and after it is reopened.

use std::string::ToString as _;

use super::*;
use crate::Sha256;

type Open = fn(&Path) -> Result<DiskStore, StoreError>;

#[test]
fn a_kind_survives_reopening_and_no_other_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let hash = Sha256::hash(b"root");
    let store = DiskStore::open_as(directory.path(), StateKind::SHA256).unwrap();
    let mut batch = Batch::new();
    batch.put(&hash, b"root", &[]);
    batch.pin(&hash);
    store.apply(&batch).unwrap();
    assert_eq!(store.check().unwrap().n_nodes, 1);
    drop(store);
    let expected = "the store has a state of kind \"sha256\", but is opened as one of keccak256";
    let open_as_other: [Open; 3] = [
        |directory| DiskStore::open(directory),
        |directory| DiskStore::open_existing_among(directory, &[StateKind::KECCAK256]),
        |directory| DiskStore::open_read_only_among(directory, &[StateKind::KECCAK256]),
    ];
    for open in open_as_other {
        assert_eq!(open(directory.path()).unwrap_err().to_string(), expected);
    }
    let open_as_it_is: [Open; 3] = [
        |directory| DiskStore::open_as(directory, StateKind::SHA256),
        |directory| DiskStore::open_existing(directory),
        |directory| DiskStore::open_read_only(directory),
    ];
    for open in open_as_it_is {
        let found = open(directory.path()).unwrap();
        assert_eq!(found.kind().name(), "sha256");
        assert_eq!(found.check().unwrap().n_nodes, 1);
    }
}

/// A Keccak-256 node is corrupt in a store of another kind, and so are bytes that are not a node at all.
#[test]
fn a_check_hashes_as_the_kind_does() {
    const NOTHING: StateKind = StateKind::new("nothing", |_| None, Hash([1; 32]));
    let root = batch(0, None).1;
    let first = batch(0, None).0.puts().map(|(hash, bytes, _)| (*hash, Sha256::hash(bytes))).min().unwrap();
    for (kind, expected) in
        [(StateKind::SHA256, Corruption::Bytes { got: first.1 }), (NOTHING, Corruption::NoNode)]
    {
        let directory = tempfile::tempdir().unwrap();
        let store = DiskStore::open_as(directory.path(), kind).unwrap();
        store.apply(&batch(0, None).0).unwrap();
        assert!(store.is_pinned(&root).unwrap() && store.contains(&root).unwrap());
        match store.check() {
            Err(StoreError::Corrupt { hash, corruption }) => {
                assert_eq!((hash, corruption), (first.0, expected))
            }
            other => panic!("{other:?}"),
        }
    }
}
