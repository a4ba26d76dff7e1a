//! The bytes between provider, EE and block: how witness and payload make block data, and what a provider hands in.
//!
//! All integers are `u32`, little-endian.
//!
//! The block data of a stateful EE:
//!
//! | part | bytes | |
//! |---|---|---|
//! | witness length | 4 | |
//! | witness | as told | in an encoding of `outrider-witness`, or any other; the shard does not read it |
//! | payload | to the end | in the EE's own encoding |
//!
//! In provider mode the block data is a list of *packages* instead. A package is a payload too, of one user or of many, and the
//! EE merges all of them to the payload of the block:
//!
//! | part | bytes | |
//! |---|---|---|
//! | number of packages | 4 | |
//! | packages | | each its length, 4 bytes, and itself |

/// Block data that has been taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the EE rebuilds the touched part of its state from.
    pub witness: &'a [u8],
    /// What the EE does with it.
    pub payload: &'a [u8],
}

/// Why bytes are not the block data of a stateful EE. Who made them is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The bytes end within the length of the witness.
    #[error("{got} bytes are no block data of a stateful EE: the length of the witness alone has 4")]
    NoLength {
        /// All the bytes there are.
        got: usize,
    },
    /// The bytes end within the witness.
    #[error("the witness should have {expected} bytes, but only {got} follow")]
    WitnessEnds {
        /// The length that is told.
        expected: u32,
        /// Bytes that follow.
        got: usize,
    },
}

/// There are more packages, or longer ones, than 32 bits can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{got} packages, or bytes of one, are more than 32 bits can tell")]
pub struct TooLargeError {
    /// Packages, or bytes of one.
    pub got: usize,
}

impl<'a> Frame<'a> {
    /// Takes block data apart; nothing is copied.
    ///
    /// # Errors
    ///
    /// [`FrameError`] if the bytes are too few.
    pub fn parse(block_data: &'a [u8]) -> Result<Self, FrameError> {
        let no_length = FrameError::NoLength { got: block_data.len() };
        let (length, rest) = block_data.split_first_chunk().ok_or(no_length)?;
        let expected = u32::from_le_bytes(*length);
        let parts = usize::try_from(expected).ok().and_then(|length| rest.split_at_checked(length));
        let (witness, payload) = parts.ok_or(FrameError::WitnessEnds { expected, got: rest.len() })?;
        Ok(Self { witness, payload })
    }

    /// Puts block data together.
    ///
    /// # Errors
    ///
    /// [`TooLargeError`] if the witness is.
    pub fn encode(&self) -> Result<Vec<u8>, TooLargeError> {
        Ok([&length(self.witness.len())?, self.witness, self.payload].concat())
    }
}

/// Encodes packages as a provider hands them in.
///
/// # Errors
///
/// [`TooLargeError`] if one is, or there are too many.
pub fn encode_packages<P: AsRef<[u8]>>(packages: &[P]) -> Result<Vec<u8>, TooLargeError> {
    let mut bytes = length(packages.len())?.to_vec();
    for package in packages {
        let package = package.as_ref();
        bytes.extend(length(package.len())?);
        bytes.extend_from_slice(package);
    }
    Ok(bytes)
}

fn length(got: usize) -> Result<[u8; 4], TooLargeError> {
    u32::try_from(got).map(u32::to_le_bytes).map_err(|_| TooLargeError { got })
}
