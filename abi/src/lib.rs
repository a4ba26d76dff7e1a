//! The interface between a host, execution environments (EEs) and state providers.
//!
//! Everything that they exchange is described here once, to the byte. The host, the shard, the witness databases and
//! the guests' SDK all depend on this crate, and it depends on no other crate of this project.
//!
//! | module | concern |
//! |---|---|
//! | `hash` | hashes and roots: 32 bytes each, with types of their own |
//! | `context` | the place and time of an execution, and the numbers of shards, slots and EEs |
//! | `deposit` | a validator deposit, in its 184 bytes |
//! | `root_read` | the state root of another EE, which a block declares |
//! | `receipt` | receipts, which EEs send and get |
//! | `node` | a new node of an EE's state |
//! | [`frame`] | the encoding of block data and of packages |
//! | [`reader`] | reads untrusted bytes |
//! | [`mod@hex_text`], `hex_serde` | bytes as hex, in texts and in serde |
//! | `imports` | the table of everything that an EE may import, and of its required exports |
//!
//! The crate is `no_std` with `alloc`, for guests. The feature `serde` implements `Serialize` and `Deserialize` for the
//! types of an execution's input and output: hex in human-readable formats, bytes in others.

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
mod receipt;
mod root_read;

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
pub use receipt::{
    BEACON_CHAIN, RECEIPT_PAYLOAD_BYTES_MAX, RECEIPTS_SENT_MAX, RECEIVED_RECEIPT_HEADER_BYTES, ReceiptError,
    ReceiptKind, ReceivedReceipt, SENT_RECEIPT_HEADER_BYTES, SentReceipt,
};
pub use root_read::{ROOT_READ_BYTES, RootRead};
