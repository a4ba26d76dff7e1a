//! The duty of beacon proposers.

use std::{collections::BTreeMap, error::Error as StdError, sync::Arc};

use super::{
    super::{
        fault::Publication,
        message::{FullAttestation, Message},
        setup::Eth1,
    },
    Duties, View,
};
use crate::shard_block::shard_execution;
use outrider_beacon::{
    ledger::{
        ExtendedBlock, ExtendedState, LedgerError, LedgerOperations, ShardExecution, ShardProposerSlashing,
        complete_block,
    },
    node::CROSSLINK_SLOTS,
};
use outrider_beacon_spec::{
    accessors::{
        get_beacon_proposer_index, get_block_root_at_slot, get_current_epoch, get_domain, validator,
    },
    block::process_eth1_data,
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO, MAX_DEPOSITS},
    containers::{BeaconState, Eth1Data, ProposerSlashing, ShardTransition, SignedBeaconBlock},
    error::Error,
    math::{Uint64 as _, index},
    phase::{Phase as _, Phase1},
    phase1::{
        Attestation, BeaconBlock, BeaconBlockBody,
        accessors::get_shard_proposer_index,
        crosslink::apply_shard_transition,
        fork_choice::{blocks_between, shard_store},
        get_shard_winning_roots,
    },
    preset::Preset,
    signatures::Signatures,
    types::{Bytes32, Root, Shard, ValidatorIndex},
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

impl<C: Preset, E: StdError + 'static> View<C, E> {
    /// Returns the beacon blocks of a slot on the view's head, each with its publication: one, or two if the proposer signs
    /// two, or none if the view does not have the proposer.
    ///
    /// # Errors
    ///
    /// Fails if an operation is refused.
    pub(in crate::simulation) fn propose(
        &mut self,
        duties: Duties<'_>,
        operations: &LedgerOperations<Phase1<C>>,
        eth1: Option<&Eth1>,
    ) -> Result<Vec<(Publication, Message<C>)>, LedgerError> {
        let votes =
            match (duties.faults.beacon_block(duties.slot), duties.faults.beacon_equivocation(duties.slot)) {
                (Publication::Missing, _) => Vec::new(),
                (_, Some(split)) => {
                    let [first, second] = split.publications();
                    vec![(first, None), (second, Some(Bytes32::repeat_byte(0xee)))]
                }
                (publication, None) => vec![(publication, None)],
            };
        let mut blocks = Vec::new();
        for (publication, block_hash) in votes {
            let block = self.beacon_block(duties, operations.clone(), (eth1, block_hash))?;
            blocks.extend(block.map(|block| (publication, Message::BeaconBlock(Arc::new(block)))));
        }
        Ok(blocks)
    }

    /// Returns a beacon block, if the view has its proposer.
    ///
    /// The block slashes the proposers against whom the view has evidence, after the slashings among the operations. It
    /// contains all attestations of the previous slot that it may contain, and crosslinks the shards whose
    /// committees agree, with one exception: a transition that the state does not allow, or with a block that the node
    /// does not know. Its attestations are left out, because with them, the block would be invalid.
    ///
    /// With a block hash of Ethereum 1.0, the block votes for that one, and so is another block.
    fn beacon_block(
        &mut self,
        duties: Duties<'_>,
        mut operations: LedgerOperations<Phase1<C>>,
        vote: (Option<&Eth1>, Option<Bytes32>),
    ) -> Result<Option<ExtendedBlock<Phase1<C>>>, LedgerError> {
        let (parent_root, state) = self.current(duties.slot)?;
        let proposer_index = get_beacon_proposer_index(&state)?;
        if !self.is_on_duty(proposer_index, duties) || validator(&state, proposer_index)?.slashed {
            return Ok(None);
        }
        let mut body = self.body(&state, proposer_index, duties, vote)?;
        body.proposer_slashings =
            self.add_slashings(&state, &mut operations).try_into().map_err(Error::from)?;
        let Crosslinks { attestations, transitions, executions } = self.crosslinks(&state)?;
        body.attestations = attestations.try_into().map_err(Error::from)?;
        for (shard, transition) in transitions {
            *body.shard_transitions.get_mut(index(shard)).ok_or(Error::IndexOutOfRange)? = transition;
        }
        operations.executions = executions.try_into().map_err(Error::from)?;

        let state_root = Root::ZERO;
        let block = BeaconBlock::<C> { slot: duties.slot, proposer_index, parent_root, state_root, body };
        let pre: ExtendedState<_> = self.node.extended(&parent_root).ok_or(Error::UnknownBlock)?;
        let (message, _) = complete_block(pre, block, &operations, duties.rules)?;
        let domain = get_domain(&state, DOMAIN_BEACON_PROPOSER, None);
        let signature = duties.signer.sign(&[proposer_index], compute_signing_root(&message, domain))?;
        Ok(Some(ExtendedBlock { block: SignedBeaconBlock { message, signature }, operations }))
    }

    /// Adds the slashings of shard proposers to operations; returns those of beacon proposers.
    fn add_slashings(
        &self,
        state: &BeaconState<Phase1<C>>,
        operations: &mut LedgerOperations<Phase1<C>>,
    ) -> Vec<ProposerSlashing> {
        let (proposers, shard_proposers) = self.evidence.slashings(state);
        for slashing in shard_proposers {
            let proposer = |of: &ShardProposerSlashing| of.signed_header_1.message.proposer_index;
            let mut listed = operations.shard_proposer_slashings.iter().map(proposer);
            let is_listed = listed.any(|listed| listed == proposer(&slashing));
            // A block without room for it leaves it to a later one.
            if !is_listed && operations.shard_proposer_slashings.push(slashing).is_err() {
                break;
            }
        }
        proposers
    }

    /// Returns a body without attestations and shard transitions.
    fn body(
        &self,
        state: &BeaconState<Phase1<C>>,
        proposer_index: ValidatorIndex,
        duties: Duties<'_>,
        (eth1, eth1_block_hash): (Option<&Eth1>, Option<Bytes32>),
    ) -> Result<BeaconBlockBody<C>, Error> {
        let eth1_data = eth1.map_or_else(|| state.eth1_data.clone(), |eth1| eth1.data.clone());
        let block_hash = eth1_block_hash.unwrap_or(eth1_data.block_hash);
        let domain = get_domain(state, DOMAIN_RANDAO, None);
        let signing_root = compute_signing_root(&get_current_epoch(state), domain);
        let mut body = BeaconBlockBody::<C> {
            // Real even without signatures: see `SignatureMode`.
            randao_reveal: duties.signer.keys.sign(&[proposer_index], signing_root)?,
            eth1_data: Eth1Data { block_hash, ..eth1_data },
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
                crosslinks.attestations.retain(|attestation| {
                    (attestation.data.shard, attestation.data.shard_transition_root) != (shard, root)
                });
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
        for block in blocks.iter().map(|block| &block.message) {
            let is_late = block.slot.saturating_add(CROSSLINK_SLOTS) <= state.slot;
            if is_late || block.proposer_index != get_shard_proposer_index(state, block.slot, shard)? {
                return Ok(None);
            }
        }
        blocks.iter().map(|block| shard_execution(&block.message)).collect::<Result<_, _>>().map(Some)
    }
}
