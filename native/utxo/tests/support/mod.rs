//! Shared helpers of the tests with state providers: the EE, transactions, and chains on shards whose blocks follow from
//! their heights.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::{path::Path, sync::Arc};

use bitcoin_consensus_encoding::decode_from_slice;
use bitcoin_hashes::sha256d;
use bitcoin_primitives::{
    Amount, Block, OutPoint, ScriptPubKeyBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid,
    absolute::LockTime,
};
use outrider_abi::Reader;
use outrider_host::{
    Context, DiskCache, Ee, EngineKind, Host, HostConfig, ReceivedReceipt, ShardIndex, Slot, StateRoot,
};
use outrider_shard::{BuiltBlock, Frame, Provider, Surroundings};
use outrider_utxo_ee::{ARRIVAL_TAG, Network, Payload, Proposal, Tip};
use outrider_witness::store::Store;

/// `OP_1`: anybody can spend it.
pub(crate) const ANYONE: &[u8] = &[0x51];

/// Loads the EE for an engine.
pub(crate) fn ee(engine: EngineKind, cache: Option<&Path>) -> Ee {
    let cache = cache.map(|directory| DiskCache::open(directory).expect("it can be made"));
    let host = Host::new(HostConfig { engine, cache, ..HostConfig::default() });
    let blob = include_bytes!("../../../../ees/blobs/utxo.wasm");
    host.expect("the configuration is valid").load(blob).expect("the EE loads")
}

/// Returns both engines, if both are compiled in.
pub(crate) fn engine() -> EngineKind {
    if EngineKind::Both.is_compiled_in() { EngineKind::Both } else { EngineKind::Wasmtime }
}

/// Returns the tip of a stored state.
pub(crate) fn tip(store: &impl Store, root: StateRoot) -> Tip {
    let node = store.node(&root.into()).expect("the state is stored");
    Tip::read(&mut Reader::new(&node)).expect("it is a tip")
}

/// Returns the block in block data.
pub(crate) fn block_of(built: &BuiltBlock) -> Block {
    let frame = Frame::parse(built.block_data()).expect("it is framed");
    let Ok(Payload::Block(block)) = Payload::from_bytes(frame.payload) else { panic!("it is a block") };
    decode_from_slice(&block).expect("it is a block")
}

/// Makes a transaction from outputs of anyone to others of anyone.
pub(crate) fn pay(from: &[OutPoint], amounts: &[u64]) -> Transaction {
    let input =
        |from: &OutPoint| TxIn { previous_output: *from, sequence: Sequence::FINAL, ..TxIn::EMPTY_COINBASE };
    let output = |amount: &u64| TxOut {
        amount: Amount::from_sat(*amount).expect("there are as many"),
        script_pubkey: ScriptPubKeyBuf::from_bytes(ANYONE.to_vec()),
    };
    Transaction {
        version: TransactionVersion::TWO,
        lock_time: LockTime::ZERO,
        inputs: from.iter().map(input).collect(),
        outputs: amounts.iter().map(output).collect(),
    }
}

/// Returns the package of a user.
pub(crate) fn package(transaction: &Transaction) -> Vec<u8> {
    Payload::Transaction(transaction.clone()).to_bytes()
}

/// Returns the package of a proposer, whose coinbase anyone can spend.
pub(crate) fn propose(time: u32) -> Vec<u8> {
    Payload::Proposal(Proposal { time, script: ANYONE.to_vec(), transactions: Vec::new() }).to_bytes()
}

/// Returns a receipt of a million satoshi for anyone.
fn receipt(sequence: u64) -> ReceivedReceipt {
    let payload = [&[0; 32], ANYONE].concat();
    ReceivedReceipt { source_shard: ShardIndex(1), sequence, value: 1_000_000, payload, ..Default::default() }
}

/// Returns the output that the first, second or third receipt in the block of a height becomes.
pub(crate) fn arrived(height: u64, number: u64) -> OutPoint {
    let bytes = [&ARRIVAL_TAG[..], &receipt(3 * height + number).header_to_bytes()].concat();
    OutPoint { txid: Txid::from_byte_array(sha256d::Hash::hash(&bytes).to_byte_array()), vout: 0 }
}

/// Returns what the block of a height knows on a shard: it gets three receipts.
pub(crate) fn surroundings(height: u64) -> Surroundings {
    let context = Context { slot: Slot(height), ..Context::default() };
    let receipts = [0, 1, 2].map(|number| receipt(3 * height + number));
    Surroundings { context, receipts: Arc::from(receipts), ..Surroundings::default() }
}

/// Builds the block of a height on a shard. It spends the first output that arrived a block before and the second one
/// that did so seven blocks before, and makes as many outputs as the height says.
#[track_caller]
pub(crate) fn build<S: Store + Send + Sync + 'static>(
    provider: &Provider<S>,
    root: StateRoot,
    height: u64,
) -> BuiltBlock {
    if height == 0 {
        return begin(provider, Network::Shard);
    }
    let young = (height > 1).then(|| arrived(height - 1, 0));
    let old = height.checked_sub(7).filter(|made| *made > 0).map(|made| arrived(made, 1));
    let spent: Vec<OutPoint> = young.into_iter().chain(old).collect();
    let transaction = package(&pay(&spent, &vec![10; 1 + height as usize % 20]));
    let packages = if spent.is_empty() { vec![propose(0)] } else { vec![propose(0), transaction] };
    provider.build(root, &packages, surroundings(height)).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Builds the first block of a network.
#[track_caller]
pub(crate) fn begin<S: Store + Send + Sync + 'static>(
    provider: &Provider<S>,
    network: Network,
) -> BuiltBlock {
    let genesis = Payload::Genesis(network).to_bytes();
    provider.build(provider.empty_root(), &[genesis], Context::default()).expect("the EE makes the state")
}
