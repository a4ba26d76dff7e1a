//! `outrider beacon advance` and `deploy` lose no finalized block if they are killed at random moments.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use outrider_beacon::{
    admission::HostAdmission,
    ledger::Settings,
    registry::{NoJudge, Rules},
    store::{Store, UnloadedStore},
};
use outrider_beacon_spec::{
    hash::hash,
    phase::Phase1,
    preset::Minimal,
    types::{Bytes32, Root, Slot},
};
use sha2::{Digest as _, Sha256};
use support::{Scratch, beacon::json, wasm};

/// The environment variable with the number of kills, 24 by default.
const KILLS: &str = "OUTRIDER_KILLS";
/// The faucet of a chain of 64 validators.
const FAUCET: u64 = 63;

/// The observed part of a chain that must never be lost.
#[derive(Default)]
struct Observed {
    /// The finalized blocks by slot.
    finalized: BTreeMap<Slot, Root>,
    head_slot: Slot,
    n_ees: usize,
}

impl Observed {
    /// Loads the store, which applies every block since finality again, and compares it with the earlier observations.
    fn check(&mut self, scratch: &Scratch, kill: u32) {
        let settings = Settings { faucet: Some(FAUCET), ..Settings::default() };
        let admission = HostAdmission::default();
        let rules = Rules {
            settings: &settings,
            admission: &admission,
            judge: &NoJudge,
            // All signatures of blocks since finality are verified.
            verify_signatures: true,
        };
        let opened = UnloadedStore::open(&scratch.path().join("chain")).unwrap();
        let (store, node): (Store<Phase1<Minimal>>, _) = opened.load(rules).unwrap();
        let head = node.extended(&node.head().unwrap()).unwrap();
        head.ledger.check_conservation().unwrap();
        assert!(head.state.slot >= self.head_slot, "kill {kill}: the head went back to {}", head.state.slot);
        self.head_slot = head.state.slot;
        assert!(head.ledger.ees().len() >= self.n_ees, "kill {kill}");
        self.n_ees = head.ledger.ees().len();
        for record in head.ledger.ees().iter().filter(|record| !record.is_gone()) {
            let code = store.code(record.code_hash).unwrap().unwrap();
            assert_eq!(hash(&[&code]), record.code_hash);
            assert_eq!(Bytes32::from_slice(&Sha256::digest(&code)), record.code_hash);
        }
        let headers = store.headers(0).unwrap();
        assert_eq!(headers.len() as u64, self.head_slot + 1, "kill {kill}: a header is missing");
        let found: BTreeMap<_, _> = headers.iter().map(|(root, header)| (header.slot, *root)).collect();
        for (slot, root) in &self.finalized {
            assert_eq!(
                found.get(slot),
                Some(root),
                "kill {kill}: the finalized block of slot {slot} is lost"
            );
        }
        let finalized_root = node.store().finalized_checkpoint.root;
        let finalized_slot = node.store().blocks[&finalized_root].slot;
        self.finalized = found.range(..=finalized_slot).map(|(slot, root)| (*slot, *root)).collect();
    }
}

#[test]
fn no_finalized_block_is_lost() {
    let n_kills: u32 = std::env::var(KILLS).map_or(24, |count| count.parse().unwrap());
    let scratch = Scratch::new();
    let made = scratch.outrider(&["beacon", "init", "--data-dir", "chain"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let mut seen = Observed::default();
    let mut n_running = 0;
    for kill in 0..n_kills {
        let random = Sha256::digest(kill.to_le_bytes());
        let moment = u64::from(u16::from_le_bytes([random[0], random[1]]));
        // Every fourth command deploys an EE with new code.
        let is_deployment = kill % 4 == 3;
        let arguments = if is_deployment {
            let ee =
                format!(r#"(data (i32.const 0) "{kill}") (func (export "main") (call $save (i32.const 0)))"#);
            scratch.write("ee.wasm", wasm(&ee));
            vec!["beacon", "deploy", "--data-dir", "chain", "ee.wasm"]
        } else {
            vec!["beacon", "advance", "--data-dir", "chain", "--epochs", "100000"]
        };
        let mut command = scratch.command(&arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let moment_max_ms = if is_deployment { DEPLOYMENT_MS } else { ADVANCE_MS };
        std::thread::sleep(Duration::from_micros(20_000 + moment * moment_max_ms * 1_000 / 65_536));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        n_running += u32::from(output.status.code().is_none());
        let is_done = output.status.success();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(is_done || output.status.code().is_none(), "kill {kill}: {error}");
        seen.check(&scratch, kill);
    }
    let n_finalized = seen.finalized.len();
    // Every EE has its name, whenever the command was killed.
    let list = json(&scratch, "list", &[], 0);
    let ees = list["ees"].as_array().unwrap();
    assert!(ees.iter().all(|ee| ee["name"] == "ee"), "{list}");
    eprintln!(
        "{n_kills} kills, {n_running} before the command ended; {} slots, {n_finalized} blocks finalized, {} EEs",
        seen.head_slot, seen.n_ees
    );
    assert!(n_running > n_kills / 2);
    assert!(seen.head_slot > u64::from(n_kills), "the commands ran too few slots");
    assert!(n_kills < 8 || n_finalized > 8);
}

/// The maximum time between start and kill of `advance`, in addition to 20 ms.
const ADVANCE_MS: u64 = 600;
/// The same for `deploy`, which ends by itself.
const DEPLOYMENT_MS: u64 = 250;
