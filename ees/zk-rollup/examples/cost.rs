//! Prints a fixture for `outrider run`, whose blocks cost the fuel that the README's table has.
//!
//! ```text
//! cargo run --release --example cost > cost.yaml
//! outrider run cost.yaml
//! ```
//!
//! A comment before each block has what it is, with the lengths of witness and payload. Its proofs come from a known trapdoor, as in the
//! tests: a proof of a circuit costs the same.

#![allow(clippy::print_stdout, reason = "this is a program")]
#![allow(clippy::unwrap_used, reason = "a failure has to end the program")]

#[allow(dead_code, reason = "it is shared with the tests")]
#[path = "../tests/zk/rollup.rs"]
mod rollup;
#[path = "../tests/zk/trapdoor.rs"]
mod trapdoor;

use outrider_sdk::{StateRoot, harness::Provided, receipt::ReceivedReceipt};
use outrider_zk_rollup_core::Transfer;
use zk_rollup::{Genesis, Payload, Section};

use rollup::{Rollup, forced, genesis, index, message, new_account, transfer, trapdoor};

fn main() {
    println!("beacon_state:\n  execution_scripts:\n    - \"zk-rollup.wasm\"");
    println!(
        "shard_pre_state:\n  exec_env_states:\n    - \"{}\"\nshard_blocks:",
        hex(&StateRoot::default().0)
    );
    let keys = SIZES.map(|size| (size, trapdoor(size).key())).to_vec();
    let mut rollup =
        Rollup::of(Genesis { keys, ..genesis(0) }, |provided| print("genesis", 100, &[], provided));
    let block = |rollup: &mut Rollup, name: &str, receipts: &[ReceivedReceipt], payload: &Payload| {
        let slot = rollup.slot;
        let provided = rollup.accept_with(receipts, payload);
        print(name, slot, receipts, &provided);
    };
    let nothing = forced(0, vec![]);
    block(&mut rollup, "nothing", &[], &nothing);
    let new =
        |from: u32, n: u32| (from..from + n).map(|number| new_account(1_000_000, number)).collect::<Vec<_>>();
    block(&mut rollup, "1 deposit of a new account arrives", &new(1, 1), &nothing);
    block(&mut rollup, "127 more arrive", &new(2, 127), &nothing);
    block(&mut rollup, "128 arrive and bounce", &new(129, 128), &nothing);
    let place = |n_deposits| Section { n_deposits, ..Section::default() };
    let payload = rollup.sign(Section::default());
    block(&mut rollup, "an empty section", &[], &payload);
    let payload = rollup.sign(place(1));
    block(&mut rollup, "1 deposit gets its place", &[], &payload);
    let payload = rollup.sign(place(127));
    block(&mut rollup, "127 get their places", &[], &payload);
    let payload = rollup.sign(Section { exits: vec![rollup.exit(77, 0, 5, 1)], ..Section::default() });
    block(&mut rollup, "1 exit", &[], &payload);
    let exits = (1..=64).map(|number| rollup.exit(number, 0, 5, 1)).collect();
    let payload = rollup.sign(Section { exits, ..Section::default() });
    block(&mut rollup, "64 exits", &[], &payload);
    for (size, n) in [(8, 1), (8, 8), (30, 30), (60, 60), (120, 120)] {
        let transfers: Vec<Transfer> =
            (1..=n).map(|number| transfer(number, number % 128 + 1, 7, 1)).collect();
        let mut section = Section::default();
        rollup.add_batch(&mut section, size, &transfers);
        let payload = rollup.sign(section);
        block(&mut rollup, &format!("a batch of {size} with {n} transfers"), &[], &payload);
    }
    let mut section = Section { collector: Some(index(1)), ..Section::default() };
    for _ in 0..4 {
        rollup.add_batch(&mut section, 8, &[transfer(1, 2, 1, 0)]);
    }
    let payload = rollup.sign(section);
    block(&mut rollup, "4 batches of 8 with a transfer each", &[], &payload);
    block(&mut rollup, "1 deposit for an account arrives", &[message(1, &[0, 0, 1])], &nothing);
    rollup.slot += 100;
    let payload = forced(2, vec![]);
    block(&mut rollup, "2 deposits for an account get their places without the operator", &[], &payload);
    println!("shard_post_state:\n  exec_env_states:\n    - \"{}\"", hex(&rollup.provider.root().0));
}

const SIZES: [u16; 4] = [8, 30, 60, 120];

fn print(name: &str, slot: u64, receipts: &[ReceivedReceipt], provided: &Provided) {
    let data = &provided.block_data;
    let witness = data.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    let payload = data.len() - 4 - witness as usize;
    println!("  # {name}: witness {witness} bytes, payload {payload} bytes");
    println!("  - env: 0\n    data: \"{}\"\n    context: {{slot: {slot}}}", hex(data));
    if !receipts.is_empty() {
        println!("    receipts:");
    }
    for (sequence, ReceivedReceipt { source_shard, source_ee, value, payload, .. }) in
        receipts.iter().enumerate()
    {
        println!(
            "      - {{source_shard: {}, source_ee: {}, slot: 0, sequence: {sequence}, value: {value}, payload: \"{}\"}}",
            source_shard.0,
            source_ee.0,
            hex(payload)
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
