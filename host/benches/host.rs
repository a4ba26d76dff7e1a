//! The cost of loading and executing an EE.
//!
//! - `compile`: from a blob to a loaded EE.
//! - `load`: the same, with the compiled code in the cache on disk.
//! - `execute`: one execution of a loaded EE, a fresh instance included.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use outrider_host::{DiskCache, Ee, ExecutionInput, Host, HostConfig, StateRoot};

fn blob(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees/blobs").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns a host that caches nothing, so that each load compiles.
fn host() -> Host {
    let config = HostConfig { ees_kept_max: 0, ..HostConfig::default() };
    Host::new(config).expect("the configuration is fine")
}

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    let host = host();
    for name in ["helloworld", "bazaar"] {
        let code = blob(&format!("{name}.wasm"));
        group.bench_function(name, |bencher| bencher.iter(|| host.load(black_box(&code)).expect("it loads")));
    }
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let cache = DiskCache::open(&directory.path().join("cache")).expect("it is ours alone");
    let config = HostConfig { cache: Some(cache), ees_kept_max: 0, ..HostConfig::default() };
    let host = Host::new(config).expect("the configuration is fine");
    for name in ["helloworld", "evm"] {
        let code = blob(&format!("{name}.wasm"));
        host.load(&code).expect("it loads");
        group.bench_function(name, |bencher| bencher.iter(|| host.load(black_box(&code)).expect("it loads")));
    }
}

fn execute(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("execute");
    let host = host();
    let load = |name: &str| host.load(&blob(name)).expect("it loads");
    let mut bench = |name: &str, ee: &Ee, input: &ExecutionInput| {
        group.bench_function(name, |bencher| bencher.iter(|| ee.execute(black_box(input)).expect("it runs")));
    };

    let minimal = wat::parse_str(
        r#"(module
            (import "eth2" "savePostStateRoot" (func $save (param i32)))
            (memory (export "memory") 1)
            (func (export "main") (call $save (i32.const 0))))"#,
    );
    let minimal = host.load(&minimal.expect("it is well-formed")).expect("it loads");
    bench("minimal", &minimal, &ExecutionInput::new(StateRoot::default(), vec![]));
    bench("helloworld", &load("helloworld.wasm"), &ExecutionInput::new(StateRoot::default(), vec![]));

    // The block of scout's bazaar.yaml: two messages onto an empty list.
    let mut block_data = hex::decode("5c00000050000000").expect("it is hex");
    for (timestamp, byte) in [(1u64, 0u8), (2, 1)] {
        block_data.extend(timestamp.to_le_bytes());
        block_data.extend([byte; 32]);
    }
    block_data.extend([4, 0, 0, 0, 0, 0, 0, 0]);
    let root = hex::decode("22ea9b045f8792170b45ec629c98e1b92bc6a19cd8d0e9f37baaadf2564142f4");
    let root = StateRoot(root.expect("it is hex").try_into().expect("it has 32 bytes"));
    bench("bazaar", &load("bazaar.wasm"), &ExecutionInput::new(root, block_data));
}

criterion_group!(benches, compile, load, execute);
criterion_main!(benches);
