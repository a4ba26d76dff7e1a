//! `outrider inspect`.

mod support;

use serde_json::Value;
use support::{Scratch, blob, wasm};

#[test]
fn a_blob_of_this_repository_is_loaded() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", blob("bazaar"));
    let ran = scratch.outrider(&["inspect", "ee.wasm"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for expected in [
        "\n  eth2.blockDataSize () -> (i32)  Returns the length of the block data in bytes.\n",
        "\n  main () -> ()\n",
        " bytes  code\n",
        "\nthe host loads this module\n",
    ] {
        assert!(ran.out.contains(expected), "{expected:?} in\n{}", ran.out);
    }
}

#[test]
fn every_refusal_is_printed() {
    let scratch = Scratch::new();
    let module =
        wat::parse_str(r#"(module (import "env" "exit" (func)) (func (export "main") (param i32)))"#);
    scratch.write("ee.wasm", module.expect("the module is well-formed"));
    let ran = scratch.outrider(&["inspect", "ee.wasm"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let refusals: Vec<_> = ran.out.lines().filter(|line| line.starts_with("refused: ")).collect();
    assert_eq!(refusals.len(), 3, "{refusals:?}");
    assert!(refusals[0].starts_with("refused: unknown import `env.exit` at byte 0x"), "{refusals:?}");
    assert!(refusals[1].starts_with("refused: no export `memory`, through which "), "{refusals:?}");
    assert!(
        refusals[2].ends_with(
            "has type (i32) -> (), but the host passes no arguments; take the block data by `eth2.blockDataCopy`"
        ),
        "{refusals:?}"
    );
}

#[test]
fn json_has_the_same() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wasm("(table 3 funcref) (func $f) (start $f) (func (export \"main\"))"));
    let ran = scratch.outrider(&["inspect", "--json", "ee.wasm"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let json: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    assert_eq!(json["imports"][0]["abi"], "eth2.savePostStateRoot");
    assert_eq!(json["start_function"], 4);
    assert_eq!(json["table_elements"], serde_json::json!([3]));
    assert_eq!(json["memory"], serde_json::json!({"pages": 1, "pages_max": null}));
    assert_eq!(json["refusals"], serde_json::json!([]));
}

#[test]
fn a_missing_file_cannot_be_inspected() {
    let ran = Scratch::new().outrider(&["inspect", "no.wasm"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.err, "error: no.wasm: No such file or directory (os error 2)\n");
}
