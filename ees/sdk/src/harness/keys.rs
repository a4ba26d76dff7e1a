//! Signing keys for tests, and for programs that make test packages.
//!
//! Each kind comes with the feature of its group, and signs for the [`crypto`](crate::crypto) functions of that group.
//! The same secret always gives the same key and signatures, so everything made with them is reproducible. Such keys
//! are not secret: they are for tests only.
//!
#![cfg_attr(feature = "bls12-381", doc = "```")]
#![cfg_attr(not(feature = "bls12-381"), doc = "```ignore")]
//! use outrider_sdk::{Reader, StateRoot, Writer, crypto, harness::{Execution, keys::BlsKey}};
//!
//! // Counts the signers of the root: key and signature of each, one after the other.
//! fn transition(root: StateRoot, block_data: &[u8]) -> Result<StateRoot, crypto::CheckError> {
//!     let mut reader = Reader::new(block_data);
//!     let mut next = root;
//!     while let (Ok(key), Ok(signature)) = (reader.take_array(), reader.take_array()) {
//!         crypto::bls_verify(&key, &root.0, &signature)?;
//!         next.0[31] += 1;
//!     }
//!     Ok(next)
//! }
//!
//! let root = StateRoot::default();
//! let votes = (1..=3).map(|n| {
//!     let key = BlsKey::of_seed(&[n; 32]);
//!     Writer::new().bytes(&key.public_key()).bytes(&key.sign(&root.0)).finish()
//! });
//! let votes = votes.collect::<Vec<_>>().concat();
//! let outcome = Execution::new(root).block_data(votes).run(transition).unwrap();
//! assert_eq!(outcome.post_state_root.0[31], 3);
//! ```

#[cfg(feature = "bls12-381")]
mod bls;
#[cfg(feature = "p256")]
mod p256;
#[cfg(feature = "secp256k1")]
mod secp256k1;

#[cfg(feature = "bls12-381")]
pub use bls::BlsKey;
#[cfg(feature = "p256")]
pub use p256::P256Key;
#[cfg(feature = "secp256k1")]
pub use secp256k1::Secp256k1Key;
