//! `outrider state` and `outrider witness build` on disks that are full or read-only, on files that they read, and when
//! they are killed.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use support::{Ran, Scratch};

/// Returns a directory with an EE of two counters, a state of it and packages for it.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    let pair =
        wat::parse_str(include_str!("../../shard/tests/ees/pair.wat")).expect("the module is well-formed");
    scratch.write("pair.wasm", pair);
    scratch
        .write("genesis.json", r#"{"packages": ["05", "85"]}"#)
        .write("one.json", r#"{"packages": ["81"]}"#);
    let ran = scratch.outrider(&["state", "init", "state", "--ee", "pair.wasm", "genesis.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    scratch
}

fn build(scratch: &Scratch, more: &[&str]) -> Ran {
    scratch.outrider(&[&["witness", "build", "state", "--ee", "pair.wasm", "one.json"], more].concat())
}

fn root(scratch: &Scratch) -> String {
    let ran = scratch.outrider(&["state", "show", "state", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    json["current_root"].as_str().expect("it is text").to_owned()
}

/// Returns all files below a directory with their bytes.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(directory).into_iter().map(|entry| entry.expect("it can be read"));
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| (entry.path().to_owned(), std::fs::read(entry.path()).expect("it can be read")))
        .collect()
}

#[cfg(unix)]
#[test]
fn a_fixture_does_not_overwrite_inputs() {
    let scratch = scratch();
    std::fs::hard_link(scratch.path().join("pair.wasm"), scratch.path().join("hard"))
        .expect("it can be made");
    std::os::unix::fs::symlink("state", scratch.path().join("link")).expect("it can be made");
    let before = files(scratch.path());
    let read =
        |name: &str| format!("writing this file would overwrite the input `{name}`: name another file");
    let inside = || "this file is in the directory of the state: name a file elsewhere".to_owned();
    for (output, expected) in [
        ("pair.wasm", read("pair.wasm")),
        ("hard", read("pair.wasm")),
        ("./one.json", read("one.json")),
        ("state/db", inside()),
        ("state/f.yaml", inside()),
        ("link/f.yaml", inside()),
    ] {
        let ran = build(&scratch, &["--apply", "-o", output]);
        assert_eq!((ran.code, ran.err), (Some(2), format!("error: {output}: {expected}\n")));
    }
    assert_eq!(files(scratch.path()), before);
    assert_eq!(build(&scratch, &["-o", "f.yaml"]).code, Some(0));
    assert_eq!(
        build(&scratch, &["-o", "f.yaml"]).code,
        Some(0),
        "files that are not inputs may be overwritten"
    );
}

/// Names with special characters of JSON, YAML and terminals can be written; a name that is not UTF-8 cannot.
#[cfg(unix)]
#[test]
fn a_fixture_can_name_its_ee_or_is_not_written() {
    use std::os::unix::ffi::OsStrExt as _;
    let scratch = scratch();
    let pair = scratch.path().join("pair.wasm");
    let odd = "a\"b\\\n\t\u{1b}[31m\u{7f}\u{85}\u{9b}\u{2028}\u{202e}\u{feff}\u{fffe}\u{e0041}é🦀 .wasm";
    std::fs::copy(&pair, scratch.path().join(odd)).expect("it can be made");
    let ran = scratch.outrider(&["witness", "build", "state", "--ee", odd, "one.json", "-o", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = scratch.outrider(&["run", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");

    let no_text = std::ffi::OsStr::from_bytes(b"e\xff.wasm");
    std::fs::copy(&pair, scratch.path().join(no_text)).expect("it can be made");
    let mut command = scratch.command(&["witness", "build", "state", "one.json", "-o", "new.yaml", "--ee"]);
    let ran = support::ran(command.arg(no_text).output());
    let expected =
        "error: e\u{fffd}.wasm: the path is not UTF-8, so a fixture cannot name it: rename the file\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), expected));
    assert!(!scratch.path().join("new.yaml").exists());
}

/// First the disk only takes the beginning of a file, so the database cannot be written. Then it takes the database but
/// not the anchor, whose place is taken.
#[cfg(unix)]
#[test]
fn after_a_disk_error_the_message_says_which_state_is_stored() {
    let scratch = scratch();
    let before = root(&scratch);
    let command = format!(
        "ulimit -f 8; exec {} witness build state --ee pair.wasm --no-cache one.json --apply",
        env!("CARGO_BIN_EXE_outrider")
    );
    let mut shell = std::process::Command::new("sh");
    let ran = support::ran(shell.arg("-c").arg(command).current_dir(scratch.path()).output());
    let expected = format!("error: state: storing the state failed; the state root is still {before}: ");
    assert_eq!((ran.code, ran.err.starts_with(&expected)), (Some(2), true), "{}", ran.err);
    assert_eq!(root(&scratch), before);

    scratch.write("state/anchor.new/taken", "");
    let ran = build(&scratch, &["--apply"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    std::fs::remove_dir_all(scratch.path().join("state/anchor.new")).expect("it is there");
    let after = root(&scratch);
    assert_ne!(after, before);
    let expected = format!(
        "error: state: storing the state failed; the state root is now {after}, as after the blocks: "
    );
    assert!(ran.err.starts_with(&expected), "{}", ran.err);
}

/// Mounts the directory read-only in a name space of its own, or skips without the right to do so.
#[cfg(target_os = "linux")]
#[test]
fn a_state_on_a_read_only_disk_can_be_read() {
    let scratch = scratch();
    let (expected, before) = (root(&scratch), files(&scratch.path().join("state")));
    let run = |arguments: &str| {
        let script = format!(
            "mount --bind state state && mount -o remount,bind,ro state || exit 77; exec {} {arguments}",
            env!("CARGO_BIN_EXE_outrider")
        );
        let mut command = std::process::Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &script]).current_dir(scratch.path());
        command
            .env("OUTRIDER_CACHE_DIR", scratch.path().join("cache"))
            .output()
            .map(|output| support::ran(Ok(output)))
    };
    match run("state show state") {
        Ok(Ran { code: Some(0), out, .. }) => assert!(out.contains(&expected), "{out}"),
        Ok(Ran { code: Some(2), err, .. }) if err.starts_with("error: ") => panic!("{err}"),
        refused => {
            return outrider_published::skip(format!("no read-only mount can be made: {refused:?}"));
        }
    }
    let ran = run("witness build state --ee pair.wasm one.json -o f.yaml").expect("it can be run");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = run("witness build state --ee pair.wasm one.json --apply").expect("it can be run");
    let expected = "error: state: cannot open the state: cannot open state/lock; copy the directory to a disk that can be written to: ";
    assert_eq!((ran.code, ran.err.starts_with(expected)), (Some(2), true), "{ran:?}");
    assert_eq!(files(&scratch.path().join("state")), before);
}

#[cfg(unix)]
#[test]
fn the_next_process_removes_the_files_of_a_killed_one() {
    let scratch = scratch();
    let endless = r#"(module (memory (export "memory") 1) (func (export "main") (loop (br 0))))"#;
    scratch.write("endless.wasm", wat::parse_str(endless).expect("the module is well-formed"));
    let mut command = scratch.command(&["state", "init", "a", "--ee", "endless.wasm", "one.json"]);
    let mut child = command.stderr(Stdio::null()).spawn().expect("it can be started");
    let left = || {
        let entries = std::fs::read_dir(scratch.path()).expect("it is there").flatten();
        let mut left =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".outrider-state-"));
        left.next().map(|entry| entry.path())
    };
    while !left().is_some_and(|left| left.join("state/db").exists()) {
        assert!(child.try_wait().expect("it was started").is_none(), "it is at work");
        std::thread::sleep(Duration::from_millis(10));
    }
    let init = |name: &str| scratch.outrider(&["state", "init", name, "--ee", "pair.wasm"]);
    let ran = init("b");
    assert_eq!(
        (ran.code, ran.err.as_str(), left().is_some()),
        (Some(0), "", true),
        "files of a running process stay"
    );
    child.kill().expect("it is at work");
    child.wait().expect("it was started");
    let name = left().expect("it was killed").display().to_string();
    let ran = init("c");
    assert_eq!((ran.code, left()), (Some(0), None), "{ran:?}");
    let name = name.rsplit('/').next().unwrap_or_default();
    assert!(ran.err.contains(&format!("removed ./{name}, which")), "{}", ran.err);
}
