//! Shared helpers of the tests: EEs written as text.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::LazyLock;

use outrider_host::{
    Ee, ExecutionError, ExecutionInput, ExecutionOutput, Host, HostConfig, Limits, LoadError, StateRoot,
};

/// The pre-state root of the tests.
pub(crate) const ROOT: StateRoot = StateRoot([0x11; 32]);

/// A host with limits that are small enough to reach.
pub(crate) static HOST: LazyLock<Host> = LazyLock::new(|| {
    let limits = Limits {
        module_bytes_max: 100_000,
        memory_pages_max: 16,
        memory_pages_near: 16,
        memory_far_factor: 16,
        code_bytes_near: 16 << 20,
        floats: true,
        table_elements_max: 100,
        ticks_max: 1_000,
        deposits_max: 3,
        fuel_max: 10_000_000,
        stack_slots_max: 10_000,
        block_data_bytes_max: 1 << 20,
        unsaved_root: outrider_host::UnsavedRoot::Refused,
    };
    let config = HostConfig { limits, log_bytes_max: 10_000, ..HostConfig::default() };
    Host::new(config).expect("the engine takes this configuration")
});

/// Makes a module with every import, a page of memory and these functions.
pub(crate) fn module(items: &str) -> String {
    let imports = outrider_host::ABI.iter().map(|import| {
        let ty = |ty: outrider_host::ValueType| format!("{ty:?}").to_lowercase();
        let parameters: Vec<_> = import.parameter_types().map(ty).collect();
        let result = import.result.map(|result| format!("(result {})", ty(result)));
        format!(
            "(import \"{}\" \"{}\" (func ${} (param {}) {}))\n",
            import.module,
            import.name,
            import.name,
            parameters.join(" "),
            result.unwrap_or_default()
        )
    });
    format!("(module {} (memory (export \"memory\") 1)\n{items})", imports.collect::<String>())
}

/// Makes a module whose `main` has this body and, at its end, saves the root at 0.
pub(crate) fn saving(body: &str) -> String {
    module(&format!("(func (export \"main\") {body} (call $savePostStateRoot (i32.const 0)))"))
}

#[track_caller]
pub(crate) fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the test's module is well-formed")
}

pub(crate) fn load(text: &str) -> Result<Ee, LoadError> {
    HOST.load(&wasm(text))
}

#[track_caller]
pub(crate) fn run(text: &str, block_data: &[u8]) -> Result<ExecutionOutput, ExecutionError> {
    load(text).expect("the test's module is acceptable").execute(&ExecutionInput::new(ROOT, block_data))
}

/// Checks that executing `main` with this body fails with this message.
#[track_caller]
pub(crate) fn check_failure(body: &str, expected: &str) {
    let error = run(&saving(body), b"block").expect_err("the execution fails");
    assert_eq!(outrider_host::chain(&error), expected);
}

/// Reads one of the built EEs.
#[track_caller]
pub(crate) fn blob(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees/blobs").join(name);
    let path = path.with_added_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
