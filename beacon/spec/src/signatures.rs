//! When the signatures of a block are verified: each by itself, all at once, or not at all.

use crate::{
    bls::{self, PublicKey},
    error::Error,
    types::{BLSSignature, Root},
};

/// What happens to the signatures that a transition comes upon.
#[derive(Debug)]
pub enum Signatures {
    /// Each is verified where the specification verifies it.
    Each,
    /// They are put aside, and verified together in the end.
    Batch(Vec<SignatureSet>),
    /// They are taken to be valid, as in vectors that were made without BLS, and in blocks that were verified before.
    Ignored,
}

/// A signature that is still to be verified.
#[derive(Debug)]
pub struct SignatureSet {
    pairs: Vec<(PublicKey, Root)>,
    signature: BLSSignature,
    /// What it means if the signature is invalid.
    error: Error,
}

impl SignatureSet {
    fn verify(&self) -> Result<(), Error> {
        let pairs: Vec<_> =
            self.pairs.iter().map(|(pubkey, message)| (*pubkey, message.as_slice())).collect();
        bls::aggregate_verify(&pairs, &self.signature).or(Err(self.error))
    }
}

impl Signatures {
    /// Starts a batch.
    #[must_use]
    pub fn batch() -> Self {
        Self::Batch(Vec::new())
    }

    /// Whether signatures are taken to be valid.
    #[must_use]
    pub fn are_ignored(&self) -> bool {
        matches!(self, Self::Ignored)
    }

    /// `assert bls.Verify(..)`, now or in the end.
    ///
    /// # Errors
    ///
    /// `error` if the signature is invalid and is verified now.
    pub(crate) fn verify(
        &mut self,
        pubkey: impl FnOnce() -> Result<PublicKey, Error>,
        message: Root,
        signature: &BLSSignature,
        error: Error,
    ) -> Result<(), Error> {
        self.aggregate_verify(|| Ok(vec![(pubkey()?, message)]), signature, error)
    }

    /// `assert bls.FastAggregateVerify(..)`, now or in the end.
    ///
    /// # Errors
    ///
    /// `error` if the signature is invalid and is verified now, or there are no keys.
    pub(crate) fn fast_aggregate_verify(
        &mut self,
        pubkeys: impl FnOnce() -> Result<Vec<PublicKey>, Error>,
        message: Root,
        signature: &BLSSignature,
        error: Error,
    ) -> Result<(), Error> {
        let pairs = || Ok(vec![(PublicKey::aggregate(&pubkeys()?).or(Err(error))?, message)]);
        self.aggregate_verify(pairs, signature, error)
    }

    /// `assert bls.AggregateVerify(..)`, now or in the end.
    ///
    /// # Errors
    ///
    /// `error` if the signature is invalid and is verified now.
    pub(crate) fn aggregate_verify(
        &mut self,
        pairs: impl FnOnce() -> Result<Vec<(PublicKey, Root)>, Error>,
        signature: &BLSSignature,
        error: Error,
    ) -> Result<(), Error> {
        match self {
            Self::Ignored => Ok(()),
            Self::Each => SignatureSet { pairs: pairs()?, signature: *signature, error }.verify(),
            Self::Batch(sets) => {
                sets.push(SignatureSet { pairs: pairs()?, signature: *signature, error });
                Ok(())
            }
        }
    }

    /// Verifies what has been put aside. Signatures of several messages, of which a block has few, are verified one
    /// by one.
    ///
    /// # Errors
    ///
    /// The error of the first signature that is invalid.
    pub fn finish(self) -> Result<(), Error> {
        let Self::Batch(sets) = self else { return Ok(()) };
        let mut batch = Vec::with_capacity(sets.len());
        for set in &sets {
            match set.pairs.as_slice() {
                [(pubkey, message)] => batch.push((*pubkey, *message, set.signature)),
                _ => set.verify()?,
            }
        }
        // Only one by one they tell which of them it was.
        bls::batch_verify(&batch).or_else(|_| sets.iter().try_for_each(SignatureSet::verify))
    }
}
