//! Merkle-witness databases.
//!
//! A state is a map from keys to values, and its root is 32 bytes. With a *witness*, the nodes on the paths to the keys
//! in question, the root alone suffices to read and change the map. The same tries serve both sides. They are partial:
//! where nothing has been read so far, they hold a hash. A *state provider* resolves the hash through a [`NodeSource`],
//! and a [`Recorder`] keeps what was read; the record is the witness. A *stateless executor* decodes the trie from the
//! witness, and has no source behind it.
//!
//! A read has three results: a value, the proof that there is none, or an error that says that the witness does not
//! cover the key.
//!
//! | module | concern |
//! |---|---|
//! | [`hash`] | hashes and hash functions |
//! | [`node`] | sources of nodes, and sinks of new ones |
//! | [`record`] | records reads: the witness |
//! | [`reader`] | reads untrusted bytes |
//! | [`mpt`] | Ethereum's hexary Merkle Patricia trie |
//! | [`smt`] | the binary sparse Merkle tree |
//! | [`utreexo`] | Utreexo, the accumulator of Bitcoin's unspent outputs |
//! | [`outline`] | the content of a witness, for people |
//! | [`store`] | keeps the nodes of several roots, in memory or on disk |
//!
//! Without the feature `std` the crate is `no_std` with `alloc`, for guests, and has no [`store`]. Nor has it one on wasm. The feature `serde`
//! implements `Serialize` and `Deserialize` for [`struct@Hash`] and [`smt::Key`]: hex in human-readable formats, bytes
//! in others.

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
#[cfg(all(feature = "std", not(target_family = "wasm")))]
pub mod store;
pub mod utreexo;

pub use outrider_abi::reader;

pub use hash::{Hash, Hasher, Keccak256, Sha256, Sha512_256};
pub use node::{NoNodes, NodeBag, NodeError, NodeSink, NodeSource, Path};
pub use record::{Record, Recorder};
