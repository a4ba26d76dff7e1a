//! Bitcoin's scripts as consensus knows them: the interpreter, the three signature hashes, sigops and weight.
//!
//! [`Spending`] joins a transaction and the outputs that it spends, and [`verify_input`] verifies one of its inputs
//! under a set of [`Flags`], as Bitcoin Core's `VerifyScript` does. Everything is a pure function of its arguments;
//! signatures are verified by an implementation of [`Crypto`], which in an execution environment calls the host.
//! [`policy`] has the rules of relay, which no block has to satisfy.
//!
//! Covered are bare scripts, P2SH ([BIP 16]), segregated witnesses of version 0 ([BIP 141], [BIP 143]) and taproot
//! ([BIP 341], [BIP 342]), with strict DER ([BIP 66]), lock times ([BIP 65], [BIP 112]) and the null dummy
//! ([BIP 147]). Which flags a block needs, and the exceptions by block hash, are the caller's knowledge.
//!
//! # Cost
//!
//! All loops are bounded by the sizes of script, witness and transaction; see [`limit`]. Only the signature hash of
//! legacy scripts is quadratic, because each of them hashes most of the transaction again. An input executes at most
//! 201 counted operations per script, and each signature check may need a hash of its own if code separators are
//! between them: at most about 100 hashes per executed script, of the transaction without its other scripts and of
//! up to 10,000 bytes of script. The smallest input has 41 bytes, and the scripts that it executes may lie in earlier
//! blocks, so that the limit of sigops does not count them. A block of 1 MB that is a single transaction has 24,000
//! inputs and hashes at most 24,000 * 100 * 1 MB = 2.4 TB, or 2.4 MB per byte of the block. With one hash for each
//! input, as all usual scripts need, these are 24 kB per byte. [`sighash`] keeps what it can between the checks of an
//! input: checks with the same script and the same kind of hash type pay once, as in `OP_CHECKMULTISIG`, and the hashes
//! of segwit and taproot are linear. [`Spending::legacy_bytes_hashed`] counts the bytes, so that a caller can
//! bound the work of a block by stopping between inputs; one input hashes at most 201 * 3 times its transaction, and
//! a metered host pays for each byte in any case.
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
mod interpreter;
pub mod limit;
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
pub use crypto::Crypto;
pub use error::{InputError, Place, ScriptError, ScriptKind, SpentOutputsError};
pub use flags::Flags;
pub use sigops::{legacy_sigops, sigop_cost};
pub use spending::{Spending, weight};
pub use verify::verify_input;
