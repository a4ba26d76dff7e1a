//! Kills a provider at random points, and checks the store that it leaves behind.

mod support;

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use outrider_host::{EngineKind, StateRoot};
use outrider_shard::provider::current_root;
use outrider_shard::{Previous, Provider};
use outrider_utxo::STATE_KIND;
use outrider_witness::store::{Contents, DiskStore, MemoryStore, Store};
use outrider_witness::{Hash, Hasher as _, Keccak256};

/// The environment variable with the directory of the provider's store; it makes a process the provider.
const DIRECTORY: &str = "OUTRIDER_UTXO_PROVIDER";
/// The environment variable with the directory of compiled code.
const CACHE: &str = "OUTRIDER_UTXO_CACHE";
/// The environment variable with the number of kills, `24` by default.
const KILLS: &str = "OUTRIDER_KILLS";

/// Returns the number of blocks that made a state: 0 of the empty one.
fn n_blocks(store: &impl Store) -> u64 {
    let root = current_root(store).expect("it can be read");
    let is_empty = root == StateRoot(STATE_KIND.empty_root().0);
    if is_empty { 0 } else { 1 + u64::from(support::tip(store, root).height) }
}

fn provider(directory: &Path, cache: &Path) -> Provider<DiskStore> {
    let store = DiskStore::open_as(directory, STATE_KIND).expect("it opens");
    Provider::open(support::ee(EngineKind::Wasmtime, Some(cache)), Arc::new(store)).expect("it is of this EE")
}

/// Builds and applies the next block.
fn step<S: Store + Send + Sync + 'static>(provider: &Provider<S>) {
    let root = current_root(provider.store()).expect("it can be read");
    let block = support::build(provider, root, n_blocks(provider.store()));
    provider.apply(&[block], Previous::Release).expect("it is stored");
}

/// Builds and applies blocks for ever, and prints the number of blocks once they are stored. This test does nothing
/// unless the one below starts it.
#[test]
fn the_provider() {
    let (Some(directory), Some(cache)) = (env::var_os(DIRECTORY), env::var_os(CACHE)) else { return };
    let provider = provider(Path::new(&directory), Path::new(&cache));
    loop {
        println!("stored {}", n_blocks(provider.store()));
        step(&provider);
    }
}

/// After each kill, the store has the outputs, headers and roots of a provider that was never killed, and nothing else.
#[test]
fn a_killed_provider_leaves_the_last_printed_state_or_the_next() {
    let n_kills: u32 = env::var(KILLS).map_or(24, |count| count.parse().expect("it is a number"));
    let directory = tempfile::tempdir().expect("it can be made");
    let (store, cache) = (directory.path().join("store"), directory.path().join("cache"));
    let ee = support::ee(EngineKind::Wasmtime, Some(&cache));
    let reference = Arc::new(MemoryStore::of_kind(STATE_KIND));
    let reference = Provider::open(ee, reference).expect("the store is empty");
    let (mut last, mut n_next) = (0, 0);
    for kill in 0..n_kills {
        let told = provide_and_kill(&store, &cache, kill).unwrap_or(last);
        assert!(told >= last, "what was stored before kill {kill} is gone");
        let store = DiskStore::open_as(&store, STATE_KIND).expect("it opens");
        let now = n_blocks(&store);
        assert!(now == told || now == told + 1, "kill {kill} after {told}: {now}");
        (last..now).for_each(|_| step(&reference));
        assert_eq!(summary(&store), summary(reference.store()), "kill {kill} after {told}");
        n_next += u32::from(now > told);
        last = now;
    }
    eprintln!("{n_kills} kills, {last} blocks, {n_next} times the next state was there");
    assert!(last > u64::from(n_kills), "the provider hardly came to build");
}

/// Checks a store, and returns what it has: its current and its kept roots, and the number and bytes of its nodes.
fn summary(store: &impl Store) -> (StateRoot, Vec<(Hash, u64)>, Contents) {
    let root = current_root(store).expect("it can be read");
    let roots = store.roots().expect("they can be read").into_iter().collect();
    (root, roots, store.check().expect("the store is sound"))
}

/// Starts the provider, kills it, and returns the last number that it printed. Every fifth is killed while it starts,
/// the others up to 40 ms after they have printed one to four numbers.
fn provide_and_kill(directory: &Path, cache: &Path, kill: u32) -> Option<u64> {
    let mut provider = Command::new(env::current_exe().expect("it has a path"))
        .args(["--exact", "the_provider", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(CACHE, cache)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let output = BufReader::new(provider.stdout.take().expect("it is piped"));
    let mut stored = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("stored ")?.1.trim().parse::<u64>().ok());
    let before = stored.by_ref().take(kill as usize % 5).last();
    let rest = thread::spawn(move || stored.last());
    let random = Keccak256::hash(&kill.to_le_bytes()).0;
    let random = u64::from(u16::from_le_bytes([random[0], random[1]]));
    thread::sleep(Duration::from_micros(random * 40_000 / 65_536));
    provider.kill().expect("it runs");
    let status = provider.wait().expect("it was started");
    assert!(status.code().is_none(), "the provider ended by itself: {status}");
    rest.join().expect("the reader does not panic").or(before)
}
