//! The properties that hold for any bytes; `fuzz/` searches for counterexamples.

use bitcoin_consensus_encoding::decode_from_slice;
use bitcoin_primitives::Block;
use outrider_sdk::{
    Reader, StateRoot,
    driver::WitnessState as _,
    harness::{Execution, Failure},
};
use outrider_witness::Hash;
use utxo::{Payload, State, Tip, execute, merge, node_hash};

use crate::{
    builder::{Draft, propose},
    chain::Error,
    example::{ASSUMED, KNOWN, framed},
};

/// Bytes are no payload, or its only encoding. A provider merges them as a package, or refuses them.
pub(crate) fn payload(bytes: &[u8]) -> bool {
    _ = merge(&[bytes]);
    let merged = merge(&[bytes, &propose(1).to_bytes()]);
    if let Ok(merged) = merged {
        assert_eq!(merge(&[&merged]).as_deref(), Ok(&merged[..]), "what is merged stays as it is");
    }
    let Ok(payload) = Payload::from_bytes(bytes) else { return false };
    assert_eq!(payload.to_bytes(), bytes);
    true
}

/// Bytes do not begin with a tip, or with its only encoding. As a provider's node, they have the hash of that tip.
pub(crate) fn tip(bytes: &[u8]) -> bool {
    let node = node_hash(bytes);
    let mut reader = Reader::new(bytes);
    let Ok(tip) = Tip::read(&mut reader) else { return false };
    let (tip_bytes, _) = bytes.split_at(bytes.len() - reader.remaining());
    assert_eq!(tip.to_bytes(), tip_bytes);
    if bytes.len() != 66 {
        assert!(node.is_none_or(|hash| hash == Hash::from(tip.root())));
    }
    true
}

/// Bytes are no witness of the tip with which they begin, or its only encoding.
pub(crate) fn witness(bytes: &[u8]) -> bool {
    let Some(root) = claimed_root(bytes) else { return false };
    let Ok(state) = State::from_witness(bytes, root) else { return false };
    assert_eq!(state.into_witness().expect("it comes from bytes"), bytes);
    true
}

/// The EE executes any block data, on the state that they claim, or refuses them.
pub(crate) fn block_data(bytes: &[u8]) -> bool {
    let witness = bytes.split_first_chunk().and_then(|(length, rest)| {
        rest.get(..usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX))
    });
    run(witness.and_then(claimed_root).unwrap_or_default(), bytes).is_some()
}

/// The EE executes a real block with changes, or refuses it. On the state of the block, it executes no bytes but those
/// that a provider makes of the payload.
///
/// | bytes | content |
/// |---|---|
/// | 1 | bit 0: the length of the witness is adapted; 1: the state is the one that the witness claims; 2: the block commits to its witnesses again; 3: Merkle root and work are made again; 4: the block is one on an assumed state |
/// | 2, 1, 1 and so many, repeated | position of a change, number of bytes that are taken, number of bytes that are put there, these |
pub(crate) fn changed_block(bytes: &[u8]) -> bool {
    let Some((flags, mut changes)) = bytes.split_first() else { return false };
    let is_set = |bit: u8| flags >> bit & 1 == 1;
    let example = if is_set(4) { &*ASSUMED } else { &*KNOWN };
    let (mut witness, mut payload) = (example.witness.clone(), example.payload.clone());
    while let [low, high, n_taken, n_put, rest @ ..] = changes {
        let (put, rest) = rest.split_at(rest.len().min(usize::from(*n_put)));
        let at = usize::from(u16::from_le_bytes([*low, *high])) % (witness.len() + payload.len() + 1);
        let (part, at) = match at.checked_sub(witness.len()) {
            Some(at) => (&mut payload, at),
            None => (&mut witness, at),
        };
        let at = at.min(part.len());
        part.splice(at..part.len().min(at + usize::from(*n_taken)), put.iter().copied());
        changes = rest;
    }
    if is_set(2) || is_set(3) {
        payload = repaired(&payload, is_set(2)).unwrap_or(payload);
    }
    let length = if is_set(0) { witness.len() } else { example.witness.len() };
    let block_data = framed(length, &witness, &payload);
    let claimed = claimed_root(&witness).filter(|_| is_set(1));
    let Some(root) = run(claimed.unwrap_or(example.chain.0.root()), &block_data) else { return false };
    // On another state, there is no provider.
    if claimed.is_none_or(|claimed| claimed == example.chain.0.root()) {
        let provided = example.chain.0.provide(&[payload], execute).expect("a shard has executed it");
        assert_eq!((provided.block_data, provided.outcome.post_state_root), (block_data, root));
    }
    true
}

/// Executes block data natively, and returns the root, or `None` if the EE refuses them.
fn run(root: StateRoot, block_data: &[u8]) -> Option<StateRoot> {
    match Execution::new(root).block_data(block_data).run(execute) {
        Ok(outcome) => Some(outcome.post_state_root),
        Err(Failure::Refused(error)) => {
            assert!(!outrider_sdk::chain(&error).is_empty());
            None
        }
        Err(failure) => panic!("{}", outrider_sdk::chain::<Failure<Error>>(&failure)),
    }
}

/// Returns the root of the tip with which a witness begins.
fn claimed_root(witness: &[u8]) -> Option<StateRoot> {
    Tip::read(&mut Reader::new(witness)).ok().map(|tip| tip.root())
}

/// Returns the payload of a block with Merkle root and work, and with a commitment to the witnesses if it is wanted.
fn repaired(payload: &[u8], commits: bool) -> Option<Vec<u8>> {
    let (kind, block) = payload.split_first()?;
    let block: Block = decode_from_slice(block).ok()?;
    let (header, transactions) = block.into_parts();
    let has_coinbase = transactions.first().is_some_and(|coinbase| !coinbase.inputs.is_empty());
    let draft = Draft {
        version: header.version.to_consensus(),
        previous: header.prev_blockhash.to_byte_array(),
        time: header.time.to_u32(),
        bits: header.bits.to_consensus_u32(),
        transactions,
    };
    let draft = if commits && has_coinbase { draft.commit() } else { draft };
    has_coinbase.then(|| [&[*kind], &draft.mine()[..]].concat())
}
