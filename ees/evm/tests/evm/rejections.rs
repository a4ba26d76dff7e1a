//! Refusals, and their reasons.

use alloy_primitives::{B256, Bytes};
use alloy_rlp::Header;
use outrider_evm_codec::Payload;
use outrider_sdk::{
    StateRoot, chain,
    harness::{Execution, Failure, Outcome},
    state,
};
use outrider_witness::{
    Hash, Hasher, Keccak256, NodeBag, Record,
    mpt::witness::{decode, encode},
};
use proptest::{collection::vec, prelude::*};

use crate::excerpts;

/// A block of a published test, with its witness.
struct Block {
    pre_state_root: StateRoot,
    witness: Vec<u8>,
    payload: Payload,
}

impl Block {
    /// Returns the last block of an excerpt, over the state after the blocks before it.
    fn of(excerpt: &str, n_before: usize) -> Block {
        let (provider, payload) = excerpts::block(excerpt, n_before);
        let provided = provider.provide(&[alloy_rlp::encode(payload)], evm::execute).unwrap();
        let bytes = provided.block_data;
        let (length, rest) = bytes.split_first_chunk().unwrap();
        let (witness, payload) = rest.split_at(u32::from_le_bytes(*length) as usize);
        Block {
            pre_state_root: provider.root(),
            witness: witness.to_vec(),
            payload: alloy_rlp::decode_exact(payload).unwrap(),
        }
    }

    fn run(&self) -> Result<Outcome, String> {
        self.run_with(&self.witness, &alloy_rlp::encode(&self.payload))
    }

    fn run_with(&self, witness: &[u8], payload: &[u8]) -> Result<Outcome, String> {
        let execution = Execution::new(self.pre_state_root).block_data(state::block_data(witness, payload));
        match execution.run(evm::execute) {
            Ok(outcome) => Ok(outcome),
            Err(Failure::Refused(reason)) => Err(chain(&reason)),
            Err(failure) => panic!("{}", chain(&failure)),
        }
    }

    /// Returns the content of the witness.
    fn revealed(&self) -> (Vec<Hash>, Record) {
        decode::<Keccak256>(&self.witness).unwrap().revealed()
    }
}

fn without(bag: &NodeBag, hash: &Hash) -> NodeBag {
    let mut rest = NodeBag::default();
    bag.iter()
        .filter(|(other, _)| *other != hash)
        .for_each(|(hash, bytes)| rest.insert(*hash, bytes.to_vec()));
    rest
}

/// A block that calls contracts, reads storage, and asks for the hash of an ancestor.
fn block() -> Block {
    Block::of(excerpts::BLOCK_HASHES, 1)
}

#[test]
fn a_node_that_is_not_covered_is_named() {
    for (excerpt, n_before) in [
        (excerpts::BLOCK_HASHES, 0),
        (excerpts::BLOCK_HASHES, 1),
        (excerpts::WITHDRAWAL_REQUEST, 0),
        (excerpts::WITHDRAWAL_REQUEST, 1),
    ] {
        check_named(&Block::of(excerpt, n_before));
    }
}

fn check_named(block: &Block) {
    let payload = alloy_rlp::encode(&block.payload);
    let (roots, record) = block.revealed();
    assert!(record.nodes.len() > 1 && !record.blobs.is_empty());
    for (hash, _) in record.nodes.iter() {
        let nodes = without(&record.nodes, hash);
        // Without the node, those below it are tops of tries, or unreachable.
        let reachable = encode(roots.clone(), &Record { nodes, blobs: record.blobs.clone() }).unwrap();
        let reason = block.run_with(&reachable, &payload).unwrap_err();
        assert!(reason.contains(&hash.to_string()), "{hash}: {reason}");
        assert!(reason.contains("0x"), "the account is named: {reason}");
    }
    for (hash, _) in record.blobs.iter() {
        let blobs = without(&record.blobs, hash);
        let witness = encode(roots.clone(), &Record { nodes: record.nodes.clone(), blobs }).unwrap();
        let reason = block.run_with(&witness, &payload).unwrap_err();
        assert_eq!(reason, format!("code: nothing with hash {hash} is covered"));
    }
}

#[test]
fn damaged_witnesses_are_refused() {
    let block = block();
    let payload = alloy_rlp::encode(&block.payload);
    block.run().unwrap();
    for at in 0..block.witness.len() {
        for change in [1, 0x80] {
            let mut witness = block.witness.clone();
            witness[at] ^= change;
            assert!(block.run_with(&witness, &payload).is_err(), "byte {at}");
        }
    }
}

#[test]
fn what_is_not_needed_is_refused() {
    let block = block();
    let (roots, mut record) = block.revealed();
    let blob = b"no code of anybody".to_vec();
    record.blobs.insert(Keccak256::hash(&blob), blob);
    let witness = encode(roots, &record).unwrap();
    let reason = block.run_with(&witness, &alloy_rlp::encode(&block.payload)).unwrap_err();
    assert!(reason.contains("which is not used"), "{reason}");

    // The provider got all ancestors, and has put the needed ones into the payload.
    let (_, given) = excerpts::block(excerpts::BLOCK_HASHES, 1);
    assert_ne!(given, block.payload);
    let reason = block.run_with(&block.witness, &alloy_rlp::encode(&given)).unwrap_err();
    assert!(reason.contains("are needed"), "{reason}");
}

#[test]
fn another_pre_state_is_refused() {
    let block = Block { pre_state_root: StateRoot([1; 32]), ..block() };
    assert!(block.run().unwrap_err().starts_with("the parent's state root is 0x"));
}

#[test]
fn a_block_that_tells_other_accesses_is_refused() {
    let (provider, mut payload) = excerpts::block(excerpts::AMSTERDAM, 0);
    let Payload::Block(_, block) = &mut payload else { panic!("a block") };
    let mut bytes = block.block.to_vec();
    let mut rest = &*bytes;
    Header::decode(&mut rest).unwrap();
    Header::decode_bytes(&mut rest, true).unwrap();
    // The hash of the access list is the next-to-last field, and the last one is a zero.
    let at = bytes.len() - rest.len() - 2;
    bytes[at] ^= 1;
    block.block = Bytes::from(bytes);
    let reason = chain(&provider.provide(&[alloy_rlp::encode(payload)], evm::execute).unwrap_err());
    assert!(reason.contains("block access list hash: got 0x"), "{reason}");
}

/// Changes a byte of the block or its header, and checks that the reason has these words.
#[track_caller]
fn check_header(at: usize, expected: &str) {
    let mut changed = block();
    let Payload::Block(_, block) = &mut changed.payload else { panic!("a block") };
    let mut bytes = block.block.to_vec();
    bytes[at] ^= 1;
    block.block = Bytes::from(bytes);
    let reason = changed.run().unwrap_err();
    assert!(reason.contains(expected), "{reason}");
}

#[test]
fn what_does_not_follow_from_the_block_is_refused_with_expected_and_got() {
    // The header begins after two list headers of three bytes each; each hash has a byte before it.
    let fields = [32, 32, 20, 32, 32, 32];
    let offset = |index: usize| 7 + fields[..index].iter().map(|length| length + 1).sum::<usize>();
    check_header(offset(0), "its hash is 0x");
    check_header(offset(1), "ommers hash: got 0x");
    check_header(offset(2), "state root: got 0x");
    check_header(offset(3), "state root: got 0x");
    check_header(offset(4), "transactions root: got 0x");
    check_header(offset(5), "receipts root: got 0x");
}

#[test]
fn what_does_not_matter_has_one_value() {
    let mut changed = block();
    let rules = changed.payload.rules_mut().unwrap();
    assert_eq!(rules.blocks_since_dao_fork, 16);
    rules.blocks_since_dao_fork = 17;
    let reason = changed.run().unwrap_err();
    assert!(reason.contains("are needed"), "{reason}");
}

#[test]
fn several_packages_are_refused() {
    let (provider, payload) = excerpts::block(excerpts::BLOCK_HASHES, 0);
    let payload = alloy_rlp::encode(payload);
    let refused = provider.provide(&[&payload, &payload], evm::execute).unwrap_err();
    assert_eq!(chain(&refused), "block refused: packages: there are 2, and a block is made of one");
}

proptest! {
    #[test]
    fn no_block_data_is_too_strange_to_be_refused(bytes in vec(any::<u8>(), 0..200), framed: bool) {
        let root = StateRoot(*B256::repeat_byte(1));
        let bytes = if framed { state::block_data(&[0, 0], &bytes) } else { bytes };
        let result = Execution::new(root).block_data(bytes).run(evm::execute);
        prop_assert!(matches!(result, Err(Failure::Refused(_))), "{:?}", result);
    }

    /// Some are valid blocks, for instance with another time or extra data.
    #[test]
    fn damaged_payloads_are_refused_with_a_reason_or_are_other_blocks(
        changes in vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let block = block();
        let mut bytes = alloy_rlp::encode(&block.payload);
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        // This panics on anything but a refusal.
        match block.run_with(&block.witness, &bytes) {
            Ok(_) => prop_assert!(alloy_rlp::decode_exact::<Payload>(&bytes).is_ok()),
            Err(reason) => prop_assert!(!reason.is_empty()),
        }
    }
}
