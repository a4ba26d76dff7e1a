//! A block of 200 transfers among 1,000 accounts, `examples/account.yaml`: the account EE as wasm, and the same code native.
//!
//! - `transfers/wasm`: the work of an executor, checking witness and signatures.
//! - `transfers/native`: the EE's function in the SDK's harness, with the same crypto functions.
//!
//! Criterion reports transfers per second.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use outrider_host::{ExecutionInput, Host, HostConfig, StateRoot};
use outrider_sdk::harness::Execution;

const N_TRANSFERS: u64 = 200;

struct Block {
    pre_state_root: [u8; 32],
    block_data: Vec<u8>,
    post_state_root: [u8; 32],
}

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads the hex values of the fixture: a root, block data, a root.
fn block() -> Block {
    let fixture = String::from_utf8(read("examples/account.yaml")).expect("a fixture is text");
    let mut values = fixture.lines().filter_map(|line| hex::decode(line.split('"').nth(1)?).ok());
    let mut next = || values.next().expect("the fixture has a block between two roots");
    let root = |value: Vec<u8>| value.try_into().expect("a root has 32 bytes");
    Block { pre_state_root: root(next()), block_data: next(), post_state_root: root(next()) }
}

fn transfers(criterion: &mut Criterion) {
    let Block { pre_state_root, block_data, post_state_root } = block();
    let mut group = criterion.benchmark_group("transfers");
    group.throughput(Throughput::Elements(N_TRANSFERS)).sample_size(20);

    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    let ee = host.load(&read("ees/blobs/account.wasm")).expect("it loads");
    let input = ExecutionInput::new(StateRoot(pre_state_root), block_data.clone());
    group.bench_function("wasm", |bencher| {
        bencher.iter(|| {
            let output = ee.execute(&input).expect("the block is valid");
            assert_eq!(output.post_state_root.0, post_state_root);
        });
    });

    let execution = Execution::new(StateRoot(pre_state_root)).block_data(block_data);
    group.bench_function("native", |bencher| {
        bencher.iter(|| {
            let outcome = execution.clone().run(account::execute).expect("the block is valid");
            assert_eq!(outcome.post_state_root.0, post_state_root);
        });
    });
}

criterion_group!(benches, transfers);
criterion_main!(benches);
