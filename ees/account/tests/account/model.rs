//! Random blocks, checked against a model that keeps accounts in a map.

use std::collections::BTreeMap;

use account::{Action, PublicKey, Signature, Transaction, TransactionError, TransitionError, execute};
use outrider_sdk::{StateRoot, chain};
use outrider_witness::{
    Keccak256,
    smt::{Key, Tree},
};
use proptest::{collection::vec, prelude::*};

use crate::owner::{Owner, provider};

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
}

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
    let cost = u128::from(amount) + u128::from(fee);
    let Ok(cost) = u64::try_from(cost) else {
        return Err(TransactionError::CostOverflow { amount, fee });
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
        Kind::Withdraw => {}
    }
    Ok(())
}

/// Executes a block in the model. Returns the accounts after it and the amounts withdrawn, or the model's error.
fn model(
    before: &Accounts,
    block: &[(Attempt, Transaction)],
    proposer: Option<u8>,
) -> Result<(Accounts, Vec<u64>), TransitionError> {
    let mut accounts = before.clone();
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
    Ok((accounts, withdrawn.map(|(attempt, _)| attempt.amount).collect()))
}

fn root(accounts: &Accounts) -> StateRoot {
    let mut tree = Tree::<Keccak256, _>::empty();
    for (owner, (balance, nonce)) in accounts {
        let key = Owner::new(*owner).public_key();
        let value = [&balance.to_le_bytes()[..], &nonce.to_le_bytes(), &key.0].concat();
        tree.insert(&Key(key.address().0), &value).unwrap();
    }
    StateRoot(tree.root().0)
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
                validator: PublicKey([1; 48]),
                withdrawal_credentials: [2; 32],
                deposit_signature: Signature([3; 96]),
            },
        };
        let transaction =
            sender.transaction(*nonce + attempt.nonce_ahead, attempt.amount, attempt.fee, action);
        *nonce += 1;
        ((attempt.clone(), transaction), sender.package(transaction))
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
        blocks in vec((vec(attempt(), 0..6), prop_oneof![1 => Just(None), 12 => (0_u8..6).prop_map(Some)]), 1..5),
    ) {
        let balances = [1000, 2000, 0, 1500, 300];
        let mut accounts: Accounts = (0..).zip(balances.map(|balance| (balance, 0))).collect();
        let mut provider = provider(&balances);
        for (attempts, proposer) in blocks {
            let (block, mut packages) = sign(&accounts, &attempts);
            packages.extend(proposer.map(|proposer| Owner::new(proposer).propose()));
            if packages.is_empty() {
                continue;
            }
            match (model(&accounts, &block, proposer), provider.provide(&packages, execute)) {
                (Ok((after, withdrawn)), Ok(provided)) => {
                    let deposits = provided.outcome.deposits.iter().map(|deposit| deposit.amount);
                    prop_assert_eq!(deposits.collect::<Vec<_>>(), &withdrawn[..]);
                    let withdrawn: u128 = withdrawn.into_iter().map(u128::from).sum();
                    prop_assert_eq!(total(&accounts), total(&after) + withdrawn);
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
