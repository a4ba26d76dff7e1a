//! Published tests where they are at hand: in the directory that `OUTRIDER_DATA` names, or else in `../shared/data` beside the
//! repository. The example `ethereum_tests` runs more of them.

use std::{env, fs::File, io::Read, path::PathBuf};

use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256, b256};
use alloy_rlp::{Encodable, Header};
use outrider_evm_block::{BlobSchedule, Fork, Rules};
use outrider_sdk::StateRoot;
use serde_json::{Value, json};

use crate::published::{Chain, Report, blob_schedule, state};

/// Finds published data, or says that they are not there.
#[allow(clippy::print_stderr, reason = "a skipped test has to say so")]
fn data(path: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let path = env::var_os("OUTRIDER_DATA").map_or_else(beside, PathBuf::from).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: there is no {}; OUTRIDER_DATA names the directory", path.display());
    None
}

#[track_caller]
fn check(archive: &str, passed: usize) {
    let Some(path) = data(archive) else { return };
    let mut report = Report::default();
    let unpacked = flate2::read::GzDecoder::new(File::open(path).unwrap());
    for entry in tar::Archive::new(unpacked).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        if name.ends_with(".json") {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            report.run(&name, &serde_json::from_str(&text).unwrap());
        }
    }
    assert_eq!(report.failed, [""; 0]);
    assert_eq!(report.passed, passed);
}

#[test]
fn state_tests_of_each_fork_pass() {
    check("ethereum-tests/state-tests-eest-v5.4-older-forks.tar.gz", 63);
}

#[test]
fn blocks_over_changes_of_forks_pass() {
    check("ethereum-tests/blockchain-tests-transition.tar.gz", 10);
}

/// The chain that the tests of ethereum/execution-apis have, from Homestead to Osaka and two changes of the blob schedule.
#[test]
fn a_chain_through_the_forks_is_imported() {
    let Some(directory) = data("ethereum-mainnet/execution-apis-chain") else { return };
    let read = |name: &str| std::fs::read(directory.join(name)).unwrap();
    let genesis: Value = serde_json::from_slice(&read("genesis.json")).unwrap();
    let alloc = with_defaults(&genesis["alloc"]);
    let mut chain = Chain::new(&genesis_block(state(&alloc).root()), &alloc);
    let blocks = read("chain.rlp");
    let mut rest = blocks.as_slice();
    let mut n = 0;
    while !rest.is_empty() {
        let start = rest;
        let header = Header::decode(&mut rest).unwrap();
        rest = &rest[header.payload_length..];
        let block = Bytes::copy_from_slice(&start[..start.len() - rest.len()]);
        n += 1;
        chain.import(&block, rules(n)).unwrap_or_else(|error| panic!("block {n}: {error}"));
    }
    assert_eq!(n, 54);
}

/// The rules of the chain by the number of the block; times are 10 seconds apart.
fn rules(number: u64) -> Rules {
    // EIP-1283 was in force for three blocks, none of which has an `SSTORE` that it charges otherwise.
    let starts = [
        (0, Fork::Homestead),
        (3, Fork::TangerineWhistle),
        (6, Fork::SpuriousDragon),
        (9, Fork::Byzantium),
        (12, Fork::Petersburg),
        (18, Fork::Istanbul),
        (21, Fork::MuirGlacier),
        (24, Fork::Berlin),
        (27, Fork::London),
        (30, Fork::ArrowGlacier),
        (33, Fork::GrayGlacier),
        (36, Fork::Paris),
        (39, Fork::Shanghai),
        (42, Fork::Cancun),
        (45, Fork::Prague),
        (48, Fork::Osaka),
    ];
    let (_, fork) = starts.iter().rev().find(|(start, _)| *start <= number).unwrap();
    let blobs = match number {
        51..54 => BlobSchedule { target: 10, max: 15, base_fee_update_fraction: 8_346_193 },
        54.. => BlobSchedule { target: 14, max: 21, base_fee_update_fraction: 11_684_671 },
        _ => blob_schedule(*fork),
    };
    Rules { chain_id: 3_503_995_874_084_926, fork: *fork, blobs, blocks_since_dao_fork: 10 }
}

/// The state of a genesis as tests tell it.
fn with_defaults(alloc: &Value) -> Value {
    let account = |account: &Value| {
        json!({
            "balance": account["balance"],
            "nonce": account.get("nonce").cloned().unwrap_or(json!("0x0")),
            "code": account.get("code").cloned().unwrap_or(json!("0x")),
            "storage": account.get("storage").cloned().unwrap_or(json!({})),
        })
    };
    alloc.as_object().unwrap().iter().map(|(key, value)| (key.clone(), account(value))).collect()
}

/// The genesis block, whose fields `genesis.json` has.
fn genesis_block(state_root: StateRoot) -> Vec<u8> {
    let empty_root = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    let empty_ommers = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
    let extra_data = Bytes::from_static(b"hivechain");
    let fields: [&dyn Encodable; 15] = [
        &B256::ZERO,
        &empty_ommers,
        &Address::ZERO,
        &B256::new(state_root.0),
        &empty_root,
        &empty_root,
        &Bloom::ZERO,
        &U256::from(0x20000),
        &0_u64,
        &0x5f5_e100_u64,
        &0_u64,
        &0_u64,
        &extra_data,
        &B256::ZERO,
        &B64::ZERO,
    ];
    let mut header = Vec::new();
    alloy_rlp::encode_list::<_, dyn Encodable>(&fields, &mut header);
    header.extend([0xc0, 0xc0]);
    let mut block = Vec::new();
    Header { list: true, payload_length: header.len() }.encode(&mut block);
    block.extend(header);
    block
}
