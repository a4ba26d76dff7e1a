//! Broken workers. The command's tests have working ones, because the command can be a worker.

#![cfg(unix)]

mod support;

use outrider_host::{Host, HostConfig, Isolation, LoadError};
use support::{saving, wasm};

/// Loads an EE with a worker that runs a script.
#[track_caller]
fn check(program: &str, script: &str, expected: &str) {
    let isolation = Isolation {
        arguments: vec!["-c".into(), script.into()],
        cpu_seconds_max: 9,
        memory_bytes_max: 1 << 30,
        ..Isolation::new(program)
    };
    let config = HostConfig { isolation: Some(isolation), ..HostConfig::default() };
    let host = Host::new(config).expect("the configuration is fine");
    let Err(LoadError::Isolated(error)) = host.load(&wasm(&saving(""))) else {
        panic!("it does not come from the worker")
    };
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    check("/nowhere/worker", "", "cannot start /nowhere/worker to compile the module");
}

#[test]
fn a_program_that_is_not_a_worker_is_named() {
    let expected = "/bin/sh does not serve as a worker: its output";
    check("/bin/sh", "", expected);
    check("/bin/sh", "echo much; cat", expected);
}

#[test]
fn a_reached_limit_is_reported() {
    check("/bin/sh", "kill -XCPU $$", "compiling the module takes more than 9 s of CPU time");
    let expected = "compiling the module takes more than 1073741824 bytes of memory";
    check("/bin/sh", "echo memory allocation of 8 bytes failed >&2; kill -ABRT $$", expected);
}

#[test]
fn the_message_of_a_failed_worker_is_reported() {
    let expected = "the worker that compiles the module ended with exit status: 3: no";
    check("/bin/sh", "echo no >&2; exit 3", expected);
}
