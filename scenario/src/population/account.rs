//! Users of the EE `account`.

use std::sync::Arc;

use account::{Account, Action, Block, Endowment, Payload, PublicKey, Signature, SigningDomain, Transaction};
use outrider_beacon_spec::types::{Gwei, Shard};
use outrider_host::{Context, Ee, EeIndex, ShardIndex, StateRoot};
use outrider_sdk::harness::keys::BlsKey;
use outrider_shard::{
    Provider,
    provider::{Previous, ProviderActor},
};
use outrider_witness::{Keccak256, smt::Tree, store::MemoryStore};

use super::{Failure, Origin, Payment, Population, seed};

/// Users of the EE `account`.
pub(super) struct AccountUsers {
    ee: Ee,
    origin: Origin,
    keys: Vec<BlsKey>,
    genesis_root: StateRoot,
}

impl AccountUsers {
    pub(super) fn new(ee: Ee, origin: Origin) -> Result<Self, Failure> {
        let keys = (0..origin.n_users).map(|user| BlsKey::of_seed(&seed(user))).collect();
        let mut users = Self { ee, origin, keys, genesis_root: StateRoot::default() };
        users.genesis_root = users.genesis()?.1;
        Ok(users)
    }

    /// Returns a provider with the first state, and the state's root.
    fn genesis(&self) -> Result<(Provider<MemoryStore>, StateRoot), Failure> {
        let Origin { balance, ether, .. } = self.origin;
        let public_keys = self.keys.iter().map(|key| PublicKey(key.public_key()));
        let endowments = public_keys.map(|public_key| Endowment { public_key, balance });
        let genesis = Payload::Genesis(endowments.collect()).to_bytes();
        let provider = Provider::open(self.ee.clone(), Arc::new(MemoryStore::new()))?;
        let context = Context { balance: ether, ..Context::default() };
        let built = provider.build(provider.empty_root(), &[genesis], context)?;
        let root = built.post_state_root();
        provider.apply(&[built], Previous::Release)?;
        Ok((provider, root))
    }

    fn key(&self, user: u64) -> Result<&BlsKey, Failure> {
        let key = usize::try_from(user).ok().and_then(|user| self.keys.get(user));
        key.ok_or_else(|| format!("there is no user {user}").into())
    }

    /// Returns the address of a user, or one that no user has.
    fn address(&self, user: Option<u64>) -> Result<account::Address, Failure> {
        let Some(user) = user else { return Ok(account::Address([0xff; 32])) };
        Ok(PublicKey(self.key(user)?.public_key()).address())
    }
}

impl Population for AccountUsers {
    fn genesis_root(&self) -> StateRoot {
        self.genesis_root
    }

    fn provider(&self, shard: Shard) -> Result<ProviderActor<MemoryStore>, Failure> {
        let (provider, root) = self.genesis()?;
        Ok(ProviderActor::new(provider, self.origin.ee, shard, [root]))
    }

    fn package(&self, payment: &Payment) -> Result<Vec<u8>, Failure> {
        let &Payment { from: (shard, user), nonce, to_shard, to, amount, fee } = payment;
        let recipient = self.address(to)?;
        let ee = EeIndex(self.origin.ee.into());
        let action = if to_shard == shard && to.is_some() {
            Action::Transfer { recipient }
        } else {
            Action::Send { shard: ShardIndex(to_shard), ee, receipt_fee: fee, payload: recipient.0.to_vec() }
        };
        let sender = self.address(Some(user))?;
        let transaction = Transaction { sender, nonce, amount, fee: 0, action };
        let domain = SigningDomain { ee_index: ee, shard: ShardIndex(shard) };
        let signature = Signature(self.key(user)?.sign(&domain.signing_root(&transaction)));
        Ok(Payload::Block(Block { signature, proposer: None, transactions: vec![transaction] }).to_bytes())
    }

    fn ether(&self, provider: &ProviderActor<MemoryStore>, root: StateRoot) -> Result<Gwei, Failure> {
        let mut tree = Tree::<Keccak256, _>::open(&root.into(), provider.provider().store());
        let mut total: Gwei = 0;
        for entry in tree.iter() {
            let account = Account::from_bytes(&entry?.1).ok_or("the state has a malformed account")?;
            total = total.checked_add(account.balance).ok_or("the sum of the accounts overflows")?;
        }
        Ok(total)
    }
}
