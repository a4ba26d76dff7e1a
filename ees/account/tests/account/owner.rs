//! Owners of accounts with their keys, and the provider that most tests start from.

use account::{
    Action, Address, Block, Endowment, Payload, PublicKey, Signature, SigningDomain, Transaction, execute,
};
use outrider_sdk::{
    context::{BeaconRoot, EeIndex, ShardIndex, Slot},
    harness::{Context, Provided, StateProvider, keys::BlsKey},
};

/// The context of all tests.
pub(crate) const CONTEXT: Context = Context {
    shard: ShardIndex(3),
    slot: Slot(7),
    ee_index: EeIndex(5),
    beacon_root: BeaconRoot([9; 32]),
    balance: u64::MAX,
    finalized_slot: Slot(0),
};

pub(crate) const DOMAIN: SigningDomain = SigningDomain { ee_index: CONTEXT.ee_index, shard: CONTEXT.shard };

/// The owner of an account.
pub(crate) struct Owner(BlsKey);

impl Owner {
    pub(crate) fn new(n: u8) -> Owner {
        Owner(BlsKey::of_seed(&[n; 32]))
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey(self.0.public_key())
    }

    pub(crate) fn address(&self) -> Address {
        self.public_key().address()
    }

    pub(crate) fn sign(&self, domain: SigningDomain, transaction: &Transaction) -> Signature {
        Signature(self.0.sign(&domain.signing_root(transaction)))
    }

    /// Makes a package of a transaction signed by this owner.
    pub(crate) fn package(&self, transaction: &Transaction) -> Vec<u8> {
        package(self.sign(DOMAIN, transaction), transaction)
    }

    pub(crate) fn send(&self, nonce: u64, amount: u64, fee: u64, action: Action) -> Vec<u8> {
        self.package(&self.transaction(nonce, amount, fee, action))
    }

    pub(crate) fn transaction(&self, nonce: u64, amount: u64, fee: u64, action: Action) -> Transaction {
        Transaction { sender: self.address(), nonce, amount, fee, action }
    }

    pub(crate) fn transfer(&self, nonce: u64, amount: u64, fee: u64, to: &Owner) -> Vec<u8> {
        self.send(nonce, amount, fee, Action::Transfer { recipient: to.address() })
    }

    /// Makes the package of a proposer, who gets the fees.
    pub(crate) fn propose(&self) -> Vec<u8> {
        let proposer = Some(self.address());
        let block = Block { signature: Signature::EMPTY_SUM, proposer, transactions: vec![] };
        Payload::Block(block).to_bytes()
    }
}

pub(crate) fn package(signature: Signature, transaction: &Transaction) -> Vec<u8> {
    let block = Block { signature, proposer: None, transactions: vec![transaction.clone()] };
    Payload::Block(block).to_bytes()
}

pub(crate) fn genesis(balances: &[u64]) -> Vec<u8> {
    let owners = (0..).map(Owner::new);
    let endowment =
        |(owner, balance): (Owner, &u64)| Endowment { public_key: owner.public_key(), balance: *balance };
    Payload::Genesis(owners.zip(balances).map(endowment).collect()).to_bytes()
}

/// Returns a provider with the state after a genesis, with one account for each balance.
pub(crate) fn provider(balances: &[u64]) -> StateProvider {
    let mut provider = StateProvider::new().context(CONTEXT);
    let provided = provider.provide(&[genesis(balances)], execute).unwrap();
    provider.apply(&provided);
    provider
}

/// Makes a block and applies it to the provider.
#[track_caller]
pub(crate) fn accept(provider: &mut StateProvider, packages: &[Vec<u8>]) -> Provided {
    let provided = provider.provide(packages, execute).unwrap();
    provider.apply(&provided);
    provided
}

/// Splits block data into the witness and the payload.
pub(crate) fn split(block_data: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = block_data.split_first_chunk().unwrap();
    rest.split_at(u32::from_le_bytes(*length) as usize)
}
