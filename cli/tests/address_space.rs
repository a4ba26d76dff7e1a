//! Without address space for a pool of instances, commands have the same results and fuel.

#![cfg(target_os = "linux")]

mod support;

use std::process::Command;

use support::{Ran, Scratch, fixture, project, ran};

/// The argument of `ulimit -v` in KiB: too little for the 64 GiB that a pool for one execution reserves.
const KIB: u32 = 8 << 20;

/// Runs `outrider` with this little address space, and a cache of its own.
fn outrider_in_little_space(scratch: &Scratch, arguments: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {KIB} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_outrider")]);
    command
        .args(arguments)
        .current_dir(scratch.path())
        .env("OUTRIDER_CACHE_DIR", scratch.path().join("little"));
    ran(command.output())
}

/// Runs a fixture both ways, without a cache from before, and returns the common output.
#[track_caller]
fn run_alike(scratch: &Scratch, arguments: &[&str]) -> String {
    let arguments = [&["run", "--no-cache"], arguments].concat();
    let (expected, got) = (scratch.outrider(&arguments), outrider_in_little_space(scratch, &arguments));
    assert_eq!((got.code, &got.out, &got.err), (expected.code, &expected.out, &expected.err));
    got.out
}

#[test]
fn a_pool_does_not_fit() {
    let scratch = Scratch::new();
    let helloworld = project().join("examples/helloworld.yaml");
    let ran = outrider_in_little_space(&scratch, &["run", "-vv", &helloworld.to_string_lossy()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("no room for a pool, making instances one by one"), "{ran:?}");
}

#[test]
fn every_example_has_the_same_output() {
    let examples = project().join("examples");
    let out = run_alike(&Scratch::new(), &[&examples.to_string_lossy()]);
    assert!(out.ends_with(" passed, 0 failed\n"), "{out}");
}

#[test]
fn a_worker_compiles_for_hosts_with_and_without_a_pool() {
    let scratch = Scratch::new();
    let bazaar = project().join("examples/bazaar.yaml");
    let out = run_alike(&scratch, &["--isolate", &bazaar.to_string_lossy()]);
    assert!(out.ends_with(" passed, 0 failed\n"), "{out}");
    // An entry of the cache is for a host either with or without a pool.
    let arguments = ["run", &bazaar.to_string_lossy()];
    for _ in 0..2 {
        let mut command = scratch.command(&arguments);
        let in_a_pool = ran(command.env("OUTRIDER_CACHE_DIR", scratch.path().join("little")).output());
        for ran in [in_a_pool, outrider_in_little_space(&scratch, &arguments)] {
            assert_eq!((ran.code, &ran.out), (Some(0), &out), "{ran:?}");
        }
    }
}

/// A limit of this process below that of its workers says nothing about a module, so the validators vote on nothing.
#[test]
fn a_worker_that_inherits_little_memory_does_not_blame_the_module() {
    let scratch = Scratch::new();
    let evm = project().join("ees/blobs/evm.wasm");
    let init = scratch.outrider(&["beacon", "init", "--data-dir", "chain"]);
    assert_eq!(init.code, Some(0), "{init:?}");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -d 30000 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_outrider")]);
    command.args(["beacon", "deploy", "--data-dir", "chain"]).arg(evm).current_dir(scratch.path());
    let deployed = ran(command.output());
    let expected = "compiling the module takes more than the 30720000 bytes of memory that this process may use; it may take 2147483648: raise the limit of the process";
    assert!(deployed.code == Some(2) && deployed.err.contains(expected), "{deployed:?}");
    let listed = scratch.outrider(&["beacon", "list", "--data-dir", "chain"]);
    assert_eq!((listed.code, listed.out.as_str()), (Some(0), "0 EEs\n"), "{listed:?}");
}

#[test]
fn memories_and_tables_have_the_same_bounds_as_in_a_pool() {
    let scratch = Scratch::new();
    scratch.write("f.yaml", fixture(&"00".repeat(32)));
    let save = "(call $save (i32.const 0))";
    let store = |at: u32, value: &str| format!("(i32.store (i32.const {at}) {value})");
    // A memory of one page that can grow to 20, the limit of `--memory-pages`; the module sets none.
    for (body, expected) in [
        ("(drop (i32.load8_u (i32.const 0x10000)))".to_owned(), "out of bounds memory access"),
        ("(drop (i64.load (i32.const 0xfff9)))".to_owned(), "out of bounds memory access"),
        ("(drop (i64.load offset=0xffffffff (i32.const -1)))".to_owned(), "out of bounds memory access"),
        (
            "(i32.store offset=0x7fff0000 (i32.const 0) (i32.const 1))".to_owned(),
            "out of bounds memory access",
        ),
        (
            "(memory.fill (i32.const 0xfff0) (i32.const 1) (i32.const 17))".to_owned(),
            "out of bounds memory access",
        ),
        (format!("(i64.store (i32.const 0xfff8) (i64.const 1)) {save}"), "fuel"),
        // The memory grows to 20 pages but not to 21: 1, then -1.
        (
            format!(
                "{}{}(i32.store8 (i32.const 0x13ffff) (i32.const 1)) {save}",
                store(0, "(memory.grow (i32.const 19))"),
                store(4, "(memory.grow (i32.const 1))")
            ),
            "01000000ffffffff",
        ),
        (
            "(drop (memory.grow (i32.const 19))) (i32.store8 (i32.const 0x140000) (i32.const 1))".to_owned(),
            "out of bounds memory access",
        ),
        // The table grows to 20,000 elements but not further: 1, then -1.
        (
            format!(
                "{}{}{save}",
                store(0, "(table.grow (ref.null func) (i32.const 19999))"),
                store(4, "(table.grow (ref.null func) (i32.const 1))")
            ),
            "01000000ffffffff",
        ),
        ("(call_indirect (i32.const 1))".to_owned(), "out of bounds table access"),
    ] {
        let items = format!("(table 1 funcref) (func (export \"main\") {body})");
        scratch.write("ee.wasm", support::wasm(&items));
        let out = run_alike(&scratch, &["--memory-pages", "20", "f.yaml"]);
        assert!(out.contains(expected), "{body}: {out}");
    }
}
