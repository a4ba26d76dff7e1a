//! Which rules hold for which block of a chain.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use outrider_evm_codec::{BlobSchedule, Fork, Rules};
use serde::Deserialize;

/// A chain's number, and its forks by ascending activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub(crate) chain_id: u64,
    /// The first is in force from the genesis on.
    pub(crate) steps: Vec<Step>,
    /// The block at which the chain splits over the DAO, EIP-779.
    pub(crate) dao_fork_number: Option<u64>,
    /// Whose logs are deposits, EIP-6110; if none is told, that of the main network.
    pub(crate) deposit_contract: Option<Address>,
}

/// When which rules come into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) activation: Activation,
    pub(crate) fork: Fork,
    pub(crate) blobs: BlobSchedule,
}

/// What a block has to have for a fork to be in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// At least this number.
    Number(u64),
    /// At least this timestamp.
    Timestamp(u64),
    /// A parent with at least this total difficulty, EIP-3675.
    ParentTotalDifficulty(U256),
}

/// What tells which rules hold for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The block's number.
    pub number: u64,
    /// The block's timestamp.
    pub timestamp: u64,
    /// The sum of the difficulties of all blocks before it.
    pub parent_total_difficulty: U256,
}

/// What a test says about its chain, `config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The chain's number; 1 if it is not told.
    #[serde(alias = "chainId")]
    pub(crate) chainid: Option<U256>,
    /// By the name of the fork.
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

/// A test asks for rules that nobody here knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The name of a fork, or of a network that changes from one to another.
    #[error("there is no network `{name}`")]
    UnknownNetwork {
        /// The name.
        name: String,
    },
    /// A change of the blob schedule alone that no chain has by default.
    #[error("no blob schedule is told for `{name}`")]
    NoBlobSchedule {
        /// The name of the change.
        name: String,
    },
    /// A number of the configuration has more than 64 bits.
    #[error("the number {got} of the chain's configuration has more than 64 bits")]
    Number {
        /// The number.
        got: U256,
    },
}

impl Chain {
    /// The network that a test names: a fork from the genesis on, such as `Cancun`, or one and then another, such as
    /// `BerlinToLondonAt5`, `ShanghaiToCancunAtTime15k` or `ArrowGlacierToParisAtDiffC0000`.
    ///
    /// # Errors
    ///
    /// [`ChainError`].
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

    /// A chain with these forks, by ascending activation, after Frontier, which is in force from the genesis on.
    ///
    /// # Errors
    ///
    /// [`ChainError`].
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

    /// Tells whether two chains have the same number, and the same rules for a block at this place.
    pub fn agrees_with(&self, other: &Self, place: &Place) -> bool {
        // A contract for deposits that is not told is that of the main network.
        let of = |chain: &Self| Rules { deposit_contract: None, ..chain.rules(place) };
        of(self) == of(other)
    }

    /// The same rules for a chain of another number.
    #[must_use]
    pub fn with_chain_id(self, chain_id: u64) -> Self {
        Self { chain_id, ..self }
    }

    /// The rules for a block at this place.
    pub fn rules(&self, place: &Place) -> Rules {
        let in_force = self.steps.iter().rev().find(|step| step.activation.is_reached(place));
        // A chain has a step for its genesis.
        let (fork, blobs) = in_force.map_or((Fork::Frontier, NO_BLOBS), |step| (step.fork, step.blobs));
        let since = self.dao_fork_number.and_then(|number| place.number.checked_sub(number));
        let blocks_since_dao_fork =
            since.and_then(|since| u8::try_from(since).ok()).unwrap_or(NO_DAO_FORK).min(NO_DAO_FORK);
        let deposit_contract = self.deposit_contract.filter(|_| fork >= Fork::Prague);
        Rules { chain_id: self.chain_id, fork, blobs, blocks_since_dao_fork, deposit_contract }
    }
}

impl Step {
    /// The step to a fork, or to a change of blobs alone (`BPO1` and so on, EIP-7892); none if there is none of this name. `before` is
    /// the blob schedule that was in force, and stays so where a fork tells none of its own.
    fn of_name(
        name: &str,
        activation: Activation,
        config: &Config,
        before: BlobSchedule,
    ) -> Result<Option<Self>, ChainError> {
        let told = match config.blob_schedule.get(name) {
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
            (None, "BPO3" | "BPO4" | "BPO5") => match told {
                Some(told) => (Fork::Osaka, told),
                None => return Err(ChainError::NoBlobSchedule { name: name.to_owned() }),
            },
            (None, "Merge") => (Fork::Paris, NO_BLOBS),
            (None, _) => return Ok(None),
        };
        Ok(Some(Self { activation, fork, blobs: told.unwrap_or(by_default) }))
    }
}

impl Activation {
    /// Reads what follows `At`: a number, `Time` and seconds, or `Diff` and hex digits.
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

    fn is_reached(&self, place: &Place) -> bool {
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

/// How far back a block sees hashes of blocks (Yellow Paper, section 9.4).
pub const ANCESTORS_MAX: usize = 256;

/// How far back an ommer may have its parent (Yellow Paper, section 11.1), and so be an ommer of another block.
pub const GENERATIONS: usize = 7;

/// [`Rules::blocks_since_dao_fork`] where there is no such split.
const NO_DAO_FORK: u8 = 16;

/// Before Cancun nobody looks at it.
pub(crate) const NO_BLOBS: BlobSchedule = BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 };
/// EIP-4844.
pub(crate) const CANCUN_BLOBS: BlobSchedule =
    BlobSchedule { target: 3, max: 6, base_fee_update_fraction: 3_338_477 };
/// EIP-7691.
pub(crate) const PRAGUE_BLOBS: BlobSchedule =
    BlobSchedule { target: 6, max: 9, base_fee_update_fraction: 5_007_716 };
/// EIP-7892, the first change by it.
pub(crate) const BPO1_BLOBS: BlobSchedule =
    BlobSchedule { target: 10, max: 15, base_fee_update_fraction: 8_346_193 };
/// EIP-7892, the second.
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
    fn networks_change_their_rules_where_their_name_says() {
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
    fn what_is_no_network_is_refused_by_name() {
        for name in ["", "Cancan", "BerlinToLondon", "BerlinToLondonAt", "BerlinToAt5", "BerlinToLondonAtX"] {
            let error = ChainError::UnknownNetwork { name: name.to_owned() };
            assert_eq!(Chain::of_network(name, &Config::default()), Err(error));
        }
    }

    #[test]
    fn blob_schedules_stay_until_another_is_told() {
        let config = |json| serde_json::from_value::<Config>(json).unwrap();
        let told = serde_json::json!({ "target": "0x2", "max": "0x4", "baseFeeUpdateFraction": "0x64" });
        let schedule = BlobSchedule { target: 2, max: 4, base_fee_update_fraction: 100 };
        let config = config(serde_json::json!({ "blobSchedule": { "Prague": told, "BPO3": told } }));
        let rules = |network| Chain::of_network(network, &config).unwrap().rules(&place(1, 15_000, 0));
        assert_eq!(rules("PragueToOsakaAtTime15k").blobs, schedule);
        assert_eq!(rules("BPO2ToBPO3AtTime15k").blobs, schedule);
        assert_eq!(rules("BPO2ToBPO3AtTime20k").blobs, BPO2_BLOBS);
        let error = ChainError::NoBlobSchedule { name: "BPO4".to_owned() };
        assert_eq!(Chain::of_network("BPO2ToBPO4AtTime15k", &config), Err(error));
    }
}
