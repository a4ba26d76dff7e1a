//! Outlines of witnesses.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{DecodeError, decode};
use crate::{
    hash::{HASH_BYTES, Hasher},
    mpt::{
        arena::{Arena, Link, Node, NodeId, Target},
        nibbles::Nibbles,
    },
    outline::{Content, Outline, Part, TrieOutline},
};

/// Decodes a witness and returns its outline.
///
/// # Errors
///
/// Fails as [`decode()`] does.
pub fn outline<H: Hasher>(bytes: &[u8]) -> Result<Outline, DecodeError> {
    let forest = decode::<H>(bytes)?;
    let mut writer = Writer { arena: &forest.arena, seen: BTreeSet::new(), outline: Outline::default() };
    let nodes = &forest.revealed.nodes;
    for root in &forest.revealed.roots {
        if let Ok(index) = nodes.binary_search_by_key(root, |(hash, _)| *hash) {
            let parts = writer.trie(nodes[index].1);
            writer.outline.tries.push(TrieOutline { root: *root, parts });
        }
    }
    let mut outline = writer.outline;
    outline.blobs = forest.revealed.blobs.iter().map(|(hash, blob)| (*hash, blob.bytes.len())).collect();
    outline.bytes.blobs = outline.blobs.iter().map(|(_, bytes)| bytes).sum();
    outline.bytes.complete(bytes.len());
    Ok(outline)
}

struct Writer<'a> {
    arena: &'a Arena,
    /// The nodes in the outline so far.
    seen: BTreeSet<NodeId>,
    outline: Outline,
}

/// A link to visit, with the number of digits that lead to it and the last digit.
type Task = (Link, usize, Option<u8>);

impl Writer<'_> {
    fn trie(&mut self, top: NodeId) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut to_do: Vec<Task> = Vec::from([(Link::from(top), 0, None)]);
        while let Some((link, depth, step)) = to_do.pop() {
            let content = match link.target() {
                Target::Empty => continue,
                Target::Stub(stub) => {
                    self.outline.bytes.hashes += HASH_BYTES;
                    Content::Hash(*self.arena.stub_hash(stub))
                }
                Target::Node(id) if self.seen.insert(id) => self.node(id, depth, &mut to_do),
                Target::Node(_) => Content::Repeated,
            };
            parts.push(Part { depth, step, content });
        }
        parts
    }

    /// Outlines a node and adds tasks for its children.
    fn node(&mut self, id: NodeId, depth: usize, to_do: &mut Vec<Task>) -> Content {
        let node = &self.arena[id].node;
        let bytes = &mut self.outline.bytes;
        bytes.values += node.value().len();
        match node {
            Node::Branch(branch) => {
                let children = (0..16).rev().zip(branch.children.iter().rev());
                to_do.extend(children.map(|(nibble, child)| (*child, depth + 1, Some(nibble))));
                Content::Branch { value: branch.value.to_vec() }
            }
            Node::Extension { path, child } => {
                bytes.keys += packed_bytes(path);
                to_do.push((*child, depth + path.len(), None));
                Content::Extension { path: path.iter().collect() }
            }
            Node::Leaf { path, value } => {
                bytes.keys += packed_bytes(path);
                Content::Leaf { rest: path.iter().collect(), value: value.to_vec() }
            }
        }
    }
}

fn packed_bytes(path: &Nibbles) -> usize {
    path.len().div_ceil(2)
}
