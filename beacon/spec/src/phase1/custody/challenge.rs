//! Custody game, "Chunk challenges" and "Custody chunk response".

use super::super::{BeaconState, crosslink::check_transition_root};
use crate::{
    accessors::{
        get_attesting_indices, get_beacon_proposer_index, get_current_epoch, get_indexed_attestation,
        validator, validator_mut,
    },
    constants::{BYTES_PER_CUSTODY_CHUNK, CUSTODY_RESPONSE_DEPTH, FAR_FUTURE_EPOCH, MINOR_REWARD_QUOTIENT},
    containers::{CustodyChunkChallenge, CustodyChunkChallengeRecord, CustodyChunkResponse},
    epoch::rewards::get_base_reward,
    error::{Error, ensure, ensure_equal},
    hash::{hash_tree_root, is_valid_merkle_branch},
    math::{Uint64 as _, index},
    mutators::increase_balance,
    phase::Phase1,
    predicates::{is_slashable_validator, is_valid_indexed_attestation},
    preset::Preset,
    signatures::Signatures,
    types::Root,
};

/// Challenges an attester for a chunk of the data that it attested.
///
/// # Errors
///
/// Fails if the attester need not hold the chunk, or if the chunk is already challenged.
pub fn process_chunk_challenge<C: Preset>(
    state: &mut BeaconState<C>,
    challenge: &CustodyChunkChallenge<Phase1<C>>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let attestation = &challenge.attestation;
    is_valid_indexed_attestation(state, &get_indexed_attestation(state, attestation)?, signatures)?;
    check_responder(state, challenge)?;

    let transition = &challenge.shard_transition;
    check_transition_root(transition, attestation.data.shard_transition_root)?;
    let data_index = index(challenge.data_index);
    let data_root = *transition.shard_data_roots.get(data_index).ok_or(Error::IndexOutOfRange)?;
    check_chunk(state, data_root, challenge.chunk_index)?;
    let length = *transition.shard_block_lengths.get(data_index).ok_or(Error::IndexOutOfRange)?;
    let transition_chunks = length.plus(BYTES_PER_CUSTODY_CHUNK - 1)? / BYTES_PER_CUSTODY_CHUNK;
    ensure(
        challenge.chunk_index < transition_chunks,
        Error::ChallengeChunkIndex { got: challenge.chunk_index, expected: transition_chunks },
    )?;

    let new_record = CustodyChunkChallengeRecord {
        challenge_index: state.custody_chunk_challenge_index,
        challenger_index: get_beacon_proposer_index(state)?,
        responder_index: challenge.responder_index,
        inclusion_epoch: get_current_epoch(state),
        data_root,
        chunk_index: challenge.chunk_index,
    };
    replace_empty_or_append(state, new_record)?;
    state.custody_chunk_challenge_index = state.custody_chunk_challenge_index.plus(1)?;
    validator_mut(state, challenge.responder_index)?.withdrawable_epoch = FAR_FUTURE_EPOCH;
    Ok(())
}

/// Checks that the challenge is in time and that the responder attested.
fn check_responder<C: Preset>(
    state: &BeaconState<C>,
    challenge: &CustodyChunkChallenge<Phase1<C>>,
) -> Result<(), Error> {
    let current_epoch = get_current_epoch(state);
    let data = &challenge.attestation.data;
    let max_epoch = data.target.epoch.plus(C::MAX_CHUNK_CHALLENGE_DELAY)?;
    ensure(current_epoch <= max_epoch, Error::ChallengeLate { got: current_epoch, expected: max_epoch })?;
    let responder = validator(state, challenge.responder_index)?;
    if responder.exit_epoch < FAR_FUTURE_EPOCH {
        let max_epoch = responder.exit_epoch.plus(C::MAX_CHUNK_CHALLENGE_DELAY)?;
        let too_late = Error::ChallengeResponderExited { got: current_epoch, expected: max_epoch };
        ensure(current_epoch <= max_epoch, too_late)?;
    }
    ensure(is_slashable_validator(responder, current_epoch), Error::ChallengeResponderNotSlashable)?;
    let attesters = get_attesting_indices(state, data, &challenge.attestation.aggregation_bits)?;
    ensure(attesters.contains(&challenge.responder_index), Error::ChallengeResponderNotAttester)
}

/// Checks that the chunk is not challenged yet.
fn check_chunk<C: Preset>(state: &BeaconState<C>, data_root: Root, chunk_index: u64) -> Result<(), Error> {
    let mut records = state.custody_chunk_challenge_records.iter();
    let is_known = records.any(|record| record.data_root == data_root && record.chunk_index == chunk_index);
    ensure(!is_known, Error::ChallengeDuplicate)
}

/// Stores a record in the first empty place, or appends it.
fn replace_empty_or_append<C: Preset>(
    state: &mut BeaconState<C>,
    new_record: CustodyChunkChallengeRecord,
) -> Result<(), Error> {
    let records = &mut state.custody_chunk_challenge_records;
    let empty = CustodyChunkChallengeRecord::default();
    let place = records.iter().position(|record| *record == empty);
    match place.and_then(|place| records.get_mut(place)) {
        Some(record) => *record = new_record,
        None => records.push(new_record)?,
    }
    Ok(())
}

/// Removes the challenge that a response answers, and rewards the proposer.
///
/// # Errors
///
/// Fails if the response does not answer exactly one challenge.
pub fn process_chunk_challenge_response<C: Preset>(
    state: &mut BeaconState<C>,
    response: &CustodyChunkResponse,
) -> Result<(), Error> {
    let mut matching_challenges = state
        .custody_chunk_challenge_records
        .iter()
        .enumerate()
        .filter(|(_, record)| record.challenge_index == response.challenge_index);
    let (Some((place, challenge)), None) = (matching_challenges.next(), matching_challenges.next()) else {
        return Err(Error::ResponseUnmatched);
    };
    ensure_equal(response.chunk_index, challenge.chunk_index, |got, expected| Error::ResponseChunkIndex {
        got,
        expected,
    })?;
    // The length that is mixed in adds one level to the tree.
    let is_valid = is_valid_merkle_branch(
        hash_tree_root(&response.chunk),
        &response.branch,
        CUSTODY_RESPONSE_DEPTH + 1,
        response.chunk_index,
        challenge.data_root,
    );
    ensure(is_valid, Error::ResponseProof)?;
    let record = state.custody_chunk_challenge_records.get_mut(place).ok_or(Error::IndexOutOfRange)?;
    *record = CustodyChunkChallengeRecord::default();
    let proposer_index = get_beacon_proposer_index(state)?;
    let reward = get_base_reward(state, proposer_index)? / MINOR_REWARD_QUOTIENT;
    increase_balance(state, proposer_index, reward)
}
