//! Running `outrider beacon` on the chain in the directory `chain`.

use serde_json::Value;

use super::{Ran, Scratch};

/// The body of an EE that keeps its state root.
pub(crate) const NOTHING: &str = r#"(func (export "main") (call $save (i32.const 0)))"#;

pub(crate) fn beacon(scratch: &Scratch, command: &str, arguments: &[&str]) -> Ran {
    scratch.outrider(&[&["beacon", command, "--data-dir", "chain"], arguments].concat())
}

/// Runs a command with `--json`, checks its exit code, and returns its document.
#[track_caller]
pub(crate) fn json(scratch: &Scratch, command: &str, arguments: &[&str], code: i32) -> Value {
    let ran = beacon(scratch, command, &[arguments, &["--json"]].concat());
    assert_eq!(ran.code, Some(code), "{ran:?}");
    serde_json::from_str(&ran.out).expect("the output is JSON")
}

/// Makes a chain.
#[track_caller]
pub(crate) fn chain(options: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    let ran = beacon(&scratch, "init", options);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    scratch
}
