//! What a guest is told of a call.

use crate::{
    blake2b::Blake2bError, bls_signature::BlsSignatureError, bls12_381::Bls12381Error, bn254::Bn254Error,
    kzg::KzgError, modexp::ModexpError, p256::P256Error, secp256k1::Secp256k1Error,
};

/// What an import that can refuse its input returns, as a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Verdict {
    /// The claim holds, or the result has been written.
    Holds = 0,
    /// The input is well-formed, and what it claims is false; or no key recovers.
    Refuted = 1,
    /// The input is no claim at all: a bad encoding, a point off its curve, an empty list of signers.
    Malformed = 2,
}

impl From<Blake2bError> for Verdict {
    fn from(error: Blake2bError) -> Self {
        match error {
            Blake2bError::FinalFlag { .. } => Self::Malformed,
        }
    }
}

impl From<Secp256k1Error> for Verdict {
    fn from(error: Secp256k1Error) -> Self {
        match error {
            Secp256k1Error::Refuted | Secp256k1Error::NoKey => Self::Refuted,
            Secp256k1Error::RecoveryId { .. } | Secp256k1Error::Signature | Secp256k1Error::PublicKey => {
                Self::Malformed
            }
        }
    }
}

impl From<ModexpError> for Verdict {
    fn from(error: ModexpError) -> Self {
        match error {
            ModexpError::OperandTooLong { .. } => Self::Malformed,
        }
    }
}

impl From<Bn254Error> for Verdict {
    fn from(error: Bn254Error) -> Self {
        match error {
            Bn254Error::Refuted => Self::Refuted,
            Bn254Error::Point { .. } => Self::Malformed,
        }
    }
}

impl From<Bls12381Error> for Verdict {
    fn from(error: Bls12381Error) -> Self {
        match error {
            Bls12381Error::Refuted => Self::Refuted,
            Bls12381Error::Point { .. } | Bls12381Error::Empty => Self::Malformed,
        }
    }
}

impl From<BlsSignatureError> for Verdict {
    fn from(error: BlsSignatureError) -> Self {
        match error {
            BlsSignatureError::Refuted => Self::Refuted,
            BlsSignatureError::PublicKey { .. }
            | BlsSignatureError::AggregatePublicKey
            | BlsSignatureError::Signature { .. }
            | BlsSignatureError::Empty => Self::Malformed,
        }
    }
}

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

impl From<P256Error> for Verdict {
    fn from(error: P256Error) -> Self {
        match error {
            P256Error::Refuted => Self::Refuted,
            P256Error::Signature | P256Error::PublicKey => Self::Malformed,
        }
    }
}
