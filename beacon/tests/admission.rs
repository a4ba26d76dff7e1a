//! The host decides which code the chain admits.

#![cfg(feature = "host")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_beacon::{
    admission::{HostAdmission, trial},
    registry::{Admission as _, CodeProperties},
};
use outrider_host::{Host, HostConfig, Isolation, Limits};

const EE: &str = r#"(module
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 1)
    (func (export "main") (call $save (i32.const 0))))"#;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[track_caller]
fn refused(code: &[u8], expected: &str) {
    let refusal = HostAdmission::default().admit(code).unwrap_err();
    assert!(refusal.0.contains(expected), "{refusal}");
}

#[test]
fn an_ee_is_admitted_and_other_modules_are_refused() {
    assert_eq!(HostAdmission::default().admit(&wasm(EE)), Ok(CodeProperties { takes_receipts: false }));
    refused(b"", "");
    refused(b"\0asm\x01\0\0\0", "main");
    let threads = EE.replace("(memory (export \"memory\") 1)", "(memory (export \"memory\") 1 2 shared)");
    refused(&wasm(&threads), "threads");
    let unknown = EE.replace("savePostStateRoot", "now");
    refused(&wasm(&unknown), "now");
}

#[test]
fn an_ee_takes_receipts_by_either_name_of_their_import() {
    let import = |module: &str, name: &str, ty: &str| {
        let import = format!(r#"(module (import "{module}" "{name}" (func {ty}))"#);
        let code = wasm(&EE.replacen("(module", &import, 1));
        HostAdmission::default().admit(&code).unwrap().takes_receipts
    };
    let copy = "(param i32 i32 i32) (result i32)";
    assert!(import("eth2", "receiptCopy", copy));
    assert!(import("env", "eth2_receiptCopy", copy));
    // Counting receipts is not taking them.
    assert!(!import("eth2", "receiptCount", "(result i32)"));
    assert!(!import("env", "eth2_receiptCount", "(result i32)"));
}

#[test]
fn a_compile_bomb_is_refused_for_its_predicted_cost() {
    // A thousand locals stay live across a thousand branches.
    let n = 1_000;
    let locals = "(local i64)".repeat(n);
    let uses: String =
        (0..n).map(|i| format!("(local.set {i} (i64.add (local.get {i}) (local.get 0)))")).collect();
    let branches = "(if (i64.eqz (local.get 1)) (then (local.set 2 (i64.const 1))))".repeat(n);
    let bomb = EE.replace(
        "(func (export \"main\")",
        &format!("(func (export \"main\") {locals} {uses} {branches} {uses}"),
    );
    refused(&wasm(&bomb), "predicted");
}

#[test]
fn a_chain_may_have_tighter_bounds_than_the_host() {
    let code = wasm(EE);
    for (microseconds, code_bytes, expected) in [
        (0, u64::MAX, "microseconds to compile, and the limit is 0"),
        (u64::MAX, 0, "bytes of machine code, and the limit is 0"),
    ] {
        let admission = HostAdmission::new(Limits::default(), microseconds, code_bytes);
        let refusal = admission.admit(&code).unwrap_err();
        assert!(refusal.0.contains(expected), "{refusal}");
        // The remembered decision is the same.
        assert_eq!(admission.admit(&code), Err(refusal));
    }
    let no_floats = Limits { floats: false, ..Limits::default() };
    let floats = EE.replace("(call $save", "(drop (f64.add (f64.const 1) (f64.const 2))) (call $save");
    assert!(HostAdmission::default().admit(&wasm(&floats)).is_ok());
    assert!(HostAdmission::new(no_floats, u64::MAX, u64::MAX).admit(&wasm(&floats)).is_err());
}

#[test]
fn a_trial_compiles_the_code() {
    let host = Host::new(HostConfig::default()).unwrap();
    assert!(trial(&host, &wasm(EE)).unwrap().is_none());
    assert!(trial(&host, b"\0asm").unwrap().is_some());
    // A machine that cannot start a worker has nothing against the code.
    if cfg!(unix) {
        let isolation = Some(Isolation::new("/nowhere"));
        let host = Host::new(HostConfig { isolation, ..HostConfig::default() }).unwrap();
        let failure = trial(&host, &wasm(EE)).unwrap_err();
        assert!(failure.to_string().starts_with("cannot start /nowhere"), "{failure}");
    }
}
