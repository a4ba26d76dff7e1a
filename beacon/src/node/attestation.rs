//! Attestations that a node receives.

use super::{
    Node, NodePhase,
    committee::{LOOKAHEAD, beacon_committee},
};
use outrider_beacon_spec::{
    accessors::{get_committee_count_per_slot, get_current_epoch},
    containers::{Attestation, BeaconState, Checkpoint, IndexedAttestation},
    error::{Error, ensure, ensure_equal},
    fork_choice::{checkpoint_state, update_latest_messages, validate_on_attestation},
    math::Uint64 as _,
    predicates::is_valid_indexed_attestation,
    signatures::Signatures,
};

impl<P: NodePhase> Node<P> {
    /// Adds an attestation from a block or the network, if these checks hold, in this order:
    ///
    /// 1. it fits the known blocks and the time: [`validate_on_attestation`];
    /// 2. the committees of its target are known. They are for targets in the epoch of the target's block and the
    ///    four epochs after it. For later epochs, the block has to be the head, whose state then advances, once in an
    ///    epoch;
    /// 3. its committee exists, it has a bit for each member, and in phase 1 it votes on the committee's shard;
    /// 4. the members whose bits are set have signed it.
    ///
    /// # Errors
    ///
    /// Returns the first check that fails, and then changes nothing. An attestation that arrives too early, or before
    /// its blocks, may be valid later.
    pub fn on_attestation(&mut self, attestation: &Attestation<P>) -> Result<(), Error> {
        self.on_attestation_with(attestation, &mut Signatures::Each)
    }

    /// Adds an attestation as [`Self::on_attestation`] does, with a say in how its signature is verified.
    ///
    /// # Errors
    ///
    /// As [`Self::on_attestation`]. A batch that the caller finishes later has to be valid.
    pub fn on_attestation_with(
        &mut self,
        attestation: &Attestation<P>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        validate_on_attestation(&self.store, attestation)?;
        let target = attestation.data.target;
        self.advance_head(&target)?;
        let state = self.committee_state(&target)?;
        let indexed_attestation = indexed(state, attestation)?;
        P::check_shard_vote(state, &attestation.data)?;
        is_valid_indexed_attestation(state, &indexed_attestation, signatures)?;
        update_latest_messages(&mut self.store, &indexed_attestation.attesting_indices, attestation)
    }

    /// Returns a state that determines the committees of a target: the block's, or else the one advanced to the
    /// target.
    fn committee_state(&self, target: &Checkpoint) -> Result<&BeaconState<P>, Error> {
        let state = self.store.block_states.get(&target.root).ok_or(Error::UnknownBlock)?;
        let epoch_max = get_current_epoch(state).plus(LOOKAHEAD)?;
        if target.epoch <= epoch_max {
            return Ok(state);
        }
        let too_old = Error::TargetTooOld { got: target.epoch, expected: epoch_max };
        self.store.checkpoint_states.get(target).ok_or(too_old)
    }

    /// Advances the state of a target's block, if it does not determine the target's committees and the block is the
    /// head.
    ///
    /// After so long without blocks, no honest validator attests another block than the head. So this runs at most
    /// once in an epoch, whatever attestations arrive.
    fn advance_head(&mut self, target: &Checkpoint) -> Result<(), Error> {
        let is_unknown = matches!(self.committee_state(target), Err(Error::TargetTooOld { .. }));
        if !is_unknown || self.head()? != target.root {
            return Ok(());
        }
        let state = checkpoint_state(&self.store, target)?;
        self.store.checkpoint_states.insert(*target, state);
        Ok(())
    }
}

/// Returns an indexed attestation, whose committee may be of a later epoch.
fn indexed<P: NodePhase>(
    state: &BeaconState<P>,
    attestation: &Attestation<P>,
) -> Result<IndexedAttestation<P>, Error> {
    let (data, bits) = (&attestation.data, &attestation.aggregation_bits);
    let n_committees = get_committee_count_per_slot(state, data.target.epoch);
    ensure(data.index < n_committees, Error::CommitteeIndex { got: data.index, expected: n_committees })?;
    let committee = beacon_committee(state, data.slot, data.index)?;
    ensure_equal(bits.len(), committee.len(), |got, expected| Error::CommitteeLength { got, expected })?;
    let attesters = committee.into_iter().zip(bits.iter()).filter(|(_, bit)| *bit);
    let mut attesting_indices: Vec<_> = attesters.map(|(member, _)| member).collect();
    attesting_indices.sort_unstable();
    Ok(IndexedAttestation {
        attesting_indices: attesting_indices.try_into()?,
        data: data.clone(),
        signature: attestation.signature,
    })
}
