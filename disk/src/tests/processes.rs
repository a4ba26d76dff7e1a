//! Tests of stores that are open more than once.

use super::*;
use crate::Holder;

#[test]
fn a_store_has_one_writer_or_any_number_of_readers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let writer = create(path).unwrap();
    apply(&writer, 1).unwrap();
    let expected = entries(&writer);
    let pid = std::process::id().to_string();
    for attempt in [open(path), open_read_only(path), create(path)] {
        let error = attempt.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("process {pid} has the state open: wait until it ends, or end it")
        );
        assert!(error.is_of_caller());
    }
    drop(writer);
    let readers = [open_read_only(path).unwrap(), open_read_only(path).unwrap()];
    for reader in &readers {
        assert_eq!(entries(reader), expected);
        assert!(matches!(apply(reader, 2), Err(DiskError::ReadOnly { content: Content::State })));
    }
    // The lock still has the number of the writer before, which has the store open no more.
    let error = open(path).unwrap_err();
    assert!(matches!(&error, DiskError::InUse { holder: Holder::Readers, .. }), "{error:?}");
    drop(readers);
    assert_eq!(entries(&open(path).unwrap()), expected);
}

/// Covers closed stores, and stores that a dying process leaves: with a database to recover, and with an anchor that is one
/// batch behind.
#[test]
fn a_store_that_is_only_read_stays_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let database = create(&place("open")).unwrap();
    let mut anchors = Vec::new();
    for number in 1..=3 {
        apply(&database, number).unwrap();
        anchors.push(fs::read(place("open").join("anchor")).unwrap());
    }
    let expected = entries(&database);
    for (name, anchor) in [("killed", &anchors[2]), ("behind", &anchors[1])] {
        fs::create_dir(place(name)).unwrap();
        fs::copy(place("open").join("db"), place(name).join("db")).unwrap();
        fs::write(place(name).join("anchor"), anchor).unwrap();
    }
    drop(database);
    for name in ["open", "killed", "behind"] {
        let before = files(&place(name));
        let [one, other] = [(); 2].map(|()| open_read_only(&place(name)).unwrap());
        assert_eq!((entries(&one), entries(&other)), (expected.clone(), expected.clone()));
        drop((one, other));
        assert_eq!(files(&place(name)), before, "{name}");
        assert_eq!(entries(&open(&place(name)).unwrap()), expected);
    }
}

/// For a user without the right to write, this also shows that reading asks for none.
#[cfg(unix)]
#[test]
fn a_store_without_the_right_to_write_can_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    apply(&create(path).unwrap(), 1).unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    ["db", "anchor", "lock"].iter().for_each(|name| set(&path.join(name), 0o444));
    set(path, 0o555);
    assert_eq!(entries(&open_read_only(path).unwrap()).len(), 8);
    match open(path) {
        // Root has the right anyway.
        Ok(_) => {}
        Err(error) => {
            let lock = path.join("lock");
            let expected = format!(
                "cannot open {}; this user needs the right to do so, or a copy of the directory",
                lock.display()
            );
            assert_eq!((error.to_string(), error.is_of_caller()), (expected, true));
        }
    }
    set(path, 0o755);
}
