//! `outrider utxo`: Bitcoin's own vectors and blocks.
//!
//! Excerpts and, where they are available, the whole published files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use support::{Ran, Scratch, project, summary};

/// Returns the bytes of a file of the project.
fn file(path: &str) -> Vec<u8> {
    let path = project().join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(path: &str) -> String {
    String::from_utf8(file(path)).unwrap()
}

const SIGNET: &str = "ees/utxo/tests/data/signet-blocks.txt";
const REGTEST: &str = "ees/utxo/tests/data/regtest-blocks.txt";
const BLOCK: &str = "native/utxo/tests/data/block-170.hex";
const OUTPUTS: &str = "native/utxo/tests/data/block-170.outputs.hex";
const ENTRIES: &str = "native/utxo/tests/data/block-170.entries.hex";

/// The engines for a test: both, if there are two.
const ENGINE: &str = if cfg!(feature = "wasmer") { "both" } else { "wasmtime" };

#[track_caller]
fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[track_caller]
fn check_unusable(ran: &Ran, expected: &str) {
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), expected), "{ran:?}");
}

/// Returns the excerpts of all suites.
fn excerpts() -> Scratch {
    let scratch = Scratch::new();
    for (folder, names) in [
        ("ees/bitcoin-script/tests/data/bitcoin-core", &SCRIPTS[..]),
        ("ees/bitcoin-script/tests/data/sighash", &["legacy_sighash.json"]),
        ("native/utxo/tests/data", &["key_io_valid.json", "test_cases.json"]),
    ] {
        for name in names {
            scratch.write(&format!("vectors/{name}"), file(&format!("{folder}/{name}")));
        }
    }
    for (index, line) in text("ees/bitcoin-script/tests/data/taproot-ref.json").lines().enumerate() {
        scratch.write(&format!("vectors/taproot-ref/{index:040x}"), line);
    }
    scratch
}

const SCRIPTS: [&str; 4] =
    ["script_tests.json", "tx_valid.json", "tx_invalid.json", "bip341_wallet_vectors.json"];

#[test]
fn vectors_pass_in_directories_and_in_archives() {
    let scratch = excerpts();
    scratch.write("vectors/other.json", "{}").write("vectors/README.md", "no vectors");
    let ran = scratch.outrider(&["utxo", "test", "vectors", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let document = json(&ran);
    assert_eq!(document["summary"]["failed"], 0);
    assert_eq!(document["summary"]["not_run"], 2);
    assert_eq!(document["skipped"], json!(["vectors/other.json"]));
    let suites = document["suites"].as_array().unwrap();
    let names: Vec<&str> = suites.iter().map(|suite| suite["suite"].as_str().unwrap()).collect();
    let expected =
        ["script_tests", "tx_valid", "tx_invalid", "sighash", "bip341", "taproot", "addresses", "utreexo"];
    assert_eq!(names, expected);
    let flags = document["policy_flags"].as_array().unwrap();
    assert!(flags.iter().any(|flag| flag["flag"] == "MINIMALDATA"), "{flags:?}");
    assert!(flags.iter().all(|flag| flag["flag"] != "P2SH"), "{flags:?}");
    let n_passed = document["summary"]["passed"].as_u64().unwrap();
    assert_eq!(document["cases"].as_array().unwrap().len() as u64, n_passed + 2);

    let ran = scratch.outrider(&["utxo", "test", "vectors"]);
    let total = format!("{} cases: {n_passed} passed, 0 failed, 2 not run", n_passed + 2);
    assert_eq!(ran.out.lines().last(), Some(&*total), "{ran:?}");
    assert!(ran.out.contains("not run: 1 case: private keys are no part of consensus\n"), "{ran:?}");
    assert!(ran.out.contains("rule of relay, not of consensus: MINIMALDATA, "), "{ran:?}");

    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    archive.append_dir_all("all", scratch.path().join("vectors")).unwrap();
    scratch.write("vectors.tar.gz", archive.into_inner().unwrap().finish().unwrap());
    let packed = json(&scratch.outrider(&["utxo", "test", "vectors.tar.gz", "--json"]));
    assert_eq!(packed["summary"], document["summary"]);
    let filtered = scratch.outrider(&["utxo", "test", "vectors", "--filter", "taproot-ref", "--json"]);
    assert_eq!(json(&filtered)["suites"].as_array().unwrap().len(), 1);
}

#[test]
fn a_vector_with_another_result_fails() {
    let scratch = Scratch::new();
    scratch
        .write("script_tests.json", r#"[["1", "", "P2SH", "OK", "good"], ["0", "", "P2SH", "OK", "bad"]]"#);
    let ran = scratch.outrider(&["utxo", "test", "script_tests.json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let failure = "FAILED script_tests.json: 1: bad\n  expected \"OK\", got \"EVAL_FALSE\"\n";
    assert!(ran.out.starts_with(failure), "{ran:?}");
    assert!(ran.out.ends_with("2 cases: 1 passed, 1 failed, 0 not run\n"), "{ran:?}");
    let document = json(&scratch.outrider(&["utxo", "test", "script_tests.json", "--json"]));
    assert_eq!(document["summary"], summary("fails", 1, 1));
    assert_eq!(document["cases"][1]["what"], "expected \"OK\", got \"EVAL_FALSE\"");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let scratch = Scratch::new();
    scratch.write("tx_valid.json", r#"[["a comment"], [[], "00", "NONE"]]"#).write("other.json", "{}");
    scratch.write("folder/other.json", "{}");
    let ran = scratch.outrider(&["utxo", "test", "tx_valid.json", "other.json"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.starts_with("error: tx_valid.json: row 1 is malformed: not a transaction: "), "{ran:?}");
    let unknown = "error: other.json: no vectors that are known: lists need the name of Bitcoin Core's file, such as \
                   `script_tests.json` or `tx_valid.json`\n";
    assert!(ran.err.ends_with(unknown), "{ran:?}");
    check_unusable(&scratch.outrider(&["utxo", "test", "folder"]), "error: the files contain no vectors\n");
    let missing = scratch.outrider(&["utxo", "test", "nowhere"]);
    check_unusable(&missing, "error: nowhere: no such file or directory\n");
}

#[test]
fn all_published_vectors_pass() {
    let Some(folder) = outrider_published::path("bitcoin") else { return };
    let ran = Scratch::new().outrider(&["utxo", "test", &folder.to_string_lossy(), "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let document = json(&ran);
    let expected = json!({ "verdict": "holds", "passed": 2058, "failed": 0, "not_run": 161, "unusable": 0 });
    assert_eq!(document["summary"], expected);
    let suite = |suite: &Value| {
        let number = |key: &str| suite[key].as_u64().unwrap();
        (suite["suite"].as_str().unwrap().to_owned(), number("passed"), number("not_run"))
    };
    let got: Vec<_> = document["suites"].as_array().unwrap().iter().map(suite).collect();
    let expected = [
        ("script_tests", 1211, 0),
        ("tx_valid", 120, 0),
        ("tx_invalid", 93, 0),
        ("sighash", 289, 0),
        ("bip341", 14, 0),
        ("taproot", 300, 0),
        ("addresses", 0, 161),
        ("utreexo", 31, 0),
    ];
    assert_eq!(got, expected.map(|(name, passed, not_run)| (name.to_owned(), passed, not_run)));
}

/// Executes a chain, and returns the document.
#[track_caller]
fn chain(path: &Path, more: &[&str]) -> Value {
    let path = path.to_string_lossy();
    let ran =
        Scratch::new().outrider(&[&["utxo", "chain", &path, "--engine", ENGINE, "--json"], more].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    json(&ran)
}

#[test]
fn the_first_blocks_of_signet_have_the_roots_of_utreexod() {
    let document = chain(&project().join(SIGNET), &[]);
    assert_eq!((&document["network"], &document["summary"]), (&json!("signet"), &summary("holds", 120, 0)));
    let expected = text("witness/tests/utreexo/data/signet.txt");
    let expected = expected.lines().filter(|line| !line.starts_with('#'));
    let mut last_roots = vec![Value::Null];
    for ((block, line), height) in document["blocks"].as_array().unwrap().iter().zip(expected).zip(1_usize..)
    {
        let fields: Vec<&str> = line.split(' ').collect();
        last_roots.push(json!(fields[3]));
        let bits = (0..7).rev().filter(|bit| height >> bit & 1 == 1);
        let roots: Vec<&Value> = bits.map(|bit| &last_roots[height >> bit << bit]).collect();
        assert_eq!(block["utreexo_roots"], json!(roots), "block {height}");
        assert_eq!((&block["height"], &block["hash"]), (&json!(height), &json!(fields[0])));
    }
    assert_eq!(last_roots.len(), 121);
}

#[test]
fn chains_of_regression_tests_and_of_the_main_network() {
    let document = chain(&project().join(REGTEST), &["--network", "regtest"]);
    assert_eq!(document["summary"], summary("holds", 150, 0));
    assert_eq!((&document["tip"]["height"], &document["tip"]["n_leaves"]), (&json!(150), &json!(150)));
    let Some(mainnet) = outrider_published::path("bitcoin/blocks/mainnet-blocks-1-to-256.bz2") else {
        return;
    };
    let document = chain(&mainnet, &[]);
    assert_eq!((&document["network"], &document["summary"]), (&json!("main"), &summary("holds", 255, 0)));
    assert_eq!((&document["tip"]["height"], &document["tip"]["n_leaves"]), (&json!(255), &json!(267)));
}

/// Returns blocks 0 to 9 of signet, as lines of hex.
fn signet() -> Vec<String> {
    text(SIGNET).lines().take(10).map(ToOwned::to_owned).collect()
}

#[test]
fn blocks_may_be_in_any_order() {
    let scratch = Scratch::new();
    let lines = signet();
    let reversed: Vec<&str> = lines.iter().rev().map(String::as_str).collect();
    scratch.write("whole.txt", lines.join("\n")).write("reversed.txt", reversed.join("\n"));
    scratch.write("folder/2.hex", lines[4..].join("\n")).write("folder/1.hex", lines[..6].join("\n"));
    let run = |path: &str| {
        let ran = scratch.outrider(&["utxo", "chain", path]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out
    };
    let whole = run("whole.txt");
    assert!(whole.starts_with("network signet\nblock 1, "), "{whole}");
    assert!(whole.ends_with("\nexecuted 9 blocks\n"), "{whole}");
    assert!(whole.contains("\ntip         9, "), "{whole}");
    assert_eq!(run("reversed.txt"), whole);
    assert_eq!(run("folder"), whole);
}

/// The directory `blocks` of Bitcoin Core 28 and later has undo data, and the key with which all files are XORed.
#[test]
fn a_directory_of_bitcoin_core_has_the_key_of_its_files() {
    let scratch = Scratch::new();
    let key = [1, 2, 3, 4, 5, 6, 7, 0xff];
    let blocks = signet().into_iter().map(|line| hex::decode(line).unwrap());
    let framed = blocks.flat_map(|block| {
        let length = u32::try_from(block.len()).unwrap().to_le_bytes();
        [&[0x0a, 0x03, 0xcf, 0x40][..], &length, &block].concat()
    });
    let xored: Vec<u8> = framed.zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    scratch.write("blocks/blk00000.dat", [&xored[..], &[0; 100]].concat());
    scratch.write("blocks/rev00000.dat", [7; 100]).write("blocks/xor.dat", key);
    for path in ["blocks", "blocks/blk00000.dat"] {
        let ran = scratch.outrider(&["utxo", "chain", path]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.ends_with("\nexecuted 9 blocks\n"), "{ran:?}");
    }
    scratch.write("blocks/xor.dat", [0; 7]);
    let expected = "error: blocks/xor.dat: the key of Bitcoin Core's files has 8 bytes, got 7\n";
    check_unusable(&scratch.outrider(&["utxo", "chain", "blocks"]), expected);
}

#[test]
fn a_refused_block_ends_its_branch() {
    let scratch = Scratch::new();
    let lines = signet();
    let mut blocks: Vec<Vec<u8>> = lines.iter().map(|line| hex::decode(line).unwrap()).collect();
    // The transactions are no longer those of the header, whose hash stays.
    *blocks[5].last_mut().unwrap() ^= 1;
    scratch.write("blocks.dat", blocks.concat());
    let ran = scratch.outrider(&["utxo", "chain", "blocks.dat", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let document = json(&ran);
    assert_eq!(document["summary"]["passed"], 4);
    assert_eq!((&document["summary"]["failed"], &document["summary"]["not_run"]), (&json!(1), &json!(4)));
    assert_eq!(document["tip"]["height"], 4);
    let words = document["refused"][0]["words"].as_str().unwrap();
    assert!(words.starts_with("block 5: "), "{words}");
    let ran = scratch.outrider(&["utxo", "chain", "blocks.dat"]);
    assert!(ran.out.contains("\nnot run: 4 blocks after a refused or missing one\n"), "{ran:?}");
    assert!(ran.out.ends_with("\nexecuted 4 blocks\n"), "{ran:?}");
}

/// A block with the header of another one, and other transactions, says nothing about the other one (`BLOCK_MUTATED` in Bitcoin Core).
#[test]
fn a_changed_copy_of_a_block_hides_no_block() {
    let scratch = Scratch::new();
    let lines = signet();
    let mut blocks: Vec<Vec<u8>> = lines.iter().map(|line| hex::decode(line).unwrap()).collect();
    let mut changed = blocks[5].clone();
    *changed.last_mut().unwrap() ^= 1;
    blocks.insert(5, changed.clone());
    blocks.push(changed);
    scratch.write("blocks.dat", blocks.concat());
    let ran = scratch.outrider(&["utxo", "chain", "blocks.dat", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let document = json(&ran);
    assert_eq!((&document["summary"]["passed"], &document["summary"]["failed"]), (&json!(9), &json!(1)));
    assert_eq!((&document["tip"]["height"], &document["not_run"]), (&json!(9), &json!([])));
}

/// Published blocks of a branch. Bitcoin refuses their second block, which spends a coinbase too early: other programs test
/// reorganisations with it, and change the rule for that.
#[test]
fn a_published_chain_that_spends_a_coinbase_early_is_refused() {
    let Some(folder) = outrider_published::path("bitcoin/blocks") else { return };
    let paths = ["0_to_4", "3A", "4A", "5A"].map(|part| folder.join(format!("blk_{part}.dat.bz2")));
    let paths = paths.each_ref().map(|path| path.to_str().unwrap());
    let ran = Scratch::new().outrider(&[&["utxo", "chain"], &paths[..]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("input 0: the coinbase has 1 blocks, and needs 100"), "{ran:?}");
    assert!(ran.out.contains("not run: 5 blocks after a refused or missing one\n"), "{ran:?}");
}

#[test]
fn a_chain_has_to_begin_at_the_first_block() {
    let scratch = Scratch::new();
    let lines = signet();
    scratch.write("gap.txt", [&lines[..4], &lines[5..7]].concat().join("\n"));
    scratch.write("later.txt", lines[3..].join("\n")).write("empty.dat", "").write("damaged.txt", "00\n0g");
    let ran = scratch.outrider(&["utxo", "chain", "gap.txt"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.out.matches("not run, because its parent ").count(), 1, "{ran:?}");
    assert!(ran.out.contains("\nnot run: 1 block after a refused or missing one\n"), "{ran:?}");
    let remedy = "name files from height 1 on, or execute a single block by `outrider utxo block`\n";
    let ran = scratch.outrider(&["utxo", "chain", "later.txt"]);
    check_unusable(&ran, &format!("error: no block is or follows the first one of a network: {remedy}"));
    let ran = scratch.outrider(&["utxo", "chain", "later.txt", "--network", "main"]);
    let start = "error: no block follows the first one of the network `main`: block ";
    assert!(ran.code == Some(2) && ran.err.starts_with(start), "{ran:?}");
    let ran = scratch.outrider(&["utxo", "chain", "empty.dat"]);
    check_unusable(&ran, "error: empty.dat: the file contains no blocks\n");
    let ran = scratch.outrider(&["utxo", "chain", "damaged.txt"]);
    check_unusable(&ran, "error: damaged.txt: line 2 is not hex\n");
}

#[test]
fn the_network_before_blocks_is_not_another_one() {
    let scratch = Scratch::new();
    let block = hex::decode(&signet()[1]).unwrap();
    let length = u32::try_from(block.len()).unwrap().to_le_bytes();
    scratch.write("blk.dat", [&[0x0a, 0x03, 0xcf, 0x40][..], &length, &block].concat());
    let ran = scratch.outrider(&["utxo", "chain", "blk.dat"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = scratch.outrider(&["utxo", "chain", "blk.dat", "--network", "test"]);
    let expected =
        "error: blk.dat: the file has blocks of the network `signet`, and --network names `test`\n";
    check_unusable(&ran, expected);
}

/// Executes block 170 of the main network, which has the first payment, with the outputs that it spends in a file.
fn payment(outputs: &str, more: &[&str]) -> Ran {
    let scratch = Scratch::new();
    scratch.write("block.hex", file(BLOCK)).write("outputs.hex", file(outputs));
    let arguments = ["utxo", "block", "block.hex", "--undo", "outputs.hex", "--engine", ENGINE];
    scratch.outrider(&[&arguments, more].concat())
}

#[test]
fn the_first_payment_is_executed_on_an_assumed_state() {
    let ran = payment(OUTPUTS, &["--height", "170", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let document = json(&ran);
    assert_eq!(document["summary"], summary("holds", 1, 0));
    let expected = json!([170, "main", "executed", 2, 1, 1, 0, 3 * 4]);
    let keys =
        ["height", "network", "outcome", "n_transactions", "n_inputs", "n_spent", "fees", "sigop_cost"];
    assert_eq!(json!(keys.map(|key| &document[key])), expected);
    let waived = |document: &Value| document["waived"].as_array().unwrap().clone();
    let no_heights = "maturity of coinbases and relative lock times in blocks: not checked, because the file has no heights";
    assert!(waived(&document).contains(&json!(no_heights)), "{document}");
    // The coinbase of block 9 is as old as it needs to be.
    let entries = json(&payment(ENTRIES, &["--height", "170", "--json"]));
    let heights =
        "maturity of coinbases and relative lock times in blocks: checked with the heights in the file";
    assert!(waived(&entries).contains(&json!(heights)), "{entries}");
    let early = payment(ENTRIES, &["--height", "108"]);
    assert_eq!(early.code, Some(1), "{early:?}");
    assert!(early.out.contains("refused: block 108: transaction 1, "), "{early:?}");
    assert!(early.out.contains("the coinbase has 99 blocks, and needs 100\n"), "{early:?}");
    let ran = payment(ENTRIES, &["--height", "170"]);
    assert!(ran.out.contains("\n  fees             0 satoshi\n"), "{ran:?}");
    assert!(ran.out.ends_with("\nthe block is valid on the assumed state\n"), "{ran:?}");
}

#[test]
fn a_block_that_needs_more_fuel_is_named() {
    let scratch = Scratch::new();
    scratch.write("chain.txt", signet().join("\n"));
    // Enough for the first state, and not for a block.
    let ran = scratch.outrider(&["utxo", "chain", "chain.txt", "--fuel", "1000000"]);
    let expected = "error: block 00000086d6b2636cb2a392d45edc4ec544a10024d30141c9adf4bfd9de533b53: the EE does not accept the packages: \
                    the EE ran out of fuel: the limit is 1000000; --fuel sets it\n";
    check_unusable(&ran, expected);
}

#[test]
fn what_a_block_needs_is_named() {
    let scratch = Scratch::new();
    scratch
        .write("block.hex", file(BLOCK))
        .write("chain.txt", signet().join("\n"))
        .write("short.hex", "0011");
    check_unusable(
        &scratch.outrider(&["utxo", "block", "block.hex"]),
        "error: block.hex: the block does not contain its height: name it with --height\n",
    );
    check_unusable(
        &scratch.outrider(&["utxo", "block", "block.hex", "--height", "170"]),
        "error: block.hex: 1 inputs spend outputs of earlier blocks: name a file with these outputs with --undo\n",
    );
    check_unusable(
        &scratch.outrider(&["utxo", "block", "block.hex", "--height", "0", "--undo", "short.hex"]),
        "error: block.hex: the height 0 is that of the genesis block, which is not executed\n",
    );
    check_unusable(
        &scratch.outrider(&["utxo", "block", "chain.txt"]),
        "error: chain.txt: the file contains 10 blocks, expected one; `outrider utxo chain` executes several\n",
    );
    let ran = scratch.outrider(&["utxo", "block", "block.hex", "--height", "170", "--undo", "short.hex"]);
    let start =
        "error: short.hex: the outputs that the block spends cannot be read: neither entries of a database (";
    assert!(ran.code == Some(2) && ran.err.starts_with(start), "{ran:?}");
    // The state is at fault, and not the block.
    scratch.write("twice.hex", text(ENTRIES).repeat(2));
    let ran = scratch.outrider(&["utxo", "block", "block.hex", "--height", "170", "--undo", "twice.hex"]);
    let start = "error: twice.hex: the EE does not make the first state: assumed output 1: ";
    assert!(ran.code == Some(2) && ran.err.starts_with(start), "{ran:?}");
}

#[test]
fn published_blocks_are_executed_on_assumed_states() {
    let figures = |network: &str, block: &str, outputs: &str| {
        let path =
            |name: &str| Some(outrider_published::path(&format!("bitcoin/{name}"))?.display().to_string());
        let (block, outputs) = (path(block)?, path(outputs)?);
        let arguments = ["utxo", "block", &block, "--undo", &outputs, "--network", network, "--json"];
        let ran = Scratch::new().outrider(&arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let document = json(&ran);
        Some(
            ["height", "n_inputs", "n_spent", "fees", "sigop_cost"]
                .map(|key| document[key].as_u64().unwrap()),
        )
    };
    let Some(got) = figures("main", "blocks/277647.dat.bz2", "blocks/277647.utxostore.bz2") else { return };
    assert_eq!(got, [277_647, 732, 670, 4_737_355, 3_076]);
    for (network, expected) in
        [("main", [300_025, 1427, 1239, 7_773_345, 5_284]), ("test", [1_087_400, 205, 195, 1_218_469, 1_298])]
    {
        let name = |part| format!("blocks-with-undo/block{}{part}.raw.gz", expected[0]);
        let Some(got) = figures(network, &name(""), &name("-undo")) else { return };
        assert_eq!(got, expected);
    }
}
