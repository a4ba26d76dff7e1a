//! What a host, an execution environment (EE) and a state provider tell one another.
//!
//! Everything that crosses a border between them is described here once, to the byte: the host, the shard, the witness databases and the
//! SDK of the guests all stand on this crate, and it stands on nothing of ours.
//!
//! | module | concern |
//! |---|---|
//! | `hash` | hashes and roots: 32 bytes each, told apart by their types |
//! | `context` | where and when an execution takes place, and the numbers of shards, slots and EEs |
//! | `deposit` | a validator deposit, in its 184 bytes |
//! | `node` | a node of a state that an EE has made |
//! | [`frame`] | how witness and payload make block data, and packages a list |
//! | [`reader`] | reads untrusted bytes |
//! | [`mod@hex_text`], `hex_serde` | bytes as hex, in texts and in serde |
//! | `imports` | the table of everything that an EE may import, and what it has to export |
//!
//! The crate is `no_std` with `alloc`, as guests use it. The feature `serde` gives what goes into an execution and comes out of it
//! serde's `Serialize` and `Deserialize`: hex in formats for people, bytes in others.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod bytes32;
mod context;
mod deposit;
pub mod frame;
mod hash;
#[cfg(feature = "serde")]
pub mod hex_serde;
pub mod hex_text;
mod imports;
mod node;
pub mod reader;

pub use context::{Context, EeIndex, ShardIndex, Slot};
pub use deposit::{DEPOSIT_BYTES, Deposit};
pub use frame::{Frame, TooLargeError};
pub use hash::{BeaconRoot, CodeHash, HASH_BYTES, Hash, StateRoot};
pub use hex_text::ParseHexError;
pub use imports::{
    ABI, FuelCost, Import, ImportModule, LEGACY_MODULE, MODULES, Parameter, ParameterKind, REQUIRED_EXPORTS,
    RequiredExport, ValueType,
};
pub use node::NewNode;
pub use reader::{ReadError, Reader};
