//! Trials: a provider does not understand its EE, and finds out by running it which packages the EE refuses, which it leaves
//! out, and which ones final blocks have used.
//!
//! An EE may leave packages out of its payload without a word. It says which by the payload: without packages that it has
//! left out, the payload is the same. Packages whose bytes the payload does not have are tried first.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use memchr::memmem;
use outrider_beacon::ledger::{RootRead, ShardPlace};
use outrider_host::{Context, ExecutionErrorKind, Fault, ReceivedReceipt, StateRoot};
use outrider_witness::store::Store;

use super::{
    BuiltBlock, PayloadLimits, ProviderActor, ProviderError, Surroundings,
    branches::{Made, Unsettled},
    fit::{self, Refusal},
    inbox::{Package, PackageNumber},
};
use crate::{executor::host_read, frame::Frame};

/// The full executions whose fuel a search may spend, about, so that packages that waste it delay a provider by a second or two.
const SEARCH_EXECUTIONS: u64 = 16;
/// The most runs to find packages that were left out of an offer, if the payload does not have the bytes of all others.
const LEFT_OUT_RUNS_MAX: usize = 16;
/// The packages of final blocks after which the check goes on at the next offer.
const SETTLED_MAX: usize = 512;
/// The packages of final blocks that are checked by building the block's payload without them, before the check goes on at
/// the next offer.
const COMPARED_MAX: usize = 16;

/// The state before a block, the context of the execution, and the roots and receipts that the EE is shown.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) root: StateRoot,
    pub(super) context: Context,
    /// The roots of other shards that the payload reads.
    pub(super) reads: Arc<[RootRead]>,
    pub(super) receipts: Arc<[ReceivedReceipt]>,
}

/// The result of building a payload from some packages.
pub(super) enum Attempt {
    Fits(Box<BuiltBlock>),
    TooLarge,
    Refused(Refusal),
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
        let reads = before.reads.iter().map(host_read).collect();
        let surroundings = Surroundings { context: before.context, reads, receipts };
        let result = provider.build(before.root, &packages, surroundings);
        let fuel_used = match &result {
            Ok(built) => built.provider_fuel_used().saturating_add(built.output().fuel_used),
            Err(ProviderError::Refused(error) | ProviderError::Witness(error)) => error.fuel_used,
            Err(_) => 0,
        };
        self.fuel_spent.fetch_add(fuel_used, Ordering::Relaxed);
        match result {
            Ok(built) if built.block_data().len() > limits.bytes_max => Ok(Attempt::TooLarge),
            Ok(built) => Ok(Attempt::Fits(Box::new(built))),
            Err(ProviderError::Refused(error) | ProviderError::Witness(error))
                if error.fault().is_verdict() =>
            {
                let is_dear = matches!(error.kind, ExecutionErrorKind::OutOfFuel { .. });
                Ok(if is_dear { Attempt::TooLarge } else { Attempt::Refused(error.into()) })
            }
            Err(error) => Err(error),
        }
    }

    /// Starts a search, which may spend the fuel of [`SEARCH_EXECUTIONS`] executions.
    pub(super) fn start_search(&self) {
        self.fuel_spent.store(0, Ordering::Relaxed);
    }

    /// Returns whether a search has spent its fuel. It then makes do with what it has found.
    pub(super) fn is_spent(&self, limits: PayloadLimits) -> bool {
        let fuel = limits.fuel_max.saturating_mul(SEARCH_EXECUTIONS);
        self.fuel_spent.load(Ordering::Relaxed) >= fuel
    }

    /// Builds a payload as [`attempt`](Self::attempt) does, which a block at a place can have.
    pub(super) fn attempt_at(
        &self,
        place: &ShardPlace,
        before: &Before,
        packages: &[Package],
        limits: PayloadLimits,
    ) -> Result<Attempt, ProviderError> {
        let attempt = self.attempt(before, packages, limits)?;
        if let Attempt::Fits(built) = &attempt {
            let of = (self.ee, before.context.balance);
            if let Err(unfit) = fit::check(place, of, limits, &before.receipts, built.output()) {
                return Ok(Attempt::Refused(unfit.into()));
            }
        }
        Ok(attempt)
    }

    /// Returns the index of the first package that the EE refuses after those before it, given that it refuses all together; or
    /// of a later one, if the search has spent its fuel.
    pub(super) fn first_refused(
        &self,
        place: &ShardPlace,
        before: &Before,
        packages: &[Package],
        limits: PayloadLimits,
    ) -> Result<usize, ProviderError> {
        let (mut accepted, mut refused) = (0, packages.len());
        while refused.saturating_sub(accepted) > 1 && !self.is_spent(limits) {
            let middle = accepted.midpoint(refused);
            match self.attempt_at(place, before, packages.get(..middle).unwrap_or_default(), limits)? {
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
        match missing.last() {
            // The bytes say nothing. An EE without room leaves out the last one first.
            Some(last) if missing.len() == packages.len() => {
                self.leave_out(&mut trial, std::slice::from_ref(last))?;
                let is_left_out = trial.needed.len() < packages.len();
                if is_left_out {
                    self.leave_out(&mut trial, &missing)?;
                }
            }
            _ => self.leave_out(&mut trial, &missing)?,
        }
        let needed: BTreeSet<_> = trial.needed.iter().map(|package| package.number).collect();
        let mut recoded: BTreeSet<_> = missing.into_iter().filter(|number| needed.contains(number)).collect();
        let is_recoded = |package: &&Package| recoded.contains(&package.number);
        let (of_recoded, others): (Vec<_>, Vec<_>) = trial.needed.iter().partition(is_recoded);
        // Their bytes may have been found in another package, such as a transaction with a transaction as its data.
        let is_part = |package: &&&Package| of_recoded.iter().any(|whole| contains(whole, package));
        recoded.extend(others.iter().filter(is_part).map(|package| package.number));
        Ok(Made { before: before.clone(), packages: trial.needed, recoded })
    }

    /// Leaves those of some packages out of a trial without which the payload is the same.
    fn leave_out(&self, trial: &mut Trial<'_>, suspects: &[PackageNumber]) -> Result<(), ProviderError> {
        if suspects.is_empty() || trial.n_runs == 0 || self.is_spent(trial.limits) {
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
        let Some(mut unsettled) = self.branches.pop_unsettled() else { return Ok(Vec::new()) };
        let idle = self.payload_of(before, &[], limits)?;
        let mut check = Check { before, limits, idle, n_compared: 0, used: Vec::new() };
        let mut n_settled = 0;
        loop {
            let n_unchecked = unsettled.unchecked.len();
            let result = self.settle_block(&mut unsettled, &mut check);
            let is_done = unsettled.unchecked.is_empty();
            n_settled += n_unchecked.saturating_sub(unsettled.unchecked.len());
            self.branches.push_unsettled(unsettled);
            result?;
            if !is_done || n_settled >= SETTLED_MAX {
                return Ok(check.used);
            }
            let Some(next) = self.branches.pop_unsettled() else { return Ok(check.used) };
            unsettled = next;
        }
    }

    /// Checks the packages of a final block, as far as the bounds allow.
    fn settle_block(
        &mut self,
        unsettled: &mut Unsettled,
        check: &mut Check<'_>,
    ) -> Result<(), ProviderError> {
        let made = Arc::clone(&unsettled.made);
        let verbatim = |package: &&Package| !made.recoded.contains(&package.number);
        let verbatim: Vec<_> = unsettled.unchecked.iter().filter(verbatim).cloned().collect();
        // Most often, all of them are used, and an EE that leaves used packages out says so at once.
        let are_used =
            check.idle.is_some() && self.payload_of(check.before, &verbatim, check.limits)? == check.idle;
        while let Some(package) = unsettled.unchecked.front() {
            let is_used = are_used && !made.recoded.contains(&package.number)
                || match self.is_used(&made, package, check)? {
                    Some(is_used) => is_used,
                    None => return Ok(()),
                };
            if is_used {
                self.inbox.remove(package.number);
                check.used.push(package.number);
            } else {
                self.inbox.restore(package.number);
            }
            unsettled.unchecked.pop_front();
        }
        Ok(())
    }

    /// Returns whether a package of a final block is used, at a place after the block, or `None` if that has to wait:
    ///
    /// - The EE refuses it there, so it cannot be used any more.
    /// - It changes nothing there, and the payload of the block has its bytes.
    /// - Otherwise, the payload of the block is another one without it. (A provider that has released the state before the
    ///   block cannot tell, and takes it for used.)
    fn is_used(
        &self,
        made: &Made,
        package: &Package,
        check: &mut Check<'_>,
    ) -> Result<Option<bool>, ProviderError> {
        let Check { before, limits, .. } = *check;
        let alone = self.payload_of(before, std::slice::from_ref(package), limits)?;
        if alone.is_none() || alone == check.idle && !made.recoded.contains(&package.number) {
            return Ok(Some(true));
        }
        if check.n_compared >= COMPARED_MAX {
            return Ok(None);
        }
        check.n_compared += 1;
        let others: Vec<_> =
            made.packages.iter().filter(|other| other.number != package.number).cloned().collect();
        let compare = || {
            let with = self.payload_of(&made.before, &made.packages, limits)?;
            Ok(with != self.payload_of(&made.before, &others, limits)?)
        };
        match compare() {
            Err(ProviderError::UnknownRoot { .. }) => Ok(Some(true)),
            result => result.map(Some),
        }
    }
}

/// A check of final packages at a place.
struct Check<'p> {
    before: &'p Before,
    limits: PayloadLimits,
    /// The payload of no package, if the EE makes one.
    idle: Option<Vec<u8>>,
    n_compared: usize,
    used: Vec<PackageNumber>,
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

fn contains(whole: &Package, part: &Package) -> bool {
    memmem::find(&whole.bytes, &part.bytes).is_some()
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
