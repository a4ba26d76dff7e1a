//! A chain's configuration in the format of [geth]: `config` in `genesis.json`, and `chainConfig` beside a witness.
//!
//! Each setting is honoured or refused: a setting that is unknown here or that the EE cannot honour is an error, and so
//! are forks out of order or with gaps between them.
//!
//! [geth]: https://github.com/ethereum/go-ethereum/blob/master/params/config.go

mod known;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::chain::{Activation, BlobScheduleFields, Chain, ChainError, Config};
use known::{BY_NUMBER, BY_TIME, MERGE, OTHERS, Setting, UNSUPPORTED};
use value::{blob_schedule, object, value_error, whole_number};

/// Why a chain's configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainConfigError {
    /// The configuration is not an object, or has no `chainId`.
    #[error("the chain's configuration should be an object with `chainId`")]
    Form,
    /// The setting does not exist.
    #[error("the chain's setting `{key}` is not known")]
    Unknown {
        /// The name of the setting.
        key: String,
    },
    /// The setting has the wrong type or range.
    #[error("the chain's setting `{key}` is {got}, expected {expected}")]
    Value {
        /// The name of the setting.
        key: String,
        /// Its value, as JSON.
        got: String,
        /// A description of the values that it can have.
        expected: &'static str,
    },
    /// The setting asks for rules that the EE does not have.
    #[error("the chain's setting `{key}` cannot be honoured: {reason}")]
    Unsupported {
        /// The name of the setting.
        key: &'static str,
        /// The reason.
        reason: &'static str,
    },
    /// A fork comes before one that it has to follow.
    #[error("the chain's forks are out of order: `{key}` is {got}, before `{before}` at {expected}")]
    Order {
        /// The setting of the fork.
        key: &'static str,
        /// The fork's block or time.
        got: u64,
        /// The setting of the fork that it has to follow.
        before: &'static str,
        /// The block or time of that fork.
        expected: u64,
    },
    /// A fork is set without one that it builds on.
    #[error("the chain's setting `{key}` needs `{before}`, which is not set")]
    Gap {
        /// The setting of the fork.
        key: &'static str,
        /// The setting of the fork that it builds on.
        before: &'static str,
    },
    /// A fork needs a blob schedule of its own.
    #[error("the chain's setting `{key}` needs `{name}` in `blobSchedule`")]
    NoBlobSchedule {
        /// The setting of the fork.
        key: &'static str,
        /// The name of the schedule.
        name: &'static str,
    },
    /// The forks or blob schedules are not known.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl Chain {
    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// Fails with a [`ChainConfigError`] for the first setting that cannot be honoured.
    pub fn of_config(json: &Value) -> Result<Self, ChainConfigError> {
        let settings = Settings(json.as_object().ok_or(ChainConfigError::Form)?);
        settings.check_known()?;
        let merge = settings.merge()?;
        let forks = settings.forks(merge)?;
        let schedule = settings.schedule(&forks)?;
        let config = Config { chainid: Some(settings.chain_id()?), blob_schedule: schedule };
        let activations: Vec<_> = forks.iter().map(|fork| (fork.name, fork.activation)).collect();
        let deposit_contract: Option<Address> = settings.read("depositContractAddress", "an address")?;
        Ok(Self::of_forks(&activations, settings.dao_fork()?, deposit_contract, &config)?)
    }
}

/// A fork that the configuration sets, with its activation.
#[derive(Clone, Copy)]
struct ScheduledFork {
    key: &'static str,
    name: &'static str,
    activation: Activation,
}

/// The settings by name; a setting that is `null` counts as absent.
struct Settings<'a>(&'a Map<String, Value>);

impl Settings<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn is_true(&self, key: &str) -> Result<bool, ChainConfigError> {
        Ok(self.read(key, "true or false")?.unwrap_or(false))
    }

    fn read<T: DeserializeOwned>(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Result<Option<T>, ChainConfigError> {
        let read = |value: &Value| {
            serde_json::from_value(value.clone()).map_err(|_| value_error(key, value, expected))
        };
        self.get(key).map(read).transpose()
    }

    fn chain_id(&self) -> Result<U256, ChainConfigError> {
        let value = self.get("chainId").ok_or(ChainConfigError::Form)?;
        let chain_id = whole_number(value).filter(|number| number.bit_len() <= 64);
        chain_id.ok_or_else(|| value_error("chainId", value, "a number of at most 64 bits"))
    }

    /// Reads the block or the time of a fork, which is a whole number and not a string.
    fn number(&self, key: &str) -> Result<Option<u64>, ChainConfigError> {
        let read = |value: &Value| {
            value.as_u64().ok_or_else(|| value_error(key, value, "a whole number of at most 64 bits"))
        };
        self.get(key).map(read).transpose()
    }

    /// Checks that every setting is known and that none asks for rules that the EE does not have.
    fn check_known(&self) -> Result<(), ChainConfigError> {
        let is_fork = |key: &str| {
            let mut keys = BY_NUMBER.iter().chain(&BY_TIME).map(|fork| fork.key);
            keys.any(|other| other == key)
        };
        let mut keys = self.0.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key);
        if let Some(key) = keys.find(|key| !is_fork(key) && !OTHERS.contains(&key.as_str())) {
            return Err(ChainConfigError::Unknown { key: key.clone() });
        }
        for (key, reason) in UNSUPPORTED {
            let is_asked_for = self.get(key).is_some_and(|value| *value != Value::Bool(false));
            if is_asked_for {
                return Err(ChainConfigError::Unsupported { key, reason });
            }
        }
        if self.get("clique").is_some() && self.merge()? != Some(U256::ZERO) {
            let reason = "blocks of proof of authority are not known, so the chain has to be merged from its \
                          genesis on (`terminalTotalDifficulty` 0)";
            return Err(ChainConfigError::Unsupported { key: "clique", reason });
        }
        let (protection, spurious) = (self.number("eip155Block")?, self.number("eip158Block")?);
        if protection.is_some() && protection != spurious {
            let reason = "it has to equal `eip158Block`, as both belong to Spurious Dragon";
            return Err(ChainConfigError::Unsupported { key: "eip155Block", reason });
        }
        Ok(())
    }

    /// Returns the block at which the chain splits over the DAO.
    fn dao_fork(&self) -> Result<Option<u64>, ChainConfigError> {
        let number = self.number("daoForkBlock")?;
        if number.is_some() && !self.is_true("daoForkSupport")? {
            let reason = "without `daoForkSupport`, blocks must not have the extra data of the fork, which Outrider does not check";
            return Err(ChainConfigError::Unsupported { key: "daoForkBlock", reason });
        }
        Ok(number)
    }

    /// Returns the total difficulty of the merge. On the main network it has more than 64 bits, so JSON may have
    /// rounded it.
    fn merge(&self) -> Result<Option<U256>, ChainConfigError> {
        let expected = "a whole number, as a string of its digits where it has more than 64 bits";
        let read = |value: &Value| whole_number(value).ok_or_else(|| value_error(MERGE, value, expected));
        self.get(MERGE).map(read).transpose()
    }

    /// Returns the forks that are set, in order.
    fn forks(&self, merge: Option<U256>) -> Result<Vec<ScheduledFork>, ChainConfigError> {
        let mut scheduled = Vec::new();
        self.add_forks(&BY_NUMBER, Activation::Number, &mut scheduled)?;
        let has_petersburg = scheduled.iter().any(|fork| fork.name == "ConstantinopleFix");
        let constantinople = scheduled.iter().position(|fork| fork.name == "Constantinople");
        if let Some(index) = constantinople.filter(|_| !has_petersburg) {
            // Without a setting of its own, Petersburg comes with Constantinople.
            let petersburg =
                scheduled.get(index).map(|fork| ScheduledFork { name: "ConstantinopleFix", ..*fork });
            scheduled.splice(index.saturating_add(1)..index.saturating_add(1), petersburg);
        }
        if let Some(difficulty) = merge {
            check_gap(&BY_NUMBER, &scheduled, MERGE)?;
            let activation = Activation::ParentTotalDifficulty(difficulty);
            scheduled.push(ScheduledFork { key: MERGE, name: "Paris", activation });
        }
        let n_before = scheduled.len();
        self.add_forks(&BY_TIME, Activation::Timestamp, &mut scheduled)?;
        match scheduled.get(n_before) {
            Some(fork) if merge.is_none() => Err(ChainConfigError::Gap { key: fork.key, before: MERGE }),
            _ => Ok(scheduled),
        }
    }

    fn add_forks(
        &self,
        forks: &[Setting],
        activation: fn(u64) -> Activation,
        scheduled: &mut Vec<ScheduledFork>,
    ) -> Result<(), ChainConfigError> {
        let mut last: Option<(&'static str, u64)> = None;
        let mut gap = None;
        for Setting { key, name, is_optional } in forks.iter().copied() {
            let Some(got) = self.number(key)? else {
                gap = gap.or((!is_optional).then_some(key));
                continue;
            };
            if let Some(before) = gap {
                return Err(ChainConfigError::Gap { key, before });
            }
            if let Some((before, expected)) = last.filter(|(_, last)| *last > got) {
                return Err(ChainConfigError::Order { key, got, before, expected });
            }
            last = Some((key, got));
            scheduled.push(ScheduledFork { key, name, activation: activation(got) });
        }
        Ok(())
    }

    /// Returns the blob schedules by the names that tests use for forks.
    fn schedule(
        &self,
        forks: &[ScheduledFork],
    ) -> Result<BTreeMap<String, BlobScheduleFields>, ChainConfigError> {
        let mut schedule = BTreeMap::new();
        let all = match self.get("blobSchedule") {
            Some(all) => object("blobSchedule", all, "an object of blob schedules")?,
            None => &Map::new(),
        };
        for (name, fields) in all.iter().filter(|(_, fields)| !fields.is_null()) {
            let key = format!("blobSchedule.{name}");
            let fork = BY_TIME.iter().find(|fork| fork.key.strip_suffix("Time") == Some(name.as_str()));
            let fork = fork.ok_or_else(|| ChainConfigError::Unknown { key: key.clone() })?;
            schedule.insert(fork.name.to_owned(), blob_schedule(&key, fields)?);
        }
        let without =
            forks.iter().find(|fork| fork.name.starts_with("BPO") && !schedule.contains_key(fork.name));
        match without {
            Some(ScheduledFork { key, .. }) => {
                let name = key.strip_suffix("Time").unwrap_or(key);
                Err(ChainConfigError::NoBlobSchedule { key, name })
            }
            None => Ok(schedule),
        }
    }
}

/// Checks that a list contains its last required fork.
fn check_gap(
    forks: &[Setting],
    scheduled: &[ScheduledFork],
    key: &'static str,
) -> Result<(), ChainConfigError> {
    let mut needed = forks.iter().filter(|fork| !fork.is_optional);
    match needed.find(|fork| scheduled.iter().all(|other| other.name != fork.name)) {
        Some(Setting { key: before, .. }) => Err(ChainConfigError::Gap { key, before }),
        None => Ok(()),
    }
}
