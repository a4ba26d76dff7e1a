//! A host with little address space: concurrent executions together reserve no more than the configuration allows.

#![cfg(target_os = "linux")]

use std::process::Command;

use outrider_host::{ExecutionInput, Host, HostConfig, StateRoot};

/// The environment variable with which the test runs in little address space.
const LIMITED: &str = "OUTRIDER_TEST_HAS_LITTLE_SPACE";

/// An EE with a memory of at most two pages, so that the memory of executions does not make others wait, and with a
/// loop that takes so long that all executions begin before any ends.
const EE: &str = r#"(module
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 1 2)
    (func (export "main")
        (local $left i32)
        (local.set $left (i32.const 20000000))
        (loop $next (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.store (i32.const 0) (memory.grow (i32.const 1)))
        (i32.store (i32.const 4) (memory.grow (i32.const 1)))
        (i32.store (i32.const 0x1fffc) (i32.const 1))
        (call $save (i32.const 0))))"#;

/// 64 executions, each with 256 MiB of addresses for its memory and 65 MiB for its stack, would need 20 GiB; eight are
/// available.
#[test]
fn executions_at_the_same_time_wait_for_addresses() {
    if std::env::var_os(LIMITED).is_none() {
        let test = std::env::current_exe().expect("it is running");
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "ulimit -v 8388608 && exec \"$0\" --exact executions_at_the_same_time_wait_for_addresses",
        ]);
        let output = command.arg(test).env(LIMITED, "1").output().expect("there is a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let host = Host::new(HostConfig::default()).expect("it does without a pool");
    let ee = host.load(&wat::parse_str(EE).expect("it is well-formed")).expect("it is an EE");
    let input = ExecutionInput::new(StateRoot::default(), vec![]);
    let fuel = ee.execute(&input).expect("it ends well").fuel_used;
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..2 {
                    let output = ee.execute(&input).expect("it ends well");
                    // The size before growing, and a failure to grow further.
                    assert_eq!(output.post_state_root.0[..8], [1, 0, 0, 0, 255, 255, 255, 255]);
                    assert_eq!((output.fuel_used, output.memory_bytes), (fuel, 2 << 16));
                }
            });
        }
    });
}
