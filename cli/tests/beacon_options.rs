//! `outrider beacon`: exit codes, the limits of a chain, and what `show` prints.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;

use support::{
    Scratch,
    beacon::{NOTHING, beacon, chain, json},
    wasm,
};

/// The rule of exit codes: 0 if the command did what it was asked to, 1 if a rule of the chain is against it, 2 if it could not.
#[test]
fn exit_codes_tell_a_ruling_of_the_chain_from_a_mistake() {
    let scratch = chain(&[]);
    let ee = |word: u32| wasm(&NOTHING.replace("i32.const 0", &format!("i32.const {word}")));
    scratch.write("ee.wasm", ee(0)).write("other.wasm", ee(32)).write("none.wasm", "no module");
    let root = format!("0x{}", "11".repeat(32));
    for (code, command, arguments) in [
        (2, "prove", &["slot", "-o", "proof.json"][..]),
        (0, "deploy", &["ee.wasm"]),
        (0, "list", &[]),
        (0, "show", &[]),
        (0, "prove", &["slot", "-o", "proof.json"]),
        (1, "deploy", &["ee.wasm"]),
        (1, "deploy", &["none.wasm"]),
        (1, "deploy", &["other.wasm", "--payer", "0"]),
        (1, "deploy", &["other.wasm", "--deposit", "0"]),
        (1, "deploy", &["other.wasm", "--deposit", "18446744073709551615"]),
        (1, "deploy", &["other.wasm", "--upgrade-delay", "18446744073709551615"]),
        (1, "deploy", &["other.wasm", "--against", "64"]),
        (2, "deploy", &["other.wasm", "--against", "65"]),
        (2, "deploy", &["other.wasm", "--payer", "64"]),
        (2, "deploy", &["other.wasm", "--refund", "64"]),
        (2, "deploy", &["other.wasm", "--shards", "2"]),
        (2, "deploy", &["other.wasm", "--shards", "1023"]),
        (2, "deploy", &["other.wasm", "--shards", "1024"]),
        (2, "deploy", &["other.wasm", "--shards", "18446744073709551615"]),
        (2, "deploy", &["absent.wasm"]),
        (2, "deploy", &["none.wasm", "absent.wasm"]),
        (2, "prove", &["code:9", "-o", "proof.json"]),
        (2, "prove", &["latest:2", "-o", "proof.json"]),
        (2, "init", &[]),
        (2, "advance", &["--slots", "-1"]),
        (2, "advance", &["--slots", "18446744073709551615"]),
        (2, "advance", &["--epochs", "2305843009213693952"]),
        (0, "advance", &["--slots", "0"]),
    ] {
        let ran = beacon(&scratch, command, arguments);
        assert_eq!(ran.code, Some(code), "{command} {arguments:?}: {ran:?}");
        // An error is on stderr, and a ruling is not.
        assert_eq!(ran.err.starts_with("error: "), code == 2, "{command} {arguments:?}: {ran:?}");
    }
    for (code, arguments) in
        [(1, &["proof.json", "--root", &root][..]), (2, &["absent.json", "--root", &root])]
    {
        let ran = scratch.outrider(&[&["beacon", "verify"], arguments].concat());
        assert_eq!(ran.code, Some(code), "{ran:?}");
    }
}

/// The numbers are the specification's: 8 slots in an epoch of the preset minimal, with 4 committees or, in phase 1, one for each of
/// the 2 shards, of up to 2048 validators; 32 slots with 64 committees in the preset mainnet.
#[test]
fn a_chain_that_could_make_no_block_is_not_created() {
    let scratch = Scratch::new();
    for (preset, phase, min, max) in [
        ("minimal", "0", 8_u64, 65_536_u64),
        ("minimal", "1", 8, 32_768),
        ("mainnet", "0", 32, 4_194_304),
        ("mainnet", "1", 32, 4_194_304),
    ] {
        for validators in [0, min - 1, max + 1, u64::MAX] {
            let validators = validators.to_string();
            let options = ["--preset", preset, "--phase", phase, "--validators", &validators];
            let ran = beacon(&scratch, "init", &options);
            let expected = format!(
                "error: --validators: a chain of this preset and phase has {min} to {max} validators, not {validators}\n"
            );
            assert_eq!((ran.code, ran.err), (Some(2), expected));
            assert!(!scratch.path().join("chain").exists(), "a refused chain leaves nothing");
        }
        let min = min.to_string();
        let least = chain(&["--preset", preset, "--phase", phase, "--validators", &min]);
        assert_eq!(beacon(&least, "advance", &["--epochs", "1"]).code, Some(0));
    }
}

/// The settings of a chain are those with which it was created, in each later command.
#[test]
fn rent_is_collected_by_every_later_command() {
    let scratch = chain(&["--rent-per-epoch", "5000000000"]);
    scratch.write("ee.wasm", wasm(NOTHING));
    let deployed = beacon(&scratch, "deploy", &["ee.wasm", "--deposit", "40000000000"]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    let text = "EEs pay a rent of 5 ETH an epoch";
    // The EE is active from epoch 1 on. With less than 32 ETH in epoch 2, it is asleep in epoch 3 and pays no more.
    for (epoch, deposit, state) in
        [(1, 35, "active"), (2, 30, "active"), (3, 30, "asleep"), (4, 30, "asleep")]
    {
        assert_eq!(beacon(&scratch, "advance", &["--epochs", "1"]).code, Some(0));
        let list = json(&scratch, "list", &[], 0);
        let ee = &list["ees"][0];
        assert_eq!(ee["deposit_gwei"], deposit * 1_000_000_000_u64, "epoch {epoch}");
        assert_eq!(ee["state"], state, "epoch {epoch}");
        assert_eq!(list["chain"]["rent_per_epoch_gwei"], 5_000_000_000_u64);
    }
    let list = beacon(&scratch, "list", &[]).out;
    assert!(list.ends_with(&format!("1 EE; {text}\n")), "{list}");
    let shown = beacon(&scratch, "show", &[]).out;
    assert!(shown.contains(&format!("\nsettings    {text}\n")), "{shown}");
}

#[test]
fn a_thin_ledger_leaves_the_ether_to_committees() {
    let scratch = chain(&["--ether", "committee"]);
    scratch.write("ee.wasm", wasm(NOTHING));
    assert_eq!(beacon(&scratch, "deploy", &["ee.wasm", "--shards", "1"]).code, Some(0));
    assert_eq!(beacon(&scratch, "advance", &["--epochs", "2"]).code, Some(0));
    let list = json(&scratch, "list", &[], 0);
    assert_eq!(list["chain"]["ether"], "committee");
    let ee = &list["ees"][0];
    assert_eq!((&ee["state"], ee["balance_gwei"].is_null()), (&"active".into(), true));
    assert_eq!(ee["shards"], serde_json::json!([{ "shard": 1 }]));
    let text = beacon(&scratch, "list", &[]).out;
    assert!(text.contains("  shards   1\n  balance  known to committees only\n"), "{text}");
    assert!(text.ends_with("1 EE; committees alone vouch for the ether of EEs\n"), "{text}");
    // With a full ledger, the same claim has a proof.
    let ran = beacon(&scratch, "prove", &["state:0@1", "-o", "proof.json"]);
    let expected = "error: the ledger is thin and has nothing for state:0@1, which committees alone know\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), expected));
    assert_eq!(beacon(&scratch, "prove", &["code:0", "-o", "proof.json"]).code, Some(0));
    let full = chain(&[]);
    full.write("ee.wasm", wasm(NOTHING));
    assert_eq!(beacon(&full, "deploy", &["ee.wasm", "--shards", "1"]).code, Some(0));
    assert_eq!(beacon(&full, "prove", &["state:0@1", "-o", "proof.json"]).code, Some(0));
}

/// A header waits for three slots after the block that crosslinks it: that of slot 1 counts in slot 5.
#[test]
fn executions_count_after_the_challenge_window() {
    for (options, first) in [(&[][..], 2), (&["--challenge-slots", "3"], 5)] {
        let scratch = chain(options);
        for slot in 1..=6 {
            assert_eq!(beacon(&scratch, "advance", &["--slots", "1"]).code, Some(0));
            let ran = beacon(&scratch, "prove", &["execution:0@1", "-o", "proof.json"]);
            let expected = if slot >= first { Some(0) } else { Some(2) };
            assert_eq!(ran.code, expected, "slot {slot} with {options:?}: {ran:?}");
        }
        let shown = beacon(&scratch, "show", &[]).out;
        let has_settings = shown.contains("\nsettings    executions can be challenged for 3 slots\n");
        assert_eq!(has_settings, !options.is_empty(), "{shown}");
    }
}

#[test]
fn settings_are_given_once_and_within_bounds() {
    let scratch = Scratch::new();
    for options in [
        ["--challenge-slots", "65"],
        ["--rent-per-epoch", "-1"],
        ["--ether", "nobody"],
        ["--window", "0"],
        ["--window", "513"],
    ] {
        assert_eq!(beacon(&scratch, "init", &options).code, Some(2), "{options:?}");
        assert!(!scratch.path().join("chain").exists());
    }
    let all = ["--challenge-slots", "64", "--rent-per-epoch", "1", "--ether", "committee", "--window", "1"];
    let created = beacon(&scratch, "init", &all);
    let settings = "EEs pay a rent of 0.000000001 ETH an epoch; committees alone vouch for the ether of EEs; \
                    executions can be challenged for 64 slots; at most 1 message is in flight on a lane";
    assert!(created.out.ends_with(&format!("  settings {settings}\n")), "{created:?}");
    let chain = json(&scratch, "show", &[], 0)["chain"].clone();
    assert_eq!((&chain["challenge_slots"], &chain["window"]), (&64.into(), &1.into()));
    // No later command takes one of them, nor does a second `init`.
    for command in ["advance", "list", "show", "deploy"] {
        let ran = beacon(&scratch, command, &["--ether", "ledger"]);
        assert!(ran.code == Some(2) && ran.err.contains("unexpected argument '--ether'"), "{ran:?}");
    }
    let again = beacon(&scratch, "init", &["--ether", "ledger"]);
    assert!(again.code == Some(2) && again.err.contains("has a chain already"), "{again:?}");
    assert_eq!(json(&scratch, "show", &[], 0)["chain"], chain);
}

/// With all shards alike, one line has them all, and JSON has each.
#[test]
fn shards_that_are_alike_are_shown_together() {
    let scratch = chain(&["--preset", "mainnet", "--validators", "64"]);
    let idle = beacon(&scratch, "show", &[]).out;
    assert!(idle.ends_with("\n64 shards without blocks or ether\n"), "{idle}");
    assert_eq!(beacon(&scratch, "advance", &["--slots", "70"]).code, Some(0));
    let shown = json(&scratch, "show", &[], 0);
    let shards = shown["shards"].as_array().unwrap();
    assert_eq!(shards.len(), 64);
    // Each execution root with the shards that have it, by the document.
    let mut roots = BTreeMap::<_, Vec<u64>>::new();
    for shard in shards.iter().filter(|shard| shard["latest_block_root"] != zeros()) {
        let root = shard["execution_root"].as_str().unwrap();
        roots.entry(root.to_owned()).or_default().push(shard["shard"].as_u64().unwrap());
    }
    let text = beacon(&scratch, "show", &[]).out;
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("shard")).collect();
    let n_alone: usize = roots.values().map(Vec::len).sum();
    // In 70 slots, each of the 64 shards has had a block in turn, and the first of them another one.
    assert!(lines.len() <= 3 && n_alone == 64, "{text}");
    for line in lines {
        let (names, rest) = line.split_once(": execution root ").unwrap();
        let root = rest.split(',').next().unwrap();
        let mut named = Vec::new();
        for range in names.split_once(' ').unwrap().1.split(", ") {
            let (first, last) = range.split_once(" to ").unwrap_or((range, range));
            named.extend(first.parse::<u64>().unwrap()..=last.parse().unwrap());
        }
        let with_root = roots.get_mut(root).unwrap();
        assert!(named.iter().all(|shard| with_root.contains(shard)), "{line}");
        with_root.retain(|shard| !named.contains(shard));
    }
    assert!(roots.values().all(Vec::is_empty), "a shard is not shown: {roots:?}");
}

fn zeros() -> String {
    format!("0x{}", "00".repeat(32))
}
