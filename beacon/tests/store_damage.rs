//! What has happened to a node on disk is found out and told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{fs, path::Path};

use common::store::{assert_same, create, deploy, load, new_chain, run, run_slot};
use outrider_beacon::store::{Damage, Opened, Retention, Store, StoreError};
use outrider_beacon_spec::hash::hash;

#[test]
fn a_directory_is_one_process_s_and_the_other_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert!(matches!(Opened::new(path), Err(StoreError::Absent)));
    let chain = new_chain();
    let store = create(path, chain.node(), Retention::Finality);
    let pid = std::process::id().to_string();
    let error = Opened::new(path).unwrap_err();
    assert_eq!(error.to_string(), format!("process {pid} has it open: wait for its end, or end it"));
    drop(store);
    assert!(load(path).is_ok());
    let again = Store::create(path, chain.node(), &[], Retention::Finality);
    assert!(matches!(again, Err(StoreError::Present)));
}

#[test]
fn files_that_are_missing_torn_or_of_another_time_are_reported() {
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
    // As a crash between database and anchor leaves it.
    let mut one_less = anchor[..16].to_vec();
    one_less[8] -= 1;
    one_less.extend(crc32fast::hash(&one_less).to_le_bytes());
    fs::write(file("anchor"), &one_less).unwrap();
    let (mut store, mut loaded) = load(path).unwrap();
    assert_same(loaded.node(), chain.node());
    run(&mut loaded, &mut store, 1);
    drop(store);
    assert!(load(path).is_ok());
    // Without an anchor, there is a store nonetheless.
    fs::remove_file(file("anchor")).unwrap();
    assert!(matches!(damage(path), Damage::Missing { file: "anchor" }));
    let again = Store::create(path, chain.node(), &[], Retention::Finality);
    assert!(matches!(again, Err(StoreError::Damaged(Damage::Missing { file: "anchor" }))));
}

/// What a process leaves that is ended while it makes a store.
#[test]
fn a_store_that_was_not_made_is_none() {
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
fn no_byte_of_the_database_changes_and_is_believed() {
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
            // Nobody needs the byte.
            Ok((_, loaded)) => assert_same(loaded.node(), chain.node()),
            Err(StoreError::Damaged(_) | StoreError::Format { .. } | StoreError::Io(_)) => n_reported += 1,
            Err(other) => panic!("byte {at}: {other:?}"),
        }
    }
    assert!(n_reported > n_places / 8, "{n_reported} of {n_places}");
}
