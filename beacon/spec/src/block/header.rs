//! Phase 0, "Block header", "RANDAO" and "Eth1 data".

use crate::{
    accessors::{
        get_beacon_proposer_index, get_current_epoch, get_domain, get_randao_mix, pubkey, validator,
    },
    compute::compute_signing_root,
    constants::DOMAIN_RANDAO,
    containers::{BeaconBlock, BeaconBlockBody, BeaconBlockHeader, BeaconState},
    error::{Error, ensure, ensure_equal},
    hash::{hash, hash_tree_root},
    math::{Uint64 as _, index},
    phase::Phase,
    preset::Preset,
    signatures::Signatures,
    types::Root,
};

/// Checks a block's header against the state and keeps it as the latest one.
///
/// # Errors
///
/// Fails if the block is for another slot or proposer, does not build on the latest block, or has a slashed proposer.
pub fn process_block_header<P: Phase>(
    state: &mut BeaconState<P>,
    block: &BeaconBlock<P>,
) -> Result<(), Error> {
    ensure_equal(block.slot, state.slot, |got, expected| Error::BlockSlot { got, expected })?;
    let latest_slot = state.latest_block_header.slot;
    ensure(block.slot > latest_slot, Error::BlockNotNewer { got: block.slot, expected: latest_slot })?;
    let proposer_index = get_beacon_proposer_index(state)?;
    ensure_equal(block.proposer_index, proposer_index, |got, expected| Error::BlockProposer {
        got,
        expected,
    })?;
    let parent_root = hash_tree_root(&state.latest_block_header);
    ensure_equal(block.parent_root, parent_root, |got, expected| Error::BlockParent { got, expected })?;
    state.latest_block_header = BeaconBlockHeader {
        slot: block.slot,
        proposer_index: block.proposer_index,
        parent_root: block.parent_root,
        // `process_slot` fills it in.
        state_root: Root::ZERO,
        body_root: hash_tree_root(&block.body),
    };
    ensure(!validator(state, block.proposer_index)?.slashed, Error::ProposerSlashed)
}

/// Checks the proposer's RANDAO reveal and mixes it in.
///
/// # Errors
///
/// Fails if the reveal is not the proposer's signature of the epoch.
pub fn process_randao<P: Phase>(
    state: &mut BeaconState<P>,
    body: &BeaconBlockBody<P>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let epoch = get_current_epoch(state);
    let proposer_index = get_beacon_proposer_index(state)?;
    let signing_root = compute_signing_root(&epoch, get_domain(state, DOMAIN_RANDAO, None));
    let pubkey = || pubkey(state, proposer_index);
    signatures.verify(pubkey, signing_root, &body.randao_reveal, Error::RandaoReveal)?;
    let mix = get_randao_mix(state, epoch)? ^ hash(&[body.randao_reveal.as_slice()]);
    let place = index(epoch % P::Preset::EPOCHS_PER_HISTORICAL_VECTOR);
    *state.randao_mixes.get_mut(place).ok_or(Error::IndexOutOfRange)? = mix;
    Ok(())
}

/// Counts the proposer's vote; data that more than half of the period's slots vote for becomes the state's.
///
/// # Errors
///
/// Fails if there are too many votes.
pub fn process_eth1_data<P: Phase>(
    state: &mut BeaconState<P>,
    body: &BeaconBlockBody<P>,
) -> Result<(), Error> {
    state.eth1_data_votes.push(body.eth1_data.clone())?;
    let n_votes = state.eth1_data_votes.iter().filter(|vote| **vote == body.eth1_data).count() as u64;
    let n_slots = P::Preset::EPOCHS_PER_ETH1_VOTING_PERIOD.times(P::Preset::SLOTS_PER_EPOCH)?;
    if n_votes.times(2)? > n_slots {
        state.eth1_data = body.eth1_data.clone();
    }
    Ok(())
}
