//! The registry of validators, with caches of values computed from it.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
};

use milhouse::List;
use ssz::{Decode, DecodeError, Encode};
use ssz_types::typenum::U1099511627776;
use tree_hash::{Hash256, PackedEncoding, TreeHash, TreeHashType};

use super::{Extensions, Validator};
use crate::{caches::Caches, error::Error};

/// The list of validators. Few change at a time, so a map holds pending changes.
pub type ValidatorList<P> = List<Validator<P>, U1099511627776, BTreeMap<usize, Validator<P>>>;

/// The `validators` of a state: a list, with caches of the committees, proposers and totals computed from it.
///
/// Mutable access from outside of this crate drops the caches.
#[derive(Clone, Debug)]
pub struct Validators<P: Extensions> {
    list: ValidatorList<P>,
    pub(crate) caches: Caches,
}

impl<P: Extensions> Validators<P> {
    pub(crate) fn with_caches(list: ValidatorList<P>, caches: Caches) -> Self {
        Self { list, caches }
    }

    /// Returns a validator for a change that does not affect which validators are active in this epoch or the next. A
    /// caller that changes effective balances calls [`Caches::forget_balances`] afterwards.
    pub(crate) fn get_mut_keeping_caches(&mut self, index: usize) -> Option<&mut Validator<P>> {
        self.list.get_mut(index)
    }

    /// Appends a validator that is not active yet.
    pub(crate) fn push_keeping_caches(&mut self, validator: Validator<P>) -> Result<(), Error> {
        Ok(self.list.push(validator)?)
    }

    /// Applies pending writes to the tree; the list's value stays the same.
    pub(crate) fn apply_updates(&mut self) -> Result<(), milhouse::Error> {
        self.list.apply_updates()
    }
}

impl<P: Extensions> Deref for Validators<P> {
    type Target = ValidatorList<P>;

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl<P: Extensions> DerefMut for Validators<P> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.caches.forget();
        &mut self.list
    }
}

impl<P: Extensions> From<ValidatorList<P>> for Validators<P> {
    fn from(list: ValidatorList<P>) -> Self {
        Self::with_caches(list, Caches::default())
    }
}

impl<P: Extensions> Default for Validators<P> {
    fn default() -> Self {
        ValidatorList::default().into()
    }
}

/// Caches do not affect equality.
impl<P: Extensions> PartialEq for Validators<P> {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl<'v, P: Extensions> IntoIterator for &'v Validators<P> {
    type Item = &'v Validator<P>;
    type IntoIter = <&'v ValidatorList<P> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&self.list).into_iter()
    }
}

impl<P: Extensions> Encode for Validators<P> {
    fn is_ssz_fixed_len() -> bool {
        <ValidatorList<P> as Encode>::is_ssz_fixed_len()
    }

    fn ssz_fixed_len() -> usize {
        <ValidatorList<P> as Encode>::ssz_fixed_len()
    }

    fn ssz_bytes_len(&self) -> usize {
        self.list.ssz_bytes_len()
    }

    fn ssz_append(&self, bytes: &mut Vec<u8>) {
        self.list.ssz_append(bytes);
    }
}

impl<P: Extensions> Decode for Validators<P> {
    fn is_ssz_fixed_len() -> bool {
        <ValidatorList<P> as Decode>::is_ssz_fixed_len()
    }

    fn ssz_fixed_len() -> usize {
        <ValidatorList<P> as Decode>::ssz_fixed_len()
    }

    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        ValidatorList::from_ssz_bytes(bytes).map(Into::into)
    }
}

impl<P: Extensions> TreeHash for Validators<P> {
    fn tree_hash_type() -> TreeHashType {
        ValidatorList::<P>::tree_hash_type()
    }

    fn tree_hash_packed_encoding(&self) -> PackedEncoding {
        self.list.tree_hash_packed_encoding()
    }

    fn tree_hash_packing_factor() -> usize {
        ValidatorList::<P>::tree_hash_packing_factor()
    }

    fn tree_hash_root(&self) -> Hash256 {
        self.list.tree_hash_root()
    }
}
