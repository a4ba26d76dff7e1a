//! The answer of an import to a guest.

#[cfg(feature = "hash")]
use crate::blake2b::Blake2bError;
#[cfg(feature = "bn254")]
use crate::bn254::Bn254Error;
#[cfg(feature = "modexp")]
use crate::modexp::ModexpError;
#[cfg(feature = "p256")]
use crate::p256::P256Error;
#[cfg(feature = "secp256k1")]
use crate::secp256k1::Secp256k1Error;
#[cfg(feature = "bls12-381")]
use crate::{bls_signature::BlsSignatureError, bls12_381::Bls12381Error, kzg::KzgError};

/// The return value of an import that can refuse its input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Verdict {
    /// The claim holds, or the result was written.
    Holds = 0,
    /// The input is well-formed and its claim is false, or no key recovers.
    Refuted = 1,
    /// The input is malformed: a bad encoding, a point off its curve, an empty list of signers.
    Malformed = 2,
}

#[cfg(feature = "hash")]
impl From<Blake2bError> for Verdict {
    fn from(error: Blake2bError) -> Self {
        match error {
            Blake2bError::FinalFlag { .. } => Self::Malformed,
        }
    }
}

#[cfg(feature = "secp256k1")]
impl From<Secp256k1Error> for Verdict {
    fn from(error: Secp256k1Error) -> Self {
        match error {
            Secp256k1Error::Refuted | Secp256k1Error::NoKey => Self::Refuted,
            Secp256k1Error::RecoveryId { .. }
            | Secp256k1Error::Signature
            | Secp256k1Error::PublicKey
            | Secp256k1Error::Parity { .. }
            | Secp256k1Error::Tweak => Self::Malformed,
        }
    }
}

#[cfg(feature = "modexp")]
impl From<ModexpError> for Verdict {
    fn from(error: ModexpError) -> Self {
        match error {
            ModexpError::OperandTooLong { .. } => Self::Malformed,
        }
    }
}

#[cfg(feature = "bn254")]
impl From<Bn254Error> for Verdict {
    fn from(error: Bn254Error) -> Self {
        match error {
            Bn254Error::Refuted => Self::Refuted,
            Bn254Error::Point { .. } => Self::Malformed,
        }
    }
}

#[cfg(feature = "bls12-381")]
impl From<Bls12381Error> for Verdict {
    fn from(error: Bls12381Error) -> Self {
        match error {
            Bls12381Error::Refuted => Self::Refuted,
            Bls12381Error::Point { .. } | Bls12381Error::Empty => Self::Malformed,
        }
    }
}

#[cfg(feature = "bls12-381")]
impl From<BlsSignatureError> for Verdict {
    fn from(error: BlsSignatureError) -> Self {
        match error {
            BlsSignatureError::Refuted => Self::Refuted,
            BlsSignatureError::PublicKey { .. }
            | BlsSignatureError::AggregatePublicKey
            | BlsSignatureError::Signature { .. }
            | BlsSignatureError::Empty
            | BlsSignatureError::SecretKey => Self::Malformed,
        }
    }
}

#[cfg(feature = "bls12-381")]
impl From<KzgError> for Verdict {
    fn from(error: KzgError) -> Self {
        match error {
            KzgError::Refuted => Self::Refuted,
            KzgError::Commitment { .. } | KzgError::Z | KzgError::Y | KzgError::Proof { .. } => {
                Self::Malformed
            }
        }
    }
}

#[cfg(feature = "p256")]
impl From<P256Error> for Verdict {
    fn from(error: P256Error) -> Self {
        match error {
            P256Error::Refuted => Self::Refuted,
            P256Error::Signature | P256Error::PublicKey => Self::Malformed,
        }
    }
}
