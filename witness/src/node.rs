//! Where tries get nodes from, and where they put new ones.
//!
//! A *node* is a byte string that a trie knows by its hash. A *blob* is a byte string that a value refers to by its
//! hash, like the code of a contract. Sources are asked for the two by different names, as bytes may happen to
//! be both: whoever stores a blob must not thereby reveal a node.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::{error::Error, fmt};

use thiserror::Error;

use crate::hash::{Hash, Hasher};

/// Gives nodes and blobs by their hash.
///
/// A source may be shared by many tries: `&S` is a source, too. It need not check what it gives; tries do, with
/// [`node`] and [`blob`].
pub trait NodeSource {
    /// The node of this hash.
    ///
    /// # Errors
    ///
    /// [`NodeError::NotCovered`] when this source does not have it, which never means that it is empty.
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError>;

    /// The blob of this hash.
    ///
    /// # Errors
    ///
    /// As [`NodeSource::node`].
    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError>;
}

/// Takes the new nodes of a trie.
pub trait NodeSink {
    /// Takes a node, or a blob, together with the hashes of all that it refers to: child nodes, also those that nodes
    /// inside this one refer to, and whatever its values refer to. A store knows no encoding; it keeps what
    /// is referred to.
    ///
    /// A trie puts children before their parents, each node once.
    fn put(&mut self, hash: &Hash, bytes: &[u8], children: &[Hash]);
}

/// Why there is no node.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The source does not have it. A witness is incomplete, or a state provider holds less than the full state.
    #[error("nothing with hash {hash} is covered")]
    NotCovered {
        /// The hash asked for.
        hash: Hash,
    },
    /// The source gave bytes with another hash. It is corrupt, or lies.
    #[error("asked for hash {expected}, got bytes with hash {got}")]
    WrongHash {
        /// The hash asked for.
        expected: Hash,
        /// The hash of the bytes.
        got: Hash,
    },
    /// The source itself failed, like a disk.
    #[error("the source of {hash} failed")]
    Source {
        /// The hash asked for.
        hash: Hash,
        /// What it says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Asks `source` for a node and checks its hash.
///
/// # Errors
///
/// Those of the source, and [`NodeError::WrongHash`].
pub fn node<H: Hasher>(source: &impl NodeSource, hash: &Hash) -> Result<Vec<u8>, NodeError> {
    checked::<H>(source.node(hash)?, hash)
}

/// Asks `source` for a blob and checks its hash.
///
/// # Errors
///
/// Those of the source, and [`NodeError::WrongHash`].
pub fn blob<H: Hasher>(source: &impl NodeSource, hash: &Hash) -> Result<Vec<u8>, NodeError> {
    checked::<H>(source.blob(hash)?, hash)
}

fn checked<H: Hasher>(bytes: Vec<u8>, expected: &Hash) -> Result<Vec<u8>, NodeError> {
    let got = H::hash(&bytes);
    if got == *expected { Ok(bytes) } else { Err(NodeError::WrongHash { expected: *expected, got }) }
}

impl<S: NodeSource + ?Sized> NodeSource for &S {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        (**self).node(hash)
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        (**self).blob(hash)
    }
}

/// The source of a stateless execution, whose witness has been decoded before: there is nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNodes;

impl NodeSource for NoNodes {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        Err(NodeError::NotCovered { hash: *hash })
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        Err(NodeError::NotCovered { hash: *hash })
    }
}

/// Byte strings by their hash, in no other order: a foreign witness, say, like the answer of
/// `debug_executionWitness`. Any of them may be a node, a blob, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeBag(BTreeMap<Hash, Vec<u8>>);

impl NodeBag {
    /// Hashes each byte string.
    pub fn of_preimages<H: Hasher>(preimages: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(preimages.into_iter().map(|bytes| (H::hash(&bytes), bytes)).collect())
    }

    /// Adds bytes whose hash is already known.
    pub fn insert(&mut self, hash: Hash, bytes: Vec<u8>) {
        self.0.insert(hash, bytes);
    }

    /// The bytes of this hash.
    #[must_use]
    pub fn bytes(&self, hash: &Hash) -> Option<&[u8]> {
        self.0.get(hash).map(Vec::as_slice)
    }

    /// All that is in the bag, by ascending hash.
    pub fn iter(&self) -> impl Iterator<Item = (&Hash, &[u8])> {
        self.0.iter().map(|(hash, bytes)| (hash, bytes.as_slice()))
    }

    /// How many byte strings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl NodeSource for NodeBag {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.bytes(hash).map(<[u8]>::to_vec).ok_or(NodeError::NotCovered { hash: *hash })
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}

/// Keeps the bytes alone; what refers to what is forgotten.
impl NodeSink for NodeBag {
    fn put(&mut self, hash: &Hash, bytes: &[u8], _children: &[Hash]) {
        self.0.insert(*hash, bytes.to_vec());
    }
}

/// The way from the root of a trie to a node: one digit a step, a nibble or a bit.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<u8>);

/// Each step as a hex digit; `the root` when there are none.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the root");
        }
        self.0.iter().try_for_each(|digit| write!(f, "{digit:x}"))
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Keccak256;

    #[test]
    fn a_source_that_lies_is_caught() {
        let (asked, given) = (Keccak256::hash(b"asked"), Keccak256::hash(b"given"));
        let mut bag = NodeBag::default();
        bag.insert(asked, b"given".to_vec());
        let Err(NodeError::WrongHash { expected, got }) = node::<Keccak256>(&bag, &asked) else {
            panic!("the lie went through");
        };
        assert_eq!((expected, got), (asked, given));
    }

    #[test]
    fn what_a_source_does_not_have_is_not_covered() {
        let hash = Keccak256::hash(b"a");
        let bag = NodeBag::of_preimages::<Keccak256>([b"b".to_vec()]);
        assert!(matches!(bag.node(&hash), Err(NodeError::NotCovered { hash: h }) if h == hash));
        assert!(matches!(NoNodes.blob(&hash), Err(NodeError::NotCovered { hash: h }) if h == hash));
    }
}
