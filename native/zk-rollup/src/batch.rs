//! Signed transfers, and their batches with witnesses.

use outrider_zk_rollup_core::batch::{BatchSizeError, public_input};
use outrider_zk_rollup_core::key::{KeyError, PublicKey};
use outrider_zk_rollup_core::signature::SignatureError;
use outrider_zk_rollup_core::{Account, Fr, Signature, Transfer};

use crate::circuit::Circuit;
use crate::tree::Tree;
use crate::witness::{BatchWitness, SlotWitness};

/// A transfer with its sender's signature, for the sender's next nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignedTransfer {
    /// The transfer.
    pub transfer: Transfer,
    /// The signature.
    pub signature: Signature,
}

/// Transfers that a proof covers, with the witness for it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The circuit.
    pub circuit: Circuit,
    /// The root before the transfers.
    pub old_root: Fr,
    /// The root after them.
    pub new_root: Fr,
    /// The transfers.
    pub transfers: Vec<Transfer>,
    /// The witness.
    pub witness: BatchWitness,
}

/// A transfer that cannot be made, with its place in the batch.
#[derive(Debug, thiserror::Error)]
#[error("transfer {place} of the batch")]
pub struct BatchError {
    /// The place of the transfer, from 0.
    pub place: usize,
    /// The reason.
    #[source]
    pub source: TransferError,
}

/// The reason why a transfer cannot be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// There is no account of this index.
    #[error("there is no account {index}")]
    NoAccount {
        /// The index.
        index: u32,
    },
    /// The sender does not have amount and fee.
    #[error("account {index} has {balance} Gwei, but amount and fee are {cost}")]
    Unfunded {
        /// The sender's index.
        index: u32,
        /// The sender's balance.
        balance: u64,
        /// Amount and fee, which do not fit in 64 bits together if this is the largest number.
        cost: u64,
    },
    /// The receiver would have more than 64 bits of Gwei.
    #[error("the balance of account {index} would exceed 64 bits")]
    Overflow {
        /// The receiver's index.
        index: u32,
    },
    /// The sender signed 2^64 - 1 messages.
    #[error("account {index} has no nonce left")]
    LastNonce {
        /// The sender's index.
        index: u32,
    },
    /// The key of the sender's account is no point.
    #[error("the sender's key")]
    Key(#[from] KeyError),
    /// The signature is not the sender's for this transfer and the next nonce.
    #[error("the sender's signature for nonce {nonce}")]
    Signature {
        /// The sender's nonce.
        nonce: u64,
        /// The error.
        #[source]
        source: SignatureError,
    },
    /// The batch is full.
    #[error(transparent)]
    Full(#[from] BatchSizeError),
}

impl Batch {
    /// Applies transfers to a tree, and returns them with the witness of their batch.
    ///
    /// # Errors
    ///
    /// Returns [`BatchError`] for the first transfer that cannot be made; then the tree has the changes of those before it.
    pub fn new(
        circuit: Circuit,
        domain: &Fr,
        tree: &mut Tree,
        signed: &[SignedTransfer],
    ) -> Result<Batch, BatchError> {
        let old_root = tree.root();
        let mut slots = Vec::with_capacity(usize::from(circuit.size));
        for (place, signed) in signed.iter().enumerate() {
            let slot = apply(tree, domain, signed).map_err(|source| BatchError { place, source })?;
            slots.push(slot);
        }
        let transfers: Vec<_> = signed.iter().map(|signed| signed.transfer).collect();
        let new_root = tree.root();
        let public_input = public_input(domain, &old_root, &new_root, &transfers, circuit.size)
            .map_err(|error| BatchError { place: circuit.size.into(), source: error.into() })?;
        let empty = SlotWitness::without_transfer(domain, &tree.siblings(0));
        slots.resize(circuit.size.into(), empty);
        let witness = BatchWitness { public_input, domain: *domain, old_root, slots };
        Ok(Batch { circuit, old_root, new_root, transfers, witness })
    }
}

/// Applies a transfer to a tree, and returns the witness of its slot.
///
/// # Errors
///
/// Returns [`TransferError`], and leaves the tree unchanged, if the transfer cannot be made.
pub fn apply(tree: &mut Tree, domain: &Fr, signed: &SignedTransfer) -> Result<SlotWitness, TransferError> {
    let SignedTransfer { transfer, signature } = signed;
    let (from, to) = (transfer.from.get(), transfer.to.get());
    let sender = tree.open(from).ok_or(TransferError::NoAccount { index: from })?;
    let Account { key_y, balance, nonce } = sender.account;
    let key = PublicKey::of_account(key_y)?;
    signature
        .verify(&key, &transfer.message(nonce), domain)
        .map_err(|source| TransferError::Signature { nonce, source })?;
    let cost = transfer.cost().unwrap_or(u64::MAX);
    let unfunded = TransferError::Unfunded { index: from, balance, cost };
    let rest = transfer.cost().and_then(|cost| balance.checked_sub(cost)).ok_or(unfunded)?;
    let next_nonce = nonce.checked_add(1).ok_or(TransferError::LastNonce { index: from })?;
    let before_receiver = match from == to {
        true => rest,
        false => tree.account(to).ok_or(TransferError::NoAccount { index: to })?.balance,
    };
    let overflow = TransferError::Overflow { index: to };
    let received = before_receiver.checked_add(transfer.amount.gwei()).ok_or(overflow)?;

    tree.set(from, Account { balance: rest, nonce: next_nonce, ..sender.account });
    let receiver = tree.open(to).ok_or(TransferError::NoAccount { index: to })?;
    tree.set(to, Account { balance: received, ..receiver.account });
    Ok(SlotWitness::of_transfer(transfer, signature, domain, &sender, &receiver))
}
