//! Users of an EE: their keys, the states with which they begin, and their packages.

mod account;
mod evm;
mod styles;

use std::error::Error;

use outrider_beacon::ledger::{EeIndex, GenesisEe};
use outrider_beacon_spec::types::{Bytes32, Gwei, Shard};
use outrider_host::{Ee, Host, Limits, StateRoot, summarize};
use outrider_shard::{executor::MemoryCodes, provider::ProviderActor};
use outrider_sim::{Keys, withdrawal_credentials};
use outrider_witness::store::MemoryStore;

pub(crate) use self::styles::{MERCHANT, user};
use self::{account::AccountUsers, evm::EvmUsers, styles::StylesUsers};
use crate::{
    error::RunError,
    file::{EeKind, EeSpec, StyleKind},
};

/// Any failure of making states or packages.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// A payment of a user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payment {
    /// The shard and number of the user who pays.
    pub(crate) from: (Shard, u64),
    /// The number of payments of this user on this shard before.
    pub(crate) nonce: u64,
    /// The shard of the recipient.
    pub(crate) to_shard: Shard,
    /// The number of the user who is paid, or `None` for an account that does not exist.
    pub(crate) to: Option<u64>,
    /// The ether, in Gwei.
    pub(crate) amount: Gwei,
    /// The fee for the delivery to another shard, in Gwei.
    pub(crate) fee: Gwei,
}

/// The users of an EE. Each has an account on each shard of the EE.
pub(crate) trait Population: Send + Sync {
    /// Returns the root of the state on a shard at genesis.
    fn genesis_root(&self) -> StateRoot;

    /// Returns a state provider of a shard, with the state at genesis.
    fn provider(&self, shard: Shard) -> Result<ProviderActor<MemoryStore>, Failure>;

    /// Returns the package of a payment.
    fn package(&self, payment: &Payment) -> Result<Vec<u8>, Failure>;

    /// Returns the ether of all accounts in a state that a provider has, in Gwei, rounded up.
    fn ether(&self, provider: &ProviderActor<MemoryStore>, root: StateRoot) -> Result<Gwei, Failure>;
}

/// An EE of a scenario with its users.
pub(crate) struct Inhabited {
    pub(crate) name: String,
    pub(crate) shards: Vec<Shard>,
    pub(crate) n_users: u64,
    pub(crate) users: Box<dyn Population>,
    pub(crate) genesis: GenesisEe,
    pub(crate) code_hash: Bytes32,
}

/// The place and the wealth of a population.
#[derive(Clone, Copy, Debug)]
struct Origin {
    ee: EeIndex,
    n_users: u64,
    /// The balance of each user, in Gwei.
    balance: Gwei,
    /// The ether of the EE on each shard, in Gwei.
    ether: Gwei,
    /// The number of shards.
    n_shards: u64,
    /// The style in which users buy.
    style: Option<StyleKind>,
}

impl Inhabited {
    /// Loads an EE and makes its users; `code` is its file, if the scenario names one.
    pub(crate) fn new(
        index: EeIndex,
        spec: &EeSpec,
        code: Option<Vec<u8>>,
        (n_shards, style): (u64, Option<StyleKind>),
        (host, codes): (&Host, &mut MemoryCodes),
    ) -> Result<Self, RunError> {
        let kind = spec.known_kind().unwrap_or(EeKind::Account);
        let code = code.unwrap_or_else(|| kind.code().to_vec());
        let load = |source| RunError::Load { ee: spec.name.clone(), source };
        let ee = host.load(&code).map_err(load)?;
        let n_users = u64::from(spec.users);
        // The units of the EE `styles` are no ether.
        let has_ether = kind != EeKind::Styles;
        let users_ether = if has_ether { spec.balance.saturating_mul(n_users) } else { 0 };
        let ether = spec.ether.unwrap_or(users_ether);
        let origin = Origin { ee: index, n_users, balance: spec.balance, ether, n_shards, style };
        let users =
            kind.users(ee, origin).map_err(|source| RunError::Genesis { ee: spec.name.clone(), source })?;
        let shards = spec.shards.of(n_shards);
        let code_hash = codes.insert(&*code);
        let imports = summarize(&code, &Limits::default()).imports;
        let genesis = GenesisEe {
            takes_receipts: imports.iter().any(|import| import.name == "receiptCopy"),
            code_hash,
            code_bytes: u32::try_from(code.len()).unwrap_or(u32::MAX),
            initial_state_root: Bytes32::from(users.genesis_root().0),
            // The first validator gets the deposit back.
            refund_credentials: Keys::new(1)
                .pubkeys()
                .next()
                .map_or(Bytes32::ZERO, |key| withdrawal_credentials(&key)),
            shards: shards.iter().map(|shard| (*shard, origin.ether)).collect(),
            ..GenesisEe::default()
        };
        Ok(Self { name: spec.name.clone(), shards, n_users, users, genesis, code_hash })
    }
}

impl EeKind {
    /// Returns the code that is built in.
    fn code(self) -> &'static [u8] {
        match self {
            Self::Account => include_bytes!("../../ees/blobs/account.wasm"),
            Self::Evm => include_bytes!("../../ees/blobs/evm.wasm"),
            Self::Styles => include_bytes!("../../ees/blobs/styles.wasm"),
        }
    }

    fn users(self, ee: Ee, origin: Origin) -> Result<Box<dyn Population>, Failure> {
        Ok(match self {
            Self::Account => Box::new(AccountUsers::new(ee, origin)?),
            Self::Evm => Box::new(EvmUsers::new(ee, origin)?),
            Self::Styles => Box::new(StylesUsers::new(ee, origin)?),
        })
    }
}

/// Returns 32 bytes that identify a user.
fn seed(user: u64) -> [u8; 32] {
    let mut seed = [0; 32];
    seed.iter_mut().zip(user.to_le_bytes()).for_each(|(byte, of_user)| *byte = of_user);
    seed
}
