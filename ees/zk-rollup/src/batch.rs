//! Batches: transfers with a proof.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use outrider_witness::NodeSource;
use outrider_zk_rollup_core::{Account, Transfer, batch::public_input, pairing::verify};

use crate::{
    error::{BatchError, ExecuteTransferError},
    pairing::PAIRING,
    section::Batch,
    state::State,
    tree::Tree,
};

/// Executes a batch.
///
/// 1. The rollup has a verifying key for the size.
/// 2. The proof shows that the transfers lead from the root of the accounts to the batch's, and that their senders have
///    signed them. (A provider executes them, too, to have the nodes of the new root.)
/// 3. Fees are the operator's.
pub(crate) fn execute(state: &mut State, batch: &Batch) -> Result<(), BatchError> {
    let Batch { size, transfers, root, proof } = batch;
    let key = state.verifying_key(*size)?.ok_or(BatchError::Size { size: *size })?;
    let before = state.accounts_root();
    if state.is_provider() {
        for (number, transfer) in transfers.iter().enumerate() {
            state.accounts().transfer(transfer).map_err(|source| BatchError::Transfer { number, source })?;
        }
        let expected = state.accounts_root();
        if *root != expected {
            return Err(BatchError::Root { got: *root, expected });
        }
    }
    let domain = state.node_mut()?.domain;
    let input = public_input(&domain, &before, root, transfers, *size)?;
    verify(&PAIRING, &key, &input, proof)?;
    state.advance_accounts(*root);
    let node = state.node_mut()?;
    // What the senders have paid fits in 64 bits, as all ether does.
    let fees = transfers.iter().map(|transfer| transfer.fee.gwei());
    node.fees = fees.fold(node.fees, u64::saturating_add);
    Ok(())
}

impl<S: NodeSource> Tree<S> {
    /// Moves ether as a transfer says, without its signature, as the circuit does.
    ///
    /// 1. The sender exists, its balance covers the amount and the fee, and its nonce is not the last one. The nonce
    ///    increases by one.
    /// 2. After that, the receiver exists, and its balance stays below 2^64. The two may be one account.
    ///
    /// # Errors
    ///
    /// Fails if a condition does not hold, or if a node is missing or malformed. The tree is of no use then.
    pub fn transfer(&mut self, transfer: &Transfer) -> Result<(), ExecuteTransferError> {
        let Transfer { from, to, amount, fee } = *transfer;
        let (amount, fee) = (amount.gwei(), fee.gwei());
        let sender = self.account(from)?.ok_or(ExecuteTransferError::Unknown { index: from })?;
        let balance = amount.checked_add(fee).and_then(|cost| sender.balance.checked_sub(cost));
        let sender = Account {
            balance: balance.ok_or(ExecuteTransferError::Funds { balance: sender.balance, amount, fee })?,
            nonce: sender.nonce.checked_add(1).ok_or(ExecuteTransferError::LastNonce)?,
            ..sender
        };
        self.set(from, sender)?;
        let receiver = self.account(to)?.ok_or(ExecuteTransferError::Unknown { index: to })?;
        let balance =
            receiver.balance.checked_add(amount).ok_or(ExecuteTransferError::Overflow { index: to })?;
        self.set(to, Account { balance, ..receiver })?;
        Ok(())
    }
}
