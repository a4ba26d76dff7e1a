//! Runs WebAssembly execution environments (EEs) as pure functions.
//!
//! An EE takes the 32-byte root of its state and the data of one block, and returns the root of the state after the
//! block. This crate validates an EE's module, compiles it once, and executes it any number of times on any number of
//! threads. Executions share no state.
//!
//! ```
//! use outrider_host::{ExecutionInput, Host, HostConfig, StateRoot};
//!
//! // An EE that returns its pre-state root.
//! let identity = r#"(module
//!     (import "eth2" "loadPreStateRoot" (func $load (param i32)))
//!     (import "eth2" "savePostStateRoot" (func $save (param i32)))
//!     (memory (export "memory") 1)
//!     (func (export "main") (call $load (i32.const 0)) (call $save (i32.const 0))))"#;
//! # let identity = wat::parse_str(identity)?;
//!
//! let host = Host::new(HostConfig::default())?;
//! let ee = host.load(&identity)?;
//! let root = StateRoot([7; 32]);
//! let output = ee.execute(&ExecutionInput::new(root, b"".as_slice()))?;
//! assert_eq!(output.post_state_root, root);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Errors name the party at fault: [`LoadError`] is about the module, [`ExecutionError`] about one execution, and
//! [`ExecutionError::fault`] returns whose fault it is. No module, input or use of this crate makes it panic. A panic
//! of the embedder's own [`StateSource`] is not caught.
//!
//! The cargo feature `serde` implements `Serialize` and `Deserialize` for roots, hashes, [`ExecutionInput`],
//! [`ExecutionOutput`] and the types of their fields. Byte strings are hex in human-readable formats and bytes in
//! others.

mod allowance;
mod cache;
mod call_tree;
mod chain;
mod config;
mod engine;
mod error;
mod execution;
mod host;
mod imports;
mod meter;
mod module;
mod observer;
mod probe;
mod profile;
mod program;
mod provider;
mod trace;
mod validate;
mod worker;

/// The types that hosts, EEs and state providers share.
pub use outrider_abi::{
    ABI, BEACON_CHAIN, BeaconRoot, CodeHash, Context, DEPOSIT_BYTES, Deposit, EeIndex, FuelCost, Hash,
    Import, ImportModule, MODULES, NewNode, Parameter, ParameterKind, ParseHexError,
    RECEIPT_PAYLOAD_BYTES_MAX, RECEIPTS_SENT_MAX, RECEIVED_RECEIPT_HEADER_BYTES, REQUIRED_EXPORTS,
    ROOT_READ_BYTES, ReceiptError, ReceiptKind, ReceivedReceipt, RequiredExport, RootRead,
    SENT_RECEIPT_HEADER_BYTES, SentReceipt, ShardIndex, Slot, StateRoot, ValueType,
};

pub use allowance::{AbortHandle, Allowance, StopReason};
pub use cache::{CACHE_BYTES_MAX, CACHE_FILES_MAX, CacheError, CacheUsage, DiskCache};
pub use call_tree::{CallNode, CallTree, Callee};
pub use chain::chain;
pub use config::{EngineKind, HostConfig, Isolation, Limits, UnknownEngine, UnsavedRoot};
pub use error::{
    Disagreement, EngineError, ExecutionError, ExecutionErrorKind, Fault, Frame, FunctionId, HostCallError,
    HostError, IsolationError, Item, LoadError, Refusal, TrapKind,
};
pub use execution::{ExecutionInput, ExecutionOutput, Log, LogValue};
pub use host::{Ee, Host, Library, ProbedEe, check};
pub use meter::MeterError;
pub use module::{CompileCost, ExportSummary, ImportSummary, MemorySummary, ModuleSummary, SectionSummary};
pub use profile::{BOUNDS, Bound, PROPOSALS, Proposal};
pub use provider::{ProviderOutput, StateSource};
pub use trace::{HostCall, Trace};
pub use validate::summarize;
pub use worker::serve_as_worker;
