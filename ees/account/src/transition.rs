//! The transition: from one state to the next.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Deposit,
    crypto::{self, CheckError},
    receipt::SentReceipt,
    state::State,
};

use crate::{
    error::{TransactionError, TransitionError},
    genesis::endow,
    inbox::receive,
    input::{Block, Payload},
    keys::{Address, PublicKey, Signature},
    output::Output,
    state::{Account, account, set_account},
    transaction::{Action, SigningDomain, Transaction},
};

/// Executes a payload, which is a genesis or a block. Accounts get the ether of the block's receipts after a genesis, and
/// before the transactions of a block.
///
/// Conditions and steps for a block:
///
/// 1. Receipts are credited, as the crate's front page says.
/// 2. If a proposer is named, its account exists.
/// 3. Transactions are executed in order. Each sees the effects of those before it.
/// 4. The proposer gets the fees.
/// 5. The signature is the sum of the senders' signatures.
/// 6. Deposits and receipts are pushed.
///
/// Conditions and steps for a transaction:
///
/// 1. If it has a fee, the block names a proposer.
/// 2. The sender's account exists, and its nonce is the transaction's.
/// 3. The account's balance covers amount and fees, and all are subtracted. Its nonce increases by one.
/// 4. The amount goes where the action says: to an existing account, to a new one, which must not exist yet, to the
///    beacon chain for a validator, whose key must be a point, or to an EE.
///
/// # Errors
///
/// Fails if a condition does not hold, or if the witness does not cover an account.
pub fn transition(state: &mut State, payload: &[u8]) -> Result<(), TransitionError> {
    match Payload::from_bytes(payload)? {
        Payload::Genesis(endowments) => {
            endow(state, &endowments)?;
            let mut output = Output::default();
            receive(state, &mut output)?;
            output.emit();
            Ok(())
        }
        Payload::Block(block) => execute(state, &block),
    }
}

fn execute(state: &mut State, block: &Block) -> Result<(), TransitionError> {
    let mut output = Output::default();
    receive(state, &mut output)?;
    if let Some(address) = block.proposer {
        account(state, &address)?.ok_or(TransitionError::UnknownProposer { address })?;
    }
    let mut execution = Execution {
        state,
        domain: SigningDomain::of_execution(),
        has_proposer: block.proposer.is_some(),
        signers: Vec::with_capacity(block.transactions.len()),
        fees: 0,
        output,
    };
    for (index, transaction) in block.transactions.iter().enumerate() {
        execution
            .transaction(transaction)
            .map_err(|source| TransitionError::Transaction { index, source })?;
    }
    let Execution { signers, fees, output, .. } = execution;
    if let Some(address) = block.proposer {
        reward(state, &address, fees)?;
    }
    check_signature(&signers, &block.signature)?;
    output.emit();
    Ok(())
}

/// The state of a block's execution.
struct Execution<'a> {
    state: &'a mut State,
    domain: SigningDomain,
    has_proposer: bool,
    /// The senders' public keys, each with the message that has to be signed.
    signers: Vec<([u8; 48], [u8; 32])>,
    fees: u64,
    output: Output,
}

impl Execution<'_> {
    fn transaction(&mut self, transaction: &Transaction) -> Result<(), TransactionError> {
        let public_key = self.charge(transaction)?;
        self.signers.push((public_key.0, self.domain.signing_root(transaction)));
        let amount = transaction.amount;
        match &transaction.action {
            Action::Transfer { recipient } => self.transfer(recipient, amount),
            Action::Create { public_key } => self.create(*public_key, amount),
            Action::Withdraw { validator, withdrawal_credentials, deposit_signature } => {
                if !is_point(validator) {
                    return Err(TransactionError::ValidatorKey);
                }
                self.output.push(Deposit {
                    pubkey: validator.0,
                    withdrawal_credentials: *withdrawal_credentials,
                    amount,
                    signature: deposit_signature.0,
                });
                Ok(())
            }
            Action::Send { shard, ee, receipt_fee, payload } => self.output.send(SentReceipt {
                destination_shard: *shard,
                destination_ee: *ee,
                value: amount,
                fee: *receipt_fee,
                payload: [&transaction.sender.0[..], payload].concat(),
            }),
        }
    }

    /// Subtracts amount and fees from the sender's balance, and returns the sender's key.
    fn charge(&mut self, transaction: &Transaction) -> Result<PublicKey, TransactionError> {
        let Transaction { sender: address, nonce, amount, fee, .. } = *transaction;
        if fee > 0 && !self.has_proposer {
            return Err(TransactionError::FeeForNobody { fee });
        }
        let sender = account(self.state, &address)?.ok_or(TransactionError::UnknownSender { address })?;
        if nonce != sender.nonce {
            return Err(TransactionError::Nonce { got: nonce, expected: sender.nonce });
        }
        let all_fees = fee.checked_add(transaction.action.receipt_fee());
        let overflow = TransactionError::CostOverflow { amount, fee: all_fees.unwrap_or(u64::MAX) };
        let cost = all_fees.and_then(|fees| amount.checked_add(fees)).ok_or(overflow)?;
        let funds = TransactionError::InsufficientFunds { balance: sender.balance, cost };
        let charged = Account {
            balance: sender.balance.checked_sub(cost).ok_or(funds)?,
            nonce: nonce.checked_add(1).ok_or(TransactionError::LastNonce { address })?,
            ..sender
        };
        set_account(self.state, &address, &charged)?;
        self.fees = self.fees.checked_add(fee).ok_or(TransactionError::FeesOverflow)?;
        Ok(sender.public_key)
    }

    fn transfer(&mut self, address: &Address, amount: u64) -> Result<(), TransactionError> {
        let recipient = account(self.state, address)?;
        let recipient = recipient.ok_or(TransactionError::UnknownRecipient { address: *address })?;
        let balance = recipient.balance.checked_add(amount);
        let balance = balance.ok_or(TransactionError::BalanceOverflow { address: *address })?;
        Ok(set_account(self.state, address, &Account { balance, ..recipient })?)
    }

    fn create(&mut self, public_key: PublicKey, balance: u64) -> Result<(), TransactionError> {
        let address = public_key.address();
        if account(self.state, &address)?.is_some() {
            return Err(TransactionError::AccountExists { address });
        }
        Ok(set_account(self.state, &address, &Account { balance, nonce: 0, public_key })?)
    }
}

/// Returns whether a key can verify signatures. The signature in the question is one of no key, but is a point.
fn is_point(key: &PublicKey) -> bool {
    crypto::bls_verify(&key.0, &[], &Signature::EMPTY_SUM.0) != Err(CheckError::Malformed)
}

/// Adds the fees to the proposer's balance.
fn reward(state: &mut State, address: &Address, fees: u64) -> Result<(), TransitionError> {
    let proposer = account(state, address)?.ok_or(TransitionError::UnknownProposer { address: *address })?;
    let balance = proposer.balance.checked_add(fees);
    let balance = balance.ok_or(TransitionError::ProposerOverflow { address: *address })?;
    Ok(set_account(state, address, &Account { balance, ..proposer })?)
}

/// Checks the aggregate signature of all senders.
fn check_signature(signers: &[([u8; 48], [u8; 32])], signature: &Signature) -> Result<(), TransitionError> {
    if signers.is_empty() {
        let is_empty_sum = *signature == Signature::EMPTY_SUM;
        return if is_empty_sum { Ok(()) } else { Err(TransitionError::SignatureOfNobody) };
    }
    crypto::bls_aggregate_verify(signers, &signature.0).map_err(TransitionError::Signature)
}
