//! Blocks with a vouched ancestry.

use alloy_primitives::{B256, Bytes, keccak256};
use outrider_evm_codec::{BlockHash, Fork, Payload, Rules, VouchedBlock};
use outrider_sdk::{
    chain,
    harness::{Failure, Provided, StateProvider},
};

use crate::excerpts::{self, BLOCK_HASHES};

/// The second block of a chain, which uses the hash of the genesis.
struct Trial {
    provider: StateProvider,
    rules: Rules,
    block: VouchedBlock,
    parent: Bytes,
}

fn trial() -> Trial {
    let (provider, payload) = excerpts::block(BLOCK_HASHES, 1);
    let Payload::Block(rules, block) = payload else { panic!("it is a block") };
    let [parent, genesis] = block.ancestors.as_slice() else { panic!("it is the second block") };
    let block_hashes = vec![BlockHash { number: 0, hash: keccak256(genesis) }];
    let vouched = VouchedBlock { block: block.block, block_hashes, parent: None };
    Trial { provider, rules, block: vouched, parent: parent.clone() }
}

impl Trial {
    fn run(&self) -> Result<Provided, String> {
        let payload = alloy_rlp::encode(Payload::VouchedBlock(self.rules.clone(), self.block.clone()));
        match self.provider.provide(&[payload], evm::execute) {
            Ok(provided) => Ok(provided),
            Err(Failure::Refused(reason)) => Err(chain(&reason)),
            Err(failure) => panic!("{}", chain(&failure)),
        }
    }
}

#[test]
fn hashes_of_blocks_come_from_the_list() {
    let trial = trial();
    let provided = trial.run().unwrap();
    assert_eq!(provided.outcome.logs.len(), 1, "it is said that the ancestry was not checked");
    let payload = alloy_rlp::encode(Payload::VouchedBlock(trial.rules, trial.block));
    assert!(provided.block_data.ends_with(&payload), "the hash is needed");
}

#[test]
fn a_hash_that_is_not_told_is_not_covered() {
    let mut trial = trial();
    trial.block.block_hashes.clear();
    assert_eq!(trial.run().unwrap_err(), "the hash of block 0 is not covered");
}

#[test]
fn another_hash_comes_to_another_state() {
    let mut trial = trial();
    trial.block.block_hashes[0].hash = B256::repeat_byte(1);
    let reason = trial.run().unwrap_err();
    assert!(reason.contains("got") && reason.contains("the header says"), "{reason}");
}

#[test]
fn what_headers_tell_is_not_listed() {
    let mut trial = trial();
    trial.block.block_hashes.push(BlockHash { number: 1, hash: keccak256(&trial.parent) });
    assert_eq!(trial.run().unwrap_err(), "the hash of block 1 is out of order");
    trial.block.block_hashes.truncate(1);
    trial.block.parent = Some(trial.parent.clone());
    assert_eq!(trial.run().unwrap_err(), "the hash of block 0 is out of order");
    trial.block.block_hashes.clear();
    assert_eq!(trial.run().unwrap_err(), "nothing has to be vouched for: this is an ordinary block");
}

#[test]
fn the_same_block_comes_to_the_same_state() {
    let (provider, payload) = excerpts::block(BLOCK_HASHES, 1);
    let checked = provider.provide(&[alloy_rlp::encode(payload)], evm::execute).unwrap();
    assert_eq!(trial().run().unwrap().outcome.post_state_root, checked.outcome.post_state_root);
}

/// Ommers of a block without its ancestors.
mod ommers {
    use outrider_sdk::StateRoot;
    use serde_json::Value;

    use super::*;
    use crate::published::bytes_of;

    const OMMERS: &str = include_str!("../data/ommers.json");

    /// Returns the first block with ommers of a published test, without its ancestors.
    fn trial() -> VouchedBlock {
        let tests: Value = serde_json::from_str(OMMERS).unwrap();
        let test = tests.as_object().unwrap().values().next().unwrap();
        let mut blocks = test["blocks"].as_array().unwrap().iter().map(|block| bytes_of(&block["rlp"]));
        let block = blocks.find(|block| !ommers(block).is_empty()).unwrap();
        VouchedBlock { block, block_hashes: Vec::new(), parent: None }
    }

    fn ommers(block: &[u8]) -> Vec<&[u8]> {
        items(items(block)[2])
    }

    fn items(list: &[u8]) -> Vec<&[u8]> {
        let mut content = alloy_rlp::Header::decode_bytes(&mut &*list, true).unwrap();
        let mut items = Vec::new();
        while !content.is_empty() {
            let whole = content;
            let header = alloy_rlp::Header::decode(&mut content).unwrap();
            content = &content[header.payload_length..];
            items.push(&whole[..whole.len() - content.len()]);
        }
        items
    }

    fn list(items: &[&[u8]]) -> Vec<u8> {
        let content = items.concat();
        let mut bytes = Vec::new();
        alloy_rlp::Header { list: true, payload_length: content.len() }.encode(&mut bytes);
        [bytes, content].concat()
    }

    /// Returns the reason for which a block with another list of ommers is refused; its hash is checked after the list.
    #[track_caller]
    fn check(change: impl Fn(&[&[u8]]) -> Vec<u8>, expected: &str) {
        let mut vouched = trial();
        let parts = items(&vouched.block);
        let changed = change(&ommers(&vouched.block));
        vouched.block = Bytes::from(list(&[parts[0], parts[1], &changed]));
        let rules = Rules { fork: Fork::Frontier, ..super::trial().rules };
        let payload = Payload::VouchedBlock(rules, vouched);
        let provider = StateProvider::with_state(StateRoot([1; 32]), Default::default());
        let refused = chain(&provider.provide(&[alloy_rlp::encode(payload)], evm::execute).unwrap_err());
        assert!(refused.contains(expected), "{refused}");
    }

    #[test]
    fn what_can_be_checked_of_them_is() {
        // Execution begins, on an uncovered state.
        check(list, "is not covered");
        check(|ommers| list(&[ommers[0], ommers[0]]), "ommer 1 is known already");
        check(|ommers| list(&[ommers[0], ommers[0], ommers[0]]), "there are 3, and 2 are allowed");
        check(|_| list(&[]), "ommers hash: got");
        check(|ommers| list(&[&with(ommers[0], NUMBER, &[0x80])]), "ommer 0: its number is 0");
        check(|ommers| list(&[&with(ommers[0], NUMBER, &[9])]), "ommer 0: its number is 9");
        check(|ommers| list(&[&with(ommers[0], GAS_LIMIT, &[9])]), "ommer 0: gas limit: 9 is out of range");
        check(|ommers| list(&[&with(ommers[0], DIFFICULTY, &[9])]), "ommer 0: difficulty: 9 is below 131072");
    }

    /// Returns a header with another field.
    fn with(header: &[u8], index: usize, field: &[u8]) -> Vec<u8> {
        let mut fields = items(header);
        fields[index] = field;
        list(&fields)
    }

    const DIFFICULTY: usize = 7;
    const NUMBER: usize = 8;
    const GAS_LIMIT: usize = 9;
}
