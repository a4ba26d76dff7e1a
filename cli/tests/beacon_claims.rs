//! `outrider beacon prove` and `verify`: claims about an EE's record, and mistakes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{
    Ran, Scratch,
    beacon::{NOTHING, beacon, chain, json},
    wasm,
};

/// Proves claims, and verifies them against the root of the head with the phase of the chain.
#[track_caller]
fn verified(scratch: &Scratch, claims: &[&str], phase: &str) -> Ran {
    let proven = json(scratch, "prove", &[claims, &["-o", "proof.json"]].concat(), 0);
    let root = proven["block_root"].as_str().unwrap();
    scratch.outrider(&["beacon", "verify", "proof.json", "--root", root, "--phase", phase])
}

/// The claims about the record of EE 0.
const RECORD: [&str; 7] =
    ["code:0", "deployed:0", "exit:0", "withdrawable:0", "hibernation:0", "wake:0", "shards:0"];

#[test]
fn a_verifier_sees_whether_validators_accepted_the_code() {
    for (phase, options, record) in [
        ("1", &["--shards", "1"][..], ["epoch 1", "never", "never", "never", "never", "1"]),
        ("1", &[], ["epoch 1", "never", "never", "never", "never", "0 to 1"]),
        // A third of the validators votes against it in epoch 0.
        ("0", &["--against", "22"], ["never", "epoch 0", "epoch 0", "never", "never", "0 to 1"]),
    ] {
        let scratch = chain(&["--phase", phase]);
        scratch.write("ee.wasm", wasm(NOTHING));
        beacon(&scratch, "deploy", &[&["ee.wasm"], options].concat());
        let ran = verified(&scratch, &RECORD, phase);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
        let values: Vec<_> = ran.out.lines().skip(1).take(6).map(|line| line[17..].to_owned()).collect();
        assert_eq!(values, record);
        let names: Vec<_> = ran.out.lines().take(7).map(|line| line[..17].trim_end().to_owned()).collect();
        assert_eq!(names, RECORD);
        // All from one branch: the fields of a record are together, and the set of shards has two hashes more.
        let proven = json(&scratch, "prove", &[&RECORD[..], &["-o", "proof.json"]].concat(), 0);
        let alone = json(&scratch, "prove", &["code:0", "-o", "one.json"], 0);
        let n_hashes = |document: &serde_json::Value| document["hashes"].as_u64().unwrap();
        assert!(n_hashes(&proven) < n_hashes(&alone) + 8, "{proven} {alone}");
    }
    // Another epoch, another value: a proof of one chain does not verify with the record of the other.
    let scratch = chain(&[]);
    scratch.write("ee.wasm", wasm(NOTHING));
    assert_eq!(beacon(&scratch, "advance", &["--epochs", "3"]).code, Some(0));
    assert_eq!(beacon(&scratch, "deploy", &["ee.wasm"]).code, Some(0));
    let ran = verified(&scratch, &["deployed:0", "shards:0@256"], "1");
    assert!(ran.out.starts_with("deployed:0       epoch 4\nshards:0@256     none\n"), "{ran:?}");
}

#[test]
fn a_proof_can_go_to_the_standard_output() {
    let scratch = chain(&[]);
    scratch.write("ee.wasm", wasm(NOTHING));
    assert_eq!(beacon(&scratch, "deploy", &["ee.wasm"]).code, Some(0));
    let proven = json(&scratch, "prove", &["code:0", "-o", "proof.json"], 0);
    let ran = beacon(&scratch, "prove", &["code:0", "-o", "-"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, scratch.read("proof.json"));
    assert!(!scratch.path().join("-").exists());
    let mut command =
        scratch.command(&["beacon", "verify", "-", "--root", proven["block_root"].as_str().unwrap()]);
    command.stdin(std::process::Stdio::from(std::fs::File::open(scratch.path().join("proof.json")).unwrap()));
    assert_eq!(support::ran(command.output()).code, Some(0));
    let ran = beacon(&scratch, "prove", &["code:0", "-o", "-", "--json"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.err, "error: --json: the standard output has the proof: name a file with --output\n");
}

/// While `prove` waits for a reader, others can use the chain.
#[cfg(unix)]
#[test]
fn a_proof_is_written_after_the_chain_is_closed() {
    let scratch = chain(&[]);
    assert_eq!(beacon(&scratch, "advance", &["--slots", "1"]).code, Some(0));
    let pipe = scratch.path().join("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let mut command = scratch.command(&["beacon", "prove", "--data-dir", "chain", "slot", "-o", "pipe"]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    // Opening for reading waits until the command has opened the pipe; it cannot end before the proof is read.
    let mut reader = std::fs::File::open(&pipe).unwrap();
    assert_eq!(beacon(&scratch, "advance", &["--slots", "1"]).code, Some(0));
    let mut proof = String::new();
    std::io::Read::read_to_string(&mut reader, &mut proof).unwrap();
    assert!(proof.contains("\"slot\""), "{proof}");
    assert_eq!(support::ran(child.wait_with_output()).code, Some(0));
}

#[test]
fn mistakes_name_the_claim_or_the_option() {
    let scratch = chain(&[]);
    scratch.write("ee.wasm", wasm(NOTHING));
    assert_eq!(beacon(&scratch, "deploy", &["ee.wasm"]).code, Some(0));
    let many: Vec<_> = (0..65).map(|ee| format!("code:{ee}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for (claims, expected) in [
        (&["code:0", "deposit:0", "code:0"][..], "`code:0` is claimed twice: name each claim once\n"),
        (&["slot", "execution:0@1", "slot"], "`slot` is claimed twice: name each claim once\n"),
        (&["code:2"], "the chain has nothing for code:2: there is no such EE or shard\n"),
        (&["shards:0@1024"], "the chain has nothing for shards:0@1024: there is no such EE or shard\n"),
        (&["state:0@9"], "the chain has nothing for state:0@9: there is no such EE or shard\n"),
        (&["latest:9"], "the chain has nothing for latest:9: there is no such EE or shard\n"),
        (&["block:1", "block-slot", "block:1"], "`block:1` is claimed twice: name each claim once\n"),
        (&["execution:0@9"], "shard 0 has no execution root of slot 9 after slot 2\n"),
        (&many[..], "a proof has at most 64 claims, not 65: make several proofs\n"),
    ] {
        let ran = beacon(&scratch, "prove", &[claims, &["-o", "proof.json"]].concat());
        assert_eq!((ran.code, ran.err), (Some(2), format!("error: {expected}")));
    }
    assert_eq!(beacon(&scratch, "prove", &["code:0", "deposit:0", "-o", "proof.json"]).code, Some(0));
    let root = json(&scratch, "show", &[], 0)["head"]["root"].as_str().unwrap().to_owned();
    let verify =
        |root: &str| scratch.outrider(&["beacon", "verify", "proof.json", "--root", root, "--phase", "1"]);
    for (root, got) in [("0x12", "1 byte"), ("", "0 bytes"), (&*format!("{root}00"), "33 bytes")] {
        let ran = verify(root);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let expected =
            format!("'--root <ROOT>': expected 32 bytes as 64 hex digits, with or without `0x`, got {got}");
        assert!(ran.err.contains(&expected), "{ran:?}");
    }
    let proof = scratch.read("proof.json");
    let nowhere = |claim: &str| {
        let options = "--phase 1 and --preset minimal";
        format!(
            "proof.json: `{claim}` is about something that no block has with {options}: check the claim and these options"
        )
    };
    let altered = |claims: &str| proof.replace("\"code:0\",\n    \"deposit:0\"", claims);
    for (claims, code, expected) in [
        ("\"code:0\"", 1, "not proven: the proof has leaves of 2 claims, expected 1: make the proof again"),
        (
            "\"code:0\", \"deposit:0\", \"slot\"",
            1,
            "not proven: the proof has leaves of 2 claims, expected 3",
        ),
        ("\"code:0\", \"exit:0\"", 1, "not proven: the proof is for generalized index"),
        ("\"code:+0\", \"deposit:0\"", 2, "`code:+0` is not a claim"),
        ("\"code:00\", \"deposit:0\"", 2, "`code:00` is not a claim"),
        ("\"code:65536\", \"deposit:0\"", 2, &nowhere("code:65536")),
        ("\"shards:0@1024\", \"deposit:0\"", 2, &nowhere("shards:0@1024")),
        ("\"code:0\", \"crosslink:8@0\"", 2, &nowhere("crosslink:8@0")),
        ("\"code:0\", \"latest:8\"", 2, &nowhere("latest:8")),
    ] {
        let text = altered(claims);
        assert_ne!(text, proof);
        scratch.write("proof.json", text);
        let ran = verify(&root);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        let message = if code == 1 { ran.out } else { ran.err };
        assert!(message.contains(expected), "{message}");
    }
}
