//! The imports of module `state`, as safe functions on slices: the harness's side.

use alloc::{borrow::ToOwned, sync::Arc, vec::Vec};

use outrider_abi::{Hash, NewNode};
use outrider_witness::NodeBag;

use super::with_host;

/// The input and the results so far of an execution in provider mode.
pub(in crate::harness) struct Provider {
    pub(in crate::harness) nodes: Arc<NodeBag>,
    pub(in crate::harness) block_data: Option<Vec<u8>>,
    pub(in crate::harness) new_nodes: Vec<NewNode>,
}

impl Provider {
    pub(in crate::harness) fn new(nodes: Arc<NodeBag>) -> Provider {
        Provider { nodes, block_data: None, new_nodes: Vec::new() }
    }
}

pub(crate) fn mode() -> u32 {
    with_host(|host| Ok(u32::from(host.provider.is_some())))
}

pub(crate) fn get_node(hash: &Hash, out: &mut [u8]) -> u32 {
    with_host(|host| {
        let nodes = host.provider.as_ref().map(|provider| &provider.nodes);
        let Some(bytes) = nodes.and_then(|nodes| nodes.bytes(hash)) else { return Ok(u32::MAX) };
        if let Some(out) = out.get_mut(..bytes.len()) {
            out.copy_from_slice(bytes);
        }
        Ok(bytes.len() as u32)
    })
}

/// Finds blobs among the nodes, because a bag does not separate the two.
pub(crate) fn get_blob(hash: &Hash, out: &mut [u8]) -> u32 {
    get_node(hash, out)
}

pub(crate) fn put_node(hash: &Hash, bytes: &[u8], children: &[Hash]) -> u32 {
    with_host(|host| {
        let Some(provider) = &mut host.provider else { return Ok(0) };
        let (bytes, children) = (bytes.to_owned(), children.to_owned());
        provider.new_nodes.push(NewNode { hash: *hash, bytes, children });
        Ok(1)
    })
}

pub(crate) fn put_block_data(bytes: &[u8]) {
    with_host(|host| {
        if let Some(provider) = &mut host.provider {
            provider.block_data = Some(bytes.to_owned());
        }
        Ok(())
    });
}
