//! The imports of module `state`, as safe functions on slices.

use outrider_abi::Hash;

/// The imports under their own names.
///
/// The statements about pointers in [`imports`](super) hold here, too.
mod host {
    #[link(wasm_import_module = "state")]
    unsafe extern "C" {
        pub(crate) safe fn mode() -> u32;
        /// Reads 32 bytes at `hash`, then writes at most `capacity` bytes at `out`.
        #[link_name = "getNode"]
        pub(crate) fn get_node(hash: *const u8, out: *mut u8, capacity: u32) -> u32;
        /// Reads 32 bytes at `hash`, then writes at most `capacity` bytes at `out`.
        #[link_name = "getBlob"]
        pub(crate) fn get_blob(hash: *const u8, out: *mut u8, capacity: u32) -> u32;
        /// Reads 32 bytes at `hash`, `length` bytes at `bytes` and `n` times 32 bytes at `children`.
        #[link_name = "putNode"]
        pub(crate) fn put_node(
            hash: *const u8,
            bytes: *const u8,
            length: u32,
            children: *const u8,
            n: u32,
        ) -> u32;
        /// Reads `length` bytes at `bytes`.
        #[link_name = "putBlockData"]
        pub(crate) fn put_block_data(bytes: *const u8, length: u32);
    }
}

pub(crate) use host::mode;

pub(crate) fn get_node(hash: &Hash, out: &mut [u8]) -> u32 {
    // SAFETY: `hash` is 32 bytes, and `out` is as many bytes as the capacity says, ours to write.
    unsafe { host::get_node(hash.0.as_ptr(), out.as_mut_ptr(), out.len() as u32) }
}

pub(crate) fn get_blob(hash: &Hash, out: &mut [u8]) -> u32 {
    // SAFETY: `hash` is 32 bytes, and `out` is as many bytes as the capacity says, ours to write.
    unsafe { host::get_blob(hash.0.as_ptr(), out.as_mut_ptr(), out.len() as u32) }
}

pub(crate) fn put_node(hash: &Hash, bytes: &[u8], children: &[Hash]) -> u32 {
    let n = children.len() as u32;
    // SAFETY: `hash` is 32 bytes, `bytes` as many as the length says, and `children` are 32 for each of `n`,
    // as a hash is laid out as its bytes are.
    unsafe {
        host::put_node(hash.0.as_ptr(), bytes.as_ptr(), bytes.len() as u32, children.as_ptr().cast(), n)
    }
}

pub(crate) fn put_block_data(bytes: &[u8]) {
    // SAFETY: `bytes` is as many bytes as the length says.
    unsafe { host::put_block_data(bytes.as_ptr(), bytes.len() as u32) }
}
