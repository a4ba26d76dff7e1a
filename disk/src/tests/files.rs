//! Tests of what may be in the place of a store or of its files.

use super::*;

#[track_caller]
fn damage(path: &Path) -> Damage {
    match (open(path), open_read_only(path)) {
        (Err(DiskError::Damaged { damage, content: Content::State }), Err(DiskError::Damaged { .. })) => {
            damage
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    apply(&create(path).unwrap(), 1).unwrap();
    for name in ["anchor", "db"] {
        let (file, aside) = (path.join(name), path.join("aside"));
        fs::rename(&file, &aside).unwrap();
        assert!(matches!(damage(path), Damage::Missing(missing) if missing == file));
        assert!(matches!(create(path), Err(DiskError::Damaged { damage: Damage::Missing(_), .. })));
        fs::rename(&aside, &file).unwrap();
    }
    assert_eq!(entries(&open(path).unwrap()).len(), 8);
}

#[test]
fn a_directory_with_anything_else_in_it_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["notes", "lib"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    // The files of a killed creation are ours.
    fs::write(path.join("lock"), b"mine").unwrap();
    let error = create(path).unwrap_err();
    assert!(error.is_of_caller());
    let expected = "the directory is not empty, it has `lib`: name a new or an empty directory";
    assert_eq!(error.to_string(), expected);
    assert_eq!(fs::read(path.join("lock")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(path).unwrap().count(), 3);
    for name in ["notes", "lib"] {
        fs::remove_dir(path.join(name)).unwrap();
    }
    create(path).unwrap();
}

#[test]
fn an_empty_a_short_and_a_foreign_file_are_named_in_plain_words() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    drop(create(path).unwrap());
    let db = path.join("db");
    let whole = fs::read(&db).unwrap();
    let foreign = tempfile::tempdir().unwrap();
    let foreign = foreign.path().join("foreign");
    drop(redb::Database::create(&foreign).unwrap());
    let not_a_database = format!("{} is not a database", db.display());
    let malformed =
        format!("the database {} is cut short or malformed, or a checksum is wrong", db.display());
    for (bytes, expected) in [
        (&b""[..], format!("{} is empty", db.display())),
        (b"redb", not_a_database.clone()),
        (b"SQLite format 3\0", not_a_database.clone()),
        (&[0; 5000], not_a_database),
        (&whole[..9], malformed.clone()),
        (&whole[..400], malformed.clone()),
        (&whole[..whole.len() - 1], malformed),
        (&fs::read(&foreign).unwrap(), format!("{} is a database, but not of a store", db.display())),
    ] {
        fs::write(&db, bytes).unwrap();
        assert_eq!(damage(path).to_string(), expected, "{} bytes", bytes.len());
        assert!(fs::read(&db).unwrap() == bytes, "{} bytes are left alone", bytes.len());
    }
    fs::write(path.join("anchor"), "").unwrap();
    assert!(matches!(damage(path), Damage::Anchor));
}

#[test]
fn another_content_or_format_is_named_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    drop(create(path).unwrap());
    let before = files(path);
    for attempt in [
        AnchoredDatabase::open(path, Content::Chain),
        AnchoredDatabase::open_read_only(path, Content::Chain),
        AnchoredDatabase::create(path, Content::Chain, make_tables),
    ] {
        assert_eq!(
            attempt.unwrap_err().to_string(),
            "the directory has the state of an EE, and not a beacon chain"
        );
    }
    assert!(matches!(create(path), Err(DiskError::Present { content: Content::State })));
    assert_eq!(files(path), before);
    // Stores of format 1 were databases of sled.
    let old = tempfile::tempdir().unwrap();
    for file in ["conf", "db"] {
        fs::write(old.path().join(file), "segment_size: 524288").unwrap();
    }
    for attempt in [open(old.path()), open_read_only(old.path()), create(old.path())] {
        assert_eq!(
            attempt.unwrap_err().to_string(),
            "the state has format 1, and this version reads format 3: make it again, or use the version that wrote it"
        );
    }
    assert_eq!(files(old.path()).len(), 2, "no file is added");
    // A database of something else, beside other files.
    fs::rename(old.path().join("conf"), old.path().join("other")).unwrap();
    for attempt in [open(old.path()), open_read_only(old.path()), create(old.path())] {
        assert!(matches!(attempt, Err(DiskError::Damaged { damage: Damage::Missing(_), .. })));
    }
    assert_eq!(files(old.path()).keys().collect::<Vec<_>>(), ["db", "other"]);
}

/// A process that is killed while it creates a store leaves these files.
#[test]
fn the_files_of_an_interrupted_creation_are_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    drop(create(path).unwrap());
    fs::rename(path.join("db"), path.join("db.new")).unwrap();
    fs::write(path.join("anchor.new"), "half").unwrap();
    for attempt in [open(path), open_read_only(path)] {
        assert!(matches!(attempt, Err(DiskError::Absent { content: Content::State })));
    }
    drop(create(path).unwrap());
    assert_eq!(files(path).keys().collect::<Vec<_>>(), ["anchor", "db", "lock"]);
    assert!(open(path).is_ok());
}

#[test]
fn a_creation_that_fails_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let count = || fs::read_dir(directory.path()).unwrap().count();
    let full = || redb::Error::Io(io::ErrorKind::StorageFull.into());
    for path in [directory.path().join("above/store"), directory.path().to_owned()] {
        let error = AnchoredDatabase::create(&path, Content::Chain, |transaction| {
            make_tables(transaction)?;
            Err(full())
        });
        let error = error.unwrap_err();
        let expected = format!(
            "cannot write {}; there is no more room for it on the disk",
            path.join("db.new").display()
        );
        assert_eq!((error.to_string(), count()), (expected, 0));
    }
    fs::write(directory.path().join("file"), "").unwrap();
    let error = create(&directory.path().join("file/store")).unwrap_err();
    assert!(
        error.to_string().ends_with("file/store/anchor; a part of this path is not a directory"),
        "{error}"
    );
    assert_eq!(count(), 1);
}

/// Nothing is lost if the database is written but the anchor cannot be.
#[test]
fn an_anchor_that_could_not_be_written_is_written_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let database = create(path).unwrap();
    fs::create_dir(path.join("anchor.new")).unwrap();
    let error = apply(&database, 1).unwrap_err();
    let expected = format!("cannot remove {}", path.join("anchor.new").display());
    assert!(matches!(error, DiskError::Io { .. }) && error.to_string().starts_with(&expected), "{error:?}");
    assert_eq!((database.n_batches(), anchor(path).n_batches), (1, 0));
    assert!(apply(&database, 2).is_err());
    assert_eq!(
        (database.n_batches(), anchor(path).n_batches),
        (1, 0),
        "a database is at most one batch ahead"
    );
    fs::remove_dir(path.join("anchor.new")).unwrap();
    apply(&database, 2).unwrap();
    assert_eq!((database.n_batches(), anchor(path).n_batches), (2, 2));
    drop(database);
    assert_eq!(entries(&open(path).unwrap()).len(), 9);
}

/// A directory that was copied by links does not change the original.
#[cfg(unix)]
#[test]
fn links_are_refused_and_lead_to_no_change() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let [original, copy] = ["original", "copy"].map(|name| directory.path().join(name));
    apply(&create(&original).unwrap(), 1).unwrap();
    let before = files(&original);
    for name in ["db", "anchor", "lock"] {
        let place = |is_linked: bool, link: &dyn Fn(&Path, &Path)| {
            fs::create_dir(&copy).unwrap();
            for other in ["db", "anchor", "lock"] {
                let (from, to) = (original.join(other), copy.join(other));
                if (other == name) == is_linked {
                    link(&from, &to)
                } else {
                    fs::copy(&from, &to).unwrap();
                }
            }
        };
        place(true, &|from, to| symlink(from, to).unwrap());
        for attempt in [open(&copy), open_read_only(&copy), create(&copy)] {
            let error = attempt.unwrap_err();
            let expected = format!("{} is a symbolic link, but", copy.join(name).display());
            assert!(error.to_string().starts_with(&expected) && error.is_of_caller(), "{error}");
        }
        fs::remove_dir_all(&copy).unwrap();
        place(true, &|from, to| fs::hard_link(from, to).unwrap());
        assert_eq!(entries(&open_read_only(&copy).unwrap()).len(), 8, "reading changes nothing");
        match open(&copy).and_then(|database| apply(&database, 2)) {
            // The anchor is replaced and not written to.
            Ok(()) => assert_eq!(name, "anchor"),
            Err(error) => {
                let expected = format!("{} is one of 2 hard links to a file", copy.join(name).display());
                assert!(error.to_string().starts_with(&expected), "{error}");
            }
        }
        fs::remove_dir_all(&copy).unwrap();
        assert_eq!(files(&original), before, "{name}");
    }
    // The files under which new ones are written are replaced, and not followed.
    let victim = directory.path().join("victim");
    for name in ["anchor.new", "db.new"] {
        fs::write(&victim, "precious").unwrap();
        fs::create_dir(&copy).unwrap();
        symlink(&victim, copy.join(name)).unwrap();
        apply(&create(&copy).unwrap(), 1).unwrap();
        symlink(&victim, copy.join("anchor.new")).unwrap();
        apply(&open(&copy).unwrap(), 2).unwrap();
        fs::hard_link(&victim, copy.join("anchor.new")).unwrap();
        apply(&open(&copy).unwrap(), 3).unwrap();
        fs::remove_dir_all(&copy).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious", "{name}");
    }
}

/// Opening one of these could wait for ever, or have an effect.
#[cfg(unix)]
#[test]
fn a_fifo_or_a_directory_in_place_of_a_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    drop(create(path).unwrap());
    for name in ["db", "anchor", "lock"] {
        let (file, aside) = (path.join(name), path.join("aside"));
        fs::rename(&file, &aside).unwrap();
        for is_fifo in [true, false] {
            let kind = if is_fifo {
                assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
                "a device, a FIFO or a socket"
            } else {
                fs::create_dir(&file).unwrap();
                "a directory"
            };
            for attempt in [open(path), open_read_only(path), create(path)] {
                let expected = format!("{} is {kind}, but", file.display());
                let error = attempt.unwrap_err();
                assert!(error.to_string().starts_with(&expected), "{error}");
            }
            if is_fifo { fs::remove_file(&file).unwrap() } else { fs::remove_dir(&file).unwrap() }
        }
        fs::rename(&aside, &file).unwrap();
    }
    assert!(open(path).is_ok());
}
