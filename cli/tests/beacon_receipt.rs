//! `outrider beacon receipt`: the life of a receipt, which `sim/tests/example.rs` made.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../beacon/proof/tests/support/made.rs"]
mod made;
mod support;

use made::{message, return_data, returning, settlement};
use outrider_beacon_proof::ReceiptLife;
use serde_json::Value;
use support::{Ran, Scratch, project, summary};

const FILE: &str = "examples/receipt.life";

fn life() -> Vec<u8> {
    std::fs::read(project().join(FILE)).unwrap()
}

/// Returns the root on which the life rests, in hex.
fn block_root(life: &[u8]) -> String {
    let life = ReceiptLife::from_ssz_bytes(life).unwrap();
    format!("0x{}", hex::encode(life.header.block_root))
}

/// Runs the command on a life, with options.
fn receipt(life: &[u8], options: &[&str]) -> Ran {
    let scratch = Scratch::new();
    scratch.write("receipt.life", life);
    scratch.outrider(&[&["beacon", "receipt", "receipt.life"], options].concat())
}

#[test]
fn the_life_of_a_clone_has_the_output_in_the_readme() {
    let scratch = Scratch::new();
    let root = block_root(&life());
    let mut command = scratch.command(&["beacon", "receipt", FILE, "--block-root", &root]);
    let ran = support::ran(command.current_dir(project()).output());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let shown = format!("```console\n$ outrider beacon receipt {FILE} --block-root {root}\n{}```", ran.out);
    assert!(readme.contains(&shown), "README.md does not show:\n{shown}");
}

#[test]
fn a_life_names_the_blocks_on_which_it_rests() {
    let life = life();
    let root = block_root(&life);
    let ran = receipt(&life, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    let document: Value = serde_json::from_str(&receipt(&life, &["--json"]).out).unwrap();
    assert_eq!(document["summary"], summary("fails", 0, 1), "anybody can make up blocks");
    let rests = format!(
        "rests on beacon block {root}, which this command cannot judge: compare it with a node that you trust, and give it with --block-root\n"
    );
    assert!(ran.out.ends_with(&rests), "{ran:?}");
    let other = format!("0x{}", "ab".repeat(32));
    let ran = receipt(&life, &["--block-root", &other]);
    let expected = format!(
        "refused: stage `crosslinked` is not proven: it rests on beacon block {root}, which is not trusted\n"
    );
    assert_eq!((ran.code, ran.out, ran.err), (Some(1), expected, String::new()));
    let ran = receipt(&life, &["--block-root", &other, "--block-root", &root]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn programs_read_the_same() {
    let life = life();
    let root = block_root(&life);
    let ran = receipt(&life, &["--json", "--block-root", &root]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["summary"], summary("holds", 1, 0));
    assert_eq!(document["block_roots"], serde_json::json!([root]));
    assert_eq!(document["bytes"], life.len());
    let receipt_of = &document["receipt"];
    for (field, expected) in
        [("source_shard", 0), ("destination_shard", 1), ("sequence", 0), ("slot", 5), ("fate_slot", 6)]
    {
        assert_eq!(receipt_of[field], expected, "{field}");
    }
    assert_eq!(receipt_of["fate"], "delivered");
    assert_eq!(receipt_of["contents"]["value_gwei"], 1_000_000);
    assert_eq!(receipt_of["contents"]["fee_gwei"], 10);
    assert_eq!((&document["returned"], &document["refusal"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_went_back_has_two_receipts() {
    let sent = message(4, b"hello");
    let data = return_data(&sent);
    let back = outrider_beacon_proof::SentReceipt { kind: 2, value: 55, ..returning(&sent, 300, &data) };
    let expired = made::life(sent, 101, (300, settlement(3, 4, [false, true])), Some(back)).to_ssz_bytes();
    let ran = receipt(&expired, &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let lines: Vec<_> = ran.out.lines().map(|line| line.split(" (").next().unwrap()).collect();
    assert_eq!(
        lines[..9],
        [
            "receipt 4 from shard 3 to shard 5: 0.00000005 ETH, from EE 7 to EE 8, fee 9 Gwei, 5 bytes of data",
            "  emitted      in slot 100 by shard 3",
            "  crosslinked  known to the beacon block of slot 101",
            "  expired      in slot 300 on shard 5: it was too late to deliver it, so it went back",
            "returned as",
            "receipt 2 from shard 5 to shard 3: 0.000000055 ETH, from EE 8 to EE 7, fee 0 Gwei, 37 bytes of data",
            "  emitted      in slot 300 by shard 5",
            "  crosslinked  known to the beacon block of slot 300",
            "  delivered    in slot 301 on shard 3",
        ]
    );
    assert_eq!(lines[9].matches("0x").count(), 3, "it rests on three blocks: {}", lines[9]);
    let document: Value = serde_json::from_str(&receipt(&expired, &["--json"]).out).unwrap();
    assert_eq!(
        (&document["receipt"]["fate"], &document["returned"]["fate"]),
        (&"expired".into(), &"delivered".into())
    );
    assert_eq!(document["block_roots"].as_array().unwrap().len(), 3);
}

#[test]
fn the_preset_decides_when_a_receipt_is_lost() {
    let void = made::life(message(4, b""), 101, (800, settlement(3, 4, [true; 2])), None).to_ssz_bytes();
    for (slots, fate) in [("8192", "void"), ("1024", "void"), ("512", "lost"), ("64", "lost")] {
        let ran = receipt(&void, &["--slots-per-historical-root", slots]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            ran.out.contains(&format!("\n  {fate:12} in slot 800 on shard 5: it brought no ether")),
            "{ran:?}"
        );
    }
}

#[test]
fn no_preset_has_such_a_list() {
    for slots in ["0", "7", "8193", "-1", "many"] {
        let ran = receipt(&life(), &[&format!("--slots-per-historical-root={slots}")]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains("expected a power of two, as in every preset"), "{ran:?}");
    }
}

/// Sizes and offsets are those of `beacon/proof/src/life/ssz.rs`.
#[test]
fn a_wrong_proof_is_refused_with_the_stage_and_what_differs() {
    let right = life();
    let header = 20;
    let offset = |place: usize| u32::from_le_bytes(right[place..place + 4].try_into().unwrap()) as usize;
    let proof = offset(12);
    let settled = proof + offset(proof + 60 + 8 + 320 + 8 + 4) + 1;
    for (place, stage, reason) in [
        // The last sibling of the header's proof, the lane's ether, the settlement's last bit and its last sibling.
        (proof - 1, "crosslinked", "the proof does not lead to the root"),
        (header + 32, "crosslinked", "the proof is for generalized index"),
        (proof + 20, "emitted", "the proof does not lead to the root"),
        (proof + 388, "emitted", "the proof is not for a place in a tree"),
        (settled + 8, "settled", "the proof is not for a place in a tree"),
        (settled + 335, "settled", "the proof does not lead to the root"),
        (right.len() - 1, "settled", "the proof does not lead to the root"),
    ] {
        let mut wrong = right.clone();
        wrong[place] ^= 0x80;
        let ran = receipt(&wrong, &["--block-root", &block_root(&right)]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "byte {place}: {ran:?}");
        let expected = format!("refused: stage `{stage}` is not proven: {reason}");
        assert!(ran.out.starts_with(&expected), "byte {place}: {ran:?}");
        assert_eq!(ran.out.lines().count(), 1);
        let ran = receipt(&wrong, &["--json"]);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert!(document["refusal"].as_str().unwrap().contains(stage), "{document}");
        assert_eq!(document["summary"], summary("fails", 0, 1));
    }
}

#[test]
fn other_files_are_no_lives() {
    let right = life();
    for (bytes, reason) in [
        (&b""[..], "the proof has 0 bytes, expected 8"),
        (b"{\"claims\": []}", "the proof has 14 bytes, expected 16"),
        (&right[..right.len() - 1], "bytes, expected"),
    ] {
        let ran = receipt(bytes, &[]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let expected = "error: receipt.life: the file is not the life of a receipt: ";
        assert!(ran.err.starts_with(expected) && ran.err.contains(reason), "{ran:?}");
    }
    let ran = Scratch::new().outrider(&["beacon", "receipt", "absent.life"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.starts_with("error: absent.life: "), "{ran:?}");
    let ran = receipt(&right, &["--block-root", "0x12"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("expected 32 bytes as 64 hex digits"), "{ran:?}");
}
