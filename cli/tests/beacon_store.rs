//! The directory of a chain: on disks that are full or read-only, beside other processes, and with other files in its place.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use outrider_beacon::store::UnloadedStore;
use serde_json::Value;
use support::{Ran, Scratch, blob, ran};

const READERS: [&[&str]; 3] = [&["list"], &["show", "--json"], &["prove", "slot", "-o", "proof.json"]];

fn beacon(scratch: &Scratch, arguments: &[&str]) -> Ran {
    scratch.outrider(&[&["beacon"], arguments, &["--data-dir", "chain"]].concat())
}

/// Returns a directory with a chain of three slots.
fn chain() -> Scratch {
    let scratch = Scratch::new();
    for arguments in [&["init"][..], &["advance", "--slots", "3"]] {
        let ran = beacon(&scratch, arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    }
    scratch
}

fn head(scratch: &Scratch) -> Value {
    let ran = beacon(scratch, &["show", "--json"]);
    let mut shown: Value = serde_json::from_str(&ran.out).unwrap();
    shown["head"].take()
}

/// Returns all files of a directory, with their bytes.
fn files(path: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

/// Checks that a command prints this error in one line, and exits with 2.
#[track_caller]
fn check_error(ran: &Ran, expected: &str) {
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), format!("error: {expected}\n").as_str()), "{ran:?}");
}

#[test]
fn a_state_and_a_chain_are_told_apart() {
    let scratch = chain();
    scratch.write("ee.wasm", blob("account"));
    let made = scratch.outrider(&["state", "init", "state", "--ee", "ee.wasm"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let before = ["state", "chain"].map(|name| files(&scratch.path().join(name)));
    for arguments in [&READERS[..], &[&["advance", "--slots", "1"], &["init"]]].concat() {
        let ran = scratch.outrider(&[&["beacon"], arguments, &["--data-dir", "state"]].concat());
        let expected = "state: the directory has the state of an EE, and not a beacon chain: `outrider state show state` lists it";
        check_error(&ran, expected);
    }
    let ee = ["--ee", "ee.wasm"];
    for arguments in [&["state", "show", "chain"][..], &[&["state", "adopt", "chain"], &ee[..]].concat()] {
        check_error(
            &scratch.outrider(arguments),
            "chain: cannot open the state: the directory has a beacon chain, and not the state of an EE: `outrider beacon show --data-dir chain` shows it",
        );
    }
    assert_eq!(["state", "chain"].map(|name| files(&scratch.path().join(name))), before);
}

/// Whatever else is in a directory belongs to somebody, and a chain has files with common names.
#[test]
fn a_chain_or_state_is_made_in_an_empty_directory_only() {
    let scratch = Scratch::new();
    scratch.write("home/notes.txt", "mine").write("ee.wasm", blob("account"));
    let expected = "the directory is not empty, it has `notes.txt`: name a new or an empty directory";
    let ran = scratch.outrider(&["beacon", "init", "--data-dir", "home"]);
    check_error(&ran, &format!("home: {expected}"));
    let ran = scratch.outrider(&["state", "init", "home", "--ee", "ee.wasm"]);
    assert!(ran.code == Some(2) && ran.err.contains(expected), "{ran:?}");
    assert_eq!(files(&scratch.path().join("home")).keys().collect::<Vec<_>>(), ["notes.txt"]);
    fs::create_dir(scratch.path().join("chain")).unwrap();
    assert_eq!(beacon(&scratch, &["init"]).code, Some(0));
}

#[test]
fn a_chain_of_an_earlier_format_is_named() {
    let scratch = chain();
    scratch.write("chain/anchor", b"outrider\x03\0\0\0\0\0\0\0\x12\x34\x56\x78");
    check_error(
        &beacon(&scratch, &["list"]),
        "chain: the chain has format 1, and this version reads format 5: make it again, or use the version that wrote it",
    );
}

#[test]
fn files_of_another_chain_or_of_something_else_are_refused() {
    let scratch = chain();
    let damaged = "chain: the chain is damaged: restore a copy, or make it again";
    let whole = fs::read(scratch.path().join("chain/db")).unwrap();
    for (bytes, expected) in [
        (&b""[..], "chain/db is empty"),
        (b"redb", "chain/db is not a database"),
        (b"some other file", "chain/db is not a database"),
        (&whole[..1000], "the database chain/db is cut short or malformed, or a checksum is wrong"),
    ] {
        scratch.write("chain/db", bytes);
        for arguments in [&["list"][..], &["advance", "--slots", "1"]] {
            check_error(&beacon(&scratch, arguments), &format!("{damaged}: {expected}"));
        }
    }
    scratch.write("chain/db", whole);
    assert_eq!(beacon(&scratch, &["list"]).code, Some(0));
    let other = chain();
    fs::copy(other.path().join("chain/anchor"), scratch.path().join("chain/anchor")).unwrap();
    let expected = format!("{damaged}: the database and the file `anchor` belong to different stores");
    check_error(&beacon(&scratch, &["show"]), &expected);
}

/// Runs a shell script in a name space of its own, in which it may mount; returns `None` without the right to do so.
fn in_name_space(scratch: &Scratch, script: &str) -> Option<Ran> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script]).current_dir(scratch.path());
    command.env("OUTRIDER_CACHE_DIR", scratch.path().join("cache"));
    let ran = ran(Ok(command.output().ok()?));
    if ran.code == Some(77) || ran.err.starts_with("unshare") { None } else { Some(ran) }
}

#[cfg(target_os = "linux")]
#[test]
fn a_chain_on_a_read_only_disk_can_be_read() {
    let scratch = chain();
    let before = files(&scratch.path().join("chain"));
    let run = |arguments: &[&str]| {
        let script = format!(
            "mount --bind chain chain && mount -o remount,bind,ro chain || exit 77; exec {} beacon {} --data-dir chain",
            env!("CARGO_BIN_EXE_outrider"),
            arguments.join(" ")
        );
        in_name_space(&scratch, &script)
    };
    for arguments in READERS {
        let Some(ran) = run(arguments) else {
            return outrider_published::skip("no read-only mount can be made");
        };
        let expected = beacon(&scratch, arguments);
        assert_eq!((ran.code, ran.err.as_str(), ran.out), (Some(0), "", expected.out));
    }
    check_error(
        &run(&["advance", "--slots", "1"]).unwrap(),
        "chain: cannot open chain/lock; copy the directory to a disk that can be written to: Read-only file system (os error 30)",
    );
    assert_eq!(files(&scratch.path().join("chain")), before);
}

#[test]
fn a_chain_has_many_readers_or_one_writer() {
    let scratch = chain();
    let before = files(&scratch.path().join("chain"));
    let reader = UnloadedStore::open_read_only(&scratch.path().join("chain")).unwrap();
    for arguments in READERS {
        assert_eq!(beacon(&scratch, arguments).code, Some(0));
    }
    let advance = ["advance", "--slots", "1"];
    let expected = "chain: a process that reads it has the chain open: wait until it ends, or end it";
    check_error(&beacon(&scratch, &advance), expected);
    assert_eq!(files(&scratch.path().join("chain")), before, "reading changes nothing");
    drop(reader);
    let writer = UnloadedStore::open(&scratch.path().join("chain")).unwrap();
    let pid = std::process::id();
    for arguments in [&READERS[..], &[&advance]].concat() {
        let expected = format!("chain: process {pid} has the chain open: wait until it ends, or end it");
        check_error(&beacon(&scratch, arguments), &expected);
    }
    drop(writer);
    assert_eq!(beacon(&scratch, &advance).code, Some(0));
}

/// A proof whose reader comes late does not keep others from the chain.
#[test]
fn no_lock_is_held_while_a_proof_waits_for_its_reader() {
    let scratch = chain();
    let proof = scratch.path().join("proof");
    assert!(Command::new("mkfifo").arg(&proof).status().unwrap().success());
    let arguments = ["beacon", "prove", "slot", "--data-dir", "chain", "-o", "proof"];
    let mut prover = scratch.command(&arguments).stdout(Stdio::null()).spawn().unwrap();
    // Until the prover has read the chain, this is refused, or the proof may be of the next block.
    let advanced = (0..50).any(|_| beacon(&scratch, &["advance", "--slots", "1"]).code == Some(0));
    assert!(advanced && prover.try_wait().unwrap().is_none(), "the prover waits");
    assert!(fs::read_to_string(&proof).unwrap().contains("\"slot\""));
    assert!(prover.wait().unwrap().success());
}

#[test]
fn links_and_special_files_are_refused_by_name() {
    let scratch = chain();
    let path = |name: &str| scratch.path().join("chain").join(name);
    for name in ["db", "anchor", "lock"] {
        let aside = scratch.path().join("aside");
        fs::rename(path(name), &aside).unwrap();
        for kind in ["a symbolic link", "a directory", "a device, a FIFO or a socket"] {
            match kind {
                "a symbolic link" => symlink(&aside, path(name)).unwrap(),
                "a directory" => fs::create_dir(path(name)).unwrap(),
                _ => assert!(Command::new("mkfifo").arg(path(name)).status().unwrap().success()),
            }
            for arguments in [&["list"][..], &["advance", "--slots", "1"], &["init"]] {
                let expected = format!(
                    "chain: chain/{name} is {kind}, but a store only has regular files: copy the store with its files into a new directory"
                );
                check_error(&beacon(&scratch, arguments), &expected);
            }
            fs::remove_file(path(name)).or_else(|_| fs::remove_dir(path(name))).unwrap();
        }
        fs::rename(&aside, path(name)).unwrap();
    }
    fs::hard_link(path("db"), scratch.path().join("backup")).unwrap();
    assert_eq!(beacon(&scratch, &["list"]).code, Some(0), "reading changes no backup");
    check_error(
        &beacon(&scratch, &["advance", "--slots", "1"]),
        "chain: chain/db is one of 2 hard links to a file, and writing would change all of them: copy the directory without links, and use the copy",
    );
    fs::remove_file(scratch.path().join("backup")).unwrap();
    // A link in the place of a file that is about to be written.
    scratch.write("victim", "precious");
    symlink(scratch.path().join("victim"), path("anchor.new")).unwrap();
    assert_eq!(beacon(&scratch, &["advance", "--slots", "1"]).code, Some(0));
    assert_eq!(scratch.read("victim"), "precious");
}

/// The system refuses longer files, as a full disk does.
#[test]
fn an_init_without_room_leaves_nothing_behind() {
    let scratch = Scratch::new();
    for data_dir in ["chain", "above/chain", "existing"] {
        if data_dir == "existing" {
            fs::create_dir(scratch.path().join("existing")).unwrap();
        }
        let script =
            format!("ulimit -f 8; exec {} beacon init --data-dir {data_dir}", env!("CARGO_BIN_EXE_outrider"));
        let mut shell = Command::new("sh");
        let ran = ran(shell.arg("-c").arg(script).current_dir(scratch.path()).output());
        let expected = format!(
            "{data_dir}: cannot write {data_dir}/db.new; there is no more room for it on the disk: File too large (os error 27)"
        );
        check_error(&ran, &expected);
        assert_eq!(scratch.path().join(data_dir).exists(), data_dir == "existing");
    }
    assert!(!scratch.path().join("above").exists());
    assert!(files(&scratch.path().join("existing")).is_empty());
    assert_eq!(scratch.outrider(&["beacon", "init", "--data-dir", "existing"]).code, Some(0));
    assert_eq!(scratch.outrider(&["beacon", "show", "--data-dir", "existing"]).code, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_keeps_the_chain() {
    let scratch = chain();
    let script = format!(
        "mount -t tmpfs -o size=2m tmpfs cache && cp -r chain cache && head -c 4m /dev/zero >cache/filler 2>/dev/null
         [ -s cache/filler ] || exit 77
         {0} beacon init --data-dir cache/new; ls -A cache
         {0} beacon advance --epochs 40 --data-dir cache/chain; code=$?
         rm cache/filler && {0} beacon advance --slots 1 --data-dir cache/chain; exit $code",
        env!("CARGO_BIN_EXE_outrider")
    );
    fs::create_dir_all(scratch.path().join("cache")).unwrap();
    let Some(ran) = in_name_space(&scratch, &script) else {
        return outrider_published::skip("no file system in memory can be mounted");
    };
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let room = "; there is no more room for it on the disk: No space left on device (os error 28)";
    let lines: Vec<_> = ran.err.lines().collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.ends_with(room)), "{ran:?}");
    assert!(lines[0].starts_with("error: cache/new: cannot "), "{ran:?}");
    assert!(ran.out.starts_with("chain\nfiller\n"), "{ran:?}");
    assert!(ran.out.contains("advanced by 1 slot to slot"), "{ran:?}");
}

#[test]
fn an_init_that_is_killed_is_repeated() {
    let scratch = Scratch::new();
    let mut n_killed = 0;
    for kill in 0..24 {
        let mut init = scratch
            .command(&["beacon", "init", "--data-dir", "chain"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(kill * 2_000));
        init.kill().unwrap();
        n_killed += u32::from(init.wait().unwrap().code().is_none());
        let shown = beacon(&scratch, &["show"]);
        let is_absent = shown.err.starts_with("error: chain: the directory has no chain: create one");
        assert!(shown.code == Some(0) || is_absent, "kill {kill}: {shown:?}");
        let again = beacon(&scratch, &["init"]);
        assert_eq!(again.code == Some(0), is_absent, "kill {kill}: {again:?}");
        assert_eq!(head(&scratch)["slot"], 0);
        let found = files(&scratch.path().join("chain"));
        assert_eq!(found.keys().collect::<Vec<_>>(), ["anchor", "db", "lock"]);
        fs::remove_dir_all(scratch.path().join("chain")).unwrap();
    }
    assert!(n_killed > 0, "no init was killed");
}
