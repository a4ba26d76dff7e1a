//! The imports of module `eth2` for receipts, as safe functions on slices: the harness's side.

use outrider_abi::{RECEIPTS_SENT_MAX, ReceivedReceipt, SentReceipt};

use super::{Host, Trap, with_host};

pub(crate) fn push_receipt(receipt: &[u8]) {
    with_host(|host| {
        let receipt = SentReceipt::from_bytes(receipt).map_err(Trap::Receipt)?;
        if host.receipts.len() >= RECEIPTS_SENT_MAX {
            return Err(Trap::TooManyReceipts { limit: RECEIPTS_SENT_MAX });
        }
        let (value, fee, sent) = (receipt.value, receipt.fee, host.ether_sent);
        let sum = sent.checked_add(value).and_then(|sum| sum.checked_add(fee));
        host.ether_sent = sum.ok_or(Trap::ReceiptsOverflow { value, fee, sent })?;
        host.receipts.push(receipt);
        Ok(())
    });
}

pub(crate) fn receipt_count() -> u32 {
    with_host(|host| Ok(host.execution.receipts.len() as u32))
}

pub(crate) fn receipt_copy(index: u32, out: &mut [u8]) -> usize {
    with_host(|host| {
        let receipt = find(host, index)?.to_bytes();
        if let Some(out) = out.get_mut(..receipt.len()) {
            out.copy_from_slice(&receipt);
        }
        Ok(receipt.len())
    })
}

pub(crate) fn reject_receipt(index: u32) {
    with_host(|host| {
        find(host, index)?;
        host.rejected.insert(index);
        Ok(())
    });
}

fn find(host: &Host, index: u32) -> Result<&ReceivedReceipt, Trap> {
    let receipts = &host.execution.receipts;
    let n_receipts = receipts.len();
    receipts.get(index as usize).ok_or(Trap::ReceiptOutOfRange { index, n_receipts })
}
