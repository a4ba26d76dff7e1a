//! The cost of a node with a ledger.
//!
//! - `headers`: processing the execution headers of 64 shards in the ledger, and computing its root.
//! - `store`: saving a block, and loading a node, with 100,000 validators.
//! - `code`: reading one code among 1,000.
//!
//! The bench also prints sizes: of the headers, and of the database per epoch with either retention.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed, and prints"
)]

use std::{hint::black_box, path::Path};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use outrider_beacon::{
    ledger::{
        CrosslinkedBlock, Deploy, EeTransition, ExecutionHeader, ExtendedState, GenesisEe, Ledger,
        LedgerOperations, Settings, ShardBody, ShardExecution, SignedDeploy, process_execution_header,
    },
    proof::body_branch,
    registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
    store::{Retention, Store, UnloadedStore},
};
use outrider_beacon_spec::{
    hash::{hash, hash_tree_root},
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal, Preset},
    types::{Bytes32, Root},
};
use outrider_sim::{Chain, ChainPhase, Genesis, Keys, vote_on_code};
use ssz::Encode as _;
use ssz_types::{BitVector, VariableList, typenum::U1048576};

const ETHER: u64 = 1_000_000_000;

struct AcceptAll;

impl Admission for AcceptAll {
    fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
        Ok(CodeProperties { takes_receipts: false })
    }
}

fn settings() -> Settings {
    Settings { faucet: Some(0), ..Settings::default() }
}

fn rules(settings: &Settings) -> Rules<'_> {
    Rules { settings, admission: &AcceptAll, judge: &NoJudge, verify_signatures: false }
}

fn chain<P: ChainPhase>(n_validators: u64) -> Chain<P> {
    let rich = Some((0, 1_000_000 * ETHER));
    let (node, keys) = Genesis { n_validators, rich, ..Genesis::default() }.node().unwrap();
    Chain::new(node, keys)
}

/// Runs a slot and stores its block.
fn run_slot<P: ChainPhase>(chain: &mut Chain<P>, store: &mut Store<P>, operations: LedgerOperations<P>) {
    let block = chain.run_slot(operations, rules(&settings())).unwrap();
    store.save(chain.node(), &block).unwrap();
}

/// Measures 64 headers, one for each shard, that execute two EEs each.
fn headers(criterion: &mut Criterion) {
    let chain = chain::<Phase1<Mainnet>>(64);
    let ExtendedState { state, .. } = chain.head().unwrap().1;
    let ee = |byte| GenesisEe {
        code_hash: Root::repeat_byte(byte),
        refund_credentials: state.validators.get(0).unwrap().withdrawal_credentials,
        shards: (0..64).map(|shard| (shard, ETHER)).collect(),
        ..GenesisEe::default()
    };
    let ledger = Ledger::genesis(&state, &[ee(1), ee(2)]).unwrap();
    black_box(ledger.root());
    let executions: Vec<_> = (0..64).map(crosslinked).collect();
    let bytes: usize = executions.iter().map(|(_, execution)| execution.ssz_bytes_len()).sum();
    println!("headers: {bytes} bytes of 64 executions of two EEs each");
    let settings = settings();
    criterion.bench_function("headers/64", |bencher| {
        bencher.iter_batched(
            || ledger.clone(),
            |mut ledger| {
                for (block, execution) in &executions {
                    process_execution_header(&mut ledger, block, execution, 0, &settings).unwrap();
                }
                black_box(ledger.root())
            },
            BatchSize::SmallInput,
        );
    });
}

fn crosslinked(shard: u64) -> (CrosslinkedBlock, ShardExecution) {
    let transition = |ee| EeTransition {
        ee,
        post_state_root: Root::repeat_byte(9),
        payload_root: Root::repeat_byte(7),
        fuel_used: 1_000,
        balance: ETHER,
        ..EeTransition::default()
    };
    let transitions = vec![transition(0), transition(1)].try_into().unwrap();
    let header = ExecutionHeader { transitions, ..ExecutionHeader::default() };
    let body = ShardBody { header: header.clone(), ..ShardBody::default() }.to_body();
    let branch = body_branch(&body).try_into().unwrap();
    let length = body.len() as u64;
    let data: VariableList<u8, U1048576> = body.try_into().unwrap();
    let data_root = hash_tree_root(&data);
    let block = CrosslinkedBlock { shard, slot: 0, proposer_index: 0, length, data_root, gasprice: 8 };
    (block, ShardExecution { shard, slot: 0, header, branch })
}

fn save_and_load(criterion: &mut Criterion) {
    type P = Phase0<Mainnet>;
    const N_VALIDATORS: u64 = 100_000;
    let directory = tempfile::tempdir().unwrap();
    let mut chain = chain::<P>(N_VALIDATORS);
    let mut store = Store::create(directory.path(), chain.node(), &[], Retention::Finality).unwrap();
    println!("store: {} bytes at genesis of 100,000 validators", database_bytes(directory.path()));
    run_slot(&mut chain, &mut store, LedgerOperations::default());
    let block = chain.run_slot(LedgerOperations::default(), rules(&settings())).unwrap();
    let mut group = criterion.benchmark_group("store/100000");
    group.sample_size(10);
    group.bench_function("save", |bencher| bencher.iter(|| store.save(chain.node(), &block).unwrap()));
    drop(store);
    group.bench_function("load", |bencher| {
        bencher.iter(|| {
            let opened = UnloadedStore::open(directory.path()).unwrap();
            black_box(opened.load::<P>(rules(&settings())).unwrap());
        });
    });
}

fn code(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = chain::<Phase0<Minimal>>(64);
    let mut store = Store::create(directory.path(), chain.node(), &[], Retention::Finality).unwrap();
    for number in 0..1_000_u32 {
        let operations = deploy(&chain, number);
        run_slot(&mut chain, &mut store, operations);
        let votes = vote_on_code(&chain.head().unwrap().1, number, 0, chain.keys()).unwrap();
        let pre_check_votes = votes.try_into().unwrap();
        run_slot(&mut chain, &mut store, LedgerOperations { pre_check_votes, ..LedgerOperations::default() });
    }
    let mut number = 0_u32;
    criterion.bench_function("code/1000", |bencher| {
        bencher.iter(|| {
            number = (number + 7) % 1_000;
            black_box(store.code(code_hash(number)).unwrap().unwrap())
        });
    });
}

/// 32 KiB of code, a common size.
fn code_of(number: u32) -> Vec<u8> {
    number.to_le_bytes().repeat(8 << 10)
}

fn code_hash(number: u32) -> Bytes32 {
    hash(&[&code_of(number)])
}

fn deploy<P: ChainPhase>(chain: &Chain<P>, number: u32) -> LedgerOperations<P> {
    let head = chain.head().unwrap().1;
    let payer = head.state.validators.get(0).unwrap();
    let mut shards = BitVector::new();
    shards.set(0, true).unwrap();
    let message = Deploy {
        ee: number,
        code: code_of(number).try_into().unwrap(),
        shards,
        owner: payer.pubkey,
        refund_credentials: payer.withdrawal_credentials,
        deposit: 41 * ETHER,
        ..Deploy::default()
    };
    let deploys = vec![SignedDeploy { message, ..SignedDeploy::default() }].try_into().unwrap();
    LedgerOperations { deploys, ..LedgerOperations::default() }
}

/// Prints the growth of the database per epoch.
fn disk(_: &mut Criterion) {
    disk_of::<Phase0<Minimal>>("phase 0, minimal, 64 validators", 64, 32);
    disk_of::<Phase1<Minimal>>("phase 1, minimal, 64 validators", 64, 32);
    disk_of::<Phase1<Mainnet>>("phase 1, mainnet, 512 validators", 512, 6);
}

fn disk_of<P: ChainPhase>(name: &str, n_validators: u64, n_epochs: u64) {
    for retention in [Retention::Finality, Retention::All] {
        let directory = tempfile::tempdir().unwrap();
        let mut chain = chain::<P>(n_validators);
        let mut store = Store::create(directory.path(), chain.node(), &[], retention).unwrap();
        let mut sizes = Vec::new();
        for _ in 0..n_epochs {
            for _ in 0..P::Preset::SLOTS_PER_EPOCH {
                run_slot(&mut chain, &mut store, LedgerOperations::default());
            }
            sizes.push(database_bytes(directory.path()));
        }
        drop(store);
        let load = UnloadedStore::open(directory.path()).unwrap().load::<P>(rules(&settings()));
        let (_, node) = load.unwrap();
        drop(Chain::new(node, Keys::new(n_validators)));
        let (half, last) = (sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
        let each = last.saturating_sub(half) / (n_epochs - n_epochs / 2 - 1).max(1);
        println!("disk: {name}, {retention:?}: {last} bytes after {n_epochs} epochs, {each} more in each");
    }
}

fn database_bytes(path: &Path) -> u64 {
    std::fs::metadata(path.join("db")).unwrap().len()
}

criterion_group!(benches, headers, save_and_load, code, disk);
criterion_main!(benches);
