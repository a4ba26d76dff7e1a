//! Users' transactions in shard blocks whose assumptions fail: each is in a header that counts exactly once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "these users have only one of the EEs")]
#[path = "../../examples/two-shards/users.rs"]
mod users;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use account::{Payload, Transaction};
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{EePayload, ExecutionHeader, LedgerOperations, RootRead, Settings, ShardBody, ShardPlace},
    registry::Rules,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Bytes32, Root, Shard, Slot},
};
use outrider_host::{Host, HostConfig, chain};
use outrider_shard::{
    Executor, Frame,
    executor::{Contents, ExecutorConfig, MemoryCodes},
};
use outrider_sim::{
    Fault, Genesis, Setup, ShardProposer, Shards, SignatureMode, SimPreset, Simulation, Split,
};
use users::{ACCOUNT, AccountUsers};

type Preset = SimPreset<2>;

const MAKER: Shard = 0;
const READER: Shard = 1;
const SHARDS: [Shard; 2] = [MAKER, READER];
const N_USERS: u8 = 4;
/// The slots in which the proposer of the maker signs two blocks, and that of the reader assumes the first.
const SLOTS: std::ops::Range<Slot> = 3..11;

/// Proposers that fill blocks with what state providers offer. In some slots, the payload of the reader also reads the root that
/// the maker's block of the slot makes.
struct Reading {
    shards: Arc<Shards<MemoryCodes>>,
    made: Mutex<BTreeMap<Slot, Bytes32>>,
    payloads: Mutex<BTreeMap<Root, EePayload>>,
}

impl ShardProposer for Reading {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let mut body = self.shards.body(place)?;
        let mut made = self.made.lock().unwrap();
        if let (MAKER, Some(transition)) = (place.shard, body.header.transitions.first()) {
            made.insert(place.slot, transition.post_state_root);
        }
        let is_reader = place.shard == READER && SLOTS.contains(&place.slot);
        if let Some(root) = made.get(&place.slot).filter(|_| is_reader) {
            let (mut place, mut contents) = (place.clone(), Contents::of(&body));
            let read = RootRead { shard: MAKER, ee: ACCOUNT, state_root: *root };
            place.assumable.insert(read);
            contents.payloads[0].reads.push(read).unwrap();
            body = self.shards.executor().body(&place, contents).unwrap();
        }
        let payloads = body.payloads.iter().map(|payload| (payload.root(), payload.clone()));
        self.payloads.lock().unwrap().extend(payloads);
        Some(body)
    }
}

#[test]
fn each_transaction_counts_once_whether_assumptions_come_true_or_not() {
    let settings = Settings { assumptions_max: 1, ..Settings::default() };
    let (host, mut codes) = (Host::new(HostConfig::default()).unwrap(), MemoryCodes::default());
    let accounts = AccountUsers::new(N_USERS, &host).unwrap();
    let ees = vec![accounts.ee(&SHARDS, &mut codes)];
    let genesis = Genesis { n_validators: Preset::N_VALIDATORS, seed: 1, ees, ..Genesis::default() };
    let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default()).unwrap();
    let shards = Arc::new(Shards::new(executor, 0));
    SHARDS.iter().for_each(|shard| shards.add(accounts.provider(*shard).unwrap()));
    // The other block executes nothing. All hear both at once, and attest one of them.
    let split = || Split { second_to: BTreeSet::new(), delay_ms: 0 };
    let faults = SLOTS.map(|slot| Fault::ShardEquivocation { shard: MAKER, slot, split: split() }).collect();
    let setup = Setup { faults, signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) };
    let (made, payloads) = (Mutex::default(), Mutex::default());
    let reading = Arc::new(Reading { shards: Arc::clone(&shards), made, payloads });
    let mut simulation =
        Simulation::<Preset, _, _>::new(setup, Arc::clone(&reading), Arc::clone(&shards)).unwrap();

    let admission = HostAdmission::default();
    let judge = shards.executor();
    let rules = Rules { settings: &settings, admission: &admission, judge, verify_signatures: true };
    let mut expected = Vec::new();
    let mut headers = BTreeMap::<Root, ExecutionHeader>::new();
    for round in 0..64_u64 {
        if round < 12 {
            let (user, nonce) = (round % u64::from(N_USERS), round / u64::from(N_USERS));
            for shard in SHARDS {
                let transfer = accounts.transfer(shard, user, nonce, user + 1);
                shards.with(shard, ACCOUNT, |provider| provider.submit(transfer)).unwrap().unwrap();
            }
            expected.push((user, nonce));
        }
        for block in simulation.run_slot(&LedgerOperations::default(), rules).unwrap() {
            let crosslinked = block.operations.executions.iter().map(|execution| &execution.header);
            headers.extend(crosslinked.map(|header| (hash_tree_root(header), header.clone())));
        }
        let failures: Vec<_> =
            shards.take_failures().iter().map(|failure| chain(failure).to_string()).collect();
        assert_eq!(failures, Vec::<String>::new(), "slot {}", simulation.slot());
    }
    let view = &simulation.views()[0];
    assert!(view.refused().is_empty(), "{:?}", view.refused());
    assert!(view.node().store().finalized_checkpoint.epoch >= 2);
    let (_, head) = view.head().unwrap();
    head.ledger.check_conservation().unwrap();

    let payloads = reading.payloads.lock().unwrap();
    for shard in SHARDS {
        let tip = head.ledger.shards().get(shard as usize).unwrap().execution_root();
        let counted: Vec<_> = std::iter::successors(headers.get_key_value(&tip), |(_, header)| {
            headers.get_key_value(&header.parent_execution_root)
        })
        .collect();
        let transitions = counted.iter().flat_map(|(_, header)| &header.transitions);
        let payloads = transitions.map(|transition| &payloads[&transition.payload_root]);
        let mut transactions: Vec<_> =
            payloads.flat_map(|payload| transactions(&payload.block_data)).collect();
        let signed = |(user, nonce): &(u64, u64)| {
            let package = accounts.transfer(shard, *user, *nonce, user + 1);
            Payload::from_bytes(&package).map(block).unwrap()
        };
        let mut expected: Vec<_> = expected.iter().flat_map(signed).collect();
        let key = |transaction: &Transaction| (transaction.sender, transaction.nonce);
        transactions.sort_by_key(key);
        expected.sort_by_key(key);
        assert_eq!(transactions, expected, "shard {shard}");

        let is_counted = |root: &Root| counted.iter().any(|(counted, _)| *counted == root);
        let conditional = headers.iter().filter(|(_, header)| !header.assumptions.is_empty());
        let counts: Vec<_> = conditional.map(|(root, _)| is_counted(root)).collect();
        if shard == READER {
            assert!(counts.contains(&true) && counts.contains(&false), "{counts:?}");
        }
    }
}

/// Returns the transactions in the block data of a payload.
fn transactions(block_data: &[u8]) -> Vec<Transaction> {
    block(Payload::from_bytes(Frame::parse(block_data).unwrap().payload).unwrap())
}

fn block(payload: Payload) -> Vec<Transaction> {
    let Payload::Block(block) = payload else { panic!("no block") };
    block.transactions
}
