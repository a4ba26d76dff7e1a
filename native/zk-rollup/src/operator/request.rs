//! Signed transfers with their nonces, as senders hand them to the operator.
//!
//! | bytes | content |
//! |---|---|
//! | 12 | the [transfer](outrider_zk_rollup_core::transfer) |
//! | 8 | the nonce, big-endian |
//! | 48 | the [signature](outrider_zk_rollup_core::signature) |

use outrider_abi::{ReadError, Reader};
use outrider_zk_rollup_core::field::NotCanonicalError;
use outrider_zk_rollup_core::signature::SIGNATURE_BYTES;
use outrider_zk_rollup_core::transfer::{TRANSFER_BYTES, TransferError};
use outrider_zk_rollup_core::{Fr, SecretKey, Signature, Transfer};

/// Length of a request, in bytes.
pub const REQUEST_BYTES: usize = TRANSFER_BYTES + 8 + SIGNATURE_BYTES;

/// A transfer with the nonce for which its sender has signed it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request {
    /// The transfer.
    pub transfer: Transfer,
    /// The number of transfers and exits that the sender signed before.
    pub nonce: u64,
    /// The signature.
    pub signature: Signature,
}

/// Bytes that are no request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// There are too few or too many bytes.
    #[error("a signed transfer has {REQUEST_BYTES} bytes")]
    Length(#[from] ReadError),
    /// The first bytes are no transfer.
    #[error("the transfer")]
    Transfer(#[from] TransferError),
    /// The last bytes are no signature.
    #[error("the signature")]
    Signature(#[from] NotCanonicalError),
}

impl Request {
    /// Signs a transfer for the rollup with a domain.
    pub fn sign(transfer: Transfer, nonce: u64, secret: &SecretKey, domain: &Fr) -> Request {
        Request { transfer, nonce, signature: Signature::sign(secret, &transfer.message(nonce), domain) }
    }

    /// Encodes the request.
    pub fn to_bytes(&self) -> Vec<u8> {
        let nonce = self.nonce.to_be_bytes();
        [&self.transfer.to_bytes()[..], &nonce, &self.signature.to_bytes()].concat()
    }

    /// Decodes a request.
    ///
    /// # Errors
    ///
    /// Returns [`RequestError`] if the bytes are none. A request has one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Request, RequestError> {
        let mut reader = Reader::new(bytes);
        let transfer = reader.take_array()?;
        let nonce = u64::from_be_bytes(reader.take_array()?);
        let signature = reader.take_array()?;
        reader.finish()?;
        Ok(Request {
            transfer: Transfer::from_bytes(&transfer)?,
            nonce,
            signature: Signature::from_bytes(&signature)?,
        })
    }
}
