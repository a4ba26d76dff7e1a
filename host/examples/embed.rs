//! Embeds the host: loads bazaar once, and executes blocks for many shards at the same time.
//!
//! `cargo run --release -p outrider-host --example embed`

use std::error::Error;
use std::io::Write;
use std::thread;

use outrider_host::{Context, Ee, ExecutionInput, Host, HostConfig, ShardIndex, StateRoot};

/// The root of bazaar's empty list of messages.
const EMPTY: StateRoot = StateRoot([
    0x22, 0xea, 0x9b, 0x04, 0x5f, 0x87, 0x92, 0x17, 0x0b, 0x45, 0xec, 0x62, 0x9c, 0x98, 0xe1, 0xb9, 0x2b,
    0xc6, 0xa1, 0x9c, 0xd8, 0xd0, 0xe9, 0xf3, 0x7b, 0xaa, 0xad, 0xf2, 0x56, 0x41, 0x42, 0xf4,
]);

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut std::io::stdout())
}

pub(crate) fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let host = Host::new(HostConfig::default())?;
    let ee = host.load(include_bytes!("../../ees/blobs/bazaar.wasm"))?;

    // One thread for each shard; the EE is compiled once and shared.
    let roots = thread::scope(|scope| {
        let shards = (0..4).map(|shard| {
            scope.spawn({
                let ee = &ee;
                move || append(ee, ShardIndex(shard))
            })
        });
        let shards: Vec<_> = shards.collect();
        shards.into_iter().map(|shard| shard.join().expect("a shard does not panic")).collect::<Vec<_>>()
    });
    for (shard, root) in roots.into_iter().enumerate() {
        writeln!(out, "shard {shard}: {}", root?)?;
    }

    // The EE refuses a block that does not match the state, and says why.
    let error = ee.execute(&block(StateRoot::default(), ShardIndex(0))).expect_err("the state is another");
    writeln!(out, "{:?} at fault: {}", error.fault(), error.refusal().unwrap_or("not a refusal"))?;
    Ok(())
}

/// Appends the shard's message to the empty list, and returns the new root.
fn append(ee: &Ee, shard: ShardIndex) -> Result<StateRoot, outrider_host::ExecutionError> {
    ee.execute(&block(EMPTY, shard)).map(|output| output.post_state_root)
}

/// Returns a block that adds one message, the shard's number, to an empty list.
fn block(pre_state_root: StateRoot, shard: ShardIndex) -> ExecutionInput {
    let mut block_data = vec![52, 0, 0, 0, 40, 0, 0, 0];
    block_data.extend(shard.0.to_le_bytes());
    block_data.extend([0; 32]);
    block_data.extend([4, 0, 0, 0, 0, 0, 0, 0]);
    let context = Context { shard, ..Context::default() };
    ExecutionInput { context, ..ExecutionInput::new(pre_state_root, block_data) }
}
