//! What a provider finds out by running its EE, which it does not understand: the packages that an EE refuses, that it leaves
//! out, and that final blocks have used.
//!
//! An EE may leave packages out of its payload without a word. It says which by the payload: without packages that it has
//! left out, the payload is the same. Packages whose bytes the payload does not have are tried first.

use std::{ops::ControlFlow, sync::Arc};

use memchr::memmem;
use outrider_host::{Context, ExecutionError, ExecutionErrorKind, Fault, ReceivedReceipt, StateRoot};
use outrider_witness::store::Store;

use super::{
    BuiltBlock, PayloadLimits, ProviderActor, ProviderError, Surroundings,
    branches::{Made, Unsettled},
    inbox::{Package, PackageNumber},
};
use crate::frame::Frame;

/// The most runs to find packages that were left out of an offer, if the payload does not have the bytes of all others.
const LEFT_OUT_RUNS_MAX: usize = 16;
/// The runs after which the check of final packages goes on at the next offer.
const SETTLE_RUNS_MAX: usize = 512;

/// The state before a block, the context of the execution, and the receipts that the EE is shown.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) root: StateRoot,
    pub(super) context: Context,
    pub(super) receipts: Arc<[ReceivedReceipt]>,
}

/// The result of building a payload from some packages.
pub(super) enum Attempt {
    Fits(Box<BuiltBlock>),
    TooLarge,
    Refused(ExecutionError),
}

impl<S: Store + Send + Sync + 'static> ProviderActor<S> {
    /// Builds a payload from packages after the preamble.
    pub(super) fn attempt(
        &self,
        before: &Before,
        packages: &[Package],
        limits: PayloadLimits,
    ) -> Result<Attempt, ProviderError> {
        let users = packages.iter().map(|package| &package.bytes);
        let packages: Vec<&[u8]> = self.preamble.iter().chain(users).map(|package| &**package).collect();
        let provider = self.provider.clone().with_fuel_max(limits.fuel_max);
        let receipts = Arc::clone(&before.receipts);
        let surroundings = Surroundings { receipts, ..before.context.into() };
        match provider.build(before.root, &packages, surroundings) {
            Ok(built) if built.block_data().len() > limits.bytes_max => Ok(Attempt::TooLarge),
            Ok(built) => Ok(Attempt::Fits(Box::new(built))),
            Err(ProviderError::Refused(error) | ProviderError::Witness(error))
                if error.fault().is_verdict() =>
            {
                let is_dear = matches!(error.kind, ExecutionErrorKind::OutOfFuel { .. });
                Ok(if is_dear { Attempt::TooLarge } else { Attempt::Refused(error) })
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the index of the first package that the EE refuses after those before it, given that it refuses all together.
    pub(super) fn first_refused(
        &self,
        before: &Before,
        packages: &[Package],
        limits: PayloadLimits,
    ) -> Result<usize, ProviderError> {
        let (mut accepted, mut refused) = (0, packages.len());
        while refused.saturating_sub(accepted) > 1 {
            let middle = accepted.midpoint(refused);
            match self.attempt(before, packages.get(..middle).unwrap_or_default(), limits)? {
                Attempt::Refused(_) => refused = middle,
                Attempt::Fits(_) | Attempt::TooLarge => accepted = middle,
            }
        }
        Ok(refused.saturating_sub(1))
    }

    /// Returns what a payload of packages was made of: those that the EE was not found to have left out.
    pub(super) fn made(
        &self,
        before: &Before,
        packages: &[Package],
        built: &BuiltBlock,
        limits: PayloadLimits,
    ) -> Result<Made, ProviderError> {
        let payload = payload(built)?;
        let missing = missing(payload, packages);
        let mut trial =
            Trial { before, limits, payload, needed: packages.to_vec(), n_runs: LEFT_OUT_RUNS_MAX };
        self.leave_out(&mut trial, &missing)?;
        let needed = trial.needed;
        let is_verbatim = needed.len().saturating_add(missing.len()) == packages.len();
        Ok(Made { before: before.clone(), packages: needed, is_verbatim })
    }

    /// Leaves those of some packages out of a trial without which the payload is the same.
    fn leave_out(&self, trial: &mut Trial<'_>, suspects: &[PackageNumber]) -> Result<(), ProviderError> {
        if suspects.is_empty() || trial.n_runs == 0 {
            return Ok(());
        }
        trial.n_runs = trial.n_runs.saturating_sub(1);
        let is_innocent = |package: &&Package| suspects.binary_search(&package.number).is_err();
        let rest: Vec<_> = trial.needed.iter().filter(is_innocent).cloned().collect();
        if self.payload_of(trial.before, &rest, trial.limits)?.as_deref() == Some(trial.payload) {
            trial.needed = rest;
        } else if suspects.len() > 1 {
            let (first, second) = suspects.split_at(suspects.len() / 2);
            self.leave_out(trial, first)?;
            self.leave_out(trial, second)?;
        }
        Ok(())
    }

    /// Returns the payload of packages, if the EE makes one.
    fn payload_of(
        &self,
        before: &Before,
        packages: &[Package],
        limits: PayloadLimits,
    ) -> Result<Option<Vec<u8>>, ProviderError> {
        match self.attempt(before, packages, limits) {
            Ok(Attempt::Fits(built)) => Ok(Some(payload(&built)?.to_vec())),
            Ok(Attempt::TooLarge | Attempt::Refused(_)) => Ok(None),
            // No EE has to be able to make a payload of nothing.
            Err(error) if error.fault() == Fault::Guest => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Checks packages of final blocks at a place after these: used ones leave the inbox, and others wait again. Returns the
    /// used ones.
    pub(super) fn settle(
        &mut self,
        before: &Before,
        limits: PayloadLimits,
    ) -> Result<Vec<PackageNumber>, ProviderError> {
        let (mut used, mut n_runs) = (Vec::new(), SETTLE_RUNS_MAX);
        let mut idle = None;
        while let Some(mut unsettled) = self.branches.pop_unsettled() {
            if idle.is_none() {
                idle = Some(self.payload_of(before, &[], limits)?);
            }
            let idle = idle.as_ref().and_then(Option::as_deref);
            let flow = self.settle_block(&mut unsettled, (before, idle, limits), &mut n_runs, &mut used);
            self.branches.push_unsettled(unsettled);
            if flow?.is_break() {
                break;
            }
        }
        Ok(used)
    }

    /// Checks packages of a final block. `idle` is the payload of no package at the place.
    fn settle_block(
        &mut self,
        unsettled: &mut Unsettled,
        (before, idle, limits): (&Before, Option<&[u8]>, PayloadLimits),
        n_runs: &mut usize,
        used: &mut Vec<PackageNumber>,
    ) -> Result<ControlFlow<()>, ProviderError> {
        let made = Arc::clone(&unsettled.made);
        // Most often, all of them are used, and an EE that leaves used packages out says so at once.
        let unchecked = unsettled.unchecked.make_contiguous();
        let are_used = made.is_verbatim
            && idle.is_some()
            && self.payload_of(before, unchecked, limits)?.as_deref() == idle;
        while let Some(package) = unsettled.unchecked.front().cloned() {
            if *n_runs == 0 {
                return Ok(ControlFlow::Break(()));
            }
            *n_runs = n_runs.saturating_sub(1);
            if are_used || self.is_used(&made, &package, (before, idle, limits))? {
                self.inbox.remove(package.number);
                used.push(package.number);
            } else {
                self.inbox.restore(package.number);
            }
            unsettled.unchecked.pop_front();
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Returns whether a package of a final block is used, at a place after the block:
    ///
    /// - The EE refuses it there, so it cannot be used any more.
    /// - It changes nothing there, and the payload of the block has its bytes.
    /// - Otherwise, the payload of the block is another one without it. (A provider that has released the state before the
    ///   block cannot tell, and takes it for used.)
    fn is_used(
        &self,
        made: &Made,
        package: &Package,
        (before, idle, limits): (&Before, Option<&[u8]>, PayloadLimits),
    ) -> Result<bool, ProviderError> {
        let alone = self.payload_of(before, std::slice::from_ref(package), limits)?;
        let Some(alone) = alone else { return Ok(true) };
        if made.is_verbatim && idle == Some(&*alone) {
            return Ok(true);
        }
        let others: Vec<_> =
            made.packages.iter().filter(|other| other.number != package.number).cloned().collect();
        let compare = || {
            let with = self.payload_of(&made.before, &made.packages, limits)?;
            Ok(with != self.payload_of(&made.before, &others, limits)?)
        };
        match compare() {
            Err(ProviderError::UnknownRoot { .. }) => Ok(true),
            result => result,
        }
    }
}

/// A search for packages without which a payload is the same.
struct Trial<'p> {
    before: &'p Before,
    limits: PayloadLimits,
    payload: &'p [u8],
    /// The packages that have not been left out.
    needed: Vec<Package>,
    n_runs: usize,
}

/// Returns the payload in block data.
fn payload(built: &BuiltBlock) -> Result<&[u8], ProviderError> {
    Ok(Frame::parse(built.block_data()).map_err(ProviderError::Yielded)?.payload)
}

/// Returns the packages of which a payload does not have the bytes, one after the other.
fn missing(mut payload: &[u8], packages: &[Package]) -> Vec<PackageNumber> {
    let mut missing = Vec::new();
    for Package { number, bytes } in packages {
        match memmem::find(payload, bytes) {
            Some(at) => payload = payload.get(at.saturating_add(bytes.len())..).unwrap_or_default(),
            None => missing.push(*number),
        }
    }
    missing
}
