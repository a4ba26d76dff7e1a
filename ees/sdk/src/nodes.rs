//! Nodes from the host, and new ones to it: the imports of module `state`.

use alloc::{vec, vec::Vec};

use outrider_witness::{Hash, NodeError, NodeSink, NodeSource};

use crate::imports::state as imports;

/// The nodes of a state provider. A shard has none, so there nothing is covered.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostNodes;

impl NodeSource for HostNodes {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        get(hash, imports::get_node)
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        get(hash, imports::get_blob)
    }
}

/// Hands new nodes to a state provider. A shard takes none.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostSink;

impl NodeSink for HostSink {
    fn put(&mut self, hash: &Hash, bytes: &[u8], children: &[Hash]) {
        // The answer tells a provider from a shard, and whoever puts nodes knows which of them it meets.
        let _ = imports::put_node(hash, bytes, children);
    }
}

/// Asks the host once if the answer is short, and twice if it is not.
fn get(hash: &Hash, import: fn(&Hash, &mut [u8]) -> u32) -> Result<Vec<u8>, NodeError> {
    let mut bytes = vec![0; USUAL_BYTES];
    loop {
        let length = match import(hash, &mut bytes) {
            NONE => return Err(NodeError::NotCovered { hash: *hash }),
            length => length as usize,
        };
        let complete = length <= bytes.len();
        bytes.resize(length, 0);
        if complete {
            return Ok(bytes);
        }
    }
}

/// What the host returns for a length when there is no such node.
const NONE: u32 = u32::MAX;

/// Room for a branch of a hexary trie, which has 532 bytes, and for more than one of a binary one.
const USUAL_BYTES: usize = 544;
