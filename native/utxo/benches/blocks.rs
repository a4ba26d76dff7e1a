//! Blocks of Bitcoin: the UTXO EE as wasm, metered and unmetered, and the same code native, in alternation.
//!
//! - `payments`: a block on a shard's chain with 2,657 transactions from three P2WPKH outputs to two, among 65,536 outputs;
//!   1.4 MB, and so of the size of a usual block in 2024.
//! - `277647` and `300025` of the main network, on assumed states, if the published blocks are at hand.
//! - A block on an assumed state of the main network, with the outputs that it spends:
//!   `cargo bench -p outrider-utxo --bench blocks -- BLOCK OUTPUTS`. Both are files as `outrider utxo block` takes them.
//!
//! Each side does the work of an executor: it checks the witness, executes the block and computes the post-state root.
//! The fastest of several turns counts. `native` and `unmetered` are ratios of the metered wasm to that side. `near` is the
//! fuel if no memory were far, and `memory` the least MiB with which the EE executes the block.

#![allow(missing_docs, clippy::print_stdout, reason = "a program")]

use std::{
    env, fs,
    sync::Arc,
    time::{Duration, Instant},
};

use bitcoin_hashes::{hash160, sha256d};
use bitcoin_primitives::{
    Amount, OutPoint, ScriptPubKeyBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
};
use outrider_bitcoin_script::{Software, Spending, sighash};
use outrider_host::{
    Context, Ee, ExecutionInput, Host, HostConfig, Limits, ReceivedReceipt, ShardIndex, Slot, StateRoot,
};
use outrider_sdk::harness::Execution;
use outrider_shard::{BuiltBlock, Previous, Provider, Surroundings};
use outrider_utxo::{STATE_KIND, assumed::AssumedBlock, blocks};
use outrider_utxo_ee::{ARRIVAL_TAG, Network, Payload, Proposal};
use outrider_witness::store::MemoryStore;
use secp256k1::{Message, PublicKey, SecretKey, ecdsa};

/// Turns of each side.
const TURNS: u32 = 7;
const BYTES_MAX: u64 = 1 << 25;

fn main() {
    let files: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let read = |path: &String| fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut cases = Vec::new();
    if let [block, outputs] = files.as_slice() {
        cases.push(Case::of_files(block.clone(), &read(block), &read(outputs)));
    } else {
        cases.push(Case::of_payments());
        let named = [
            ("277647", "blocks/277647.dat.bz2", "blocks/277647.utxostore.bz2"),
            ("300025", "blocks-with-undo/block300025.raw.gz", "blocks-with-undo/block300025-undo.raw.gz"),
        ];
        for (name, block, outputs) in named {
            let file = |name| fs::read(outrider_published::path(&format!("bitcoin/{name}"))?).ok();
            if let (Some(block), Some(outputs)) = (file(block), file(outputs)) {
                cases.push(Case::of_files(name.to_owned(), &block, &outputs));
            }
        }
    }
    println!(
        "{:10} {:>8} {:>7} {:>8} {:>13} {:>12} {:>7} {:>9} {:>8} {:>7} {:>10}",
        "", "bytes", "inputs", "witness", "fuel", "near", "memory", "wasm", "each", "native", "unmetered"
    );
    cases.iter().for_each(Case::print);
}

/// A block that was built on a state, and what it knows.
struct Case {
    name: String,
    n_inputs: usize,
    context: Context,
    built: BuiltBlock,
}

impl Case {
    /// Builds a block of the main network on an assumed state.
    fn of_files(name: String, block: &[u8], outputs: &[u8]) -> Self {
        let block = blocks::read(block, BYTES_MAX).expect("it is a file with a block").blocks.remove(0);
        let outputs = blocks::read_bytes(outputs, BYTES_MAX).expect("it can be unpacked");
        let payload = Payload::AssumedBlock(block.bytes.clone().into()).to_bytes();
        let assumed = AssumedBlock::new(Network::Main, height_of(&name), block, Some(&outputs));
        let assumed = assumed.unwrap_or_else(|error| panic!("{name}: {error}"));
        let n_inputs = assumed.figures().expect("the outputs are those of the block").n_inputs;
        let provider = provider();
        let state = Payload::AssumedState(assumed.state()).to_bytes();
        let first = build(&provider, provider.empty_root(), &[state], Context::default().into());
        let root = first.post_state_root();
        provider.apply(&[first], Previous::Release).expect("memory takes all");
        let context = Context::default();
        Self { name, n_inputs, context, built: build(&provider, root, &[payload], context.into()) }
    }

    /// Builds a block on a shard, whose outputs came by receipts.
    fn of_payments() -> Self {
        let provider = provider();
        let mut root = provider.empty_root();
        let mut apply = |packages: &[Vec<u8>], surroundings: Surroundings| {
            let built = build(&provider, root, packages, surroundings);
            root = built.post_state_root();
            provider.apply(&[built], Previous::Release).expect("memory takes all");
            root
        };
        let propose = |transactions| {
            Payload::Proposal(Proposal { time: 0, script: vec![0x51], transactions }).to_bytes()
        };
        let key = SecretKey::from_secret_bytes([7; 32]).expect("it is a key");
        let script = p2wpkh(&key);
        apply(&[Payload::Genesis(Network::Shard).to_bytes()], Surroundings::default());
        let slot = |slot| Context { slot: Slot(slot), ..Context::default() };
        let mut root = StateRoot::default();
        for number in 0..N_OUTPUTS / RECEIPTS {
            let receipts = (number * RECEIPTS..(number + 1) * RECEIPTS).map(|it| receipt(it, &script));
            let context = slot(number + 1);
            let surroundings =
                Surroundings { context, receipts: receipts.collect(), ..Surroundings::default() };
            root = apply(&[propose(Vec::new())], surroundings);
        }
        let step = N_OUTPUTS / (3 * N_PAYMENTS);
        let payments = (0..N_PAYMENTS).map(|number| {
            let spent = [0, 1, 2].map(|input| receipt((3 * number + input) * step, &script));
            payment(&key, &spent)
        });
        let context = slot(1_000);
        let built = build(&provider, root, &[propose(payments.collect())], context.into());
        Self { name: "payments".to_owned(), n_inputs: 3 * N_PAYMENTS as usize, context, built }
    }

    fn print(&self) {
        let Self { name, n_inputs, built, .. } = self;
        let [wasm, unmetered, native] = self.measure();
        let ratio = |other: Duration| wasm.as_secs_f64() / other.as_secs_f64();
        let near = self.execute(&load(|config| config.limits.memory_far_factor = 1)).unwrap_or_default();
        println!(
            "{name:10} {:>8} {n_inputs:>7} {:>8} {:>13} {near:>12} {:>7.1} {:>9.2?} {:>8.2?} {:>7.2} {:>10.2}",
            built.payload_bytes(),
            built.witness_bytes(),
            built.output().fuel_used,
            f64::from(self.memory_pages()) / 16.0,
            wasm,
            wasm / u32::try_from(*n_inputs).unwrap_or(1).max(1),
            ratio(native),
            ratio(unmetered)
        );
    }

    /// Executes the block in turns, and returns the fastest of each side.
    fn measure(&self) -> [Duration; 3] {
        let (metered, unmetered) = (load(|_| ()), load(|config| config.metered = false));
        let execution = Execution::new(self.built.pre_state_root()).context(self.context);
        let execution = execution.block_data(self.built.block_data().to_vec());
        let mut times = [Duration::MAX; 3];
        for _ in 0..TURNS {
            let native = execution.clone();
            let turn = [
                time(|| assert!(self.execute(&metered).is_some())),
                time(|| assert!(self.execute(&unmetered).is_some())),
                time(|| {
                    let outcome = native.run(outrider_utxo_ee::execute).expect("the block is valid");
                    assert_eq!(outcome.post_state_root, self.built.post_state_root());
                }),
            ];
            times.iter_mut().zip(turn).for_each(|(least, time)| *least = time.min(*least));
        }
        times
    }

    /// Executes the block and returns its fuel, or `None` if that fails.
    fn execute(&self, ee: &Ee) -> Option<u64> {
        let input = ExecutionInput::new(self.built.pre_state_root(), Arc::clone(self.built.block_data()));
        let output = ee.execute(&ExecutionInput { context: self.context, ..input }).ok()?;
        assert_eq!(output.post_state_root, self.built.post_state_root());
        Some(output.fuel_used)
    }

    /// Searches the least number of pages with which the EE executes the block.
    fn memory_pages(&self) -> u32 {
        let (mut too_few, mut enough) = (0, Limits::default().memory_pages_max);
        while enough - too_few > 1 {
            let pages = too_few.midpoint(enough);
            let is_enough = try_load(|config| config.limits.memory_pages_max = pages)
                .is_some_and(|ee| self.execute(&ee).is_some());
            if is_enough { enough = pages } else { too_few = pages }
        }
        enough
    }
}

/// The transactions of `payments`.
const N_PAYMENTS: u64 = 2_657;
/// The outputs of its state.
const N_OUTPUTS: u64 = 1 << 16;
/// The receipts of a block that makes outputs.
const RECEIPTS: u64 = 1 << 12;

fn provider() -> Provider<MemoryStore> {
    let store = Arc::new(MemoryStore::of_kind(STATE_KIND));
    Provider::open(load(|_| ()), store).expect("the store is empty")
}

#[track_caller]
fn build(
    provider: &Provider<MemoryStore>,
    root: StateRoot,
    packages: &[Vec<u8>],
    surroundings: Surroundings,
) -> BuiltBlock {
    let built = provider.build(root, packages, surroundings);
    built.unwrap_or_else(|error| panic!("{error}: {:?}", error.execution()))
}

fn load(change: impl FnOnce(&mut HostConfig)) -> Ee {
    try_load(change).expect("it loads")
}

fn try_load(change: impl FnOnce(&mut HostConfig)) -> Option<Ee> {
    let mut config = HostConfig::default();
    change(&mut config);
    let host = Host::new(config).expect("the configuration is fine");
    host.load(include_bytes!("../../../ees/blobs/utxo.wasm")).ok()
}

fn time(action: impl FnOnce()) -> Duration {
    let start = Instant::now();
    action();
    start.elapsed()
}

/// Returns the height of a block whose name is that; others contain it.
fn height_of(name: &str) -> Option<u32> {
    name.parse().ok()
}

fn receipt(sequence: u64, script: &[u8]) -> ReceivedReceipt {
    let payload = [&[0; 32], script].concat();
    ReceivedReceipt { source_shard: ShardIndex(1), sequence, value: AMOUNT, payload, ..Default::default() }
}

/// The satoshi of each output.
const AMOUNT: u64 = 100_000;

fn p2wpkh(key: &SecretKey) -> Vec<u8> {
    let hash = hash160::Hash::hash(&PublicKey::from_secret_key(key).serialize()).to_byte_array();
    [&[0, 20][..], &hash].concat()
}

/// Pays the outputs of receipts to two others of the same script.
fn payment(key: &SecretKey, spent: &[ReceivedReceipt]) -> Transaction {
    let script = p2wpkh(key);
    let input = |receipt: &ReceivedReceipt| {
        let txid = sha256d::Hash::hash(&[&ARRIVAL_TAG[..], &receipt.header_to_bytes()].concat());
        let previous_output = OutPoint { txid: Txid::from_byte_array(txid.to_byte_array()), vout: 0 };
        TxIn { previous_output, sequence: Sequence::FINAL, ..TxIn::EMPTY_COINBASE }
    };
    let output = |amount| TxOut {
        amount: Amount::from_sat(amount).expect("there are as many"),
        script_pubkey: ScriptPubKeyBuf::from_bytes(script.clone()),
    };
    let mut transaction = Transaction {
        version: TransactionVersion::TWO,
        lock_time: LockTime::ZERO,
        inputs: spent.iter().map(input).collect(),
        outputs: vec![output(AMOUNT), output(AMOUNT + 1)],
    };
    let unsigned = transaction.clone();
    let outputs = vec![output(AMOUNT); spent.len()];
    let spending = Spending::new(&unsigned, &outputs).expect("there is one for each input");
    let public_key = PublicKey::from_secret_key(key).serialize();
    let code = [&[0x76, 0xa9, 20][..], &script[2..], &[0x88, 0xac]].concat();
    for (index, input) in transaction.inputs.iter_mut().enumerate() {
        let digest = sighash::segwit_v0(&spending, index, &code, 1, &Software).expect("the input exists");
        let signature = ecdsa::sign(Message::from_digest(digest), key);
        let signature = [&signature.serialize_der()[..], &[1]].concat();
        input.witness = Witness::from_slice(&[signature, public_key.to_vec()]);
    }
    transaction
}
