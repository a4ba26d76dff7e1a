//! The duty of beacon proposers.

use std::{collections::BTreeMap, error::Error as StdError};

use super::{
    super::{message::FullAttestation, setup::Eth1},
    Duties, View,
};
use crate::shard_block::shard_execution;
use outrider_beacon::ledger::{
    ExtendedBlock, ExtendedState, LedgerError, LedgerOperations, ShardExecution, complete_block,
};
use outrider_beacon_spec::{
    accessors::{
        get_beacon_proposer_index, get_block_root_at_slot, get_current_epoch, get_domain, validator,
    },
    block::process_eth1_data,
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO, MAX_DEPOSITS},
    containers::{BeaconState, ShardTransition, SignedBeaconBlock},
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::{Phase as _, Phase1},
    phase1::{
        Attestation, BeaconBlock, BeaconBlockBody,
        crosslink::apply_shard_transition,
        fork_choice::{blocks_between, shard_store},
        get_shard_winning_roots,
    },
    preset::Preset,
    signatures::Signatures,
    types::{Root, Shard, ValidatorIndex},
};

/// The most attestations in a block: `MAX_ATTESTATIONS`.
const ATTESTATIONS_MAX: usize = 128;

/// The attestations of a block, the transitions of the shards that they crosslink, and their executions.
#[derive(Default)]
struct Crosslinks<C: Preset> {
    attestations: Vec<Attestation<C>>,
    transitions: BTreeMap<Shard, ShardTransition>,
    executions: Vec<ShardExecution>,
}

impl<C: Preset> Crosslinks<C> {
    /// Adds attestations and transitions to a body.
    fn add_to(&self, mut body: BeaconBlockBody<C>) -> Result<BeaconBlockBody<C>, Error> {
        body.attestations = self.attestations.clone().try_into()?;
        for (shard, transition) in &self.transitions {
            *body.shard_transitions.get_mut(index(*shard)).ok_or(Error::IndexOutOfRange)? =
                transition.clone();
        }
        Ok(body)
    }

    /// Leaves out the transition of a shard, its attestations and executions; returns whether there was one.
    fn leave_out(&mut self, shard: Shard) -> bool {
        let Some(transition) = self.transitions.remove(&shard) else { return false };
        self.leave_out_attestations(shard, hash_tree_root(&transition));
        self.executions.retain(|execution| execution.shard != shard);
        true
    }

    /// Leaves out the attestations of a shard's transition.
    fn leave_out_attestations(&mut self, shard: Shard, transition_root: Root) {
        self.attestations.retain(|attestation| {
            (attestation.data.shard, attestation.data.shard_transition_root) != (shard, transition_root)
        });
    }
}

impl<C: Preset, E: StdError + 'static> View<C, E> {
    /// Returns the beacon block of a slot on the view's head, or `None` if the view does not have its proposer.
    ///
    /// The block contains all attestations of the previous slot that it may contain, and crosslinks the shards whose
    /// committees agree, with these exceptions: a transition that the state does not allow, or with a block that the node
    /// does not know, or with an execution that the ledger does not accept. A shard builds on the ledger of its own beacon
    /// block, so the ledger may accept the executions of each shard, but not of all of them. Attestations of a transition
    /// that is left out are left out, too, because with them, the block would be invalid.
    ///
    /// # Errors
    ///
    /// Fails if an operation is refused.
    pub(in crate::simulation) fn propose(
        &mut self,
        duties: Duties<'_>,
        mut operations: LedgerOperations<Phase1<C>>,
        eth1: Option<&Eth1>,
    ) -> Result<Option<ExtendedBlock<Phase1<C>>>, LedgerError> {
        let (parent_root, state) = self.current(duties.slot)?;
        let proposer_index = get_beacon_proposer_index(&state)?;
        if !self.is_on_duty(proposer_index, duties) || validator(&state, proposer_index)?.slashed {
            return Ok(None);
        }
        let body = self.body(&state, proposer_index, duties, eth1)?;
        let mut crosslinks = self.crosslinks(&state)?;
        let pre: ExtendedState<_> = self.node.extended(&parent_root).ok_or(Error::UnknownBlock)?;
        let message = loop {
            let body = crosslinks.add_to(body.clone())?;
            operations.executions = crosslinks.executions.clone().try_into().map_err(Error::from)?;
            let state_root = Root::ZERO;
            let block = BeaconBlock::<C> { slot: duties.slot, proposer_index, parent_root, state_root, body };
            match complete_block(pre.clone(), block, &operations, duties.rules) {
                Err(LedgerError::Header { shard, .. }) if crosslinks.leave_out(shard) => {}
                completed => break completed?.0,
            }
        };
        let domain = get_domain(&state, DOMAIN_BEACON_PROPOSER, None);
        let signature = duties.signer.sign(&[proposer_index], compute_signing_root(&message, domain))?;
        Ok(Some(ExtendedBlock { block: SignedBeaconBlock { message, signature }, operations }))
    }

    /// Returns a body without attestations and shard transitions.
    fn body(
        &self,
        state: &BeaconState<Phase1<C>>,
        proposer_index: ValidatorIndex,
        duties: Duties<'_>,
        eth1: Option<&Eth1>,
    ) -> Result<BeaconBlockBody<C>, Error> {
        let domain = get_domain(state, DOMAIN_RANDAO, None);
        let signing_root = compute_signing_root(&get_current_epoch(state), domain);
        let mut body = BeaconBlockBody::<C> {
            // Real even without signatures: see `SignatureMode`.
            randao_reveal: duties.signer.keys.sign(&[proposer_index], signing_root)?,
            eth1_data: eth1.map_or_else(|| state.eth1_data.clone(), |eth1| eth1.data.clone()),
            ..BeaconBlockBody::<C>::default()
        };
        if let Some(eth1) = eth1 {
            let mut trial = state.clone();
            process_eth1_data(&mut trial, &body)?;
            let n_due =
                trial.eth1_data.deposit_count.saturating_sub(trial.eth1_deposit_index).min(MAX_DEPOSITS);
            let due = eth1.deposits.iter().skip(index(trial.eth1_deposit_index)).take(index(n_due));
            body.deposits = due.cloned().collect::<Vec<_>>().try_into()?;
        }
        let previous_slot = state.slot.minus(1)?;
        let previous_root = get_block_root_at_slot(state, previous_slot)?;
        (body.light_client_bits, body.light_client_signature) =
            self.pool.light_client_votes(previous_slot, previous_root);
        Ok(body)
    }

    fn crosslinks(&self, state: &BeaconState<Phase1<C>>) -> Result<Crosslinks<C>, LedgerError> {
        let previous_slot = state.slot.minus(1)?;
        let previous_root = get_block_root_at_slot(state, previous_slot)?;
        let mut trial = state.clone();
        let mut candidates: Vec<_> = self.pool.attestations(previous_slot, previous_root).collect();
        candidates.sort_by_key(|full| std::cmp::Reverse(full.attestation.aggregation_bits.num_set_bits()));
        candidates.retain(|full| {
            let attestation = &full.attestation;
            Phase1::process_attestation(&mut trial, attestation, &mut Signatures::Ignored).is_ok()
        });
        candidates.truncate(ATTESTATIONS_MAX);
        let attestations: Vec<_> = candidates.iter().map(|full| full.attestation.clone()).collect();
        let mut crosslinks = Crosslinks { attestations, ..Crosslinks::default() };
        let mut winning_roots = get_shard_winning_roots(state, &crosslinks.attestations)?;
        winning_roots.sort_unstable();
        for (shard, root) in winning_roots {
            let is_winning = |full: &&&FullAttestation<C>| {
                let data = &full.attestation.data;
                (data.shard, data.shard_transition_root) == (shard, root)
            };
            let Some(transition) = candidates.iter().find(is_winning).map(|full| &full.shard_transition)
            else {
                continue;
            };
            if previous_slot == 0 {
                // No shard has a block in the genesis slot.
            } else if let Some(executions) = self.executions(state, shard, transition)? {
                crosslinks.transitions.insert(shard, transition.clone());
                crosslinks.executions.extend(executions);
            } else {
                crosslinks.leave_out_attestations(shard, root);
            }
        }
        Ok(crosslinks)
    }

    /// Returns the executions of a transition's blocks, or `None` if a block cannot contain the transition.
    fn executions(
        &self,
        state: &BeaconState<Phase1<C>>,
        shard: Shard,
        transition: &ShardTransition,
    ) -> Result<Option<Vec<ShardExecution>>, LedgerError> {
        if apply_shard_transition(&mut state.clone(), shard, transition, &mut Signatures::Ignored).is_err() {
            return Ok(None);
        }
        let shard_state = state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
        let first = shard_state.latest_block_root;
        let last = transition.shard_states.last().map_or(first, |after| after.latest_block_root);
        let blocks = match blocks_between(shard_store(self.node.store(), shard)?, first, last) {
            Ok(blocks) => blocks,
            Err(Error::UnknownBlock) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        blocks.iter().map(|block| shard_execution(&block.message)).collect::<Result<_, _>>().map(Some)
    }
}
