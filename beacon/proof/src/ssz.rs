//! The SSZ encoding of proofs.

use alloc::vec::Vec;

use super::{Hash, MULTIPROOF_BRANCH_MAX, MULTIPROOF_CLAIMS_MAX, Multiproof, Proof, ProofError};

/// The most siblings of a proof: more than the bits of a generalized index.
const BRANCH_MAX: usize = 64;
/// The fixed part of a proof: generalized index, leaf, and the offset of the branch.
const PROOF_FIXED: usize = 8 + 32 + 4;
/// The fixed part of a multiproof: two offsets.
const MULTIPROOF_FIXED: usize = 4 + 4;
/// A claim of a multiproof: generalized index and leaf.
const CLAIM_BYTES: usize = 8 + 32;

impl Proof {
    /// Encodes the proof.
    #[must_use]
    pub fn to_ssz_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PROOF_FIXED + 32 * self.branch.len());
        bytes.extend(self.gindex.to_le_bytes());
        bytes.extend(self.leaf);
        bytes.extend((PROOF_FIXED as u32).to_le_bytes());
        bytes.extend(self.branch.iter().flatten());
        bytes
    }

    /// Decodes a proof.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a proof.
    pub fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut reader = Reader::new(bytes);
        let gindex = reader.uint64()?;
        let leaf = *reader.take::<32>()?;
        reader.offset(PROOF_FIXED)?;
        let branch = hashes(reader.rest, BRANCH_MAX)?;
        Ok(Self { gindex, leaf, branch })
    }
}

impl Multiproof {
    /// Encodes the proof.
    #[must_use]
    pub fn to_ssz_bytes(&self) -> Vec<u8> {
        let claims_bytes = CLAIM_BYTES * self.claims.len();
        let mut bytes = Vec::with_capacity(MULTIPROOF_FIXED + claims_bytes + 32 * self.branch.len());
        bytes.extend((MULTIPROOF_FIXED as u32).to_le_bytes());
        // The most claims that a decoder accepts are far from 2^32 bytes.
        bytes.extend(u32::try_from(MULTIPROOF_FIXED + claims_bytes).unwrap_or(u32::MAX).to_le_bytes());
        for (gindex, leaf) in &self.claims {
            bytes.extend(gindex.to_le_bytes());
            bytes.extend(leaf);
        }
        bytes.extend(self.branch.iter().flatten());
        bytes
    }

    /// Decodes a proof.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a proof.
    pub fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut reader = Reader::new(bytes);
        reader.offset(MULTIPROOF_FIXED)?;
        let claims_end = u32::from_le_bytes(*reader.take()?) as usize;
        let claims_bytes = claims_end.saturating_sub(MULTIPROOF_FIXED);
        let n_claims = claims_bytes / CLAIM_BYTES;
        if n_claims > MULTIPROOF_CLAIMS_MAX {
            return Err(ProofError::Limit { got: n_claims, limit: MULTIPROOF_CLAIMS_MAX });
        }
        let expected = MULTIPROOF_FIXED + n_claims * CLAIM_BYTES;
        if claims_end != expected {
            return Err(ProofError::Offset { got: claims_end as u32, expected: expected as u32 });
        }
        let mut claims = Vec::with_capacity(n_claims);
        for _ in 0..n_claims {
            claims.push((reader.uint64()?, *reader.take::<32>()?));
        }
        Ok(Self { claims, branch: hashes(reader.rest, MULTIPROOF_BRANCH_MAX)? })
    }
}

/// Reads a list of hashes up to the end.
fn hashes(bytes: &[u8], limit: usize) -> Result<Vec<Hash>, ProofError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(ProofError::Length { got: bytes.len(), expected: 32 * hashes.len() });
    }
    if hashes.len() > limit {
        return Err(ProofError::Limit { got: hashes.len(), limit });
    }
    Ok(hashes.to_vec())
}

/// A reader of untrusted bytes.
pub(super) struct Reader<'b> {
    pub(super) rest: &'b [u8],
    n_bytes: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes, n_bytes: bytes.len() }
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<&'b [u8; N], ProofError> {
        let short = ProofError::Length { got: self.n_bytes, expected: self.n_bytes - self.rest.len() + N };
        let (taken, rest) = self.rest.split_first_chunk().ok_or(short)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn uint64(&mut self) -> Result<u64, ProofError> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }

    fn offset(&mut self, expected: usize) -> Result<(), ProofError> {
        let (got, expected) = (u32::from_le_bytes(*self.take()?), expected as u32);
        if got == expected { Ok(()) } else { Err(ProofError::Offset { got, expected }) }
    }
}
