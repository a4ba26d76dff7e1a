//! The form of scenario files. Each error names the line and column of the entry that it is about.

mod check;
mod expectation;
mod fault;
mod traffic;

use std::collections::BTreeSet;

use outrider_host::EngineKind;
use outrider_sim::SignatureMode;
use serde::{Deserialize, Serialize};
use serde_saphyr::{Location, MessageFormatter as _, Spanned};

pub use self::{
    expectation::{Expectation, ReceiptsExpectation, RefusedExpectation, SameRoots, StyleExpectation},
    fault::{FaultKind, FaultSpec},
    traffic::{Popular, StyleKind, TrafficKind, TrafficSpec},
};
use crate::error::{Place, Problem, ScenarioError};

/// A scenario: shards with EEs, users, faults, and what is expected of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// The seed of all randomness.
    pub seed: u64,
    /// The number of slots.
    pub slots: u64,
    /// The size of the chain.
    pub preset: PresetSpec,
    /// The engine that executes EEs.
    #[serde(skip_serializing_if = "is_default")]
    pub engine: EngineSpec,
    /// The EEs, by their index.
    pub ees: Vec<EeSpec>,
    /// The settings of the chain that differ from the default.
    #[serde(skip_serializing_if = "is_default")]
    pub rules: RulesSpec,
    /// The views: nodes that hear the same. If there are none, all nodes hear the same.
    #[serde(skip_serializing_if = "is_default")]
    pub views: Vec<ViewSpec>,
    /// The network between views.
    #[serde(skip_serializing_if = "is_default")]
    pub network: NetworkSpec,
    /// The actions of users.
    #[serde(skip_serializing_if = "is_default")]
    pub traffic: Vec<TrafficSpec>,
    /// The faults.
    #[serde(skip_serializing_if = "is_default")]
    pub faults: Vec<FaultSpec>,
    /// The claims that must hold in the end.
    #[serde(skip_serializing_if = "is_default")]
    pub expect: Vec<Expectation>,
}

/// The size of the chain. An epoch has 8 slots of 6 seconds, and a committee 4 validators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PresetSpec {
    /// The number of shards: 1, 2, 4, 8, 16, 32 or 64.
    pub shards: u64,
    /// The number of validators; by default, 32 for each shard, so that each shard has a committee in each slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validators: Option<u64>,
    /// Whether validators sign, and nodes verify.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signatures: SignaturesSpec,
}

/// Whether validators sign, and nodes verify.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignaturesSpec {
    /// They do.
    #[default]
    Real,
    /// They do not, which is faster.
    Trusted,
}

/// The engine that executes EEs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineSpec {
    /// Wasmtime.
    #[default]
    Wasmtime,
    /// Wasmer.
    Wasmer,
    /// Both, which must agree on each execution.
    Both,
}

/// An EE, from genesis on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EeSpec {
    /// The name, by which traffic and faults refer to it.
    pub name: String,
    /// The users that it has; by default, those of the EE of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EeKind>,
    /// The file of its code; by default, the EE of its kind that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// The shards on which it is; by default, all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shards: ShardsSpec,
    /// The number of its users, who have accounts on each shard.
    #[serde(default = "users")]
    pub users: u16,
    /// The balance of each user on each shard, in Gwei; of the EE `styles`, the units of each on one shard.
    #[serde(default = "balance")]
    pub balance: u64,
    /// The goods on each shard, of the EE `styles`.
    #[serde(default = "goods", skip_serializing_if = "is_goods")]
    pub goods: u16,
    /// The ether of the EE on each shard, in Gwei; by default, what its users have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ether: Option<u64>,
}

fn users() -> u16 {
    10
}

fn balance() -> u64 {
    1_000_000_000
}

fn goods() -> u16 {
    32
}

fn is_goods(n: &u16) -> bool {
    *n == goods()
}

/// A kind of EE, whose users a scenario can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EeKind {
    /// The EE `account`.
    Account,
    /// The EE `evm`.
    Evm,
    /// The EE `styles`.
    Styles,
}

/// The shards of an EE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ShardsSpec {
    /// All, as the word `all`.
    #[default]
    #[serde(with = "all")]
    All,
    /// Some.
    Some(BTreeSet<u64>),
}

mod all {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("all")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        let word = String::deserialize(deserializer)?;
        if word == "all" { Ok(()) } else { Err(D::Error::custom("write `all`, or a list of shards")) }
    }
}

impl ShardsSpec {
    /// Returns the shards, of a number of them.
    #[must_use]
    pub fn of(&self, n_shards: u64) -> Vec<u64> {
        match self {
            Self::All => (0..n_shards).collect(),
            Self::Some(shards) => shards.iter().copied().collect(),
        }
    }
}

/// Settings of the chain that differ from the default; see [`Settings`](outrider_beacon::ledger::Settings).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RulesSpec {
    /// The most messages in flight on a lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
    /// The slots for which a crosslinked header can be challenged before it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_slots: Option<u64>,
    /// The most roots that a shard block may assume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumptions_max: Option<usize>,
    /// The most fuel of an execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel_per_ee_max: Option<u64>,
    /// The most fuel of a shard block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel_per_block_max: Option<u64>,
    /// The price of a byte in Gwei, below which proposers take no payload.
    #[serde(default, skip_serializing_if = "is_default")]
    pub byte_price: u64,
}

/// A view: nodes that hear the same at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ViewSpec {
    /// The name, by which faults refer to it.
    pub name: String,
    /// Its part of the validators, in proportion to the shares of all views.
    pub share: u32,
    /// The time by which other views' messages arrive later here, in milliseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lag_ms: u64,
}

/// The network between views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// The time that every message takes, in milliseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub latency_ms: u64,
    /// The most that a message takes in addition, in milliseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub jitter_ms: u64,
}

/// A scenario in YAML, with places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlScenario {
    #[serde(default)]
    seed: u64,
    slots: Spanned<u64>,
    preset: Spanned<PresetSpec>,
    #[serde(default)]
    engine: EngineSpec,
    ees: Vec<Spanned<EeSpec>>,
    #[serde(default)]
    rules: Option<Spanned<RulesSpec>>,
    #[serde(default)]
    views: Vec<Spanned<ViewSpec>>,
    #[serde(default)]
    network: NetworkSpec,
    #[serde(default)]
    traffic: Vec<Spanned<TrafficSpec>>,
    #[serde(default)]
    faults: Vec<Spanned<FaultSpec>>,
    #[serde(default)]
    expect: Vec<Spanned<Expectation>>,
}

impl Scenario {
    /// Parses and checks a scenario in YAML, of which JSON is a subset.
    ///
    /// # Errors
    ///
    /// Fails at the first place at which the text is not a scenario, or at which the scenario contradicts itself.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let budget =
            serde_saphyr::budget! { max_total_scalar_bytes: text.len().saturating_add(ALIASED_BYTES_MAX) };
        let options = serde_saphyr::options! { budget: budget, with_snippet: false };
        let yaml: YamlScenario = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let problem = serde_saphyr::UserMessageFormatter.format_message(&error).into_owned();
            ScenarioError { place: error.location().and_then(place), problem: Problem::Yaml(problem) }
        })?;
        yaml.check()
    }

    /// Returns the scenario in YAML, without what is as by default.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        // All of it is strings, numbers, lists and maps.
        serde_saphyr::to_string(self).unwrap_or_default()
    }

    /// Returns the number of validators.
    #[must_use]
    pub fn n_validators(&self) -> u64 {
        let of_shards = self.preset.shards.saturating_mul(VALIDATORS_PER_SHARD);
        self.preset.validators.unwrap_or(of_shards)
    }

    /// Returns the index of an EE by its name.
    #[must_use]
    pub fn ee(&self, name: &str) -> Option<u32> {
        let position = self.ees.iter().position(|ee| ee.name == name)?;
        u32::try_from(position).ok()
    }

    /// Returns the place of a view by its name.
    #[must_use]
    pub fn view(&self, name: &str) -> Option<usize> {
        self.views.iter().position(|view| view.name == name)
    }
}

impl From<SignaturesSpec> for SignatureMode {
    fn from(signatures: SignaturesSpec) -> Self {
        match signatures {
            SignaturesSpec::Real => Self::Real,
            SignaturesSpec::Trusted => Self::Trusted,
        }
    }
}

impl From<EngineSpec> for EngineKind {
    fn from(engine: EngineSpec) -> Self {
        match engine {
            EngineSpec::Wasmtime => Self::Wasmtime,
            EngineSpec::Wasmer => Self::Wasmer,
            EngineSpec::Both => Self::Both,
        }
    }
}

/// Returns whether a field need not be written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn place(location: Location) -> Option<Place> {
    let place = Place { line: location.line(), column: location.column() };
    (place.line > 0).then_some(place)
}

/// The validators with which each shard has a committee of four in each of the eight slots of an epoch.
const VALIDATORS_PER_SHARD: u64 = 32;
/// The limit for the bytes that aliases may add to a text.
const ALIASED_BYTES_MAX: usize = 1 << 20;
