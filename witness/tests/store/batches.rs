//! Tests of batches.

use std::collections::VecDeque;

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeError, NodeSink,
    mpt::EMPTY_ROOT,
    store::{Batch, BatchSummary, Contents, DiskError, DiskStore, MemoryStore, Store, StoreError},
};
use proptest::prelude::*;

use crate::chain::{Chain, content, n_reachable};

/// Runs a test on both stores.
fn on_both(test: impl Fn(&dyn AnyStore)) {
    test(&MemoryStore::new());
    let directory = tempfile::tempdir().unwrap();
    test(&DiskStore::open(directory.path()).unwrap());
}

/// A store that can return the contents of a sound database.
trait AnyStore: Store {
    fn contents(&self) -> Contents;
}

impl<S: Store> AnyStore for S {
    fn contents(&self) -> Contents {
        self.check().unwrap()
    }
}

/// Puts bytes with any references and returns their hash.
fn put(batch: &mut Batch, bytes: &[u8], children: &[Hash]) -> Hash {
    let hash = Keccak256::hash(bytes);
    batch.put(&hash, bytes, children);
    hash
}

fn has(store: &dyn AnyStore, hash: &Hash) -> bool {
    match store.node(hash) {
        Ok(bytes) => {
            assert_eq!(Keccak256::hash(&bytes), *hash);
            true
        }
        Err(NodeError::NotCovered { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Extends a chain on `store`, keeps the last `n_kept` states pinned, and goes back by the blocks in `reorgs`.
fn check_chain(store: &impl Store, n_kept: usize, reorgs: &[u8]) {
    let mut batch = Batch::new();
    batch.put(&EMPTY_ROOT, &[0x80], &[]);
    batch.pin(&EMPTY_ROOT);
    store.apply(&batch).unwrap();
    let mut kept = VecDeque::from([(0, EMPTY_ROOT)]);
    for back in reorgs {
        let mut batch = Batch::new();
        for _ in 0..usize::from(*back).min(kept.len() - 1) {
            batch.unpin(&kept.pop_back().unwrap().1);
        }
        let (height, pre_root) = *kept.back().unwrap();
        let root = Chain::Small.block(store, &pre_root, height, &mut batch);
        kept.push_back((height + 1, root));
        if kept.len() > n_kept {
            batch.unpin(&kept.pop_front().unwrap().1);
        }
        store.apply(&batch).unwrap();
        let contents = store.contents();
        assert_eq!(contents.n_nodes, n_reachable(store));
        for (height, root) in &kept {
            assert_eq!(content(store, root), Chain::Small.state(*height));
        }
    }
    let mut batch = Batch::new();
    kept.iter().for_each(|(_, root)| batch.unpin(root));
    store.apply(&batch).unwrap();
    assert_eq!(store.contents(), Contents::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_store_holds_exactly_the_nodes_that_pinned_roots_reach(
        n_kept in 1usize..5, reorgs in prop::collection::vec(prop_oneof![4 => Just(0u8), 1 => 1u8..3], 1..12),
    ) {
        check_chain(&MemoryStore::new(), n_kept, &reorgs);
        let directory = tempfile::tempdir().unwrap();
        check_chain(&DiskStore::open(directory.path()).unwrap(), n_kept, &reorgs);
    }
}

#[test]
fn nodes_that_no_pinned_root_reaches_are_not_stored() {
    on_both(|store| {
        let mut batch = Batch::new();
        let child = put(&mut batch, b"child", &[]);
        let parent = put(&mut batch, b"parent", &[child]);
        assert_eq!(store.apply(&batch).unwrap(), BatchSummary::default());
        assert!(!has(store, &child) && !has(store, &parent));
        batch.pin(&child);
        assert_eq!(store.apply(&batch).unwrap(), BatchSummary { n_added: 1, n_deleted: 0 });
        assert!(has(store, &child) && !has(store, &parent));
        assert_eq!(store.contents(), Contents { n_nodes: 1, node_bytes: 5, n_roots: 1 });
    });
}

#[test]
fn a_node_lives_as_long_as_its_last_parent_or_pin() {
    on_both(|store| {
        let mut batch = Batch::new();
        let child = put(&mut batch, b"child", &[]);
        let [a, b] = [b"a", b"b"].map(|bytes| put(&mut batch, bytes, &[child, child]));
        [a, b, child, child].iter().for_each(|root| batch.pin(root));
        store.apply(&batch).unwrap();
        for (root, lives) in [(child, true), (a, true), (child, true), (b, false)] {
            let mut batch = Batch::new();
            batch.unpin(&root);
            store.apply(&batch).unwrap();
            assert_eq!(has(store, &child), lives);
            store.contents();
        }
        assert_eq!(store.contents(), Contents::default());
    });
}

#[test]
fn putting_a_stored_node_again_changes_nothing() {
    on_both(|store| {
        let mut batch = Batch::new();
        let child = put(&mut batch, b"child", &[]);
        let root = put(&mut batch, b"root", &[child]);
        batch.pin(&root);
        assert_eq!(store.apply(&batch).unwrap().n_added, 2);
        assert_eq!(store.apply(&batch).unwrap(), BatchSummary::default());
        let mut batch = Batch::new();
        batch.unpin(&root);
        store.apply(&batch).unwrap();
        assert!(has(store, &root), "the root was pinned twice");
        assert_eq!(store.apply(&batch).unwrap().n_deleted, 2);
    });
}

/// A blob may have the bytes of a later node, like a contract whose code is a node.
#[test]
fn a_blob_with_the_bytes_of_a_node_does_not_lose_the_nodes_children() {
    on_both(|store| {
        let mut first = Batch::new();
        let node = put(&mut first, b"node", &[]);
        first.pin(&node);
        store.apply(&first).unwrap();
        let mut second = Batch::new();
        let child = put(&mut second, b"child", &[]);
        assert_eq!(put(&mut second, b"node", &[child]), node);
        second.pin(&node);
        assert_eq!(store.apply(&second).unwrap().n_added, 1);
        assert!(has(store, &child));
        store.contents();
        let mut third = Batch::new();
        third.unpin(&node);
        store.apply(&third).unwrap();
        assert!(has(store, &child));
        assert_eq!(store.apply(&third).unwrap().n_deleted, 2);
        assert_eq!(store.contents(), Contents::default());
    });
}

#[test]
fn a_batch_that_cannot_be_applied_changes_nothing() {
    let absent = Keccak256::hash(b"absent");
    on_both(|store| {
        let mut good = Batch::new();
        let stored = put(&mut good, b"stored", &[]);
        good.pin(&stored);
        store.apply(&good).unwrap();
        let before = store.contents();
        let mut bad = [good.clone(), good.clone(), good];
        let parent = put(&mut bad[0], b"parent", &[stored, absent]);
        bad[1].pin(&absent);
        bad[2].unpin(&stored);
        bad[2].unpin(&stored);
        bad[2].unpin(&stored);
        let [child, root, pin] = bad.map(|batch| store.apply(&batch).unwrap_err());
        assert!(
            matches!(child, StoreError::MissingChild { parent: p, child: c } if p == parent && c == absent)
        );
        assert!(matches!(root, StoreError::MissingRoot { root } if root == absent));
        assert!(matches!(pin, StoreError::NotPinned { root } if root == stored));
        assert_eq!(store.contents(), before);
    });
}

#[test]
fn a_chain_of_nodes_is_deleted_without_recursion() {
    let store = MemoryStore::new();
    let mut batch = Batch::new();
    let mut top = put(&mut batch, b"bottom", &[]);
    for _ in 0..200_000 {
        top = put(&mut batch, &top.0, &[top]);
    }
    batch.pin(&top);
    store.apply(&batch).unwrap();
    let mut batch = Batch::new();
    batch.unpin(&top);
    assert_eq!(store.apply(&batch).unwrap().n_deleted, 200_001);
}

#[test]
fn pins_and_nodes_are_found_without_listing_them() {
    on_both(|store| {
        let mut batch = Batch::new();
        let child = put(&mut batch, b"child", &[]);
        let root = put(&mut batch, b"root", &[child]);
        let unreachable = put(&mut batch, b"unreachable", &[child]);
        batch.pin(&root);
        store.apply(&batch).unwrap();
        for (hash, is_pinned, is_stored) in [
            (root, true, true),
            (child, false, true),
            (unreachable, false, false),
            (EMPTY_ROOT, false, false),
        ] {
            assert_eq!(store.is_pinned(&hash).unwrap(), is_pinned);
            assert_eq!(store.contains(&hash).unwrap(), is_stored);
        }
        let mut batch = Batch::new();
        batch.pin(&child);
        batch.unpin(&root);
        store.apply(&batch).unwrap();
        assert_eq!([root, child].map(|hash| store.is_pinned(&hash).unwrap()), [false, true]);
        assert_eq!([root, child].map(|hash| store.contains(&hash).unwrap()), [false, true]);
    });
}

#[test]
fn a_note_changes_only_with_its_batch() {
    on_both(|store| {
        assert_eq!(store.note(b"height").unwrap(), None);
        let mut batch = Batch::new();
        batch.note(b"height", b"1");
        batch.note(b"height", b"2");
        batch.note(b"", &[0xff; 100]);
        store.apply(&batch).unwrap();
        let mut refused = Batch::new();
        refused.note(b"height", b"3");
        refused.pin(&EMPTY_ROOT);
        assert!(matches!(store.apply(&refused), Err(StoreError::MissingRoot { .. })));
        assert_eq!(store.note(b"height").unwrap().as_deref(), Some(&b"2"[..]));
        assert_eq!(store.note(b"").unwrap().as_deref(), Some(&[0xff; 100][..]));
        assert_eq!(store.note(b"heigh").unwrap(), None);
        assert_eq!(store.contents(), Contents::default(), "notes are not nodes");
    });
}

#[test]
fn opening_an_absent_store_as_existing_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(
        DiskStore::open_existing(directory.path()),
        Err(StoreError::Disk(DiskError::Absent { .. }))
    ));
    drop(DiskStore::open(directory.path()).unwrap());
    assert!(DiskStore::open_existing(directory.path()).is_ok());
}

#[test]
fn a_store_on_disk_keeps_its_content_when_reopened() {
    let directory = tempfile::tempdir().unwrap();
    let mut batch = Batch::new();
    batch.put(&EMPTY_ROOT, &[0x80], &[]);
    let root = Chain::Small.block(DiskStore::open(directory.path()).unwrap(), &EMPTY_ROOT, 0, &mut batch);
    DiskStore::open(directory.path()).unwrap().apply(&batch).unwrap();
    let store = DiskStore::open(directory.path()).unwrap();
    assert_eq!(store.roots().unwrap(), [(root, 1)].into());
    assert_eq!(content(&store, &root), Chain::Small.state(1));
}

#[test]
fn a_directory_in_use_or_of_another_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let open = DiskStore::open(directory.path()).unwrap();
    assert!(matches!(DiskStore::open(directory.path()), Err(StoreError::Disk(DiskError::InUse { .. }))));
    drop(open);
    DiskStore::open(directory.path()).unwrap();
    // Former stores were databases of sled.
    let old = tempfile::tempdir().unwrap();
    for file in ["conf", "db"] {
        std::fs::write(old.path().join(file), "segment_size: 524288").unwrap();
    }
    for open in [DiskStore::open(old.path()), DiskStore::open_existing(old.path())] {
        assert!(matches!(open, Err(StoreError::Disk(DiskError::Format { got: 1, .. }))));
    }
    assert_eq!(std::fs::read_dir(old.path()).unwrap().count(), 2, "no file is added");
}

/// Tests the accessors that an implementer of a store reads.
#[test]
fn a_batch_lists_all_its_changes() {
    let mut batch = Batch::new();
    let child = put(&mut batch, b"child", &[]);
    let parent = put(&mut batch, b"parent", &[child, child]);
    [parent, parent, child].iter().for_each(|root| batch.pin(root));
    batch.unpin(&child);
    batch.note(b"name", b"text");
    let puts: Vec<_> = batch.puts().map(|(hash, bytes, children)| (*hash, bytes, children.clone())).collect();
    let mut expected = vec![(child, &b"child"[..], [].into()), (parent, &b"parent"[..], [child].into())];
    expected.sort();
    assert_eq!(puts, expected);
    let mut pins = vec![(&parent, 2), (&child, 1)];
    pins.sort();
    assert_eq!(batch.pins().collect::<Vec<_>>(), pins);
    assert_eq!(batch.unpins().collect::<Vec<_>>(), [(&child, 1)]);
    assert_eq!(batch.notes().collect::<Vec<_>>(), [(&b"name"[..], &b"text"[..])]);
}
