//! The imports of module `eth2` for receipts, as safe functions on slices.

/// The imports under their own names.
///
/// The statements about pointers in [`imports`](super) hold here, too.
mod host {
    #[link(wasm_import_module = "eth2")]
    unsafe extern "C" {
        /// Reads `length` bytes at `receipt`.
        #[link_name = "pushReceipt"]
        pub(crate) fn push_receipt(receipt: *const u8, length: u32);
        #[link_name = "receiptCount"]
        pub(crate) safe fn receipt_count() -> u32;
        /// Writes at most `capacity` bytes at `out`.
        #[link_name = "receiptCopy"]
        pub(crate) fn receipt_copy(index: u32, out: *mut u8, capacity: u32) -> u32;
        #[link_name = "rejectReceipt"]
        pub(crate) safe fn reject_receipt(index: u32);
    }
}

pub(crate) use host::{receipt_count, reject_receipt};

pub(crate) fn push_receipt(receipt: &[u8]) {
    // SAFETY: `receipt` is as many bytes as the length says.
    unsafe { host::push_receipt(receipt.as_ptr(), receipt.len() as u32) }
}

pub(crate) fn receipt_copy(index: u32, out: &mut [u8]) -> usize {
    // SAFETY: `out` is as many bytes as the capacity says, ours to write.
    let length = unsafe { host::receipt_copy(index, out.as_mut_ptr(), out.len() as u32) };
    length as usize
}
