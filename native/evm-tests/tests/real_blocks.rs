//! Real blocks, executed by the EE without an engine.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use alloy_primitives::{B256, Bytes};
use outrider_evm::chain::{Chain, Config};
use outrider_evm_codec::{BlockHash, Payload, VouchedBlock};
use outrider_evm_tests::execution_witness::{BlockForm, HeaderForm, WitnessedBlock};
use outrider_sdk::harness::{Log, Provided};
use support::{
    file,
    native::{payload, provide},
};

const PRAGUE: &str = "ethereum-mainnet/witness/mainnet-23587691-sbv.json.gz";

fn frontier(number: u64) -> String {
    format!("ethereum-mainnet/blocks-with-trie-nodes/block{number}.json")
}

#[test]
fn traces_of_erigon_come_to_the_roots_of_their_headers() {
    let devnet = || Chain::of_network("Cancun", &Config::default()).unwrap().with_chain_id(3_151_908);
    for (name, chain) in [("b19840104_main", Chain::mainnet()), ("b28_dev", devnet()), ("b4_dev", devnet())] {
        let json = |path: &str| {
            let bytes = file(&format!("ethereum-mainnet/witness-jerigon/{name}{path}"))?;
            Some(serde_json::from_slice(&bytes).unwrap())
        };
        let (Some(trace), Some(block)) = (json(".json.gz"), json("_header.json")) else { return };
        let block = WitnessedBlock::of_json(trace, Some(BlockForm::Json(block))).unwrap();
        let (root, payload) = block.payload(&chain).unwrap();
        Trial { block, root, payload }.executes();
    }
}

/// A block with a payload that can be changed.
struct Trial {
    block: WitnessedBlock,
    root: B256,
    payload: Payload,
}

impl Trial {
    fn new(path: &str) -> Option<Self> {
        let json = serde_json::from_slice(&file(path)?).unwrap();
        let block = WitnessedBlock::of_json(json, None).unwrap();
        let (root, payload) = block.payload(&Chain::mainnet()).unwrap();
        Some(Self { block, root, payload })
    }

    /// Executes the block and compares the state root. The EE compares gas, bloom, receipts root and requests with the
    /// header.
    #[track_caller]
    fn executes(&self) -> Provided {
        let provided = provide(self.root, self.block.witness.preimages(), &self.payload).unwrap();
        assert_eq!(provided.outcome.post_state_root.0, self.block.header.state_root.0);
        provided
    }

    #[track_caller]
    fn is_refused(&self, expected: &str) {
        let reason = provide(self.root, self.block.witness.preimages(), &self.payload).unwrap_err();
        assert!(reason.contains(expected), "{reason}");
    }

    fn vouched(&mut self) -> &mut VouchedBlock {
        let Payload::VouchedBlock(_, block) = &mut self.payload else {
            panic!("its ancestry is vouched for")
        };
        block
    }
}

#[test]
fn a_block_with_its_parent_is_checked_in_full() {
    let Some(trial) = Trial::new(&frontier(46_147)) else { return };
    assert!(matches!(trial.payload, Payload::Block(..)));
    assert_eq!(trial.executes().outcome.logs, []);
}

#[test]
fn a_block_of_prague_is_executed_without_the_header_of_its_parent() {
    let Some(mut trial) = Trial::new(PRAGUE) else { return };
    assert_eq!(trial.vouched().block_hashes.len(), 255, "the header has the parent's hash");
    assert_eq!(trial.vouched().parent, None);
    let provided = trial.executes();
    let Payload::VouchedBlock(_, needed) = payload(&provided) else {
        panic!("the payload is of the same kind")
    };
    assert_eq!(needed.block_hashes, [], "no transaction reads a hash");
    let hash = trial.block.header.hash;
    let log = format!("block 23587691, {hash}: its ancestry is vouched for, and was not checked");
    assert_eq!(provided.outcome.logs, [Log::Print(log)]);
}

#[test]
fn a_block_with_ommers_is_executed_without_the_ancestors_of_these() {
    let Some(mut trial) = Trial::new(&frontier(97)) else { return };
    assert!(trial.vouched().parent.is_some());
    trial.executes();
}

#[test]
fn a_block_without_ancestors_is_checked_as_far_as_possible() {
    let Some(mut trial) = Trial::new(PRAGUE) else { return };
    let block = trial.vouched().block.to_vec();
    // The header begins after two list headers of 4 and 3 bytes; the state root is its fourth field.
    let state_root = 7 + 33 + 33 + 21 + 1;
    for (at, expected) in [(state_root, "state root: got"), (state_root + 33, "transactions root: got")] {
        let mut bytes = block.clone();
        bytes[at] ^= 1;
        trial.vouched().block = Bytes::from(bytes);
        trial.is_refused(expected);
    }
}

#[test]
fn another_state_before_the_block_comes_to_another_root() {
    let Some(mut trial) = Trial::new(PRAGUE) else { return };
    trial.root = B256::repeat_byte(1);
    trial.is_refused("at the root is not covered");
}

#[test]
fn a_parent_beside_the_block_is_checked() {
    let Some(mut trial) = Trial::new(&frontier(97)) else { return };
    let parent = trial.vouched().parent.clone().unwrap();
    let mut other = parent.to_vec();
    *other.last_mut().unwrap() ^= 1;
    trial.vouched().parent = Some(other.into());
    trial.is_refused("ancestor 0: its hash is");
    trial.vouched().parent = Some(parent);
    trial.root = B256::repeat_byte(1);
    trial.is_refused("the parent's state root is");
}

#[test]
fn hashes_of_blocks_with_headers_are_refused() {
    let Some(mut trial) = Trial::new(&frontier(97)) else { return };
    for number in [95, 96, 200] {
        trial.vouched().block_hashes = vec![BlockHash { number, hash: B256::repeat_byte(1) }];
        trial.is_refused("is out of order");
    }
}

#[test]
fn a_block_that_can_be_checked_in_full_is_not_vouched_for() {
    let Some(mut trial) = Trial::new(&frontier(46_147)) else { return };
    let Payload::Block(rules, block) = trial.payload.clone() else { panic!("the block has its parent") };
    let mut vouched = VouchedBlock {
        block: block.block,
        block_hashes: Vec::new(),
        parent: Some(block.ancestors[0].clone()),
    };
    trial.payload = Payload::VouchedBlock(rules.clone(), vouched.clone());
    trial.is_refused("nothing has to be vouched for");
    // Without the parent's header, the block has to be vouched for.
    vouched.parent = None;
    trial.payload = Payload::VouchedBlock(rules, vouched);
    trial.executes();
}

#[test]
fn headers_beside_a_dump_make_it_an_ordinary_block() {
    let (Some(trial), Some(other)) = (Trial::new(&frontier(46_147)), Trial::new(PRAGUE)) else { return };
    let mut block = trial.block.clone();
    block.claims.pre_state_root = Some(B256::repeat_byte(1));
    assert_eq!(block.payload(&Chain::mainnet()).unwrap(), (trial.root, trial.payload));
    // A header of another block changes nothing.
    let mut block = other.block.clone();
    block.witness.headers = vec![HeaderForm::Rlp(trial.block.header.bytes)];
    assert_eq!(block.payload(&Chain::mainnet()).unwrap(), (other.root, other.payload));
}
