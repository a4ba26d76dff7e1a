//! Damaged tests and blocks are read or refused, and nothing panics.

#![allow(clippy::unwrap_used, reason = "what is set up here cannot fail, or a test is to say so")]

use alloy_primitives::Bytes;
use outrider_evm::header::Header;
use outrider_evm_codec::Payload;
use outrider_evm_tests::{
    execution_witness::WitnessedBlock,
    fixture::{self, Test},
};
use proptest::{collection::vec, prelude::*, sample::Index};

const EXCERPTS: [&str; 5] = [
    include_str!("data/state.json"),
    include_str!("data/refused.json"),
    include_str!("data/blockchain.json"),
    include_str!("data/transaction.json"),
    include_str!("data/vm.json"),
];

/// Returns all payloads that a test has without executing anything.
fn payloads(test: Test) -> Vec<Payload> {
    match test {
        Test::State(test) => {
            let trials = test.cases.into_iter().filter_map(|case| case.trial.ok());
            trials.map(|trial| trial.payload).collect()
        }
        Test::Blockchain(test) => {
            let Ok(mut import) = test.import() else { return Vec::new() };
            let mut payloads = Vec::new();
            for block in &test.blocks {
                let candidate = import.candidate(&block.bytes);
                payloads.push(candidate.payload);
                if let Some(header) = candidate.header {
                    import.accept(header, &block.bytes);
                }
            }
            payloads
        }
        Test::Transaction(test) => test.cases.into_iter().filter_map(|case| case.payload.ok()).collect(),
        Test::Vm(test) => test.payload.into_iter().collect(),
    }
}

#[test]
fn the_excerpts_are_read() {
    let n_payloads = EXCERPTS.map(|json| {
        let tests = fixture::read(json.as_bytes()).unwrap();
        tests.into_iter().flat_map(|(_, test)| payloads(test)).count()
    });
    assert_eq!(n_payloads, [3, 1, 1, 12, 1]);
}

proptest! {
    #[test]
    fn damaged_tests_are_read_or_refused(
        which in 0..EXCERPTS.len(),
        changes in vec((any::<Index>(), prop::sample::select(&b"0123456789abcdefx\"[]{}:, "[..])), 1..4),
    ) {
        let mut json = EXCERPTS[which].as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(json.len());
            json[at] = byte;
        }
        for (_, test) in fixture::read(&json).unwrap_or_default() {
            for payload in payloads(test) {
                prop_assert_eq!(alloy_rlp::decode_exact::<Payload>(alloy_rlp::encode(&payload)), Ok(payload));
            }
        }
    }

    #[test]
    fn damaged_blocks_are_read_or_refused(changes in vec((any::<Index>(), any::<u8>()), 0..4)) {
        let json: serde_json::Value = serde_json::from_str(EXCERPTS[2]).unwrap();
        let test = json.as_object().unwrap().values().next().unwrap();
        let mut block = test["blocks"][0]["rlp"].as_str().unwrap().parse::<Bytes>().unwrap().to_vec();
        for (at, byte) in changes {
            let at = at.index(block.len());
            block[at] = byte;
        }
        if let Ok(header) = Header::of_block(&block) {
            prop_assert_eq!(Header::of_rlp(&header.bytes), Ok(header));
        }
        if let Ok(block) = WitnessedBlock::new(block.into(), Default::default()) {
            block.transaction_bytes();
        }
    }
}
