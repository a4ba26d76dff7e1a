//! The messages between homes and resources.

use alloc::vec::Vec;

use super::{Place, Reader, ReceivedReceipt, SentReceipt, Transaction, TransactionId, Writer};
use crate::{state::Key, styles::payload_head};

/// The first byte of messages of this style.
pub const MESSAGE: u8 = 9;

/// The kinds of messages, by their byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The resource is locked, and has these data.
    Grant,
    /// An older transaction waits for the resource.
    Wound,
    /// The transaction is given up: the resource keeps its data.
    Keep,
    /// The transaction is committed: the resource gets these data.
    Change,
}

/// A message about a resource. It has [`MESSAGE`], the byte of its kind, the resource's key, and the start of the
/// transaction's hash: these 64 bytes are what the chain keeps of a message that returns. Transaction and data follow.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) key: Key,
    pub(super) transaction: Transaction,
    pub(super) data: Vec<u8>,
}

impl Message {
    pub(super) fn to(&self, place: Place) -> SentReceipt {
        let Message { kind, key, transaction, data } = self;
        let writer = Writer::new().u8(MESSAGE).u8(*kind as u8).bytes(&key.0).bytes(&transaction.id());
        place.message(transaction.write(writer).bytes(data))
    }

    /// Decodes a message; the hash must be the transaction's.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Message> {
        let mut reader = Reader::new(bytes);
        let (kind, key, id) = read_head(&mut reader)?;
        let transaction = Transaction::read(&mut reader).filter(|transaction| transaction.id() == id)?;
        Some(Message { kind, key, transaction, data: reader.rest().to_vec() })
    }
}

/// Reads what is left of a message that returned.
pub(super) fn returned(received: &ReceivedReceipt) -> Option<(Kind, Key, TransactionId)> {
    read_head(&mut Reader::new(payload_head(received)))
}

fn read_head(reader: &mut Reader<'_>) -> Option<(Kind, Key, TransactionId)> {
    let is_of_style = reader.u8().ok()? == MESSAGE;
    let kind = reader.u8().ok()?;
    let kinds = [Kind::Grant, Kind::Wound, Kind::Keep, Kind::Change];
    let kind = kinds.into_iter().find(|known| is_of_style && *known as u8 == kind)?;
    Some((kind, Key(reader.take_array().ok()?), reader.take_array().ok()?))
}
