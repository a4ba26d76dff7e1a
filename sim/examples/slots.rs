//! Measures slots of a simulated chain with 64 shards and 2,048 validators, with and without signatures:
//!
//!     cargo run --release -p outrider-sim --example slots

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::{error::Error, time::Instant};

use outrider_beacon::{
    ledger::{LedgerOperations, NoExecution, Settings},
    registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
};
use outrider_beacon_spec::preset::Preset;
use outrider_sim::{EmptyShardBlocks, Genesis, Setup, SignatureMode, SimPreset, Simulation};

type C = SimPreset<64>;

/// Admits nothing, as nothing is deployed.
struct Nobody;

impl Admission for Nobody {
    fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
        Err(Refusal("nothing is admitted".to_owned()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::default();
    let rules = Rules { settings: &settings, admission: &Nobody, judge: &NoJudge, verify_signatures: true };
    for signatures in [SignatureMode::Real, SignatureMode::Trusted] {
        let genesis = Genesis { n_validators: C::N_VALIDATORS, seed: 1, ..Genesis::default() };
        let setup = Setup { signatures, ..Setup::one_view(genesis) };
        let mut simulation = Simulation::<C, _, _>::new(setup, EmptyShardBlocks, NoExecution)?;
        let n_slots = 2 * C::SLOTS_PER_EPOCH;
        let start = Instant::now();
        let mut n_crosslinked = 0;
        for _ in 0..n_slots {
            for block in simulation.run_slot(&LedgerOperations::default(), rules)? {
                n_crosslinked += block.operations.executions.len();
            }
        }
        let ms = start.elapsed().as_millis() as u64 / n_slots;
        println!(
            "{signatures:?} signatures: {ms} ms a slot, {n_crosslinked} shard blocks crosslinked in {n_slots} slots"
        );
    }
    Ok(())
}
