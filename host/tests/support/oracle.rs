//! Properties that must hold for any bytes; `fuzz/` searches for counterexamples.

#![allow(dead_code, reason = "each user has its own part")]

#[path = "deep/mod.rs"]
mod deep;
#[path = "random.rs"]
pub(crate) mod random;

use std::path::PathBuf;
use std::sync::LazyLock;

use outrider_host::{
    DiskCache, Ee, EngineKind, ExecutionInput, Host, HostConfig, Limits, ReceivedReceipt, StateRoot,
    summarize,
};

/// Limits that are soon reached.
const LIMITS: Limits = Limits {
    module_bytes_max: 1 << 20,
    memory_pages_max: 16,
    memory_pages_near: 8,
    memory_far_factor: 16,
    code_bytes_near: 16 << 20,
    floats: true,
    table_elements_max: 1000,
    ticks_max: 1_000,
    deposits_max: 3,
    fuel_max: 3_000_000,
    stack_slots_max: 10_000,
    block_data_bytes_max: 1 << 20,
    unsaved_root: outrider_host::UnsavedRoot::Refused,
};

fn config(engine: EngineKind) -> HostConfig {
    HostConfig {
        limits: LIMITS,
        engine,
        ees_kept_max: 0,
        concurrent_executions_max: 1,
        ..HostConfig::default()
    }
}

fn host(config: HostConfig) -> Host {
    Host::new(config).expect("the engine takes this configuration")
}

/// Checks that any bytes are refused, or are an EE that runs without a fault of the host.
pub(crate) fn load(bytes: &[u8]) {
    static HOST: LazyLock<Host> = LazyLock::new(|| host(config(EngineKind::Wasmtime)));
    let summary = summarize(bytes, &LIMITS);
    match HOST.load(bytes) {
        Ok(ee) => {
            assert!(summary.refusals.is_empty(), "it was loaded, but: {:?}", summary.refusals);
            check_execution(&ee, u64::MAX);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Checks that an EE made of any bytes has the same outcome on both engines, with enough fuel and with too little.
///
/// The first four bytes choose a generator, set wasm-smith up and choose the budget; the others are the generator's choices.
#[cfg(feature = "wasmer")]
pub(crate) fn engines(bytes: &[u8]) {
    static HOST: LazyLock<Host> = LazyLock::new(|| host(config(EngineKind::Both)));
    let Some(([settings, budget @ ..], choices)) = bytes.split_first_chunk::<4>() else { return };
    let loaded = if settings & DEEP == DEEP {
        let deep::DeepEe { code, library } = deep::deep_ee(&mut arbitrary::Unstructured::new(choices));
        let libraries: Vec<_> =
            library.iter().map(|code| outrider_host::Library { name: "lib", code }).collect();
        HOST.load_with_libraries(&code, &libraries).ok()
    } else {
        smith_module(*settings, choices).and_then(|module| HOST.load(&random::as_ee(&module)).ok())
    };
    let Some(ee) = loaded else { return };
    let fuel_used = check_execution(&ee, u64::MAX);
    let budget = u64::from(u32::from_le_bytes([budget[0], budget[1], budget[2], 0]));
    check_execution(&ee, budget % (fuel_used + 1));
}

/// The settings that choose the generator of deep calls.
#[cfg(feature = "wasmer")]
const DEEP: u8 = 0b1100_0000;

#[cfg(feature = "wasmer")]
fn smith_module(settings: u8, choices: &[u8]) -> Option<Vec<u8>> {
    let config = wasm_smith::Config {
        disallow_traps: settings & 1 == 0,
        reference_types_enabled: settings & 2 == 0,
        simd_enabled: settings & 4 == 0,
        ..random::config()
    };
    // Wasm-smith needs more bytes than there are.
    let steps_max = (settings & 8 == 0).then_some(100);
    random::random_module(config, steps_max, choices).ok()
}

/// Checks that a damaged cache file counts as missing: the EE is compiled again.
///
/// The bytes describe the damage: two for the end of the file, then five for each changed byte, four of them its
/// distance from the end, where the footer is.
pub(crate) fn cache(bytes: &[u8]) {
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::new);
    let Some((end, changes)) = bytes.split_first_chunk() else { return };
    let mut damaged = CACHE.contents.clone();
    if let end @ 1.. = usize::from(u16::from_le_bytes(*end)) {
        damaged.truncate(damaged.len() * end / usize::from(u16::MAX));
    }
    for change in changes.as_chunks::<5>().0 {
        let place = u32::from_le_bytes([change[0], change[1], change[2], change[3]]) as usize;
        let n = damaged.len().max(1);
        if let Some(byte) = damaged.iter_mut().nth_back(place % n) {
            *byte = change[4];
        }
    }
    std::fs::write(&CACHE.file, &damaged).expect("the file can be written");
    let output = CACHE.host.load(&CACHE.code).expect("the EE can be compiled").execute(&input());
    assert_eq!(output.expect("the EE returns").post_state_root, StateRoot([0x11; 32]));
    assert_eq!(std::fs::read(&CACHE.file).expect("it is there"), CACHE.contents, "it is not rewritten");
}

/// A host with one EE in its cache.
struct Cache {
    _directory: tempfile::TempDir,
    host: Host,
    code: Vec<u8>,
    file: PathBuf,
    contents: Vec<u8>,
}

impl Cache {
    fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        // Whatever the umask: a cache is not opened in a directory to which others can write.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let directory = builder.tempdir().expect("a directory can be made");
        let cache = DiskCache::open(&directory.path().join("cache")).expect("it is private");
        let config = HostConfig { cache: Some(cache.clone()), ..config(EngineKind::Wasmtime) };
        let host = host(config);
        let text = r#"(module (import "eth2" "savePostStateRoot" (func $save (param i32)))
            (memory (export "memory") 1)
            (func (export "main") (memory.fill (i32.const 0) (i32.const 0x11) (i32.const 32))
                (call $save (i32.const 0))))"#;
        let code = wat::parse_str(text).expect("it is well-formed");
        host.load(&code).expect("it is an EE");
        let mut files = std::fs::read_dir(cache.directory()).expect("it is there");
        let file = files.next().expect("there is a file").expect("it can be read").path();
        let contents = std::fs::read(&file).expect("it can be read");
        Self { _directory: directory, host, code, file, contents }
    }
}

fn input() -> ExecutionInput {
    let receipt =
        |payload: &[u8]| ReceivedReceipt { payload: payload.to_vec(), ..ReceivedReceipt::default() };
    let receipts = std::sync::Arc::from([receipt(b""), receipt(b"a payload")]);
    ExecutionInput { receipts, ..ExecutionInput::new(StateRoot([0x22; 32]), b"block data".as_slice()) }
}

/// Executes an EE, and returns its fuel.
fn check_execution(ee: &Ee, fuel_max: u64) -> u64 {
    match ee.execute_within(&input(), fuel_max) {
        Ok(output) => output.fuel_used,
        Err(error) => {
            assert!(error.fault().is_verdict(), "{error}");
            error.fuel_used
        }
    }
}
