//! The imports of an EE, as safe functions on slices.
//!
//! This is the wasm side, which calls the host; for other targets the test harness has the same functions. Their
//! meaning is documented in the public modules `eth2`, `context`, `receipt`, `debug`, `bignum`,
//! `crypto` and `state`.

// The ABI passes memory as pointer and length; this module is where references become pointers.
#![allow(unsafe_code)]

pub(crate) mod crypto;
pub(crate) mod receipt;
pub(crate) mod state;

use outrider_abi::ROOT_READ_BYTES;

/// The imports under their own names.
///
/// Pointers are offsets into the guest's memory. The host accesses the bytes named below only during the call, and
/// traps if they are not inside the memory.
mod host {
    #[link(wasm_import_module = "eth2")]
    unsafe extern "C" {
        /// Writes 32 bytes at `out`.
        #[link_name = "loadPreStateRoot"]
        pub(crate) fn load_pre_state_root(out: *mut u8);
        #[link_name = "blockDataSize"]
        pub(crate) safe fn block_data_size() -> u32;
        /// Writes `length` bytes at `out`.
        #[link_name = "blockDataCopy"]
        pub(crate) fn block_data_copy(out: *mut u8, offset: u32, length: u32);
        /// Reads 32 bytes at `root`.
        #[link_name = "savePostStateRoot"]
        pub(crate) fn save_post_state_root(root: *const u8);
        /// Reads `length` bytes at `deposit`.
        #[link_name = "pushNewDeposit"]
        pub(crate) fn push_new_deposit(deposit: *const u8, length: u32);
        /// Reads `length` bytes at `reason`.
        pub(crate) fn refuse(reason: *const u8, length: u32) -> !;
        #[link_name = "useTicks"]
        pub(crate) safe fn use_ticks(n: u32);
        #[link_name = "contextShard"]
        pub(crate) safe fn context_shard() -> u64;
        #[link_name = "contextSlot"]
        pub(crate) safe fn context_slot() -> u64;
        #[link_name = "contextEeIndex"]
        pub(crate) safe fn context_ee_index() -> u64;
        /// Writes 32 bytes at `out`.
        #[link_name = "contextBeaconRoot"]
        pub(crate) fn context_beacon_root(out: *mut u8);
        #[link_name = "contextBalance"]
        pub(crate) safe fn context_balance() -> u64;
        #[link_name = "contextFinalizedSlot"]
        pub(crate) safe fn context_finalized_slot() -> u64;
        #[link_name = "payProposer"]
        pub(crate) safe fn pay_proposer(amount: u64);
        #[link_name = "readCount"]
        pub(crate) safe fn read_count() -> u32;
        /// Writes 48 bytes at `out`.
        #[link_name = "readRoot"]
        pub(crate) fn read_root(index: u32, out: *mut u8);
    }

    #[link(wasm_import_module = "debug")]
    unsafe extern "C" {
        pub(crate) safe fn print32(value: u32);
        pub(crate) safe fn print64(value: u64);
        /// Reads `length` bytes at `bytes`.
        #[link_name = "printMem"]
        pub(crate) fn print_mem(bytes: *const u8, length: u32);
        /// Reads `length` bytes at `bytes`.
        #[link_name = "printMemHex"]
        pub(crate) fn print_mem_hex(bytes: *const u8, length: u32);
    }

    #[link(wasm_import_module = "bignum")]
    unsafe extern "C" {
        /// Reads 32 bytes each at `a` and `b`, then writes 32 bytes at `out`.
        pub(crate) fn add256(a: *const u8, b: *const u8, out: *mut u8);
        /// Reads 32 bytes each at `a` and `b`, then writes 32 bytes at `out`.
        pub(crate) fn sub256(a: *const u8, b: *const u8, out: *mut u8);
    }
}

pub(crate) use host::{
    context_balance, context_ee_index, context_finalized_slot, context_shard, context_slot, pay_proposer,
    print32, print64, use_ticks,
};

pub(crate) fn load_pre_state_root(out: &mut [u8; 32]) {
    // SAFETY: `out` is 32 bytes that are ours to write.
    unsafe { host::load_pre_state_root(out.as_mut_ptr()) }
}

pub(crate) fn block_data_size() -> usize {
    host::block_data_size() as usize
}

pub(crate) fn block_data_copy(offset: usize, out: &mut [u8]) {
    // SAFETY: `out` is as many bytes as the length says, ours to write.
    unsafe { host::block_data_copy(out.as_mut_ptr(), offset as u32, out.len() as u32) }
}

pub(crate) fn save_post_state_root(root: &[u8; 32]) {
    // SAFETY: `root` is 32 bytes.
    unsafe { host::save_post_state_root(root.as_ptr()) }
}

pub(crate) fn push_new_deposit(deposit: &[u8; crate::DEPOSIT_BYTES]) {
    // SAFETY: `deposit` is as many bytes as the length says.
    unsafe { host::push_new_deposit(deposit.as_ptr(), deposit.len() as u32) }
}

pub(crate) fn refuse(reason: &[u8]) -> ! {
    // SAFETY: `reason` is as many bytes as the length says, and the host ends the execution.
    unsafe { host::refuse(reason.as_ptr(), reason.len() as u32) }
}

pub(crate) fn context_beacon_root(out: &mut [u8; 32]) {
    // SAFETY: `out` is 32 bytes that are ours to write.
    unsafe { host::context_beacon_root(out.as_mut_ptr()) }
}

pub(crate) fn read_count() -> usize {
    host::read_count() as usize
}

pub(crate) fn read_root(index: usize, out: &mut [u8; ROOT_READ_BYTES]) {
    // SAFETY: `out` is 48 bytes that are ours to write.
    unsafe { host::read_root(index as u32, out.as_mut_ptr()) }
}

pub(crate) fn print_mem(bytes: &[u8]) {
    // SAFETY: `bytes` is as many bytes as the length says.
    unsafe { host::print_mem(bytes.as_ptr(), bytes.len() as u32) }
}

pub(crate) fn print_mem_hex(bytes: &[u8]) {
    // SAFETY: `bytes` is as many bytes as the length says.
    unsafe { host::print_mem_hex(bytes.as_ptr(), bytes.len() as u32) }
}

pub(crate) fn add256(a: &[u8; 32], b: &[u8; 32], out: &mut [u8; 32]) {
    // SAFETY: all three are 32 bytes, and `out` is ours to write.
    unsafe { host::add256(a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn sub256(a: &[u8; 32], b: &[u8; 32], out: &mut [u8; 32]) {
    // SAFETY: all three are 32 bytes, and `out` is ours to write.
    unsafe { host::sub256(a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) }
}
