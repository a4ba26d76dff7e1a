//! The transaction, which an account's owner signs.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Reader,
    context::{self, EeIndex, ShardIndex},
    crypto,
    receipt::RECEIPT_PAYLOAD_BYTES_MAX,
};

use crate::{
    error::InputError,
    keys::{Address, PublicKey, Signature},
};

/// A transaction of an account. Integers are little-endian:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 1 | the kind of the action: 0 transfer, 1 create, 2 withdraw, 3 send |
/// | 1 | 32 | `sender` |
/// | 33 | 8 | `nonce` |
/// | 41 | 8 | `amount` |
/// | 49 | 8 | `fee` |
/// | 57 | | the fields of the [`Action`] |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The account that sends.
    pub sender: Address,
    /// The account's nonce before the transaction.
    pub nonce: u64,
    /// The amount that the action moves, in Gwei.
    pub amount: u64,
    /// The fee for the proposer, in addition to the amount, in Gwei.
    pub fee: u64,
    /// The use of the amount.
    pub action: Action,
}

/// The use of a transaction's amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Transfers it to another account. 32 bytes: the recipient.
    Transfer {
        /// The account, which must exist. It may be the sender's own.
        recipient: Address,
    },
    /// Creates an account with it. 48 bytes: the public key.
    Create {
        /// The account's key. The address is its hash.
        public_key: PublicKey,
    },
    /// Deposits it for a validator on the beacon chain. 176 bytes: the fields in order.
    Withdraw {
        /// The validator's key.
        validator: PublicKey,
        /// The credentials for withdrawing the stake when the validator has exited.
        withdrawal_credentials: [u8; 32],
        /// The validator's signature of the deposit. The beacon chain checks it.
        deposit_signature: Signature,
    },
    /// Sends it to an EE, by a receipt. 24 bytes and the payload: the fields in order, with the payload's length, of 4 bytes,
    /// before the payload.
    Send {
        /// The shard of the EE, which may be the sender's own.
        shard: ShardIndex,
        /// The EE, which may be this one.
        ee: EeIndex,
        /// The fee for the proposer that delivers the receipt, in addition to the amount and the other fee, in Gwei.
        receipt_fee: u64,
        /// Data for the EE, up to [`SEND_PAYLOAD_BYTES_MAX`] bytes; for this EE, the recipient's address, or its public key if
        /// the account may have to be created. The receipt has the sender's address before it.
        payload: Vec<u8>,
    },
}

/// The most bytes of payload that a transaction sends; a receipt has the sender's address before them.
pub const SEND_PAYLOAD_BYTES_MAX: usize = RECEIPT_PAYLOAD_BYTES_MAX - 32;

/// The domain in which a signature of a transaction is valid: one EE on one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningDomain {
    /// The EE's index.
    pub ee_index: EeIndex,
    /// The shard.
    pub shard: ShardIndex,
}

impl Transaction {
    /// Encodes the transaction.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TRANSACTION_BYTES);
        self.write(&mut bytes);
        bytes
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.action.kind());
        bytes.extend(self.sender.0);
        for integer in [self.nonce, self.amount, self.fee] {
            bytes.extend(integer.to_le_bytes());
        }
        match &self.action {
            Action::Transfer { recipient } => bytes.extend(recipient.0),
            Action::Create { public_key } => bytes.extend(public_key.0),
            Action::Withdraw { validator, withdrawal_credentials, deposit_signature } => {
                bytes.extend(validator.0);
                bytes.extend(withdrawal_credentials);
                bytes.extend(deposit_signature.0);
            }
            Action::Send { shard, ee, receipt_fee, payload } => {
                for integer in [shard.0, ee.0, *receipt_fee] {
                    bytes.extend(integer.to_le_bytes());
                }
                let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
                bytes.extend(length.to_le_bytes());
                bytes.extend(payload);
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Transaction, InputError> {
        let offset = reader.offset();
        let [kind] = reader.take_array()?;
        let sender = Address(reader.take_array()?);
        let (nonce, amount, fee) = (reader.u64_le()?, reader.u64_le()?, reader.u64_le()?);
        let action = match kind {
            TRANSFER => Action::Transfer { recipient: Address(reader.take_array()?) },
            CREATE => Action::Create { public_key: PublicKey(reader.take_array()?) },
            WITHDRAW => Action::Withdraw {
                validator: PublicKey(reader.take_array()?),
                withdrawal_credentials: reader.take_array()?,
                deposit_signature: Signature(reader.take_array()?),
            },
            SEND => Action::Send {
                shard: ShardIndex(reader.u64_le()?),
                ee: EeIndex(reader.u64_le()?),
                receipt_fee: reader.u64_le()?,
                payload: read_payload(reader, offset)?,
            },
            got => return Err(InputError::TransactionKind { offset, got }),
        };
        Ok(Transaction { sender, nonce, amount, fee, action })
    }
}

/// Reads the payload of a receipt in the transaction at `offset`.
fn read_payload(reader: &mut Reader<'_>, offset: usize) -> Result<Vec<u8>, InputError> {
    let got = u32::from_le_bytes(reader.take_array()?);
    let length = usize::try_from(got).ok().filter(|length| *length <= SEND_PAYLOAD_BYTES_MAX);
    Ok(reader.take(length.ok_or(InputError::SendPayload { offset, got })?)?.to_vec())
}

impl Action {
    /// Returns the fee of the receipt that the action sends, if it sends one.
    pub(crate) fn receipt_fee(&self) -> u64 {
        match self {
            Action::Transfer { .. } | Action::Create { .. } | Action::Withdraw { .. } => 0,
            Action::Send { receipt_fee, .. } => *receipt_fee,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Action::Transfer { .. } => TRANSFER,
            Action::Create { .. } => CREATE,
            Action::Withdraw { .. } => WITHDRAW,
            Action::Send { .. } => SEND,
        }
    }
}

impl SigningDomain {
    /// Returns the domain of the current execution.
    pub(crate) fn of_execution() -> SigningDomain {
        SigningDomain { ee_index: context::ee_index(), shard: context::shard() }
    }

    /// Returns the message that the sender of `transaction` signs: the Keccak-256 hash of
    ///
    /// | offset | bytes | field |
    /// |---|---|---|
    /// | 0 | 23 | `outrider account v1 tx` in ASCII, and a zero byte |
    /// | 23 | 8 | the EE's index, little-endian |
    /// | 31 | 8 | the shard, little-endian |
    /// | 39 | to the end | the encoded transaction |
    ///
    /// No two transactions of a valid block have the same message, because they differ in the sender or the nonce. So
    /// aggregate signatures are secure without proofs of possession of the keys.
    pub fn signing_root(&self, transaction: &Transaction) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(SIGNING_BYTES);
        bytes.extend(DOMAIN);
        bytes.extend(self.ee_index.0.to_le_bytes());
        bytes.extend(self.shard.0.to_le_bytes());
        transaction.write(&mut bytes);
        crypto::keccak256(&bytes)
    }
}

const TRANSFER: u8 = 0;
const CREATE: u8 = 1;
const WITHDRAW: u8 = 2;
const SEND: u8 = 3;

/// The prefix of the message. No other kind of message begins with it.
const DOMAIN: &[u8; 23] = b"outrider account v1 tx\0";

/// The length of the fields before the action's.
const HEAD_BYTES: usize = 1 + 32 + 3 * size_of::<u64>();
/// The length of a transaction, unless it sends a long payload.
const TRANSACTION_BYTES: usize = HEAD_BYTES + 48 + 32 + 96;
const SIGNING_BYTES: usize = DOMAIN.len() + 2 * size_of::<u64>() + TRANSACTION_BYTES;
