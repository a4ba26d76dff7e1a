//! Prints a fixture for `outrider run`: a chain of blocks, with the proofs that a state provider makes.
//!
//! ```text
//! cargo run --example fixture -- signet tests/data/signet-blocks.txt > signet.yaml
//! ```

#![allow(clippy::print_stdout, reason = "this is a program")]

use std::{env, error::Error, fs};

use outrider_sdk::{
    StateRoot,
    harness::{Provided, StateProvider},
};
use utxo::{Network, Payload, execute};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [network, file] = arguments.as_slice() else { return Err(USAGE.into()) };
    let network = match network.as_str() {
        "main" => Network::Main,
        "test" => Network::Test,
        "signet" => Network::Signet,
        "regtest" => Network::Regtest,
        "shard" => Network::Shard,
        _ => return Err(USAGE.into()),
    };
    let mut provider = StateProvider::new();
    println!("# Blocks of {network:?}, made by ees/utxo/examples/fixture.rs.");
    println!("beacon_state:\n  execution_scripts:\n    - \"utxo.wasm\"");
    println!("shard_pre_state:\n  exec_env_states:\n    - \"{}\"", root(provider.root()));
    println!("shard_blocks:");
    print_block(&advance(&mut provider, &Payload::Genesis(network))?);
    // The first line is the genesis block, which is not executed.
    for line in fs::read_to_string(file)?.lines().skip(1) {
        let block = parse(line).ok_or_else(|| format!("{file}: a line is not hex"))?;
        print_block(&advance(&mut provider, &Payload::Block(block.into()))?);
    }
    println!("shard_post_state:\n  exec_env_states:\n    - \"{}\"", root(provider.root()));
    Ok(())
}

fn advance(provider: &mut StateProvider, payload: &Payload<'_>) -> Result<Provided, Box<dyn Error>> {
    let provided = provider.provide(&[payload.to_bytes()], execute);
    let provided = provided.map_err(|failure| outrider_sdk::chain(&failure))?;
    provider.apply(&provided);
    Ok(provided)
}

fn print_block(provided: &Provided) {
    println!("  - env: 0\n    data: \"{}\"", hex(&provided.block_data));
}

fn root(root: StateRoot) -> String {
    hex(&root.0)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse(hex: &str) -> Option<Vec<u8>> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

const USAGE: &str = "usage: fixture NETWORK FILE, with a network of main, test, signet, regtest or shard, and a file with a \
                     block in hex on each line, beginning with genesis";
