//! `outrider state` and `outrider witness`: from packages to a fixture that runs.

mod support;

use outrider_witness::{Keccak256, NodeBag, Recorder, mpt};
use serde_json::Value;
use support::{Ran, Scratch};

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Returns a directory with an EE of two counters, packages for it, and its state after the first of these.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    let pair =
        wat::parse_str(include_str!("../../shard/tests/ees/pair.wat")).expect("the module is well-formed");
    scratch
        .write("ees/pair.wasm", pair)
        .write("genesis.json", r#"{"packages": ["05", "85"]}"#)
        .write("one.yaml", "packages:\n  - \"0x81\"\n")
        .write("two.json", "{\n  \"packages\": [\"7F\", \"ff01\"]\n}\n");
    let ran = scratch.outrider(&["state", "init", "state", "--ee", "ees/pair.wasm", "genesis.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    scratch
}

fn root(scratch: &Scratch) -> String {
    let ran = scratch.outrider(&["state", "show", "state", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    json(&ran)["current_root"].as_str().expect("it is text").to_owned()
}

/// Builds blocks of these packages into `f.yaml`.
fn build(scratch: &Scratch, more: &[&str]) -> Ran {
    let arguments = ["witness", "build", "state", "--ee", "ees/pair.wasm", "-o", "f.yaml"];
    scratch.outrider(&[&arguments, more].concat())
}

#[track_caller]
fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).expect("the output is JSON")
}

#[track_caller]
fn check(scratch: &Scratch, arguments: &[&str], code: i32, out: &str, err: &str) {
    let ran = scratch.outrider(arguments);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(code), out, err));
}

/// The EE of accounts has a first state only with the ether for it.
#[test]
fn a_state_is_made_in_the_context_that_options_set() {
    let scratch = Scratch::new();
    let genesis = format!("00{}0700000000000000", "aa".repeat(48));
    scratch
        .write("account.wasm", include_bytes!("../../ees/blobs/account.wasm"))
        .write("genesis.json", format!(r#"{{"packages": ["{genesis}"]}}"#));
    let init = ["state", "init", "state", "--ee", "account.wasm", "genesis.json"];
    let ran = scratch.outrider(&[&init[..], &["--balance", "6"]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let reason = "genesis: the balances are 7 Gwei, but the EE has only 6 on this shard; send it ether first";
    assert!(format!("{}{}", ran.out, ran.err).contains(reason), "{ran:?}");
    let ran = scratch.outrider(&[&init[..], &["--balance", "7"]].concat());
    assert_eq!((ran.code, ran.out.len()), (Some(0), 65), "{ran:?}");
}

#[test]
fn a_state_is_made_and_shown() {
    let scratch = scratch();
    let ran = scratch.outrider(&["state", "show", "state"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let root = root(&scratch);
    assert!(ran.out.contains(&format!("root       {root}, current\n")), "{}", ran.out);
    assert!(ran.out.contains("nodes      3\nsize       147 bytes\n"), "{}", ran.out);
    let left = std::fs::read_dir(scratch.path()).expect("it is there").flatten();
    let hidden = left.filter(|entry| entry.file_name().to_string_lossy().starts_with('.')).count();
    assert_eq!(hidden, 0, "nothing is left over");
}

#[test]
fn a_state_without_packages_is_empty() {
    let scratch = scratch();
    check(&scratch, &["state", "init", "new/empty", "--ee", "ees/pair.wasm"], 0, &format!("{ZERO}\n"), "");
    let shown = json(&scratch.outrider(&["state", "show", "new/empty", "--json"]));
    assert_eq!(shown["current_root"], ZERO);
    assert_eq!(shown["roots"], serde_json::json!([]));
    assert_eq!(shown["n_nodes"], 0);
}

#[test]
fn a_state_is_not_made_in_a_used_directory_nor_of_refused_packages() {
    let scratch = scratch();
    let ee = ["--ee", "ees/pair.wasm"];
    let expected =
        "error: ees: the directory is not empty, it has `pair.wasm`: name a new or an empty directory\n";
    check(&scratch, &[&["state", "init", "ees"], &ee[..]].concat(), 2, "", expected);
    scratch.write("bad.json", r#"{"packages": ["00"]}"#);
    let ran = scratch.outrider(&[&["state", "init", "other"], &ee[..], &["bad.json"]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = "error: bad.json: the EE does not accept the packages: the EE trapped: unreachable code was reached\n";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
    assert!(!scratch.path().join("other").exists());
}

#[test]
fn a_directory_without_a_state_is_named() {
    let scratch = scratch();
    for directory in ["ees", "nowhere"] {
        let expected = format!(
            "error: {directory}: cannot open the state: the directory has no state: create one with `outrider state init {directory} --ee EE.wasm`\n"
        );
        check(&scratch, &["state", "show", directory], 2, "", &expected);
    }
}

#[test]
fn a_built_fixture_runs_and_its_witnesses_are_in_order() {
    let scratch = scratch();
    let before = root(&scratch);
    let ran = build(&scratch, &["one.yaml", "two.json", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let built = json(&ran);
    let blocks = built["blocks"].as_array().expect("it is a list");
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0]["pre_state_root"], before);
    assert_eq!(blocks[1]["pre_state_root"], blocks[0]["post_state_root"]);
    // The witness has a byte of structure, a hash, and a leaf of 41 bytes; or two leaves.
    assert_eq!((&blocks[0]["witness_bytes"], &blocks[1]["witness_bytes"]), (&74.into(), &83.into()));
    assert_eq!(root(&scratch), before, "nothing was to be applied");

    for engine in ["wasmtime", if cfg!(feature = "wasmer") { "both" } else { "wasmtime" }] {
        let ran = scratch.outrider(&["run", "--engine", engine, "f.yaml"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let expected = "f.yaml: block 0, env 0: smt witness 74 bytes, ok\nf.yaml: block 1, env 0: smt witness 83 bytes, ok\n";
    check(&scratch, &["witness", "check", "f.yaml"], 0, expected, "");
    let checked = json(&scratch.outrider(&["witness", "check", "f.yaml", "--json"]));
    assert_eq!(checked["blocks"][1]["problem"], Value::Null);
}

#[test]
fn the_next_block_is_built_on_the_applied_state() {
    let scratch = scratch();
    let ran = build(&scratch, &["one.yaml", "--apply", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let built = json(&ran);
    assert_eq!(built["current_root"], built["blocks"][0]["post_state_root"]);
    assert_eq!(root(&scratch), built["current_root"]);
    let ran = build(&scratch, &["two.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.ends_with(&format!("the current state root is still {}\n", root(&scratch))),
        "{}",
        ran.out
    );
    assert_eq!(scratch.outrider(&["run", "f.yaml"]).code, Some(0));
}

#[test]
fn a_fixture_finds_its_ee_from_anywhere() {
    let scratch = scratch();
    scratch.write("deep/er/x", "");
    let arguments =
        ["witness", "build", "state", "--ee", "ees/pair.wasm", "one.yaml", "-o", "deep/er/f.yaml"];
    assert_eq!(scratch.outrider(&arguments).code, Some(0));
    assert!(scratch.read("deep/er/f.yaml").contains("- \"../../ees/pair.wasm\"\n"));
    let mut command = scratch.command(&["run", "f.yaml"]);
    let ran = support::ran(command.current_dir(scratch.path().join("deep/er")).output());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = scratch.outrider(&arguments[..6]);
    assert_eq!((ran.code, ran.out.starts_with("beacon_state:\n")), (Some(0), true), "{ran:?}");
}

#[test]
fn packages_that_cannot_be_read_are_named_with_their_place() {
    let scratch = scratch();
    for (text, expected) in [
        (
            "{\"packages\": [\"0g\"]}",
            "1:15: the package is not hex: 'g' is not a hex digit (character 2 of the value)",
        ),
        ("packages:\n - \"012\"", "2:4: the package has an odd number of hex digits (3): two make a byte"),
        ("packages: []\nmore: 1", "2:1: unknown field `more`, expected one of packages, receipts"),
        ("{}", "1:1: missing field `packages`"),
    ] {
        scratch.write("bad.json", text);
        let ran = build(&scratch, &["one.yaml", "bad.json"]);
        assert_eq!((ran.code, ran.err), (Some(2), format!("error: bad.json:{expected}\n")));
    }
    let ran = build(&scratch, &["no.json"]);
    assert_eq!(ran.err, "error: no.json: cannot read the packages: No such file or directory (os error 2)\n");
}

#[test]
fn packages_that_the_ee_refuses_change_nothing() {
    let scratch = scratch();
    let before = root(&scratch);
    scratch.write("bad.json", r#"{"packages": []}"#);
    let ran = build(&scratch, &["one.yaml", "bad.json", "--apply"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.starts_with("error: bad.json: the EE does not accept the packages: "), "{}", ran.err);
    assert_eq!(root(&scratch), before);
    assert!(!scratch.path().join("f.yaml").exists());
}

#[test]
fn a_state_belongs_to_one_ee_until_another_adopts_it() {
    let scratch = scratch();
    let before = root(&scratch);
    // A new build of the same EE: an empty custom section changes its hash.
    let pair = std::fs::read(scratch.path().join("ees/pair.wasm")).expect("it is there");
    scratch.write("new.wasm", [&pair[..], &[0, 2, 1, b'x']].concat());
    let (old, new) = (hash(&scratch, "ees/pair.wasm"), hash(&scratch, "new.wasm"));
    let build = ["witness", "build", "state", "--ee", "new.wasm", "one.yaml", "-o", "f.yaml", "--apply"];
    let expected = format!(
        "error: state: the store holds the state of the EE with code hash {old}, this one has {new}; if this EE can read \
         that state, run `outrider state adopt state --ee new.wasm`\n"
    );
    check(&scratch, &build, 2, "", &expected);

    let adopt = ["state", "adopt", "state", "--ee", "new.wasm"];
    let expected = format!("the state of EE {old} now belongs to EE {new}\nroot {before}, unchanged\n");
    check(&scratch, &adopt, 0, &expected, "");
    assert_eq!(root(&scratch), before);
    let expected = format!("the state already belongs to EE {new}\nroot {before}, unchanged\n");
    check(&scratch, &adopt, 0, &expected, "");
    assert_eq!(scratch.outrider(&build).code, Some(0));
    assert_ne!(root(&scratch), before, "a block was built on it");
    assert_eq!(scratch.outrider(&["state", "adopt", "state", "--ee", "one.yaml"]).code, Some(2));
    assert_eq!(scratch.outrider(&["state", "adopt", "nowhere", "--ee", "new.wasm"]).code, Some(2));
}

fn hash(scratch: &Scratch, ee: &str) -> String {
    let ran = scratch.outrider(&["inspect", ee, "--json"]);
    json(&ran)["code_hash"].as_str().expect("it is text").to_owned()
}

/// Damages some bytes of each file, after the state was made and after a block; the tests of the store damage all
/// bytes.
#[test]
fn a_damaged_state_is_reported_or_still_whole() {
    let scratch = scratch();
    for moved_on in [false, true] {
        if moved_on {
            assert_eq!(build(&scratch, &["one.yaml", "--apply"]).code, Some(0));
        }
        let expected = root(&scratch);
        let mut n_reported = 0;
        for name in ["state/db", "state/anchor"] {
            let path = scratch.path().join(name);
            let whole = std::fs::read(&path).expect("it is there");
            for at in (0..whole.len()).step_by(whole.len() / 23) {
                let mut flipped = whole.clone();
                flipped[at] ^= 0xa5;
                for damaged in [&flipped[..], &whole[..at]] {
                    std::fs::write(&path, damaged).expect("it can be written");
                    let ran = scratch.outrider(&["state", "show", "state", "--json"]);
                    let shown = json(&ran);
                    let is_whole = ran.code == Some(0) && shown["current_root"] == expected.as_str();
                    let is_reported =
                        ran.code == Some(2) && ran.err.starts_with("error: state: cannot open the state: ");
                    assert!(is_whole || is_reported, "{name} at {at}: {ran:?}");
                    n_reported += u32::from(is_reported);
                }
            }
            std::fs::write(&path, whole).expect("it can be written");
        }
        assert!(n_reported > 3 * 23, "all cuts are, and all that the anchor has: {n_reported}");
        assert_eq!(root(&scratch), expected);
    }
}

#[test]
fn a_state_of_an_earlier_format_is_named() {
    let scratch = scratch();
    scratch.write("old/conf", "segment_size: 524288").write("old/db", "");
    let expected = "error: old: cannot open the state: the state has format 1, and this version reads format 3: make it again, or use the version that wrote it\n";
    check(&scratch, &["state", "show", "old"], 2, "", expected);
}

#[test]
fn refused_packages_are_printed_in_json() {
    let scratch = scratch();
    scratch.write("bad.json", r#"{"packages": []}"#);
    let ran = build(&scratch, &["bad.json", "--json"]);
    let json = json(&ran);
    assert_eq!(
        (ran.code, &json["summary"]["verdict"], &json["summary"]["failed"]),
        (Some(1), &"fails".into(), &1.into())
    );
    let error = json["summary"]["error"].as_str().expect("it is text");
    assert!(error.starts_with("bad.json: the EE does not accept the packages: "), "{error}");
}

#[test]
fn an_ee_without_provider_mode_is_refused() {
    let scratch = scratch();
    let other = r#"(module
        (import "eth2" "savePostStateRoot" (func $save (param i32)))
        (memory (export "memory") 1)
        (func (export "main") (call $save (i32.const 0))))"#;
    scratch.write("other.wasm", wat::parse_str(other).expect("the module is well-formed"));
    let ran = scratch.outrider(&["state", "init", "other", "--ee", "other.wasm", "one.yaml"]);
    assert_eq!(ran.err, "error: one.yaml: the EE yields no block data in provider mode\n");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_witness_is_shown_as_a_tree() {
    let scratch = scratch();
    assert_eq!(build(&scratch, &["two.json", "one.yaml"]).code, Some(0));
    let ran = scratch.outrider(&["witness", "show", "f.yaml", "--block", "1"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines[0], "block 1, env 0: smt witness 74 bytes, payload 1 bytes");
    assert_eq!(lines[2], "     0 - branch");
    assert!(lines[3].starts_with("     1  0 hash "), "{}", lines[3]);
    // 5 from the start and 127 from the block before.
    assert_eq!(lines[4], format!("     1  1 leaf 80{} = 8400000000000000", &ZERO[2..]));
    assert_eq!(lines[5], "  bytes: structure 2, hashes 32, keys 32, values 8, blobs 0");
    let shown = json(&scratch.outrider(&["witness", "show", "f.yaml", "--json"]));
    assert_eq!(shown["blocks"][1]["tries"][0]["parts"][2]["key"], format!("80{}", &ZERO[2..]));
    assert_eq!(shown["blocks"][0]["bytes"]["keys"], 64);
    check(
        &scratch,
        &["witness", "show", "f.yaml", "--block", "2"],
        2,
        "",
        "error: f.yaml: there is no block 2: the fixture has 2 blocks, counted from 0\n",
    );
}

/// Returns a fixture for one EE, with one block of these bytes.
fn fixture(root: &str, data: &[u8]) -> String {
    format!(
        "beacon_state: {{execution_scripts: [ees/pair.wasm]}}\nshard_pre_state: {{exec_env_states: [\"{root}\"]}}\n\
         shard_blocks: [{{env: 0, data: \"{}\"}}]\nshard_post_state: {{exec_env_states: [\"{root}\"]}}\n",
        hex::encode(data)
    )
}

#[test]
fn a_witness_of_patricia_tries_is_shown_too() {
    let mut full = mpt::Trie::<Keccak256, _>::empty();
    for (key, value) in [(b"\x12\x34".as_slice(), [1; 40]), (b"\x12\x35", [2; 40]), (b"\x92\x35", [3; 40])] {
        full.insert(key, &value).expect("there is room");
    }
    let mut nodes = NodeBag::default();
    let root = full.commit(&mut nodes);
    let mut trie = mpt::Trie::<Keccak256, _>::open(&root, Recorder::new(&nodes));
    trie.get(b"\x12\x35").expect("it is covered");
    let witness = trie.into_forest().into_witness().expect("the nodes are sound");
    let length = u32::try_from(witness.len()).expect("it is short").to_le_bytes();
    let scratch = scratch();
    scratch.write("f.yaml", fixture(&root.to_string(), &[&length, &witness[..], b"tx"].concat()));

    let ran = scratch.outrider(&["witness", "show", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines[0], format!("block 0, env 0: mpt witness {} bytes, payload 2 bytes", witness.len()));
    assert_eq!(lines[1], format!("  root {root}"));
    assert_eq!(lines[2], "     0 - branch");
    assert_eq!(lines[3], "     1  1 extension by 23");
    assert_eq!(lines[4], "     3    - branch");
    assert!(lines[5].starts_with("     4     4 hash "), "{}", lines[5]);
    assert_eq!(lines[6], format!("     4     5 leaf 1235 = {}", "02".repeat(40)));
    assert!(lines[7].starts_with("     1  9 hash "), "{}", lines[7]);
    assert!(lines[8].ends_with("hashes 64, keys 1, values 40, blobs 0"), "{}", lines[8]);

    // The EE has sparse Merkle trees, so it refuses the block.
    let ran = scratch.outrider(&["witness", "check", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("mpt witness") && ran.out.contains("FAILED: the EE trapped"), "{}", ran.out);
}

#[test]
fn invalid_witnesses_fail() {
    let scratch = scratch();
    let before = root(&scratch);
    assert_eq!(build(&scratch, &["one.yaml"]).code, Some(0));
    let text = scratch.read("f.yaml");
    let data =
        text.split("data: \"").nth(1).and_then(|rest| rest.split('"').next()).expect("there is a block");
    let data = hex::decode(data).expect("it is hex");

    let mut other_value = data.clone();
    other_value[data.len() - 2] ^= 1;
    let mut unframed = data.clone();
    unframed[3] = 1;
    let mut structure = data.clone();
    structure[4] = 0x80;
    for (data, expected) in [
        (other_value, "FAILED: the witness has the wrong root: expected ".to_owned()),
        (
            unframed,
            "FAILED: not the block data of a stateful EE: byte 4: expected 16777290 more bytes, got 75\n"
                .to_owned(),
        ),
        (structure, "FAILED: the witness of 74 bytes is neither smt (".to_owned()),
        (
            vec![],
            "FAILED: not the block data of a stateful EE: byte 0: expected 4 more bytes, got 0\n".to_owned(),
        ),
    ] {
        scratch.write("bad.yaml", fixture(&before, &data));
        let ran = scratch.outrider(&["witness", "check", "bad.yaml"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains(&expected), "{expected} in {}", ran.out);
    }
    // The witness is valid, but the fixture expects another state root.
    scratch.write("bad.yaml", fixture(&before, &data));
    let ran = scratch.outrider(&["witness", "check", "bad.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("bytes, ok\n") && ran.out.contains("wrong post-state root"), "{}", ran.out);
    scratch.write("bad.yaml", fixture(&before, b""));
    let ran = scratch.outrider(&["witness", "show", "bad.yaml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.starts_with("error: bad.yaml: block 0: not the block data of a stateful EE: byte 0: "),
        "{}",
        ran.err
    );
}
