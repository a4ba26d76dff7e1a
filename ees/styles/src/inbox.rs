//! The receipts that a block brings.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use outrider_sdk::{
    Reader, Writer, context, log,
    receipt::{self, ReceiptKind, ReceivedReceipt, SentReceipt},
    state::State,
    styles::{Place, conditional, finalized, htlc::UserId, lock, payload_head, yank},
};

use crate::{
    StylesError,
    operation::user,
    state::{Balance, Good, GoodKind, balance, credit, good_key, user_key},
    transition::here,
};

/// The first byte of the message of `Buy`, which a buyer's units follow, and the good; and the same for receipts that
/// have to be final.
pub(crate) const BUY: u8 = 1;
pub(crate) const BUY_FINAL: u8 = 3;
/// The first byte of the message of `Send`: the sender, the amount, and the receiver.
pub(crate) const SEND: u8 = 11;

/// The message of `Buy` or `Send`: its style, who gets the units back if it returns, how many, and what they are for. The
/// first 41 bytes are in what a chain keeps of a message that returns.
pub(crate) fn units(to: Place, style: u8, user: &UserId, amount: u64, purpose: &[u8]) -> SentReceipt {
    SentReceipt {
        destination_shard: to.shard,
        destination_ee: to.ee,
        payload: Writer::new().u8(style).bytes(&user.0).u64_le(amount).bytes(purpose).finish(),
        ..SentReceipt::default()
    }
}

/// Takes all receipts of the block. Those that the state does not allow are rejected; what returns is taken in any case.
pub(crate) fn take_receipts(state: &mut State) -> Result<(), StylesError> {
    for received in receipt::inbox() {
        if payload_head(&received).first() == Some(&BUY_FINAL) && received.source_ee == context::ee_index() {
            finalized::check(&received, context::finalized_slot())?;
        }
        match take(state, &received) {
            Ok(()) => {}
            Err(error) if error.is_of_state() => return Err(error),
            Err(error) if received.kind == ReceiptKind::Message => {
                log!("rejected: {error}");
                received.reject();
            }
            Err(error) => log!("without effect: {error}"),
        }
    }
    Ok(())
}

/// Takes a receipt.
fn take(state: &mut State, received: &ReceivedReceipt) -> Result<(), StylesError> {
    match payload_head(received).first() {
        Some(&yank::MESSAGE) => yank::receive(state, here(), received).map(|_| ())?,
        Some(&lock::MESSAGE) => {
            let sent = lock::receive(state, here(), received, context::slot())?;
            sent.iter().for_each(receipt::send);
        }
        _ => take_units(state, received)?,
    }
    Ok(())
}

fn take_units(state: &mut State, received: &ReceivedReceipt) -> Result<(), StylesError> {
    let malformed = || StylesError::Operation { index: 0 };
    let mut reader = Reader::new(payload_head(received));
    let style = reader.u8()?;
    let (sender, amount) = (user(&mut reader).ok_or_else(malformed)?, reader.u64_le()?);
    match received.kind {
        ReceiptKind::Message if received.source_ee != context::ee_index() => {
            return Err(StylesError::Foreign { ee: received.source_ee });
        }
        ReceiptKind::Message => {}
        ReceiptKind::Bounced | ReceiptKind::Expired => return credit(state, &sender, amount),
        // Whoever withdraws writes its payload, which stands for no units.
        ReceiptKind::FromBeaconChain => return Err(malformed()),
    }
    match style {
        BUY | BUY_FINAL => {
            let key = good_key(GoodKind::Resource, reader.u64_le()?);
            let good = Good::from_bytes(&key, &lock::data(state, &key)?)?.sell(&key, sender, amount)?;
            Ok(lock::set_data(state, &key, &outrider_sdk::styles::Record::to_bytes(&good))?)
        }
        SEND => {
            let receiver = user(&mut reader).ok_or_else(malformed)?;
            let mut balance = balance(state, &receiver)?;
            balance.active().0.checked_add(amount).ok_or(StylesError::Overflow)?;
            let condition = conditional::meet(state, received)?;
            balance.arrive(&condition, |balance| Balance(balance.0.saturating_add(amount)));
            Ok(conditional::save(state, &user_key(&receiver), &balance)?)
        }
        _ => Err(malformed()),
    }
}
