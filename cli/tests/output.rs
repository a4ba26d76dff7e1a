//! The output of foreign text, the behaviour with a closed pipe, and the summary of JSON.

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;
use support::{Scratch, fixture, summary, wasm};

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Clears the screen, forges a line and changes the text direction, also with rarer characters.
const HOSTILE: &str = "\u{1b}[2J\r\nf.yaml ok\u{202e}\u{9b}31m\u{2028}\u{200b}";
const SHOWN: &str = "\\u{1b}[2J\\r\\nf.yaml ok\\u{202e}\\u{9b}31m\\u{2028}\\u{200b}";

/// Returns a string literal of the text format.
fn quoted(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Returns a module that logs the text and traps, and has it as the name of a function, an import and an export.
fn hostile() -> Vec<u8> {
    let (text, length) = (quoted(HOSTILE), HOSTILE.len());
    let name = format!("$\"{text}\"");
    wasm(&format!(
        r#"(data (i32.const 0) "{text}")
        (func {name} (export "{text}") (call $print (i32.const 0) (i32.const {length})) unreachable)
        (func (export "main") (call {name}))"#
    ))
}

/// Returns a module that refuses every block for this reason, in `main` or in its start function.
fn refusing(text: &str, export_or_start: &str) -> Vec<u8> {
    let module = format!(
        r#"(module (import "eth2" "refuse" (func $refuse (param i32 i32))) (memory (export "memory") 1)
            (data (i32.const 0) "{}") (func $say (call $refuse (i32.const 0) (i32.const {})))
            {export_or_start})"#,
        quoted(text),
        text.len()
    );
    wat::parse_str(module).expect("the test's module is well-formed")
}

const IN_MAIN: &str = r#"(export "main" (func $say))"#;
const AT_START: &str = r#"(start $say) (func (export "main"))"#;

#[track_caller]
fn check_plain(text: &str) {
    let hidden = |c: &char| {
        (c.is_control() && *c != '\n') || HOSTILE.replace("f.yaml ok", "").contains(*c) && !c.is_ascii()
    };
    assert_eq!(text.chars().find(hidden), None, "{text:?}");
    assert!(text.lines().all(|line| !line.starts_with("f.yaml ok")), "{text}");
}

#[test]
fn text_of_a_module_cannot_imitate_the_command() {
    let scratch = Scratch::new();
    scratch.write("f.yaml", fixture(ZERO)).write("ee.wasm", hostile());
    let import =
        format!("(module (import \"{0}\" \"{0}\" (func)) (memory (export \"{0}\") 1))", quoted(HOSTILE));
    scratch.write("hostile.wasm", wat::parse_str(import).expect("the module is well-formed"));
    for arguments in [
        &["run", "f.yaml"][..],
        &["run", "-v", "--trace", "f.yaml"],
        &["witness", "check", "f.yaml"],
        &["inspect", "ee.wasm"],
        &["check", "ee.wasm", "hostile.wasm"],
        &["bench", "f.yaml"],
        &["state", "init", "state", "--ee", "ee.wasm", "packages.json"],
        &["run", "--json", "f.yaml"],
        &["inspect", "--json", "ee.wasm"],
        &["check", "--json", "ee.wasm", "hostile.wasm"],
    ] {
        scratch.write("packages.json", r#"{"packages": []}"#);
        let ran = scratch.outrider(arguments);
        check_plain(&ran.out);
        check_plain(&ran.err);
        assert_ne!((ran.out.len(), ran.err.len()), (0, 0), "{arguments:?}");
    }
    let ran = scratch.outrider(&["run", "-v", "f.yaml"]);
    assert!(ran.out.contains(&format!("    last log: {SHOWN}\n")), "{}", ran.out);
    assert!(ran.out.contains(&format!("    in {SHOWN} at byte 0x")), "{}", ran.out);
    assert!(ran.err.contains(&format!(": {SHOWN} import")), "{}", ran.err);
    let ran = scratch.outrider(&["inspect", "ee.wasm"]);
    assert!(ran.out.contains(&format!("  {SHOWN} ")), "{}", ran.out);
    let ran = scratch.outrider(&["check", "hostile.wasm"]);
    assert!(ran.out.contains(&format!("  unknown import `{SHOWN}.{SHOWN}` at byte 0x")), "{}", ran.out);
    assert!(ran.out.contains(&format!("its memory is exported as `{SHOWN}`")), "{}", ran.out);
    let ran = scratch.outrider(&["run", "--json", "f.yaml"]);
    let json: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    assert_eq!(json["fixtures"][0]["blocks"][0]["logs"][0]["value"], HOSTILE, "it means what was said");
}

#[test]
fn a_refusal_cannot_imitate_the_command() {
    let both = if cfg!(feature = "wasmer") { "both" } else { "wasmtime" };
    for module in [IN_MAIN, AT_START] {
        let scratch = Scratch::new();
        scratch.write("f.yaml", fixture(ZERO)).write("ee.wasm", refusing(HOSTILE, module));
        scratch.write("packages.json", r#"{"packages": []}"#);
        for arguments in [
            &["run", "f.yaml"][..],
            &["run", "-v", "--trace", "f.yaml"],
            &["run", "-vv", "--engine", both, "f.yaml"],
            &["run", "--isolate", "--no-cache", "f.yaml"],
            &["run", "--json", "--trace", "f.yaml"],
            &["run", "--bless", "f.yaml"],
            &["witness", "check", "f.yaml"],
            &["bench", "f.yaml"],
            &["state", "init", "state", "--ee", "ee.wasm", "packages.json"],
        ] {
            let ran = scratch.outrider(arguments);
            check_plain(&ran.out);
            check_plain(&ran.err);
            assert_ne!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        }
        let ran = scratch.outrider(&["run", "f.yaml"]);
        assert!(ran.out.contains(&format!("  block 0, env 0: refused: {SHOWN}\n")), "{}", ran.out);
        let ran = scratch.outrider(&["run", "--json", "f.yaml"]);
        let json: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
        assert_eq!(json["fixtures"][0]["blocks"][0]["refusal"], HOSTILE, "it means what was said");
    }
}

#[test]
fn a_refusal_without_a_reason_says_so() {
    let scratch = Scratch::new();
    scratch.write("f.yaml", fixture(ZERO)).write("ee.wasm", refusing("", IN_MAIN));
    scratch.write("packages.json", r#"{"packages": []}"#);
    let ran = scratch.outrider(&["run", "--trace", "f.yaml"]);
    assert!(ran.out.contains("  block 0, env 0: refused without a reason\n"), "{}", ran.out);
    let call = "eth2.refuse(pointer=0x0, length=0) refuses the block, and gives no reason\n";
    assert!(ran.out.contains(call), "{}", ran.out);
    let ran = scratch.outrider(&["state", "init", "state", "--ee", "ee.wasm", "packages.json"]);
    let expected = "the EE refuses the block, and gives no reason\n";
    assert!(ran.err.ends_with(expected), "{}", ran.err);
}

#[test]
fn names_in_a_profile_show_hidden_characters() {
    let scratch = Scratch::new();
    scratch.write("f.yaml", fixture(ZERO)).write("ee.wasm", hostile());
    for (file, shown) in [("out", SHOWN.to_owned()), ("out.json", SHOWN.replace('\\', "\\\\"))] {
        scratch.outrider(&["run", "--profile", file, "f.yaml"]);
        let profile = scratch.read(file);
        check_plain(&profile);
        assert!(profile.contains(&shown), "{profile}");
    }
}

#[test]
fn names_in_a_fixture_cannot_imitate_the_command() {
    let scratch = Scratch::new();
    let named = fixture(ZERO)
        .replace("ee.wasm", &format!("\"{}\"", HOSTILE.escape_unicode().to_string().replace("\\u{", "\\U{")));
    // YAML escapes have eight digits.
    let named = named.split("\\U{").enumerate().map(|(index, part)| match (index, part.split_once('}')) {
        (1.., Some((digits, rest))) => format!("\\U{digits:0>8}{rest}"),
        _ => part.to_owned(),
    });
    scratch.write("f.yaml", named.collect::<String>());
    let ran = scratch.outrider(&["run", "f.yaml"]);
    assert_eq!((ran.code, ran.err), (Some(2), format!("error: f.yaml:3:7: cannot find `{SHOWN}`\n")));
}

/// Runs a command whose stdout is closed, either at once or after some lines.
#[cfg(unix)]
fn run_unread(scratch: &Scratch, n_lines: usize, arguments: &[&str]) -> Option<i32> {
    let mut command = scratch.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it can be started");
    let out = child.stdout.take().expect("it is piped");
    let lines = BufReader::new(out).lines().take(n_lines);
    assert_eq!(lines.filter(Result::is_ok).count(), n_lines);
    child.wait().expect("it was started").code()
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_does_not_change_the_verdict() {
    let scratch = Scratch::new();
    let (good, bad) = (fixture(ZERO), fixture(&ZERO.replacen('0', "1", 1)));
    scratch.write("good.yaml", good).write("bad.yaml", bad);
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    scratch.write("bad.wasm", "no module").write("broken.yaml", "");
    for (arguments, code) in [
        (&["run", "good.yaml"][..], 0),
        (&["run", "bad.yaml"], 1),
        (&["run", "good.yaml", "good.yaml", "bad.yaml"], 1),
        (&["run", "good.yaml", "broken.yaml"], 2),
        (&["run", "--json", "good.yaml"], 0),
        (&["run", "--json", "bad.yaml"], 1),
        (&["run", "--json", "missing.yaml"], 2),
        (&["inspect", "ee.wasm"], 0),
        (&["inspect", "bad.wasm"], 1),
        (&["inspect", "--json", "bad.wasm"], 1),
        (&["check", "ee.wasm", "bad.wasm"], 1),
        (&["check", "--json", "ee.wasm"], 0),
        (&["abi"], 0),
        (&["abi", "--c-header"], 0),
        (&["witness", "check", "good.yaml"], 1),
        (&["bench", "--runs", "1", "good.yaml"], 0),
        (&["cache", "show"], 0),
    ] {
        assert_eq!(run_unread(&scratch, 0, arguments), Some(code), "{arguments:?}");
    }
    assert_eq!(run_unread(&scratch, 1, &["run", "good.yaml", "bad.yaml"]), Some(1));
}

/// A fixture after one with unread output is still run: it is blessed.
#[cfg(unix)]
#[test]
fn a_closed_pipe_does_not_stop_the_work() {
    let scratch = Scratch::new();
    scratch.write("a.yaml", fixture(ZERO)).write("b.yaml", fixture(&ZERO.replacen('0', "1", 1)));
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    assert_eq!(run_unread(&scratch, 0, &["run", "--bless", "a.yaml", "b.yaml"]), Some(0));
    assert_eq!(scratch.read("b.yaml"), fixture(ZERO));
}

#[test]
fn every_command_with_json_has_the_same_summary() {
    let scratch = Scratch::new();
    scratch.write("good.yaml", fixture(ZERO)).write("bad.yaml", fixture(&ZERO.replacen('0', "1", 1)));
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    for (arguments, code, expected) in [
        (&["run", "good.yaml", "bad.yaml"][..], 1, summary("fails", 1, 1)),
        (&["inspect", "ee.wasm"], 0, summary("holds", 1, 0)),
        (&["check", "ee.wasm", "good.yaml"], 1, summary("fails", 1, 1)),
        (&["abi"], 0, summary("holds", 1, 0)),
        (&["bench", "--runs", "1", "good.yaml"], 0, summary("holds", 1, 0)),
        (&["cache", "show"], 0, summary("holds", 1, 0)),
        (&["witness", "check", "good.yaml"], 1, summary("fails", 0, 1)),
    ] {
        let ran = scratch.outrider(&[arguments, &["--json"]].concat());
        let json: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        assert_eq!((ran.code, &json["summary"]), (Some(code), &expected), "{arguments:?}");
    }
    for arguments in [
        &["run", "missing.yaml"][..],
        &["inspect", "missing.wasm"],
        &["check", "missing.wasm"],
        &["bench", "missing.yaml"],
        &["witness", "check", "missing.yaml"],
        &["witness", "show", "missing.yaml"],
        &["witness", "build", "missing", "--ee", "ee.wasm", "missing.json", "-o", "out.yaml"],
        &["state", "show", "missing"],
        &["evm", "test", "missing.json"],
        &["evm", "block", "missing.json"],
        &["evm", "chain", "--genesis", "missing.json", "missing.rlp"],
        &["beacon", "vectors", "missing.tar.gz"],
    ] {
        let ran = scratch.outrider(&[arguments, &["--json"]].concat());
        let mut json: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let error = json["summary"]["error"].take();
        let error = error.as_str().expect("there is one");
        assert!(error.starts_with("missing"), "{error}");
        assert_eq!(ran.err, format!("error: {error}\n"));
        let mut expected = summary("unusable", 0, 0);
        (expected["unusable"], expected["error"]) = (1.into(), Value::Null);
        assert_eq!((ran.code, json), (Some(2), serde_json::json!({ "summary": expected })));
    }
}
