//! Kinds of states in stores.

use core::fmt;

use crate::hash::{Hash, Hasher, Keccak256, Sha256};

/// A kind of state: the hash of its nodes, and the root of the empty state.
///
/// A store knows its kind, so its users, such as a state provider, need to know no hash function. Kinds that this crate
/// does not know are values like those that it knows:
///
/// ```
/// use outrider_witness::{Hash, Hasher as _, Sha256, store::{MemoryStore, StateKind, Store as _}};
///
/// /// Branches alone, as a forest of perfect trees has them: two hashes, hashed twice.
/// const BRANCHES: StateKind = StateKind::new("branches", branch_hash, Hash([0; 32]));
///
/// fn branch_hash(node: &[u8]) -> Option<Hash> {
///     (node.len() == 64).then(|| Sha256::hash(&Sha256::hash(node).0))
/// }
///
/// let store = MemoryStore::of_kind(BRANCHES);
/// assert_eq!(store.kind().hash(b"no branch"), None);
/// ```
#[derive(Clone, Copy)]
pub struct StateKind {
    name: &'static str,
    hash: fn(&[u8]) -> Option<Hash>,
    empty_root: Hash,
}

impl StateKind {
    /// Nodes by their Keccak-256 hash; the empty state has the root zero.
    pub const KECCAK256: Self = Self::of_hasher::<Keccak256>("keccak256", Hash([0; 32]));

    /// Nodes by their SHA-256 hash; the empty state has the root zero.
    pub const SHA256: Self = Self::of_hasher::<Sha256>("sha256", Hash([0; 32]));

    /// The kinds that this crate knows and can open by name.
    pub const KNOWN: [Self; 2] = [Self::KECCAK256, Self::SHA256];

    /// Returns a kind of state. `name` identifies it on disk: two kinds with one name count as the same. `hash` returns
    /// the hash of a node or blob, or `None` if the bytes are neither; it must be total and collision-resistant.
    /// `empty_root` is the root of the empty state, for which nothing is stored.
    #[must_use]
    pub const fn new(name: &'static str, hash: fn(&[u8]) -> Option<Hash>, empty_root: Hash) -> Self {
        Self { name, hash, empty_root }
    }

    /// Returns a kind of state whose nodes are any bytes under one hash function. The other parameters are those of
    /// [`StateKind::new`].
    #[must_use]
    pub const fn of_hasher<H: Hasher>(name: &'static str, empty_root: Hash) -> Self {
        Self::new(name, |bytes| Some(H::hash(bytes)), empty_root)
    }

    /// Returns the name of this kind on disk.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the hash of a node or blob, or `None` if the bytes are neither.
    #[must_use]
    pub fn hash(&self, bytes: &[u8]) -> Option<Hash> {
        (self.hash)(bytes)
    }

    /// Returns the root of the empty state, for which nothing is stored.
    #[must_use]
    pub const fn empty_root(&self) -> Hash {
        self.empty_root
    }
}

/// Writes the name.
impl fmt::Display for StateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for StateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateKind").field(&self.name).finish()
    }
}
