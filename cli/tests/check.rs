//! `outrider check`.

mod support;

use serde_json::{Value, json};
use support::{Scratch, blob, project, summary};

/// Returns directories with two modules that are refused, one that is not, and another file.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    let wasm = |items: &str| wat::parse_str(format!("(module {items})")).expect("the module is well-formed");
    let good = wasm(r#"(memory (export "memory") 1) (func (export "main"))"#);
    let imports =
        r#"(import "env" "abort" (func (param i32 i32 i32 i32))) (import "env" "seed" (func (result f64)))"#;
    scratch
        .write("ees/a.wasm", &good)
        .write(
            "ees/sub/b.wasm",
            wasm(&format!(r#"{imports} (memory (export "memory") 1) (func (export "main"))"#)),
        )
        .write("ees/sub/notes.txt", "no module")
        .write("c.wasm", "no module");
    scratch
}

#[test]
fn each_module_has_a_line_and_each_reason_another() {
    let ran = scratch().outrider(&["check", "ees", "c.*"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 7, "{lines:#?}");
    assert_eq!(lines[0], "ees/a.wasm ok");
    assert_eq!(lines[1], "ees/sub/b.wasm refused");
    assert!(lines[2].starts_with("  unknown import `env.abort` at byte 0x"), "{lines:#?}");
    assert!(lines[2].contains("compile with `--use abort=`"), "{lines:#?}");
    assert!(lines[3].starts_with("  unknown import `env.seed` at byte 0x"), "{lines:#?}");
    assert_eq!(lines[4], "c.wasm refused");
    assert_eq!(lines[5], "  not a wasm module: it starts with 6e 6f 20 6d, not with 00 61 73 6d (\\0asm)");
    assert_eq!(lines[6], "3 modules: 1 ok, 2 refused");
}

#[test]
fn the_exit_code_is_that_of_the_worst_module() {
    let scratch = scratch();
    for (arguments, code, last) in [
        (&["check", "ees/a.wasm"][..], 0, "1 module: 1 ok, 0 refused"),
        (&["check", "c.wasm", "ees/a.wasm"], 1, "2 modules: 1 ok, 1 refused"),
        (&["check", "/dev/null", "c.wasm", "ees/a.wasm"], 2, "3 modules: 1 ok, 1 refused, 1 unusable"),
    ] {
        let ran = scratch.outrider(arguments);
        assert_eq!((ran.code, ran.out.lines().last()), (Some(code), Some(last)), "{ran:?}");
    }
    let ran = scratch.outrider(&["check", "/dev/null"]);
    assert_eq!(ran.err, "error: /dev/null: it is a device, not a file\n");
    for (missing, error) in [
        ("no.wasm", "no.wasm: no such file or directory"),
        ("*.wat", "*.wat: no file matches the pattern"),
        ("cache", "cache: the directory contains no *.wasm file"),
    ] {
        std::fs::create_dir_all(scratch.path().join("cache")).expect("it can be made");
        let ran = scratch.outrider(&["check", missing]);
        assert_eq!((ran.code, ran.err), (Some(2), format!("error: {error}\n")));
    }
}

#[test]
fn json_has_the_same() {
    let scratch = scratch();
    let ran = scratch.outrider(&["check", "--json", "ees", "/dev/null"]);
    let json: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""));
    let mut expected = summary("unusable", 1, 1);
    expected["unusable"] = 1.into();
    assert_eq!(json["summary"], expected);
    let modules = json["modules"].as_array().expect("it is a list");
    assert_eq!(modules.len(), 3);
    let code = std::fs::read(scratch.path().join("ees/a.wasm")).expect("it is there");
    let hash = outrider_host::CodeHash::of(&code).to_string();
    let (file, bytes) = ("ees/a.wasm", code.len());
    let accepted =
        json!({ "file": file, "status": "accepted", "bytes": bytes, "code_hash": hash, "refusals": [] });
    assert_eq!(modules[0], accepted);
    assert_eq!(
        (&modules[1]["status"], modules[1]["refusals"].as_array().map(Vec::len)),
        (&json!("refused"), Some(2))
    );
    assert_eq!(modules[2]["error"], "/dev/null: it is a device, not a file");
    assert_eq!(modules[2]["status"], "unusable");
}

/// `check`, `inspect` and the host accept the same modules, and refuse others for the same reasons.
#[test]
fn all_commands_judge_alike() {
    let blobs = project().join("ees/blobs");
    let ran = Scratch::new().outrider(&["check", &blobs.to_string_lossy()]);
    assert_eq!((ran.code, ran.out.lines().last()), (Some(0), Some("9 modules: 9 ok, 0 refused")), "{ran:?}");
    let scratch = Scratch::new();
    let reserved = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "main")) (func (export "outrider_start")))"#,
    );
    scratch
        .write("ee.wasm", reserved.expect("the module is well-formed"))
        .write("good.wasm", blob("helloworld"));
    let reason = "the module cannot be metered: export \"outrider_start\": the name is reserved for metering";
    let ran = scratch.outrider(&["check", "ee.wasm"]);
    assert_eq!(ran.out, format!("ee.wasm refused\n  {reason}\n1 module: 0 ok, 1 refused\n"));
    let ran = scratch.outrider(&["inspect", "ee.wasm"]);
    assert!(ran.code == Some(1) && ran.out.ends_with(&format!("\nrefused: {reason}\n")), "{ran:?}");
}
