//! Setting a scenario up.

use std::{collections::BTreeSet, sync::Arc};

use outrider_beacon::ledger::Settings;
use outrider_beacon_spec::{
    preset::Preset,
    types::{Slot, ValidatorIndex},
};
use outrider_host::{Host, HostConfig};
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, MemoryCodes},
};
use outrider_sim::{
    Fault, Genesis, Members, Network, Partition, Setup, Shards, Simulation, Split, ViewSetup,
    random::{random, shuffle},
};

use super::{World, account::Checked};
use crate::{
    error::RunError,
    file::{FaultKind, FaultSpec, RulesSpec, Scenario, ViewSpec},
    laboratory::Laboratory,
    population::Inhabited,
    report::Summary,
    run::Options,
    tally::Sums,
    tamper::Tampered,
    traffic::{Nonces, Stream},
};

/// Sets a scenario up.
pub(super) fn world<C: Preset>(scenario: &Scenario, options: Options<'_>) -> Result<World<C>, RunError> {
    let config = HostConfig { engine: scenario.engine.into(), ..HostConfig::default() };
    let host = Host::new(config).map_err(RunError::Host)?;
    let mut codes = MemoryCodes::default();
    let ees = inhabited(scenario, options, &host, &mut codes)?;
    let settings = settings(&scenario.rules);
    let config = ExecutorConfig { n_threads: options.threads, ..ExecutorConfig::default() };
    let executor = Executor::new(host, codes, settings.clone(), &config)?;
    let shards = Arc::new(Shards::new(executor, scenario.rules.byte_price));
    for ee in &ees {
        for shard in &ee.shards {
            let provider = ee.users.provider(*shard);
            let provider = provider.map_err(|source| RunError::Genesis { ee: ee.name.clone(), source })?;
            shards.add(provider);
        }
    }
    let tampered = Arc::new(Tampered::new(shards, scenario));
    let setup = setup(scenario, &ees);
    let simulation = Simulation::new(setup, Arc::clone(&tampered), Arc::clone(&tampered))?;
    Ok(World {
        scenario: scenario.clone(),
        ees,
        settings,
        tampered,
        simulation,
        streams: Stream::all(scenario),
        laboratory: Laboratory::new(scenario),
        nonces: Nonces::default(),
        blocks: Default::default(),
        heads: Vec::new(),
        rows: Vec::new(),
        reorgs: Vec::new(),
        checked: Checked::default(),
        violations: Vec::new(),
    })
}

fn inhabited(
    scenario: &Scenario,
    options: Options<'_>,
    host: &Host,
    codes: &mut MemoryCodes,
) -> Result<Vec<Inhabited>, RunError> {
    let ee = |(index, spec): (u32, &crate::file::EeSpec)| {
        let code = spec.blob.as_ref().map(|blob| options.read(blob)).transpose();
        let code = code.map_err(|error| RunError::Code { ee: spec.name.clone(), source: error })?;
        let style = scenario.traffic.iter().find(|entry| entry.ee == spec.name).and_then(|entry| entry.style);
        Inhabited::new(index, spec, code, (scenario.preset.shards, style), (host, codes))
    };
    (0..).zip(&scenario.ees).map(ee).collect()
}

fn settings(rules: &RulesSpec) -> Settings {
    let default = Settings::default();
    Settings {
        window: rules.window.unwrap_or(default.window),
        challenge_slots: rules.challenge_slots.unwrap_or(default.challenge_slots),
        assumptions_max: rules.assumptions_max.unwrap_or(default.assumptions_max),
        fuel_per_ee_max: rules.fuel_per_ee_max.unwrap_or(default.fuel_per_ee_max),
        fuel_per_block_max: rules.fuel_per_block_max.unwrap_or(default.fuel_per_block_max),
        ..default
    }
}

fn setup(scenario: &Scenario, ees: &[Inhabited]) -> Setup {
    let genesis = Genesis {
        n_validators: scenario.n_validators(),
        seed: scenario.seed,
        ees: ees.iter().map(|ee| ee.genesis.clone()).collect(),
        ..Genesis::default()
    };
    let view = |view: &ViewSpec| ViewSetup {
        lag_ms: view.lag_ms,
        ..ViewSetup::new(&view.name, Members::Share(view.share))
    };
    let views = match &*scenario.views {
        [] => vec![ViewSetup::new("all", Members::Share(1))],
        views => views.iter().map(view).collect(),
    };
    let partitions = scenario.faults.iter().filter(|fault| fault.kind == FaultKind::Partition);
    let partition = |fault: &FaultSpec| Partition {
        from: fault.at,
        until: fault.at.saturating_add(fault.slots),
        side: places(scenario, fault),
    };
    let network = Network {
        latency_ms: scenario.network.latency_ms,
        jitter_ms: scenario.network.jitter_ms,
        partitions: partitions.map(partition).collect(),
    };
    Setup {
        genesis,
        views,
        network,
        faults: scenario.faults.iter().enumerate().flat_map(|fault| faults(scenario, fault)).collect(),
        signatures: scenario.preset.signatures.into(),
        ..Setup::default()
    }
}

/// Returns the places of a fault's views.
fn places(scenario: &Scenario, fault: &FaultSpec) -> BTreeSet<usize> {
    fault.views.iter().flatten().filter_map(|view| scenario.view(view)).collect()
}

/// Returns the faults of the simulation in a fault of the scenario.
fn faults(scenario: &Scenario, (index, fault): (usize, &FaultSpec)) -> Vec<Fault> {
    let slots = fault.at..fault.at.saturating_add(fault.slots);
    let shard = fault.shard.unwrap_or_default();
    let delay_ms = fault.delay_ms.unwrap_or_default();
    let split = || Split { second_to: places(scenario, fault), delay_ms };
    let known_to = || places(scenario, fault);
    let in_slot = |slot: Slot| match fault.kind {
        FaultKind::MissingBeaconBlock => Some(Fault::MissingBeaconBlock { slot }),
        FaultKind::MissingShardBlock => Some(Fault::MissingShardBlock { shard, slot }),
        FaultKind::LateBeaconBlock => Some(Fault::LateBeaconBlock { slot, delay_ms }),
        FaultKind::LateShardBlock => Some(Fault::LateShardBlock { shard, slot, delay_ms }),
        FaultKind::WithheldShardBlock => {
            Some(Fault::WithheldShardBlock { shard, slot, known_to: known_to() })
        }
        FaultKind::WithheldAttestations => Some(Fault::WithheldAttestations { slot, known_to: known_to() }),
        FaultKind::BeaconEquivocation => Some(Fault::BeaconEquivocation { slot, split: split() }),
        FaultKind::ShardEquivocation => Some(Fault::ShardEquivocation { shard, slot, split: split() }),
        // The others are no faults of the simulation, or last for several slots.
        _ => None,
    };
    if fault.kind == FaultKind::Offline {
        let validators = drawn(scenario, index, fault.share.unwrap_or_default());
        return vec![Fault::Offline { validators, slots }];
    }
    slots.filter_map(in_slot).collect()
}

/// Draws a share of the validators.
fn drawn(scenario: &Scenario, index: usize, share: f64) -> BTreeSet<ValidatorIndex> {
    let mut all: Vec<_> = (0..scenario.n_validators()).collect();
    shuffle(&mut random(scenario.seed, index, "offline"), &mut all);
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a number of validators is a number of validators"
    )]
    let n = (all.len() as f64 * share).round() as usize;
    all.into_iter().take(n).collect()
}

impl<C: Preset> World<C> {
    /// Returns the end of a run, without what follows from receipts.
    pub(super) fn summary(&self, sums: Sums) -> Summary {
        let mut summary = Summary {
            heads: self.heads.iter().map(|root| format!("{root:x}")).collect(),
            n_tampered: self.tampered.n_tampered(),
            sums,
            ..Summary::default()
        };
        let executions = self.tampered.shards.executor().executions();
        (summary.executions_asked, summary.executions_made) = (executions.asked, executions.made);
        let Some(Ok((_, head))) = self.simulation.views().first().map(outrider_sim::View::head) else {
            return summary;
        };
        summary.ledger_root = format!("{:x}", head.ledger.root());
        summary.slashed = head.state.validators.iter().filter(|validator| validator.slashed).count() as u64;
        for (index, ee) in self.ees.iter().enumerate() {
            let of_ee = summary.state_roots.entry(ee.name.clone()).or_default();
            for shard in &ee.shards {
                let of_shard = usize::try_from(*shard).ok().and_then(|shard| head.ledger.shards().get(shard));
                let state = of_shard.and_then(|shard| shard.ees().get(index));
                of_ee.extend(state.map(|state| (*shard, format!("{:x}", state.state_root))));
            }
        }
        summary
    }
}
