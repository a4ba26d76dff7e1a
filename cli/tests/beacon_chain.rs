//! `outrider beacon` runs a chain from its genesis on, over several processes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use support::{
    Scratch,
    beacon::{NOTHING, beacon, chain, json},
    blob, ran, wasm,
};

#[test]
fn the_ees_of_the_project_are_deployed_and_stay_active() {
    let scratch = chain(&[]);
    let names = ["account", "bazaar", "crypto-check", "evm", "helloworld", "styles", "workload"];
    for name in names {
        scratch.write(&format!("blobs/{name}.wasm"), blob(name));
    }
    let deployed = json(&scratch, "deploy", &["blobs"], 0);
    let ees = json(&scratch, "list", &[], 0);
    for (index, name) in names.iter().enumerate() {
        let ee = &ees["ees"][index];
        assert_eq!((ee["name"].as_str(), ee["index"].as_u64()), (Some(*name), Some(index as u64)));
        let code = blob(name);
        let deployment = &deployed["deployments"][index];
        let code_hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&code));
        assert_eq!([&ee["code_hash"], &deployment["code_hash"]], [&code_hash, &code_hash]);
        // 32 ETH, 1 ETH per 4 KiB or part of them, and 0.01 ETH for each of the two shards.
        let deposit = (32 + code.len().div_ceil(4096) as u64) * 1_000_000_000 + 20_000_000;
        assert_eq!([&ee["deposit_gwei"], &deployment["deposit_gwei"]], [deposit, deposit]);
        let votes = ["votes_for", "votes_against"].map(|votes| deployment[votes].as_u64());
        assert_eq!((votes, &deployment["accepted"]), ([Some(64), Some(0)], &Value::Bool(true)));
    }
    let before = json(&scratch, "show", &[], 0);
    let advanced = json(&scratch, "advance", &["--epochs", "4"], 0);
    let after = json(&scratch, "show", &[], 0);
    assert_eq!(after["head"]["slot"].as_u64(), before["head"]["slot"].as_u64().map(|slot| slot + 32));
    assert_eq!(advanced["finalized"], after["finalized"]);
    assert!(after["finalized"]["epoch"].as_u64() > Some(2));
    let ees_after = json(&scratch, "list", &[], 0);
    for (ee, before) in ees_after["ees"].as_array().unwrap().iter().zip(ees["ees"].as_array().unwrap()) {
        assert_eq!(ee["state"], "active");
        for field in ["index", "name", "code_hash", "deployed_epoch", "deposit_gwei", "shards"] {
            assert_eq!(ee[field], before[field]);
        }
    }
    // `list` and `show` change nothing.
    assert_eq!(json(&scratch, "list", &[], 0), ees_after);
    assert_eq!(json(&scratch, "show", &[], 0), after);
}

/// A worker compiles the code, and cannot where it has no directory to exchange files in.
#[cfg(unix)]
#[test]
fn a_machine_that_cannot_compile_proposes_nothing() {
    let scratch = chain(&[]);
    scratch.write("good.wasm", wasm(NOTHING));
    let before = json(&scratch, "show", &[], 0);
    let mut command = scratch.command(&["beacon", "deploy", "--data-dir", "chain", "good.wasm"]);
    let ran = ran(command.env("TMPDIR", scratch.path().join("nowhere")).output());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("this machine cannot compile the code, so nothing is proposed"), "{ran:?}");
    assert_eq!(json(&scratch, "show", &[], 0), before);
}

#[test]
fn a_shard_that_is_named_twice_costs_once() {
    let scratch = chain(&[]);
    scratch.write("good.wasm", wasm(NOTHING));
    let deployed = json(&scratch, "deploy", &["good.wasm", "--shards", "0,0"], 0);
    // 32 ETH, 1 ETH for up to 4 KiB, and 0.01 ETH for the shard.
    assert_eq!(deployed["deployments"][0]["deposit_gwei"], 33_010_000_000_u64);
}

#[test]
fn a_refused_module_changes_nothing_and_the_reason_is_printed() {
    let scratch = chain(&[]);
    scratch.write("good.wasm", wasm(NOTHING));
    assert_eq!(beacon(&scratch, "deploy", &["good.wasm"]).code, Some(0));
    let before = json(&scratch, "show", &[], 0);
    let locals = "(local i64)".repeat(900);
    let uses: String =
        (0..900).map(|i| format!("(local.set {i} (i64.add (local.get {i}) (local.get 0)))")).collect();
    let branches = "(if (i64.eqz (local.get 1)) (then (local.set 2 (i64.const 1))))".repeat(2000);
    let bomb =
        format!(r#"(func (export "main") {locals} {uses} {branches} {uses} (call $save (i32.const 0)))"#);
    scratch.write("again.wasm", wasm(NOTHING));
    scratch.write("bomb.wasm", wasm(&bomb));
    scratch.write("threads.wasm", wat::parse_str(THREADS).unwrap());
    scratch.write("none.wasm", "no module");
    scratch.write("large.wasm", vec![0; (4 << 20) + 1]);
    scratch.write("other.wasm", wasm(&NOTHING.replace("i32.const 0", "i32.const 32")));
    for (arguments, reason) in [
        (&["again.wasm"][..], "belongs to EE 0"),
        (&["bomb.wasm"], "predicted"),
        (&["threads.wasm"], "threads"),
        (&["none.wasm"], "the code is invalid: not a wasm module"),
        (&["large.wasm"], "the code is too long: the file has 4194305 bytes, expected at most 4194304"),
        (&["other.wasm", "--payer", "3"], "--payer: validator 3 has not exited"),
        (
            &["other.wasm", "--deposit", "1000"],
            "--deposit: the deposit is 1000 Gwei, expected at least 33020000000",
        ),
        (
            &["other.wasm", "--deposit", "18446744073709551615"],
            "--deposit: validator 63 spends 18446744073709551615",
        ),
        (
            &["other.wasm", "--upgrade-delay", "4294967297"],
            "--upgrade-delay: the upgrade delay is 4294967297 epochs",
        ),
        (&["other.wasm", "--upgrade-delay", "18446744073709551615"], "the limit is 4294967296"),
    ] {
        let document = json(&scratch, "deploy", arguments, 1);
        let deployment = &document["deployments"][0];
        assert_eq!(deployment["outcome"], "refused", "{deployment}");
        assert!(deployment["reason"].as_str().unwrap().contains(reason), "{deployment}");
        let ran = beacon(&scratch, "deploy", arguments);
        assert!(ran.out.contains(" refused\n") && ran.out.ends_with("; the chain is unchanged\n"), "{ran:?}");
        assert_eq!(json(&scratch, "show", &[], 0), before);
    }
    // The command continues after a refusal.
    let document = json(&scratch, "deploy", &["none.wasm", "other.wasm"], 1);
    assert_eq!(document["deployments"][1]["outcome"], "voted_on");
    assert_eq!(document["summary"], support::summary("fails", 1, 1));
}

/// A module with a shared memory.
const THREADS: &str = r#"(module
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 1 1 shared)
    (func (export "main") (call $save (i32.const 0))))"#;

#[test]
fn a_third_of_the_validators_votes_code_down_and_the_deposit_is_refunded() {
    let scratch = chain(&["--phase", "0"]);
    scratch.write("ee.wasm", wasm(NOTHING));
    // 21 of 64 are less than a third, 22 are more.
    let document = json(&scratch, "deploy", &["ee.wasm", "--against", "22", "--refund", "5"], 1);
    let vote = &document["deployments"][0];
    assert_eq!([&vote["votes_for"], &vote["votes_against"]], [0, 22]);
    assert_eq!((&vote["accepted"], &vote["voters"]), (&Value::from(false), &Value::from(64)));
    let other = chain(&["--phase", "0"]);
    other.write("ee.wasm", wasm(NOTHING));
    let ran = beacon(&other, "deploy", &["ee.wasm", "--against", "22"]);
    let expected =
        "votes      0 for, 22 against, decided before the other 42 voted: 33.02 ETH refunded in slot 2\n";
    assert!(ran.out.contains(expected), "{ran:?}");
    let ees = json(&scratch, "list", &[], 0);
    assert_eq!(
        [&ees["ees"][0]["state"], &ees["ees"][0]["deposit_gwei"]],
        [&Value::from("rejected"), &0.into()]
    );
    let show = json(&scratch, "show", &[], 0);
    assert_eq!(show["ether"]["ledger_gwei"], 0);
    let ran = beacon(&scratch, "deploy", &["ee.wasm", "--against", "21"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("43 for, 21 against: active from epoch 1\n"), "{ran:?}");
    let shown = beacon(&scratch, "show", &[]);
    assert!(shown.out.contains(", 2 EEs\n"), "{shown:?}");
    assert!(shown.out.ends_with("2 shards without blocks or ether\n"), "{shown:?}");
    let list = beacon(&scratch, "list", &[]);
    assert!(list.out.contains("EE 0, ee: gone, validators rejected its code in epoch 0\n"), "{list:?}");
    assert!(list.out.contains("EE 1, ee: pending, active from epoch 1\n"), "{list:?}");
}

/// Code that is valid but exceeds the memory of validators is voted down, and not refused.
#[cfg(unix)]
#[test]
fn code_that_validators_cannot_compile_is_voted_down() {
    let scratch = chain(&["--phase", "0"]);
    scratch.write("evm.wasm", blob("evm"));
    let document = json(&scratch, "deploy", &["evm.wasm", "--trial-memory", "8"], 1);
    let vote = &document["deployments"][0];
    assert_eq!([&vote["votes_for"], &vote["votes_against"]], [0, 64]);
    let reason =
        "compiling the module takes more than 8388608 bytes of memory; --trial-memory sets the limit";
    assert_eq!(vote["trial"], reason);
    assert_eq!(json(&scratch, "show", &[], 0)["ether"]["ledger_gwei"], 0);
}

#[test]
fn a_proof_is_verified_with_only_a_block_root() {
    let scratch = chain(&[]);
    let ran = beacon(&scratch, "prove", &["code:0", "-o", "proof.json"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("`outrider beacon advance --slots 1`"), "{ran:?}");
    scratch.write("ee.wasm", wasm(NOTHING));
    let root = "11".repeat(32);
    let state_root = format!("0x{root}");
    let deployed = beacon(&scratch, "deploy", &["ee.wasm", "--state-root", &state_root, "--shards", "1"]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    let claims = ["code:0", "deposit:0", "state:0@1", "balance:0@1", "execution:1@1"];
    let proven = json(&scratch, "prove", &[&claims[..], &["-o", "proof.json"]].concat(), 0);
    let block_root = proven["block_root"].as_str().unwrap();
    assert_eq!(block_root, json(&scratch, "show", &[], 0)["head"]["root"]);
    let elsewhere = Scratch::new();
    elsewhere.write("proof.json", scratch.read("proof.json"));
    let verify = |root: &str, more: &[&str]| {
        elsewhere.outrider(&[&["beacon", "verify", "proof.json", "--root", root], more].concat())
    };
    let ran = verify(block_root, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let code_hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(wasm(NOTHING)));
    for line in [
        format!("code:0           {code_hash}\n"),
        "deposit:0        33.01 ETH\n".to_owned(),
        format!("state:0@1        {root}\n"),
        "balance:0@1      0 ETH\n".to_owned(),
    ] {
        assert!(ran.out.contains(&line), "{line} {ran:?}");
    }
    let document: Value = serde_json::from_str(&verify(block_root, &["--json"]).out).unwrap();
    assert_eq!(document["claims"][2]["leaf"], *root);
    // A wrong root, a wrong phase and a wrong claim are not proven.
    assert_eq!(verify(&format!("0x{}", "22".repeat(32)), &[]).code, Some(1));
    let ran = verify(block_root, &["--phase", "0"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.starts_with("not proven:"), "{ran:?}");
    let proof = scratch.read("proof.json");
    elsewhere.write("proof.json", proof.replace("balance:0@1", "balance:1@1"));
    assert_eq!(verify(block_root, &[]).code, Some(1));
    // Slot 257 has the place of slot 1.
    elsewhere.write("proof.json", proof.replace("execution:1@1", "execution:1@257"));
    let ran = verify(block_root, &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("and not of slot 257"), "{ran:?}");
    for wrong in ["{}", "no json", &proof.replace("\"code:0\"", "\"code\""), &proof[..proof.len() - 40]] {
        elsewhere.write("proof.json", wrong);
        let ran = verify(block_root, &[]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(
            ran.err.contains("proof.json: the file is not a proof of `outrider beacon prove`"),
            "{ran:?}"
        );
    }
    let ran = beacon(&scratch, "prove", &["code:1", "-o", "proof.json"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let ran = beacon(&scratch, "prove", &["code", "-o", "proof.json"]);
    assert!(ran.err.contains("`code` is not a claim: write code:EE"), "{ran:?}");
}

/// Shards have a block in every slot, so the head block's crosslinks are of the latest blocks, and the latest execution root of
/// a shard is in `recent`, too.
#[test]
fn claims_without_the_ledger_and_about_earlier_blocks_are_proven() {
    let scratch = chain(&["--keep-all"]);
    assert_eq!(beacon(&scratch, "advance", &["--slots", "60"]).code, Some(0));
    let head = json(&scratch, "show", &[], 0)["head"]["root"].as_str().unwrap().to_owned();
    let prove = |more: &[&str]| json(&scratch, "prove", &[more, &["-o", "proof.json"]].concat(), 0);
    let verify = |root: &str, more: &[&str]| {
        let ran =
            scratch.outrider(&[&["beacon", "verify", "proof.json", "--root", root, "--json"], more].concat());
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        (ran.code, document)
    };
    let leaf =
        |document: &Value, index: usize| document["claims"][index]["leaf"].as_str().unwrap().to_owned();
    prove(&["execution:1@59", "crosslink:1@0", "latest:1", "execution:1@58", "block:20", "block-slot"]);
    let (code, document) = verify(&head, &[]);
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(leaf(&document, 0), leaf(&document, 1));
    assert_eq!(leaf(&document, 0), leaf(&document, 2));
    assert_ne!(leaf(&document, 0), leaf(&document, 3));
    assert_eq!(document["claims"][5]["value"], "60");
    let block_root = leaf(&document, 4);
    // The places of these claims are others with the preset `mainnet`.
    assert_eq!(verify(&head, &["--preset", "mainnet"]).0, Some(1));

    // An earlier block, from before finality: the same claims, about its own time.
    let proven = prove(&["--slot", "20", "execution:1@19", "crosslink:1@0", "latest:1", "slot"]);
    assert_eq!([&proven["slot"], &proven["about"]["slot"]], [60, 20]);
    let (code, document) = verify(&head, &[]);
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["about_root"], format!("0x{block_root}"));
    assert_eq!(leaf(&document, 0), leaf(&document, 1));
    assert_eq!(leaf(&document, 0), leaf(&document, 2));
    assert_eq!(document["claims"][3]["value"], "20");
    let text = scratch.outrider(&["beacon", "verify", "proof.json", "--root", &head]);
    assert!(
        text.out.contains(&format!("about block 0x{block_root}, the latest up to slot 20\n")),
        "{text:?}"
    );
    let proof = scratch.read("proof.json");
    // Slot 84 has the place of slot 20.
    for (from, to) in [
        ("\"slot\": 20", "\"slot\": 21"),
        ("\"slot\": 20", "\"slot\": 84"),
        ("crosslink:1@0", "crosslink:0@0"),
    ] {
        let changed = proof.replace(from, to);
        assert_ne!(changed, proof);
        scratch.write("proof.json", changed);
        assert_eq!(verify(&head, &[]).0, Some(1), "{to}");
    }
    for (claims, expected) in [
        (&["--slot", "60", "slot"][..], "the head block does not know the block of slot 60"),
        (&["--slot", "0", "slot"], "the genesis block does not commit to a ledger"),
        (&["crosslink:1@1"], "does not crosslink a block 1 of shard 1"),
    ] {
        let ran = beacon(&scratch, "prove", &[claims, &["-o", "proof.json"]].concat());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(expected), "{ran:?}");
    }
}

#[test]
fn the_same_options_make_the_same_chain_however_often_it_is_stopped() {
    let [whole, parts, other] =
        [&["--seed", "5"], &["--seed", "5"], &["--seed", "6"]].map(|seed| chain(&seed[..]));
    assert_eq!(beacon(&whole, "advance", &["--epochs", "5"]).code, Some(0));
    for slots in ["1", "7", "25", "0", "7"] {
        assert_eq!(beacon(&parts, "advance", &["--slots", slots]).code, Some(0));
    }
    assert_eq!(json(&whole, "show", &[], 0), json(&parts, "show", &[], 0));
    assert_eq!(beacon(&other, "advance", &["--epochs", "5"]).code, Some(0));
    assert_ne!(json(&whole, "show", &[], 0)["head"], json(&other, "show", &[], 0)["head"]);
}

#[test]
fn mistakes_are_reported_in_one_line() {
    let scratch = chain(&["--preset", "mainnet"]);
    let again = beacon(&scratch, "init", &[]);
    assert_eq!(
        again.err,
        "error: chain: the directory has a chain already: name another directory, or remove this one\n"
    );
    let absent = scratch.outrider(&["beacon", "list", "--data-dir", "nowhere"]);
    assert_eq!(
        absent.err,
        "error: nowhere: the directory has no chain: create one with `outrider beacon init --data-dir nowhere`\n"
    );
    scratch.write("ee.wasm", wasm(NOTHING));
    for (arguments, expected) in [
        (&["ee.wasm", "--shards", "64"][..], "--shards: there is no shard 64: name some of 0 to 63"),
        (&["ee.wasm", "--shards", "0,1023"], "--shards: there is no shard 1023: name some of 0 to 63"),
        (&["ee.wasm", "--shards", "5000"], "--shards: there is no shard 5000: name some of 0 to 63"),
        (&["ee.wasm", "--payer", "64"], "--payer: there is no validator 64: name one of 0 to 63"),
        (&["ee.wasm", "--refund", "64"], "--refund: there is no validator 64: name one of 0 to 63"),
        (&["ee.wasm", "--trial-memory", "0"], "'--trial-memory <MIB>'"),
        (&["ee.wasm", "--trial-cpu", "0"], "'--trial-cpu <SECONDS>'"),
        (
            &["ee.wasm", "--state-root", "0x12"],
            "'--state-root <ROOT>': expected 32 bytes as 64 hex digits, with or without `0x`, got 1 byte",
        ),
        (&["nowhere.wasm"], "nowhere.wasm: no such file or directory"),
    ] {
        let ran = beacon(&scratch, "deploy", arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.err.starts_with("error: ") && ran.err.contains(expected), "{ran:?}");
    }
    let none = beacon(&scratch, "advance", &[]);
    assert_eq!(none.code, Some(2), "{none:?}");
    // A byte of the anchor is damaged.
    let mut anchor = std::fs::read(scratch.path().join("chain/anchor")).unwrap();
    anchor[9] ^= 1;
    scratch.write("chain/anchor", anchor);
    let ran = beacon(&scratch, "list", &[]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.err.lines().count(), 1);
    assert!(ran.err.contains("chain: the chain is damaged"), "{ran:?}");
}

/// The error names the process that has the chain open.
#[cfg(unix)]
#[test]
fn a_chain_that_another_process_has_open_is_left_alone() {
    let scratch = chain(&[]);
    let mut other = scratch
        .command(&["beacon", "advance", "--data-dir", "chain", "--epochs", "1000000"])
        .spawn()
        .unwrap();
    let pid = other.id();
    let expected = format!("error: chain: process {pid} has the chain open: wait until it ends, or end it\n");
    let refused = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        beacon(&scratch, "list", &[]).err == expected
    });
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(refused);
    assert_eq!(beacon(&scratch, "list", &[]).code, Some(0));
}
