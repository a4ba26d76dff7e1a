//! Slashings of validators that proposed twice or attested a wrong shard block.

use super::{Context, verify};
use crate::ledger::{
    ExecutionSlashing, LedgerPhase, ShardProposerSlashing, SignedExecutionSlashing, SignedShardBlockHeader,
    error::OperationError, operation::DOMAIN_EXECUTION_SLASHING,
};
use outrider_beacon_spec::{
    accessors::{get_current_epoch, get_domain, get_indexed_attestation, validator},
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::DOMAIN_SHARD_PROPOSAL,
    error::Error,
    hash::hash_tree_root,
    math::index,
    mutators::slash_validator,
    predicates::{is_slashable_validator, is_valid_indexed_attestation},
    signatures::Signatures,
    types::{Root, Slot, ValidatorIndex},
};

impl<P: LedgerPhase> Context<'_, P> {
    /// Slashes the proposer of two blocks for one slot of one shard, which the specification never does.
    pub(super) fn process_shard_proposer_slashing(
        &mut self,
        slashing: &ShardProposerSlashing,
    ) -> Result<(), OperationError> {
        let (signed_1, signed_2) = (&slashing.signed_header_1, &slashing.signed_header_2);
        let place = |signed: &SignedShardBlockHeader| {
            (signed.message.slot, signed.message.shard, signed.message.proposer_index)
        };
        if place(signed_1) != place(signed_2) || signed_1.message == signed_2.message {
            return Err(OperationError::HeadersDiffer {});
        }
        let proposer_index = signed_1.message.proposer_index;
        self.check_slashable(proposer_index)?;
        self.check_header(signed_1)?;
        self.check_header(signed_2)?;
        Ok(slash_validator(self.state, proposer_index, None)?)
    }

    fn check_header(&self, signed: &SignedShardBlockHeader) -> Result<(), OperationError> {
        if !self.rules.verify_signatures {
            return Ok(());
        }
        let signer = self.pubkey(signed.message.proposer_index)?;
        let epoch = compute_epoch_at_slot::<P>(signed.message.slot);
        let domain = get_domain(self.state, DOMAIN_SHARD_PROPOSAL, Some(epoch));
        let signing_root = compute_signing_root(&signed.message, domain);
        verify(&signer, signing_root, &signed.signature)
    }

    fn check_slashable(&self, validator_index: ValidatorIndex) -> Result<(), OperationError> {
        if self.is_slashable(validator_index)? {
            Ok(())
        } else {
            Err(OperationError::NotSlashable { validator: validator_index })
        }
    }

    fn is_slashable(&self, validator_index: ValidatorIndex) -> Result<bool, Error> {
        Ok(is_slashable_validator(validator(self.state, validator_index)?, get_current_epoch(self.state)))
    }

    /// Slashes the attesters of a shard block that is wrong, or else the whistleblower. In this order,
    ///
    ///
    /// 1. checks that the whistleblower can be slashed, and signed;
    /// 2. checks that the attestation is valid, on this branch of the beacon chain, and for the transition;
    /// 3. checks that the body is that of the transition's block;
    /// 4. checks that there is somebody to slash, or that the header is still pending, so that nobody has the chain judge a block
    ///    again for nothing;
    /// 5. decides about the accused part of the body: see the module `accusation`.
    ///
    /// A wrong execution that is still pending is dropped, with all later ones of the shard.
    pub(super) fn process_execution_slashing(
        &mut self,
        signed: &SignedExecutionSlashing<P>,
    ) -> Result<(), OperationError> {
        let slashing = &signed.message;
        let whistleblower = slashing.whistleblower_index;
        self.check_slashable(whistleblower)?;
        let pubkey = self.pubkey(whistleblower)?;
        self.check_signature(&pubkey, slashing, DOMAIN_EXECUTION_SLASHING, &signed.signature)?;
        let attesters = self.attesters(slashing)?;
        let slot = self.check_attested_body(slashing)?;
        let vote = P::shard_vote(&slashing.attestation.data).ok_or(OperationError::NoShardVote {})?;
        let header = (vote.shard, slot, hash_tree_root(&slashing.body));
        let mut slashable = Vec::new();
        for attester in attesters {
            if self.is_slashable(attester)? {
                slashable.push(attester);
            }
        }
        if slashable.is_empty() && !self.ledger.is_pending(header) {
            return Err(OperationError::NobodyToSlash {});
        }
        if self.is_right(slashing, slot)? {
            return Ok(slash_validator(self.state, whistleblower, None)?);
        }
        self.ledger.drop_convicted(header)?;
        for attester in slashable {
            slash_validator(self.state, attester, Some(whistleblower))?;
        }
        Ok(())
    }

    /// Returns the attesters, after checking the attestation.
    fn attesters(&self, slashing: &ExecutionSlashing<P>) -> Result<Vec<ValidatorIndex>, OperationError> {
        let mut signatures =
            if self.rules.verify_signatures { Signatures::Each } else { Signatures::Ignored };
        // On another branch, the executions had another beacon root, and may have been right.
        let data = &slashing.attestation.data;
        let (got, expected) = (data.beacon_block_root, self.block_root(data.slot)?);
        if got != expected {
            return Err(OperationError::OtherBranch { got, expected });
        }
        let indexed = get_indexed_attestation(self.state, &slashing.attestation)?;
        is_valid_indexed_attestation(self.state, &indexed, &mut signatures)?;
        Ok(indexed.attesting_indices.to_vec())
    }

    /// Checks that the transition was attested, and that the body is that of its block; returns the block's slot.
    fn check_attested_body(&self, slashing: &ExecutionSlashing<P>) -> Result<Slot, OperationError> {
        let transition = &slashing.shard_transition;
        let vote = P::shard_vote(&slashing.attestation.data).ok_or(OperationError::NoShardVote {})?;
        let (got, expected) = (hash_tree_root(transition), vote.shard_transition_root);
        if got != expected {
            return Err(OperationError::TransitionRoot { got, expected });
        }
        let place = index(slashing.data_index);
        let data = transition.shard_data_roots.get(place).zip(transition.shard_states.get(place));
        let (data_root, shard_state) = data.ok_or(OperationError::DataIndex { got: slashing.data_index })?;
        let (got, expected) = (hash_tree_root(&slashing.body), *data_root);
        if got == expected { Ok(shard_state.slot) } else { Err(OperationError::BodyRoot { got, expected }) }
    }

    pub(super) fn block_root(&self, slot: Slot) -> Result<Root, Error> {
        outrider_beacon_spec::accessors::get_block_root_at_slot(self.state, slot)
    }
}
