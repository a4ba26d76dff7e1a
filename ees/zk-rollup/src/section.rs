//! Sections: what an operator does in a block.
//!
//! | bytes | content |
//! |---|---|
//! | 1 to 5 | number of pending deposits that get their places, a varint |
//! | 1 to 5 | number of exits, a varint |
//! | | [exits](crate::exit) |
//! | 3 | index of the account that collects the fees; 0 for none |
//! | | batches to the end; each: |
//! | 2 | size: the number of transfers that the proof is for |
//! | 2 | number of transfers, 1 to the size; the proof is for no-ops in place of the rest |
//! | 12 each | [transfers](outrider_zk_rollup_core::transfer) |
//! | 32 | root of the accounts after the batch |
//! | 192 | proof |
//!
//! Numbers are big-endian.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{Reader, Writer, crypto};
use outrider_witness::reader::push_varint;
use outrider_zk_rollup_core::{
    AccountIndex, Fr, Proof, SecretKey, Signature, Transfer,
    field::{from_bytes, to_bytes},
    signature::{Kind, Message},
    transfer::TRANSFER_BYTES,
};

use crate::{
    error::InputError,
    exit::SignedExit,
    index,
    input::{SignedSection, read_exits, write_exits},
};

/// The work of an operator in a block, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The number of pending deposits that get their places, the first ones.
    pub n_deposits: u32,
    /// The exits.
    pub exits: Vec<SignedExit>,
    /// The account for which the fees earned so far become a pending deposit.
    pub collector: Option<AccountIndex>,
    /// The batches of transfers.
    pub batches: Vec<Batch>,
}

/// Transfers, and the proof that their senders have signed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The number of transfers that the proof is for, with no-ops after those of the batch.
    pub size: u16,
    /// The transfers.
    pub transfers: Vec<Transfer>,
    /// The root of the accounts after the transfers.
    pub root: Fr,
    /// The proof.
    pub proof: Proof,
}

impl Section {
    /// Returns what the operator signs.
    ///
    /// `n_sections` is the number of sections before, so that none can be repeated, and `accounts` the root of the
    /// accounts before the section.
    #[must_use]
    pub fn message(&self, n_sections: u64, accounts: &Fr) -> Message {
        let hash = crypto::keccak256(&self.to_bytes());
        let writer = Writer::new().u64_be(n_sections).bytes(&to_bytes(accounts)).bytes(&hash);
        Message::of_hash(Kind::Section, &crypto::keccak256(&writer.finish()))
    }

    /// Signs the section for the rollup with a domain.
    #[must_use]
    pub fn sign(self, secret: &SecretKey, domain: &Fr, n_sections: u64, accounts: &Fr) -> SignedSection {
        let signature = Signature::sign(secret, &self.message(n_sections, accounts), domain);
        SignedSection { signature, section: self }
    }

    /// Encodes the section.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_varint(&mut bytes, self.n_deposits);
        write_exits(&self.exits, &mut bytes);
        bytes.extend(self.collector.map_or([0; 3], index::to_bytes));
        self.batches.iter().for_each(|batch| batch.write(&mut bytes));
        bytes
    }

    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, InputError> {
        Ok(Self {
            n_deposits: reader.varint()?,
            exits: read_exits(&mut reader)?,
            collector: index::from_bytes(reader.take_array()?),
            batches: {
                let mut batches = Vec::new();
                while reader.remaining() > 0 {
                    batches.push(Batch::read(&mut reader)?);
                }
                batches
            },
        })
    }
}

impl Batch {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.size.to_be_bytes());
        // A batch has no more transfers than its size.
        bytes.extend(u16::try_from(self.transfers.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.transfers.iter().for_each(|transfer| bytes.extend(transfer.to_bytes()));
        bytes.extend(to_bytes(&self.root));
        bytes.extend(self.proof.to_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, InputError> {
        let offset = reader.offset();
        let (size, got) = (reader.u16_be()?, reader.u16_be()?);
        if got == 0 || got > size {
            return Err(InputError::Transfers { offset, got, size });
        }
        let bytes = reader.take(usize::from(got).saturating_mul(TRANSFER_BYTES))?;
        let transfers = bytes.as_chunks::<TRANSFER_BYTES>().0.iter().enumerate();
        let transfer = |(number, bytes)| {
            Transfer::from_bytes(bytes).map_err(|source| InputError::Transfer { offset, number, source })
        };
        Ok(Self {
            size,
            transfers: transfers.map(transfer).collect::<Result<_, _>>()?,
            root: {
                let offset = reader.offset();
                from_bytes(&reader.take_array()?).map_err(|source| InputError::Root { offset, source })?
            },
            proof: {
                let offset = reader.offset();
                let proof = Proof::from_bytes(&reader.take_array()?);
                proof.map_err(|source| InputError::Proof { offset, source })?
            },
        })
    }
}
