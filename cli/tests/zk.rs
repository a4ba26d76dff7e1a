//! `outrider zk`: a rollup from its setup to the exits of its owners, and the committed example.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use support::{Ran, Scratch, blob, project, summary};

const EE: [&str; 2] = ["--ee", "ees/blobs/zk-rollup.wasm"];

#[track_caller]
fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// Runs a command that succeeds.
#[track_caller]
fn run(scratch: &Scratch, arguments: &[&str]) -> Ran {
    let ran = scratch.outrider(arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    ran
}

/// Runs a command that fails with a code and a message.
#[track_caller]
fn refuse(scratch: &Scratch, arguments: &[&str], code: i32, expected: &str) {
    let ran = scratch.outrider(arguments);
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert!(ran.err.contains(expected), "{ran:?}");
}

/// Returns a directory with the keys of an operator and of two owners, and a genesis for batches of one transfer.
fn begun() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("ees/blobs/zk-rollup.wasm", blob("zk-rollup"));
    let ran = run(&scratch, &["zk", "setup", "--size", "1", "--seed", "test", "-o", "keys"]);
    assert!(
        ran.err.contains("keys/1.key: insecure key: whoever knows its seed can prove anything"),
        "{ran:?}"
    );
    for name in ["operator", "alice", "bob"] {
        run(&scratch, &["zk", "account", "new", &format!("{name}.key"), "--seed", name]);
    }
    let ran = run(
        &scratch,
        &[
            "zk",
            "genesis",
            "--operator",
            "operator.key",
            "--silence",
            "5",
            "keys/1.json",
            "-o",
            "genesis.json",
        ],
    );
    assert!(ran.err.contains("keys/1.json: insecure key"), "{ran:?}");
    run(&scratch, &["state", "init", "state", "--kind", "zk-rollup", EE[0], EE[1]]);
    scratch
}

/// Makes blocks and moves on to the state after them.
#[track_caller]
fn build(scratch: &Scratch, fixture: &str, packages: &[&str], options: &[&str]) {
    let arguments =
        [&["witness", "build", "state"], packages, &["-o", fixture, "--apply"], options, &EE].concat();
    run(scratch, &arguments);
    run(scratch, &["run", fixture]);
}

const PROVE: [&str; 8] = ["zk", "prove", "state", "--operator", "operator.key", "--keys", "keys", "--json"];

fn prove<'a>(transfers: &[&'a str]) -> Vec<&'a str> {
    [&PROVE[..], transfers, &["-o", "section.json"]].concat()
}

#[test]
fn a_rollup_from_setup_to_the_exits_of_its_owners() {
    let scratch = begun();
    run(&scratch, &["zk", "deposit", "alice.key=1000", "bob.key=50", "-o", "deposits.json"]);
    build(&scratch, "begin.yaml", &["genesis.json", "deposits.json"], &[]);

    // Deposits and a transfer of an account that is pending yet.
    let transfer = ["zk", "transfer", "state", "--key", "alice.key", "--from", "1", "--to", "2"];
    run(&scratch, &[&transfer[..], &["--amount", "300", "--fee", "7", "-o", "transfer.json"]].concat());
    let ran = run(&scratch, &[&PROVE[..], &["transfer.json", "-o", "section.json"]].concat());
    assert!(ran.err.contains("keys/1.key: insecure key"), "{ran:?}");
    let proved = json(&ran);
    assert_eq!((&proved["n_deposits"], &proved["summary"]), (&2.into(), &summary("holds", 1, 0)));
    assert_eq!(proved["batches"][0]["n_transfers"], 1);
    build(&scratch, "first.yaml", &["section.json"], &[]);
    let shown = json(&run(&scratch, &["zk", "account", "show", "state", "1", "--json"]));
    assert_eq!((&shown["balance"], &shown["nonce"]), (&693.into(), &1.into()));
    assert_eq!(shown["siblings"].as_array().unwrap().len(), 12);
    let public = run(&scratch, &["zk", "account", "key", "alice.key"]).out;
    assert_eq!(shown["public_key"].as_str().unwrap(), public.trim());

    // Everything follows from what was published.
    let ran = run(&scratch, &["zk", "verify", "begin.yaml", "first.yaml", "--key", "keys/1.json"]);
    assert!(ran.out.contains("block 0, batch 0, 1 transfers of 1: the proof holds"), "{ran:?}");
    run(&scratch, &["zk", "rebuild", "begin.yaml", "first.yaml", "-o", "rebuilt"]);
    let roots = ["state", "rebuilt"].map(|state| json(&run(&scratch, &["state", "show", state, "--json"])));
    assert_eq!(roots[0]["current_root"], roots[1]["current_root"]);

    // Bob leaves by the operator, and Alice from the rebuilt state, when the operator has been silent.
    let exit = ["zk", "exit", "rebuilt", "--shard", "1", "--ee", "0"];
    run(&scratch, &[&exit[..], &["--key", "bob.key", "--account", "2", "-o", "bob.json"]].concat());
    run(&scratch, &[&PROVE[..], &["--exit", "bob.json", "--collect", "1", "-o", "section.json"]].concat());
    build(&scratch, "second.yaml", &["section.json"], &["--slot", "1"]);
    assert!(scratch.read("second.yaml").contains("value: 350"));
    run(&scratch, &[&exit[..], &["--key", "alice.key", "--account", "1", "-o", "alice.json"]].concat());
    let early = ["witness", "build", "state", "alice.json", "--slot", "5", EE[0], EE[1]];
    refuse(
        &scratch,
        &early,
        1,
        "operations without the operator are possible 5 slots after the last section",
    );
    run(&scratch, &["zk", "rebuild", "begin.yaml", "first.yaml", "second.yaml"]);
    build(&scratch, "forced.yaml", &["alice.json"], &["--slot", "7"]);
    assert!(scratch.read("forced.yaml").contains("value: 693"));
    // Once only.
    let again = ["witness", "build", "state", "alice.json", "--slot", "20", EE[0], EE[1]];
    refuse(&scratch, &again, 1, "the nonce is 1, and that of the account is 2");
    for fixture in ["first.yaml", "second.yaml", "forced.yaml"] {
        let ran = run(&scratch, &["witness", "check", fixture]);
        assert!(ran.out.contains(": zk-rollup witness "), "{ran:?}");
    }
}

#[test]
fn what_an_operator_cannot_take_is_refused_with_its_place() {
    let scratch = begun();
    run(&scratch, &["zk", "deposit", "alice.key=1000", "-o", "deposits.json"]);
    build(&scratch, "begin.yaml", &["genesis.json", "deposits.json"], &[]);
    let transfer = ["zk", "transfer", "state", "--key", "alice.key", "--from", "1"];
    let write = |options: &[&str], output: &str| {
        run(&scratch, &[&transfer[..], options, &["-o", output]].concat());
    };
    write(&["--to", "1", "--amount", "1000"], "self.json");
    write(&["--to", "1", "--amount", "1001"], "much.json");
    write(&["--to", "1", "--amount", "1", "--nonce", "1"], "late.json");
    for (transfers, expected) in [
        (&["self.json", "much.json"][..], "much.json: transfer 0: account 1 signed nonce 0 twice"),
        (&["much.json"], "much.json: transfer 0: account 1 has 1000 Gwei, but amount and fee are 1001"),
        (&["late.json"], "late.json: transfer 0: the nonce is 1, and the next one of account 1 is 0"),
    ] {
        refuse(&scratch, &prove(transfers), 1, expected);
    }
    let amount = ["--to", "1", "--amount", "1234567891"];
    let remedy = "the number has too many digits for a transfer; the next smaller one is 1234567890";
    refuse(&scratch, &[&transfer[..], &amount].concat(), 2, remedy);
    let other = ["zk", "prove", "state", "--operator", "alice.key", "--keys", "keys", "-o", "section.json"];
    refuse(&scratch, &other, 2, "alice.key: not the key of the rollup's operator");
    refuse(
        &scratch,
        &["zk", "account", "new", "alice.key"],
        2,
        "alice.key: cannot write the secret key into a new file",
    );
    refuse(&scratch, &["zk", "account", "show", "state", "1"], 2, "there is no account 1");
    refuse(
        &scratch,
        &[
            "zk",
            "transfer",
            "begin.yaml",
            "--key",
            "genesis.json",
            "--from",
            "1",
            "--to",
            "1",
            "--amount",
            "1",
        ],
        2,
        "genesis.json: not 64 hex digits of a secret key",
    );
    run(&scratch, &prove(&["late.json", "--skip-refused"]));
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_secret_key_and_random_ones_differ() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = Scratch::new();
    let keys = ["a.key", "b.key"].map(|name| run(&scratch, &["zk", "account", "new", name]).out);
    assert_ne!(keys[0], keys[1]);
    let mode = scratch.path().join("a.key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// The example, whose proof is committed, and a copy with one byte changed.
#[test]
fn the_example_is_rebuilt_from_its_blocks_and_a_changed_byte_is_found() {
    let scratch = Scratch::new();
    scratch.write("ees/blobs/zk-rollup.wasm", blob("zk-rollup"));
    let example = std::fs::read_to_string(project().join("examples/zk-rollup.yaml")).unwrap();
    scratch.write("examples/zk-rollup.yaml", &example);
    scratch.write("30.json", include_bytes!("data/zk-rollup-30.json"));
    let rebuild = ["zk", "rebuild", "examples/zk-rollup.yaml", "--json"];
    let rebuilt = json(&run(&scratch, &rebuild));
    assert!(example.contains(rebuilt["root"].as_str().unwrap()), "{rebuilt}");
    assert_eq!(rebuilt["blocks"][2]["n_transfers"], 30);
    let verify = ["zk", "verify", "examples/zk-rollup.yaml", "--key", "30.json", "--json"];
    let verified = json(&run(&scratch, &verify));
    assert_eq!(
        (&verified["batches"][0]["holds"], &verified["summary"]),
        (&true.into(), &summary("holds", 1, 0))
    );
    let shown = json(&run(&scratch, &["zk", "account", "show", "examples/zk-rollup.yaml", "3", "--json"]));
    assert_eq!((&shown["nonce"], &shown["balance"]), (&6.into(), &(1_000_000 - 21 - 6).into()));

    // The last digits of the block data are the proof's, and the transfers are before it and the root.
    let end = example.rfind("shard_post_state").unwrap();
    let end = example[..end].rfind('"').unwrap() - 2 * (192 + 32);
    let mut changed = example.into_bytes();
    changed[end - 10] = if changed[end - 10] == b'0' { b'1' } else { b'0' };
    scratch.write("examples/zk-rollup.yaml", changed);
    refuse(&scratch, &rebuild[..3], 1, "examples/zk-rollup.yaml: block 2: ");
    refuse(&scratch, &verify[..5], 1, "examples/zk-rollup.yaml: block 2: ");
    let refused = json(&scratch.outrider(&rebuild));
    assert_eq!((&refused["root"], refused["blocks"].as_array().unwrap().len()), (&Value::Null, 2));
}

#[test]
fn a_ceremony_needs_powers_for_its_circuit_and_a_key() {
    let scratch = Scratch::new();
    scratch.write("few.ptau", include_bytes!("../../native/zk-rollup/tests/ceremony/vectors/plain.ptau"));
    scratch.write("first.zkey", include_bytes!("../../native/zk-rollup/tests/ceremony/vectors/first.zkey"));
    let begin = ["zk", "ceremony", "begin", "--size", "1", "--ptau", "few.ptau", "-o", "begun.key"];
    refuse(&scratch, &begin, 2, "few.ptau: ");
    let contribute = |key| ["zk", "ceremony", "contribute", key, "--name", "n", "-o", "next.key"];
    refuse(&scratch, &contribute("few.ptau"), 2, "few.ptau: ");
    refuse(&scratch, &contribute("first.zkey"), 2, "next.key: ");
    refuse(&scratch, &contribute("next.zkey"), 2, "next.zkey: ");
}
