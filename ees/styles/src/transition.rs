//! The transition: from one state to the next.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Reader, context,
    receipt::{self, ReceivedReceipt, SentReceipt},
    state::{Key, State},
    styles::{
        Place, Record, capability,
        capability::Remote,
        conditional::{self, Condition, Versions},
        htlc,
        htlc::UserId,
        key, load, lock, store, transfer, yank,
    },
};

use crate::{
    GoodKind, Operation, Reservation, StylesError,
    inbox::{BUY, BUY_FINAL, SEND, take_receipts, units},
    operation::user,
    state::{Balance, Good, Shelved, balance, credit, debit, good_key, less, user_key, versions},
};

/// Executes a payload.
///
/// 1. Sets the clock of the set of capabilities.
/// 2. Takes the receipts, in order.
/// 3. Executes the operations, in order.
///
/// # Errors
///
/// Fails if the payload is malformed, if a receipt comes too early, or if an operation fails.
pub fn transition(state: &mut State, payload: &[u8]) -> Result<(), StylesError> {
    capability::tick(state, context::slot())?;
    take_receipts(state)?;
    let mut reader = Reader::new(payload);
    for index in 0.. {
        if reader.remaining() == 0 {
            break;
        }
        let length = reader.u32_le()?;
        let operation = Operation::from_bytes(reader.take(length as usize)?);
        execute(state, operation.ok_or(StylesError::Operation { index })?)?;
    }
    Ok(())
}

/// Returns the place of the execution.
pub(crate) fn here() -> Place {
    Place { shard: context::shard(), ee: context::ee_index() }
}

fn execute(state: &mut State, operation: Operation) -> Result<(), StylesError> {
    match operation {
        Operation::Mint { user, amount } => credit(state, &user, amount),
        Operation::Stock { good } => stock(state, good),
        Operation::Buy { is_final, user, amount, at, good } => {
            debit(state, &user, amount)?;
            let style = if is_final { BUY_FINAL } else { BUY };
            send([units(at, style, &user, amount, &good.to_le_bytes())])
        }
        Operation::Offer { .. }
        | Operation::Take { .. }
        | Operation::Withdraw { .. }
        | Operation::Clean { .. }
        | Operation::Reclaim { .. } => transfer(state, operation),
        Operation::Move { contract, to } => {
            send([yank::depart(state, here(), &contract, to, context::slot())?])
        }
        Operation::BuyHere { contract, user, amount } => {
            let good = Good::from_bytes(&contract, &yank::state(state, &contract)?)?;
            debit(state, &user, amount)?;
            let good = good.sell(&contract, user, amount)?;
            Ok(yank::set_state(state, &contract, &good.to_bytes())?)
        }
        Operation::Acquire { transaction, good } => {
            let key = good_key(GoodKind::Resource, good);
            send(lock::acquire(state, here(), &key, &transaction, context::slot())?)
        }
        Operation::BuyLocked { transaction, user, amount } => buy_locked(state, &transaction, &user, amount),
        Operation::Expire { transaction } => send(lock::expire(state, &transaction, context::slot())?),
        Operation::Reserve(reservation) => reserve(state, &reservation),
        Operation::Pay { reservation, witness } => pay(state, &reservation, &witness),
        Operation::Settle { reservation, witness } => settle(state, &reservation, &witness),
        Operation::Free { reservation, witness } => free(state, &reservation, &witness),
        Operation::Send { user, amount, to, receiver } => {
            debit(state, &user, amount)?;
            send([units(to, SEND, &user, amount, &receiver.0)])
        }
        Operation::Expect { .. } | Operation::BuyShelf { .. } => conditionally(state, operation),
        Operation::LockSwap { .. } | Operation::ClaimSwap { .. } | Operation::RefundSwap { .. } => {
            swap(state, operation)
        }
        Operation::Forget { condition } => Ok(conditional::forget(state, &condition, context::slot())?),
    }
}

fn send(sent: impl IntoIterator<Item = SentReceipt>) -> Result<(), StylesError> {
    sent.into_iter().for_each(|sent| receipt::send(&sent));
    Ok(())
}

fn stock(state: &mut State, good: u64) -> Result<(), StylesError> {
    let bytes = Good::default().to_bytes();
    lock::create(state, &good_key(GoodKind::Resource, good), &bytes)?;
    yank::create(state, here(), &good.to_le_bytes(), &bytes)?;
    store(state, &good_key(GoodKind::Shelved, good), &Shelved::default())?;
    Ok(conditional::save(state, &good_key(GoodKind::Versioned, good), &Versions::new(Good::default()))?)
}

fn transfer(state: &mut State, operation: Operation) -> Result<(), StylesError> {
    match operation {
        Operation::Offer { user, object } => {
            debit(state, &user, content(&object)?.1)?;
            transfer::offer(state, here(), &object)?;
        }
        Operation::Take { object, witness } => {
            let mut sender = Remote::read(object.from, &witness)?;
            transfer::take(state, here(), &object, &mut sender, context::slot())?;
            let (receiver, amount) = content(&object)?;
            credit(state, &receiver, amount)?;
        }
        Operation::Withdraw { object, witness } => {
            transfer::withdraw(state, &object, &mut Remote::read(object.to, &witness)?)?;
        }
        Operation::Clean { object, witness } => {
            transfer::clean(state, &object, &mut Remote::read(object.from, &witness)?)?;
        }
        Operation::Reclaim { user, object, witness } => {
            transfer::reclaim(state, &object, &mut Remote::read(object.to, &witness)?)?;
            credit(state, &user, content(&object)?.1)?;
        }
        _ => {}
    }
    Ok(())
}

/// Returns the receiving user and the amount of a transfer object.
fn content(object: &transfer::Object) -> Result<(UserId, u64), StylesError> {
    let mut reader = Reader::new(&object.content);
    let receiver = user(&mut reader).ok_or(StylesError::Operation { index: 0 })?;
    Ok((receiver, reader.u64_le()?))
}

fn buy_locked(
    state: &mut State,
    transaction: &lock::Transaction,
    user: &UserId,
    amount: u64,
) -> Result<(), StylesError> {
    let mut goods = Vec::new();
    for grant in lock::granted(state, transaction, context::slot())? {
        let good = Good::from_bytes(&grant.key, &grant.data)?.sell(&grant.key, *user, amount)?;
        debit(state, user, amount)?;
        goods.push(good.to_bytes());
    }
    send(lock::commit(state, transaction, goods, context::slot())?)
}

fn reserve(state: &mut State, reservation: &Reservation) -> Result<(), StylesError> {
    let now = context::slot();
    let Reservation { at, home, since, deadline, .. } = *reservation;
    if at != here() || home.ee != at.ee || since != now || now > deadline {
        return Err(StylesError::Reservation);
    }
    let (key, shelved) = shelved(state, reservation)?;
    if shelved.reservation != [0; 32] || shelved.good.owner != UserId::default() {
        return Err(StylesError::Good { key });
    }
    store(state, &key, &Shelved { reservation: reservation.hash(), ..shelved })?;
    Ok(capability::set(state, &reservation.reserved())?)
}

fn pay(state: &mut State, reservation: &Reservation, witness: &[u8]) -> Result<(), StylesError> {
    let is_paid = capability::is_set(state, &reservation.paid())?;
    if reservation.home != here() || context::slot() > reservation.deadline || is_paid {
        return Err(StylesError::Reservation);
    }
    Remote::read(reservation.at, witness)?.prove_present(&reservation.reserved())?;
    debit(state, &reservation.user, reservation.amount)?;
    Ok(capability::set(state, &reservation.paid())?)
}

fn settle(state: &mut State, reservation: &Reservation, witness: &[u8]) -> Result<(), StylesError> {
    let (key, shelved) = reserved(state, reservation)?;
    Remote::read(reservation.home, witness)?.prove_present(&reservation.paid())?;
    let good = shelved.good.sell(&key, reservation.user, reservation.amount)?;
    store(state, &key, &Shelved { good, reservation: [0; 32] })?;
    Ok(capability::clear(state, &reservation.reserved())?)
}

fn free(state: &mut State, reservation: &Reservation, witness: &[u8]) -> Result<(), StylesError> {
    let (key, shelved) = reserved(state, reservation)?;
    Remote::read(reservation.home, witness)?.prove_absent(&reservation.paid(), reservation.deadline)?;
    store(state, &key, &Shelved { reservation: [0; 32], ..shelved })?;
    Ok(capability::clear(state, &reservation.reserved())?)
}

fn reserved(state: &mut State, reservation: &Reservation) -> Result<(Key, Shelved), StylesError> {
    let (key, shelved) = shelved(state, reservation)?;
    let is_reserved = reservation.at == here() && shelved.reservation == reservation.hash();
    if is_reserved { Ok((key, shelved)) } else { Err(StylesError::Reservation) }
}

fn shelved(state: &mut State, reservation: &Reservation) -> Result<(Key, Shelved), StylesError> {
    let key = good_key(GoodKind::Shelved, reservation.good);
    let shelved = load(state, &key)?.ok_or(StylesError::Good { key })?;
    Ok((key, shelved))
}

fn conditionally(state: &mut State, operation: Operation) -> Result<(), StylesError> {
    match operation {
        Operation::Expect { from, slot, sequence, receiver, amount } => {
            // The message has the sender's name, too, who is the receiver in this laboratory.
            let sent = units(here(), SEND, &receiver, amount, &receiver.0);
            let (source_shard, source_ee, payload) = (from.shard, from.ee, sent.payload);
            let expected = ReceivedReceipt {
                source_shard,
                source_ee,
                slot,
                sequence,
                payload,
                ..ReceivedReceipt::default()
            };
            let condition = Condition::of(&expected);
            if from.ee != context::ee_index()
                || conditional::is_met(state, &condition, context::slot())?.is_some()
            {
                return Err(StylesError::NotOnTheWay);
            }
            let mut balance = balance(state, &receiver)?;
            balance.expect(condition, |balance| Balance(balance.0.saturating_add(amount)))?;
            Ok(conditional::save(state, &user_key(&receiver), &balance)?)
        }
        Operation::BuyShelf { user, amount, good } => {
            let key = good_key(GoodKind::Versioned, good);
            load::<Versions<Good>, _>(state, &key)?.ok_or(StylesError::Good { key })?;
            let (mut payer, mut shelf) = (balance(state, &user)?, versions(state, &key)?);
            let sell = |good: &Good| good.sell(&key, user, amount);
            conditional::step((&mut payer, &mut shelf), |balance| less(balance, amount), sell)?;
            conditional::save(state, &user_key(&user), &payer)?;
            Ok(conditional::save(state, &key, &shelf)?)
        }
        _ => Ok(()),
    }
}

fn swap(state: &mut State, operation: Operation) -> Result<(), StylesError> {
    let under = |id: u64| key("swap", &[&id.to_le_bytes()]);
    let now = context::slot();
    match operation {
        Operation::LockSwap { id, swap } => {
            debit(state, &swap.locker, swap.amount)?;
            Ok(htlc::lock(state, &under(id), &swap, now)?)
        }
        Operation::ClaimSwap { id, secret } => {
            let swap = htlc::claim(state, &under(id), &secret, now)?;
            credit(state, &swap.claimer, swap.amount)
        }
        Operation::RefundSwap { id } => {
            let swap = htlc::refund(state, &under(id), now)?;
            credit(state, &swap.locker, swap.amount)
        }
        _ => Ok(()),
    }
}
