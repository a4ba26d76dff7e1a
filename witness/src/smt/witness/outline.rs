//! Outlines of witnesses.

use alloc::vec::Vec;

use super::decode;
use crate::{
    Hasher,
    hash::HASH_BYTES,
    outline::{Content, Outline, Part, TrieOutline},
    smt::{
        error::DecodeError,
        key::{KEY_BITS, Key, Side},
        node::Link,
    },
};

/// Decodes a witness and returns its outline.
///
/// # Errors
///
/// Fails as [`decode`] does.
pub fn outline<H: Hasher>(bytes: &[u8]) -> Result<Outline, DecodeError> {
    let mut tree = decode::<H>(bytes)?;
    let mut outline = Outline::default();
    let mut trie = TrieOutline { root: tree.root(), parts: Vec::new() };
    push(&tree.root, 0, None, &mut trie.parts, &mut outline);
    outline.tries.push(trie);
    outline.bytes.complete(bytes.len());
    Ok(outline)
}

/// Outlines a node and everything below. Recurses at most once per bit.
fn push(link: &Link, depth: u16, step: Option<u8>, parts: &mut Vec<Part>, outline: &mut Outline) {
    let mut part = |content| parts.push(Part { depth: usize::from(depth), step, content });
    match link {
        Link::Empty => {}
        Link::Stub(stub) => {
            outline.bytes.hashes += HASH_BYTES;
            part(Content::Hash(stub.hash));
        }
        Link::Leaf(leaf) => {
            outline.bytes.keys += usize::from(KEY_BITS / 8 - depth / 8);
            outline.bytes.values += leaf.value.len();
            part(Content::Leaf { rest: bits(&leaf.key, depth), value: leaf.value.clone() });
        }
        Link::Branch(branch) => {
            part(Content::Branch { value: Vec::new() });
            push(&branch.left, depth + 1, Some(0), parts, outline);
            push(&branch.right, depth + 1, Some(1), parts, outline);
        }
    }
}

fn bits(key: &Key, from: u16) -> Vec<u8> {
    (from..KEY_BITS).map(|depth| u8::from(key.side(depth) == Side::Right)).collect()
}
