//! Opens the chain in a directory.

use std::path::Path;

use anyhow::Context as _;
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{EeIndex, Ether, ExtendedBlock, LedgerError, LedgerOperations, MESSAGES_MAX, Settings},
    registry::{NoJudge, Rules},
    store::{DiskError, Store, StoreError, UnloadedStore},
};
use outrider_beacon_spec::{
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal},
    types::{Gwei, ValidatorIndex},
};
use outrider_sim::{Chain, ChainPhase, Keys};
use serde::{Deserialize, Serialize};

use super::ether;
use crate::Verdict;

/// The options with which a chain was created.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    pub(super) preset: PresetName,
    pub(super) phase: PhaseNumber,
    pub(super) validators: u64,
    pub(super) seed: u64,
    pub(super) rent_per_epoch_gwei: Gwei,
    pub(super) ether: EtherName,
    pub(super) challenge_slots: u64,
    /// Chains of earlier versions do not state it.
    #[serde(default = "usual_window")]
    pub(super) window: u64,
}

fn usual_window() -> u64 {
    MESSAGES_MAX
}

/// The party that vouches for the ether of EEs on shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(super) enum EtherName {
    /// The ledger, which keeps the ether and the state root of each EE on each shard.
    Ledger,
    /// Committees alone: the ledger is thin and keeps only the execution root of each shard.
    Committee,
}

/// A preset of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(super) enum PresetName {
    /// The preset for tests, with 8 slots in an epoch and 2 shards.
    Minimal,
    /// The preset of the specification's text, with 32 slots in an epoch and 64 shards.
    Mainnet,
}

/// A phase of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub(super) enum PhaseNumber {
    /// Without shard blocks.
    #[value(name = "0")]
    #[serde(rename = "0")]
    Zero,
    /// With shard blocks, which execute no EE.
    #[value(name = "1")]
    #[serde(rename = "1")]
    One,
}

impl Description {
    /// Returns the validator that pays the deposits of EEs by default.
    pub(super) fn faucet(&self) -> ValidatorIndex {
        self.validators.saturating_sub(1)
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            rent_per_epoch: self.rent_per_epoch_gwei,
            ether: self.ether(),
            challenge_slots: self.challenge_slots,
            window: self.window,
            faucet: Some(self.faucet()),
            ..Settings::default()
        }
    }

    pub(super) fn ether(&self) -> Ether {
        match self.ether {
            EtherName::Ledger => Ether::Ledger,
            EtherName::Committee => Ether::Committee,
        }
    }

    /// Returns the settings that are not the usual ones in a sentence, if there are any.
    pub(super) fn unusual_settings(&self) -> Option<String> {
        let rent = (self.rent_per_epoch_gwei > 0)
            .then(|| format!("EEs pay a rent of {} an epoch", ether(self.rent_per_epoch_gwei)));
        let committee = (self.ether == EtherName::Committee)
            .then(|| "committees alone vouch for the ether of EEs".to_owned());
        let challenges = (self.challenge_slots > 0).then(|| {
            let noun = if self.challenge_slots == 1 { "slot" } else { "slots" };
            format!("executions can be challenged for {} {noun}", self.challenge_slots)
        });
        let window = (self.window != MESSAGES_MAX).then(|| {
            let nouns = if self.window == 1 { "message is" } else { "messages are" };
            format!("at most {} {nouns} in flight on a lane", self.window)
        });
        let all: Vec<_> = [rent, committee, challenges, window].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// The name of the note that contains the description.
pub(super) const DESCRIPTION: &str = "chain";

/// A command on a chain of any preset and phase.
pub(super) trait Action {
    /// Whether the command leaves the chain as it is. Then it needs no right to write, and other readers may run beside it.
    const IS_READ_ONLY: bool = false;

    fn run<P: ChainPhase>(&self, session: Session<P>) -> anyhow::Result<Verdict>;
}

/// An open chain.
pub(super) struct Session<P: ChainPhase> {
    pub(super) description: Description,
    pub(super) chain: Chain<P>,
    pub(super) store: Store<P>,
    pub(super) settings: Settings,
    pub(super) admission: HostAdmission,
}

/// Opens the chain in a directory and runs a command on it.
pub(super) fn with_chain<A: Action>(data_dir: &Path, action: &A) -> anyhow::Result<Verdict> {
    let open = if A::IS_READ_ONLY { UnloadedStore::open_read_only } else { UnloadedStore::open };
    let opened = open(data_dir).map_err(|error| with_remedy(data_dir, error))?;
    let text = opened.note(DESCRIPTION).with_context(|| data_dir.display().to_string())?;
    let description = text.as_deref().map(serde_json::from_str::<Description>);
    let description = description.transpose().with_context(|| data_dir.display().to_string())?;
    let description = description.with_context(|| {
        format!(
            "{}: the chain has no description: `outrider beacon init` did not create it",
            data_dir.display()
        )
    })?;
    match (description.preset, description.phase) {
        (PresetName::Minimal, PhaseNumber::Zero) => {
            run::<Phase0<Minimal>>(data_dir, opened, description, action)
        }
        (PresetName::Minimal, PhaseNumber::One) => {
            run::<Phase1<Minimal>>(data_dir, opened, description, action)
        }
        (PresetName::Mainnet, PhaseNumber::Zero) => {
            run::<Phase0<Mainnet>>(data_dir, opened, description, action)
        }
        (PresetName::Mainnet, PhaseNumber::One) => {
            run::<Phase1<Mainnet>>(data_dir, opened, description, action)
        }
    }
}

fn run<P: ChainPhase>(
    data_dir: &Path,
    opened: UnloadedStore,
    description: Description,
    action: &impl Action,
) -> anyhow::Result<Verdict> {
    let settings = description.settings();
    let admission = HostAdmission::default();
    let loaded = opened.load::<P>(rules(&settings, &admission));
    let (store, node) = loaded.with_context(|| data_dir.display().to_string())?;
    let chain = Chain::new(node, Keys::new(description.validators));
    let session = Session { description, chain, store, settings, admission };
    action.run(session)
}

/// Adds the directory of a chain to an error, and the command that helps.
pub(super) fn with_remedy(data_dir: &Path, error: StoreError) -> anyhow::Error {
    let name = data_dir.display();
    let remedy = match error {
        StoreError::Disk(DiskError::Absent { .. }) => {
            format!(": create one with `outrider beacon init --data-dir {name}`")
        }
        StoreError::Disk(DiskError::OtherContent { .. }) => {
            format!(": `outrider state show {name}` lists it")
        }
        _ => String::new(),
    };
    anyhow::anyhow!("{name}: {}{remedy}", outrider_host::chain(&error))
}

/// Returns the rules of a simulated chain. Signatures are not verified, as this command has made all of them.
pub(super) fn rules<'r>(settings: &'r Settings, admission: &'r HostAdmission) -> Rules<'r> {
    Rules { settings, admission, judge: &NoJudge, verify_signatures: false }
}

/// The reason for which a slot has no block: an operation is refused, or the chain cannot continue.
pub(super) enum SlotError {
    Refused(LedgerError),
    Failed(anyhow::Error),
}

impl From<SlotError> for anyhow::Error {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Refused(error) => error.into(),
            SlotError::Failed(error) => error,
        }
    }
}

impl<P: ChainPhase> Session<P> {
    /// Runs the next slot and stores its block. A refused operation changes nothing.
    pub(super) fn run_slot(
        &mut self,
        operations: LedgerOperations<P>,
    ) -> Result<ExtendedBlock<P>, SlotError> {
        let rules = rules(&self.settings, &self.admission);
        let block = self.chain.run_slot(operations, rules).map_err(SlotError::Refused)?;
        match self.store.save(self.chain.node(), &block) {
            Ok(()) => Ok(block),
            Err(error) => Err(SlotError::Failed(error.into())),
        }
    }

    /// Returns the name of the file that an EE was deployed from, if it is known.
    pub(super) fn name_of(&self, ee: EeIndex) -> anyhow::Result<Option<String>> {
        Ok(self.store.note(&name_note(ee))?)
    }

    /// Sets the name of an EE, or of the next one before it is proposed.
    pub(super) fn set_name(&self, ee: EeIndex, name: &str) -> anyhow::Result<()> {
        Ok(self.store.set_note(&name_note(ee), name)?)
    }
}

fn name_note(ee: EeIndex) -> String {
    format!("name of EE {ee}")
}
