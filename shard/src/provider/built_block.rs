//! A block that a provider has built.

use std::sync::Arc;

use outrider_host::{ExecutionOutput, StateRoot};
use outrider_witness::Hash;

use super::source::Nodes;

/// A block for one EE: its data, from which the EE comes to the post-state root without its state, as has been tried.
#[derive(Clone, Debug)]
pub struct BuiltBlock {
    pub(super) pre_state_root: StateRoot,
    pub(super) block_data: Arc<[u8]>,
    pub(super) witness_bytes: usize,
    pub(super) payload_bytes: usize,
    pub(super) output: ExecutionOutput,
    pub(super) provider_fuel_used: u64,
    pub(super) nodes: Arc<Nodes>,
}

impl BuiltBlock {
    /// The root of the state before the block.
    pub fn pre_state_root(&self) -> StateRoot {
        self.pre_state_root
    }

    /// The root of the state after the block.
    pub fn post_state_root(&self) -> StateRoot {
        self.output.post_state_root
    }

    /// The block data, witness and payload.
    pub fn block_data(&self) -> &Arc<[u8]> {
        &self.block_data
    }

    /// The length of the witness.
    pub fn witness_bytes(&self) -> usize {
        self.witness_bytes
    }

    /// The length of the payload, to which the EE has merged the packages.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// What comes of the block data, at every shard that executes it.
    pub fn output(&self) -> &ExecutionOutput {
        &self.output
    }

    /// The fuel that the execution over the full state took.
    pub fn provider_fuel_used(&self) -> u64 {
        self.provider_fuel_used
    }

    /// The nodes and blobs that the block makes, by their hash.
    pub fn new_nodes(&self) -> impl ExactSizeIterator<Item = (&Hash, &[u8])> {
        self.nodes.iter().map(|(hash, node)| (hash, node.bytes.as_slice()))
    }
}
