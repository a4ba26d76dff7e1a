//! The encoding of block data and packages, as [`outrider_abi::frame`] describes it.

use alloc::vec::Vec;

use outrider_abi::frame::{Frame, encode_packages};

pub(crate) use outrider_abi::frame::read_packages;

use crate::ReadError;

/// Encodes block data.
///
/// # Panics
///
/// Panics if the witness has 4 GiB or more, for which a guest has no memory.
pub fn block_data(witness: &[u8], payload: &[u8]) -> Vec<u8> {
    Frame { witness, payload }.encode().expect(FITS)
}

/// Encodes packages as a provider passes them to the EE.
///
/// # Panics
///
/// Panics if a package has 4 GiB or more, or if there are 2^32 or more, for which a guest has no memory.
pub fn packages(packages: &[impl AsRef<[u8]>]) -> Vec<u8> {
    encode_packages(packages).expect(FITS)
}

/// Parses block data into witness and payload.
pub(crate) fn read_block_data(block_data: &[u8]) -> Result<(&[u8], &[u8]), ReadError> {
    Frame::parse(block_data).map(|Frame { witness, payload }| (witness, payload))
}

const FITS: &str = "what fits in the memory of a guest has a length of 32 bits";
