//! Users of two EEs: their keys and transactions, and the states with which they begin.

use std::{collections::BTreeMap, error::Error, path::Path, sync::Arc};

use account::{Account, Action, Block, Endowment, Payload, PublicKey, Signature, SigningDomain, Transaction};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use outrider_beacon::ledger::{EeIndex, GenesisEe};
use outrider_beacon_spec::types::{Bytes32, Shard};
use outrider_evm::{
    chain_block::{Proposal, package},
    genesis,
    shard_chain::{ChainPlace, ShardGenesis, SlotClock, outbox_code},
    transaction::{Fees, Kind, Transaction as EvmTransaction},
};
use outrider_evm_codec::OUTBOX;
use outrider_host::{Context, Ee, Host, Limits, StateRoot, summarize};
use outrider_sdk::harness::keys::BlsKey;
use outrider_shard::{
    Provider,
    executor::MemoryCodes,
    provider::{Previous, ProviderActor},
};
use outrider_sim::{Keys, withdrawal_credentials};
use outrider_witness::{Keccak256, smt::Tree, store::MemoryStore};
use serde_json::json;

/// The index of the account EE.
pub(crate) const ACCOUNT: EeIndex = 0;
/// The index of the EVM.
pub(crate) const EVM: EeIndex = 1;

const ETHER: u64 = 1_000_000_000;
/// The ether of each EE on each shard, in Gwei.
pub(crate) const EE_ETHER: u64 = 100 * ETHER;
/// The base of chain IDs.
const CHAIN_ID_BASE: u64 = 1_337;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Reads the code of an EE.
fn code(name: &str) -> Result<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees/blobs").join(name);
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Returns an EE for the genesis of the beacon chain, with 100 ether on each shard.
pub(crate) fn genesis_ee(
    code: &[u8],
    root: StateRoot,
    shards: &[Shard],
    codes: &mut MemoryCodes,
) -> GenesisEe {
    let imports = summarize(code, &Limits::default()).imports;
    GenesisEe {
        takes_receipts: imports.iter().any(|import| import.name == "receiptCopy"),
        code_hash: codes.insert(code),
        code_bytes: u32::try_from(code.len()).unwrap_or(u32::MAX),
        initial_state_root: Bytes32::from(root.0),
        // The first validator gets the deposit back.
        refund_credentials: Keys::new(1)
            .pubkeys()
            .next()
            .map_or(Bytes32::ZERO, |key| withdrawal_credentials(&key)),
        shards: shards.iter().map(|shard| (*shard, EE_ETHER)).collect(),
        ..GenesisEe::default()
    }
}

/// Users of the account EE, each with an ether.
pub(crate) struct AccountUsers {
    code: Vec<u8>,
    ee: Ee,
    keys: Vec<BlsKey>,
    root: StateRoot,
}

impl AccountUsers {
    /// Makes a number of users, and the state in which they have accounts.
    pub(crate) fn new(n_users: u8, host: &Host) -> Result<Self> {
        let code = code("account.wasm")?;
        let ee = host.load(&code)?;
        let keys = (0..n_users).map(|user| BlsKey::of_seed(&[user; 32])).collect();
        let mut users = Self { code, ee, keys, root: StateRoot::default() };
        users.root = StateRoot(users.genesis()?.1.0);
        Ok(users)
    }

    /// Returns the loaded EE.
    #[allow(dead_code, reason = "not every user of this file needs it")]
    pub(crate) fn loaded(&self) -> &Ee {
        &self.ee
    }

    /// Returns a provider with the first state, and the state's root.
    fn genesis(&self) -> Result<(Provider<MemoryStore>, StateRoot)> {
        let public_keys = self.keys.iter().map(|key| PublicKey(key.public_key()));
        let endowments = public_keys.map(|public_key| Endowment { public_key, balance: ETHER });
        let genesis = Payload::Genesis(endowments.collect()).to_bytes();
        let provider = Provider::open(self.ee.clone(), Arc::new(MemoryStore::new()))?;
        let context = Context { balance: EE_ETHER, ..Context::default() };
        let built = provider.build(provider.empty_root(), &[genesis], context)?;
        let root = built.post_state_root();
        provider.apply(&[built], Previous::Release)?;
        Ok((provider, root))
    }

    /// Returns the EE for the genesis of the beacon chain, and adds its code.
    pub(crate) fn ee(&self, shards: &[Shard], codes: &mut MemoryCodes) -> GenesisEe {
        genesis_ee(&self.code, self.root, shards, codes)
    }

    /// Returns the state provider of a shard.
    pub(crate) fn provider(&self, shard: Shard) -> Result<ProviderActor<MemoryStore>> {
        let (provider, root) = self.genesis()?;
        Ok(ProviderActor::new(provider, ACCOUNT, shard, [root]))
    }

    /// Returns a package with a transfer of a thousand Gwei to another user, modulo their number.
    pub(crate) fn transfer(&self, shard: Shard, user: u64, nonce: u64, to: u64) -> Vec<u8> {
        let action = Action::Transfer { recipient: self.public_key(to).address() };
        self.package(shard, user, nonce, 1000, action)
    }

    /// Returns a package of a user on a shard with an action on an amount in Gwei.
    pub(crate) fn package(
        &self,
        shard: Shard,
        user: u64,
        nonce: u64,
        amount: u64,
        action: Action,
    ) -> Vec<u8> {
        let sender = self.public_key(user).address();
        let transaction = Transaction { sender, nonce, amount, fee: 0, action };
        let domain = SigningDomain {
            ee_index: outrider_host::EeIndex(ACCOUNT.into()),
            shard: outrider_host::ShardIndex(shard),
        };
        let signature = Signature(self.key(user).sign(&domain.signing_root(&transaction)));
        Payload::Block(Block { signature, proposer: None, transactions: vec![transaction] }).to_bytes()
    }

    /// Returns the action that sends an amount to a user on a shard, with a fee in Gwei for its delivery.
    #[allow(dead_code, reason = "not every user of this file needs it")]
    pub(crate) fn to(&self, shard: Shard, user: u64, receipt_fee: u64) -> Action {
        let payload = self.public_key(user).address().0.to_vec();
        Action::Send {
            shard: outrider_host::ShardIndex(shard),
            ee: outrider_host::EeIndex(ACCOUNT.into()),
            receipt_fee,
            payload,
        }
    }

    /// Returns the public key of a user.
    pub(crate) fn public_key(&self, user: u64) -> PublicKey {
        PublicKey(self.key(user).public_key())
    }

    fn key(&self, user: u64) -> &BlsKey {
        &self.keys[user as usize % self.keys.len()]
    }

    /// Returns the balances of all accounts in a state of which a provider has the nodes, by address.
    #[allow(dead_code, reason = "not every user of this file needs it")]
    pub(crate) fn balances(
        provider: &ProviderActor<MemoryStore>,
        root: StateRoot,
    ) -> Result<BTreeMap<[u8; 32], u64>> {
        let mut tree = Tree::<Keccak256, _>::open(&root.into(), provider.provider().store());
        let entries = tree.iter().map(|entry| {
            let (key, value) = entry?;
            let account = Account::from_bytes(&value).ok_or("the state has a malformed account")?;
            Ok((key.0, account.balance))
        });
        entries.collect()
    }
}

/// Users of a chain in the EVM, each with an ether.
pub(crate) struct EvmUsers {
    code: Vec<u8>,
    ee: Ee,
    keys: Vec<B256>,
    genesis: ShardGenesis,
}

impl EvmUsers {
    /// Makes a number of users, and the state in which they have accounts.
    pub(crate) fn new(n_users: u8, host: &Host) -> Result<Self> {
        Self::with(n_users, &[], host)
    }

    /// Makes a number of users, and the state with their accounts, some contracts, and the outbox, which sends receipts.
    pub(crate) fn with(n_users: u8, contracts: &[(Address, Bytes)], host: &Host) -> Result<Self> {
        let code = code("evm.wasm")?;
        let ee = host.load(&code)?;
        let keys: Vec<_> = (0..n_users).map(|user| keccak256([user])).collect();
        let mut alloc = serde_json::Map::new();
        for key in &keys {
            alloc.insert(address(key)?.to_string(), json!({ "balance": "0xde0b6b3a7640000" }));
        }
        for (address, code) in contracts.iter().cloned().chain([(OUTBOX, outbox_code())]) {
            alloc.insert(address.to_string(), json!({ "balance": "0x0", "code": code }));
        }
        let genesis = genesis::Genesis::of_json(json!({
            "config": {
                "chainId": CHAIN_ID_BASE, "homesteadBlock": 0, "eip150Block": 0, "eip158Block": 0, "byzantiumBlock": 0,
                "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "berlinBlock": 0,
                "londonBlock": 0, "terminalTotalDifficulty": 0, "shanghaiTime": 0,
            },
            "alloc": alloc, "gasLimit": "0x1c9c380", "difficulty": "0x0", "timestamp": "0x0",
        }))?;
        let clock = SlotClock { genesis_time: 0, seconds_per_slot: 6 };
        Ok(Self { code, ee, keys, genesis: ShardGenesis::new(genesis, clock)? })
    }

    /// Returns the EE for the genesis of the beacon chain, and adds its code.
    pub(crate) fn ee(&self, shards: &[Shard], codes: &mut MemoryCodes) -> GenesisEe {
        genesis_ee(&self.code, StateRoot(self.genesis.batch().0.0), shards, codes)
    }

    /// Returns the state provider of a shard.
    pub(crate) fn provider(&self, shard: Shard) -> Result<ProviderActor<MemoryStore>> {
        let (root, batch) = self.genesis.batch();
        let root = StateRoot(root.0);
        let provider = Provider::open(self.ee.clone(), Arc::new(MemoryStore::new()))?;
        provider.import(root, batch)?;
        let proposal = package(Proposal { beneficiary: Address::ZERO, gas_limit: None });
        let preamble = [Arc::from(&proposal[..])];
        Ok(ProviderActor::new(provider, EVM, shard, [root]).with_preamble(preamble))
    }

    /// Returns a signed transfer of a thousand wei to another user, modulo their number.
    pub(crate) fn transfer(&self, shard: Shard, user: u64, nonce: u64, to: u64) -> Vec<u8> {
        self.transfer_with(shard, user, nonce, to, &[])
    }

    /// Returns such a transfer with data.
    pub(crate) fn transfer_with(&self, shard: Shard, user: u64, nonce: u64, to: u64, data: &[u8]) -> Vec<u8> {
        let (gas_limit, to) = (21_000 + 16 * data.len() as u64, self.address(to));
        self.call(shard, user, nonce, EvmCall { to, value: U256::from(1000), gas_limit, data })
    }

    /// Returns a signed call of a user on a shard.
    pub(crate) fn call(&self, shard: Shard, user: u64, nonce: u64, call: EvmCall<'_>) -> Vec<u8> {
        let EvmCall { to, value, gas_limit, data } = call;
        let fee = U256::from(10 * ETHER);
        // Each EE has a chain ID of its own on each shard.
        let place = ChainPlace { ee: EVM.into(), shard };
        let chain_id = self.genesis.node().rules.chain_id(place).expect("the place has a chain ID");
        let transaction = EvmTransaction {
            chain_id: U256::from(chain_id),
            nonce: U256::from(nonce),
            gas_limit: U256::from(gas_limit),
            to: Some(to),
            value,
            data: data.to_vec().into(),
            kind: Kind::DynamicFee {
                fees: Fees { max_priority_fee_per_gas: U256::ZERO, max_fee_per_gas: fee },
                access_list: Vec::new(),
            },
        };
        transaction.sign(self.key(user)).expect("the hash of a number is a key").to_vec()
    }

    /// Returns the address of a user.
    pub(crate) fn address(&self, user: u64) -> Address {
        address(self.key(user)).expect("the hash of a number is a key")
    }

    fn key(&self, user: u64) -> &B256 {
        &self.keys[user as usize % self.keys.len()]
    }
}

/// A call of an account in an EVM.
pub(crate) struct EvmCall<'c> {
    /// The account that is called.
    pub(crate) to: Address,
    /// The ether that it gets, in wei.
    pub(crate) value: U256,
    /// The most gas.
    pub(crate) gas_limit: u64,
    /// The input.
    pub(crate) data: &'c [u8],
}

/// Returns the address of a key.
fn address(key: &B256) -> Result<Address> {
    let key = secp256k1::SecretKey::from_secret_bytes(key.0)?;
    let public_key = secp256k1::PublicKey::from_secret_key(&key).serialize_uncompressed();
    Ok(Address::from_raw_public_key(&public_key[1..]))
}
