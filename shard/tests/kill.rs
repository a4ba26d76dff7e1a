//! Kills a provider at random points, and checks the store that it leaves behind.

mod support;

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use outrider_shard::Previous;
use outrider_shard::provider::current_root;
use outrider_witness::store::{DiskStore, Store as _};
use outrider_witness::{Hash, Hasher as _, Keccak256};
use support::{Model, build, disk, pair, read};

/// The environment variable with the directory of the provider's store; it makes a process the provider.
const DIRECTORY: &str = "OUTRIDER_SHARD_PROVIDER";
/// The environment variable with the number of kills, `24` by default.
const KILLS: &str = "OUTRIDER_KILLS";

/// Returns the payload of a block: it adds one to the first counter, which thereby is the height, and something to the
/// second.
fn payload(height: u64) -> [u8; 2] {
    let [random, ..] = Keccak256::hash(&height.to_le_bytes()).0;
    [1, 0x81 + random % 100]
}

fn height(model: Model) -> u64 {
    model.counters.map_or(0, |[height, _]| height)
}

/// Builds and applies blocks for ever, and prints each height once it is stored. This test does nothing unless the one
/// below starts it.
#[test]
fn the_provider() {
    let Some(directory) = env::var_os(DIRECTORY) else { return };
    let provider = disk(pair(), Path::new(&directory));
    loop {
        let root = current_root(provider.store()).expect("it can be read");
        let height = height(read(provider.store(), root));
        println!("stored {height}");
        let block = build(&provider, root, &[&payload(height)]);
        provider.apply(&[block], Previous::Release).expect("it is stored");
    }
}

#[test]
fn a_killed_provider_leaves_the_last_printed_state_or_the_next() {
    let n_kills: u32 = env::var(KILLS).map_or(24, |count| count.parse().expect("it is a number"));
    let directory = tempfile::tempdir().expect("it can be made");
    let (mut last, mut n_next, mut model) = (0, 0, Model::default());
    for kill in 0..n_kills {
        let told = provide_and_kill(directory.path(), kill).unwrap_or(last);
        assert!(told >= last, "what was stored before kill {kill} is gone");
        let store = DiskStore::open(directory.path()).expect("it opens");
        let contents = store.check().expect("the store is sound");
        let root = current_root(&store).expect("it can be read");
        let roots = store.roots().expect("they can be read");
        let found = read(&store, root);
        let now = height(found);
        assert!(now == told || now == told + 1, "kill {kill} after {told}: {found:?}");
        model = (height(model)..now).fold(model, |model, height| model.after(&payload(height)));
        assert_eq!(found, model);
        // The note and the nodes are from the same batch.
        let pinned = (now > 0).then_some((Hash(model.root().0), 1));
        assert_eq!(roots, pinned.into_iter().collect());
        assert_eq!(contents.n_nodes, if now > 0 { 3 } else { 0 });
        n_next += u32::from(now > told);
        last = now;
    }
    eprintln!("{n_kills} kills, {last} blocks, {n_next} times the next state was there");
    assert!(last > u64::from(n_kills), "the provider hardly came to build");
}

/// Starts the provider, kills it, and returns the last height that it printed. Every fifth is killed while it starts,
/// the others up to 40 ms after they have printed one to four heights.
fn provide_and_kill(directory: &Path, kill: u32) -> Option<u64> {
    let mut provider = Command::new(env::current_exe().expect("it has a path"))
        .args(["--exact", "the_provider", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let output = BufReader::new(provider.stdout.take().expect("it is piped"));
    let mut heights = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("stored ")?.1.trim().parse::<u64>().ok());
    let before = heights.by_ref().take(kill as usize % 5).last();
    let rest = thread::spawn(move || heights.last());
    let random = Keccak256::hash(&kill.to_le_bytes()).0;
    let random = u64::from(u16::from_le_bytes([random[0], random[1]]));
    thread::sleep(Duration::from_micros(random * 40_000 / 65_536));
    provider.kill().expect("it runs");
    let status = provider.wait().expect("it was started");
    assert!(status.code().is_none(), "the provider ended by itself: {status}");
    rest.join().expect("the reader does not panic").or(before)
}
