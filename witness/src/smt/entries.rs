//! Iterating over a tree.

use alloc::vec::Vec;

use super::{
    error::TreeError,
    key::{Key, Prefix, Side},
    node::Link,
    tree::{RevealedNode, Tree, reveal},
};
use crate::{Hasher, NodeSource};

/// An iterator over keys and values of a tree, by ascending key. It ends at the first error.
///
/// Each step starts from the root, which costs a little more than keeping the path, but keeps nothing that could
/// become outdated.
#[derive(Debug)]
pub struct Entries<'a, H, S> {
    tree: &'a mut Tree<H, S>,
    /// The first key that remains; `None` if no leaf remains.
    from: Option<Key>,
}

impl<H: Hasher, S: NodeSource> Tree<H, S> {
    /// Returns an iterator over all keys and values, by ascending key.
    ///
    /// It ends at the first error, such as [`TreeError::NotCovered`].
    pub fn iter(&mut self) -> Entries<'_, H, S> {
        Entries { tree: self, from: Some(Key([0; 32])) }
    }
}

impl<H: Hasher, S: NodeSource> Iterator for Entries<'_, H, S> {
    type Item = Result<(Key, Vec<u8>), TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let from = self.from.take()?;
        let tree = &mut *self.tree;
        let found = first::<H>(&mut tree.root, &tree.source, Prefix::ROOT, Some(&from)).transpose()?;
        if let Ok((key, _)) = &found {
            self.from = key.successor();
        }
        Some(found)
    }
}

/// Finds the first leaf below `prefix`, or the first that is not before `from`. Recurses at most once per bit.
fn first<H: Hasher>(
    link: &mut Link,
    source: &impl NodeSource,
    prefix: Prefix,
    from: Option<&Key>,
) -> Result<Option<(Key, Vec<u8>)>, TreeError> {
    let branch = match reveal::<H>(link, source, || prefix)? {
        RevealedNode::Empty => return Ok(None),
        RevealedNode::Leaf(leaf) => {
            let passed = from.is_some_and(|from| leaf.key < *from);
            return Ok((!passed).then(|| (leaf.key, leaf.value.clone())));
        }
        RevealedNode::Branch(branch) => branch,
    };
    let side = from.map_or(Side::Left, |from| from.side(prefix.depth()));
    let found = first::<H>(branch.child_mut(side), source, prefix.child(side), from)?;
    match side {
        Side::Left if found.is_none() => {
            first::<H>(&mut branch.right, source, prefix.child(Side::Right), None)
        }
        Side::Left | Side::Right => Ok(found),
    }
}
