//! Tests of the constants against the specification's configuration files.
//!
//! These are in the repository: `published/data/consensus/config`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use outrider_beacon_spec::{
    constants as c,
    preset::{Mainnet, Minimal, Preset},
};
use serde_json::{Value, json};
use ssz_types::typenum::Unsigned as _;

/// Entries of the files that concern neither transition nor fork choice: network, clients and deposit contract; and
/// lengths and limits in the types of fields, which the roots of `ssz_static` cover.
const ELSEWHERE: &[&str] = &[
    "ETH1_FOLLOW_DISTANCE",
    "TARGET_AGGREGATORS_PER_COMMITTEE",
    "RANDOM_SUBNETS_PER_VALIDATOR",
    "EPOCHS_PER_RANDOM_SUBNET_SUBSCRIPTION",
    "SECONDS_PER_ETH1_BLOCK",
    "DEPOSIT_CHAIN_ID",
    "DEPOSIT_NETWORK_ID",
    "DEPOSIT_CONTRACT_ADDRESS",
    "MIN_DEPOSIT_AMOUNT",
    "BLS_WITHDRAWAL_PREFIX",
    "DOMAIN_SELECTION_PROOF",
    "DOMAIN_AGGREGATE_AND_PROOF",
    "DOMAIN_LIGHT_SELECTION_PROOF",
    "DOMAIN_LIGHT_AGGREGATE_AND_PROOF",
    "MAX_VALIDATORS_PER_COMMITTEE",
    "HISTORICAL_ROOTS_LIMIT",
    "VALIDATOR_REGISTRY_LIMIT",
    "MAX_PROPOSER_SLASHINGS",
    "MAX_ATTESTER_SLASHINGS",
    "MAX_ATTESTATIONS",
    "MAX_VOLUNTARY_EXITS",
    "MAX_CUSTODY_CHUNK_CHALLENGE_RECORDS",
    "MAX_CUSTODY_KEY_REVEALS",
    "MAX_EARLY_DERIVED_SECRET_REVEALS",
    "MAX_CUSTODY_SLASHINGS",
    // No constant of the specification has this name; see the block body of phase 1.
    "MAX_CUSTODY_CHUNK_CHALLENGE_RESP",
    // Checked below, as it does not fit a JSON number.
    "CUSTODY_PRIME",
];

fn bytes(bytes: [u8; 4]) -> Value {
    // The files write them as hexadecimal numbers.
    json!(u32::from_be_bytes(bytes))
}

#[rustfmt::skip]
fn constants<C: Preset>() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("CONFIG_NAME", json!(C::CONFIG_NAME)),
        ("MAX_COMMITTEES_PER_SLOT", json!(C::MAX_COMMITTEES_PER_SLOT)),
        ("TARGET_COMMITTEE_SIZE", json!(C::TARGET_COMMITTEE_SIZE)),
        ("MIN_PER_EPOCH_CHURN_LIMIT", json!(c::MIN_PER_EPOCH_CHURN_LIMIT)),
        ("CHURN_LIMIT_QUOTIENT", json!(c::CHURN_LIMIT_QUOTIENT)),
        ("SHUFFLE_ROUND_COUNT", json!(C::SHUFFLE_ROUND_COUNT)),
        ("MIN_GENESIS_ACTIVE_VALIDATOR_COUNT", json!(C::MIN_GENESIS_ACTIVE_VALIDATOR_COUNT)),
        ("MIN_GENESIS_TIME", json!(c::MIN_GENESIS_TIME)),
        ("HYSTERESIS_QUOTIENT", json!(c::HYSTERESIS_QUOTIENT)),
        ("HYSTERESIS_DOWNWARD_MULTIPLIER", json!(c::HYSTERESIS_DOWNWARD_MULTIPLIER)),
        ("HYSTERESIS_UPWARD_MULTIPLIER", json!(c::HYSTERESIS_UPWARD_MULTIPLIER)),
        ("PROPORTIONAL_SLASHING_MULTIPLIER", json!(c::PROPORTIONAL_SLASHING_MULTIPLIER)),
        ("SAFE_SLOTS_TO_UPDATE_JUSTIFIED", json!(C::SAFE_SLOTS_TO_UPDATE_JUSTIFIED)),
        ("MAX_EFFECTIVE_BALANCE", json!(c::MAX_EFFECTIVE_BALANCE)),
        ("EJECTION_BALANCE", json!(c::EJECTION_BALANCE)),
        ("EFFECTIVE_BALANCE_INCREMENT", json!(c::EFFECTIVE_BALANCE_INCREMENT)),
        ("GENESIS_FORK_VERSION", bytes(C::GENESIS_FORK_VERSION)),
        ("GENESIS_DELAY", json!(C::GENESIS_DELAY)),
        ("SECONDS_PER_SLOT", json!(C::SECONDS_PER_SLOT)),
        ("MIN_ATTESTATION_INCLUSION_DELAY", json!(c::MIN_ATTESTATION_INCLUSION_DELAY)),
        ("SLOTS_PER_EPOCH", json!(C::SLOTS_PER_EPOCH)),
        ("MIN_SEED_LOOKAHEAD", json!(c::MIN_SEED_LOOKAHEAD)),
        ("MAX_SEED_LOOKAHEAD", json!(c::MAX_SEED_LOOKAHEAD)),
        ("EPOCHS_PER_ETH1_VOTING_PERIOD", json!(C::EPOCHS_PER_ETH1_VOTING_PERIOD)),
        ("SLOTS_PER_HISTORICAL_ROOT", json!(C::SLOTS_PER_HISTORICAL_ROOT)),
        ("MIN_VALIDATOR_WITHDRAWABILITY_DELAY", json!(c::MIN_VALIDATOR_WITHDRAWABILITY_DELAY)),
        ("SHARD_COMMITTEE_PERIOD", json!(C::SHARD_COMMITTEE_PERIOD)),
        ("MIN_EPOCHS_TO_INACTIVITY_PENALTY", json!(c::MIN_EPOCHS_TO_INACTIVITY_PENALTY)),
        ("EPOCHS_PER_HISTORICAL_VECTOR", json!(C::EPOCHS_PER_HISTORICAL_VECTOR)),
        ("EPOCHS_PER_SLASHINGS_VECTOR", json!(C::EPOCHS_PER_SLASHINGS_VECTOR)),
        ("BASE_REWARD_FACTOR", json!(c::BASE_REWARD_FACTOR)),
        ("WHISTLEBLOWER_REWARD_QUOTIENT", json!(c::WHISTLEBLOWER_REWARD_QUOTIENT)),
        ("PROPOSER_REWARD_QUOTIENT", json!(c::PROPOSER_REWARD_QUOTIENT)),
        ("INACTIVITY_PENALTY_QUOTIENT", json!(c::INACTIVITY_PENALTY_QUOTIENT)),
        ("MIN_SLASHING_PENALTY_QUOTIENT", json!(c::MIN_SLASHING_PENALTY_QUOTIENT)),
        ("MAX_DEPOSITS", json!(c::MAX_DEPOSITS)),
        ("DOMAIN_BEACON_PROPOSER", bytes(c::DOMAIN_BEACON_PROPOSER)),
        ("DOMAIN_BEACON_ATTESTER", bytes(c::DOMAIN_BEACON_ATTESTER)),
        ("DOMAIN_RANDAO", bytes(c::DOMAIN_RANDAO)),
        ("DOMAIN_DEPOSIT", bytes(c::DOMAIN_DEPOSIT)),
        ("DOMAIN_VOLUNTARY_EXIT", bytes(c::DOMAIN_VOLUNTARY_EXIT)),
    ])
}

/// Those of phase 1.
fn constants_of_phase1<C: Preset>() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("PHASE_1_FORK_VERSION", bytes(C::PHASE_1_FORK_VERSION)),
        ("PHASE_1_FORK_SLOT", json!(c::PHASE_1_FORK_SLOT)),
        ("INITIAL_ACTIVE_SHARDS", json!(C::INITIAL_ACTIVE_SHARDS)),
        ("MAX_SHARDS", json!(C::MaxShards::U64)),
        ("LIGHT_CLIENT_COMMITTEE_SIZE", json!(c::LIGHT_CLIENT_COMMITTEE_SIZE)),
        ("GASPRICE_ADJUSTMENT_COEFFICIENT", json!(c::GASPRICE_ADJUSTMENT_COEFFICIENT)),
        ("MAX_SHARD_BLOCK_SIZE", json!(c::MAX_SHARD_BLOCK_SIZE)),
        ("TARGET_SHARD_BLOCK_SIZE", json!(c::TARGET_SHARD_BLOCK_SIZE)),
        ("SHARD_BLOCK_OFFSETS", json!(c::SHARD_BLOCK_OFFSETS)),
        ("MAX_SHARD_BLOCKS_PER_ATTESTATION", json!(c::SHARD_BLOCK_OFFSETS.len())),
        ("BYTES_PER_CUSTODY_CHUNK", json!(c::BYTES_PER_CUSTODY_CHUNK)),
        ("CUSTODY_RESPONSE_DEPTH", json!(c::CUSTODY_RESPONSE_DEPTH)),
        ("MAX_GASPRICE", json!(c::MAX_GASPRICE)),
        ("MIN_GASPRICE", json!(c::MIN_GASPRICE)),
        ("ONLINE_PERIOD", json!(c::ONLINE_PERIOD)),
        ("LIGHT_CLIENT_COMMITTEE_PERIOD", json!(c::LIGHT_CLIENT_COMMITTEE_PERIOD)),
        ("DOMAIN_SHARD_PROPOSAL", bytes(c::DOMAIN_SHARD_PROPOSAL)),
        ("DOMAIN_SHARD_COMMITTEE", bytes(c::DOMAIN_SHARD_COMMITTEE)),
        ("DOMAIN_LIGHT_CLIENT", bytes(c::DOMAIN_LIGHT_CLIENT)),
        ("DOMAIN_CUSTODY_BIT_SLASHING", bytes(c::DOMAIN_CUSTODY_BIT_SLASHING)),
        ("RANDAO_PENALTY_EPOCHS", json!(c::RANDAO_PENALTY_EPOCHS)),
        (
            "EARLY_DERIVED_SECRET_PENALTY_MAX_FUTURE_EPOCHS",
            json!(C::EARLY_DERIVED_SECRET_PENALTY_MAX_FUTURE_EPOCHS),
        ),
        ("EPOCHS_PER_CUSTODY_PERIOD", json!(C::EPOCHS_PER_CUSTODY_PERIOD)),
        ("CUSTODY_PERIOD_TO_RANDAO_PADDING", json!(C::CUSTODY_PERIOD_TO_RANDAO_PADDING)),
        ("MAX_CHUNK_CHALLENGE_DELAY", json!(C::MAX_CHUNK_CHALLENGE_DELAY)),
        ("CUSTODY_SECRETS", json!(c::CUSTODY_SECRETS)),
        ("BYTES_PER_CUSTODY_ATOM", json!(c::BYTES_PER_CUSTODY_ATOM)),
        ("CUSTODY_PROBABILITY_EXPONENT", json!(C::CUSTODY_PROBABILITY_EXPONENT)),
        ("MAX_CUSTODY_CHUNK_CHALLENGES", json!(C::MaxCustodyChunkChallenges::U64)),
        (
            "EARLY_DERIVED_SECRET_REVEAL_SLOT_REWARD_MULTIPLE",
            json!(c::EARLY_DERIVED_SECRET_REVEAL_SLOT_REWARD_MULTIPLE),
        ),
        ("MINOR_REWARD_QUOTIENT", json!(c::MINOR_REWARD_QUOTIENT)),
    ])
}

fn check<C: Preset>() {
    let mut constants = constants::<C>();
    constants.extend(constants_of_phase1::<C>());
    for phase in ["phase0", "phase1"] {
        let path = format!("consensus/config/{}-{phase}.yaml", C::CONFIG_NAME);
        let text = String::from_utf8(outrider_published::file(&path).unwrap()).unwrap();
        let expected: BTreeMap<String, Value> = text
            .lines()
            .filter(|line| line.starts_with(char::is_uppercase))
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                let value = value.split(" #").next().unwrap().trim();
                let value = match value.strip_prefix("0x") {
                    Some(digits) if digits.len() <= 8 => json!(u32::from_str_radix(digits, 16).unwrap()),
                    _ => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
                };
                (name.to_owned(), value)
            })
            .collect();
        for (name, value) in expected.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())) {
            let got = constants.get(name.as_str()).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(got, value, "{name}");
        }
        if phase == "phase1" {
            constants.retain(|name, _| *name != "CONFIG_NAME" && !expected.contains_key(*name));
        } else {
            constants.retain(|name, _| *name == "CONFIG_NAME" || !expected.contains_key(*name));
        }
    }
    assert!(constants.is_empty(), "missing in the files: {constants:?}");
}

#[test]
fn presets_equal_the_configuration_files() {
    check::<Minimal>();
    check::<Mainnet>();
}
