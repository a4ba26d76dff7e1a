//! The ways to verify a block's signatures: each by itself, all at once, or not at all.

use crate::{
    bls::{self, PublicKey},
    error::Error,
    types::{BLSSignature, Root},
};

/// The treatment of the signatures that a transition meets.
#[derive(Debug)]
pub enum Signatures {
    /// Verifies each signature where the specification does.
    Each,
    /// Collects the signatures and verifies them together at the end.
    Batch(Vec<SignatureSet>),
    /// Takes all signatures to be valid, for vectors made without BLS and for blocks verified before.
    Ignored,
}

/// A signature to verify later.
#[derive(Debug)]
pub struct SignatureSet {
    pairs: Vec<(PublicKey, Root)>,
    signature: BLSSignature,
    /// The error to return if the signature is invalid.
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

    /// Returns whether all signatures are taken to be valid.
    #[must_use]
    pub fn are_ignored(&self) -> bool {
        matches!(self, Self::Ignored)
    }

    /// Verifies a signature by one key, now or at the end.
    ///
    /// # Errors
    ///
    /// Returns `error` if the signature is verified now and invalid.
    pub(crate) fn verify(
        &mut self,
        pubkey: impl FnOnce() -> Result<PublicKey, Error>,
        message: Root,
        signature: &BLSSignature,
        error: Error,
    ) -> Result<(), Error> {
        self.aggregate_verify(|| Ok(vec![(pubkey()?, message)]), signature, error)
    }

    /// Verifies an aggregate signature of one message, now or at the end.
    ///
    /// # Errors
    ///
    /// Returns `error` if the signature is verified now and invalid, or if there are no keys.
    pub(crate) fn fast_aggregate_verify(
        &mut self,
        pubkeys: impl FnOnce() -> Result<Vec<PublicKey>, Error>,
        message: Root,
        signature: &BLSSignature,
        error: Error,
    ) -> Result<(), Error> {
        let pairs = || Ok(vec![(PublicKey::sum(&pubkeys()?).or(Err(error))?, message)]);
        self.aggregate_verify(pairs, signature, error)
    }

    /// Verifies an aggregate signature of a message by each key, now or at the end.
    ///
    /// # Errors
    ///
    /// Returns `error` if the signature is verified now and invalid.
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

    /// Verifies the collected signatures. Signatures of several messages are verified one by one; a block has few of
    /// them.
    ///
    /// # Errors
    ///
    /// Returns the error of the first invalid signature.
    pub fn finish(self) -> Result<(), Error> {
        let Self::Batch(sets) = self else { return Ok(()) };
        let mut batch = Vec::with_capacity(sets.len());
        for set in &sets {
            match set.pairs.as_slice() {
                [(pubkey, message)] => batch.push((*pubkey, *message, set.signature)),
                _ => set.verify()?,
            }
        }
        // A failed batch does not say which signature is invalid, so this verifies one by one.
        bls::batch_verify(&batch).or_else(|_| sets.iter().try_for_each(SignatureSet::verify))
    }

    /// Verifies several batches, all at once if they are valid; returns the result of each, as [`finish`](Self::finish)
    /// does.
    #[must_use]
    pub fn finish_each(batches: Vec<Self>) -> Vec<Result<(), Error>> {
        let (mut all, mut lengths) = (Vec::new(), Vec::with_capacity(batches.len()));
        for batch in batches {
            let sets = if let Self::Batch(sets) = batch { sets } else { Vec::new() };
            lengths.push(sets.len());
            all.extend(sets);
        }
        let pairs = |set: &SignatureSet| match set.pairs.as_slice() {
            [(pubkey, message)] => Some((*pubkey, *message, set.signature)),
            _ => None,
        };
        if let Some(batch) = all.iter().map(pairs).collect::<Option<Vec<_>>>()
            && bls::batch_verify(&batch).is_ok()
        {
            return vec![Ok(()); lengths.len()];
        }
        let mut sets = all.iter();
        let verify = |n| sets.by_ref().take(n).try_fold((), |(), set| set.verify());
        lengths.into_iter().map(verify).collect()
    }
}
