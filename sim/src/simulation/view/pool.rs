//! The messages of the previous slot that a beacon block may contain.

use std::collections::BTreeMap;

use ssz_types::{BitVector, typenum::U128};

use super::super::message::{FullAttestation, LightClientVote};
use outrider_beacon_spec::{
    bls::aggregate,
    error::Error,
    hash::hash_tree_root,
    preset::Preset,
    types::{BLSSignature, Root, Slot},
};

/// Attestations of the last two slots, aggregated by what they attest, and votes of the light-client committee.
///
/// Older attestations are of no use: the specification includes an attestation after the next slot only if it attests no
/// shard transition.
#[derive(Clone, Debug)]
pub(super) struct Pool<C: Preset> {
    attestations: BTreeMap<Root, FullAttestation<C>>,
    light_client_votes: BTreeMap<(Slot, Root), (BitVector<U128>, BLSSignature)>,
}

impl<C: Preset> Default for Pool<C> {
    fn default() -> Self {
        Self { attestations: BTreeMap::new(), light_client_votes: BTreeMap::new() }
    }
}

impl<C: Preset> Pool<C> {
    /// Adds an attestation to the aggregate with the same data. One that shares an attester with it changes nothing.
    pub(super) fn add_attestation(&mut self, full: &FullAttestation<C>) -> Result<(), Error> {
        let root = hash_tree_root(&full.attestation.data);
        let Some(FullAttestation { attestation: known, .. }) = self.attestations.get_mut(&root) else {
            self.attestations.insert(root, full.clone());
            return Ok(());
        };
        let bits = &full.attestation.aggregation_bits;
        if known.aggregation_bits.intersection(bits).is_zero() {
            known.aggregation_bits = known.aggregation_bits.union(bits);
            let signatures = [known.signature, full.attestation.signature];
            known.signature = aggregate(&signatures).or(Err(Error::AttestationSignature))?;
        }
        Ok(())
    }

    /// Adds a vote to the aggregate for the same block. One that shares a voter with it changes nothing.
    pub(super) fn add_light_client_vote(&mut self, vote: &LightClientVote) -> Result<(), Error> {
        let bits = &vote.aggregation_bits;
        match self.light_client_votes.get_mut(&(vote.slot, vote.beacon_block_root)) {
            None => {
                let key = (vote.slot, vote.beacon_block_root);
                self.light_client_votes.insert(key, (bits.clone(), vote.signature));
            }
            Some((known, signature)) if known.intersection(bits).is_zero() => {
                *known = known.union(bits);
                *signature = aggregate(&[*signature, vote.signature]).or(Err(Error::LightClientSignature))?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Drops everything from before the previous slot.
    pub(super) fn prune(&mut self, slot: Slot) {
        self.attestations.retain(|_, full| full.attestation.data.slot.saturating_add(1) >= slot);
        self.light_client_votes.retain(|(of, _), _| of.saturating_add(1) >= slot);
    }

    /// Returns the attestations of a slot for its block, with the shard transitions that they attest.
    pub(super) fn attestations(
        &self,
        slot: Slot,
        beacon_block_root: Root,
    ) -> impl Iterator<Item = &FullAttestation<C>> {
        self.attestations.values().filter(move |full| {
            let data = &full.attestation.data;
            data.slot == slot && data.beacon_block_root == beacon_block_root
        })
    }

    /// Returns the bits and the signature of a slot's votes for its block.
    pub(super) fn light_client_votes(&self, slot: Slot, root: Root) -> (BitVector<U128>, BLSSignature) {
        self.light_client_votes
            .get(&(slot, root))
            .cloned()
            .unwrap_or_else(|| (BitVector::new(), BLSSignature::ZERO))
    }
}
