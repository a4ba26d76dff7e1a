//! A store detects damage and names it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{fs, path::Path};

use common::store::{assert_same, create, deploy, load, new_chain, rules, run, run_slot, settings};
use outrider_beacon::store::{DiskError, Retention, Store, StoreError, UnloadedStore};
use outrider_beacon_spec::hash::hash;
use outrider_disk::Damage;

#[test]
fn a_store_is_open_once_and_the_error_names_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert!(matches!(UnloadedStore::open(path), Err(StoreError::Disk(DiskError::Absent { .. }))));
    let chain = new_chain();
    let store = create(path, chain.node(), Retention::Finality);
    let pid = std::process::id().to_string();
    let error = UnloadedStore::open(path).unwrap_err();
    assert_eq!(error.to_string(), format!("process {pid} has the chain open: wait until it ends, or end it"));
    drop(store);
    assert!(load(path).is_ok());
    let again = Store::create(path, chain.node(), &[], Retention::Finality);
    assert!(matches!(again, Err(StoreError::Disk(DiskError::Present { .. }))));
}

#[test]
fn missing_torn_and_outdated_files_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = |name: &str| path.join(name);
    let mut chain = new_chain();
    let mut store = create(path, chain.node(), Retention::Finality);
    run(&mut chain, &mut store, 3);
    drop(store);
    let earlier = fs::read(file("db")).unwrap();
    let mut store = load(path).unwrap().0;
    run(&mut chain, &mut store, 1);
    let before_last = fs::read(file("anchor")).unwrap();
    run(&mut chain, &mut store, 1);
    drop(store);
    let (latest, anchor) = (fs::read(file("db")).unwrap(), fs::read(file("anchor")).unwrap());
    fs::write(file("db"), &earlier).unwrap();
    assert!(matches!(damage(path), Damage::Batch { got: 3, expected: 5 }));
    fs::remove_file(file("db")).unwrap();
    assert!(matches!(damage(path), Damage::Missing(missing) if missing == file("db")));
    fs::write(file("db"), &latest[..latest.len() / 2]).unwrap();
    assert!(matches!(damage(path), Damage::Database { .. }));
    fs::write(file("db"), &latest).unwrap();
    for bit in 0..8 * anchor.len() {
        let mut damaged = anchor.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(file("anchor"), damaged).unwrap();
        assert!(matches!(damage(path), Damage::Anchor), "bit {bit}");
    }
    // A crash between database and anchor leaves this.
    fs::write(file("anchor"), &before_last).unwrap();
    let (mut store, mut loaded) = load(path).unwrap();
    assert_same(loaded.node(), chain.node());
    run(&mut loaded, &mut store, 1);
    drop(store);
    assert!(load(path).is_ok());
    // A database without an anchor is a damaged store, and not overwritten.
    fs::remove_file(file("anchor")).unwrap();
    assert!(matches!(damage(path), Damage::Missing(missing) if missing == file("anchor")));
    let again = Store::create(path, chain.node(), &[], Retention::Finality);
    assert!(matches!(again, Err(StoreError::Disk(DiskError::Damaged { damage: Damage::Missing(_), .. }))));
}

#[track_caller]
fn damage(path: &Path) -> Damage {
    match load(path).map(|_| ()) {
        Err(StoreError::Disk(DiskError::Damaged { damage, .. })) => damage,
        other => panic!("{other:?}"),
    }
}

/// Both chains have the same blocks, so only the identities of the stores differ; then copies of a store take other batches.
#[test]
fn the_files_of_two_chains_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| directory.path().join(name));
    let chains = [&one, &other].map(|path| {
        let mut chain = new_chain();
        let mut store = create(path, chain.node(), Retention::Finality);
        run(&mut chain, &mut store, 2);
        chain
    });
    assert_same(chains[0].node(), chains[1].node());
    let anchor = fs::read(one.join("anchor")).unwrap();
    fs::copy(other.join("anchor"), one.join("anchor")).unwrap();
    assert!(matches!(damage(&one), Damage::OtherStore));
    fs::write(one.join("anchor"), anchor).unwrap();
    for name in ["db", "anchor"] {
        fs::copy(one.join(name), other.join(name)).unwrap();
    }
    for (path, note) in [(&one, "this"), (&other, "that")] {
        load(path).unwrap().0.set_note("chain", note).unwrap();
    }
    fs::copy(other.join("anchor"), one.join("anchor")).unwrap();
    assert!(matches!(damage(&one), Damage::OtherBatches));
}

/// The store of another process may end at any block, so all of these are read.
#[test]
fn a_chain_that_is_only_read_stays_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut chain = new_chain();
    let mut store = create(path, chain.node(), Retention::All);
    let settings = settings();
    let files = || ["db", "anchor", "lock"].map(|name| fs::read(path.join(name)).unwrap());
    for _ in 0..3 {
        run(&mut chain, &mut store, 7);
        let in_use = UnloadedStore::open_read_only(path);
        assert!(matches!(in_use, Err(StoreError::Disk(DiskError::InUse { .. }))));
        drop(store);
        let before = files();
        for _ in 0..2 {
            let opened = [(); 2].map(|()| UnloadedStore::open_read_only(path).unwrap());
            for opened in opened {
                assert_eq!(opened.note("chain").unwrap().as_deref(), Some("a test's"));
                let (mut read, node) = opened.load(rules(&settings)).unwrap();
                assert_same(&node, chain.node());
                let block = read.block(node.head().unwrap()).unwrap().unwrap();
                let saved = read.save(&node, &block);
                assert!(matches!(saved, Err(StoreError::Disk(DiskError::ReadOnly { .. }))));
                assert!(matches!(read.set_note("a", "b"), Err(StoreError::Disk(DiskError::ReadOnly { .. }))));
            }
        }
        assert_eq!(files(), before);
        store = load(path).unwrap().0;
    }
}

/// A process that is killed while it creates a store leaves these files.
#[test]
fn an_incomplete_creation_leaves_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let chain = new_chain();
    drop(create(path, chain.node(), Retention::Finality));
    fs::rename(path.join("db"), path.join("db.new")).unwrap();
    assert!(matches!(load(path).map(|_| ()), Err(StoreError::Disk(DiskError::Absent { .. }))));
    drop(create(path, chain.node(), Retention::Finality));
    assert_same(load(path).unwrap().1.node(), chain.node());
}

#[test]
fn a_changed_byte_of_the_database_is_detected_or_without_effect() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut chain = new_chain();
    let mut store = create(path, chain.node(), Retention::Finality);
    let operations = deploy(&chain, &[0; 3_000]);
    run_slot(&mut chain, &mut store, operations);
    run(&mut chain, &mut store, 4);
    drop(store);
    let whole = fs::read(path.join("db")).unwrap();
    let mut n_reported = 0;
    let n_places = 96;
    for place in 0..n_places {
        let at = hash(&[&u64::to_le_bytes(place)]);
        let at = usize::from_le_bytes(at[..8].try_into().unwrap()) % whole.len();
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (place % 8);
        fs::write(path.join("db"), &damaged).unwrap();
        match load(path) {
            // The database does not use this byte.
            Ok((_, loaded)) => assert_same(loaded.node(), chain.node()),
            Err(StoreError::Damaged(_) | StoreError::Disk(DiskError::Damaged { .. })) => n_reported += 1,
            Err(other) => panic!("byte {at}: {other:?}"),
        }
    }
    assert!(n_reported > n_places / 8, "{n_reported} of {n_places}");
}
