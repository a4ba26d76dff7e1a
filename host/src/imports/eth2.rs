//! `eth2`: state roots, the block data, deposits, the proposer's fee, refusals, ticks and context.

use std::sync::Arc;

use outrider_abi::{DEPOSIT_BYTES, Deposit, StateRoot};

use super::{Call, range};
use crate::error::HostCallError;

pub(crate) fn load_pre_state_root(call: &mut Call<'_>, pointer: u32) -> Result<(), HostCallError> {
    let root = call.execution.input.pre_state_root;
    call.write(pointer, &root.0)
}

pub(crate) fn block_data_size(call: &Call<'_>) -> u32 {
    // `Ee::execute` has refused block data of more than `i32::MAX` bytes.
    u32::try_from(call.execution.input.block_data.len()).unwrap_or(u32::MAX)
}

pub(crate) fn block_data_copy(
    call: &mut Call<'_>,
    pointer: u32,
    offset: u32,
    length: u32,
) -> Result<(), HostCallError> {
    let block_data = Arc::clone(&call.execution.input.block_data);
    let from = range(offset, length)
        .and_then(|range| block_data.get(range))
        .ok_or(HostCallError::BlockDataOutOfBounds { offset, length, block_data_bytes: block_data.len() })?;
    call.slice_mut_charged(pointer, length)?.copy_from_slice(from);
    Ok(())
}

pub(crate) fn save_post_state_root(call: &mut Call<'_>, pointer: u32) -> Result<(), HostCallError> {
    call.execution.post_state_root = Some(StateRoot(call.read_array(pointer)?));
    Ok(())
}

pub(crate) fn push_new_deposit(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    let bytes = call.read(pointer, length)?;
    let bytes: &[u8; DEPOSIT_BYTES] =
        bytes.try_into().map_err(|_| HostCallError::DepositLength { got: length })?;
    let deposit = Deposit::from_bytes(bytes);
    let limit = call.execution.deposits_max;
    if call.execution.deposits.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
        return Err(HostCallError::TooManyDeposits { limit });
    }
    call.execution.deposits.push(deposit);
    Ok(())
}

/// Ends the execution. The reason is cut at a byte limit, so its last character may be replaced.
pub(crate) fn refuse(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    let bytes = call.read_charged(pointer, length)?;
    let kept = bytes.get(..REFUSAL_BYTES_MAX).unwrap_or(bytes);
    Err(HostCallError::Refused { message: String::from_utf8_lossy(kept).into_owned() })
}

/// The most bytes of a refusal's reason that are kept: some lines of text.
const REFUSAL_BYTES_MAX: usize = 1024;

pub(crate) fn use_ticks(call: &mut Call<'_>, ticks: u32) -> Result<(), HostCallError> {
    let limit = call.execution.ticks_max;
    let left = limit.saturating_sub(call.execution.ticks_used);
    if u64::from(ticks) > left {
        return Err(HostCallError::OutOfTicks { requested: ticks, left, limit });
    }
    call.charge_units(ticks)?;
    call.execution.ticks_used = call.execution.ticks_used.saturating_add(u64::from(ticks));
    Ok(())
}

pub(crate) fn context_shard(call: &Call<'_>) -> u64 {
    call.execution.input.context.shard.0
}

pub(crate) fn context_slot(call: &Call<'_>) -> u64 {
    call.execution.input.context.slot.0
}

pub(crate) fn context_ee_index(call: &Call<'_>) -> u64 {
    call.execution.input.context.ee_index.0
}

pub(crate) fn context_beacon_root(call: &mut Call<'_>, pointer: u32) -> Result<(), HostCallError> {
    let root = call.execution.input.context.beacon_root;
    call.write(pointer, &root.0)
}

pub(crate) fn context_balance(call: &Call<'_>) -> u64 {
    call.execution.input.context.balance
}

pub(crate) fn context_finalized_slot(call: &Call<'_>) -> u64 {
    call.execution.input.context.finalized_slot.0
}

/// Adds to the fee. Whether the EE has that ether is for the ledger to decide.
pub(crate) fn pay_proposer(call: &mut Call<'_>, amount: u64) -> Result<(), HostCallError> {
    let paid = call.execution.proposer_fee;
    call.execution.proposer_fee =
        paid.checked_add(amount).ok_or(HostCallError::ProposerFeeOverflow { amount, paid })?;
    Ok(())
}

pub(crate) fn read_count(call: &Call<'_>) -> u32 {
    // No memory has room for more reads than an index can name.
    u32::try_from(call.execution.input.reads.len()).unwrap_or(u32::MAX)
}

pub(crate) fn read_root(call: &mut Call<'_>, index: u32, pointer: u32) -> Result<(), HostCallError> {
    let reads = &call.execution.input.reads;
    let read = usize::try_from(index).ok().and_then(|index| reads.get(index));
    let read = read.ok_or(HostCallError::ReadOutOfRange { index, n_reads: reads.len() })?.to_bytes();
    call.write(pointer, &read)
}
