//! The context that EEs read, in every command that executes them.

mod support;

use support::{Ran, Scratch};

/// The engines of this build, as an argument of `run`.
const ENGINE: &str = if cfg!(feature = "wasmer") { "both" } else { "wasmtime" };

/// An EE that expects its context as block data: shard, slot and its own index, of eight bytes each, little-endian, and
/// the beacon root. It traps if the context differs.
const CHECKER: &str = r#"(module
    (import "eth2" "contextShard" (func $shard (result i64)))
    (import "eth2" "contextSlot" (func $slot (result i64)))
    (import "eth2" "contextEeIndex" (func $index (result i64)))
    (import "eth2" "contextBeaconRoot" (func $root (param i32)))
    (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 1)
    (func (export "main")
        (local $at i32)
        (i64.store (i32.const 0) (call $shard))
        (i64.store (i32.const 8) (call $slot))
        (i64.store (i32.const 16) (call $index))
        (call $root (i32.const 24))
        (call $copy (i32.const 64) (i32.const 0) (i32.const 56))
        (loop $next
            (if (i64.ne (i64.load (local.get $at)) (i64.load offset=64 (local.get $at))) (then unreachable))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 56))))
        (call $save (i32.const 1024))))"#;

/// Returns the block data for [`CHECKER`] as hex; all bytes of the beacon root are the same.
fn data(shard: u64, slot: u64, ee_index: u64, beacon_byte: u8) -> String {
    let numbers = [shard, slot, ee_index].map(u64::to_le_bytes);
    format!("{}{}", hex::encode(numbers.as_flattened()), hex::encode([beacon_byte; 32]))
}

/// Returns a fixture of two EEs, of which the second executes these blocks.
fn scratch(blocks: &[String]) -> Scratch {
    let zero = "00".repeat(32);
    let roots = format!("exec_env_states: [\"{zero}\", \"{zero}\"]");
    let mut text = format!(
        "beacon_state: {{execution_scripts: [ee.wasm, ee.wasm]}}\nshard_pre_state: {{{roots}}}\n\
         shard_post_state: {{{roots}}}\nshard_blocks:\n"
    );
    for block in blocks {
        text.push_str(&format!("  - {block}\n"));
    }
    let scratch = Scratch::new();
    scratch
        .write("f.yaml", text)
        .write("ee.wasm", wat::parse_str(CHECKER).expect("the module is well-formed"));
    scratch
}

fn run(scratch: &Scratch, options: &[&str]) -> Ran {
    scratch.outrider(&[&["run", "--engine", ENGINE, "f.yaml"], options].concat())
}

fn bench(scratch: &Scratch, options: &[&str]) -> Ran {
    scratch.outrider(&[&["bench", "--runs", "1", "f.yaml"], options].concat())
}

#[test]
fn blocks_are_executed_in_the_context_that_they_give() {
    let root = "cd".repeat(32);
    let scratch = scratch(&[
        format!("{{env: 1, data: \"{}\"}}", data(0, 0, 1, 0)),
        format!("{{env: 1, data: \"{}\", context: {{}}}}", data(0, 0, 1, 0)),
        format!("{{env: 0, data: \"{}\", context: {{slot: 7}}}}", data(0, 7, 0, 0)),
        format!(
            "{{env: 1, data: \"{}\", context: {{shard: {}, slot: 9, beacon_root: \"{root}\"}}}}",
            data(u64::MAX, 9, 1, 0xcd),
            u64::MAX
        ),
    ]);
    for ran in [run(&scratch, &[]), bench(&scratch, &[])] {
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

#[test]
fn options_set_the_context_that_blocks_do_not_give() {
    let scratch = scratch(&[
        format!("{{env: 1, data: \"{}\"}}", data(3, 5, 1, 0xab)),
        format!("{{env: 1, data: \"{}\", context: {{slot: 0}}}}", data(3, 0, 1, 0xab)),
    ]);
    let root = format!("0x{}", "ab".repeat(32));
    let options = ["--shard", "3", "--slot", "5", "--beacon-root", &root];
    for ran in [run(&scratch, &options), bench(&scratch, &options)] {
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    for (n_options, trap) in [(0, "block 0"), (4, "block 0"), (6, "")] {
        let ran = run(&scratch, &options[..n_options]);
        assert_eq!(ran.code, Some(i32::from(!trap.is_empty())), "{ran:?}");
        assert!(ran.out.contains(trap), "{ran:?}");
    }
    let ran = bench(&scratch, &options[..4]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("f.yaml: block 0: "), "{ran:?}");
    let ran = run(&scratch, &["--beacon-root", "ab"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("--beacon-root") && ran.err.contains("expected 32 bytes, got 1"), "{ran:?}");
}

/// An EE that pays the proposer its balance and the latest final slot, and saves the last root that the block declares. It
/// traps if there is none.
const PAYER: &str = r#"(module
    (import "eth2" "contextBalance" (func $balance (result i64)))
    (import "eth2" "contextFinalizedSlot" (func $final (result i64)))
    (import "eth2" "payProposer" (func $pay (param i64)))
    (import "eth2" "readCount" (func $reads (result i32)))
    (import "eth2" "readRoot" (func $read (param i32 i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 1)
    (func (export "main")
        (call $pay (call $balance))
        (call $pay (call $final))
        (call $read (i32.sub (call $reads) (i32.const 1)) (i32.const 0))
        (call $save (i32.const 16))))"#;

#[test]
fn blocks_give_ether_and_reads_and_may_expect_a_fee() {
    let zero = "00".repeat(32);
    let read = |byte: &str| format!("{{shard: 1, ee: 7, state_root: \"{}\"}}", byte.repeat(32));
    let text = |second_fee: &str, last_root: &str| {
        format!(
            "beacon_state: {{execution_scripts: [ee.wasm]}}\nshard_pre_state: {{exec_env_states: [\"{zero}\"]}}\n\
             shard_post_state: {{exec_env_states: [\"{}\"]}}\nshard_blocks:\n  \
             - {{env: 0, data: \"\", context: {{balance: 70, finalized_slot: 9}}, reads: [{}, {}], proposer_fee: 79}}\n  \
             - {{env: 0, data: \"\", reads: [{}], {second_fee}}}\n",
            last_root.repeat(32),
            read("ab"),
            read("cd"),
            read("ef"),
        )
    };
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wat::parse_str(PAYER).expect("the module is well-formed"));
    let options = ["--balance", "5", "--finalized-slot", "6"];

    scratch.write("f.yaml", text("proposer_fee: 0", "ef"));
    let ran = run(&scratch, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let root = "cd".repeat(32);
    assert!(ran.out.contains(&format!("post-state root {root}, proposer fee 79 Gwei, fuel ")), "{ran:?}");
    assert_eq!(ran.out.matches("proposer fee").count(), 1, "nothing is said of no fee: {ran:?}");
    assert_eq!(bench(&scratch, &[]).code, Some(0));
    let json: serde_json::Value = serde_json::from_str(&run(&scratch, &["--json"]).out).expect("it is JSON");
    let blocks = &json["fixtures"][0]["blocks"];
    assert_eq!((&blocks[0]["proposer_fee"], &blocks[1]["proposer_fee"]), (&79.into(), &0.into()));

    let ran = run(&scratch, &options);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = "  block 1: wrong proposer fee\n    expected 0 Gwei\n    got      11 Gwei\n";
    assert!(ran.out.contains(expected), "{ran:?}");
    let ran = run(&scratch, &[&options[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("it is JSON");
    let expected = serde_json::json!([{ "mismatch": "proposer_fee", "block": 1, "expected": 0, "got": 11 }]);
    assert_eq!(json["fixtures"][0]["mismatches"], expected);
    assert_eq!(run(&scratch, &[&options[..], &["--bless"]].concat()).code, Some(0));
    assert_eq!(scratch.read("f.yaml"), text("proposer_fee: 11", "ef"));
    assert_eq!(run(&scratch, &options).code, Some(0));

    // Without an expectation, any fee is fine.
    scratch.write("f.yaml", text("", "ef"));
    assert_eq!(run(&scratch, &options).code, Some(0));
}

#[test]
fn a_read_that_no_block_declares_fails_the_fixture() {
    let scratch = scratch(&["{env: 0, data: \"\", reads: []}".to_owned()]);
    scratch.write("ee.wasm", wat::parse_str(PAYER).expect("the module is well-formed"));
    let ran = run(&scratch, &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = "the EE's call of eth2.readRoot failed: there is no read 4294967295: the block declares 0, counted from 0";
    assert!(ran.out.contains(expected), "{ran:?}");
}

#[test]
fn bench_takes_an_unsaved_root_as_run_does() {
    let scratch = scratch(&["{env: 0, data: \"\"}".to_owned()]);
    scratch.write("ee.wasm", support::wasm("(func (export \"main\"))"));
    for ran in [run(&scratch, &[]), bench(&scratch, &[])] {
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

#[test]
fn a_context_that_cannot_be_read_is_named_with_its_place() {
    let scratch = scratch(&["{env: 0, data: \"\", context: {beacon_root: \"aabb\"}}".to_owned()]);
    for ran in [run(&scratch, &[]), bench(&scratch, &[])] {
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert_eq!(ran.err, "error: f.yaml:5:47: the beacon root has 2 bytes, expected 32\n");
    }
}

/// Returns the stateful EE of two counters, changed to trap unless it runs in slot 1234 of shard 6.
fn at_slot_1234() -> Vec<u8> {
    let pair = include_str!("../../shard/tests/ees/pair.wat");
    let locals = "(local $end i32) (local $witness_end i32) (local $mask i32)\n";
    let check = "(call $require (i64.eq (call $slot) (i64.const 1234)))\n(call $require (i64.eq (call $shard) (i64.const 6)))\n";
    let imports = "(module\n(import \"eth2\" \"contextSlot\" (func $slot (result i64)))\n\
                   (import \"eth2\" \"contextShard\" (func $shard (result i64)))\n";
    let text = pair.replacen("(module\n", imports, 1).replacen(locals, &format!("{locals}{check}"), 1);
    assert!(text.contains(check), "the EE has changed");
    wat::parse_str(text).expect("the module is well-formed")
}

#[test]
fn built_blocks_give_the_context_that_they_were_built_in() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", at_slot_1234()).write("one.json", r#"{"packages": ["05", "85"]}"#);
    assert_eq!(scratch.outrider(&["state", "init", "state", "--ee", "ee.wasm"]).code, Some(0));
    let build = ["witness", "build", "state", "--ee", "ee.wasm", "one.json", "one.json", "-o", "f.yaml"];
    let ran = scratch.outrider(&[&build[..], &["--slot", "1234"]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran = scratch.outrider(&[&build[..], &["--slot", "1234", "--shard", "6"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let expected = format!(
        "\"\n    context:\n      shard: 6\n      slot: 1234\n      beacon_root: \"{}\"\n      balance: 0\n      \
         finalized_slot: 0\n",
        "00".repeat(32)
    );
    assert_eq!(scratch.read("f.yaml").matches(&expected).count(), 2, "{}", scratch.read("f.yaml"));
    // The context of a block takes precedence over an option.
    assert_eq!(run(&scratch, &["--slot", "1"]).code, Some(0));
    assert_eq!(scratch.outrider(&["witness", "check", "f.yaml"]).code, Some(0));
    assert_eq!(bench(&scratch, &[]).code, Some(0));
    scratch.write("f.yaml", scratch.read("f.yaml").replace("slot: 1234", "slot: 1235"));
    assert_eq!(run(&scratch, &[]).code, Some(1));
}

/// Returns the stateful EE of two counters, changed to pay the proposer its balance, unless the first declared root is not
/// that of EE 1 on shard 2.
fn paying() -> Vec<u8> {
    let pair = include_str!("../../shard/tests/ees/pair.wat");
    let locals = "(local $end i32) (local $witness_end i32) (local $mask i32)\n";
    let lines = "(call $pay (call $balance))\n(call $read (i32.const 0) (i32.const 0xb0000))\n\
                 (call $require (i64.eq (i64.load (i32.const 0xb0000)) (i64.const 2)))\n\
                 (call $require (i64.eq (i64.load (i32.const 0xb0008)) (i64.const 1)))\n";
    let imports = "(module\n(import \"eth2\" \"payProposer\" (func $pay (param i64)))\n\
                   (import \"eth2\" \"contextBalance\" (func $balance (result i64)))\n\
                   (import \"eth2\" \"readRoot\" (func $read (param i32 i32)))\n";
    let text = pair.replacen("(module\n", imports, 1).replacen(locals, &format!("{locals}{lines}"), 1);
    assert!(text.contains(lines), "the EE has changed");
    wat::parse_str(text).expect("the module is well-formed")
}

#[test]
fn built_blocks_give_the_reads_and_the_fee_that_they_were_built_with() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", paying()).write("one.json", r#"{"packages": ["05", "85"]}"#);
    assert_eq!(scratch.outrider(&["state", "init", "state", "--ee", "ee.wasm"]).code, Some(0));
    let build = ["witness", "build", "state", "--ee", "ee.wasm", "one.json", "one.json", "-o", "f.yaml"];
    let ran = scratch.outrider(&build);
    assert_eq!(ran.code, Some(1), "no root is declared: {ran:?}");
    let root = "ab".repeat(32);
    let read = format!("2:1:{root}");
    let ran = scratch.outrider(&[&build[..], &["--balance", "70", "--read", &read]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let expected = format!(
        "      balance: 70\n      finalized_slot: 0\n    reads:\n      - shard: 2\n        ee: 1\n        \
         state_root: \"{root}\"\n    proposer_fee: 70\n"
    );
    assert_eq!(scratch.read("f.yaml").matches(&expected).count(), 2, "{}", scratch.read("f.yaml"));
    assert_eq!(run(&scratch, &[]).code, Some(0));
    assert_eq!(scratch.outrider(&["witness", "check", "f.yaml"]).code, Some(0));
    scratch.write("f.yaml", scratch.read("f.yaml").replace("proposer_fee: 70", "proposer_fee: 71"));
    assert_eq!(run(&scratch, &[]).code, Some(1));
    let ran = scratch.outrider(&["witness", "check", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("block 1: wrong proposer fee: expected 71 Gwei, got 70 Gwei"), "{ran:?}");
}
