//! Executes a transition natively, for tests and debuggers: a host without wasm.
//!
//! The imports have the same meaning as for a wasm blob, with two differences: memory and stack are not limited, and no
//! fuel is counted except the ticks that the EE spends. The crate's front page has an example.
//!
//! Functions of `crypto` compute if the feature of their group is enabled, and panic otherwise; see the table in
//! [`crypto`](crate::crypto). Some of these features also provide signing keys, in `keys`.
//!
//! Outside of an execution, imports of module `debug` do nothing, those of `bignum` and `crypto` compute as usual, and
//! the others panic.

pub(crate) mod imports;
#[cfg(any(feature = "bls12-381", feature = "p256", feature = "secp256k1"))]
pub mod keys;
mod packages;
mod provider;

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use outrider_witness::NodeBag;

pub use outrider_abi::{Context, NewNode, ReceivedReceipt, RootRead, SentReceipt};

use outrider_abi::ReceiptError;
pub use packages::{packages_json, write_packages};
pub use provider::{Provided, StateProvider};

use crate::{Deposit, StateRoot, bignum::Uint256, runtime};
use imports::{Host, state::Provider};

/// A prepared execution of an EE.
#[derive(Clone, Debug)]
pub struct Execution {
    pre_state_root: StateRoot,
    block_data: Vec<u8>,
    context: Context,
    reads: Vec<RootRead>,
    receipts: Vec<ReceivedReceipt>,
    ticks_max: u32,
}

impl Execution {
    /// Prepares an execution with empty block data, no reads and no receipts, in the default context, with [`TICKS_MAX`].
    pub fn new(pre_state_root: StateRoot) -> Execution {
        Execution {
            pre_state_root,
            block_data: Vec::new(),
            context: Context::default(),
            reads: Vec::new(),
            receipts: Vec::new(),
            ticks_max: TICKS_MAX,
        }
    }

    /// Sets the block data.
    pub fn block_data(self, block_data: impl Into<Vec<u8>>) -> Execution {
        Execution { block_data: block_data.into(), ..self }
    }

    /// Sets the context.
    pub fn context(self, context: Context) -> Execution {
        Execution { context, ..self }
    }

    /// Sets the state roots of other EEs that the block declares.
    pub fn reads(self, reads: impl Into<Vec<RootRead>>) -> Execution {
        Execution { reads: reads.into(), ..self }
    }

    /// Sets the receipts that the EE gets. A chain has them by source shard, then by sequence number.
    pub fn receipts(self, receipts: impl Into<Vec<ReceivedReceipt>>) -> Execution {
        Execution { receipts: receipts.into(), ..self }
    }

    /// Sets the number of ticks that the EE may spend.
    pub fn ticks_max(self, ticks_max: u32) -> Execution {
        Execution { ticks_max, ..self }
    }

    /// Executes `transition`, the function passed to [`entry!`](crate::entry).
    ///
    /// # Errors
    ///
    /// Fails as the block does; then no deposits, fee, receipts and logs are kept.
    ///
    /// # Panics
    ///
    /// Panics if the transition unwinds with a payload that is not a message.
    pub fn run<E>(
        self,
        transition: impl FnOnce(StateRoot, &[u8]) -> Result<StateRoot, E>,
    ) -> Result<Outcome, Failure<E>> {
        self.run_on(None, transition).map(|(outcome, _)| outcome)
    }

    /// Executes `transition` in provider mode, for [`StateProvider`].
    fn run_over<E>(
        self,
        nodes: Arc<NodeBag>,
        transition: impl FnOnce(StateRoot, &[u8]) -> Result<StateRoot, E>,
    ) -> Result<(Outcome, Provider), Failure<E>> {
        let (outcome, provider) = self.run_on(Some(Provider::new(nodes)), transition)?;
        Ok((outcome, provider.expect("the host has the provider that it was given")))
    }

    fn run_on<E>(
        self,
        provider: Option<Provider>,
        transition: impl FnOnce(StateRoot, &[u8]) -> Result<StateRoot, E>,
    ) -> Result<(Outcome, Option<Provider>), Failure<E>> {
        // Unwind safety: everything that the transition may leave half done is dropped, including `host`.
        let host = Host::new(self, provider);
        let (host, result) = host.during(|| catch_unwind(AssertUnwindSafe(|| runtime::execute(transition))));
        match result {
            Ok(Ok(())) => Ok(host.finish()),
            Ok(Err(refusal)) => Err(Failure::Refused(refusal)),
            Err(payload) => Err(Failure::from_payload(payload)),
        }
    }
}

/// The results of an accepted block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The state root after the block.
    pub post_state_root: StateRoot,
    /// The deposits, in the order in which they were pushed.
    pub deposits: Vec<Deposit>,
    /// The sum of [`pay_proposer`](crate::eth2::pay_proposer), in Gwei.
    pub proposer_fee: u64,
    /// The receipts that were sent, in order.
    pub receipts: Vec<SentReceipt>,
    /// The positions of the receipts that were rejected, ascending.
    pub rejected: Vec<u32>,
    /// The log lines, in order.
    pub logs: Vec<Log>,
    /// The ticks spent by [`use_ticks`](crate::eth2::use_ticks).
    pub ticks_used: u32,
}

/// One call of a `debug` import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// By [`print32`](crate::debug::print32).
    Print32(u32),
    /// By [`print64`](crate::debug::print64).
    Print64(u64),
    /// By [`log!`](crate::log) or [`print`](crate::debug::print).
    Print(String),
    /// By [`print_mem_hex`](crate::debug::print_mem_hex).
    PrintMemHex(Vec<u8>),
}

/// The reason for which a block failed. A host sees the first two as refusals, and the others as crashes of the EE.
/// [`chain`](crate::chain) returns its message with its causes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure<E> {
    /// The transition returned an error: the block is invalid.
    #[error("block refused")]
    Refused(#[source] E),
    /// The transition called [`refuse`](crate::eth2::refuse): the block is invalid.
    #[error("block refused: {reason}")]
    RefusedEarly {
        /// The reason.
        reason: String,
    },
    /// The transition panicked: the EE has a bug.
    #[error("panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// An import trapped: the EE asked for what cannot be.
    #[error("trapped")]
    Trapped(#[source] Trap),
}

impl<E> Failure<E> {
    /// Distinguishes a trap from a panic by the payload of the unwinding.
    fn from_payload(payload: Box<dyn Any + Send>) -> Failure<E> {
        let payload = match payload.downcast::<Trap>() {
            Ok(trap) => return Failure::Trapped(*trap),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<imports::Refused>() {
            Ok(refused) => return Failure::RefusedEarly { reason: refused.0 },
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<&'static str>() {
            Ok(message) => return Failure::Panicked { message: (*message).into() },
            Err(payload) => payload,
        };
        match payload.downcast::<String>() {
            Ok(message) => Failure::Panicked { message: *message },
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }
}

/// The reason for which an import trapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trap {
    /// [`block_data_copy`](crate::eth2::block_data_copy) reached over the end.
    #[error("cannot copy {length} bytes from byte {offset} of block data that has {size} bytes")]
    BlockDataOutOfRange {
        /// The first requested position.
        offset: usize,
        /// The number of requested bytes.
        length: usize,
        /// The length of the block data.
        size: usize,
    },
    /// The sum of [`pay_proposer`](crate::eth2::pay_proposer) has more than 64 bits.
    #[error("the fee for the proposer overflows: cannot pay {amount} Gwei on top of {paid}")]
    ProposerFeeOverflow {
        /// The amount of the call in Gwei.
        amount: u64,
        /// The sum of earlier calls in Gwei.
        paid: u64,
    },
    /// [`read_root`](crate::eth2::read_root) asked for a root that the block does not declare.
    #[error("there is no read {index}: the block declares {n_reads}, counted from 0")]
    ReadOutOfRange {
        /// The requested index.
        index: usize,
        /// The number of declared roots.
        n_reads: usize,
    },
    /// [`send`](crate::receipt::send) was given a payload that is too long.
    #[error(transparent)]
    Receipt(ReceiptError),
    /// [`send`](crate::receipt::send) was called more often than a block may send receipts.
    #[error("more than {limit} receipts, the limit of an execution")]
    TooManyReceipts {
        /// The limit.
        limit: usize,
    },
    /// The ether in receipts is more than 64 bits can express.
    #[error("the ether in receipts overflows: cannot send {value} Gwei and a fee of {fee} on top of {sent}")]
    ReceiptsOverflow {
        /// The value of the receipt in Gwei.
        value: u64,
        /// Its fee in Gwei.
        fee: u64,
        /// The values and fees of earlier receipts in Gwei.
        sent: u64,
    },
    /// An import asked for a receipt that the EE does not get.
    #[error("there is no receipt {index}: the EE gets {n_receipts}, counted from 0")]
    ReceiptOutOfRange {
        /// The requested index.
        index: u32,
        /// The number of receipts that the EE gets.
        n_receipts: usize,
    },
    /// [`use_ticks`](crate::eth2::use_ticks) asked for more than was left.
    #[error("out of ticks: cannot spend {n} of {left}")]
    OutOfTicks {
        /// The ticks to spend.
        n: u32,
        /// The ticks left.
        left: u32,
    },
    /// The sum of [`add256`](crate::bignum::add256) has more than 256 bits.
    #[error("add256 overflows: 0x{a} + 0x{b}")]
    AddOverflow {
        /// The first operand.
        a: Uint256,
        /// The second operand.
        b: Uint256,
    },
    /// The difference of [`sub256`](crate::bignum::sub256) is negative.
    #[error("sub256 overflows: 0x{a} - 0x{b}")]
    SubOverflow {
        /// The first operand.
        a: Uint256,
        /// The second operand.
        b: Uint256,
    },
}

/// The default number of ticks of an execution, which is scout's.
pub const TICKS_MAX: u32 = 10_000_000;
