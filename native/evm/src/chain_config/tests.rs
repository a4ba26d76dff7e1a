//! Configurations that are honoured, and others.

use alloy_primitives::address;
use outrider_evm_codec::{BlobSchedule, Fork};
use serde_json::json;

use super::*;
use crate::chain::Place;

/// Returns a configuration with all forks up to Osaka from the genesis on.
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
fn unknown_and_unsupported_settings_are_refused_by_name() {
    check_refused("bpo6Time", json!(0), "the chain's setting `bpo6Time` is not known");
    check_refused(
        "blobSchedule",
        json!({ "lisbon": { "target": 1, "max": 2, "baseFeeUpdateFraction": 3 } }),
        "the chain's setting `blobSchedule.lisbon` is not known",
    );
    check_refused("bpo3Time", json!(5), "the chain's setting `bpo3Time` needs `bpo3` in `blobSchedule`");
    for value in [json!("0"), json!("0x5"), json!(5.0), json!(1e30), json!(-1), json!([])] {
        let expected = format!(
            "the chain's setting `londonBlock` is {value}, expected a whole number of at most 64 bits"
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
        "the chain's setting `eip155Block` cannot be honoured: it has to equal `eip158Block`, as both belong to Spurious Dragon",
    );
    check_refused(
        "depositContractAddress",
        json!("0x12"),
        "the chain's setting `depositContractAddress` is \"0x12\", expected an address",
    );
    check_refused(
        "daoForkBlock",
        json!(3),
        "the chain's setting `daoForkBlock` cannot be honoured: without `daoForkSupport`, blocks must not have the \
         extra data of the fork, which Outrider does not check",
    );
    assert_eq!(Chain::of_config(&json!([])), Err(ChainConfigError::Form));
    assert_eq!(Chain::of_config(&json!({})), Err(ChainConfigError::Form));
}

#[test]
fn forks_are_in_order_and_without_gaps() {
    check_refused(
        "berlinBlock",
        json!(3),
        "the chain's forks are out of order: `londonBlock` is 0, before `berlinBlock` at 3",
    );
    check_refused(
        "pragueTime",
        json!(3),
        "the chain's forks are out of order: `osakaTime` is 0, before `pragueTime` at 3",
    );
    check_refused(
        "istanbulBlock",
        Value::Null,
        "the chain's setting `muirGlacierBlock` needs `istanbulBlock`, which is not set",
    );
    check_refused(
        "londonBlock",
        Value::Null,
        "the chain's setting `arrowGlacierBlock` needs `londonBlock`, which is not set",
    );
    check_refused(
        MERGE,
        Value::Null,
        "the chain's setting `shanghaiTime` needs `terminalTotalDifficulty`, which is not set",
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
fn settings_take_effect() {
    let mut config = config();
    config["bpo3Time"] = json!(5);
    config["bpo5Time"] = json!(7);
    config["depositContractAddress"] = json!("0x7f02C3E3c98b133055B8B348B2Ac625669Ed295D");
    let schedule = |target| json!({ "target": target, "max": 9, "baseFeeUpdateFraction": 100 });
    config["blobSchedule"] = json!({ "prague": schedule(1), "bpo3": schedule(2), "bpo5": schedule(3) });
    let blobs = |target| BlobSchedule { target, max: 9, base_fee_update_fraction: 100 };
    // Osaka has no schedule of its own.
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
        let json = crate::json::read(format!("{{\"terminalTotalDifficulty\": {text}}}").as_bytes()).unwrap();
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
                "expected a whole number, as a string of its digits where it has more than 64 bits"
            ),
            "{words}"
        );
    }
    // The message says how to write a number that has been rounded.
    let rounded = json!({ "terminalTotalDifficulty": 5.875e22 });
    let words = Settings(rounded.as_object().unwrap()).merge().unwrap_err().to_string();
    assert!(words.contains("is 5.875e+22") && words.contains("as a string of its digits"), "{words}");
}

#[test]
fn a_blob_schedule_is_three_numbers_and_errors_name_the_wrong_one() {
    let check = |member: &str, value: Value, expected: &str| {
        let mut schedule = json!({ "target": 3, "max": 6, "baseFeeUpdateFraction": 9 });
        schedule[member] = value;
        check_refused("blobSchedule", json!({ "cancun": schedule }), expected);
    };
    check("minBlobFee", json!(7), "the chain's setting `blobSchedule.cancun.minBlobFee` is not known");
    let number = "expected a whole number of at most 64 bits";
    for value in [json!(-1), json!(1.5), json!(null), json!("0x"), json!("18446744073709551616")] {
        let expected = format!("the chain's setting `blobSchedule.cancun.max` is {value}, {number}");
        check("max", value, &expected);
    }
    let expected = "the chain's setting `blobSchedule.cancun.baseFeeUpdateFraction` is 0, expected a whole number of at most 64 bits other than 0";
    check("baseFeeUpdateFraction", json!(0), expected);
    check_refused(
        "blobSchedule",
        json!([1]),
        "the chain's setting `blobSchedule` is [1], expected an object of blob schedules",
    );
    check_refused(
        "blobSchedule",
        json!({ "cancun": 5 }),
        "the chain's setting `blobSchedule.cancun` is 5, expected an object of `target`, `max` and `baseFeeUpdateFraction`",
    );
    let long = json!(vec![0; 1000]);
    let expected = format!("the chain's setting `londonBlock` is [{}…, {number}", "0,".repeat(39) + "0");
    check_refused("londonBlock", long, &expected);
}
