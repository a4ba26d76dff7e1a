//! Receipts in the form of the host.

use outrider_beacon::{
    ledger::{EeIndex, Receipt},
    receipts::{RECEIPT_BYTES_MAX, ReceiptError},
};
use outrider_beacon_spec::types::Gwei;
use outrider_host::{EeIndex as HostEeIndex, ReceiptKind, ReceivedReceipt, SentReceipt, ShardIndex, Slot};

/// Returns a receipt as its EE is shown it.
pub(crate) fn received(receipt: &Receipt) -> ReceivedReceipt {
    ReceivedReceipt {
        kind: ReceiptKind::from_byte(receipt.kind).unwrap_or_default(),
        source_shard: ShardIndex(receipt.source_shard),
        source_ee: HostEeIndex(receipt.source_ee),
        slot: Slot(receipt.slot),
        sequence: receipt.sequence,
        value: receipt.value,
        payload: receipt.payload.to_vec(),
    }
}

/// Returns the receipts that an EE sends by its execution, without numbers, slot and source shard, and their ether.
pub(crate) fn sent(ee: EeIndex, sent: &[SentReceipt]) -> Result<(Vec<Receipt>, Gwei), ReceiptError> {
    let mut total: Gwei = 0;
    let mut bytes = 0_usize;
    let mut receipts = Vec::with_capacity(sent.len());
    for SentReceipt { destination_shard, destination_ee, value, fee, payload } in sent {
        let sum = value.checked_add(*fee).and_then(|ether| total.checked_add(ether));
        total = sum.ok_or(ReceiptError::Sum { ee })?;
        // A block that sends more is refused, so this does not have to be kept.
        bytes = bytes.saturating_add(payload.len());
        if bytes > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::Bytes { got: bytes, limit: RECEIPT_BYTES_MAX });
        }
        let got = payload.len();
        let payload = payload.clone().try_into();
        receipts.push(Receipt {
            source_ee: ee.into(),
            destination_shard: destination_shard.0,
            destination_ee: destination_ee.0,
            value: *value,
            fee: *fee,
            payload: payload.or(Err(ReceiptError::Bytes { got, limit: RECEIPT_BYTES_MAX }))?,
            ..Receipt::default()
        });
    }
    Ok((receipts, total))
}
