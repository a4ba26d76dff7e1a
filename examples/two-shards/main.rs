//! Two shards, each with an account EE and an EVM. State providers make blocks from users' transactions; proposers put
//! them on the shards; committees execute them without a state, and attest; crosslinks finalize them.
//!
//!     cargo run --release --example two-shards
//!
//! With `-- --receipt FILE`, it writes the life of a transfer between the shards, which anybody can verify from the root of a
//! beacon block:
//!
//!     outrider beacon receipt FILE --block-root ROOT

#![allow(clippy::print_stdout, reason = "an example prints")]

pub(crate) mod users;

use std::{error::Error, path::Path, sync::Arc};

use outrider_beacon::{
    admission::HostAdmission,
    ledger::{LedgerOperations, Settings, Settlement},
    registry::Rules,
};
use outrider_host::{Host, HostConfig};
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, MemoryCodes},
};
use outrider_sim::{Genesis, Setup, Shards, SimPreset, Simulation};
use users::{ACCOUNT, AccountUsers, EVM, EvmUsers};

type Preset = SimPreset<2>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(None),
        ["--receipt", file] => run(Some(Path::new(file))),
        _ => Err("usage: two-shards [--receipt FILE]".into()),
    }
}

/// Runs the chain, and writes the life of the transfer between shards to a file.
pub(crate) fn run(receipt: Option<&Path>) -> Result<(), Box<dyn Error>> {
    // The chain begins with both EEs, and ten users of each.
    let (host, mut codes) = (Host::new(HostConfig::default())?, MemoryCodes::default());
    let (accounts, evm) = (AccountUsers::new(10, &host)?, EvmUsers::new(10, &host)?);
    let ees = vec![accounts.ee(&[0, 1], &mut codes), evm.ee(&[0, 1], &mut codes)];
    let genesis = Genesis { n_validators: Preset::N_VALIDATORS, ees, ..Genesis::default() };

    // Executors have codes and nothing else; state providers have states.
    let settings = Settings::default();
    let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default())?;
    let shards = Arc::new(Shards::new(executor, 0));
    for shard in [0, 1] {
        shards.add(accounts.provider(shard)?);
        shards.add(evm.provider(shard)?);
    }

    let setup = Setup::one_view(genesis);
    let mut chain = Simulation::<Preset, _, _>::new(setup, Arc::clone(&shards), Arc::clone(&shards))?;
    let admission = HostAdmission::default();
    let rules = Rules {
        settings: &settings,
        admission: &admission,
        judge: shards.executor(),
        verify_signatures: true,
    };
    for round in 0..36 {
        let (user, nonce) = (round % 10, round / 10);
        for shard in [0, 1] {
            // One transfer goes from shard 0 to shard 1, with a fee for its delivery.
            let transfer = if (shard, round) == (0, 4) {
                accounts.package(shard, user, nonce, 1_000_000, accounts.to(1, user + 1, 10))
            } else {
                accounts.transfer(shard, user, nonce, user + 1)
            };
            shards.with(shard, ACCOUNT, |provider| provider.submit(transfer)).transpose()?;
            let transfer = evm.transfer(shard, user, nonce, user + 1);
            shards.with(shard, EVM, |provider| provider.submit(transfer)).transpose()?;
        }
        let blocks = chain.run_slot(&LedgerOperations::default(), rules)?;
        for block in blocks {
            for execution in &block.operations.executions {
                let fuel: Vec<_> = execution.header.transitions.iter().map(|ee| ee.fuel_used).collect();
                println!(
                    "slot {}: crosslinked shard {}, fuel of EEs {fuel:?}",
                    execution.slot, execution.shard
                );
                for lane in &execution.header.lanes {
                    println!("  it sends {} Gwei to shard {}", lane.value, lane.destination_shard);
                }
                for settlement in &execution.header.settlements {
                    let Settlement { source_shard, value, fees, .. } = settlement;
                    println!("  it receives {value} Gwei from shard {source_shard}, and its proposer {fees}");
                }
            }
        }
    }
    let store = chain.views()[0].node().store();
    let finalized = store.finalized_checkpoint;
    println!("finalized epoch {}; {:?}", finalized.epoch, shards.executor().executions());
    if let Some(file) = receipt {
        let life = shards.receipt_life((0, 1), 0, &finalized.root)?;
        std::fs::write(file, life)?;
        println!("wrote {}, which rests on beacon block {}", file.display(), finalized.root);
    }
    Ok(())
}
