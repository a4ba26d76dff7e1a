//! The imports of an EE, as safe functions on slices: the harness's side.
//!
//! The functions are those of the wasm side, `src/imports.rs`. A trap unwinds the stack of the transition with a
//! [`Trap`] as payload, and without the panic hook, because it is not a panic.

pub(crate) mod crypto;
pub(crate) mod receipt;
pub(crate) mod state;

use alloc::{boxed::Box, collections::BTreeSet, string::String, vec::Vec};
use core::cell::RefCell;
use std::{panic::resume_unwind, thread_local};

use outrider_abi::{ROOT_READ_BYTES, SentReceipt};

use super::{Context, Execution, Log, Outcome, Trap};
use crate::{DEPOSIT_BYTES, Deposit, StateRoot, bignum::Uint256};
use state::Provider;

thread_local! {
    /// The host of this thread's execution.
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// The inputs and outputs of the imports during one execution.
pub(super) struct Host {
    execution: Execution,
    provider: Option<Provider>,
    post_state_root: StateRoot,
    deposits: Vec<Deposit>,
    proposer_fee: u64,
    receipts: Vec<SentReceipt>,
    /// The values and fees of these receipts, in Gwei.
    ether_sent: u64,
    rejected: BTreeSet<u32>,
    logs: Vec<Log>,
    ticks_used: u32,
}

impl Host {
    pub(super) fn new(execution: Execution, provider: Option<Provider>) -> Host {
        Host {
            execution,
            provider,
            post_state_root: StateRoot::default(),
            deposits: Vec::new(),
            proposer_fee: 0,
            receipts: Vec::new(),
            ether_sent: 0,
            rejected: BTreeSet::new(),
            logs: Vec::new(),
            ticks_used: 0,
        }
    }

    /// Makes this the host of imports while `body` runs, which must not unwind.
    pub(super) fn during<T>(self, body: impl FnOnce() -> T) -> (Host, T) {
        let outer = HOST.replace(Some(self));
        let result = body();
        let host = HOST.replace(outer).expect("only this function sets the host");
        (host, result)
    }

    /// Returns the outcome, and the outputs for a provider.
    pub(super) fn finish(self) -> (Outcome, Option<Provider>) {
        let outcome = Outcome {
            post_state_root: self.post_state_root,
            deposits: self.deposits,
            proposer_fee: self.proposer_fee,
            receipts: self.receipts,
            rejected: self.rejected.into_iter().collect(),
            logs: self.logs,
            ticks_used: self.ticks_used,
        };
        (outcome, self.provider)
    }
}

pub(crate) fn load_pre_state_root(out: &mut [u8; 32]) {
    *out = with_host(|host| Ok(host.execution.pre_state_root.0));
}

pub(crate) fn block_data_size() -> usize {
    with_host(|host| Ok(host.execution.block_data.len()))
}

pub(crate) fn block_data_copy(offset: usize, out: &mut [u8]) {
    with_host(|host| {
        let block_data = &host.execution.block_data;
        let length = out.len();
        let bytes = offset
            .checked_add(length)
            .and_then(|end| block_data.get(offset..end))
            .ok_or(Trap::BlockDataOutOfRange { offset, length, size: block_data.len() })?;
        out.copy_from_slice(bytes);
        Ok(())
    });
}

pub(crate) fn save_post_state_root(root: &[u8; 32]) {
    with_host(|host| {
        host.post_state_root = StateRoot(*root);
        Ok(())
    });
}

pub(crate) fn push_new_deposit(deposit: &[u8; DEPOSIT_BYTES]) {
    let deposit = Deposit::from_bytes(deposit);
    with_host(|host| {
        host.deposits.push(deposit);
        Ok(())
    });
}

/// The payload with which [`refuse`] unwinds the stack of the transition.
pub(super) struct Refused(pub(super) String);

pub(crate) fn refuse(reason: &[u8]) -> ! {
    let reason = String::from_utf8_lossy(reason).into_owned();
    with_host(|_| Ok(()));
    resume_unwind(Box::new(Refused(reason)))
}

pub(crate) fn use_ticks(n: u32) {
    with_host(|host| {
        let left = host.execution.ticks_max - host.ticks_used;
        if n > left {
            return Err(Trap::OutOfTicks { n, left });
        }
        host.ticks_used += n;
        Ok(())
    });
}

pub(crate) fn context_shard() -> u64 {
    context().shard.0
}

pub(crate) fn context_slot() -> u64 {
    context().slot.0
}

pub(crate) fn context_ee_index() -> u64 {
    context().ee_index.0
}

pub(crate) fn context_beacon_root(out: &mut [u8; 32]) {
    *out = context().beacon_root.0;
}

pub(crate) fn context_balance() -> u64 {
    context().balance
}

pub(crate) fn context_finalized_slot() -> u64 {
    context().finalized_slot.0
}

pub(crate) fn pay_proposer(amount: u64) {
    with_host(|host| {
        let paid = host.proposer_fee;
        host.proposer_fee = paid.checked_add(amount).ok_or(Trap::ProposerFeeOverflow { amount, paid })?;
        Ok(())
    });
}

pub(crate) fn read_count() -> usize {
    with_host(|host| Ok(host.execution.reads.len()))
}

pub(crate) fn read_root(index: usize, out: &mut [u8; ROOT_READ_BYTES]) {
    *out = with_host(|host| {
        let reads = &host.execution.reads;
        let read = reads.get(index).ok_or(Trap::ReadOutOfRange { index, n_reads: reads.len() })?;
        Ok(read.to_bytes())
    });
}

pub(crate) fn print32(value: u32) {
    push_log(Log::Print32(value));
}

pub(crate) fn print64(value: u64) {
    push_log(Log::Print64(value));
}

pub(crate) fn print_mem(bytes: &[u8]) {
    push_log(Log::Print(String::from_utf8_lossy(bytes).into_owned()));
}

pub(crate) fn print_mem_hex(bytes: &[u8]) {
    push_log(Log::PrintMemHex(bytes.to_vec()));
}

pub(crate) fn add256(a: &[u8; 32], b: &[u8; 32], out: &mut [u8; 32]) {
    if bytewise(a, b, out, u8::carrying_add) {
        let (a, b) = (Uint256(*a), Uint256(*b));
        trap(Trap::AddOverflow { a, b });
    }
}

pub(crate) fn sub256(a: &[u8; 32], b: &[u8; 32], out: &mut [u8; 32]) {
    if bytewise(a, b, out, u8::borrowing_sub) {
        let (a, b) = (Uint256(*a), Uint256(*b));
        trap(Trap::SubOverflow { a, b });
    }
}

/// Applies `step` to the bytes of `a` and `b`, last byte first, and returns the last carry.
fn bytewise(a: &[u8; 32], b: &[u8; 32], out: &mut [u8; 32], step: fn(u8, u8, bool) -> (u8, bool)) -> bool {
    let mut carry = false;
    for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)).rev() {
        (*out, carry) = step(*a, *b, carry);
    }
    carry
}

fn context() -> Context {
    with_host(|host| Ok(host.execution.context))
}

fn push_log(log: Log) {
    HOST.with_borrow_mut(|host| {
        if let Some(host) = host {
            host.logs.push(log);
        }
    });
}

/// Calls the host of this thread; a [`Trap`] ends the execution.
fn with_host<T>(import: impl FnOnce(&mut Host) -> Result<T, Trap>) -> T {
    match HOST.with_borrow_mut(|host| host.as_mut().map(import)) {
        Some(Ok(answer)) => answer,
        Some(Err(reason)) => trap(reason),
        None => panic!("an import was called outside of `harness::Execution::run`"),
    }
}

fn trap(reason: Trap) -> ! {
    resume_unwind(Box::new(reason))
}
