//! A store detects damage and names it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{fs, path::Path};

use common::store::{assert_same, create, deploy, load, new_chain, run, run_slot};
use outrider_beacon::store::{Damage, Retention, Store, StoreError, UnloadedStore};
use outrider_beacon_spec::hash::hash;

#[test]
fn a_store_is_open_once_and_the_error_names_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert!(matches!(UnloadedStore::open(path), Err(StoreError::Absent)));
    let chain = new_chain();
    let store = create(path, chain.node(), Retention::Finality);
    let pid = std::process::id().to_string();
    let error = UnloadedStore::open(path).unwrap_err();
    assert_eq!(error.to_string(), format!("process {pid} has the chain open: wait until it ends, or end it"));
    drop(store);
    assert!(load(path).is_ok());
    let again = Store::create(path, chain.node(), &[], Retention::Finality);
    assert!(matches!(again, Err(StoreError::Present)));
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
    run(&mut chain, &mut store, 2);
    drop(store);
    let (latest, anchor) = (fs::read(file("db")).unwrap(), fs::read(file("anchor")).unwrap());
    #[track_caller]
    fn damage(path: &Path) -> Damage {
        match load(path).map(|_| ()) {
            Err(StoreError::Damaged(damage)) => damage,
            other => panic!("{other:?}"),
        }
    }
    fs::write(file("db"), &earlier).unwrap();
    assert!(matches!(damage(path), Damage::Batch { got: 3, expected: 5 }));
    fs::remove_file(file("db")).unwrap();
    assert!(matches!(damage(path), Damage::Missing { file: "db" }));
    fs::write(file("db"), &latest[..latest.len() / 2]).unwrap();
    damage(path);
    fs::write(file("db"), &latest).unwrap();
    for bit in 0..8 * anchor.len() {
        let mut damaged = anchor.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(file("anchor"), damaged).unwrap();
        assert!(matches!(damage(path), Damage::Anchor), "bit {bit}");
    }
    // A crash between database and anchor leaves this.
    let mut one_less = anchor[..16].to_vec();
    one_less[8] -= 1;
    one_less.extend(crc32fast::hash(&one_less).to_le_bytes());
    fs::write(file("anchor"), &one_less).unwrap();
    let (mut store, mut loaded) = load(path).unwrap();
    assert_same(loaded.node(), chain.node());
    run(&mut loaded, &mut store, 1);
    drop(store);
    assert!(load(path).is_ok());
    // A database without an anchor is a damaged store, and not overwritten.
    fs::remove_file(file("anchor")).unwrap();
    assert!(matches!(damage(path), Damage::Missing { file: "anchor" }));
    let again = Store::create(path, chain.node(), &[], Retention::Finality);
    assert!(matches!(again, Err(StoreError::Damaged(Damage::Missing { file: "anchor" }))));
}

/// A process that is killed while it creates a store leaves these files.
#[test]
fn an_incomplete_creation_leaves_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let chain = new_chain();
    drop(create(path, chain.node(), Retention::Finality));
    fs::rename(path.join("db"), path.join("db.new")).unwrap();
    assert!(matches!(load(path).map(|_| ()), Err(StoreError::Absent)));
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
            Err(StoreError::Damaged(_) | StoreError::Format { .. } | StoreError::Io(_)) => n_reported += 1,
            Err(other) => panic!("byte {at}: {other:?}"),
        }
    }
    assert!(n_reported > n_places / 8, "{n_reported} of {n_places}");
}
