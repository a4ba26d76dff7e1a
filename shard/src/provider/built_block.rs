//! Blocks built by a provider.

use std::sync::Arc;

use outrider_host::{ExecutionOutput, StateRoot};
use outrider_witness::Hash;

use super::source::Nodes;

/// A block for one EE: its data, from which the EE has computed the post-state root without its state.
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
    /// Returns the root of the state before the block.
    pub fn pre_state_root(&self) -> StateRoot {
        self.pre_state_root
    }

    /// Returns the root of the state after the block.
    pub fn post_state_root(&self) -> StateRoot {
        self.output.post_state_root
    }

    /// Returns the block data, which has witness and payload.
    pub fn block_data(&self) -> &Arc<[u8]> {
        &self.block_data
    }

    /// Returns the length of the witness.
    pub fn witness_bytes(&self) -> usize {
        self.witness_bytes
    }

    /// Returns the length of the payload, into which the EE has merged the packages.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Returns the output of the block data, the same at every shard that executes it.
    pub fn output(&self) -> &ExecutionOutput {
        &self.output
    }

    /// Returns the fuel of the execution over the full state.
    pub fn provider_fuel_used(&self) -> u64 {
        self.provider_fuel_used
    }

    /// Returns the new nodes and blobs of the block, by hash.
    pub fn new_nodes(&self) -> impl ExactSizeIterator<Item = (&Hash, &[u8])> {
        self.nodes.iter().map(|(hash, node)| (hash, node.bytes.as_slice()))
    }
}
