//! Measures slots of a simulated chain with 64 shards and 2,048 validators, by part, and what the executor adds to the
//! executions of a slot:
//!
//!     cargo run --release -p outrider-sim --example slots
//!     cargo run --release -p outrider-sim --example slots -- executor # only the last
//!
//! Each part is the difference between two chains of the same run. Times depend on the machine; ratios should not.

#![allow(clippy::print_stdout, reason = "an example prints")]

#[path = "../../examples/two-shards/users.rs"]
mod users;

use std::{
    error::Error,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use outrider_beacon::{
    admission::HostAdmission,
    ledger::{ExecutableBlock, Execution, LedgerOperations, NoExecution, Settings, ShardBody, ShardPlace},
    registry::{NoJudge, Rules},
};
use outrider_beacon_spec::{
    phase::Phase1,
    preset::Preset,
    types::{Root, Shard},
};
use outrider_host::{Ee, ExecutionInput, Host, HostConfig, StateRoot};
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, MemoryCodes, context},
    provider::PayloadLimits,
};
use outrider_sim::{
    EmptyShardBlocks, Genesis, Setup, ShardProposer, Shards, SignatureMode, SimPreset, Simulation,
};
use users::{ACCOUNT, AccountUsers, EVM, EvmUsers};

type C = SimPreset<64>;

const N_SHARDS: u64 = 64;
const N_USERS: u8 = 10;
/// The slots of each measurement.
const N_SLOTS: u64 = 2 * C::SLOTS_PER_EPOCH;
const REPEATS: usize = 31;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    if std::env::args().nth(1).is_some_and(|part| part == "executor") {
        return overhead(&World::new()?);
    }
    // First, because later chains use memory that earlier ones have left.
    let _warm = idle::<SimPreset<1>>()?;
    let (one, many) = (idle::<SimPreset<1>>()?, idle::<C>()?);
    println!("memory per idle shard: {} kB", many.0.saturating_sub(one.0) / (N_SHARDS - 1) / 1000);
    let world = World::new()?;
    let empty =
        |signatures| slot_ms(&Genesis::default(), EmptyShardBlocks, NoExecution, signatures, |_| Ok(()));
    let trusted = empty(SignatureMode::Trusted)?;
    let real = empty(SignatureMode::Real)?;
    let shards = world.shards(0)?;
    let full =
        slot_ms(&world.genesis, Arc::clone(&shards), Arc::clone(&shards), SignatureMode::Trusted, |round| {
            world.submit(&shards, round)
        })?;
    println!("ms per slot, with {N_SHARDS} shards and {} validators:", C::N_VALIDATORS);
    println!("  transitions, hashing, fork choice: {trusted}");
    println!("  signatures: {}", real.saturating_sub(trusted));
    println!(
        "  state providers and executions of a transfer in accounts and one in an EVM on each shard: {}",
        full.saturating_sub(trusted)
    );
    println!("  {:?}", shards.executor().executions());
    overhead(&world)
}

/// Users, EEs and codes.
struct World {
    accounts: AccountUsers,
    evm: EvmUsers,
    genesis: Genesis,
    codes: MemoryCodes,
    host: Host,
}

impl World {
    fn new() -> Result<Self> {
        let (host, mut codes) = (Host::new(HostConfig::default())?, MemoryCodes::default());
        let (accounts, evm) = (AccountUsers::new(N_USERS, &host)?, EvmUsers::new(N_USERS, &host)?);
        let all: Vec<Shard> = (0..N_SHARDS).collect();
        let ees = vec![accounts.ee(&all, &mut codes), evm.ee(&all, &mut codes)];
        Ok(Self { accounts, evm, genesis: Genesis { ees, ..Genesis::default() }, codes, host })
    }

    fn executor(&self, n_threads: usize) -> Result<Executor<MemoryCodes>> {
        let config = ExecutorConfig { n_threads, ..ExecutorConfig::default() };
        Ok(Executor::new(self.host.clone(), self.codes.clone(), Settings::default(), &config)?)
    }

    fn shards(&self, n_threads: usize) -> Result<Arc<Shards<MemoryCodes>>> {
        let shards = Shards::new(self.executor(n_threads)?, 0);
        for shard in 0..N_SHARDS {
            shards.add(self.accounts.provider(shard)?);
            shards.add(self.evm.provider(shard)?);
        }
        Ok(Arc::new(shards))
    }

    fn submit(&self, shards: &Shards<MemoryCodes>, round: u64) -> Result<()> {
        let (user, nonce) = (round % u64::from(N_USERS), round / u64::from(N_USERS));
        for shard in 0..N_SHARDS {
            let transfer = self.accounts.transfer(shard, user, nonce, user + 1);
            shards.with(shard, ACCOUNT, |provider| provider.submit(transfer)).transpose()?;
            let transfer = self.evm.transfer(shard, user, nonce, user + 1);
            shards.with(shard, EVM, |provider| provider.submit(transfer)).transpose()?;
        }
        Ok(())
    }
}

/// Runs a chain with all validators, and returns the mean time of a slot in milliseconds.
fn slot_ms<S: ShardProposer, X: Execution>(
    genesis: &Genesis,
    proposer: S,
    execution: X,
    signatures: SignatureMode,
    submit: impl Fn(u64) -> Result<()>,
) -> Result<u64> {
    let genesis = Genesis { n_validators: C::N_VALIDATORS, ..genesis.clone() };
    let setup = Setup { signatures, ..Setup::one_view(genesis) };
    let mut simulation = Simulation::<C, _, _>::new(setup, proposer, execution)?;
    let (settings, admission) = (Settings::default(), HostAdmission::default());
    let rules =
        Rules { settings: &settings, admission: &admission, judge: &NoJudge, verify_signatures: true };
    let start = Instant::now();
    for round in 0..N_SLOTS {
        submit(round)?;
        simulation.run_slot(&LedgerOperations::default(), rules)?;
    }
    Ok(start.elapsed().as_millis() as u64 / N_SLOTS)
}

/// Runs an idle chain for an epoch, and returns the memory that it takes, by Linux, with the chain.
fn idle<P: Preset>() -> Result<(u64, Simulation<P, EmptyShardBlocks, NoExecution>)> {
    let resident = || -> Result<u64> {
        let statm = fs::read_to_string("/proc/self/statm")?;
        let pages: u64 = statm.split_whitespace().nth(1).ok_or("no resident pages")?.parse()?;
        Ok(pages * 4096)
    };
    let before = resident()?;
    let genesis = Genesis { n_validators: C::N_VALIDATORS, ..Genesis::default() };
    let setup = Setup { signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) };
    let mut simulation = Simulation::new(setup, EmptyShardBlocks, NoExecution)?;
    let (settings, admission) = (Settings::default(), HostAdmission::default());
    let rules =
        Rules { settings: &settings, admission: &admission, judge: &NoJudge, verify_signatures: true };
    for _ in 0..P::SLOTS_PER_EPOCH {
        simulation.run_slot(&LedgerOperations::default(), rules)?;
    }
    Ok((resident()?.saturating_sub(before), simulation))
}

/// Compares the time of an executor for the blocks of 64 shards with the sum of their executions: what scheduling,
/// hashing of inputs and comparison add.
fn overhead(world: &World) -> Result<()> {
    let genesis = Genesis { n_validators: C::N_VALIDATORS, ..world.genesis.clone() };
    let (node, _) = genesis.node::<Phase1<C>>()?;
    let (settings, admission) = (Settings::default(), HostAdmission::default());
    let rules =
        Rules { settings: &settings, admission: &admission, judge: &NoJudge, verify_signatures: true };
    let root = node.head()?;
    let crosslink = Root::ZERO;
    let limits = PayloadLimits {
        bytes_max: 1 << 19,
        fuel_max: settings.fuel_per_ee_max,
        deposit_amount_min: settings.deposit_amount_min,
        window: settings.window,
    };
    let mut blocks = Vec::new();
    let maker = world.executor(0)?;
    for shard in 0..N_SHARDS {
        let place = node.shard_place(root, shard, 1, crosslink, rules)?;
        let mut provider = world.accounts.provider(shard)?;
        for user in 0..u64::from(N_USERS) {
            provider.submit(world.accounts.transfer(shard, user, 0, user + 1))?;
        }
        let payload = provider.offer(&place, &[], limits)?.offer.ok_or("no offer")?.payload;
        let body = maker.body(&place, vec![payload])?;
        blocks.push((place, body));
    }
    let ee = world.accounts.loaded().clone();
    let n_threads = std::thread::available_parallelism()?.get();
    let (mut ratios, mut of_processor) = (Vec::new(), Vec::new());
    // A thread's time is known until it ends, so all executors stay.
    let executors = (0..REPEATS).map(|_| world.executor(n_threads)).collect::<Result<Vec<_>>>()?;
    let mut before = sum_of_executions(&ee, &blocks, n_threads);
    for executor in &executors {
        // Loading the EE is not part of a slot; an execution in another slot does it.
        let other = ShardPlace { slot: 2, ..blocks[0].0.clone() };
        let _ = executor.body(&other, blocks[0].1.payloads.to_vec());
        let executable: Vec<_> =
            blocks.iter().map(|(place, body)| ExecutableBlock { root: Root::ZERO, place, body }).collect();
        let (start, start_ns) = (Instant::now(), processor_ns()?);
        let results = executor.execute(&executable);
        let (wall_ns, processor_ns) = (start.elapsed().as_nanos(), processor_ns()? - start_ns);
        results.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
        let after = sum_of_executions(&ee, &blocks, n_threads);
        let (sum_ns, sum_processor_ns) = (before.0.midpoint(after.0), before.1.midpoint(after.1));
        before = after;
        let busy_ns = wall_ns as f64 * n_threads as f64;
        ratios.push((busy_ns - sum_ns) / sum_ns * 100.0);
        of_processor.push((processor_ns - sum_processor_ns) / sum_processor_ns * 100.0);
    }
    ratios.sort_by(f64::total_cmp);
    of_processor.sort_by(f64::total_cmp);
    println!(
        "overhead of the executor for {N_SHARDS} blocks of {N_USERS} transfers on {n_threads} threads, in % of the sum of \
         executions: median {:.1}, least {:.1}; in processor time, which idle threads do not use: median {:.1}, least \
         {:.1}",
        ratios[REPEATS / 2],
        ratios[0],
        of_processor[REPEATS / 2],
        of_processor[0]
    );
    Ok(())
}

/// Returns the processor time of all threads that have not ended, in nanoseconds, by Linux.
fn processor_ns() -> Result<f64> {
    let threads = fs::read_dir("/proc/self/task")?;
    threads.map(|thread| Ok(thread_ns(thread?.path()))).sum()
}

/// Returns the processor time of a thread in nanoseconds, or 0 if it has ended.
fn thread_ns(thread: impl AsRef<Path>) -> f64 {
    let text = fs::read_to_string(thread.as_ref().join("schedstat")).unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or_default()
}

/// Returns the sums of the times of all executions and of the processor time that they take, in nanoseconds. As many threads as the executor has make them side by side,
/// because executions on one core slow down those on another.
fn sum_of_executions(ee: &Ee, blocks: &[(ShardPlace, ShardBody)], n_threads: usize) -> (f64, f64) {
    let executions: Vec<_> = blocks
        .iter()
        .flat_map(|(place, body)| {
            body.payloads.iter().zip(&body.header.transitions).map(move |(payload, transition)| {
                let root = StateRoot(transition.pre_state_root.0);
                let context = context(place, payload.ee, transition.balance);
                let input = ExecutionInput { context, ..ExecutionInput::new(root, &payload.block_data[..]) };
                (input, transition)
            })
        })
        .collect();
    let next = AtomicUsize::new(0);
    let execute = || {
        let (mut sum_ns, mut processor_ns) = (0.0, 0.0);
        while let Some((input, transition)) = executions.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (start, start_ns) = (Instant::now(), thread_ns("/proc/thread-self"));
            let output = ee.execute_within(input, transition.fuel_used).expect("it was executed before");
            sum_ns += start.elapsed().as_nanos() as f64;
            processor_ns += thread_ns("/proc/thread-self") - start_ns;
            assert_eq!(output.post_state_root.0, transition.post_state_root.0);
        }
        (sum_ns, processor_ns)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(execute)).collect();
        let sums = threads.into_iter().map(|thread| thread.join().expect("no execution panics"));
        sums.fold((0.0, 0.0), |(ns, processor_ns), sum| (ns + sum.0, processor_ns + sum.1))
    })
}
