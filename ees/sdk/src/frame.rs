//! Block data and packages, put together and taken apart, as [`outrider_abi::frame`] describes them.

use alloc::vec::Vec;

use outrider_abi::frame::{Frame, encode_packages};

pub(crate) use outrider_abi::frame::read_packages;

use crate::ReadError;

/// Puts block data together.
///
/// # Panics
///
/// If the witness has 4 GiB or more, for which a guest has no memory.
pub fn block_data(witness: &[u8], payload: &[u8]) -> Vec<u8> {
    Frame { witness, payload }.encode().expect(FITS)
}

/// Puts packages together, as a provider gives them to the EE.
///
/// # Panics
///
/// If a package has 4 GiB or more, or there are as many, for which a guest has no memory.
pub fn packages(packages: &[impl AsRef<[u8]>]) -> Vec<u8> {
    encode_packages(packages).expect(FITS)
}

/// Takes block data apart: witness and payload.
pub(crate) fn read_block_data(block_data: &[u8]) -> Result<(&[u8], &[u8]), ReadError> {
    Frame::parse(block_data).map(|Frame { witness, payload }| (witness, payload))
}

const FITS: &str = "what fits in the memory of a guest has a length of 32 bits";
