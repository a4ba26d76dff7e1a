//! `eth2`: receipts that the EE sends, gets and rejects.

use std::sync::Arc;

use outrider_abi::{RECEIPTS_SENT_MAX, ReceivedReceipt, SentReceipt};

use super::Call;
use crate::error::HostCallError;

/// Sends a receipt. Whether its destination exists, and whether the EE has its ether, is for the chain to decide.
pub(crate) fn push_receipt(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    SentReceipt::check_length(call.read(pointer, length)?)?;
    if call.execution.receipts.len() >= RECEIPTS_SENT_MAX {
        return Err(HostCallError::TooManyReceipts { limit: RECEIPTS_SENT_MAX });
    }
    let receipt = SentReceipt::from_bytes(call.read_charged(pointer, length)?)?;
    let SentReceipt { value, fee, .. } = receipt;
    let sent = call.execution.ether_sent;
    let sum = sent.checked_add(value).and_then(|sum| sum.checked_add(fee));
    call.execution.ether_sent = sum.ok_or(HostCallError::ReceiptsOverflow { value, fee, sent })?;
    call.execution.receipts.push(receipt);
    Ok(())
}

pub(crate) fn receipt_count(call: &Call<'_>) -> u32 {
    // No memory has room for more receipts than an index can name.
    u32::try_from(call.execution.input.receipts.len()).unwrap_or(u32::MAX)
}

/// Copies a receipt if it fits, and charges for its bytes then: one that does not fit is not read.
pub(crate) fn receipt_copy(
    call: &mut Call<'_>,
    [index, out, capacity]: [u32; 3],
) -> Result<u32, HostCallError> {
    call.read(out, capacity)?;
    let receipts = Arc::clone(&call.execution.input.receipts);
    let receipt = find(&receipts, index)?;
    // A receipt of 4 GiB, which the chain does not make, fits into no memory either.
    let length = u32::try_from(receipt.encoded_bytes()).unwrap_or(u32::MAX);
    if length <= capacity {
        let header = receipt.header_to_bytes();
        let out = call.slice_mut_charged(out, length)?;
        // The slice is as long as both.
        if let Some((first, rest)) = out.split_at_mut_checked(header.len()) {
            first.copy_from_slice(&header);
            rest.copy_from_slice(&receipt.payload);
        }
    }
    Ok(length)
}

/// Rejects a receipt; to reject it again changes nothing.
pub(crate) fn reject_receipt(call: &mut Call<'_>, index: u32) -> Result<(), HostCallError> {
    find(&call.execution.input.receipts, index)?;
    call.execution.rejected.insert(index);
    Ok(())
}

fn find(receipts: &[ReceivedReceipt], index: u32) -> Result<&ReceivedReceipt, HostCallError> {
    let receipt = usize::try_from(index).ok().and_then(|index| receipts.get(index));
    receipt.ok_or(HostCallError::ReceiptOutOfRange { index, n_receipts: receipts.len() })
}
