//! A single trie, with plain or hashed keys.

use alloc::vec::Vec;

use super::{
    EMPTY_ROOT,
    entries::Entries,
    error::{TrieError, UnusedError},
    forest::{Forest, TrieId},
    witness::{self, DecodeError},
};
use crate::{
    hash::{Hash, Hasher},
    node::{NoNodes, NodeSink, NodeSource},
};

/// A trie with plain keys.
///
/// ```
/// use outrider_witness::{Keccak256, NodeBag, Recorder, mpt::Trie};
///
/// // The provider holds the full state.
/// let mut full = Trie::<Keccak256, _>::empty();
/// for (key, value) in [("do", "verb"), ("dog", "puppy"), ("doge", "coin"), ("horse", "stallion")] {
///     full.insert(key.as_bytes(), value.repeat(8).as_bytes())?;
/// }
/// let mut nodes = NodeBag::default();
/// let root = full.commit(&mut nodes);
///
/// // It runs something over the state and gets the witness.
/// let mut recorded = Trie::<Keccak256, _>::open(&root, Recorder::new(&nodes));
/// recorded.insert(b"doge", b"wow")?;
/// let post_root = recorded.root();
/// let witness = recorded.into_forest().into_witness()?;
///
/// // The executor holds only the root and runs the same.
/// let mut stateless = Trie::<Keccak256, _>::from_witness(&witness, &root)?;
/// stateless.insert(b"doge", b"wow")?;
/// assert_eq!(stateless.root(), post_root);
/// stateless.check_all_used()?;
/// assert!(stateless.get(b"horse").is_err(), "the witness does not cover this key; it may be present");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trie<H, S> {
    forest: Forest<H, S>,
    id: TrieId,
}

/// A trie with hashed keys, which an attacker who chooses keys cannot make deep.
#[derive(Debug)]
pub struct SecureTrie<H, S>(Trie<H, S>);

impl<H: Hasher> Trie<H, NoNodes> {
    /// Returns the empty trie.
    #[must_use]
    pub fn empty() -> Self {
        Self::open(&EMPTY_ROOT, NoNodes)
    }

    /// Returns the trie with a root, of which a witness reveals a part. If the witness is of another root, no key is
    /// covered.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a witness.
    pub fn from_witness(witness: &[u8], root: &Hash) -> Result<Self, DecodeError> {
        let mut forest = witness::decode(witness)?;
        let id = forest.open(root);
        Ok(Self { forest, id })
    }
}

impl<H: Hasher, S: NodeSource> Trie<H, S> {
    /// Returns the trie with a root over the nodes of `source`.
    pub fn open(root: &Hash, source: S) -> Self {
        let mut forest = Forest::new(source);
        let id = forest.open(root);
        Self { forest, id }
    }

    /// See [`Forest::get`].
    ///
    /// # Errors
    ///
    /// Fails if a node on the path is not covered or not valid.
    pub fn get(&mut self, key: &[u8]) -> Result<Option<&[u8]>, TrieError> {
        self.forest.get(self.id, key)
    }

    /// See [`Forest::insert`].
    ///
    /// # Errors
    ///
    /// Fails as [`Trie::get`] does.
    pub fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<(), TrieError> {
        self.forest.insert(self.id, key, value)
    }

    /// See [`Forest::remove`].
    ///
    /// # Errors
    ///
    /// Fails as [`Trie::get`] does.
    pub fn remove(&mut self, key: &[u8]) -> Result<bool, TrieError> {
        self.forest.remove(self.id, key)
    }

    /// See [`Forest::iter`].
    pub fn iter(&mut self) -> Entries<'_, H, S> {
        self.forest.iter(self.id)
    }

    /// See [`Forest::root`].
    pub fn root(&mut self) -> Hash {
        self.forest.root(self.id)
    }

    /// See [`Forest::commit`].
    pub fn commit(&mut self, sink: &mut impl NodeSink) -> Hash {
        self.forest.commit(self.id, sink)
    }

    /// See [`Forest::commit_with`].
    pub fn commit_with(
        &mut self,
        sink: &mut impl NodeSink,
        refer: impl FnMut(&[u8], &mut Vec<Hash>),
    ) -> Hash {
        self.forest.commit_with(self.id, sink, refer)
    }

    /// See [`Forest::check_all_used`].
    ///
    /// # Errors
    ///
    /// Returns the first node or blob that has not been used.
    pub fn check_all_used(&self) -> Result<(), UnusedError> {
        self.forest.check_all_used()
    }

    /// Returns the forest that holds only this trie.
    pub fn into_forest(self) -> Forest<H, S> {
        self.forest
    }
}

impl<H: Hasher, S: NodeSource> SecureTrie<H, S> {
    /// Wraps a trie to hash its keys.
    pub fn new(trie: Trie<H, S>) -> Self {
        Self(trie)
    }

    /// See [`Trie::get`].
    ///
    /// # Errors
    ///
    /// Fails as [`Trie::get`] does.
    pub fn get(&mut self, key: &[u8]) -> Result<Option<&[u8]>, TrieError> {
        self.0.get(&H::hash(key).0)
    }

    /// See [`Trie::insert`].
    ///
    /// # Errors
    ///
    /// Fails as [`Trie::get`] does.
    pub fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<(), TrieError> {
        self.0.insert(&H::hash(key).0, value)
    }

    /// See [`Trie::remove`].
    ///
    /// # Errors
    ///
    /// Fails as [`Trie::get`] does.
    pub fn remove(&mut self, key: &[u8]) -> Result<bool, TrieError> {
        self.0.remove(&H::hash(key).0)
    }

    /// Returns the wrapped trie, whose keys are hashes.
    pub fn inner(&mut self) -> &mut Trie<H, S> {
        &mut self.0
    }
}
