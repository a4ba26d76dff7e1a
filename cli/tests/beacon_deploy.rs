//! `outrider beacon deploy`: files that cannot be read, results before an error, open votes, and names.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use outrider_beacon::{
    admission::HostAdmission,
    ledger::{Deploy, LedgerOperations, Settings, SignedDeploy, operation::DOMAIN_DEPLOY},
    registry::{NoJudge, Rules},
    store::UnloadedStore,
};
use outrider_beacon_spec::{
    accessors::get_domain, compute::compute_signing_root, phase::Phase1, preset::Minimal, types::Root,
};
use outrider_sim::{Chain, Keys, vote_on_code};
use sha2::{Digest as _, Sha256};
use ssz_types::BitVector;
use support::{
    Scratch,
    beacon::{NOTHING, beacon, chain, json},
    wasm,
};

/// The faucet of a chain of 64 validators.
const FAUCET: u64 = 63;

/// Proposes code on a chain like a `deploy` that is stopped during the vote: after blocks with the first votes, or with none. Of 64
/// validators, `n_for` vote for the code and `n_against` against it.
fn stopped_deployment(scratch: &Scratch, code: &[u8], n_for: u64, n_against: u64) {
    let settings = Settings { faucet: Some(FAUCET), ..Settings::default() };
    let admission = HostAdmission::default();
    let rules =
        Rules { settings: &settings, admission: &admission, judge: &NoJudge, verify_signatures: true };
    let opened = UnloadedStore::open(&scratch.path().join("chain")).unwrap();
    let (mut store, node) = opened.load::<Phase1<Minimal>>(rules).unwrap();
    let mut chain = Chain::new(node, Keys::new(64));
    let (_, head) = chain.head().unwrap();
    let faucet = head.state.validators.get(FAUCET as usize).unwrap();
    let mut shards = BitVector::new();
    shards.set(0, true).unwrap();
    let message = Deploy {
        ee: head.ledger.ees().len() as u32,
        code: code.to_vec().try_into().unwrap(),
        initial_state_root: Root::ZERO,
        shards,
        owner: faucet.pubkey,
        refund_credentials: faucet.withdrawal_credentials,
        upgrade_delay: 0,
        deposit: settings.deposit(code.len(), 1),
        payer: FAUCET,
    };
    let ee = message.ee;
    let signing_root = compute_signing_root(&message, get_domain(&head.state, DOMAIN_DEPLOY, None));
    let signature = chain.keys().sign(&[FAUCET], signing_root).unwrap();
    let deploys = vec![SignedDeploy { message, signature }].try_into().unwrap();
    let block = chain.run_slot(LedgerOperations { deploys, ..LedgerOperations::default() }, rules).unwrap();
    store.save(chain.node(), &block).unwrap();
    let (_, head) = chain.head().unwrap();
    let mut votes = vote_on_code(&head, ee, n_against, chain.keys()).unwrap();
    let n_voters = [n_against, n_for];
    for (vote, n) in votes.iter_mut().zip(n_voters) {
        let voters: Vec<_> = vote.validators.iter().copied().take(n as usize).collect();
        let domain = get_domain(&head.state, outrider_beacon::ledger::operation::DOMAIN_PRE_CHECK_VOTE, None);
        vote.signature = chain.keys().sign(&voters, compute_signing_root(&vote.message, domain)).unwrap();
        vote.validators = voters.try_into().unwrap();
    }
    let pre_check_votes = votes.try_into().unwrap();
    let operations = LedgerOperations { pre_check_votes, ..LedgerOperations::default() };
    let block = chain.run_slot(operations, rules).unwrap();
    store.save(chain.node(), &block).unwrap();
}

#[test]
fn an_open_vote_is_named_with_its_end_and_its_tally_and_may_lapse() {
    let scratch = chain(&[]);
    let code = wasm(NOTHING);
    scratch.write("ee.wasm", &code);
    stopped_deployment(&scratch, &code, 5, 3);
    // 5 and 3 of 64 validators, each with 32 ether; a vote opened in epoch 0 ends with epoch 2.
    let list = beacon(&scratch, "list", &[]).out;
    let expected = "EE 0, (no name): pending, validators vote on its code until epoch 2: 160 ETH for it, 96 ETH against it, of 2048 ETH\n";
    assert!(list.starts_with(expected), "{list}");
    let vote = &json(&scratch, "list", &[], 0)["ees"][0]["vote"];
    let expected = serde_json::json!({
        "until_epoch": 2,
        "accepted_gwei": 160_000_000_000_u64,
        "rejected_gwei": 96_000_000_000_u64,
        "total_gwei": 2_048_000_000_000_u64,
    });
    assert_eq!(*vote, expected);
    let before = json(&scratch, "show", &[], 0);
    let refused = json(&scratch, "deploy", &["ee.wasm"], 1);
    let hash = hex::encode(Sha256::digest(&code));
    let reason = format!(
        "a vote on code {hash}, as that of EE 0, is open until epoch 2: of a stake of 2048000000000 Gwei, \
         160000000000 are for it and 96000000000 against it"
    );
    assert_eq!(refused["deployments"][0]["reason"], reason);
    assert_eq!(json(&scratch, "show", &[], 0), before);
    // Nobody else votes until the end.
    assert_eq!(beacon(&scratch, "advance", &["--epochs", "2"]).code, Some(0));
    let list = beacon(&scratch, "list", &[]).out;
    assert!(list.contains(": gone, the vote on its code lapsed without a decision\n"), "{list}");
    let ee = &json(&scratch, "list", &[], 0)["ees"][0];
    assert_eq!(
        (ee["state"].as_str(), &ee["vote"], &ee["exit_epoch"]),
        (Some("lapsed"), &().into(), &().into())
    );
    // Now the code can be deployed.
    let again = json(&scratch, "deploy", &["ee.wasm"], 0);
    assert_eq!(again["deployments"][0]["ee"], 1);
    let states: Vec<_> = json(&scratch, "list", &[], 0)["ees"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ee| ee["state"].clone())
        .collect();
    assert_eq!(states, ["lapsed", "pending"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_loses_no_result() {
    let scratch = chain(&[]);
    for (name, word) in [("one", 0), ("two", 32), ("three", 64)] {
        let body = NOTHING.replace("i32.const 0", &format!("i32.const {word}"));
        scratch.write(&format!("{name}.wasm"), wasm(&body));
    }
    std::os::unix::fs::symlink("nowhere", scratch.path().join("broken.wasm")).unwrap();
    let long = std::fs::File::create(scratch.path().join("long.wasm")).unwrap();
    // 64 MiB and a byte, more than the host reads of any module.
    long.set_len((64 << 20) + 1).unwrap();
    let broken = "broken.wasm";
    std::fs::create_dir(scratch.path().join("set")).unwrap();
    std::os::unix::fs::symlink("nowhere", scratch.path().join("set/broken.wasm")).unwrap();
    let arguments = ["one.wasm", "set", "long.wasm", "/dev/zero", "two.wasm"];
    let ran = beacon(&scratch, "deploy", &[&arguments[..], &["--json"]].concat());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let deployments = document["deployments"].as_array().unwrap();
    let outcomes: Vec<_> =
        deployments.iter().map(|deployment| deployment["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["voted_on", "unusable", "refused", "unusable", "voted_on"]);
    let reason = "the code is too long: the file has 67108865 bytes, expected at most 4194304";
    assert_eq!(deployments[2]["reason"], reason);
    assert_eq!(deployments[3]["error"], "it is a device, not a file");
    let summary =
        serde_json::json!({ "verdict": "unusable", "passed": 2, "failed": 1, "not_run": 0, "unusable": 2 });
    assert_eq!(document["summary"], summary);
    assert_eq!(ran.err.lines().count(), 2, "{ran:?}");
    let ees = json(&scratch, "list", &[], 0);
    let names: Vec<_> = ees["ees"].as_array().unwrap().iter().map(|ee| ee["name"].clone()).collect();
    assert_eq!(names, ["one", "two"]);
    // As text, and with the rule of the chain alone.
    let ran = beacon(&scratch, "deploy", &["three.wasm", "set"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.out.starts_with("three.wasm deployed: EE 2\n"), "{ran:?}");
    assert!(ran.err.starts_with("error: set/broken.wasm: "), "{ran:?}");
    // A file that is missing, and a directory without modules, do not stop the others.
    scratch.write("four.wasm", wasm(&NOTHING.replace("i32.const 0", "i32.const 128")));
    std::fs::create_dir(scratch.path().join("empty")).unwrap();
    let ran = beacon(&scratch, "deploy", &["absent.wasm", "empty", "four.wasm"]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(2), 2), "{ran:?}");
    assert!(ran.out.starts_with("four.wasm deployed: EE 3\n"), "{ran:?}");
    assert_eq!(beacon(&scratch, "deploy", &["long.wasm"]).code, Some(1));
    assert_eq!(beacon(&scratch, "deploy", &[broken]).code, Some(2));
}

/// An error that stops the command comes with what was done before it: the machine cannot compile the third module.
#[cfg(unix)]
#[test]
fn an_error_loses_no_result() {
    let scratch = chain(&[]);
    for name in ["one.wasm", "two.wasm", "four.wasm"] {
        scratch.write(name, "no module");
    }
    scratch.write("three.wasm", wasm(NOTHING));
    // Only the third is compiled, and a worker needs a directory to exchange files in.
    let arguments = ["one.wasm", "two.wasm", "three.wasm", "four.wasm", "--json"];
    let mut command =
        scratch.command(&[&["beacon", "deploy", "--data-dir", "chain"], &arguments[..]].concat());
    let ran = support::ran(command.env("TMPDIR", scratch.path().join("nowhere")).output());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let outcomes: Vec<_> =
        document["deployments"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["refused", "refused"]);
    let summary = &document["summary"];
    let counts = ["passed", "failed", "unusable", "not_run"].map(|count| summary[count].as_u64().unwrap());
    assert_eq!(counts, [0, 2, 1, 1]);
    let error = summary["error"].as_str().unwrap();
    assert!(error.starts_with("three.wasm: this machine cannot compile the code"), "{error}");
    assert_eq!(ran.err, format!("error: {error}\n"));
}

/// While `deploy` waits for a module from a pipe, others can use the chain.
#[cfg(unix)]
#[test]
fn a_pipe_is_read_before_the_chain_is_opened() {
    use std::process::Stdio;
    let scratch = chain(&[]);
    // A shell names the pipe of a process substitution `/dev/fd/63`; the standard input is such a pipe, too.
    for (argument, name, n_slots) in [("-", "stdin", 4), ("/dev/fd/0", "/dev/fd/0", 9)] {
        let mut command = scratch.command(&["beacon", "deploy", "--data-dir", "chain", argument]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut writer = child.stdin.take().unwrap();
        for _ in 0..3 {
            assert_eq!(beacon(&scratch, "advance", &["--slots", "1"]).code, Some(0));
        }
        let ee = wasm(&NOTHING.replace("i32.const 0", &format!("i32.const {}", 32 * n_slots)));
        std::io::Write::write_all(&mut writer, &ee).unwrap();
        drop(writer);
        let ran = support::ran(child.wait_with_output());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.starts_with(&format!("{name} deployed: EE ")), "{ran:?}");
        assert!(ran.out.contains(&format!("  block      slot {n_slots}, ")), "{ran:?}");
    }
}

/// A named pipe without a writer would let the command wait for ever.
#[cfg(unix)]
#[test]
fn a_named_pipe_is_no_module() {
    let scratch = chain(&[]);
    let pipe = scratch.path().join("pipe.wasm");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    std::os::unix::fs::symlink("pipe.wasm", scratch.path().join("link.wasm")).unwrap();
    let expected = "it is a named pipe, which may never have a writer: name a file\n";
    for name in ["pipe.wasm", "link.wasm"] {
        let ran = beacon(&scratch, "deploy", &[name]);
        assert_eq!((ran.code, ran.err), (Some(2), format!("error: {name}: {expected}")));
        let ran = scratch.outrider(&["inspect", name]);
        assert!(ran.code == Some(2) && ran.err.ends_with(expected), "{ran:?}");
    }
}

/// Names belong to EEs and not to code, and a refused module changes none.
#[test]
fn names_stay_with_their_ees() {
    let scratch = chain(&["--phase", "0"]);
    scratch
        .write("first.wasm", wasm(NOTHING))
        .write("second.wasm", wasm(NOTHING))
        .write("none.wasm", "no module");
    assert_eq!(beacon(&scratch, "deploy", &["first.wasm", "--against", "64"]).code, Some(1));
    assert_eq!(beacon(&scratch, "deploy", &["none.wasm", "second.wasm", "first.wasm"]).code, Some(1));
    let mut command = scratch.command(&["beacon", "deploy", "--data-dir", "chain", "-"]);
    command.stdin(std::process::Stdio::from(std::fs::File::open(scratch.path().join("none.wasm")).unwrap()));
    let ran = support::ran(command.output());
    assert!(ran.out.starts_with("stdin refused\n"), "{ran:?}");
    let ees = json(&scratch, "list", &[], 0);
    let names: Vec<_> = ees["ees"].as_array().unwrap().iter().map(|ee| ee["name"].clone()).collect();
    assert_eq!(names, ["first", "second"]);
}

/// The anchor of the store changes with each block, so a command that is killed right after a change has stored a block and done as
/// little as possible since.
#[cfg(unix)]
#[test]
fn a_killed_deployment_leaves_no_ee_without_a_name() {
    let mut n_ees = 0;
    for n_changes in [1, 1, 1, 1, 1, 1, 2, 3] {
        let scratch = chain(&[]);
        scratch.write("ee.wasm", wasm(NOTHING));
        let anchor = || std::fs::read(scratch.path().join("chain/anchor")).unwrap_or_default();
        let mut command = scratch.command(&["beacon", "deploy", "--data-dir", "chain", "ee.wasm"]);
        let mut last = anchor();
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        let mut seen = 0;
        while seen < n_changes && child.try_wait().unwrap().is_none() {
            let now = anchor();
            if now != last {
                (seen, last) = (seen + 1, now);
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let list = json(&scratch, "list", &[], 0);
        let ees = list["ees"].as_array().unwrap();
        assert!(ees.iter().all(|ee| ee["name"] == "ee"), "after {n_changes} changes: {list}");
        n_ees += ees.len();
    }
    assert!(n_ees > 0, "no EE was in a block");
}
