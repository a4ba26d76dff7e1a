//! `outrider beacon init` creates a chain.

use std::io::Write as _;

use outrider_beacon::{
    ledger::{CHALLENGE_SLOTS_MAX, MESSAGES_MAX},
    store::{Retention, Store},
};
use outrider_beacon_spec::{
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal},
    types::Gwei,
};
use outrider_sim::{ChainPhase, Genesis, GenesisError};
use serde_json::json;

use super::{
    Common,
    session::{self, DESCRIPTION, Description, EtherName, PhaseNumber, PresetName},
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
    /// The rent of an EE for each epoch in which it is awake, in Gwei, which its deposit pays. An EE with less than 32 ETH left hibernates
    /// from the next epoch on.
    #[arg(long, value_name = "GWEI", default_value_t = 0)]
    rent_per_epoch: Gwei,
    /// The party that vouches for the ether of EEs on shards.
    #[arg(long, value_enum, default_value = "ledger")]
    ether: EtherName,
    /// The slots for which an execution can be challenged after its crosslink, before it counts. With 0, it counts at once. At most
    /// 64.
    #[arg(long, value_name = "SLOTS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=CHALLENGE_SLOTS_MAX))]
    challenge_slots: u64,
    /// The most messages in flight on a lane between two shards, from 1 to 512. With 1, messages arrive strictly in order, and the
    /// first keeps the others waiting.
    #[arg(long, value_name = "N", default_value_t = MESSAGES_MAX, value_parser = clap::value_parser!(u64).range(1..=MESSAGES_MAX))]
    window: u64,
    /// Keep all blocks, and the state of each finalized checkpoint. Without this option, only the headers of blocks before
    /// finality are kept.
    #[arg(long)]
    keep_all: bool,
}

impl Arguments {
    fn description(&self) -> Description {
        Description {
            preset: self.preset,
            phase: self.phase,
            validators: self.validators,
            seed: self.seed,
            rent_per_epoch_gwei: self.rent_per_epoch,
            ether: self.ether,
            challenge_slots: self.challenge_slots,
            window: self.window,
        }
    }
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
    let Arguments { common, validators, keep_all, .. } = arguments;
    let description = arguments.description();
    let rich = Some((description.faucet(), FAUCET_BALANCE));
    let (seed, ether) = (description.seed, description.ether());
    let genesis = Genesis { n_validators: *validators, seed, rich, ees: Vec::new(), ether };
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
        if let Some(settings) = description.unusual_settings() {
            writeln!(out, "  settings {settings}")?;
        }
    }
    Ok(Verdict::Holds)
}
