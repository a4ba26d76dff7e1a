//! Bitcoin's scripts as consensus knows them: the interpreter, the three signature hashes, sigops and weight.
//!
//! [`Spending`] joins a transaction and the outputs that it spends, and [`verify_input`] verifies one of its inputs
//! under a set of [`Flags`], as Bitcoin Core's `VerifyScript` does. Everything is a pure function of its arguments;
//! signatures are verified by an implementation of [`Crypto`], and hashes computed by one of [`Hashes`], which in an
//! execution environment call the host.
//! [`policy`] has the rules of relay, which no block has to satisfy.
//!
//! Covered are bare scripts, P2SH ([BIP 16]), segregated witnesses of version 0 ([BIP 141], [BIP 143]) and taproot
//! ([BIP 341], [BIP 342]), with strict DER ([BIP 66]), lock times ([BIP 65], [BIP 112]) and the null dummy
//! ([BIP 147]). Which flags a block needs, and the exceptions by block hash, are the caller's knowledge.
//!
//! # Cost
//!
//! All loops are bounded by the sizes of script, witness and transaction; see [`limit`]. Only the signature hash of
//! legacy scripts is quadratic, because each takes most of the transaction again: all of it but the other inputs' scripts,
//! and the executed script. An executed script makes at most 201 hashes, one for each counted operation, if each check
//! removes another signature from the script or comes behind another code separator.
//!
//! The smallest input has 41 bytes, and its output may be in an earlier block, so that the limit of sigops does not
//! count what the input executes. A block with a transaction of 1 MB then has up to 24,390 inputs, which hash up to
//! 24,390 * 201 * 1 MB = 4.9 TB: 4.9 MB for each byte of the block. Usual scripts need a hash for each input, and so up to
//! 24 kB for each byte. The hashes of segwit and taproot take constant work per check, and the script itself.
//!
//! The checks of an input that follow each other with the same script and hash type share one hash, as those of
//! `OP_CHECKMULTISIG` do. The inputs share the serialization of the transaction, into which each puts its script.
//! [`Spending::legacy_bytes_hashed`] counts the bytes that remain, so that a caller can bound the
//! work of a block between two inputs. One input takes at most 201 times the transaction for each of its three scripts,
//! and a metered host asks for the price of each byte in any case.
//!
//! [BIP 16]: https://github.com/bitcoin/bips/blob/master/bip-0016.mediawiki
//! [BIP 65]: https://github.com/bitcoin/bips/blob/master/bip-0065.mediawiki
//! [BIP 66]: https://github.com/bitcoin/bips/blob/master/bip-0066.mediawiki
//! [BIP 112]: https://github.com/bitcoin/bips/blob/master/bip-0112.mediawiki
//! [BIP 141]: https://github.com/bitcoin/bips/blob/master/bip-0141.mediawiki
//! [BIP 143]: https://github.com/bitcoin/bips/blob/master/bip-0143.mediawiki
//! [BIP 147]: https://github.com/bitcoin/bips/blob/master/bip-0147.mediawiki
//! [BIP 341]: https://github.com/bitcoin/bips/blob/master/bip-0341.mediawiki
//! [BIP 342]: https://github.com/bitcoin/bips/blob/master/bip-0342.mediawiki

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod crypto;
mod error;
mod flags;
mod hash;
mod interpreter;
pub mod limit;
#[cfg(feature = "native")]
mod native;
mod number;
pub mod opcode;
pub mod policy;
mod script;
pub mod sighash;
mod signature;
mod sigops;
mod spending;
mod stack;
pub mod taproot;
mod verify;

pub use bitcoin_primitives as primitives;
pub use crypto::{Crypto, Hashes, Software};
pub use error::{InputError, Place, ScriptError, ScriptKind, SpentOutputsError};
pub use flags::Flags;
pub use hash::{txid, wtxid};
#[cfg(feature = "native")]
pub use native::Native;
pub use sigops::{legacy_sigops, sigop_cost};
pub use spending::{Spending, weight};
pub use verify::{verify_input, verify_input_with_policy};
