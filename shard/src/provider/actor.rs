//! A state provider that takes part in a chain: users give it packages, proposers take its payloads, and it follows the
//! state of its EE on its shard, on every branch since finality.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use outrider_beacon::ledger::{EeIndex, EePayload, ShardPlace};
use outrider_beacon_spec::types::Shard;
use outrider_host::{Context, ExecutionError, ExecutionErrorKind, StateRoot};
use outrider_witness::store::Store;

use super::{BuiltBlock, Previous, Provider, ProviderError, Surroundings};
use crate::executor::{context, reads};

/// The most packages that wait.
pub const INBOX_PACKAGES_MAX: usize = 4096;
/// The most bytes of packages that wait.
pub const INBOX_BYTES_MAX: usize = 64 << 20;

/// The packages that a provider drops before it makes do with fewer packages.
const DROPS_MAX: usize = 32;

/// A state provider of one EE on one shard, with an inbox of packages.
///
/// It understands no package: it offers as many as its EE accepts in the order of their arrival, and drops those that
/// the EE refuses.
pub struct ProviderActor<S> {
    provider: Provider<S>,
    ee: EeIndex,
    shard: Shard,
    /// Packages that precede those of users in each payload.
    preamble: Vec<Arc<[u8]>>,
    inbox: Vec<Package>,
    inbox_bytes: usize,
    n_submitted: u64,
    /// The roots of states that the store keeps, except for the empty one.
    kept: BTreeSet<StateRoot>,
}

/// The number of a package, in the order of arrival.
pub type PackageNumber = u64;

/// A package that waits.
#[derive(Clone, Debug)]
struct Package {
    number: PackageNumber,
    bytes: Arc<[u8]>,
}

/// A payload that a provider offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The payload.
    pub payload: EePayload,
    /// The packages in it. They stay in the inbox until [`ProviderActor::follow`] sees the payload in a block.
    pub packages: Vec<PackageNumber>,
}

/// The result of making an offer.
#[derive(Debug, Default)]
pub struct OfferOutcome {
    /// The offer; there is none if no package is left.
    pub offer: Option<Offer>,
    /// The packages that were dropped, each with the EE's reason.
    pub dropped: Vec<(PackageNumber, Dropped)>,
}

/// The reason for which a provider drops a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Dropped {
    /// The EE refuses it, after the packages before it.
    #[error("the EE refuses it")]
    Refused(#[source] ExecutionError),
    /// Alone, it needs more bytes or fuel than a payload may have.
    #[error("alone, it is beyond the limits of a payload")]
    TooLarge,
}

/// The inbox has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the provider's inbox has no room for {bytes} bytes: it holds {packages} packages with {held} bytes, and at most \
     {INBOX_PACKAGES_MAX} with {INBOX_BYTES_MAX}; try again after the next block"
)]
pub struct InboxFull {
    /// The bytes of the package.
    pub bytes: usize,
    /// The packages that wait.
    pub packages: usize,
    /// The bytes of those.
    pub held: usize,
}

/// The limits of a payload.
#[derive(Clone, Copy, Debug)]
pub struct PayloadLimits {
    /// Bytes of block data; a body has room for 2^20 in all.
    pub bytes_max: usize,
    /// Fuel of an execution.
    pub fuel_max: u64,
}

/// The result of building a payload from some packages.
enum Attempt {
    Fits(Box<BuiltBlock>),
    TooLarge,
    Refused(ExecutionError),
}

impl<S: Store + Send + Sync + 'static> ProviderActor<S> {
    /// Makes a provider of an EE on a shard from one whose store keeps these states.
    #[must_use]
    pub fn new(
        provider: Provider<S>,
        ee: EeIndex,
        shard: Shard,
        kept: impl IntoIterator<Item = StateRoot>,
    ) -> Self {
        let empty = provider.empty_root();
        let kept = kept.into_iter().filter(|root| *root != empty).collect();
        let (preamble, inbox) = (Vec::new(), Vec::new());
        Self { provider, ee, shard, preamble, inbox, inbox_bytes: 0, n_submitted: 0, kept }
    }

    /// Sets packages that precede those of users in each payload, such as one that says who receives the fees in the EE.
    #[must_use]
    pub fn with_preamble(mut self, packages: impl IntoIterator<Item = Arc<[u8]>>) -> Self {
        self.preamble = packages.into_iter().collect();
        self
    }

    /// Returns the provider.
    #[must_use]
    pub fn provider(&self) -> &Provider<S> {
        &self.provider
    }

    /// Returns the EE and the shard.
    #[must_use]
    pub fn place(&self) -> (EeIndex, Shard) {
        (self.ee, self.shard)
    }

    /// Returns whether the store keeps the state with a root.
    #[must_use]
    pub fn has(&self, root: StateRoot) -> bool {
        root == self.provider.empty_root() || self.kept.contains(&root)
    }

    /// Returns the number of packages that wait.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.inbox.len()
    }

    /// Puts a user's package into the inbox; returns its number.
    ///
    /// # Errors
    ///
    /// Fails if the inbox is full.
    pub fn submit(&mut self, package: impl Into<Arc<[u8]>>) -> Result<PackageNumber, InboxFull> {
        let bytes: Arc<[u8]> = package.into();
        let held = self.inbox_bytes.saturating_add(bytes.len());
        if self.inbox.len() >= INBOX_PACKAGES_MAX || held > INBOX_BYTES_MAX {
            let (packages, held) = (self.inbox.len(), self.inbox_bytes);
            return Err(InboxFull { bytes: bytes.len(), packages, held });
        }
        let number = self.n_submitted;
        self.n_submitted = number.saturating_add(1);
        self.inbox_bytes = held;
        self.inbox.push(Package { number, bytes });
        Ok(number)
    }

    /// Makes a payload at a place from as many packages as the EE accepts and a block can hold, the earliest first. It
    /// is built anew for each place, so its witness is never stale.
    ///
    /// A package that the EE refuses by itself leaves the inbox. To find it among n, the provider executes the EE about
    /// log2(n) times, with the fuel of a payload. A package that is refused only after those before it waits for a later
    /// block, as do the rest once many were dropped.
    ///
    /// # Errors
    ///
    /// Fails with [`ProviderError::UnknownRoot`] if the provider does not have the EE's state at the place, and if the
    /// store or the EE's provider mode fails.
    pub fn offer(
        &mut self,
        place: &ShardPlace,
        limits: PayloadLimits,
    ) -> Result<OfferOutcome, ProviderError> {
        let mut outcome = OfferOutcome::default();
        let mut n = self.inbox.len();
        while n > 0 {
            match self.attempt(place, 0..n, limits)? {
                Attempt::Fits(built) => {
                    let packages = self.inbox.iter().take(n).map(|package| package.number).collect();
                    outcome.offer = Some(Offer { payload: payload(self.ee, &built)?, packages });
                    break;
                }
                Attempt::TooLarge if n == 1 => {
                    outcome.dropped.push((self.drop(0), Dropped::TooLarge));
                    n = self.inbox.len();
                }
                // A provider that has had to drop so many packages serves those that it has.
                Attempt::Refused(_) if n > 1 && outcome.dropped.len() >= DROPS_MAX => n /= 2,
                Attempt::TooLarge => n = n.div_ceil(2),
                Attempt::Refused(_) => {
                    let first = self.first_refused(place, n, limits)?;
                    match self.attempt(place, first..first.saturating_add(1), limits)? {
                        Attempt::Refused(error) => {
                            outcome.dropped.push((self.drop(first), Dropped::Refused(error)));
                            n = n.saturating_sub(1);
                        }
                        Attempt::TooLarge => {
                            outcome.dropped.push((self.drop(first), Dropped::TooLarge));
                            n = n.saturating_sub(1);
                        }
                        // It is good by itself, so it waits for a later block.
                        Attempt::Fits(_) => n = first,
                    }
                }
            }
        }
        Ok(outcome)
    }

    /// Follows a block: executes a payload of this EE on the state before it, keeps the new state, and takes the
    /// packages of an offer with the same payload out of the inbox. Returns the new root.
    ///
    /// The place must be that of the block, as [`LedgerNode::shard_place`] returns it.
    ///
    /// # Errors
    ///
    /// Fails as [`Provider::build`] does.
    ///
    /// [`LedgerNode::shard_place`]: outrider_beacon::ledger::LedgerNode::shard_place
    pub fn follow(
        &mut self,
        place: &ShardPlace,
        payload: &EePayload,
        offer: Option<&Offer>,
    ) -> Result<StateRoot, ProviderError> {
        let (pre, context) = self.before(place)?;
        let surroundings = Surroundings { reads: reads(payload), ..context.into() };
        let built = self.provider.refresh(&payload.block_data, pre, surroundings)?;
        let post = built.post_state_root();
        if !self.has(post) {
            self.provider.apply(&[built], Previous::Keep)?;
            self.kept.insert(post);
        }
        if let Some(offer) = offer.filter(|offer| offer.payload == *payload) {
            self.forget(&offer.packages);
        }
        Ok(post)
    }

    /// Takes packages out of the inbox.
    pub fn forget(&mut self, packages: &[PackageNumber]) {
        self.inbox.retain(|package| !packages.contains(&package.number));
        self.inbox_bytes = self.inbox.iter().map(|package| package.bytes.len()).sum();
    }

    /// Releases all states but those with the given roots, such as those that blocks since finality can build on.
    ///
    /// # Errors
    ///
    /// Fails if the store fails.
    pub fn release_all_but(&mut self, needed: &BTreeSet<StateRoot>) -> Result<(), ProviderError> {
        let unneeded: Vec<_> = self.kept.difference(needed).copied().collect();
        for root in unneeded {
            self.provider.release(root)?;
            self.kept.remove(&root);
        }
        Ok(())
    }

    /// Returns the root of the EE's state before a block at a place, and its context there.
    fn before(&self, place: &ShardPlace) -> Result<(StateRoot, Context), ProviderError> {
        let (got, expected) = (place.shard, self.shard);
        let shard = usize::try_from(got).ok().filter(|_| got == expected);
        let state = shard.and_then(|shard| place.view.shards().get(shard)?.ees().get(self.ee as usize));
        let state = state.ok_or(ProviderError::OtherShard { got, expected })?;
        Ok((StateRoot(state.state_root.0), context(place, self.ee, state.balance)))
    }

    /// Builds a payload from some packages.
    fn attempt(
        &self,
        place: &ShardPlace,
        packages: Range<usize>,
        limits: PayloadLimits,
    ) -> Result<Attempt, ProviderError> {
        let users = self.inbox.get(packages).unwrap_or_default().iter().map(|package| &package.bytes);
        let packages: Vec<&[u8]> = self.preamble.iter().chain(users).map(|package| &**package).collect();
        let (root, context) = self.before(place)?;
        match self.provider.clone().with_fuel_max(limits.fuel_max).build(root, &packages, context) {
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

    /// Returns the first package that the EE refuses after those before it, given that it refuses the first `n` together.
    fn first_refused(
        &self,
        place: &ShardPlace,
        n: usize,
        limits: PayloadLimits,
    ) -> Result<usize, ProviderError> {
        let (mut accepted, mut refused) = (0, n);
        while refused.saturating_sub(accepted) > 1 {
            let middle = accepted.midpoint(refused);
            match self.attempt(place, 0..middle, limits)? {
                Attempt::Refused(_) => refused = middle,
                Attempt::Fits(_) | Attempt::TooLarge => accepted = middle,
            }
        }
        Ok(refused.saturating_sub(1))
    }

    /// Takes a package out of the inbox; returns its number.
    fn drop(&mut self, index: usize) -> PackageNumber {
        let package = self.inbox.remove(index);
        self.inbox_bytes = self.inbox_bytes.saturating_sub(package.bytes.len());
        package.number
    }
}

/// Returns the payload with a built block's data.
fn payload(ee: EeIndex, built: &BuiltBlock) -> Result<EePayload, ProviderError> {
    let got = built.block_data().len();
    let block_data = built.block_data().to_vec().try_into().or(Err(ProviderError::PayloadBytes { got }))?;
    Ok(EePayload { ee, block_data, ..EePayload::default() })
}
