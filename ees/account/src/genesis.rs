//! Genesis: the first accounts.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use outrider_sdk::{StateRoot, context, state::State};

use crate::{
    error::TransitionError,
    keys::PublicKey,
    state::{Account, account, set_account},
};

/// An account of genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endowment {
    /// The account's key.
    pub public_key: PublicKey,
    /// The account's balance, in Gwei.
    pub balance: u64,
}

/// Creates the first accounts.
///
/// 1. The state is empty.
/// 2. The EE has the sum of all balances. Later, accounts never have more than the EE: ether comes with receipts only.
/// 3. No key occurs twice.
pub(crate) fn endow(state: &mut State, endowments: &[Endowment]) -> Result<(), TransitionError> {
    let root = StateRoot(state.root().0);
    if root != StateRoot::default() {
        return Err(TransitionError::NotEmpty { root });
    }
    let total = endowments.iter().try_fold(0_u64, |total, endowment| total.checked_add(endowment.balance));
    let total = total.ok_or(TransitionError::EndowmentsOverflow)?;
    let balance = context::balance();
    if total > balance {
        return Err(TransitionError::Unfunded { total, balance });
    }
    for Endowment { public_key, balance } in endowments {
        let address = public_key.address();
        if account(state, &address)?.is_some() {
            return Err(TransitionError::EndowedTwice { address });
        }
        set_account(state, &address, &Account { balance: *balance, nonce: 0, public_key: *public_key })?;
    }
    Ok(())
}
