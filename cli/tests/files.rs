//! Reading files: within bounds, completely, and from the standard input.

mod support;

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use support::{Ran, Scratch, blob, fixture, project, ran, wasm};

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("it goes to memory");
    encoder.finish().expect("it goes to memory")
}

/// Returns an archive with one file of tests.
fn archive(name: &str, json: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(json.len() as u64);
    header.set_cksum();
    archive.append_data(&mut header, name, json).expect("it goes to memory");
    archive.into_inner().expect("it goes to memory")
}

/// Returns a directory with an EE that refuses all transactions, and a file of 12 cases that expect refusals.
fn tests() -> (Scratch, Vec<u8>) {
    let line = "transaction 0: unexpected length";
    let main = format!("(func (export \"main\") (call $refuse (i32.const 0) (i32.const {})))", line.len());
    let ee = format!(
        "(module (import \"eth2\" \"refuse\" (func $refuse (param i32 i32))) (memory (export \"memory\") 1)
            (data (i32.const 0) \"{line}\") {main})"
    );
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wat::parse_str(ee).expect("it is WebAssembly"));
    let json =
        std::fs::read(project().join("native/evm-tests/tests/data/transaction.json")).expect("it is there");
    (scratch, json)
}

fn test(scratch: &Scratch, path: &str) -> Ran {
    scratch.outrider(&["evm", "test", "--ee", "ee.wasm", path])
}

/// The number of blocks is that of the reference client: the output of `gzip -dc` has 12.
#[test]
fn a_chain_in_several_members_is_read_to_its_end() {
    let Some(data) = outrider_published::path("reports/gzip-members") else { return };
    let (genesis, chain) = (data.join("genesis.json"), data.join("two-members.rlp.gz"));
    let arguments =
        ["evm", "chain", "--json", "--genesis", &genesis.to_string_lossy(), &chain.to_string_lossy()];
    let ran = Scratch::new().outrider(&arguments);
    let json: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!((ran.code, json["blocks"].as_array().map(Vec::len)), (Some(0), Some(12)));
}

#[test]
fn archives_in_several_members_are_read_to_their_end() {
    let (scratch, json) = tests();
    let tar = archive("a.json", &json);
    let in_blocks = tar.chunks(1000).flat_map(packed).collect::<Vec<_>>();
    let two = [packed(&tar), packed(&archive("b.json", &json))].concat();
    let inner = [&tar[..], &archive("b.json", &json)].concat();
    for (bytes, n_cases) in [(packed(&tar), 12), (in_blocks, 12), (two, 24), (packed(&inner), 24)] {
        scratch.write("t.tar.gz", bytes);
        let ran = test(&scratch, "t.tar.gz");
        assert!(
            ran.out.ends_with(&format!("{n_cases} cases: {n_cases} passed, 0 failed, 0 not run\n")),
            "{ran:?}"
        );
        assert_eq!(ran.code, Some(0));
    }
}

#[test]
fn a_broken_archive_is_reported_and_the_rest_is_run() {
    let (scratch, json) = tests();
    let first = packed(&archive("a.json", &json)[..512 + json.len().next_multiple_of(512)]);
    let second = packed(&archive("b.json", &json));
    let broken = [&first[..], &second[..second.len() / 2]].concat();
    scratch.write("tests/1.tar.gz", broken).write("tests/2.json", &json);
    scratch.write("tests/0.tar.gz", "none").write("tests/3.tgz", [first, second].concat());
    let ran = test(&scratch, "tests");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let total = ran.out.lines().last().unwrap_or_default();
    assert_eq!(total, "48 cases: 48 passed, 0 failed, 0 not run, 2 files unusable", "{ran:?}");
    let errors: Vec<_> = ran.err.lines().collect();
    assert!(errors[0].starts_with("error: tests/0.tar.gz: "), "{errors:?}");
    assert!(errors[1].starts_with("error: tests/1.tar.gz: b.json: "), "{errors:?}");
    assert_eq!(errors.len(), 2);
}

#[cfg(unix)]
#[test]
fn a_tree_with_dangling_links_and_odd_names_is_run() {
    use std::os::unix::ffi::OsStrExt as _;
    let (scratch, json) = tests();
    scratch.write("tests/a.json", &json);
    let odd = scratch.path().join("tests").join(std::ffi::OsStr::from_bytes(b"\xff\xfe.json"));
    std::fs::write(odd, &json).expect("it can be written");
    for name in ["tests/gone.json", "tests/gone.md"] {
        std::os::unix::fs::symlink("nowhere", scratch.path().join(name)).expect("it can be made");
    }
    let ran = test(&scratch, "tests");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let total = ran.out.lines().last().unwrap_or_default();
    assert_eq!(total, "24 cases: 24 passed, 0 failed, 0 not run, 1 file unusable", "{ran:?}");
    assert_eq!(ran.err, "error: tests/gone.json: No such file or directory (os error 2)\n");
}

/// Both are refused without being read: a sparse file that is longer than memory, and a file that never ends.
#[cfg(unix)]
#[test]
fn files_that_are_too_long_are_refused_at_once() {
    let scratch = Scratch::new();
    let long = std::fs::File::create(scratch.path().join("long")).expect("it can be made");
    long.set_len(40 << 30).expect("it is sparse");
    std::os::unix::fs::symlink("long", scratch.path().join("long.tar.gz")).expect("it can be made");
    scratch.write("good.wasm", blob("helloworld"));
    scratch.write("module.yaml", fixture(ZERO).replace("ee.wasm", "long"));
    scratch.write("zero.yaml", fixture(ZERO).replace("ee.wasm", "/dev/zero"));
    let (data, module) = (1_u64 << 30, 64_u64 << 20);
    let long = |bytes_max| format!("the file has 42949672960 bytes, expected at most {bytes_max}");
    let device = "it is a device, not a file".to_owned();
    for (arguments, expected) in [
        (&["run", "long"][..], format!("long: cannot read the fixture: {}", long(data))),
        (&["run", "module.yaml"], format!("module.yaml:3:7: cannot read `long`: {}", long(module))),
        (&["run", "zero.yaml"], format!("zero.yaml:3:7: cannot read `/dev/zero`: {device}")),
        (&["run", "/dev/zero"], format!("/dev/zero: cannot read the fixture: {device}")),
        (&["inspect", "long"], format!("long: {}", long(module))),
        (&["inspect", "/dev/zero"], format!("/dev/zero: {device}")),
        (&["bench", "long"], format!("long: cannot read the fixture: {}", long(data))),
        (&["witness", "check", "long"], format!("long: cannot read the fixture: {}", long(data))),
        (&["state", "init", "s", "--ee", "long"], format!("long: {}", long(module))),
        (
            &["state", "init", "s", "--ee", "good.wasm", "long"],
            format!("long: cannot read the packages: {}", long(data)),
        ),
        (&["evm", "chain", "--genesis", "long", "long"], format!("long: {}", long(data))),
        (&["evm", "block", "/dev/zero"], format!("/dev/zero: {device}")),
    ] {
        let ran = scratch.outrider(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.starts_with(&format!("error: {expected}")), "{arguments:?}: {ran:?}");
    }
    let ran = scratch.outrider(&["evm", "test", "--ee", "good.wasm", "long"]);
    assert!(ran.err.starts_with(&format!("error: long: {}\n", long(data))), "{ran:?}");
}

/// A short compressed file may have very long contents.
#[test]
fn files_with_too_long_contents_are_refused() {
    let scratch = Scratch::new();
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1025 {
        bomb.write_all(&[0; 1 << 20]).expect("it goes to memory");
    }
    scratch.write("bomb.gz", bomb.finish().expect("it goes to memory"));
    let ran = scratch.outrider(&["evm", "block", "bomb.gz"]);
    let expected = "error: bomb.gz: the file has more than 1073741824 bytes, which is the limit\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), expected));
}

fn outrider_with(scratch: &Scratch, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
    let mut command = scratch.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    child.stdin.take().expect("it is piped").write_all(input.as_ref()).expect("it is read");
    ran(child.wait_with_output())
}

#[test]
fn a_hyphen_is_the_standard_input() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    let ran = outrider_with(&scratch, &["run", "-"], fixture(ZERO));
    assert_eq!((ran.code, ran.out.starts_with("stdin ok\n")), (Some(0), true), "{ran:?}");
    let ran = outrider_with(&scratch, &["run", "-", "-"], fixture(ZERO));
    let expected = "error: stdin: cannot read the fixture: the standard input can be read only once\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), expected));
    let ran = outrider_with(&scratch, &["run", "-"], fixture(ZERO).replace("env: 0", "env: 7"));
    assert!(ran.err.starts_with("error: stdin:8:10: env 7 does not exist"), "{ran:?}");
    let ran = outrider_with(&scratch, &["run", "--bless", "-"], fixture(&ZERO.replacen('0', "1", 1)));
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), "error: stdin: only a file can be blessed\n"));
    let ran = outrider_with(&scratch, &["inspect", "-"], blob("helloworld"));
    assert_eq!((ran.code, ran.out.contains("the host loads this module")), (Some(0), true), "{ran:?}");
    let state = ["state", "init", "state", "--ee", "ee.wasm", "-"];
    let ran = outrider_with(&scratch, &state, "{\"packages\": [\"0g\"]}");
    assert!(ran.err.starts_with("error: stdin:1:15: the package is not hex"), "{ran:?}");
}

/// Runs a command that must end without input.
fn run_to_end(scratch: &Scratch, arguments: &[&str]) -> Ran {
    let mut command = scratch.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started");
    for _ in 0..600 {
        if child.try_wait().expect("it was started").is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // If the process has ended, this reports it and does nothing.
    let _ = child.kill();
    ran(child.wait_with_output())
}

/// A fixture may only name files that reading does not wait for; the user may name a pipe.
#[cfg(unix)]
#[test]
fn a_pipe_is_read_if_the_user_names_it_and_not_if_a_fixture_does() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    let made = std::process::Command::new("mkfifo").arg(scratch.path().join("fifo")).status();
    assert!(made.expect("it can be run").success());
    scratch.write("ee.yaml", fixture(ZERO).replace("ee.wasm", "fifo"));
    let library = "ee.wasm\n  libraries: [{name: l, file: fifo}]";
    scratch.write("library.yaml", fixture(ZERO).replace("ee.wasm", library));
    for (file, place) in [("ee.yaml", "3:7"), ("library.yaml", "4:31")] {
        let ran = run_to_end(&scratch, &["run", file]);
        let expected = format!("error: {file}:{place}: cannot read `fifo`: it is a pipe, not a file\n");
        assert_eq!((ran.code, ran.err), (Some(2), expected));
    }
    let ran = outrider_with(&scratch, &["run", "/dev/stdin"], fixture(ZERO));
    assert_eq!((ran.code, ran.out.starts_with("/dev/stdin ok\n")), (Some(0), true), "{ran:?}");
}

/// 33 times 8 MiB exceed 256 MiB.
#[test]
fn the_text_of_aliases_is_bounded() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    let long = "ab".repeat(4 << 20);
    let block = "  - {env: 0, data: *d}\n";
    let text = |long: &str, n: usize| {
        fixture(ZERO).replace("data: \"\"\n", &format!("data: &d \"{long}\"\n{}", block.repeat(n)))
    };
    let aliased = "aliases add more than 268435456 bytes to the text: write fewer\n";
    scratch.write("f.yaml", text(&long, 40)).write("good.yaml", text("abab", 40));
    let ran = scratch.outrider(&["run", "f.yaml"]);
    // The data of the first block are on line 9.
    assert_eq!((ran.code, ran.err), (Some(2), format!("error: f.yaml:{}:20: {aliased}", 9 + 33)));
    let ran = scratch.outrider(&["run", "good.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.ends_with("1 fixture, 41 blocks: 1 passed, 0 failed\n"), "{ran:?}");
    let aliases = |prefix: &str, n| format!("{prefix}&d \"{long}\"{}]", ", *d".repeat(n));
    scratch.write("p.json", aliases("packages: [", 40));
    let scripts = fixture(ZERO).replace("\n    - ee.wasm", &aliases(" [", 40));
    scratch.write("scripts.yaml", scripts);
    for arguments in [&["state", "init", "s", "--ee", "ee.wasm", "p.json"][..], &["run", "scripts.yaml"]] {
        let ran = scratch.outrider(arguments);
        assert_eq!(
            (ran.code, ran.err.ends_with(&format!(": {aliased}"))),
            (Some(2), true),
            "{}",
            ran.err.len()
        );
    }
}

/// Runs each command that prints JSON on files and directories whose names are not UTF-8.
#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_are_printed_in_json() {
    use std::os::unix::ffi::OsStrExt as _;
    let scratch = Scratch::new();
    let name = std::ffi::OsStr::from_bytes;
    let odd = |name| scratch.path().join(name);
    let pair =
        wat::parse_str(include_str!("../../shard/tests/ees/pair.wat")).expect("the module is well-formed");
    scratch.write("ee.wasm", &pair).write("p.json", r#"{"packages": ["05"]}"#);
    std::fs::write(odd(name(b"e\xff.wasm")), pair).expect("it can be written");
    std::fs::write(odd(name(b"p\xff.json")), r#"{"packages": ["85"]}"#).expect("it can be written");
    let run = |arguments: &[&std::ffi::OsStr]| {
        let mut command = scratch.command(&[]);
        ran(command.args(arguments).env("OUTRIDER_CACHE_DIR", odd(name(b"c\xff"))).output())
    };
    let state = name(b"s\xff");
    let init = ["state", "init", "--ee", "ee.wasm", "p.json"].map(|text| name(text.as_bytes()));
    let made = run(&[&init[..], &[state]].concat());
    assert_eq!(made.code, Some(2), "one argument too many: {made:?}");
    let made = run(&[&init[..2], &[state], &init[2..]].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    let build = ["witness", "build", "--ee", "ee.wasm", "--json", "-o"].map(|text| name(text.as_bytes()));
    let [witness, build @ ..] = &build;
    let built =
        run(&[&[*witness, build[0], state], &build[1..], &[name(b"f\xff.yaml"), name(b"p\xff.json")]]
            .concat());
    assert_eq!(built.code, Some(0), "{built:?}");
    for (command, file) in [
        ("state show", &b"s\xff"[..]),
        ("run", b"f\xff.yaml"),
        ("witness show", b"f\xff.yaml"),
        ("witness check", b"f\xff.yaml"),
        ("bench --runs 1", b"f\xff.yaml"),
        ("inspect", b"e\xff.wasm"),
        ("check", b"e\xff.wasm"),
        ("cache show", b""),
    ] {
        let mut arguments: Vec<_> = command.split(' ').map(|word| name(word.as_bytes())).collect();
        arguments.push(name(b"--json"));
        arguments.extend((!file.is_empty()).then_some(name(file)));
        let ran = run(&arguments);
        let json: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        assert_eq!((ran.code, &json["summary"]["verdict"]), (Some(0), &"holds".into()), "{command}: {ran:?}");
        if command == "state show" {
            assert_eq!(json["directory"], "s\u{fffd}");
        }
    }
}
