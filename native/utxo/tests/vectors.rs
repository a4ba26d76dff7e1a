//! The published vectors pass, and a vector with another result fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use outrider_utxo::vectors::{Case, Outcome, Suite, VectorError, run};
use serde_json::{Value, json};

/// An excerpt, for a clone without the published files.
fn excerpt(name: &str) -> Vec<u8> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = here.join("../../ees/bitcoin-script/tests/data").join(name);
    let own = here.join("tests/data").join(name.rsplit('/').next().unwrap());
    let path = if scripts.is_file() { scripts } else { own };
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Counts passed cases and those that were not run; none may fail.
#[track_caller]
fn count(name: &str, bytes: &[u8], suite: Suite) -> (usize, usize) {
    let (got, cases) = run(name, bytes).unwrap();
    assert_eq!(got, suite, "{name}");
    let failed: Vec<&Case> = cases.iter().filter(|case| matches!(case.outcome, Outcome::Failed(_))).collect();
    assert!(failed.is_empty(), "{name}: {failed:#?}");
    let n_passed = cases.iter().filter(|case| case.outcome == Outcome::Passed).count();
    (n_passed, cases.len() - n_passed)
}

#[track_caller]
fn check(name: &str, suite: Suite, expected: (usize, usize)) {
    let (n_passed, n_not_run) = count(name, &excerpt(name), suite);
    assert!(if suite == Suite::Addresses { n_not_run > 0 } else { n_passed > 1 }, "{name}");
    if let Some(bytes) = outrider_published::file(&format!("bitcoin/{name}")) {
        assert_eq!(count(name, &bytes, suite), expected, "{name}");
    }
}

#[test]
fn the_vectors_of_bitcoin_core_pass() {
    check("bitcoin-core/script_tests.json", Suite::ScriptTests, (1211, 0));
    check("bitcoin-core/tx_valid.json", Suite::ValidTransactions, (120, 0));
    check("bitcoin-core/tx_invalid.json", Suite::InvalidTransactions, (93, 0));
    check("sighash/legacy_sighash.json", Suite::LegacySignatureHashes, (289, 0));
}

#[test]
fn the_vectors_of_bip_341_and_of_rustreexo_pass() {
    check("bitcoin-core/bip341_wallet_vectors.json", Suite::Bip341, (14, 0));
    check("utreexo/test_cases.json", Suite::Utreexo, (31, 0));
}

#[test]
fn addresses_and_keys_are_not_run() {
    check("bitcoin-core/key_io_valid.json", Suite::Addresses, (0, 70));
    check("bitcoin-core/key_io_invalid.json", Suite::Addresses, (0, 70));
    check("bitcoin-core/base58_encode_decode.json", Suite::Addresses, (0, 21));
    let (_, cases) = run("key_io_valid.json", &excerpt("key_io_valid.json")).unwrap();
    let reasons: Vec<&Outcome> = cases.iter().map(|case| &case.outcome).collect();
    let [address, key] = ["addresses", "private keys"].map(|what| format!("{what} are no part of consensus"));
    assert_eq!(format!("{reasons:?}"), format!("[NotRun({address:?}), NotRun({key:?})]"));
}

#[test]
fn the_corpus_of_taproot_passes() {
    let excerpt = String::from_utf8(excerpt("taproot-ref.json")).unwrap();
    let mut n_excerpt = 0;
    for line in excerpt.lines() {
        n_excerpt += count("taproot-ref.json", line.as_bytes(), Suite::Taproot).0;
    }
    assert!(n_excerpt > 1);
    // All vectors in one list, as Bitcoin Core's own test has them.
    let lines: Vec<&str> = excerpt.lines().map(|line| line.trim_end_matches(',')).collect();
    let list = format!("[{}]", lines.join(","));
    assert_eq!(count("script_assets_test.json", list.as_bytes(), Suite::Taproot).0, n_excerpt);
    let Some(files) = outrider_published::archive("bitcoin/taproot-ref.tar.gz") else { return };
    let n: usize = files.iter().map(|(name, bytes)| count(name, bytes, Suite::Taproot).0).sum();
    assert_eq!((files.len(), n), (155, 300));
}

/// Returns the failures after a change of the first row that is no comment.
fn failures(name: &str, change: impl Fn(&mut Value)) -> Vec<String> {
    let mut document: Value = serde_json::from_slice(&excerpt(name)).unwrap();
    let rows = document.as_array_mut().unwrap();
    change(rows.iter_mut().find(|row| row.as_array().is_none_or(|row| row.len() > 1)).unwrap());
    failures_of(name, &document)
}

fn failures_of(name: &str, document: &Value) -> Vec<String> {
    let (_, cases) = run(name, document.to_string().as_bytes()).unwrap();
    let failure = |case: Case| match case.outcome {
        Outcome::Failed(what) => Some(what),
        Outcome::Passed | Outcome::NotRun(_) => None,
    };
    cases.into_iter().filter_map(failure).collect()
}

#[test]
fn a_vector_with_another_result_fails() {
    let wrong_error = failures("bitcoin-core/script_tests.json", |row| {
        let result = row.as_array_mut().unwrap().iter_mut().find(|part| *part == "OK").unwrap();
        *result = json!("OP_RETURN");
    });
    assert_eq!(wrong_error, ["expected \"OP_RETURN\", got \"OK\""]);
    // The transaction is valid without the last flag, too.
    let name = "bitcoin-core/tx_valid.json";
    let not_minimal = failures(name, |row| row[2] = json!("DERSIG,LOW_S,STRICTENC,CONST_SCRIPTCODE"));
    assert!(not_minimal[0].starts_with("valid under "), "{not_minimal:?}");
    // The transaction is invalid without this flag, too.
    let not_minimal = failures("bitcoin-core/tx_invalid.json", |row| row[2] = json!("P2SH"));
    assert!(not_minimal[0].starts_with("invalid under NONE: input "), "{not_minimal:?}");
    let hash = failures("sighash/legacy_sighash.json", |row| row[4] = json!("00".repeat(32)));
    assert!(hash[0].starts_with("expected Some(\"0000"), "{hash:?}");
}

#[test]
fn objects_with_another_result_fail() {
    let read = |name: &str| -> Value { serde_json::from_slice(&excerpt(name)).unwrap() };
    let mut bip341 = read("bitcoin-core/bip341_wallet_vectors.json");
    bip341["scriptPubKey"][1]["intermediary"]["tweak"] = json!("00".repeat(32));
    bip341["scriptPubKey"][2]["expected"]["scriptPathControlBlocks"] = json!([]);
    bip341["keyPathSpending"][0]["inputSpending"][0]["intermediary"]["sigHash"] = json!("00".repeat(32));
    let got = failures_of("bip341.json", &bip341);
    let starts = ["the tweak is ", "0 control blocks for ", "the signature hash is "];
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got.iter().zip(starts).all(|(got, start)| got.starts_with(start)), "{got:?}");

    let mut utreexo = read("utreexo/test_cases.json");
    utreexo["insertion_tests"][0]["expected_roots"] = json!([]);
    let expected = utreexo["proof_tests"][0]["expected"].as_bool().unwrap();
    utreexo["proof_tests"][0]["expected"] = json!(!expected);
    utreexo["deletion_tests"][0]["proofhashes"] = json!([]);
    let got = failures_of("test_cases.json", &utreexo);
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got[2].starts_with("the proof is refused: "), "{got:?}");

    let line = String::from_utf8(excerpt("taproot-ref.json")).unwrap();
    let line =
        line.lines().find(|line| line.contains("\"success\"") && line.contains("\"failure\"")).unwrap();
    let mut taproot: Value = serde_json::from_str(line.trim_end_matches(',')).unwrap();
    let success = taproot["success"].take();
    taproot["success"] = std::mem::replace(&mut taproot["failure"], success);
    assert_eq!(failures_of("taproot-ref", &taproot).len(), 2);
}

#[track_caller]
fn refuse(name: &str, json: &str, expected: &str) {
    let mut error: &dyn std::error::Error = &run(name, json.as_bytes()).unwrap_err();
    let mut text = error.to_string();
    while let Some(source) = error.source() {
        text = format!("{text}: {source}");
        error = source;
    }
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn what_is_malformed_is_named() {
    assert!(matches!(run("other.json", b"[[1, 2]]"), Err(VectorError::NoVectors)));
    assert!(matches!(run("script_tests.json", b"{\"a\": 1}"), Err(VectorError::NoVectors)));
    refuse("script_tests.json", "[", "not JSON: EOF");
    let row = |row: &str| format!("[[\"a comment\"], {row}]");
    let script = |text: &str, expected| refuse("script_tests.json", &row(text), expected);
    script(r#"["1", "NO_SUCH", "P2SH", "OK"]"#, "row 1 is malformed: `NO_SUCH` is no operation");
    script(r#"["1", "1", "P2SH,NO_SUCH", "OK"]"#, "row 1 is malformed: `NO_SUCH` is no flag");
    script(r#"["1", "1"]"#, "row 1 is malformed: no list of flags where one is expected");
    script(r#"[["00", -1], "", "1", "P2SH", "OK"]"#, "row 1 is malformed: the amount -1 is out of range");
    script(r#"[["0g", 0], "", "1", "P2SH", "OK"]"#, "row 1 is malformed: the text `0g` is not hex: ");
    let transaction = |text: &str, expected| refuse("tx_valid.json", &row(text), expected);
    transaction(r#"[[], "00", "NONE"]"#, "row 1 is malformed: not a transaction: ");
    refuse("sighash.json", &row(r#"["00", "", 0, 1, "00"]"#), "row 1 is malformed: not a transaction: ");
    refuse(
        "a.json",
        r#"{"insertion_tests": []}"#,
        "row 0 is malformed: not a vector of this suite: missing field",
    );
}
