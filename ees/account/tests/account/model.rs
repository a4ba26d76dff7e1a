//! Random blocks, checked against a model that keeps accounts in a map.

use std::collections::BTreeMap;

use account::{Action, PublicKey, Signature, Transaction, TransactionError, TransitionError, execute};
use outrider_sdk::{
    StateRoot, chain,
    receipt::{EeIndex, ReceiptKind, ReceivedReceipt, ShardIndex},
};
use outrider_witness::{
    Keccak256,
    smt::{Key, Tree},
};
use proptest::{collection::vec, prelude::*};

use crate::owner::{Owner, provider};

/// The number that stands for the unclaimed ether.
const NOBODY: u8 = u8::MAX;

/// Balances and nonces by the owners' numbers.
type Accounts = BTreeMap<u8, (u64, u64)>;

/// A transaction to try.
#[derive(Clone, Debug)]
struct Attempt {
    sender: u8,
    /// The difference between the transaction's nonce and the right one.
    nonce_ahead: u64,
    amount: u64,
    fee: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Transfer(u8),
    Create(u8),
    Withdraw,
    /// With a fee for the receipt.
    Send(u64),
}

impl Kind {
    fn receipt_fee(self) -> u64 {
        if let Kind::Send(fee) = self { fee } else { 0 }
    }
}

/// A receipt to get: its value, the owner that it names, and whether it is a message.
type Mail = (u64, u8, bool);

/// Executes a transaction in the model. Returns the model's error if it is invalid.
fn apply(
    accounts: &mut Accounts,
    attempt: &Attempt,
    transaction: &Transaction,
    proposer: Option<u8>,
) -> Result<(), TransactionError> {
    let address = |owner: u8| Owner::new(owner).address();
    let Attempt { sender, amount, fee, .. } = *attempt;
    if fee > 0 && proposer.is_none() {
        return Err(TransactionError::FeeForNobody { fee });
    }
    let Some((balance, nonce)) = accounts.get_mut(&sender) else {
        return Err(TransactionError::UnknownSender { address: address(sender) });
    };
    if transaction.nonce != *nonce {
        return Err(TransactionError::Nonce { got: transaction.nonce, expected: *nonce });
    }
    let fees = fee + attempt.kind.receipt_fee();
    let cost = u128::from(amount) + u128::from(fees);
    let Ok(cost) = u64::try_from(cost) else {
        return Err(TransactionError::CostOverflow { amount, fee: fees });
    };
    if cost > *balance {
        return Err(TransactionError::InsufficientFunds { balance: *balance, cost });
    }
    *balance -= cost;
    *nonce += 1;
    match attempt.kind {
        Kind::Transfer(to) => match accounts.get_mut(&to) {
            Some((balance, _)) => *balance += amount,
            None => return Err(TransactionError::UnknownRecipient { address: address(to) }),
        },
        Kind::Create(owner) if accounts.contains_key(&owner) => {
            return Err(TransactionError::AccountExists { address: address(owner) });
        }
        Kind::Create(owner) => drop(accounts.insert(owner, (amount, 0))),
        Kind::Withdraw | Kind::Send(_) => {}
    }
    Ok(())
}

/// Executes a block in the model. Returns the accounts after it, the amounts withdrawn and the places of rejected receipts,
/// or the model's error.
fn model(
    before: &Accounts,
    block: &[(Attempt, Transaction)],
    proposer: Option<u8>,
    mail: &[Mail],
) -> Result<(Accounts, Vec<u64>, Vec<u32>), TransitionError> {
    let mut accounts = before.clone();
    let mut rejected = Vec::new();
    for (index, (value, owner, is_message)) in (0..).zip(mail) {
        match accounts.get_mut(owner) {
            Some((balance, _)) => *balance += value,
            None if *is_message => rejected.push(index),
            None if *value == 0 => {}
            None => accounts.entry(NOBODY).or_default().0 += value,
        }
    }
    let address = |owner: u8| Owner::new(owner).address();
    if let Some(unknown) = proposer.filter(|proposer| !accounts.contains_key(proposer)) {
        return Err(TransitionError::UnknownProposer { address: address(unknown) });
    }
    for (index, (attempt, transaction)) in block.iter().enumerate() {
        apply(&mut accounts, attempt, transaction, proposer)
            .map_err(|source| TransitionError::Transaction { index, source })?;
    }
    if let Some((balance, _)) = proposer.and_then(|proposer| accounts.get_mut(&proposer)) {
        *balance += block.iter().map(|(attempt, _)| attempt.fee).sum::<u64>();
    }
    let withdrawn = block.iter().filter(|(attempt, _)| matches!(attempt.kind, Kind::Withdraw));
    Ok((accounts, withdrawn.map(|(attempt, _)| attempt.amount).collect(), rejected))
}

fn root(accounts: &Accounts) -> StateRoot {
    let mut tree = Tree::<Keccak256, _>::empty();
    for (owner, (balance, nonce)) in accounts {
        let key = if *owner == NOBODY { PublicKey([0; 48]) } else { Owner::new(*owner).public_key() };
        let address = if *owner == NOBODY { Key([0; 32]) } else { Key(key.address().0) };
        let value = [&balance.to_le_bytes()[..], &nonce.to_le_bytes(), &key.0].concat();
        tree.insert(&address, &value).unwrap();
    }
    StateRoot(tree.root().0)
}

fn receipt((value, owner, is_message): &Mail) -> ReceivedReceipt {
    let kind = if *is_message { ReceiptKind::Message } else { ReceiptKind::Expired };
    let payload = [[7; 32], Owner::new(*owner).address().0].concat();
    ReceivedReceipt { kind, value: *value, payload, ..ReceivedReceipt::default() }
}

fn total(accounts: &Accounts) -> u128 {
    accounts.values().map(|(balance, _)| u128::from(*balance)).sum()
}

/// Signs the attempts in order. Each nonce is the right one plus the attempt's difference.
fn sign(accounts: &Accounts, attempts: &[Attempt]) -> (Vec<(Attempt, Transaction)>, Vec<Vec<u8>>) {
    let mut nonces: BTreeMap<u8, u64> = accounts.iter().map(|(owner, (_, nonce))| (*owner, *nonce)).collect();
    let sign = |attempt: &Attempt| {
        let sender = Owner::new(attempt.sender);
        let nonce = nonces.entry(attempt.sender).or_default();
        let action = match attempt.kind {
            Kind::Transfer(to) => Action::Transfer { recipient: Owner::new(to).address() },
            Kind::Create(owner) => Action::Create { public_key: Owner::new(owner).public_key() },
            Kind::Withdraw => Action::Withdraw {
                validator: Owner::new(9).public_key(),
                withdrawal_credentials: [2; 32],
                deposit_signature: Signature([3; 96]),
            },
            Kind::Send(receipt_fee) => Action::Send {
                shard: ShardIndex(1),
                ee: EeIndex(2),
                receipt_fee,
                payload: b"to whom it may concern".to_vec(),
            },
        };
        let transaction =
            sender.transaction(*nonce + attempt.nonce_ahead, attempt.amount, attempt.fee, action);
        *nonce += 1;
        let package = sender.package(&transaction);
        ((attempt.clone(), transaction), package)
    };
    attempts.iter().map(sign).unzip()
}

/// Returns random attempts. Owners 0 to 4 have accounts from the start; 5 and 6 may get one. Most attempts are valid,
/// so that many blocks are.
fn attempt() -> impl Strategy<Value = Attempt> {
    let kind = prop_oneof![
        12 => (0_u8..5).prop_map(Kind::Transfer),
        1 => (5_u8..7).prop_map(Kind::Transfer),
        2 => (5_u8..7).prop_map(Kind::Create),
        1 => (0_u8..5).prop_map(Kind::Create),
        3 => Just(Kind::Withdraw),
        3 => (0_u64..9).prop_map(Kind::Send),
    ];
    let sender = prop_oneof![20 => 0_u8..5, 1 => 5_u8..7];
    let nonce_ahead = prop_oneof![40 => Just(0), 1 => 1_u64..3];
    let amount = prop_oneof![40 => 0_u64..200, 1 => Just(5_000), 1 => Just(u64::MAX)];
    (sender, nonce_ahead, amount, 0_u64..3, kind).prop_map(|(sender, nonce_ahead, amount, fee, kind)| {
        Attempt { sender, nonce_ahead, amount, fee, kind }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blocks_do_what_the_model_does_and_conserve_the_total(
        blocks in vec(
            (
                vec(attempt(), 0..6),
                prop_oneof![1 => Just(None), 12 => (0_u8..6).prop_map(Some)],
                vec((0_u64..500, 0_u8..8, any::<bool>()), 0..4),
            ),
            1..5,
        ),
    ) {
        let balances = [1000, 2000, 0, 1500, 300];
        let mut accounts: Accounts = (0..).zip(balances.map(|balance| (balance, 0))).collect();
        let mut provider = provider(&balances);
        for (attempts, proposer, mail) in blocks {
            let (block, mut packages) = sign(&accounts, &attempts);
            packages.extend(proposer.map(|proposer| Owner::new(proposer).propose()));
            provider = provider.receipts(mail.iter().map(receipt).collect::<Vec<_>>());
            match (model(&accounts, &block, proposer, &mail), provider.provide(&packages, execute)) {
                (Ok((after, withdrawn, rejected)), Ok(provided)) => {
                    prop_assert_eq!(&provided.outcome.rejected, &rejected);
                    let sent = block.iter().filter(|(attempt, _)| matches!(attempt.kind, Kind::Send(_)));
                    let sent: Vec<_> = sent.map(|(attempt, _)| (attempt.amount, attempt.kind.receipt_fee())).collect();
                    let receipts = provided.outcome.receipts.iter().map(|receipt| (receipt.value, receipt.fee));
                    prop_assert_eq!(receipts.collect::<Vec<_>>(), &sent[..]);
                    let sent: u128 = sent.iter().map(|(value, fee)| u128::from(value + fee)).sum();
                    let kept = (0..).zip(&mail).filter(|(index, _)| !rejected.contains(index));
                    let kept: u128 = kept.map(|(_, (value, ..))| u128::from(*value)).sum();
                    let deposits = provided.outcome.deposits.iter().map(|deposit| deposit.amount);
                    prop_assert_eq!(deposits.collect::<Vec<_>>(), &withdrawn[..]);
                    let withdrawn: u128 = withdrawn.into_iter().map(u128::from).sum();
                    prop_assert_eq!(total(&accounts) + kept, total(&after) + withdrawn + sent);
                    provider.apply(&provided);
                    accounts = after;
                }
                (Err(expected), Err(got)) => {
                    prop_assert_eq!(chain(&got), format!("block refused: {}", chain(&expected)));
                }
                (expected, got) => prop_assert!(false, "expected {:?}, got {:?}", expected, got.map(|_| ())),
            }
            prop_assert_eq!(provider.root(), root(&accounts));
        }
    }
}
