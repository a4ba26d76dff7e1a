//! What an attestation changes.

use super::{
    Node, NodePhase,
    committee::{LOOKAHEAD, beacon_committee},
};
use outrider_beacon_spec::{
    accessors::{get_committee_count_per_slot, get_current_epoch},
    containers::{Attestation, BeaconState, Checkpoint, IndexedAttestation},
    error::{Error, ensure},
    fork_choice::{checkpoint_state, update_latest_messages, validate_on_attestation},
    math::Uint64 as _,
    predicates::is_valid_indexed_attestation,
    signatures::Signatures,
};

impl<P: NodePhase> Node<P> {
    /// Takes in an attestation, from a block or the network. In this order, it
    ///
    /// 1. has to fit what is known: [`validate_on_attestation`];
    /// 2. has to have a target whose committees are known: those of the epoch of its block and of the four epochs after
    ///    it; if the block is the head, of any epoch, and then its state is advanced, once an epoch;
    /// 3. has to be of a committee that exists, with a bit for each member, and in phase 1 for the shard of the committee;
    /// 4. has to be signed by those whose bits are set.
    ///
    /// # Errors
    ///
    /// The first check that fails; then, nothing has changed. An attestation that comes too early, or before its
    /// blocks, may be right later.
    pub fn on_attestation(&mut self, attestation: &Attestation<P>) -> Result<(), Error> {
        validate_on_attestation(&self.store, attestation)?;
        let target = attestation.data.target;
        self.advance_head(&target)?;
        let state = self.committee_state(&target)?;
        let indexed_attestation = indexed(state, attestation)?;
        P::check_shard_vote(state, &attestation.data)?;
        is_valid_indexed_attestation(state, &indexed_attestation, &mut Signatures::Each)?;
        update_latest_messages(&mut self.store, &indexed_attestation.attesting_indices, attestation)
    }

    /// A state that knows the committees of a target: its block's, or else that which has been advanced to it.
    fn committee_state(&self, target: &Checkpoint) -> Result<&BeaconState<P>, Error> {
        let state = self.store.block_states.get(&target.root).ok_or(Error::UnknownBlock)?;
        if target.epoch <= get_current_epoch(state).plus(LOOKAHEAD)? {
            return Ok(state);
        }
        self.store.checkpoint_states.get(target).ok_or(Error::TargetTooOld)
    }

    /// Advances the state of a target's block, if it does not know the committees of the target, and is the head.
    ///
    /// No honest validator attests another block than the head after as long without blocks. So the node does this once
    /// an epoch, and no attestation by itself makes it do more.
    fn advance_head(&mut self, target: &Checkpoint) -> Result<(), Error> {
        let is_unknown = matches!(self.committee_state(target), Err(Error::TargetTooOld));
        if !is_unknown || self.head()? != target.root {
            return Ok(());
        }
        let state = checkpoint_state(&self.store, target)?;
        self.store.checkpoint_states.insert(*target, state);
        Ok(())
    }
}

/// `get_indexed_attestation`, of a committee that may be of a later epoch.
fn indexed<P: NodePhase>(
    state: &BeaconState<P>,
    attestation: &Attestation<P>,
) -> Result<IndexedAttestation<P>, Error> {
    let (data, bits) = (&attestation.data, &attestation.aggregation_bits);
    let n_committees = get_committee_count_per_slot(state, data.target.epoch);
    ensure(data.index < n_committees, Error::CommitteeIndex)?;
    let committee = beacon_committee(state, data.slot, data.index)?;
    ensure(bits.len() == committee.len(), Error::CommitteeLength)?;
    let attesters = committee.into_iter().zip(bits.iter()).filter(|(_, bit)| *bit);
    let mut attesting_indices: Vec<_> = attesters.map(|(member, _)| member).collect();
    attesting_indices.sort_unstable();
    Ok(IndexedAttestation {
        attesting_indices: attesting_indices.try_into()?,
        data: data.clone(),
        signature: attestation.signature,
    })
}
