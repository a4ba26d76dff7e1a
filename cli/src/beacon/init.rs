//! `outrider beacon init` creates a chain.

use std::io::Write as _;

use outrider_beacon::store::{Retention, Store};
use outrider_beacon_spec::{
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal},
};
use outrider_sim::{ChainPhase, Genesis, GenesisError};
use serde_json::json;

use super::{
    Common,
    session::{self, DESCRIPTION, Description, PhaseNumber, PresetName},
};
use crate::{
    Verdict,
    output::{self, Plain, Summary},
};

/// Create a chain of simulated validators, which are all honest and online.
///
/// The same options create the same chain, block by block.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// The preset of the specification's constants.
    #[arg(long, value_enum, default_value = "minimal")]
    preset: PresetName,
    /// The phase of the specification.
    #[arg(long, value_enum, default_value = "1")]
    phase: PhaseNumber,
    /// The number of validators. The last one is the faucet, with a million ETH. A chain has at least one validator for each slot of
    /// an epoch; at most, 2048 for each committee of an epoch.
    #[arg(long, value_name = "N", default_value_t = 64)]
    validators: u64,
    /// The seed of the chain's randomness.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Keep all blocks, and the state of each finalized checkpoint. Without this option, only the headers of blocks before
    /// finality are kept.
    #[arg(long)]
    keep_all: bool,
}

/// The balance of the faucet, in Gwei: a million ether.
const FAUCET_BALANCE: u64 = 1_000_000_000_000_000;

pub(super) fn init(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match (arguments.preset, arguments.phase) {
        (PresetName::Minimal, PhaseNumber::Zero) => make::<Phase0<Minimal>>(arguments),
        (PresetName::Minimal, PhaseNumber::One) => make::<Phase1<Minimal>>(arguments),
        (PresetName::Mainnet, PhaseNumber::Zero) => make::<Phase0<Mainnet>>(arguments),
        (PresetName::Mainnet, PhaseNumber::One) => make::<Phase1<Mainnet>>(arguments),
    }
}

fn make<P: ChainPhase>(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Arguments { common, preset, phase, validators, seed, keep_all } = arguments;
    let description = Description { preset: *preset, phase: *phase, validators: *validators, seed: *seed };
    let rich = Some((description.faucet(), FAUCET_BALANCE));
    let genesis = Genesis { n_validators: *validators, seed: *seed, rich, ees: Vec::new() };
    let (node, _) = genesis.node::<P>().map_err(|error| match error {
        GenesisError::Validators { .. } => anyhow::anyhow!("--validators: {error}"),
        error => error.into(),
    })?;
    let retention = if *keep_all { Retention::All } else { Retention::Finality };
    let name = common.data_dir.display().to_string();
    let notes = [(DESCRIPTION, &*serde_json::to_string(&description)?)];
    Store::create(&common.data_dir, &node, &notes, retention)
        .map_err(|error| session::with_remedy(&common.data_dir, error))?;
    let root = node.head()?;
    if common.json {
        let document = json!({
            "data_dir": name,
            "chain": description,
            "genesis_root": root.to_string(),
            "faucet": description.faucet(),
        });
        output::json(document, &Summary::one(Verdict::Holds))?;
    } else {
        let mut out = output::stdout();
        writeln!(out, "{}: a chain of {validators} validators", Plain(name))?;
        writeln!(out, "  genesis  {root}")?;
        writeln!(out, "  faucet   validator {}", description.faucet())?;
    }
    Ok(Verdict::Holds)
}
