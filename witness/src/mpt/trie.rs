//! A single trie, with keys as they are or hashed.

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

/// A trie with keys as they are.
///
/// ```
/// use outrider_witness::{Keccak256, NodeBag, Recorder, mpt::Trie};
///
/// // Who holds the state.
/// let mut full = Trie::<Keccak256, _>::empty();
/// for (key, value) in [("do", "verb"), ("dog", "puppy"), ("doge", "coin"), ("horse", "stallion")] {
///     full.insert(key.as_bytes(), value.repeat(8).as_bytes())?;
/// }
/// let mut nodes = NodeBag::default();
/// let root = full.commit(&mut nodes);
///
/// // Runs something over the state, and so gets the witness for it.
/// let mut recorded = Trie::<Keccak256, _>::open(&root, Recorder::new(&nodes));
/// recorded.insert(b"doge", b"wow")?;
/// let post_root = recorded.root();
/// let witness = recorded.into_forest().into_witness()?;
///
/// // Who holds the root alone runs the same.
/// let mut stateless = Trie::<Keccak256, _>::from_witness(&witness, &root)?;
/// stateless.insert(b"doge", b"wow")?;
/// assert_eq!(stateless.root(), post_root);
/// stateless.check_all_used()?;
/// assert!(stateless.get(b"horse").is_err(), "this is not covered, which is not to say that it is absent");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trie<H, S> {
    forest: Forest<H, S>,
    id: TrieId,
}

/// A trie with hashed keys. An attacker who chooses keys cannot make it deep.
#[derive(Debug)]
pub struct SecureTrie<H, S>(Trie<H, S>);

impl<H: Hasher> Trie<H, NoNodes> {
    /// The empty trie.
    #[must_use]
    pub fn empty() -> Self {
        Self::open(&EMPTY_ROOT, NoNodes)
    }

    /// The part of the trie with this root that a witness reveals. When the witness is one of another root, nothing is
    /// covered.
    ///
    /// # Errors
    ///
    /// The bytes are no witness.
    pub fn from_witness(witness: &[u8], root: &Hash) -> Result<Self, DecodeError> {
        let mut forest = witness::decode(witness)?;
        let id = forest.open(root);
        Ok(Self { forest, id })
    }
}

impl<H: Hasher, S: NodeSource> Trie<H, S> {
    /// The trie with this root, of which `source` has the nodes.
    pub fn open(root: &Hash, source: S) -> Self {
        let mut forest = Forest::new(source);
        let id = forest.open(root);
        Self { forest, id }
    }

    /// As [`Forest::get`].
    ///
    /// # Errors
    ///
    /// A node on the way is not covered, or is not what it should be.
    pub fn get(&mut self, key: &[u8]) -> Result<Option<&[u8]>, TrieError> {
        self.forest.get(self.id, key)
    }

    /// As [`Forest::insert`].
    ///
    /// # Errors
    ///
    /// As [`Trie::get`].
    pub fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<(), TrieError> {
        self.forest.insert(self.id, key, value)
    }

    /// As [`Forest::remove`].
    ///
    /// # Errors
    ///
    /// As [`Trie::get`].
    pub fn remove(&mut self, key: &[u8]) -> Result<bool, TrieError> {
        self.forest.remove(self.id, key)
    }

    /// As [`Forest::iter`].
    pub fn iter(&mut self) -> Entries<'_, H, S> {
        self.forest.iter(self.id)
    }

    /// As [`Forest::root`].
    pub fn root(&mut self) -> Hash {
        self.forest.root(self.id)
    }

    /// As [`Forest::commit`].
    pub fn commit(&mut self, sink: &mut impl NodeSink) -> Hash {
        self.forest.commit(self.id, sink)
    }

    /// As [`Forest::commit_with`].
    pub fn commit_with(
        &mut self,
        sink: &mut impl NodeSink,
        refer: impl FnMut(&[u8], &mut Vec<Hash>),
    ) -> Hash {
        self.forest.commit_with(self.id, sink, refer)
    }

    /// As [`Forest::check_all_used`].
    ///
    /// # Errors
    ///
    /// Names what has not been used.
    pub fn check_all_used(&self) -> Result<(), UnusedError> {
        self.forest.check_all_used()
    }

    /// The forest of which this is the only trie.
    pub fn into_forest(self) -> Forest<H, S> {
        self.forest
    }
}

impl<H: Hasher, S: NodeSource> SecureTrie<H, S> {
    /// Hashes the keys of `trie` from now on.
    pub fn new(trie: Trie<H, S>) -> Self {
        Self(trie)
    }

    /// As [`Trie::get`].
    ///
    /// # Errors
    ///
    /// As [`Trie::get`].
    pub fn get(&mut self, key: &[u8]) -> Result<Option<&[u8]>, TrieError> {
        self.0.get(&H::hash(key).0)
    }

    /// As [`Trie::insert`].
    ///
    /// # Errors
    ///
    /// As [`Trie::get`].
    pub fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<(), TrieError> {
        self.0.insert(&H::hash(key).0, value)
    }

    /// As [`Trie::remove`].
    ///
    /// # Errors
    ///
    /// As [`Trie::get`].
    pub fn remove(&mut self, key: &[u8]) -> Result<bool, TrieError> {
        self.0.remove(&H::hash(key).0)
    }

    /// The trie, whose keys are hashes.
    pub fn inner(&mut self) -> &mut Trie<H, S> {
        &mut self.0
    }
}
