//! The duties of validators in a slot; from the specification's `validator.md`.

use super::Simulator;
use crate::attestation::attestation_data;
use outrider_beacon_spec::{
    accessors::{
        get_beacon_committee, get_beacon_proposer_index, get_committee_count_per_slot, get_current_epoch,
        get_domain,
    },
    block::process_attestation,
    bls::{aggregate, sign},
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_ATTESTER, DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO},
    containers::{
        Attestation, AttestationData, AttesterSlashing, BeaconBlock, BeaconBlockBody, BeaconBlockHeader,
        BeaconState, IndexedAttestation, ProposerSlashing, SignedBeaconBlock, SignedBeaconBlockHeader,
        misc::AggregationBits,
    },
    error::Error,
    hash::hash_tree_root,
    math::index,
    phase::{Phase, Phase0},
    preset::Preset,
    signatures::Signatures,
    transition::process_slots,
    types::{BLSSignature, Bytes32, Root, ValidatorIndex},
};

impl<C: Preset> Simulator<C> {
    fn sign(&self, validator_index: ValidatorIndex, signing_root: Root) -> Result<BLSSignature, Error> {
        let secret_key = self.secret_keys.get(index(validator_index)).ok_or(Error::IndexOutOfRange)?;
        Ok(sign(secret_key, signing_root.as_slice()).expect("a key with a deposit is valid"))
    }

    /// Returns the head and its state in this slot.
    fn current(&self) -> Result<(Root, BeaconState<Phase0<C>>), Error> {
        let (root, state) = self.head()?;
        let mut state = state.clone();
        if state.slot < self.slot {
            process_slots(&mut state, self.slot)?;
        }
        Ok((root, state))
    }

    /// Runs the proposer's duties and returns its blocks.
    pub(super) fn propose(&mut self) -> Result<Vec<SignedBeaconBlock<Phase0<C>>>, Error> {
        let (parent_root, state) = self.current()?;
        let proposer_index = get_beacon_proposer_index(&state)?;
        let is_slashed = state.validators.get(index(proposer_index)).is_none_or(|proposer| proposer.slashed);
        if self.offline.contains(&proposer_index) || is_slashed {
            return Ok(Vec::new());
        }
        let body = self.block_body(&state, proposer_index)?;
        let mut blocks = vec![self.signed_block(&state, proposer_index, parent_root, body.clone())?];
        if self.equivocating.remove(&proposer_index) {
            let other = BeaconBlockBody { graffiti: Bytes32::repeat_byte(1), ..body };
            blocks.push(self.signed_block(&state, proposer_index, parent_root, other)?);
        }
        self.proposer_slashings.clear();
        self.attester_slashings.clear();
        if let [block_1, block_2] = blocks.as_slice() {
            let (signed_header_1, signed_header_2) = (signed_header(block_1), signed_header(block_2));
            self.proposer_slashings.push(ProposerSlashing { signed_header_1, signed_header_2 });
        }
        Ok(blocks)
    }

    fn block_body(
        &mut self,
        state: &BeaconState<Phase0<C>>,
        proposer_index: ValidatorIndex,
    ) -> Result<BeaconBlockBody<Phase0<C>>, Error> {
        let domain = get_domain(state, DOMAIN_RANDAO, None);
        let randao_reveal =
            self.sign(proposer_index, compute_signing_root(&get_current_epoch(state), domain))?;
        let mut body = BeaconBlockBody {
            randao_reveal,
            eth1_data: state.eth1_data.clone(),
            proposer_slashings: self.proposer_slashings.clone().try_into()?,
            attester_slashings: self.attester_slashings.clone().try_into()?,
            ..BeaconBlockBody::default()
        };
        let mut trial = state.clone();
        let oldest_slot = self.slot.saturating_sub(C::SLOTS_PER_EPOCH);
        let mut left_over = Vec::new();
        for attestation in std::mem::take(&mut self.attestations) {
            if process_attestation(&mut trial, &attestation, &mut Signatures::Ignored).is_ok() {
                body.attestations.push(attestation)?;
            } else if attestation.data.slot > oldest_slot {
                left_over.push(attestation);
            }
        }
        self.attestations = left_over;
        Ok(body)
    }

    fn signed_block(
        &self,
        state: &BeaconState<Phase0<C>>,
        proposer_index: ValidatorIndex,
        parent_root: Root,
        body: BeaconBlockBody<Phase0<C>>,
    ) -> Result<SignedBeaconBlock<Phase0<C>>, Error> {
        let mut message =
            BeaconBlock { slot: state.slot, proposer_index, parent_root, state_root: Root::ZERO, body };
        let mut post_state = state.clone();
        Phase0::<C>::process_block(&mut post_state, &message, &mut Signatures::Ignored)?;
        message.state_root = post_state.root();
        let signing_root = compute_signing_root(&message, get_domain(state, DOMAIN_BEACON_PROPOSER, None));
        let signature = self.sign(proposer_index, signing_root)?;
        Ok(SignedBeaconBlock { message, signature })
    }

    /// Runs the committees' duties: they attest the head.
    pub(super) fn attest(&mut self) -> Result<(), Error> {
        let (beacon_block_root, state) = self.current()?;
        for committee_index in 0..get_committee_count_per_slot(&state, get_current_epoch(&state)) {
            let data = attestation_data(beacon_block_root, &state, committee_index, ())?;
            self.attest_by_committee(&state, data)?;
        }
        Ok(())
    }

    fn attest_by_committee(
        &mut self,
        state: &BeaconState<Phase0<C>>,
        data: AttestationData<Phase0<C>>,
    ) -> Result<(), Error> {
        let committee = get_beacon_committee(state, data.slot, data.index)?;
        let mut aggregation_bits =
            AggregationBits::with_capacity(committee.len()).or(Err(Error::ListFull))?;
        let domain = get_domain(state, DOMAIN_BEACON_ATTESTER, None);
        let signing_root = compute_signing_root(&data, domain);
        let mut signatures = Vec::new();
        for (bit, member) in committee.into_iter().enumerate() {
            if self.offline.contains(&member) {
                continue;
            }
            aggregation_bits.set(bit, true).or(Err(Error::ListFull))?;
            let signature = self.sign(member, signing_root)?;
            signatures.push(signature);
            if self.voting_twice.remove(&member) {
                self.vote_again(member, data.clone(), signature, domain)?;
            }
        }
        if let Ok(signature) = aggregate(&signatures) {
            self.attestations.push(Attestation { aggregation_bits, data, signature });
        }
        Ok(())
    }

    /// Makes a validator attest another block than it just attested, and keeps the proof.
    fn vote_again(
        &mut self,
        member: ValidatorIndex,
        data: AttestationData<Phase0<C>>,
        signature: BLSSignature,
        domain: Root,
    ) -> Result<(), Error> {
        let other = AttestationData { beacon_block_root: Root::repeat_byte(1), ..data.clone() };
        let other_signature = self.sign(member, compute_signing_root(&other, domain))?;
        let by_member = |data, signature| -> Result<_, Error> {
            Ok(IndexedAttestation { attesting_indices: vec![member].try_into()?, data, signature })
        };
        self.attester_slashings.push(AttesterSlashing {
            attestation_1: by_member(data, signature)?,
            attestation_2: by_member(other, other_signature)?,
        });
        Ok(())
    }
}

/// Returns a block's header with its signature.
fn signed_header<P: Phase>(block: &SignedBeaconBlock<P>) -> SignedBeaconBlockHeader {
    let BeaconBlock { slot, proposer_index, parent_root, state_root, .. } = block.message;
    let body_root = hash_tree_root(&block.message.body);
    SignedBeaconBlockHeader {
        message: BeaconBlockHeader { slot, proposer_index, parent_root, state_root, body_root },
        signature: block.signature,
    }
}
