//! A chain with a ledger and simulated validators, whose keys are known. All validators are online and honest, and receive
//! every message at once.
//!
//! So each slot has a block. It crosslinks a block of each shard that has a committee, and contains the votes of all attesters
//! of the previous slot for its parent. The head alone determines the next block, so a chain that is stopped and loaded again
//! continues with the same blocks.
//!
//! A committee signs once, with the sum of its members' secret keys. The result is the aggregate of their signatures.

mod genesis;
mod phase;
mod votes;

pub use genesis::{Genesis, GenesisError, n_validators};
pub use phase::ChainPhase;
pub use votes::vote_on_code;

use crate::{
    attestation::{attest, attestation_data},
    keys::Keys,
};
use outrider_beacon::{
    ledger::{ExtendedBlock, ExtendedState, LedgerError, LedgerNode, LedgerOperations, complete_block},
    registry::Rules,
};
use outrider_beacon_spec::{
    accessors::{get_beacon_proposer_index, get_current_epoch, get_domain},
    block::process_randao,
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO},
    containers::{Attestation, BeaconBlock, BeaconState, Extensions, SignedBeaconBlock},
    error::Error,
    hash::hash_tree_root,
    math::Uint64 as _,
    preset::Preset,
    signatures::Signatures,
    transition::process_slots,
    types::{Root, Slot, ValidatorIndex},
};

/// A node with the keys of all validators.
#[derive(Debug)]
pub struct Chain<P: ChainPhase> {
    node: LedgerNode<P>,
    keys: Keys,
}

impl<P: ChainPhase> Chain<P> {
    /// Continues the chain of a node with the keys of its validators.
    #[must_use]
    pub fn new(node: LedgerNode<P>, keys: Keys) -> Self {
        Self { node, keys }
    }

    /// Returns the node.
    #[must_use]
    pub fn node(&self) -> &LedgerNode<P> {
        &self.node
    }

    /// Returns the keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Returns the root of the head block, and state and ledger after it.
    ///
    /// # Errors
    ///
    /// Fails if the fork choice finds no head.
    pub fn head(&self) -> Result<(Root, ExtendedState<P>), Error> {
        let root = self.node.head()?;
        Ok((root, self.node.extended(&root).ok_or(Error::UnknownBlock)?))
    }

    /// Makes the block of the next slot, with operations and the executions of shard blocks, and adds it to the node.
    ///
    /// # Errors
    ///
    /// Fails if an operation is refused, and then changes nothing.
    pub fn run_slot(
        &mut self,
        operations: LedgerOperations<P>,
        rules: Rules<'_>,
    ) -> Result<ExtendedBlock<P>, LedgerError> {
        let (parent_root, pre) = self.head()?;
        let slot = pre.state.slot.plus(1)?;
        let (block, attestations) = self.propose(parent_root, pre, slot, operations, rules)?;
        let since_genesis = slot.times(P::Preset::SECONDS_PER_SLOT)?;
        self.node.on_tick(self.node.store().genesis_time.plus(since_genesis)?)?;
        for attestation in &attestations {
            self.node.on_attestation(attestation)?;
        }
        self.node.on_block(&block, rules)?;
        Ok(block)
    }

    fn propose(
        &self,
        parent_root: Root,
        pre: ExtendedState<P>,
        slot: Slot,
        mut operations: LedgerOperations<P>,
        rules: Rules<'_>,
    ) -> Result<(ExtendedBlock<P>, Vec<Attestation<P>>), LedgerError> {
        let mut state = pre.state.clone();
        process_slots(&mut state, slot)?;
        let proposer_index = get_beacon_proposer_index(&state)?;
        let epoch = get_current_epoch(&state);
        let randao_root = compute_signing_root(&epoch, get_domain(&state, DOMAIN_RANDAO, None));
        let mut body = P::empty_body();
        body.randao_reveal = self.keys.sign(&[proposer_index], randao_root)?;
        body.eth1_data = state.eth1_data.clone();
        // In a state with few RANDAO mixes, the seed of the shard proposers may be the mix of this epoch.
        process_randao(&mut state, &body, &mut Signatures::Ignored)?;
        let (votes, executions) = P::crosslink(&state, &pre, &self.keys, &mut body)?;
        operations.executions = executions.try_into().map_err(Error::from)?;
        let attestations = self.attest(parent_root, &pre.state, votes)?;
        body.attestations = attestations.clone().try_into().map_err(Error::from)?;
        let block = BeaconBlock { slot, proposer_index, parent_root, state_root: Root::ZERO, body };
        let (message, _) = complete_block(pre, block, &operations, rules)?;
        debug_assert_eq!(parent_root, hash_tree_root(&state.latest_block_header));
        let signing_root = compute_signing_root(&message, get_domain(&state, DOMAIN_BEACON_PROPOSER, None));
        let signature = self.keys.sign(&[proposer_index], signing_root)?;
        Ok((ExtendedBlock { block: SignedBeaconBlock { message, signature }, operations }, attestations))
    }

    /// Returns one attestation of each committee of the head's slot, with the given votes on their shards.
    fn attest(
        &self,
        head_root: Root,
        state: &BeaconState<P>,
        votes: Vec<<P as Extensions>::AttestationData>,
    ) -> Result<Vec<Attestation<P>>, Error> {
        let mut attestations = Vec::new();
        for (index, vote) in (0..).zip(votes) {
            let data = attestation_data(head_root, state, index, vote)?;
            let sign = |attesters: &[ValidatorIndex], root| self.keys.sign(attesters, root);
            attestations.extend(attest(state, data, |_| true, sign)?);
        }
        Ok(attestations)
    }
}
