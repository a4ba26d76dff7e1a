//! Sources and sinks of nodes.
//!
//! A *node* is a byte string that a trie knows by its hash. A *blob* is a byte string to which a value refers by its
//! hash, like the code of a contract. Sources have separate methods for the two, because the same bytes may be both:
//! storing a blob must not thereby reveal a node.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::{error::Error, fmt};

use thiserror::Error;

use crate::hash::{Hash, Hasher};

/// A source of nodes and blobs by hash.
///
/// Several tries may share a source: `&S` is a source, too. It need not check its bytes; tries do, with [`node`] and
/// [`blob`].
pub trait NodeSource {
    /// Returns the node with this hash.
    ///
    /// # Errors
    ///
    /// Fails with [`NodeError::NotCovered`] if this source does not have it, which never means that it is empty.
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError>;

    /// Returns the blob with this hash.
    ///
    /// # Errors
    ///
    /// Fails as [`NodeSource::node`] does.
    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError>;
}

/// A sink for the new nodes of a trie.
pub trait NodeSink {
    /// Takes a node or a blob, together with the hashes of everything to which it refers: child nodes, including those
    /// of nodes inside this one, and the references of its values. A store knows no encoding; it keeps whatever is
    /// referred to.
    ///
    /// A trie puts children before their parents, each node once.
    fn put(&mut self, hash: &Hash, bytes: &[u8], children: &[Hash]);
}

/// The reason for which there is no node.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The source does not have it: a witness is incomplete, or a state provider holds less than the full state.
    #[error("nothing with hash {hash} is covered")]
    NotCovered {
        /// The requested hash.
        hash: Hash,
    },
    /// The source returned bytes with another hash: it is corrupt or malicious.
    #[error("asked for hash {expected}, got bytes with hash {got}")]
    WrongHash {
        /// The requested hash.
        expected: Hash,
        /// The hash of the bytes.
        got: Hash,
    },
    /// The source itself failed, for instance a disk.
    #[error("the source of {hash} failed")]
    Source {
        /// The requested hash.
        hash: Hash,
        /// The source's error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Reads a node from `source` and checks its hash.
///
/// # Errors
///
/// Fails as the source does, and with [`NodeError::WrongHash`].
pub fn node<H: Hasher>(source: &impl NodeSource, hash: &Hash) -> Result<Vec<u8>, NodeError> {
    checked::<H>(source.node(hash)?, hash)
}

/// Reads a blob from `source` and checks its hash.
///
/// # Errors
///
/// Fails as the source does, and with [`NodeError::WrongHash`].
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

/// The empty source, for a stateless execution whose witness has already been decoded.
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

/// Byte strings by hash, without further structure, such as a foreign witness like the answer of
/// `debug_executionWitness`. Each may be a node, a blob, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeBag(BTreeMap<Hash, Vec<u8>>);

impl NodeBag {
    /// Makes a bag of byte strings, and hashes each.
    pub fn of_preimages<H: Hasher>(preimages: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(preimages.into_iter().map(|bytes| (H::hash(&bytes), bytes)).collect())
    }

    /// Adds bytes whose hash is already known.
    pub fn insert(&mut self, hash: Hash, bytes: Vec<u8>) {
        self.0.insert(hash, bytes);
    }

    /// Returns the bytes with this hash.
    #[must_use]
    pub fn bytes(&self, hash: &Hash) -> Option<&[u8]> {
        self.0.get(hash).map(Vec::as_slice)
    }

    /// Returns an iterator over all byte strings, by ascending hash.
    pub fn iter(&self) -> impl Iterator<Item = (&Hash, &[u8])> {
        self.0.iter().map(|(hash, bytes)| (hash, bytes.as_slice()))
    }

    /// Returns the number of byte strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
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

/// Keeps only the bytes, and drops the references.
impl NodeSink for NodeBag {
    fn put(&mut self, hash: &Hash, bytes: &[u8], _children: &[Hash]) {
        self.0.insert(*hash, bytes.to_vec());
    }
}

/// The path from the root of a trie to a node: one digit a step, a nibble or a bit.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<u8>);

/// Writes each step as a hex digit, or `the root` without steps.
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
