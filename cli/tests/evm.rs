//! `outrider evm`: Ethereum's own tests and blocks.
//!
//! EEs of a few lines, which give the same answer to everything, test what the runner makes of answers. Excerpts and,
//! where the data are available, a whole archive test that the real EE's answers are right.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;

use alloy_primitives::{Bytes, keccak256};
use flate2::{Compression, write::GzEncoder};
use outrider_evm_tests::fixture::{self, Test};
use outrider_witness::NodeBag;
use serde_json::{Value, json};
use support::{Ran, Scratch, blob, project, wasm};

fn excerpt(name: &str) -> Vec<u8> {
    let path = project().join("native/evm-tests/tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns all excerpts, and an EE that refuses everything for this reason.
fn refusing(words: &str) -> Scratch {
    let body = format!("(call $refuse (i32.const 0) (i32.const {}))", words.len());
    let text = format!(
        "(module (import \"eth2\" \"refuse\" (func $refuse (param i32 i32))) (memory (export \"memory\") 1)
            (data (i32.const 0) \"{words}\") (func (export \"main\") {body}))"
    );
    excerpts(&wat::parse_str(text).expect("the module is well-formed"))
}

/// Returns all excerpts, and an EE.
fn excerpts(ee: &[u8]) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", ee);
    for name in EXCERPTS {
        scratch.write(name, excerpt(name));
    }
    scratch
}

const EXCERPTS: [&str; 5] = ["state.json", "refused.json", "blockchain.json", "transaction.json", "vm.json"];

fn test(scratch: &Scratch, arguments: &[&str]) -> Ran {
    scratch.outrider(&[&["evm", "test", "--ee", "ee.wasm"], arguments].concat())
}

#[track_caller]
fn check_total(ran: &Ran, code: i32, expected: &str) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    let total = ran.out.lines().last().unwrap_or_default();
    assert_eq!(total, expected, "{ran:?}");
}

#[test]
fn a_refusal_passes_only_if_the_test_expects_it() {
    let scratch = refusing("transaction 0: unexpected length");
    let ran = test(&scratch, &["transaction.json"]);
    check_total(&ran, 0, "12 cases: 12 passed, 0 failed, 0 not run");
    let scratch = refusing("I do not like it");
    let ran = test(&scratch, &["transaction.json"]);
    check_total(&ran, 1, "12 cases: 0 passed, 12 failed, 0 not run");
    let reason = "refused, expected TransactionException.RLP_ERROR_SIZE, got: I do not like it\n";
    assert!(ran.out.contains(reason), "{ran:?}");
    let ran = test(&scratch, &["vm.json"]);
    check_total(&ran, 1, "1 case: 0 passed, 1 failed, 0 not run");
    assert!(ran.out.contains("FAILED vm.json: add0, Frontier 0\n  refused: I do not like it\n"), "{ran:?}");
}

#[test]
fn an_unsupported_fork_is_counted_and_named() {
    let ran = test(&refusing("the fork Byzantium is not supported"), &["state.json"]);
    check_total(&ran, 1, "3 cases: 0 passed, 2 failed, 1 not run");
    assert!(ran.out.contains("not run: 1 case: the fork Byzantium is not supported\n"), "{ran:?}");
}

#[test]
fn a_crash_is_not_a_refusal() {
    let scratch = excerpts(&wasm("(func (export \"main\") unreachable)"));
    check_total(&test(&scratch, &["transaction.json"]), 1, "12 cases: 0 passed, 12 failed, 0 not run");
}

#[test]
fn a_missing_refusal_is_a_failure() {
    // The EE returns to the pre-state root, and yields the packages, which are not block data.
    let scratch = excerpts(&wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    let ran = test(&scratch, &["blockchain.json"]);
    check_total(&ran, 1, "1 case: 0 passed, 1 failed, 0 not run");
    assert!(ran.out.contains("block 0: the EE yields no block data"), "{ran:?}");
}

#[test]
fn files_archives_and_directories_give_the_same_cases() {
    let scratch = refusing("no");
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for name in EXCERPTS {
        let json = excerpt(name);
        let mut header = tar::Header::new_gnu();
        header.set_size(json.len() as u64);
        header.set_cksum();
        archive.append_data(&mut header, format!("suite/GeneralStateTests/{name}"), &json[..]).unwrap();
        scratch.write(&format!("folder/deeper/{name}"), &json);
    }
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_cksum();
    archive.append_data(&mut header, "suite/.meta/index.json", &b"[]"[..]).unwrap();
    scratch.write("tests.tar.gz", archive.into_inner().unwrap().finish().unwrap());

    let cases = |arguments: &[&str]| -> BTreeSet<String> {
        let ran = test(&scratch, &[arguments, &["--json"]].concat());
        let json: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let cases = json["cases"].as_array().unwrap();
        cases.iter().map(|case| format!("{} {} {}", case["test"], case["fork"], case["index"])).collect()
    };
    let files = cases(&EXCERPTS);
    assert_eq!(files.len(), 3 + 1 + 1 + 12 + 1);
    assert_eq!(cases(&["tests.tar.gz"]), files);
    assert_eq!(cases(&["folder"]), files);
    assert_eq!(cases(&["folder", "--jobs", "1", "--filter", "ConstantinopleFix"]).len(), 2);

    let ran = test(&scratch, &["tests.tar.gz"]);
    assert!(ran.out.contains("tests.tar.gz/suite/GeneralStateTests\n  Berlin "), "{ran:?}");
}

#[track_caller]
fn check_unusable(ran: &Ran, expected: &str) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains(expected), "{ran:?}");
}

#[test]
fn causes_are_printed_once_and_on_one_line() {
    let scratch = Scratch::new();
    scratch.write("block.json", r#"{"statelessInputBytes": "0x1501"}"#);
    let ran = scratch.outrider(&["evm", "block", "block.json"]);
    let expected = "error: block.json: `statelessInputBytes` is malformed: the input begins with the schema 0x1501, expected an input without a schema\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), expected));
}

#[test]
fn unusable_inputs_are_named() {
    let scratch = refusing("transaction 0: input too short");
    scratch
        .write("none.json", "{\"a\": {}}")
        .write("broken.json", "{")
        .write("cut.json", "{\"a\": {\"blocks\": 1}}");
    check_unusable(&test(&scratch, &["none.json"]), "none.json: `a` is not a test");
    check_unusable(
        &test(&scratch, &["broken.json", "transaction.json"]),
        "broken.json: the text is not JSON",
    );
    check_unusable(
        &test(&scratch, &["cut.json"]),
        "cut.json: `a` cannot be read as a blockchain test: invalid type",
    );
    check_unusable(&test(&scratch, &["absent.json"]), "absent.json: no such file or directory");
    check_unusable(&test(&scratch, &["vm.json", "--filter", "Osaka"]), "no test matches the filter");
    check_unusable(&scratch.outrider(&["evm", "test", "--ee", "absent.wasm", "vm.json"]), "absent.wasm: ");
    // The other files are run.
    let ran = test(&scratch, &["broken.json", "transaction.json"]);
    check_total(&ran, 2, "12 cases: 12 passed, 0 failed, 0 not run, 1 file unusable");
}

#[test]
fn a_block_needs_its_parent() {
    let scratch = refusing("no");
    let genesis = &json_of("blockchain.json")["genesisRLP"];
    let witness = json!({ "rlp": genesis, "executionWitness": { "state": [], "codes": [], "headers": [] } });
    scratch.write("block.json", witness.to_string());
    let ran = scratch.outrider(&["evm", "block", "--ee", "ee.wasm", "block.json"]);
    check_unusable(&ran, "block.json: the header of the parent");
    let ran = scratch.outrider(&["evm", "block", "--ee", "ee.wasm", "vm.json"]);
    check_unusable(&ran, "vm.json: no block with a witness");
}

/// Returns the only test of an excerpt.
fn json_of(name: &str) -> Value {
    let tests: Value = serde_json::from_slice(&excerpt(name)).unwrap();
    tests.as_object().unwrap().values().next().unwrap().clone()
}

#[test]
fn the_excerpts_pass_with_the_ee_that_is_built_in() {
    let scratch = refusing("this one is not asked");
    let ran = scratch.outrider(&[&["evm", "test"], &EXCERPTS[..]].concat());
    check_total(&ran, 0, "18 cases: 18 passed, 0 failed, 0 not run");
}

#[test]
fn an_unknown_exception_is_counted() {
    let mut test_of_transaction = json_of("transaction.json");
    let shanghai = json!({ "exception": "TransactionException.NOBODY_KNOWS", "intrinsicGas": "0x00" });
    test_of_transaction["result"] = json!({ "Shanghai": shanghai });
    let scratch = refusing("I do not like it");
    scratch.write("unknown.json", json!({ "unknown": test_of_transaction }).to_string());
    let ran = test(&scratch, &["unknown.json"]);
    check_total(&ran, 0, "1 case: 1 passed, 0 failed, 0 not run");
    let counted = "reason not compared: 1 refusal: unknown exception TransactionException.NOBODY_KNOWS\n";
    assert!(ran.out.contains(counted), "{ran:?}");
    let ran = test(&scratch, &["unknown.json", "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let counted = json!([{ "exception": "TransactionException.NOBODY_KNOWS", "n_times": 1 }]);
    assert_eq!(report["unknown_exceptions"], counted);

    let mut test_of_state = json_of("refused.json");
    let post = test_of_state["post"].as_object_mut().unwrap().values_mut().next().unwrap();
    post[0]["expectException"] = json!("");
    scratch.write("empty.json", json!({ "empty": test_of_state }).to_string());
    let ran = test(&scratch, &["empty.json"]);
    check_total(&ran, 0, "1 case: 1 passed, 0 failed, 0 not run");
    assert!(ran.out.contains("reason not compared: 1 refusal: unknown exception (empty name)\n"), "{ran:?}");
    let ran = test(&scratch, &["empty.json", "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["unknown_exceptions"], json!([{ "exception": "", "n_times": 1 }]));
}

#[test]
fn contradictory_copies_in_a_test_are_a_failure() {
    let other = format!("0x{}", "11".repeat(32));
    let header = |member: &'static str| {
        let other = other.clone();
        move |test: &mut Value| test["blocks"][0]["rlp_decoded"]["blockHeader"][member] = json!(other)
    };
    let total = "1 case: 0 passed, 1 failed, 0 not run";
    for member in ["hash", "stateRoot", "parentHash"] {
        let words = format!("block 0: `blockHeader.{member}` is {other}, and 0x");
        check_changed("blockchain.json", header(member), 1, total, &words);
    }
    let change = |test: &mut Value| test["genesisBlockHeader"]["hash"] = json!(other);
    check_changed("blockchain.json", change, 1, total, "\n  `genesisBlockHeader.hash` is 0x11");
    let change = |test: &mut Value| test["transaction"]["nonce"] = json!("0x1234");
    check_changed("refused.json", change, 1, total, "\n  `transaction.nonce` is 0x1234, and 0x");
    // The accounts do not have the root that the test gives.
    let change = |test: &mut Value| {
        let post = test["post"].as_object_mut().unwrap().values_mut().next().unwrap();
        post[0]["state"] = json!({ "0x1111111111111111111111111111111111111111": { "balance": "0x1" } });
    };
    check_changed("refused.json", change, 1, total, "the accounts of `post.state` have the state root 0x");
}

#[test]
fn json_that_would_take_too_much_memory_is_refused_before_it_is_read() {
    let scratch = Scratch::new();
    // The file has 36 MB and 12 million lists.
    let text = [&b"["[..], &b"[],".repeat(12_000_000), b"[]]"].concat();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&text).unwrap();
    scratch.write("large.json.gz", packed.finish().unwrap());
    scratch.write("large.json", text).write("chain.rlp", [0xc0]);
    for arguments in [
        &["evm", "test", "large.json"][..],
        &["evm", "block", "large.json.gz"],
        &["evm", "chain", "--genesis", "large.json.gz", "chain.rlp"],
    ] {
        let ran = scratch.outrider(arguments);
        check_unusable(
            &ran,
            &format!(
                "{}: this JSON may take ",
                arguments.iter().find(|name| name.contains("large")).unwrap()
            ),
        );
        assert!(ran.err.ends_with("divide it into several files\n"), "{ran:?}");
    }
}

#[test]
fn a_file_without_blocks_is_not_a_chain() {
    let scratch = Scratch::new();
    let genesis = json!({ "config": { "chainId": 1 }, "alloc": {}, "gasLimit": "0x1", "difficulty": "0x0" });
    scratch.write("genesis.json", genesis.to_string()).write("empty", []);
    let ran = scratch.outrider(&["evm", "chain", "--genesis", "genesis.json", "empty"]);
    check_unusable(&ran, "empty: the file contains no blocks");
}

/// Blocks of 2015 and 2025 from dumps of clients, with the headers of all ancestors that they need, of some, and of
/// none.
#[test]
fn real_blocks_have_the_roots_of_their_headers() {
    for (path, ancestry) in [
        ("blocks-with-trie-nodes/block46147.json", "checked"),
        ("blocks-with-trie-nodes/block97.json", "vouched_before_parent"),
        ("witness/mainnet-23587691-sbv.json.gz", "vouched"),
    ] {
        let Some(path) = outrider_published::path(&format!("ethereum-mainnet/{path}")) else { return };
        let path = path.display().to_string();
        let scratch = Scratch::new();
        let ran = scratch.outrider(&["evm", "block", "--json", &path]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(report["ancestry"], ancestry);
        assert_eq!(report["post_state_root"], report["expected_post_state_root"]);
        let ran = scratch.outrider(&["evm", "block", &path]);
        assert_eq!(ran.out.contains("\n  ancestry         not checked"), ancestry != "checked", "{ran:?}");
    }
}

#[test]
fn a_chain_is_executed_from_its_genesis() {
    let files = ["genesis.json", "chain.rlp"]
        .map(|name| outrider_published::path(&format!("ethereum-mainnet/execution-apis-chain/{name}")));
    let [Some(genesis), Some(chain)] = files else { return };
    let scratch = Scratch::new();
    let bytes = std::fs::read(&chain).unwrap();
    let (genesis, chain) = (genesis.display().to_string(), chain.display().to_string());
    let arguments = ["evm", "chain", "--genesis", &genesis];
    let ran = scratch.outrider(&[&arguments[..], &[&chain]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("executed 54 blocks"), "{ran:?}");

    // Without the first block, the second has no parent.
    let first = list_length(&bytes);
    scratch.write("rest.rlp", &bytes[first..]);
    let ran = scratch.outrider(&[&arguments[..], &["rest.rlp", "--json"]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["blocks"], &report["refused"]["number"]), (&json!([]), &json!(2)));
    assert!(report["refused"]["words"].as_str().unwrap().starts_with("ancestor 0: its hash is"), "{ran:?}");

    let ran = scratch.outrider(&[&arguments[..], &[&genesis]].concat());
    check_unusable(&ran, "not a sequence of blocks in RLP");
}

/// Returns the length of the list at the start of the bytes; the length must take two bytes.
fn list_length(bytes: &[u8]) -> usize {
    assert_eq!(bytes[0], 0xf9);
    3 + usize::from(u16::from_be_bytes([bytes[1], bytes[2]]))
}

/// Archives that take seconds; the others are only run by hand.
#[test]
fn whole_archives_pass() {
    let names = ["blockchain-tests-transition", "transaction-tests", "vm-tests"];
    let paths = names.map(|name| outrider_published::path(&format!("ethereum-tests/{name}.tar.gz")));
    let paths: Vec<_> = paths.into_iter().flatten().map(|path| path.display().to_string()).collect();
    if paths.len() < names.len() {
        return;
    }
    let arguments: Vec<&str> = ["evm", "test"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let ran = Scratch::new().outrider(&arguments);
    check_total(&ran, 0, "1659 cases: 1641 passed, 0 failed, 18 not run");
}

#[test]
fn a_wrong_post_state_is_a_failure() {
    let scratch = excerpts(&blob("evm"));
    let mut test_of_state = json_of("state.json");
    let root = format!("0x{}", "11".repeat(32));
    test_of_state["post"] = json!({ "Byzantium": test_of_state["post"]["Byzantium"] });
    test_of_state["post"]["Byzantium"][0]["hash"] = json!(root);
    scratch.write("wrong.json", json!({ "wrong": test_of_state }).to_string());
    let ran = test(&scratch, &["wrong.json"]);
    check_total(&ran, 1, "1 case: 0 passed, 1 failed, 0 not run");
    assert!(ran.out.contains(&format!("post-state root: expected {root}, got 0x")), "{ran:?}");
}

/// Returns a valid block of a fork that the EE supports, with the whole state before it as its witness.
fn witnessed() -> Option<(Value, Value)> {
    let path = outrider_published::path("ethereum-tests/blockchain-tests-from-state.tar.gz")?;
    let file = std::fs::File::open(path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let entry = entries.find(|entry| entry.path().unwrap().ends_with("mem32kb+32.json")).unwrap();
    let tests: Value = serde_json::from_reader(entry).unwrap();
    let [(_, Test::Blockchain(read))] = &fixture::read(tests.to_string().as_bytes()).unwrap()[..] else {
        panic!("it has one blockchain test");
    };
    let mut nodes = NodeBag::default();
    read.pre_state.commit(&mut nodes);
    let nodes: Vec<String> = nodes.iter().map(|(_, bytes)| format!("0x{}", hex::encode(bytes))).collect();
    let mut test = tests.as_object().unwrap().values().next().unwrap().clone();
    let genesis = test["genesisBlockHeader"].clone();
    let witness = json!({ "state": nodes, "codes": ["0x00"], "headers": [genesis] });
    test["blocks"][0]["executionWitness"] = witness.clone();
    let block = json!({ "rlp": test["blocks"][0]["rlp"], "executionWitness": witness });
    Some((json!({ "witnessed": test }), block))
}

#[test]
fn witnesses_of_tests_suffice_where_the_tests_say_so() {
    let scratch = excerpts(&blob("evm"));
    scratch.write("witness.json", excerpt("execution-witness.json"));
    let ran = test(&scratch, &["witness.json"]);
    check_total(&ran, 0, "3 cases: 3 passed, 0 failed, 0 not run");
    let ran = test(&scratch, &["--json", "witness.json"]);
    assert_eq!(ran.out.matches("\"INSUFFICIENT_WITNESS\"").count(), 2, "{ran:?}");
}

#[test]
fn an_execution_witness_takes_the_place_of_the_state() {
    let Some((test_with_witness, block)) = witnessed() else { return };
    let scratch = excerpts(&blob("evm"));
    scratch.write("witnessed.json", test_with_witness.to_string()).write("block.json", block.to_string());
    let ran = test(&scratch, &["witnessed.json"]);
    check_total(&ran, 0, "1 case: 1 passed, 0 failed, 0 not run");

    let arguments = ["evm", "block", "--ee", "ee.wasm", "--network", "Cancun", "block.json"];
    let ran = scratch.outrider(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("the post-state root is the header's"), "{ran:?}");
    let ran = scratch.outrider(&[&arguments[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["outcome"], "executed");
    assert_eq!(report["post_state_root"], report["expected_post_state_root"]);

    // The EE also checks the rules of the chain.
    let ran = scratch.outrider(&["evm", "block", "--ee", "ee.wasm", "--network", "Paris", "block.json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("refused"), "{ran:?}");
}

#[test]
fn an_incomplete_witness_is_a_failure() {
    let Some((mut test_with_witness, mut block)) = witnessed() else { return };
    let scratch = excerpts(&blob("evm"));
    let test_with = &mut test_with_witness["witnessed"]["blocks"][0];
    for witness in [&mut test_with["executionWitness"], &mut block["executionWitness"]] {
        let root = witness["headers"][0]["stateRoot"].as_str().unwrap().to_owned();
        let is_root =
            |node: &Value| keccak256(node.as_str().unwrap().parse::<Bytes>().unwrap()).to_string() == root;
        witness["state"].as_array_mut().unwrap().retain(is_root);
    }
    scratch.write("witnessed.json", test_with_witness.to_string()).write("block.json", block.to_string());
    let ran = test(&scratch, &["witnessed.json"]);
    check_total(&ran, 1, "1 case: 0 passed, 1 failed, 0 not run");
    assert!(ran.out.contains("with the witness of the test"), "{ran:?}");
    let ran = scratch.outrider(&["evm", "block", "--ee", "ee.wasm", "--network", "Cancun", "block.json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("is not covered"), "{ran:?}");

    block["executionWitness"]["state"] = json!([]);
    scratch.write("block.json", block.to_string());
    let ran = scratch.outrider(&["evm", "block", "--ee", "ee.wasm", "--network", "Cancun", "block.json"]);
    check_unusable(&ran, "block.json: the witness lacks the root node ");
}

/// Runs the only test of an excerpt, changed and in a file of its own, with the built-in EE.
#[track_caller]
fn check_changed(excerpt: &str, change: impl FnOnce(&mut Value), code: i32, total: &str, words: &str) {
    let mut test = json_of(excerpt);
    change(&mut test);
    let scratch = Scratch::new();
    scratch.write("changed.json", json!({ "changed": test }).to_string());
    let ran = scratch.outrider(&["evm", "test", "changed.json"]);
    check_total(&ran, code, total);
    assert!(ran.out.contains(words), "{ran:?}");
}

#[test]
fn a_test_without_its_exception_fails() {
    let without = |results: &mut Value, member: &str| {
        for result in results.as_object_mut().unwrap().values_mut() {
            let result = if result.is_array() { &mut result[0] } else { result };
            result.as_object_mut().unwrap().remove(member).unwrap();
        }
    };
    check_changed(
        "refused.json",
        |test| without(&mut test["post"], "expectException"),
        1,
        "1 case: 0 passed, 1 failed, 0 not run",
        "refused: transaction 0: ",
    );
    check_changed(
        "transaction.json",
        |test| without(&mut test["result"], "exception"),
        1,
        "12 cases: 0 passed, 12 failed, 0 not run",
        "the test has neither an exception nor a hash and a sender",
    );
}

#[test]
fn a_refused_transaction_leaves_the_state_as_it_was() {
    let change = |test: &mut Value| {
        let post = test["post"].as_object_mut().unwrap().values_mut().next().unwrap();
        post[0]["hash"] = json!(format!("0x{}", "11".repeat(32)));
    };
    let words = "and a refused transaction leaves 0x";
    check_changed("refused.json", change, 1, "1 case: 0 passed, 1 failed, 0 not run", words);
}

#[test]
fn zeros_at_the_end_of_return_data_count() {
    for out in ["0x00", "0x0000"] {
        let words = "(0: success, 1: gas, 2: hash of the return data)";
        let change = |test: &mut Value| test["out"] = json!(out);
        check_changed("vm.json", change, 1, "1 case: 0 passed, 1 failed, 0 not run", words);
    }
}

/// Returns an accepted transaction, the example of EIP-155, under a fork with that EIP.
fn accepted() -> Value {
    let accepted = json!({
        "hash": "0x33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788",
        "sender": "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f",
        "intrinsicGas": "0x5208",
    });
    let bytes = "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a0\
                 28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a0\
                 67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    json!({ "result": { "Byzantium": accepted, "London": accepted }, "txbytes": bytes })
}

#[test]
fn the_values_of_a_transaction_test_are_compared() {
    let scratch = Scratch::new();
    let run = |member: &str, value: &str, code: i32, words: &str| {
        let mut test = accepted();
        test["result"]["London"][member] = json!(value);
        scratch.write("accepted.json", json!({ "accepted": test }).to_string());
        let ran = scratch.outrider(&["evm", "test", "accepted.json"]);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.out.contains(words), "{ran:?}");
    };
    run("intrinsicGas", "0x5208", 0, "2 cases: 2 passed, 0 failed, 0 not run");
    run("intrinsicGas", "0x5209", 1, "the intrinsic gas is 21000, expected 21001");
    let other = format!("0x{}", "11".repeat(32));
    run(
        "hash",
        &other,
        1,
        "the hash is 0x33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788, expected 0x11",
    );
    run("sender", "0x1111111111111111111111111111111111111111", 1, "nonce 9 too high, expected 0");
}

#[test]
fn a_test_that_needs_too_much_memory_is_not_run() {
    let line = "panicked at alloc.rs:1:1:\\nmemory allocation of 2147483648 bytes failed";
    let print = format!("(call $print (i32.const 0) (i32.const {}))", line.len() - 1);
    let module = format!("(data (i32.const 0) \"{line}\") (func (export \"main\") {print} unreachable)");
    let scratch = excerpts(&wasm(&module));
    let ran = test(&scratch, &["state.json", "vm.json", "blockchain.json", "transaction.json"]);
    check_total(&ran, 0, "17 cases: 0 passed, 0 failed, 17 not run");
    assert!(
        ran.out.contains("not run: 17 cases: the EE needs more memory than a module may have\n"),
        "{ran:?}"
    );
}

#[test]
fn files_of_a_directory_that_are_not_tests_are_skipped() {
    let scratch = refusing("transaction 0: input too short");
    let filler = json!({ "filler": { "env": {}, "expect": [], "blocks": [], "transaction": {} } });
    let genesis = json!({ "genesis": { "alloc": {}, "result": "0xf9" } });
    scratch
        .write("tree/transaction.json", excerpt("transaction.json"))
        .write("tree/src/filler.json", filler.to_string())
        .write("tree/genesis.json", genesis.to_string())
        .write("tree/list.json", "[1]");
    let ran = test(&scratch, &["tree"]);
    check_total(&ran, 0, "12 cases: 12 passed, 0 failed, 0 not run");
    assert!(ran.out.contains("\nskipped: 3 files without tests\n"), "{ran:?}");
    let ran = test(&scratch, &["tree", "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["skipped"], json!(["tree/genesis.json", "tree/list.json", "tree/src/filler.json"]));
    // A file that the user names is not skipped, and neither is a damaged test.
    check_unusable(
        &test(&scratch, &["tree/src/filler.json"]),
        "tree/src/filler.json: `filler` is not a test",
    );
    scratch.write("tree/damaged.json", "{\"a\": {\"blocks\": []}}");
    check_unusable(&test(&scratch, &["tree"]), "tree/damaged.json: `a` cannot be read as a blockchain test");
}

/// Executes chains of other implementations to their end.
#[test]
fn chains_of_unusual_rules_are_executed() {
    for (report, n_blocks) in [("ef0100-before-prague", 2), ("genesis-bpo3", 3)] {
        let files = ["genesis.json", "chain.rlp"]
            .map(|name| outrider_published::path(&format!("reports/{report}/{name}")));
        let [Some(genesis), Some(chain)] = files.map(|path| path.map(|path| path.display().to_string()))
        else {
            return;
        };
        let ran = Scratch::new().outrider(&["evm", "chain", "--genesis", &genesis, &chain]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains(&format!("executed {n_blocks} blocks")), "{ran:?}");
    }
}

#[test]
fn a_block_has_the_rules_of_its_chain() {
    let file = project().join("native/evm-tests/tests/data/erigon.json");
    let mut json: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let scratch = Scratch::new();
    scratch.write("trace.json", json["trace"].take().to_string());
    scratch.write("beside.json", json["block"].take().to_string());
    let with = |arguments: &[&str]| {
        scratch.outrider(&[&["evm", "block", "trace.json", "--block", "beside.json"], arguments].concat())
    };
    // The trace has the chain id.
    let ran = with(&["--network", "Cancun"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = with(&["--network", "Cancun", "--chain-id", "5"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let words = "invalid chain ID: it is for chain 3151908, and this is chain 5; set another with --chain-id or --genesis";
    assert!(ran.out.contains(words), "{ran:?}");

    let mut config =
        json!({ "chainId": 3151908, "terminalTotalDifficulty": 0, "shanghaiTime": 0, "cancunTime": 0 });
    for fork in [
        "homestead",
        "eip150",
        "eip155",
        "eip158",
        "byzantium",
        "constantinople",
        "istanbul",
        "berlin",
        "london",
    ] {
        config[format!("{fork}Block")] = json!(0);
    }
    let mut genesis = json!({ "config": config, "alloc": {}, "gasLimit": "0x1", "difficulty": "0x0" });
    scratch.write("genesis.json", genesis.to_string());
    let ran = with(&["--genesis", "genesis.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("rules of Cancun"), "{ran:?}");
    genesis["config"]["cancunTime"] = json!("0x0");
    scratch.write("genesis.json", genesis.to_string());
    check_unusable(
        &with(&["--genesis", "genesis.json"]),
        "genesis.json: the chain's setting `cancunTime` is \"0x0\"",
    );
}
