//! Receipts of the UTXO EE on a whole chain: value between its chains and accounts, what returns, and transactions that no
//! block can have.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/users.rs"]
#[allow(dead_code, reason = "these tests use a part")]
mod users;

use std::{path::Path, sync::Arc};

use account::Action;
use bitcoin_hashes::sha256d;
use bitcoin_primitives::{
    Amount, OutPoint, ScriptPubKeyBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
};
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{LedgerOperations, Settings},
    registry::Rules,
};
use outrider_beacon_spec::types::{Gwei, Shard, Slot};
use outrider_bitcoin_script::{Software, Spending, sighash};
use outrider_host::{
    Context, EeIndex, Host, HostConfig, ReceiptKind, ReceivedReceipt, ShardIndex, Slot as HostSlot,
    StateRoot, chain,
};
use outrider_shard::{
    Executor, Provider,
    executor::{ExecutorConfig, MemoryCodes},
    provider::{Previous, ProviderActor},
};
use outrider_sim::{Genesis, Setup, Shards, SignatureMode, SimPreset, Simulation};
use outrider_utxo::STATE_KIND;
use outrider_utxo_ee::{ARRIVAL_TAG, Network, Payload, Proposal, departure_script};
use outrider_witness::store::MemoryStore;
use secp256k1::{Keypair, SecretKey, schnorr};
use users::{ACCOUNT, AccountUsers, EE_ETHER, genesis_ee};

type Preset = SimPreset<4>;

const SHARDS: [Shard; 4] = [0, 1, 2, 3];
const ETHER: Gwei = 1_000_000_000;
const UTXO: u32 = 1;
/// `OP_1`: anybody can spend it.
const ANYONE: &[u8] = &[0x51];

struct World {
    accounts: AccountUsers,
    shards: Arc<Shards<MemoryCodes>>,
    simulation: Simulation<Preset, Arc<Shards<MemoryCodes>>, Arc<Shards<MemoryCodes>>>,
}

impl World {
    fn new() -> Self {
        let (host, mut codes) = (Host::new(HostConfig::default()).unwrap(), MemoryCodes::default());
        let accounts = AccountUsers::new(2, &host).unwrap();
        let code =
            std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees/blobs/utxo.wasm")).unwrap();
        let genesis = |host: &Host| {
            let store = Arc::new(MemoryStore::of_kind(STATE_KIND));
            let provider = Provider::open(host.load(&code).unwrap(), store).unwrap();
            let payload = Payload::Genesis(Network::Shard).to_bytes();
            let built = provider.build(provider.empty_root(), &[payload], Context::default()).unwrap();
            let root = built.post_state_root();
            provider.apply(&[built], Previous::Release).unwrap();
            (provider, root)
        };
        let (_, root) = genesis(&host);
        let ees = vec![accounts.ee(&SHARDS, &mut codes), genesis_ee(&code, root, &SHARDS, &mut codes)];
        let providers: Vec<_> = SHARDS.iter().map(|_| genesis(&host).0).collect();
        let genesis = Genesis { n_validators: Preset::N_VALIDATORS, ees, ..Genesis::default() };
        let executor = Executor::new(host, codes, Settings::default(), &ExecutorConfig::default()).unwrap();
        let shards = Arc::new(Shards::new(executor, 0));
        let proposal = Proposal { time: 0, script: ANYONE.to_vec(), transactions: vec![] };
        let proposal: Arc<[u8]> = Payload::Proposal(proposal).to_bytes().into();
        for (shard, provider) in SHARDS.into_iter().zip(providers) {
            shards.add(accounts.provider(shard).unwrap());
            let actor = ProviderActor::new(provider, UTXO, shard, [root]);
            shards.add(actor.with_preamble([Arc::clone(&proposal)]));
        }
        let setup = Setup { signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) };
        let simulation = Simulation::new(setup, Arc::clone(&shards), Arc::clone(&shards)).unwrap();
        Self { accounts, shards, simulation }
    }

    /// Runs slots, in which no provider fails.
    fn run(&mut self, n_slots: u64) {
        let (settings, admission) = (Settings::default(), HostAdmission::default());
        for _ in 0..n_slots {
            let judge = self.shards.executor();
            let rules = Rules { settings: &settings, admission: &admission, judge, verify_signatures: true };
            self.simulation.run_slot(&LedgerOperations::default(), rules).unwrap();
            let failures = self.shards.take_failures();
            let failures: Vec<_> = failures.iter().map(|failure| chain(failure)).collect();
            assert!(failures.is_empty(), "{failures:?}");
        }
    }

    /// Has a user of accounts send to an output of the chain on a shard.
    fn send(&self, from: (Shard, u64), nonce: u64, amount: Gwei, to: Shard, script: &[u8]) {
        let (shard, ee) = (ShardIndex(to), EeIndex(UTXO.into()));
        let action = Action::Send { shard, ee, receipt_fee: 10, payload: script.to_vec() };
        let package = self.accounts.package(from.0, from.1, nonce, amount, action);
        self.shards.with(from.0, ACCOUNT, |provider| provider.submit(package)).unwrap().unwrap();
    }

    fn submit(&self, shard: Shard, transaction: &Transaction) {
        let package = Payload::Transaction(transaction.clone()).to_bytes();
        self.shards.with(shard, UTXO, |provider| provider.submit(package)).unwrap().unwrap();
    }

    fn balance(&self, shard: Shard) -> Gwei {
        self.ee(shard).1
    }

    fn ee(&self, shard: Shard) -> (StateRoot, Gwei) {
        let ledger = self.simulation.views()[0].head().unwrap().1.ledger;
        let state = *ledger.shards().get(shard as usize).unwrap().ees().get(UTXO as usize).unwrap();
        (StateRoot(state.state_root.0), state.balance)
    }

    /// Returns why a transaction could not be in the next block of a shard, if it could not.
    fn refusal(&self, shard: Shard, transaction: &Transaction) -> Option<String> {
        let root = self.ee(shard).0;
        let proposal = Proposal { time: 0, script: ANYONE.to_vec(), transactions: vec![transaction.clone()] };
        let package = Payload::Proposal(proposal).to_bytes();
        let context = Context { slot: HostSlot(self.simulation.slot() + 1), ..Context::default() };
        let build =
            |actor: &mut ProviderActor<MemoryStore>| actor.provider().build(root, &[package], context);
        self.shards.with(shard, UTXO, build).unwrap().err().map(|error| chain(&error))
    }

    fn account(&self, shard: Shard, user: u64) -> Gwei {
        let ledger = self.simulation.views()[0].head().unwrap().1.ledger;
        let state = *ledger.shards().get(shard as usize).unwrap().ees().get(ACCOUNT as usize).unwrap();
        let root = StateRoot(state.state_root.0);
        let balances = self.shards.with(shard, ACCOUNT, |actor| AccountUsers::balances(actor, root));
        balances.unwrap().unwrap()[&self.accounts.public_key(user).address().0]
    }
}

/// The output of a receipt.
fn arrived(kind: ReceiptKind, from: (Shard, u32), slot: Slot, sequence: u64, value: Gwei) -> OutPoint {
    let receipt = ReceivedReceipt {
        kind,
        source_shard: ShardIndex(from.0),
        source_ee: EeIndex(from.1.into()),
        slot: HostSlot(slot),
        sequence,
        value,
        payload: vec![],
    };
    let bytes = [&ARRIVAL_TAG[..], &receipt.header_to_bytes()].concat();
    OutPoint { txid: Txid::from_byte_array(sha256d::Hash::hash(&bytes).to_byte_array()), vout: 0 }
}

fn output(amount: u64, script: &[u8]) -> TxOut {
    let script_pubkey = ScriptPubKeyBuf::from_bytes(script.to_vec());
    TxOut { amount: Amount::from_sat(amount).unwrap(), script_pubkey }
}

fn spend(from: OutPoint, outputs: Vec<TxOut>) -> Transaction {
    let input = TxIn { previous_output: from, sequence: Sequence::FINAL, ..TxIn::EMPTY_COINBASE };
    Transaction { version: TransactionVersion::TWO, lock_time: LockTime::ZERO, inputs: vec![input], outputs }
}

fn made(transaction: &Transaction, vout: u32) -> OutPoint {
    OutPoint { txid: transaction.compute_txid(), vout }
}

/// An output that leaves for an EE on a shard; what returns is of a key.
fn leave(amount: u64, to: (Shard, u32), fee: Gwei, payload: &[u8]) -> TxOut {
    let key = pair().x_only_public_key().0.to_byte_array();
    let script = departure_script(ShardIndex(to.0), EeIndex(to.1.into()), fee, &[&key[..], payload].concat());
    output(amount, &script)
}

fn pair() -> Keypair {
    Keypair::from_secret_key(&SecretKey::from_secret_bytes([9; 32]).unwrap())
}

/// Signs the only input, which spends what returned.
fn sign(transaction: &mut Transaction, amount: u64) {
    let key = pair().x_only_public_key().0.to_byte_array();
    let spent = [output(amount, &[&[0x51, 32][..], &key].concat())];
    let digest = {
        let spending = Spending::new(transaction, &spent).unwrap();
        sighash::taproot(&spending, 0, sighash::TaprootPath::Key, None, 0, &Software).unwrap()
    };
    let signature = schnorr::sign_no_aux_rand(&digest, &pair());
    transaction.inputs[0].witness = Witness::from_slice(&[signature.to_byte_array()]);
}

#[test]
fn ether_goes_to_outputs_and_on_to_accounts_and_other_chains_and_back() {
    let mut world = World::new();
    world.send((0, 0), 0, 1_000_000, 2, ANYONE);
    // It cannot be an output, so it returns.
    world.send((0, 0), 1, 5_000, 2, &[0x6a]);
    world.run(5);
    assert_eq!(world.balance(2), EE_ETHER + 1_000_000);
    assert_eq!(world.account(0, 0), ETHER - 1_000_000 - 20);
    let coin = arrived(ReceiptKind::Message, (0, ACCOUNT), 1, 0, 1_000_000);
    let user = world.accounts.public_key(1).address().0;
    let first = spend(
        coin,
        vec![
            leave(600_000, (3, UTXO), 7, ANYONE),
            leave(100_000, (1, ACCOUNT), 9, &user),
            leave(50_000, (3, UTXO), 11, &[0x6a]),
            leave(60_000, (3, 77), 13, ANYONE),
            output(180_000, ANYONE),
        ],
    );
    assert_eq!(world.refusal(2, &first), None);
    let slot = world.simulation.slot() + 1;
    world.submit(2, &first);
    world.run(4);
    assert_eq!(world.account(1, 1), ETHER + 99_991);
    // On shard 3, the first became an output; two have returned.
    let there = arrived(ReceiptKind::Message, (2, UTXO), slot, 0, 599_993);
    assert_eq!(world.refusal(3, &spend(there, vec![output(599_993, ANYONE)])), None);
    assert!(world.refusal(3, &spend(there, vec![output(599_994, ANYONE)])).is_some());
    assert_eq!(world.balance(3), EE_ETHER + 599_993);
    assert_eq!(world.balance(2), EE_ETHER + 1_000_000 - 600_000 - 100_000 - 11 - 13);
    let back = spend(made(&first, 4), vec![output(180_000, ANYONE)]);
    assert_eq!(world.refusal(2, &back), None);
    let returned: Vec<_> = (0..40)
        .flat_map(|slot| {
            (0..4).flat_map(move |sequence| [(slot, sequence, 49_989), (slot, sequence, 59_987)])
        })
        .filter(|(slot, sequence, value)| {
            [1, UTXO, 77].iter().any(|ee| {
                let coin = arrived(ReceiptKind::Bounced, (3, *ee), *slot, *sequence, *value);
                let mut spend = spend(coin, vec![output(*value, ANYONE)]);
                sign(&mut spend, *value);
                world.refusal(2, &spend).is_none()
            })
        })
        .collect();
    assert_eq!(returned.len(), 2);
}

/// Transactions that the EE refuses, or that send to a shard that does not exist, keep out no others.
#[test]
fn transactions_that_no_block_can_have_keep_out_no_others() {
    let mut world = World::new();
    world.send((0, 0), 0, 1_000, 2, ANYONE);
    world.send((0, 0), 1, 2_000, 2, ANYONE);
    world.run(4);
    let [a, b] =
        [(0, 1_000), (1, 2_000)].map(|(n, value)| arrived(ReceiptKind::Message, (0, ACCOUNT), 1, n, value));
    let unknown = OutPoint { txid: Txid::from_byte_array([7; 32]), vout: 0 };
    world.submit(2, &spend(unknown, vec![output(1, ANYONE)]));
    world.submit(2, &spend(a, vec![leave(500, (99, UTXO), 0, ANYONE)]));
    world.submit(2, &spend(a, vec![output(5_000, ANYONE)]));
    let good = spend(b, vec![output(1_500, ANYONE)]);
    world.submit(2, &good);
    world.submit(2, &spend(b, vec![output(1_400, ANYONE)]));
    // A child of one that is not in the block, and of one that is.
    let child = spend(made(&good, 0), vec![output(1_400, ANYONE)]);
    world.submit(2, &child);
    world.run(4);
    assert_eq!(world.refusal(2, &spend(made(&child, 0), vec![output(1_400, ANYONE)])), None);
    world.submit(2, &spend(a, vec![output(900, ANYONE)]));
    world.send((0, 0), 2, 3_000, 2, ANYONE);
    world.run(4);
    let left = spend(a, vec![output(900, ANYONE)]);
    assert_eq!(world.refusal(2, &spend(made(&left, 0), vec![output(900, ANYONE)])), None);
    assert_eq!(world.balance(2), EE_ETHER + 6_000);
}
