//! Nodes from the host, and new nodes to it: the imports of module `state`.

use alloc::{vec, vec::Vec};

use outrider_witness::{Hash, NodeError, NodeSink, NodeSource};

use crate::imports::state as imports;

/// The nodes of a state provider. A shard has none, so nothing is covered there.
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

/// A sink that puts new nodes to a state provider. A shard ignores them.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostSink;

impl NodeSink for HostSink {
    fn put(&mut self, hash: &Hash, bytes: &[u8], children: &[Hash]) {
        // The return value tells a provider from a shard, which callers already know.
        let _ = imports::put_node(hash, bytes, children);
    }
}

/// Reads a value from the host with one call if it is short, and with two if it is not.
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

/// The length that the host returns if there is no such node.
const NONE: u32 = u32::MAX;

/// Enough for a branch of a hexary trie, which has 532 bytes, and for more than one of a binary trie.
const USUAL_BYTES: usize = 544;
