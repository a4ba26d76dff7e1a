//! The rules of a chain as [geth] is told them: `config` in `genesis.json`, and `chainConfig` beside a witness.
//!
//! What is told there is honoured or refused: a setting that is not known here, or known and not to be had, is an error, and so are
//! forks that are out of order or with gaps between them.
//!
//! [geth]: https://github.com/ethereum/go-ethereum/blob/master/params/config.go

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::chain::{Activation, BlobScheduleFields, Chain, ChainError, Config};

/// Why a chain's configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainConfigError {
    /// It is no object, or has no `chainId`.
    #[error("the chain's configuration should be an object with `chainId`")]
    Form,
    /// There is no such setting.
    #[error("the chain's setting `{key}` is not known")]
    Unknown {
        /// Its name.
        key: String,
    },
    /// A setting has another form.
    #[error("the chain's setting `{key}` is {got}, and should be {expected}")]
    Value {
        /// Its name.
        key: String,
        /// Its value, in JSON.
        got: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A setting asks for rules that are not to be had.
    #[error("the chain's setting `{key}` cannot be honoured: {reason}")]
    Unsupported {
        /// Its name.
        key: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A fork comes before one that it comes after.
    #[error("the chain's forks are out of order: `{key}` is {got}, and `{before}` is {expected}")]
    Order {
        /// The setting of the fork.
        key: &'static str,
        /// When it comes.
        got: u64,
        /// The setting of the one before.
        before: &'static str,
        /// When that comes.
        expected: u64,
    },
    /// A fork comes without one that it is built on.
    #[error("the chain's setting `{key}` is told, and `{before}` is not, which has to come before it")]
    Gap {
        /// The setting of the fork.
        key: &'static str,
        /// The setting of the one before.
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
    /// The rules are none that are known here.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl Chain {
    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// [`ChainConfigError`], for the first setting that cannot be honoured.
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

/// A fork of which the configuration tells.
#[derive(Clone, Copy)]
struct Told {
    key: &'static str,
    name: &'static str,
    activation: Activation,
}

/// The settings by their name; one that is null is not there.
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

    /// The block or the time of a fork: a whole number, and no string.
    fn number(&self, key: &str) -> Result<Option<u64>, ChainConfigError> {
        let read = |value: &Value| {
            value.as_u64().ok_or_else(|| value_error(key, value, "a whole number of at most 64 bits"))
        };
        self.get(key).map(read).transpose()
    }

    /// Checks that there is no setting of which nothing is known here, and none that changes rules as the EE cannot.
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
            let reason = "it has to be `eip158Block`, as both are of Spurious Dragon";
            return Err(ChainConfigError::Unsupported { key: "eip155Block", reason });
        }
        Ok(())
    }

    /// The block at which the chain splits over the DAO.
    fn dao_fork(&self) -> Result<Option<u64>, ChainConfigError> {
        let number = self.number("daoForkBlock")?;
        if number.is_some() && !self.is_true("daoForkSupport")? {
            let reason = "without `daoForkSupport`, blocks may not have the extra data of those who split, which is not checked";
            return Err(ChainConfigError::Unsupported { key: "daoForkBlock", reason });
        }
        Ok(number)
    }

    /// The total difficulty of the merge. It has more than 64 bits on the main network, so that JSON may have rounded it.
    fn merge(&self) -> Result<Option<U256>, ChainConfigError> {
        let expected = "a whole number, as a string of its digits where it has more than 64 bits";
        let read = |value: &Value| whole_number(value).ok_or_else(|| value_error(MERGE, value, expected));
        self.get(MERGE).map(read).transpose()
    }

    /// The forks that are told, in their order.
    fn forks(&self, merge: Option<U256>) -> Result<Vec<Told>, ChainConfigError> {
        let mut told = Vec::new();
        self.add_forks(&BY_NUMBER, Activation::Number, &mut told)?;
        let has_petersburg = told.iter().any(|fork| fork.name == "ConstantinopleFix");
        let constantinople = told.iter().position(|fork| fork.name == "Constantinople");
        if let Some(index) = constantinople.filter(|_| !has_petersburg) {
            // Where nothing is said of Petersburg, it comes with Constantinople.
            let petersburg = told.get(index).map(|fork| Told { name: "ConstantinopleFix", ..*fork });
            told.splice(index.saturating_add(1)..index.saturating_add(1), petersburg);
        }
        if let Some(difficulty) = merge {
            check_gap(&BY_NUMBER, &told, MERGE)?;
            let activation = Activation::ParentTotalDifficulty(difficulty);
            told.push(Told { key: MERGE, name: "Paris", activation });
        }
        let n_before = told.len();
        self.add_forks(&BY_TIME, Activation::Timestamp, &mut told)?;
        match told.get(n_before) {
            Some(fork) if merge.is_none() => Err(ChainConfigError::Gap { key: fork.key, before: MERGE }),
            _ => Ok(told),
        }
    }

    fn add_forks(
        &self,
        forks: &[Setting],
        activation: fn(u64) -> Activation,
        told: &mut Vec<Told>,
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
            told.push(Told { key, name, activation: activation(got) });
        }
        Ok(())
    }

    /// The blob schedules by the names that forks have in tests.
    fn schedule(&self, forks: &[Told]) -> Result<BTreeMap<String, BlobScheduleFields>, ChainConfigError> {
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
            Some(Told { key, .. }) => {
                let name = key.strip_suffix("Time").unwrap_or(key);
                Err(ChainConfigError::NoBlobSchedule { key, name })
            }
            None => Ok(schedule),
        }
    }
}

/// Reads a blob schedule: an object with three numbers, and nothing else.
fn blob_schedule(key: &str, json: &Value) -> Result<BlobScheduleFields, ChainConfigError> {
    let fields = object(key, json, "an object of `target`, `max` and `baseFeeUpdateFraction`")?;
    if let Some(other) = fields.keys().find(|member| !BLOB_SCHEDULE.contains(&member.as_str())) {
        return Err(ChainConfigError::Unknown { key: format!("{key}.{other}") });
    }
    let number = |member: &str, least: u64| {
        let (key, value) = (format!("{key}.{member}"), fields.get(member).unwrap_or(&Value::Null));
        let number = whole_number(value).and_then(|number| u64::try_from(number).ok());
        let expected = match least {
            0 => "a whole number of at most 64 bits",
            _ => "a whole number of at most 64 bits, and not 0",
        };
        let number = number.filter(|number| *number >= least);
        number.map(U256::from).ok_or_else(|| value_error(&key, value, expected))
    };
    let [target, max, base_fee_update_fraction] = BLOB_SCHEDULE;
    Ok(BlobScheduleFields {
        target: number(target, 0)?,
        max: number(max, 0)?,
        // The price of blobs is divided by it.
        base_fee_update_fraction: number(base_fee_update_fraction, 1)?,
    })
}

/// What a blob schedule consists of.
const BLOB_SCHEDULE: [&str; 3] = ["target", "max", "baseFeeUpdateFraction"];

fn object<'a>(
    key: &str,
    value: &'a Value,
    expected: &'static str,
) -> Result<&'a Map<String, Value>, ChainConfigError> {
    value.as_object().ok_or_else(|| value_error(key, value, expected))
}

fn value_error(key: &str, value: &Value, expected: &'static str) -> ChainConfigError {
    let mut got = value.to_string();
    if let Some((end, _)) = got.char_indices().nth(VALUE_LENGTH_MAX) {
        got.truncate(end);
        got.push('…');
    }
    ChainConfigError::Value { key: key.to_owned(), got, expected }
}

/// How much of a value is told, in characters: any number, address or hash.
const VALUE_LENGTH_MAX: usize = 80;

/// Checks that the last fork of a list that has to come has come.
fn check_gap(forks: &[Setting], told: &[Told], key: &'static str) -> Result<(), ChainConfigError> {
    let mut needed = forks.iter().filter(|fork| !fork.is_optional);
    match needed.find(|fork| told.iter().all(|told| told.name != fork.name)) {
        Some(Setting { key: before, .. }) => Err(ChainConfigError::Gap { key, before }),
        None => Ok(()),
    }
}

/// Reads a whole number: as such if it has at most 64 bits, or as a string of digits, decimal or after `0x`.
fn whole_number(value: &Value) -> Option<U256> {
    let text = match value {
        Value::Number(number) => return number.as_u64().map(U256::from),
        Value::String(text) => text,
        _ => return None,
    };
    // There are no digits too many, no spaces, and no underscores.
    let (digits, radix) = text.strip_prefix("0x").map_or((text.as_str(), 10), |digits| (digits, 16));
    let are_digits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    if are_digits { U256::from_str_radix(digits, radix.into()).ok() } else { None }
}

/// What a fork is told by.
#[derive(Clone, Copy)]
struct Setting {
    key: &'static str,
    /// Its name in Ethereum's tests.
    name: &'static str,
    /// Whether the next may come without it.
    is_optional: bool,
}

const fn needed(key: &'static str, name: &'static str) -> Setting {
    Setting { key, name, is_optional: false }
}

const fn optional(key: &'static str, name: &'static str) -> Setting {
    Setting { key, name, is_optional: true }
}

/// Forks that come by number, in their order.
const BY_NUMBER: [Setting; 12] = [
    needed("homesteadBlock", "Homestead"),
    needed("eip150Block", "EIP150"),
    needed("eip158Block", "EIP158"),
    needed("byzantiumBlock", "Byzantium"),
    needed("constantinopleBlock", "Constantinople"),
    optional("petersburgBlock", "ConstantinopleFix"),
    needed("istanbulBlock", "Istanbul"),
    optional("muirGlacierBlock", "MuirGlacier"),
    needed("berlinBlock", "Berlin"),
    needed("londonBlock", "London"),
    optional("arrowGlacierBlock", "ArrowGlacier"),
    optional("grayGlacierBlock", "GrayGlacier"),
];

/// Forks that come by time, in their order. Their names without `Time` are those of blob schedules.
const BY_TIME: [Setting; 10] = [
    needed("shanghaiTime", "Shanghai"),
    needed("cancunTime", "Cancun"),
    needed("pragueTime", "Prague"),
    needed("osakaTime", "Osaka"),
    optional("bpo1Time", "BPO1"),
    optional("bpo2Time", "BPO2"),
    optional("bpo3Time", "BPO3"),
    optional("bpo4Time", "BPO4"),
    optional("bpo5Time", "BPO5"),
    needed("amsterdamTime", "Amsterdam"),
];

const MERGE: &str = "terminalTotalDifficulty";

/// The other settings. The hash of a block, where the merge splits the network, and that it is over change no rules.
const OTHERS: [&str; 17] = [
    "chainId",
    "daoForkBlock",
    "daoForkSupport",
    "eip150Hash",
    "eip155Block",
    MERGE,
    "terminalTotalDifficultyPassed",
    "mergeNetsplitBlock",
    "depositContractAddress",
    "blobSchedule",
    "ethash",
    "clique",
    "bogotaTime",
    "verkleTime",
    "ubtTime",
    "enableVerkleAtGenesis",
    "enableUBTAtGenesis",
];

/// Settings that ask for what the EE does not have.
const UNSUPPORTED: [(&str, &str); 5] = [
    ("bogotaTime", "the fork is not known"),
    ("verkleTime", "states are Merkle Patricia tries"),
    ("ubtTime", "states are Merkle Patricia tries"),
    ("enableVerkleAtGenesis", "states are Merkle Patricia tries"),
    ("enableUBTAtGenesis", "states are Merkle Patricia tries"),
];

#[cfg(test)]
mod tests {
    use alloy_primitives::address;
    use outrider_evm_codec::{BlobSchedule, Fork};
    use serde_json::json;

    use super::*;
    use crate::chain::Place;

    /// All forks to Osaka from the genesis on.
    fn config() -> Value {
        let mut config = json!({ "chainId": 7, "terminalTotalDifficulty": 0 });
        for Setting { key, .. } in BY_NUMBER.iter().chain(&BY_TIME[..4]) {
            config[*key] = json!(0);
        }
        config
    }

    #[track_caller]
    fn check_refused(key: &str, value: Value, expected: &str) {
        let mut config = config();
        config[key] = value;
        assert_eq!(Chain::of_config(&config).unwrap_err().to_string(), expected);
    }

    #[test]
    fn what_is_not_known_or_not_to_be_had_is_refused_by_name() {
        check_refused("bpo6Time", json!(0), "the chain's setting `bpo6Time` is not known");
        check_refused(
            "blobSchedule",
            json!({ "lisbon": { "target": 1, "max": 2, "baseFeeUpdateFraction": 3 } }),
            "the chain's setting `blobSchedule.lisbon` is not known",
        );
        check_refused("bpo3Time", json!(5), "the chain's setting `bpo3Time` needs `bpo3` in `blobSchedule`");
        for value in [json!("0"), json!("0x5"), json!(5.0), json!(1e30), json!(-1), json!([])] {
            let expected = format!(
                "the chain's setting `londonBlock` is {value}, and should be a whole number of at most 64 bits"
            );
            check_refused("londonBlock", value, &expected);
        }
        check_refused(
            "verkleTime",
            json!(0),
            "the chain's setting `verkleTime` cannot be honoured: states are Merkle Patricia tries",
        );
        check_refused(
            "eip155Block",
            json!(4),
            "the chain's setting `eip155Block` cannot be honoured: it has to be `eip158Block`, as both are of Spurious Dragon",
        );
        check_refused(
            "depositContractAddress",
            json!("0x12"),
            "the chain's setting `depositContractAddress` is \"0x12\", and should be an address",
        );
        check_refused(
            "daoForkBlock",
            json!(3),
            "the chain's setting `daoForkBlock` cannot be honoured: without `daoForkSupport`, blocks may not have the \
             extra data of those who split, which is not checked",
        );
        assert_eq!(Chain::of_config(&json!([])), Err(ChainConfigError::Form));
        assert_eq!(Chain::of_config(&json!({})), Err(ChainConfigError::Form));
    }

    #[test]
    fn forks_come_in_their_order_and_without_gaps() {
        check_refused(
            "berlinBlock",
            json!(3),
            "the chain's forks are out of order: `londonBlock` is 0, and `berlinBlock` is 3",
        );
        check_refused(
            "pragueTime",
            json!(3),
            "the chain's forks are out of order: `osakaTime` is 0, and `pragueTime` is 3",
        );
        check_refused(
            "istanbulBlock",
            Value::Null,
            "the chain's setting `muirGlacierBlock` is told, and `istanbulBlock` is not, which has to come before it",
        );
        check_refused(
            "londonBlock",
            Value::Null,
            "the chain's setting `arrowGlacierBlock` is told, and `londonBlock` is not, which has to come before it",
        );
        check_refused(
            MERGE,
            Value::Null,
            "the chain's setting `shanghaiTime` is told, and `terminalTotalDifficulty` is not, which has to come before it",
        );
        let mut config = config();
        for key in ["petersburgBlock", "muirGlacierBlock", "arrowGlacierBlock", "grayGlacierBlock"] {
            config[key] = Value::Null;
        }
        assert_eq!(rules(&config, 1).0, Fork::Osaka);
    }

    fn rules(config: &Value, timestamp: u64) -> (Fork, BlobSchedule) {
        let place = Place { number: 1, timestamp, parent_total_difficulty: U256::MAX };
        let rules = Chain::of_config(config).unwrap().rules(&place);
        (rules.fork, rules.blobs)
    }

    #[test]
    fn what_is_told_holds() {
        let mut config = config();
        config["bpo3Time"] = json!(5);
        config["bpo5Time"] = json!(7);
        config["depositContractAddress"] = json!("0x7f02C3E3c98b133055B8B348B2Ac625669Ed295D");
        let schedule = |target| json!({ "target": target, "max": 9, "baseFeeUpdateFraction": 100 });
        config["blobSchedule"] = json!({ "prague": schedule(1), "bpo3": schedule(2), "bpo5": schedule(3) });
        let blobs = |target| BlobSchedule { target, max: 9, base_fee_update_fraction: 100 };
        // Osaka tells none of its own.
        assert_eq!(rules(&config, 4), (Fork::Osaka, blobs(1)));
        assert_eq!(rules(&config, 6), (Fork::Osaka, blobs(2)));
        assert_eq!(rules(&config, 7), (Fork::Osaka, blobs(3)));
        let place = Place { number: 1, timestamp: 9, parent_total_difficulty: U256::MAX };
        let contract = address!("7f02c3e3c98b133055b8b348b2ac625669ed295d");
        let rules = Chain::of_config(&config).unwrap().rules(&place);
        assert_eq!((rules.chain_id, rules.deposit_contract), (7, Some(contract)));
    }

    #[test]
    fn the_difficulty_of_the_merge_is_exact_or_refused() {
        let of = |text: &str| {
            let json =
                crate::json::read(format!("{{\"terminalTotalDifficulty\": {text}}}").as_bytes()).unwrap();
            Settings(json.as_object().unwrap()).merge()
        };
        let mainnet = U256::from(5875) * U256::from(10).pow(U256::from(19));
        assert_eq!(of("58750000000000000000000"), Ok(Some(mainnet)));
        assert_eq!(of("58750000000000000000001"), Ok(Some(mainnet + U256::from(1))));
        assert_eq!(of("\"58750000000000000000000\""), Ok(Some(mainnet)));
        assert_eq!(of("\"0xc70d808a128d7380000\""), Ok(Some(mainnet)));
        assert_eq!(of("18446744073709551615"), Ok(Some(U256::from(u64::MAX))));
        assert_eq!(of("\"0\""), Ok(Some(U256::ZERO)));
        assert_eq!(of("null"), Ok(None));
        let too_long = format!("1{}", "0".repeat(78));
        let others = [
            "1.5", "1e-5", "5.875e22", "-0.0", "-3", "[]", "\"\"", "\"0x\"", "\"0_0\"", "\" 0\"", "\"+1\"",
            "\"0x0g\"",
        ];
        for value in others.into_iter().chain([too_long.as_str()]) {
            let words = of(value).expect_err(value).to_string();
            assert!(
                words.ends_with(
                    "should be a whole number, as a string of its digits where it has more than 64 bits"
                ),
                "{words}"
            );
        }
        // Who has rounded it already is told what to do.
        let rounded = json!({ "terminalTotalDifficulty": 5.875e22 });
        let words = Settings(rounded.as_object().unwrap()).merge().unwrap_err().to_string();
        assert!(words.contains("is 5.875e+22") && words.contains("as a string of its digits"), "{words}");
    }

    #[test]
    fn a_blob_schedule_is_three_numbers_and_a_wrong_one_is_named() {
        let check = |member: &str, value: Value, expected: &str| {
            let mut schedule = json!({ "target": 3, "max": 6, "baseFeeUpdateFraction": 9 });
            schedule[member] = value;
            check_refused("blobSchedule", json!({ "cancun": schedule }), expected);
        };
        check("minBlobFee", json!(7), "the chain's setting `blobSchedule.cancun.minBlobFee` is not known");
        let number = "should be a whole number of at most 64 bits";
        for value in [json!(-1), json!(1.5), json!(null), json!("0x"), json!("18446744073709551616")] {
            let expected = format!("the chain's setting `blobSchedule.cancun.max` is {value}, and {number}");
            check("max", value, &expected);
        }
        let expected = "the chain's setting `blobSchedule.cancun.baseFeeUpdateFraction` is 0, and should be a whole number of at most 64 bits, and not 0";
        check("baseFeeUpdateFraction", json!(0), expected);
        check_refused(
            "blobSchedule",
            json!([1]),
            "the chain's setting `blobSchedule` is [1], and should be an object of blob schedules",
        );
        check_refused(
            "blobSchedule",
            json!({ "cancun": 5 }),
            "the chain's setting `blobSchedule.cancun` is 5, and should be an object of `target`, `max` and `baseFeeUpdateFraction`",
        );
        let long = json!(vec![0; 1000]);
        let expected =
            format!("the chain's setting `londonBlock` is [{}…, and {number}", "0,".repeat(39) + "0");
        check_refused("londonBlock", long, &expected);
    }
}
