//! The blob of the EVM EE.

#![allow(clippy::print_stderr, reason = "a test says what it leaves out")]

use std::sync::LazyLock;

use outrider_host::{Ee, EngineKind, Host, HostConfig};

static CODE: &[u8] = include_bytes!("../../../../ees/blobs/evm.wasm");

/// The EE of providers.
pub(crate) static EE: LazyLock<Ee> = LazyLock::new(|| load(EngineKind::Wasmtime));

/// The EE of shards, on both engines if they are there, which fails if they differ in anything, including fuel.
pub(crate) static SHARD_EE: LazyLock<Ee> = LazyLock::new(|| {
    let is_there = EngineKind::Both.is_compiled_in();
    if !is_there {
        eprintln!("the blocks are executed on one engine: the feature `wasmer` is off");
    }
    load(if is_there { EngineKind::Both } else { EngineKind::Wasmtime })
});

fn load(engine: EngineKind) -> Ee {
    Host::new(HostConfig { engine, ..HostConfig::default() }).unwrap().load(CODE).unwrap()
}
