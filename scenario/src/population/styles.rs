//! Users of the EE `styles`, which begins empty: the [laboratory](crate::laboratory) makes units and goods in the first slot.

use std::sync::Arc;

use outrider_beacon_spec::types::{Gwei, Shard};
use outrider_host::{Ee, StateRoot};
use outrider_sdk::styles::htlc::UserId;
use outrider_shard::{Provider, provider::ProviderActor};
use outrider_witness::store::MemoryStore;

use super::{Failure, Origin, Payment, Population, seed};
use crate::file::StyleKind;

/// Users of the EE `styles`.
pub(super) struct StylesUsers {
    ee: Ee,
    origin: Origin,
    empty_root: StateRoot,
}

/// The buyers with units on each shard, for swaps.
pub(crate) const MERCHANT: UserId = UserId([0xfe; 32]);

/// Returns the identity of a user. That of nobody is zero.
pub(crate) fn user(number: u64) -> UserId {
    UserId(seed(number.saturating_add(1)))
}

impl StylesUsers {
    pub(super) fn new(ee: Ee, origin: Origin) -> Result<Self, Failure> {
        let provider = Provider::open(ee.clone(), Arc::new(MemoryStore::new()))?;
        Ok(Self { empty_root: provider.empty_root(), ee, origin })
    }
}

impl Population for StylesUsers {
    fn genesis_root(&self) -> StateRoot {
        self.empty_root
    }

    fn provider(&self, shard: Shard) -> Result<ProviderActor<MemoryStore>, Failure> {
        let provider = Provider::open(self.ee.clone(), Arc::new(MemoryStore::new()))?;
        let actor = ProviderActor::new(provider, self.origin.ee, shard, []);
        Ok(match self.origin.style {
            Some(StyleKind::Finalized) => actor.with_finalized_receipts(),
            Some(StyleKind::TransferObjects | StyleKind::Capabilities) => {
                actor.with_reads(0..self.origin.n_shards)
            }
            _ => actor,
        })
    }

    fn package(&self, _: &Payment) -> Result<Vec<u8>, Failure> {
        Err("users of this EE buy goods, and pay no users".into())
    }

    /// Returns 0: units are no ether.
    fn ether(&self, _: &ProviderActor<MemoryStore>, _: StateRoot) -> Result<Gwei, Failure> {
        Ok(0)
    }
}
