//! The rules of a chain, by block.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use outrider_evm_codec::{BlobSchedule, Fork, Rules};
use serde::Deserialize;

/// A chain's id, and its forks in ascending order of activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub(crate) chain_id: u64,
    /// The first step is in force from the genesis on.
    pub(crate) steps: Vec<Step>,
    /// The block at which the chain splits over the DAO (EIP-779).
    pub(crate) dao_fork_number: Option<u64>,
    /// The contract whose logs are deposits (EIP-6110); `None` stands for the main network's contract.
    pub(crate) deposit_contract: Option<Address>,
}

/// A fork and its blob schedule, with the point from which they are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) activation: Activation,
    pub(crate) fork: Fork,
    pub(crate) blobs: BlobSchedule,
}

/// The condition under which a fork is in force for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// The block has at least this number.
    Number(u64),
    /// The block has at least this timestamp.
    Timestamp(u64),
    /// The parent has at least this total difficulty (EIP-3675).
    ParentTotalDifficulty(U256),
}

/// The position of a block in its chain, which determines its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The block's number.
    pub number: u64,
    /// The block's timestamp.
    pub timestamp: u64,
    /// The sum of the difficulties of all blocks before it.
    pub parent_total_difficulty: U256,
}

/// The `config` of a test: the settings of its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The chain's id; 1 if the test does not set it.
    #[serde(alias = "chainId")]
    pub(crate) chainid: Option<U256>,
    /// Blob schedules by the name of the fork.
    #[serde(default)]
    pub(crate) blob_schedule: BTreeMap<String, BlobScheduleFields>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlobScheduleFields {
    pub(crate) target: U256,
    pub(crate) max: U256,
    pub(crate) base_fee_update_fraction: U256,
}

/// An error for rules that this crate does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No fork, and no transition between two forks, has this name.
    #[error("`{name}` is not a known network")]
    UnknownNetwork {
        /// The name.
        name: String,
    },
    /// A fork that only changes the blob schedule, and that has no default schedule.
    #[error("fork `{name}` has no blob schedule")]
    NoBlobSchedule {
        /// The name of the fork.
        name: String,
    },
    /// A number in the configuration has more than 64 bits.
    #[error("the chain's configuration has a number of more than 64 bits: {got}")]
    Number {
        /// The number.
        got: U256,
    },
}

impl Chain {
    /// Returns the network that a test names: one fork from the genesis on, such as `Cancun`, or a transition such as
    /// `BerlinToLondonAt5`, `ShanghaiToCancunAtTime15k` or `ArrowGlacierToParisAtDiffC0000`.
    ///
    /// # Errors
    ///
    /// Fails if the name or the configuration is not of a known form; see [`ChainError`].
    pub fn of_network(name: &str, config: &Config) -> Result<Self, ChainError> {
        let unknown = || ChainError::UnknownNetwork { name: name.to_owned() };
        let chain_id = config.chainid.map_or(Ok(1), u64_of)?;
        let at_genesis = Activation::Number(0);
        let Some((before, rest)) = name.split_once("To") else {
            let first = Step::of_name(name, at_genesis, config, NO_BLOBS)?.ok_or_else(unknown)?;
            return Ok(Self { chain_id, steps: vec![first], dao_fork_number: None, deposit_contract: None });
        };
        let (after, place) = rest.split_once("At").ok_or_else(unknown)?;
        let activation = Activation::of_name(place).ok_or_else(unknown)?;
        let first = Step::of_name(before, at_genesis, config, NO_BLOBS)?.ok_or_else(unknown)?;
        let (steps, dao_fork_number) = match (after, activation) {
            ("Dao", Activation::Number(number)) => (vec![first], Some(number)),
            _ => {
                let second = Step::of_name(after, activation, config, first.blobs)?.ok_or_else(unknown)?;
                (vec![first, second], None)
            }
        };
        Ok(Self { chain_id, steps, dao_fork_number, deposit_contract: None })
    }

    /// Returns a chain with these forks, in ascending order of activation, after Frontier, which starts at the genesis.
    ///
    /// # Errors
    ///
    /// Fails if a fork or its blob schedule is not known; see [`ChainError`].
    pub(crate) fn of_forks(
        forks: &[(&str, Activation)],
        dao_fork_number: Option<u64>,
        deposit_contract: Option<Address>,
        config: &Config,
    ) -> Result<Self, ChainError> {
        let chain_id = config.chainid.map_or(Ok(1), u64_of)?;
        let mut steps = Vec::<Step>::new();
        for (name, activation) in [("Frontier", Activation::Number(0))].iter().chain(forks) {
            let unknown = || ChainError::UnknownNetwork { name: (*name).to_owned() };
            let before = steps.last().map_or(NO_BLOBS, |step| step.blobs);
            steps.push(Step::of_name(name, *activation, config, before)?.ok_or_else(unknown)?);
        }
        Ok(Self { chain_id, steps, dao_fork_number, deposit_contract })
    }

    /// Returns whether two chains have the same id and the same rules for a block at this position.
    pub fn agrees_with(&self, other: &Self, place: &Place) -> bool {
        // A chain without a deposit contract uses that of the main network.
        let of = |chain: &Self| Rules { deposit_contract: None, ..chain.rules(place) };
        of(self) == of(other)
    }

    /// Returns the chain with another id and the same rules.
    #[must_use]
    pub fn with_chain_id(self, chain_id: u64) -> Self {
        Self { chain_id, ..self }
    }

    /// Returns the rules for a block at this position.
    pub fn rules(&self, place: &Place) -> Rules {
        let in_force = self.steps.iter().rev().find(|step| step.activation.is_reached(place));
        // Every chain has a step for its genesis.
        let (fork, blobs) = in_force.map_or((Fork::Frontier, NO_BLOBS), |step| (step.fork, step.blobs));
        let since = self.dao_fork_number.and_then(|number| place.number.checked_sub(number));
        let blocks_since_dao_fork = since
            .and_then(|since| u8::try_from(since).ok())
            .unwrap_or(Rules::NO_DAO_FORK)
            .min(Rules::NO_DAO_FORK);
        let deposit_contract = self.deposit_contract.filter(|_| fork >= Fork::Prague);
        Rules { chain_id: self.chain_id, fork, blobs, blocks_since_dao_fork, deposit_contract }
    }
}

impl Step {
    /// Returns the step to a fork, or to a fork that only changes the blob schedule (`BPO1` and so on, EIP-7892), or
    /// `None` if no fork has this name. `before` is the blob schedule in force, which a fork without a schedule of its
    /// own keeps.
    fn of_name(
        name: &str,
        activation: Activation,
        config: &Config,
        before: BlobSchedule,
    ) -> Result<Option<Self>, ChainError> {
        let configured = match config.blob_schedule.get(name) {
            Some(fields) => Some(fields.read()?),
            None => None,
        };
        let (fork, by_default) = match (Fork::of_name(name), name) {
            (Some(fork @ (Fork::Osaka | Fork::Amsterdam)), _) if before != NO_BLOBS => (fork, before),
            (Some(fork @ (Fork::Prague | Fork::Osaka)), _) => (fork, PRAGUE_BLOBS),
            (Some(fork @ Fork::Amsterdam), _) => (fork, BPO2_BLOBS),
            (Some(Fork::Cancun), _) => (Fork::Cancun, CANCUN_BLOBS),
            (Some(fork), _) => (fork, NO_BLOBS),
            (None, "BPO1") => (Fork::Osaka, BPO1_BLOBS),
            (None, "BPO2") => (Fork::Osaka, BPO2_BLOBS),
            (None, "BPO3" | "BPO4" | "BPO5") => match configured {
                Some(configured) => (Fork::Osaka, configured),
                None => return Err(ChainError::NoBlobSchedule { name: name.to_owned() }),
            },
            (None, "Merge") => (Fork::Paris, NO_BLOBS),
            (None, _) => return Ok(None),
        };
        Ok(Some(Self { activation, fork, blobs: configured.unwrap_or(by_default) }))
    }
}

impl Activation {
    /// Reads the text after `At`: a number, `Time` and seconds, or `Diff` and hex digits.
    fn of_name(name: &str) -> Option<Self> {
        let decimal = |digits: &str| match digits.strip_suffix('k') {
            Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1000),
            None => digits.parse().ok(),
        };
        if let Some(seconds) = name.strip_prefix("Time") {
            return decimal(seconds).map(Self::Timestamp);
        }
        if let Some(difficulty) = name.strip_prefix("Diff") {
            return U256::from_str_radix(difficulty, 16).ok().map(Self::ParentTotalDifficulty);
        }
        decimal(name).map(Self::Number)
    }

    pub(crate) fn is_reached(&self, place: &Place) -> bool {
        match self {
            Self::Number(number) => place.number >= *number,
            Self::Timestamp(timestamp) => place.timestamp >= *timestamp,
            Self::ParentTotalDifficulty(difficulty) => place.parent_total_difficulty >= *difficulty,
        }
    }
}

impl BlobScheduleFields {
    fn read(&self) -> Result<BlobSchedule, ChainError> {
        Ok(BlobSchedule {
            target: u64_of(self.target)?,
            max: u64_of(self.max)?,
            base_fee_update_fraction: u64_of(self.base_fee_update_fraction)?,
        })
    }
}

fn u64_of(got: U256) -> Result<u64, ChainError> {
    u64::try_from(got).map_err(|_| ChainError::Number { got })
}

/// The number of ancestors whose hashes a block can read (Yellow Paper, section 9.4).
pub const ANCESTORS_MAX: usize = 256;

/// The number of generations within which an ommer's parent must lie (Yellow Paper, section 11.1).
pub const GENERATIONS: usize = 7;

/// The schedule before Cancun, which no rule reads.
pub(crate) const NO_BLOBS: BlobSchedule = BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 };
/// The schedule of EIP-4844.
pub(crate) const CANCUN_BLOBS: BlobSchedule =
    BlobSchedule { target: 3, max: 6, base_fee_update_fraction: 3_338_477 };
/// The schedule of EIP-7691.
pub(crate) const PRAGUE_BLOBS: BlobSchedule =
    BlobSchedule { target: 6, max: 9, base_fee_update_fraction: 5_007_716 };
/// The first schedule of EIP-7892.
pub(crate) const BPO1_BLOBS: BlobSchedule =
    BlobSchedule { target: 10, max: 15, base_fee_update_fraction: 8_346_193 };
/// The second schedule of EIP-7892.
pub(crate) const BPO2_BLOBS: BlobSchedule =
    BlobSchedule { target: 14, max: 21, base_fee_update_fraction: 11_684_671 };

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u64, timestamp: u64, parent_total_difficulty: u64) -> Place {
        Place { number, timestamp, parent_total_difficulty: U256::from(parent_total_difficulty) }
    }

    #[track_caller]
    fn check(network: &str, before: (Fork, Place), after: (Fork, Place)) {
        let chain = Chain::of_network(network, &Config::default()).unwrap();
        for (fork, place) in [before, after] {
            assert_eq!(chain.rules(&place).fork, fork, "{network} at {place:?}");
        }
    }

    #[test]
    fn networks_change_rules_where_their_name_says() {
        check("Cancun", (Fork::Cancun, place(0, 0, 0)), (Fork::Cancun, place(9, 9, 9)));
        check("BerlinToLondonAt5", (Fork::Berlin, place(4, 9, 0)), (Fork::London, place(5, 0, 0)));
        check(
            "ShanghaiToCancunAtTime15k",
            (Fork::Shanghai, place(9, 14_999, 0)),
            (Fork::Cancun, place(1, 15_000, 0)),
        );
        check(
            "ArrowGlacierToParisAtDiffC0000",
            (Fork::ArrowGlacier, place(9, 9, 0xb_ffff)),
            (Fork::Paris, place(1, 0, 0xc_0000)),
        );
    }

    #[test]
    fn blocks_are_counted_from_the_split_over_the_dao() {
        let chain = Chain::of_network("HomesteadToDaoAt5", &Config::default()).unwrap();
        let since = |number| chain.rules(&place(number, 0, 0)).blocks_since_dao_fork;
        assert_eq!([4, 5, 14, 15, 300].map(since), [16, 0, 9, 10, 16]);
        assert_eq!(Chain::mainnet().rules(&place(1_920_003, 0, 0)).blocks_since_dao_fork, 3);
    }

    #[test]
    fn an_unknown_network_is_refused_by_name() {
        for name in ["", "Cancan", "BerlinToLondon", "BerlinToLondonAt", "BerlinToAt5", "BerlinToLondonAtX"] {
            let error = ChainError::UnknownNetwork { name: name.to_owned() };
            assert_eq!(Chain::of_network(name, &Config::default()), Err(error));
        }
    }

    #[test]
    fn a_blob_schedule_stays_until_the_next_one() {
        let config = |json| serde_json::from_value::<Config>(json).unwrap();
        let custom = serde_json::json!({ "target": "0x2", "max": "0x4", "baseFeeUpdateFraction": "0x64" });
        let schedule = BlobSchedule { target: 2, max: 4, base_fee_update_fraction: 100 };
        let config = config(serde_json::json!({ "blobSchedule": { "Prague": custom, "BPO3": custom } }));
        let rules = |network| Chain::of_network(network, &config).unwrap().rules(&place(1, 15_000, 0));
        assert_eq!(rules("PragueToOsakaAtTime15k").blobs, schedule);
        assert_eq!(rules("BPO2ToBPO3AtTime15k").blobs, schedule);
        assert_eq!(rules("BPO2ToBPO3AtTime20k").blobs, BPO2_BLOBS);
        let error = ChainError::NoBlobSchedule { name: "BPO4".to_owned() };
        assert_eq!(Chain::of_network("BPO2ToBPO4AtTime15k", &config), Err(error));
    }
}
