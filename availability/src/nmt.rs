//! Celestia's availability: a square of shares, extended by Leopard Reed-Solomon, under namespaced Merkle trees.
//!
//! | module | concern |
//! |---|---|
//! | `namespace` | which EE and shard a share belongs to |
//! | `share` | parts as shares of 512 bytes |
//! | `node`, `tree` | namespaced Merkle trees, as in celestiaorg/nmt |
//! | `axis` | rows and columns, and their extension |
//! | `square` | the square, its trees, its parts |
//! | `header` | the roots of rows and columns, and the data root |
//! | `sample` | shares with their branches |
//! | `parts` | all parts of some namespaces, with proofs that there are no others |
//! | `repair` | restores a square from samples, or finds a wrong encoding |
//! | `fraud` | the proof of a wrong encoding, which a light client checks |
//!
//! Squares may have 128 x 128 original shares, as that is what Reed-Solomon over GF(2^8) extends; Celestia takes GF(2^16)
//! for larger ones.

mod axis;
mod fraud;
mod header;
mod namespace;
mod node;
mod parts;
mod repair;
mod sample;
mod scheme;
mod share;
mod square;
mod tree;

pub use axis::{Axis, WIDTH_MAX};
pub use fraud::{FraudError, FraudProof, ProvenShare};
pub use header::Header;
pub use namespace::{NAMESPACE_BYTES, Namespace};
pub use node::{NODE_BYTES, Node};
pub use parts::{PartsError, RowProof};
pub use sample::ShareSample;
pub use share::{Part, SHARE_BYTES, Share, join, n_shares, split};
pub use square::Nmt;
pub use tree::{RangeProof, Tree, verify_namespaces, verify_range};
