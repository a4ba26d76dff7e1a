//! The payloads that a provider offers to proposers.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use outrider_beacon::ledger::{EeIndex, EePayload, ShardPlace};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Gwei, Shard, Slot},
};
use outrider_host::{Fault, ReceiptKind, ReceivedReceipt, chain};
use outrider_witness::store::Store;

use super::{
    BuiltBlock, ProviderActor, ProviderError,
    fit::Refusal,
    inbox::{Package, PackageNumber},
    trial::{Attempt, Before},
};

/// The packages that a provider sets aside before it makes do with fewer packages.
const REFUSALS_MAX: usize = 32;
/// The attempts to make an offer larger that fits, if there are more packages.
const GROWTHS_MAX: u32 = 4;
/// The receipts that a provider sets aside before it offers none.
const RECEIPT_REFUSALS_MAX: usize = 8;

/// The slots after which a provider forgets that a receipt was refused, which is settled by then.
const REFUSED_SLOTS: Slot = 256;

/// A payload that a provider offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The payload.
    pub payload: EePayload,
    /// The packages in it.
    pub packages: Vec<PackageNumber>,
    /// The receipts that the EE takes with it, by source shard and number.
    pub receipts: Vec<(Shard, u64)>,
}

/// The result of making an offer.
#[derive(Debug, Default)]
pub struct OfferOutcome {
    /// The offer; there is none if no package can be used.
    pub offer: Option<Offer>,
    /// An offer without receipts, if the first one has receipts. Proposers choose: the receipts may not pay for themselves, or
    /// keep out packages that pay better. With the same pay, the first offer is better.
    pub alternative: Option<Offer>,
    /// The packages that left the inbox since the last offer, because final blocks have used them.
    pub used: Vec<PackageNumber>,
    /// The packages that left the inbox since the last offer, because they were given up.
    pub dropped: Vec<(PackageNumber, Dropped)>,
    /// The packages that the EE refuses for now, each with its reason. They wait.
    pub refused: Vec<(PackageNumber, String)>,
    /// The packages that the EE has left out for now, without a reason. They wait.
    pub left_out: Vec<PackageNumber>,
}

impl OfferOutcome {
    /// Returns whether a package was refused or dropped.
    fn is_bad(&self, number: PackageNumber) -> bool {
        let is_refused = self.refused.iter().any(|(refused, _)| *refused == number);
        is_refused || self.dropped.iter().any(|(dropped, _)| *dropped == number)
    }

    /// Returns the number of packages that were refused or dropped.
    fn n_bad(&self) -> usize {
        self.refused.len().saturating_add(self.dropped.len())
    }
}

/// The reason for which a provider drops a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Dropped {
    /// The EE or the chain refuses it, and has not accepted it for so long that it made room.
    #[error("it is refused, and no block has it")]
    Refused(#[source] Box<Refusal>),
    /// The EE leaves it out, or the blocks of other providers have used it.
    #[error("the EE leaves it out, and no block has it")]
    NotTaken,
    /// Alone, it needs more bytes or fuel than a payload may have.
    #[error("alone, it is beyond the limits of a payload")]
    TooLarge,
}

/// The limits of a payload.
#[derive(Clone, Copy, Debug)]
pub struct PayloadLimits {
    /// Bytes of block data; a body has room for 2^20 in all.
    pub bytes_max: usize,
    /// Fuel of an execution.
    pub fuel_max: u64,
    /// The smallest deposit of an EE, in Gwei.
    pub deposit_amount_min: Gwei,
    /// The most messages in flight on a lane, [`Settings::window`](outrider_beacon::ledger::Settings::window).
    pub window: u64,
}

impl<S: Store + Send + Sync + 'static> ProviderActor<S> {
    /// Makes a payload at a place from as many packages as the EE accepts and a block can hold, the earliest first. It
    /// is built anew for each place, so its witness is never stale.
    ///
    /// The EE takes as many of the receipts that wait for it as fit, the earliest first. One that it refuses by itself is left out,
    /// and tried again later; nobody settles it until it expires. If some packages are not in the offer because of the receipts,
    /// the first of the two offers is the one with receipts in even slots, and the one with those packages in odd slots.
    ///
    /// A package that the EE refuses by itself is set aside. To find it among n, the provider executes the EE about
    /// log2(n) times. A package that is refused only after those before it waits for a later block, as do the rest once many
    /// were refused. The searches for receipts, for packages with receipts and for packages without them each end when they have
    /// spent the fuel of some executions; what they have found by then is the offer, and the next one goes on from there.
    ///
    /// # Errors
    ///
    /// Fails with [`ProviderError::UnknownRoot`] if the provider does not have the EE's state at the place, and if the
    /// store or the EE's provider mode fails.
    pub fn offer(
        &mut self,
        place: &ShardPlace,
        receipts: &[ReceivedReceipt],
        limits: PayloadLimits,
    ) -> Result<OfferOutcome, ProviderError> {
        let idle = self.before(place)?;
        let execution_root = self.execution_root(place)?;
        let in_blocks = self.branches.packages();
        self.inbox.advance(place.slot, |number| in_blocks.contains(&number));
        let mut outcome = OfferOutcome::default();
        if self.branches.is_after_final(execution_root) {
            outcome.used = self.settle(&idle, limits)?;
        }
        let on_branch = self.branches.packages_up_to(execution_root);
        let due = self.inbox.due(place.slot).filter(|package| !on_branch.contains(&package.number));
        let mut packages: Vec<_> = due.collect();
        let receipts = self.offered_receipts(place, receipts);
        let receipts = self.takeable(&idle, place, &receipts, limits)?;
        let mut offers = Vec::new();
        if !receipts.is_empty() {
            let before = Before { receipts, ..idle.clone() };
            let mut packages = packages.clone();
            let mut built = self.fill(&before, place, &mut packages, limits, &mut outcome)?;
            if built.is_none() {
                packages.clear();
                built = self.fits(place, &before, &[], limits)?;
            }
            offers.extend(self.offer_of(&before, &packages, built, limits, &mut outcome)?);
        }
        packages.retain(|package| !outcome.is_bad(package.number));
        let built = self.fill(&idle, place, &mut packages, limits, &mut outcome)?;
        let without = self.offer_of(&idle, &packages, built, limits, &mut outcome)?;
        let in_first = |number| offers.iter().any(|first: &Offer| first.packages.contains(number));
        let keeps_out = without.iter().any(|offer| !offer.packages.iter().all(in_first));
        offers.extend(without);
        if keeps_out && place.slot % 2 == 1 {
            offers.reverse();
        }
        self.note(&offers, &mut outcome, place.slot);
        let mut offers = offers.into_iter();
        (outcome.offer, outcome.alternative) = (offers.next(), offers.next());
        outcome.dropped.extend(self.inbox.take_dropped());
        Ok(outcome)
    }

    /// Sets the packages aside that the EE has left out of all offers.
    fn note(&mut self, offers: &[Offer], outcome: &mut OfferOutcome, slot: Slot) {
        let offered: BTreeSet<_> = offers.iter().flat_map(|offer| &offer.packages).collect();
        outcome.left_out.sort_unstable();
        outcome.left_out.dedup();
        outcome.left_out.retain(|number| !offered.contains(number));
        outcome.left_out.iter().for_each(|number| self.inbox.leave_out(*number, slot));
        offered.into_iter().for_each(|number| self.inbox.accept(*number));
    }

    /// Builds a payload from the earliest of some packages, and takes the others away from them.
    fn fill(
        &mut self,
        before: &Before,
        place: &ShardPlace,
        packages: &mut Vec<Package>,
        limits: PayloadLimits,
        outcome: &mut OfferOutcome,
    ) -> Result<Option<Box<BuiltBlock>>, ProviderError> {
        self.start_search();
        let first = packages.len().min(self.first_attempt_max);
        let mut n = first;
        // The largest offer that fits, and the smallest one that is too large.
        let (mut best, mut too_large) = (None::<(usize, Box<BuiltBlock>)>, None);
        let mut n_grown = 0;
        while n > best.as_ref().map_or(0, |(n, _)| *n) && !self.is_spent(limits) {
            let first_n = packages.get(..n).unwrap_or_default();
            match self.attempt_at(place, before, first_n, limits)? {
                Attempt::Fits(built) => {
                    best = Some((n, built));
                    if n_grown == GROWTHS_MAX {
                        break;
                    }
                    n_grown += 1;
                    n = too_large.map_or(n.saturating_mul(2), |above| n.midpoint(above)).min(packages.len());
                }
                Attempt::Refused(_) if best.is_some() => break,
                Attempt::TooLarge if n > 1 => {
                    too_large = Some(n);
                    n = best.as_ref().map_or(n.div_ceil(2), |(fits, _)| fits.midpoint(n));
                }
                // It may be too large only with the receipts.
                Attempt::TooLarge if !before.receipts.is_empty() => break,
                _ if outcome.n_bad() >= 2 * REFUSALS_MAX => break,
                Attempt::TooLarge => {
                    self.drop_too_large(packages.remove(0), outcome);
                    // More of them may be too large.
                    (n, too_large) = (packages.len().min(1), None);
                }
                // A provider that has had to refuse so many packages serves those that it has.
                Attempt::Refused(_) if n > 1 && outcome.n_bad() >= REFUSALS_MAX => n /= 2,
                Attempt::Refused(_) => {
                    let first = self.first_refused(place, before, first_n, limits)?;
                    let alone = first_n.get(first..=first).unwrap_or_default();
                    let without_receipts = Before { receipts: Arc::default(), ..before.clone() };
                    match self.attempt_at(place, &without_receipts, alone, limits)? {
                        Attempt::Refused(error) => {
                            let number = packages.remove(first).number;
                            outcome.refused.push((number, chain(&error)));
                            match error {
                                Refusal::Chain(unfit) if unfit.is_want_of_room() => {
                                    self.inbox.put_off(number, place.slot);
                                }
                                error => self.inbox.refuse(number, place.slot, error),
                            }
                            n = n.saturating_sub(1);
                        }
                        Attempt::TooLarge => {
                            self.drop_too_large(packages.remove(first), outcome);
                            n = n.saturating_sub(1);
                        }
                        // It is good by itself, so it waits for a later block.
                        Attempt::Fits(_) => n = first,
                    }
                }
            }
        }
        let (fits, built) = best.unzip();
        self.first_attempt_max = match fits {
            _ if self.is_spent(limits) => fits.unwrap_or(n).max(1),
            // The next one may be larger.
            Some(_) => self.first_attempt_max.saturating_mul(2),
            None => self.first_attempt_max,
        };
        packages.truncate(fits.unwrap_or_default());
        Ok(built)
    }

    /// Builds a payload, if the EE makes one within the limits.
    fn fits(
        &self,
        place: &ShardPlace,
        before: &Before,
        packages: &[Package],
        limits: PayloadLimits,
    ) -> Result<Option<Box<BuiltBlock>>, ProviderError> {
        match self.attempt_at(place, before, packages, limits) {
            Ok(Attempt::Fits(built)) => Ok(Some(built)),
            Ok(Attempt::TooLarge | Attempt::Refused(_)) => Ok(None),
            // No EE has to be able to make a payload of nothing.
            Err(error) if error.fault() == Fault::Guest => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the receipts that the provider offers at a place: all of them, or those that are final, and what returns or comes
    /// from the beacon chain.
    fn offered_receipts<'r>(
        &self,
        place: &ShardPlace,
        receipts: &'r [ReceivedReceipt],
    ) -> Cow<'r, [ReceivedReceipt]> {
        if !self.finalized_receipts {
            return Cow::Borrowed(receipts);
        }
        let is_offered = |receipt: &&ReceivedReceipt| {
            receipt.kind != ReceiptKind::Message || receipt.slot.0 <= place.finalized_slot
        };
        receipts.iter().filter(is_offered).cloned().collect()
    }

    /// Returns the receipts that the EE takes by themselves, the earliest first, without those that it has refused lately.
    fn takeable(
        &mut self,
        idle: &Before,
        place: &ShardPlace,
        receipts: &[ReceivedReceipt],
        limits: PayloadLimits,
    ) -> Result<Arc<[ReceivedReceipt]>, ProviderError> {
        let slot = place.slot;
        let key = |receipt: &ReceivedReceipt| (receipt.source_shard.0, receipt.sequence);
        self.refused_receipts.retain(|_, (_, due)| due.saturating_add(REFUSED_SLOTS) > slot);
        let refused = &self.refused_receipts;
        let is_due =
            |receipt: &&ReceivedReceipt| refused.get(&key(receipt)).is_none_or(|(_, due)| *due <= slot);
        let mut due: Vec<_> = receipts.iter().filter(is_due).cloned().collect();
        // Those that were refused before come last, so that they keep out no others.
        due.sort_by_key(|receipt| refused.contains_key(&key(receipt)));
        if due.is_empty() || self.fits(place, idle, &[], limits)?.is_none() {
            // An EE that makes no payload of nothing takes them with packages, or not at all.
            due.sort_by_key(key);
            return Ok(due.into());
        }
        let with = |receipts: &[ReceivedReceipt]| Before { receipts: receipts.into(), ..idle.clone() };
        self.start_search();
        let first = due.len().min(self.first_receipts_max);
        let mut n = first;
        let mut n_refused = 0_usize;
        while n > 0 && n_refused < RECEIPT_REFUSALS_MAX && !self.is_spent(limits) {
            let first_n = due.get(..n).unwrap_or_default();
            match self.attempt_at(place, &with(first_n), &[], limits)? {
                Attempt::Fits(_) => {
                    // The next search tries more.
                    self.first_receipts_max = if n == first {
                        self.first_receipts_max.saturating_mul(2)
                    } else {
                        n.saturating_add(n.div_ceil(2))
                    };
                    due.truncate(n);
                    due.sort_by_key(key);
                    return Ok(due.into());
                }
                Attempt::Refused(_) | Attempt::TooLarge if n == 1 => {
                    self.refuse_receipt(key(&due.remove(0)), slot);
                    (n, n_refused) = (due.len().min(RECEIPT_REFUSALS_MAX), n_refused.saturating_add(1));
                }
                // The first half may be good; if it is not, it gets smaller until one receipt is found that is not.
                Attempt::TooLarge | Attempt::Refused(_) => n = n.div_ceil(2),
            }
        }
        // The next search goes on from there.
        self.first_receipts_max = n.max(1);
        Ok(Arc::default())
    }

    /// Returns whether the provider leaves a receipt out in a slot, by source and number, because its EE has refused it. Others
    /// come first in three of four slots, however much room it would take.
    #[must_use]
    pub fn leaves_out(&self, receipt: (Shard, u64), slot: Slot) -> bool {
        self.refused_receipts.get(&receipt).is_some_and(|(_, due)| *due > slot || !slot.is_multiple_of(4))
    }

    fn refuse_receipt(&mut self, at: (Shard, u64), slot: Slot) {
        let n_failures = self.refused_receipts.get(&at).map_or(0, |(n, _)| *n);
        let slots = 1_u64.checked_shl(n_failures).unwrap_or(Slot::MAX);
        self.refused_receipts.insert(at, (n_failures.saturating_add(1), slot.saturating_add(slots)));
    }

    fn drop_too_large(&mut self, package: Package, outcome: &mut OfferOutcome) {
        self.inbox.remove(package.number);
        outcome.dropped.push((package.number, Dropped::TooLarge));
    }

    /// Returns the offer of a payload that was built from packages, and notes those that the EE has left out. If it has left
    /// out all and takes no receipts, there is no offer.
    fn offer_of(
        &mut self,
        before: &Before,
        packages: &[Package],
        built: Option<Box<BuiltBlock>>,
        limits: PayloadLimits,
        outcome: &mut OfferOutcome,
    ) -> Result<Option<Offer>, ProviderError> {
        let Some(built) = built else { return Ok(None) };
        let made = self.made(before, packages, &built, limits)?;
        let needed: BTreeSet<_> = made.packages.iter().map(|package| package.number).collect();
        let numbers = packages.iter().map(|package| package.number);
        outcome.left_out.extend(numbers.filter(|number| !needed.contains(number)));
        if needed.is_empty() && before.receipts.is_empty() {
            return Ok(None);
        }
        let payload = payload(self.ee, before, &built)?;
        self.branches.offered(hash_tree_root(&payload), made);
        let receipts = before.receipts.iter().map(|receipt| (receipt.source_shard.0, receipt.sequence));
        let (packages, receipts) = (needed.into_iter().collect(), receipts.collect());
        Ok(Some(Offer { payload, packages, receipts }))
    }
}

/// Returns the payload with a built block's data and what it reads.
fn payload(ee: EeIndex, before: &Before, built: &BuiltBlock) -> Result<EePayload, ProviderError> {
    let got = built.block_data().len();
    let block_data = built.block_data().to_vec().try_into().or(Err(ProviderError::PayloadBytes { got }))?;
    // They are fewer than the shards of a ledger, of which there are at most 64.
    let reads = before.reads.to_vec().try_into().or(Err(ProviderError::PayloadBytes { got }))?;
    Ok(EePayload { ee, reads, block_data })
}
