//! Proving keys in files, and verifying keys to the byte.
//!
//! | length | content |
//! |---|---|
//! | 8 | `OUTRIDZK` |
//! | 1 | the version of the circuit, [`CIRCUIT_VERSION`] |
//! | 1 | the depth of the tree |
//! | 2 | the size of the batch |
//! | 1 | the origin: 0 for an insecure development setup, 1 for a ceremony |
//! | | the key of arkworks, its points uncompressed |

use std::fmt;
use std::io::{self, Read, Write};

use ark_bls12_381::Bls12_381;
use ark_serialize::{CanonicalDeserialize as _, CanonicalSerialize as _, SerializationError};
use outrider_zk_rollup_core::proof::{ProofError, VerifyingKey};

use crate::circuit::Circuit;

/// The version of the circuit: a key fits no other one.
pub const CIRCUIT_VERSION: u8 = 1;

/// A key that makes the proofs of one circuit.
#[derive(Clone, Debug)]
pub struct ProvingKey {
    /// The circuit.
    pub circuit: Circuit,
    /// How the key was made.
    pub origin: Origin,
    /// The key.
    pub key: ark_groth16::ProvingKey<Bls12_381>,
}

/// How a key was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// From a seed: whoever knows it can prove anything.
    InsecureDevelopment,
    /// In a ceremony: it is secure if one of those who contributed forgot a secret.
    Ceremony,
}

/// A proving key that cannot be read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the file of the proving key")]
    Io(#[from] io::Error),
    /// The file is no proving key.
    #[error("the file is no proving key of a ZK rollup")]
    Magic,
    /// The key is for another version of the circuit.
    #[error(
        "the key is for version {got} of the circuit, and this is version {CIRCUIT_VERSION}: set up a new key"
    )]
    Version {
        /// The version of the key.
        got: u8,
    },
    /// The origin is unknown.
    #[error("the origin {got} of the key is unknown")]
    Origin {
        /// The byte.
        got: u8,
    },
    /// The key of arkworks is malformed or incomplete.
    #[error("the points of the proving key")]
    Points(#[from] SerializationError),
    /// The key has other than one public input.
    #[error("the key has {got} public inputs instead of 1")]
    Inputs {
        /// Their number.
        got: usize,
    },
    /// The verifying key in it is unusable.
    #[error("the verifying key")]
    Verifying(#[from] ProofError),
}

impl ProvingKey {
    /// Returns the key that verifies the proofs, after its checks.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError::Inputs`] or [`KeyError::Verifying`].
    pub fn verifying_key(&self) -> Result<VerifyingKey, KeyError> {
        let key = &self.key.vk;
        let [constant, input] = *key.gamma_abc_g1.as_slice() else {
            return Err(KeyError::Inputs { got: key.gamma_abc_g1.len().saturating_sub(1) });
        };
        let verifying = VerifyingKey {
            alpha: key.alpha_g1,
            beta: key.beta_g2,
            gamma: key.gamma_g2,
            delta: key.delta_g2,
            constant,
            input,
        };
        verifying.check()?;
        Ok(verifying)
    }

    /// Writes the key.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError::Io`] or [`KeyError::Points`] if the writer fails.
    pub fn write(&self, mut writer: impl Write) -> Result<(), KeyError> {
        let origin = match self.origin {
            Origin::InsecureDevelopment => 0,
            Origin::Ceremony => 1,
        };
        writer.write_all(MAGIC)?;
        writer.write_all(&[CIRCUIT_VERSION, self.circuit.depth as u8])?;
        writer.write_all(&self.circuit.size.to_be_bytes())?;
        writer.write_all(&[origin])?;
        self.key.serialize_uncompressed(writer)?;
        Ok(())
    }

    /// Reads a key that this machine wrote: of its points, only those of the verifying key are checked.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError`] if it is no key of this version of the circuit.
    pub fn read(mut reader: impl Read) -> Result<ProvingKey, KeyError> {
        let mut magic = [0; MAGIC.len()];
        reader.read_exact(&mut magic)?;
        if magic != *MAGIC {
            return Err(KeyError::Magic);
        }
        let mut header = [0; 5];
        reader.read_exact(&mut header)?;
        let [version, depth, size_high, size_low, origin] = header;
        if version != CIRCUIT_VERSION {
            return Err(KeyError::Version { got: version });
        }
        let origin = match origin {
            0 => Origin::InsecureDevelopment,
            1 => Origin::Ceremony,
            got => return Err(KeyError::Origin { got }),
        };
        let circuit = Circuit { depth: depth.into(), size: u16::from_be_bytes([size_high, size_low]) };
        let key = ark_groth16::ProvingKey::deserialize_uncompressed_unchecked(reader)?;
        let key = ProvingKey { circuit, origin, key };
        key.verifying_key()?;
        Ok(key)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::InsecureDevelopment => "insecure development setup",
            Origin::Ceremony => "ceremony",
        })
    }
}

const MAGIC: &[u8; 8] = b"OUTRIDZK";
