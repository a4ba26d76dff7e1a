//! Merkle-witness databases.
//!
//! A state is a map from keys to values, and its root is 32 bytes. Whoever holds the root alone can read and change
//! the map when a *witness* comes along: the nodes on the way to the keys in question. The same tries serve
//! both sides. They are partial: of what has not been needed so far they hold a hash. Where a *state
//! provider* runs, the hash is resolved through a [`NodeSource`], and a [`Recorder`] keeps what was needed; the record
//! is the witness. Where a *stateless executor* runs, the trie is decoded from the witness, and there is nothing
//! behind it.
//!
//! A read has three answers: a value, the proof that there is none, and an error that says that the
//! witness does not cover the key.
//!
//! | module | concern |
//! |---|---|
//! | [`hash`] | hashes and hash functions |
//! | [`node`] | where nodes come from and where new ones go |
//! | [`record`] | records what is read |
//! | [`reader`] | reads untrusted bytes |
//! | [`mpt`] | Ethereum's hexary Merkle Patricia trie |
//! | [`smt`] | the binary sparse Merkle tree |
//! | [`outline`] | what a witness consists of, for people |
//! | [`store`] | keeps the nodes of several roots, in memory or on disk |
//!
//! Without the feature `std` the crate is `no_std` with `alloc`, as guests use it; then there is no [`store`]. The feature `serde`
//! gives [`struct@Hash`] and [`smt::Key`] serde's `Serialize` and `Deserialize`: hex in formats for people, bytes in others.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod hash;
pub mod mpt;
pub mod node;
pub mod outline;
pub mod record;
pub mod smt;
#[cfg(feature = "std")]
pub mod store;

pub use outrider_abi::reader;

pub use hash::{Hash, Hasher, Keccak256, Sha256};
pub use node::{NoNodes, NodeBag, NodeError, NodeSink, NodeSource, Path};
pub use record::{Record, Recorder};
