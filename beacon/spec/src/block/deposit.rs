//! Phase 0, "Deposits".

use crate::{
    bls::{decode_pubkey, verify},
    compute::{compute_domain, compute_signing_root},
    constants::{
        DEPOSIT_CONTRACT_TREE_DEPTH, DOMAIN_DEPOSIT, EFFECTIVE_BALANCE_INCREMENT, FAR_FUTURE_EPOCH,
        MAX_EFFECTIVE_BALANCE,
    },
    containers::{BeaconState, Deposit, DepositData, DepositMessage, Validator},
    error::{Error, ensure},
    hash::{hash_tree_root, is_valid_merkle_branch},
    math::Uint64 as _,
    mutators::increase_balance,
    phase::Phase,
    preset::Preset,
    signatures::Signatures,
    types::{Root, Version},
};

/// Returns the validator that a deposit adds; [`Phase::new_validator`] fills in the fields of phase 1.
///
/// # Errors
///
/// Fails if [`Phase::new_validator`] does.
pub fn get_validator_from_deposit<P: Phase>(
    state: &BeaconState<P>,
    deposit: &Deposit,
) -> Result<Validator<P>, Error> {
    let amount = deposit.data.amount;
    Ok(Validator {
        pubkey: deposit.data.pubkey,
        withdrawal_credentials: deposit.data.withdrawal_credentials,
        effective_balance: (amount - amount % EFFECTIVE_BALANCE_INCREMENT).min(MAX_EFFECTIVE_BALANCE),
        slashed: false,
        activation_eligibility_epoch: FAR_FUTURE_EPOCH,
        activation_epoch: FAR_FUTURE_EPOCH,
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
        extension: P::new_validator(state)?,
    })
}

/// Adds a validator, or adds to the balance of an existing one.
///
/// A first deposit with an invalid signature is not an error: it adds no validator, and its ether is lost.
///
/// # Errors
///
/// Fails if the proof is not of the deposit contract's next deposit.
pub fn process_deposit<P: Phase>(
    state: &mut BeaconState<P>,
    deposit: &Deposit,
    signatures: &Signatures,
) -> Result<(), Error> {
    // The length that is mixed in adds one level to the tree.
    let is_valid = is_valid_merkle_branch(
        hash_tree_root(&deposit.data),
        &deposit.proof,
        DEPOSIT_CONTRACT_TREE_DEPTH + 1,
        state.eth1_deposit_index,
        state.eth1_data.deposit_root,
    );
    ensure(is_valid, Error::DepositProof)?;
    state.eth1_deposit_index = state.eth1_deposit_index.plus(1)?;

    apply_deposit(state, &deposit.data, signatures)?;
    Ok(())
}

/// Executes the part of `process_deposit` after the proof: credits the validator with the deposit's key, or a new one
/// if the key signed the deposit. Returns whether it credited a validator.
///
/// # Errors
///
/// Fails if the registry has no room for another validator.
pub fn apply_deposit<P: Phase>(
    state: &mut BeaconState<P>,
    data: &DepositData,
    signatures: &Signatures,
) -> Result<bool, Error> {
    let known = state.validators.iter().position(|validator| validator.pubkey == data.pubkey);
    if let Some(index) = known {
        increase_balance(state, index as u64, data.amount)?;
        return Ok(true);
    }
    if !signatures.are_ignored() && !is_signed::<P>(data) {
        return Ok(false);
    }
    let deposit = Deposit { data: data.clone(), ..Deposit::default() };
    let validator = get_validator_from_deposit(state, &deposit)?;
    state.validators.push_keeping_caches(validator)?;
    state.balances.push(data.amount)?;
    Ok(true)
}

/// Returns whether the deposit's key signed it; the deposit contract does not check this. Deposits are valid across
/// forks.
fn is_signed<P: Phase>(data: &DepositData) -> bool {
    let deposit_message = DepositMessage {
        pubkey: data.pubkey,
        withdrawal_credentials: data.withdrawal_credentials,
        amount: data.amount,
    };
    let version = Version::from(P::Preset::GENESIS_FORK_VERSION);
    let domain = compute_domain(DOMAIN_DEPOSIT, version, Root::ZERO);
    let signing_root = compute_signing_root(&deposit_message, domain);
    decode_pubkey(&data.pubkey)
        .is_ok_and(|pubkey| verify(&pubkey, signing_root.as_slice(), &data.signature).is_ok())
}
