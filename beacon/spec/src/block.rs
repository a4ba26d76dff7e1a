//! Phase 0, "Block processing".

pub mod attestation;
pub mod deposit;
pub mod exit;
pub mod header;
pub mod slashing;

pub use attestation::process_attestation;
pub use deposit::{apply_deposit, get_validator_from_deposit, process_deposit};
pub use exit::process_voluntary_exit;
pub use header::{process_block_header, process_eth1_data, process_randao};
pub use slashing::{process_attester_slashing, process_proposer_slashing};

use crate::{
    constants::MAX_DEPOSITS,
    containers::{BeaconBlock, BeaconBlockBody, BeaconState},
    error::{Error, ensure_equal},
    math::Uint64 as _,
    phase::Phase,
    signatures::Signatures,
};

/// Processes a block of phase 0.
///
/// # Errors
///
/// Fails if the block is invalid.
pub fn process_block<P: Phase>(
    state: &mut BeaconState<P>,
    block: &BeaconBlock<P>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    process_block_header(state, block)?;
    process_randao(state, &block.body, signatures)?;
    process_eth1_data(state, &block.body)?;
    process_operations(state, &block.body, signatures)
}

/// Processes the operations of phase 0, with which those of phase 1 begin.
///
/// # Errors
///
/// Fails if an operation is invalid, or if the block lacks deposits that are due.
pub fn process_operations<P: Phase>(
    state: &mut BeaconState<P>,
    body: &BeaconBlockBody<P>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let n_outstanding = state.eth1_data.deposit_count.minus(state.eth1_deposit_index)?;
    ensure_equal(body.deposits.len() as u64, n_outstanding.min(MAX_DEPOSITS), |got, expected| {
        Error::DepositCount { got, expected }
    })?;

    for operation in &body.proposer_slashings {
        process_proposer_slashing(state, operation, signatures)?;
    }
    for operation in &body.attester_slashings {
        process_attester_slashing(state, operation, signatures)?;
    }
    for operation in &body.attestations {
        P::process_attestation(state, operation, signatures)?;
    }
    for operation in &body.deposits {
        process_deposit(state, operation, signatures)?;
    }
    for operation in &body.voluntary_exits {
        process_voluntary_exit(state, operation, signatures)?;
    }
    Ok(())
}
