//! Chains of one EE on several shards, and the way of receipts between them, as the beacon chain's rules have it.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use outrider_evm::genesis::Genesis;
use outrider_evm_codec::alias_preimage;
use outrider_sdk::{
    chain,
    context::{EeIndex, ShardIndex, Slot},
    harness::{Context, Failure, Provided, ReceivedReceipt, SentReceipt},
    receipt::ReceiptKind,
};
use serde_json::Value;

use super::{
    Shard, Users, context,
    genesis::{EE, GWEI, OSAKA, genesis_json},
    proposal,
};

/// Chains on shards 0 to n.
pub(crate) struct Network {
    pub(crate) places: Vec<Place>,
    pub(crate) slot: u64,
    /// Receipts to other EEs.
    pub(crate) to_others: Vec<SentReceipt>,
}

/// A chain, and what the ledger and its lanes know of it.
pub(crate) struct Place {
    pub(crate) shard: Shard,
    pub(crate) users: Users,
    /// The EE's ether on the shard, in Gwei.
    pub(crate) ether: u64,
    /// The receipts that wait.
    pub(crate) inbox: Vec<ReceivedReceipt>,
}

/// The receipts that a block sent and rejected.
pub(crate) struct Receipts {
    pub(crate) provided: Provided,
    pub(crate) sent: Vec<SentReceipt>,
    /// Their places among those that were shown.
    pub(crate) rejected: Vec<u32>,
}

impl Network {
    pub(crate) fn new(n_shards: u64) -> Self {
        Self::with(n_shards, &OSAKA)
    }

    /// Chains with the rules of some forks.
    pub(crate) fn with(n_shards: u64, forks: &[(&str, u64)]) -> Self {
        Self::of(n_shards, &genesis_json(forks))
    }

    /// Chains with a `genesis.json`.
    pub(crate) fn of(n_shards: u64, genesis: &Value) -> Self {
        let place = |shard| {
            let genesis = Shard::new(Genesis::of_json(genesis.clone()).unwrap());
            let ether = u64::try_from(genesis.ether() / U256::from(GWEI)).unwrap();
            Place { shard: genesis, users: Users::on(shard), ether, inbox: Vec::new() }
        };
        Self { places: (0..n_shards).map(place).collect(), slot: 0, to_others: Vec::new() }
    }

    /// Makes a block of a shard with the receipts that wait there.
    pub(crate) fn block(&mut self, shard: usize, transactions: &[Bytes]) -> Receipts {
        self.try_block(shard, transactions).unwrap()
    }

    pub(crate) fn context(&self, shard: usize) -> Context {
        let balance = self.places[shard].ether;
        Context { shard: ShardIndex(shard as u64), balance, ..context(self.slot) }
    }

    /// Makes a block, unless the EE refuses it. Then checks that accounts have no more than the ledger knows of.
    pub(crate) fn try_block(&mut self, shard: usize, transactions: &[Bytes]) -> Result<Receipts, String> {
        self.slot += 1;
        let context = self.context(shard);
        let place = &mut self.places[shard];
        let provider = place.shard.provider.clone().context(context).receipts(place.inbox.clone());
        let packages = [&[proposal(None)], transactions].concat();
        let provided = match provider.provide(&packages, outrider_evm_ee::execute) {
            Ok(provided) => provided,
            Err(Failure::Refused(reason)) => return Err(chain(&reason)),
            Err(failure) => panic!("{}", chain(&failure)),
        };
        place.shard.provider.apply(&provided);
        let (sent, rejected) = (provided.outcome.receipts.clone(), provided.outcome.rejected.clone());
        let shown = std::mem::take(&mut place.inbox);
        for (index, receipt) in (0..).zip(&shown) {
            if receipt.kind == ReceiptKind::Message && rejected.contains(&index) {
                let to = receipt.source_shard.0;
                self.deliver(shard, to, bounced(receipt));
            } else {
                self.places[shard].ether += receipt.value;
            }
        }
        for receipt in &sent {
            let SentReceipt { destination_shard, destination_ee, value, fee, payload } = receipt.clone();
            let ether = &mut self.places[shard].ether;
            *ether =
                ether.checked_sub(value + fee).expect("the ledger refuses to spend more than the EE has");
            if destination_ee == EeIndex(EE) {
                let receipt =
                    ReceivedReceipt { value, payload, source_ee: EeIndex(EE), ..Default::default() };
                self.deliver(shard, destination_shard.0, receipt);
            } else {
                self.to_others.push(receipt.clone());
            }
        }
        let place = &self.places[shard];
        let (got, max) = (place.shard.ether(), U256::from(place.ether) * U256::from(GWEI));
        assert!(got <= max, "accounts have {got} wei, and the EE has {max}");
        Ok(Receipts { provided, sent, rejected })
    }

    /// Gives a receipt its place on a lane. Shards that do not exist lose it.
    fn deliver(&mut self, from: usize, to: u64, receipt: ReceivedReceipt) {
        let Some(place) = self.places.get_mut(to as usize) else { return };
        let sequence = self.slot * 1024 + place.inbox.len() as u64;
        let (source_shard, slot) = (ShardIndex(from as u64), Slot(self.slot));
        place.inbox.push(ReceivedReceipt { source_shard, slot, sequence, ..receipt });
        place.inbox.sort_by_key(|receipt| (receipt.source_shard, receipt.sequence));
    }

    /// Returns the sum of all balances on all shards, and of the values that wait, in wei.
    pub(crate) fn ether(&self) -> U256 {
        let waiting =
            |place: &Place| place.inbox.iter().map(|receipt| U256::from(receipt.value)).sum::<U256>();
        self.places.iter().map(|place| place.shard.ether() + waiting(place) * U256::from(GWEI)).sum()
    }
}

/// Returns what comes back of a message that was rejected: some hash, the first bytes and the value.
pub(crate) fn bounced(receipt: &ReceivedReceipt) -> ReceivedReceipt {
    let tag = receipt.payload.iter().take(64).copied();
    let payload = keccak256(receipt.to_bytes()).0.into_iter().chain(tag).collect();
    let (value, source_ee) = (receipt.value, EeIndex(EE));
    ReceivedReceipt { kind: ReceiptKind::Bounced, value, payload, source_ee, ..Default::default() }
}

/// Returns the address that calls for a sender.
pub(crate) fn alias(shard: u64, ee: u64, sender: B256) -> Address {
    Address::from_word(keccak256(alias_preimage(shard, ee, sender)))
}

/// Returns the input of the outbox's function `call`.
pub(crate) fn outbox_call(
    shard: u64,
    fee: u64,
    destination: Address,
    gas_limit: u64,
    tag: u128,
    data: &[u8],
) -> Bytes {
    let numbers = [U256::from(shard), U256::from(fee), destination.into_word().into()];
    let more = [U256::from(gas_limit), U256::from(tag), U256::from(6 * 32)];
    with_bytes("call(uint64,uint64,address,uint64,uint96,bytes)", &[numbers, more].concat(), data)
}

/// Returns the input of the outbox's function `send`.
pub(crate) fn outbox_send(shard: u64, ee: u64, fee: u64, data: &[u8]) -> Bytes {
    with_bytes("send(uint64,uint64,uint64,bytes)", &[shard, ee, fee, 4 * 32].map(U256::from), data)
}

/// Returns a call in Solidity's encoding whose last argument is bytes.
pub(crate) fn with_bytes(function: &str, words: &[U256], data: &[u8]) -> Bytes {
    let head = super::call(function, &[words, &[U256::from(data.len())]].concat());
    [&head[..], data, &vec![0; data.len().next_multiple_of(32) - data.len()]].concat().into()
}
