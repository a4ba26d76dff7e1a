//! Users of the EE `evm`.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256, keccak256};
use outrider_beacon_spec::types::{Gwei, Shard};
use outrider_evm::{
    chain_block::{Proposal, package},
    genesis::Genesis,
    shard_chain::{ChainPlace, ShardGenesis, ShardHead, SlotClock, outbox_code},
    state::AccountValue,
    transaction::{Fees, Kind, Transaction},
};
use outrider_evm_codec::OUTBOX;
use outrider_host::{Ee, StateRoot};
use outrider_shard::{Provider, provider::ProviderActor};
use outrider_witness::{Hash, Keccak256, mpt::Trie, store::MemoryStore};
use serde_json::json;

use super::{Failure, Origin, Payment, Population, seed};

/// The base of chain IDs.
const CHAIN_ID_BASE: u64 = 1_337;
/// The wei in a Gwei.
const GWEI: u64 = 1_000_000_000;
/// The fee of each gas in wei that users offer at most.
const MAX_FEE_PER_GAS: u64 = 10 * GWEI;
/// The gas of a transfer.
const TRANSFER_GAS: u64 = 21_000;
/// The gas for sending a receipt, of which the rest returns.
const SEND_GAS: u64 = 500_000;
/// The gas of a call on another shard that fails.
const CALL_GAS: u64 = 90_000;

/// Users of a chain in the EE `evm`.
pub(super) struct EvmUsers {
    ee: Ee,
    origin: Origin,
    keys: Vec<B256>,
    genesis: ShardGenesis,
}

impl EvmUsers {
    pub(super) fn new(ee: Ee, origin: Origin) -> Result<Self, Failure> {
        let keys: Vec<_> = (0..origin.n_users).map(|user| keccak256(seed(user))).collect();
        let mut alloc = serde_json::Map::new();
        let balance = U256::from(origin.balance).saturating_mul(U256::from(GWEI));
        for key in &keys {
            alloc.insert(address(key)?.to_string(), json!({ "balance": balance }));
        }
        alloc.insert(OUTBOX.to_string(), json!({ "balance": "0x0", "code": outbox_code() }));
        let genesis = Genesis::of_json(json!({
            "config": {
                "chainId": CHAIN_ID_BASE, "homesteadBlock": 0, "eip150Block": 0, "eip158Block": 0, "byzantiumBlock": 0,
                "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "berlinBlock": 0,
                "londonBlock": 0, "terminalTotalDifficulty": 0, "shanghaiTime": 0,
            },
            "alloc": alloc, "gasLimit": "0x1c9c380", "difficulty": "0x0", "timestamp": "0x0",
        }))?;
        let clock = SlotClock { genesis_time: 0, seconds_per_slot: 6 };
        Ok(Self { ee, origin, keys, genesis: ShardGenesis::new(genesis, clock)? })
    }

    fn key(&self, user: u64) -> Result<&B256, Failure> {
        let key = usize::try_from(user).ok().and_then(|user| self.keys.get(user));
        key.ok_or_else(|| format!("there is no user {user}").into())
    }

    /// Returns the address of a user.
    fn address(&self, user: u64) -> Result<Address, Failure> {
        address(self.key(user)?)
    }
}

impl Population for EvmUsers {
    fn genesis_root(&self) -> StateRoot {
        StateRoot(self.genesis.batch().0.0)
    }

    fn provider(&self, shard: Shard) -> Result<ProviderActor<MemoryStore>, Failure> {
        let (root, batch) = self.genesis.batch();
        let root = StateRoot(root.0);
        let provider = Provider::open(self.ee.clone(), Arc::new(MemoryStore::new()))?;
        provider.import(root, batch)?;
        let proposal = package(Proposal { beneficiary: Address::ZERO, gas_limit: None });
        let preamble = [Arc::from(&proposal[..])];
        Ok(ProviderActor::new(provider, self.origin.ee, shard, [root]).with_preamble(preamble))
    }

    fn package(&self, payment: &Payment) -> Result<Vec<u8>, Failure> {
        let &Payment { from: (shard, user), nonce, to_shard, to, amount, fee } = payment;
        let value = U256::from(amount).saturating_mul(U256::from(GWEI));
        let (to, gas_limit, data) = match to {
            Some(to) if to_shard == shard => (self.address(to)?, TRANSFER_GAS, Vec::new()),
            Some(to) => (OUTBOX, SEND_GAS, call(to_shard, fee, self.address(to)?, 0, &[])),
            // The outbox has no such function, so the call fails, and returns.
            None => (OUTBOX, SEND_GAS, call(to_shard, fee, OUTBOX, CALL_GAS, b"nobody")),
        };
        // Each EE has a chain ID of its own on each shard.
        let place = ChainPlace { ee: self.origin.ee.into(), shard };
        let chain_id = self.genesis.node().rules.chain_id(place).ok_or("the place has no chain ID")?;
        let transaction = Transaction {
            chain_id: U256::from(chain_id),
            nonce: U256::from(nonce),
            gas_limit: U256::from(gas_limit),
            to: Some(to),
            value,
            data: data.into(),
            kind: Kind::DynamicFee {
                fees: Fees {
                    max_priority_fee_per_gas: U256::ZERO,
                    max_fee_per_gas: U256::from(MAX_FEE_PER_GAS),
                },
                access_list: Vec::new(),
            },
        };
        let signed = transaction.sign(self.key(user)?)?;
        Ok(signed.to_vec())
    }

    fn ether(&self, provider: &ProviderActor<MemoryStore>, root: StateRoot) -> Result<Gwei, Failure> {
        let store = provider.provider().store();
        let head = ShardHead::of_state(B256::new(root.0), store)?;
        let mut trie = Trie::<Keccak256, _>::open(&Hash(head.header.state_root.0), store);
        let mut total = U256::ZERO;
        for entry in trie.iter() {
            let account: AccountValue = alloy_rlp::decode_exact(entry?.1)?;
            total = total.saturating_add(account.balance);
        }
        Ok(total.div_ceil(U256::from(GWEI)).saturating_to())
    }
}

/// Returns the input of the outbox that calls an account of the same EE on a shard.
fn call(shard: Shard, fee: Gwei, to: Address, gas_limit: u64, data: &[u8]) -> Vec<u8> {
    let words = [
        U256::from(shard),
        U256::from(fee),
        to.into_word().into(),
        U256::from(gas_limit),
        U256::ZERO,
        // The data come after these words.
        U256::from(6 * 32),
        U256::from(data.len()),
    ];
    let selector = keccak256("call(uint64,uint64,address,uint64,uint96,bytes)");
    let mut input: Vec<u8> = selector.iter().copied().take(4).collect();
    words.iter().for_each(|word| input.extend(word.to_be_bytes::<32>()));
    input.extend(data);
    input.resize(4 + words.len() * 32 + data.len().next_multiple_of(32), 0);
    input
}

/// Returns the address of a key.
fn address(key: &B256) -> Result<Address, Failure> {
    let key = secp256k1::SecretKey::from_secret_bytes(key.0)?;
    let public_key = secp256k1::PublicKey::from_secret_key(&key).serialize_uncompressed();
    let (_, point) = public_key.split_first().ok_or("an empty public key")?;
    Ok(Address::from_raw_public_key(point))
}
