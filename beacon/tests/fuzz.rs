//! Runs the fuzz target on seeds, on inputs that once failed, and on changed seeds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/oracle.rs"]
mod oracle;

use std::{fs, path::Path};

use outrider_beacon::ledger::{
    EePayload, EeTransition, ExecutionHeader, InboundBatch, Lane, Receipt, RootRead, Settlement, ShardBody,
};
use outrider_beacon_spec::{containers::DepositData, types::Root};
use proptest::prelude::*;
use ssz::{Decode as _, Encode as _};
use ssz_types::{BitList, VariableList, typenum::U64};

fn seeds() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions/shard_body");
    let files = fs::read_dir(directory).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.collect()
}

/// Returns a body with everything in it.
fn full_body() -> ShardBody {
    let bits = |set: &[usize]| {
        let mut bits = BitList::with_capacity(4).unwrap();
        set.iter().for_each(|bit| bits.set(*bit, true).unwrap());
        bits
    };
    fn list<T: Clone>(item: &T) -> VariableList<T, U64> {
        vec![item.clone()].try_into().unwrap()
    }
    let transition = EeTransition {
        post_state_root: Root::repeat_byte(3),
        payload_root: Root::repeat_byte(4),
        fuel_used: 1000,
        deposits: 1_000_000_000,
        proposer_fee: 7,
        deposit_data: vec![DepositData { amount: 1_000_000_000, ..DepositData::default() }]
            .try_into()
            .unwrap(),
        ..EeTransition::default()
    };
    let settlement = Settlement {
        source_shard: 1,
        first: 0,
        settled: bits(&[0, 2]),
        rejected: bits(&[2]),
        undelivered: bits(&[]),
        value: 0,
        fees: 0,
    };
    let lane = Lane { destination_shard: 1, n: 1, ..Lane::default() };
    let receipt = Receipt { payload: vec![1, 2].try_into().unwrap(), ..Receipt::default() };
    let batch = InboundBatch {
        source_shard: 1,
        lane,
        receipts: vec![receipt].try_into().unwrap(),
        branch: list(&Root::repeat_byte(8)),
        ..InboundBatch::default()
    };
    let read = RootRead { shard: 1, ..RootRead::default() };
    let payload = EePayload {
        reads: list(&read),
        block_data: vec![1, 2, 3].try_into().unwrap(),
        ..EePayload::default()
    };
    let header = ExecutionHeader {
        transitions: list(&transition),
        settlements: list(&settlement),
        lanes: list(&lane),
        assumptions: list(&read),
        ..ExecutionHeader::default()
    };
    ShardBody { header, inbound: list(&batch), payloads: list(&payload) }
}

#[test]
fn seeds_and_inputs_that_once_failed() {
    let is_body = |seed: &Vec<u8>| ShardBody::from_ssz_bytes(seed).is_ok();
    assert!(seeds().iter().any(is_body), "a seed has the format of bodies");
    seeds().iter().for_each(|seed| oracle::shard_body(seed));
}

/// A seed reaches the end: its header is applied.
#[test]
fn a_body_without_receipts_is_applied() {
    let mut body = full_body();
    body.header.settlements = VariableList::default();
    body.header.lanes = VariableList::default();
    let mut ledger = oracle::LEDGER.clone();
    let state = *ledger.shards().get(0).unwrap().ees().get(0).unwrap();
    let transition = &mut body.header.transitions[0];
    (transition.pre_state_root, transition.balance) = (state.state_root, state.balance);
    let settings = oracle::settings();
    let fees =
        outrider_beacon::ledger::apply_execution_header(&mut ledger, (0, 1), &body.header, 0, &settings);
    assert_eq!(fees, Ok(7));
    oracle::shard_body(&body.as_ssz_bytes());
    oracle::shard_body(&body.to_body());
}

proptest! {
    #[test]
    fn changed_bodies(changes: Vec<(prop::sample::Index, u8)>, cut: prop::sample::Index, cuts: bool) {
        let mut bytes = full_body().as_ssz_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        oracle::shard_body(&bytes);
    }

    #[test]
    fn random_bytes(bytes: Vec<u8>) {
        oracle::shard_body(&bytes);
    }
}
