//! Kills a writer at random points and checks what it leaves.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, NodeSink,
    mpt::{EMPTY_ROOT, Trie},
    store::{Batch, Contents, DiskStore, Store},
};

use crate::chain::{Chain, content, height, n_reachable};

/// The variable with the directory of the writer's store. A process in which it is set is the writer.
const DIRECTORY: &str = "OUTRIDER_WITNESS_WRITER";
/// The variable with the number of kills, `24` by default.
const KILLS: &str = "OUTRIDER_KILLS";
/// The number of states that stay pinned.
const KEPT: u64 = 3;

/// The roots of all heights so far, and the last state.
struct Roots {
    roots: Vec<Hash>,
    trie: Trie<Keccak256, NoNodes>,
}

impl Roots {
    fn new() -> Self {
        Self { roots: vec![EMPTY_ROOT], trie: Trie::empty() }
    }

    fn at(&mut self, height: u64) -> Hash {
        while self.roots.len() as u64 <= height {
            Chain::Large.execute(&mut self.trie, self.roots.len() as u64 - 1);
            self.roots.push(self.trie.root());
        }
        self.roots[height as usize]
    }

    /// Returns the pins of a store whose last state has `height`.
    fn pinned(&mut self, height: u64) -> BTreeMap<Hash, u64> {
        let lowest = (height + 1).saturating_sub(KEPT);
        (lowest..=height).map(|height| (self.at(height), 1)).collect()
    }
}

/// Appends blocks to the store forever and prints each height once it is stored. The test does nothing unless the one
/// below starts it.
#[test]
fn the_writer() {
    let Some(directory) = env::var_os(DIRECTORY) else { return };
    let store = DiskStore::open(directory).unwrap();
    if store.roots().unwrap().is_empty() {
        let mut batch = Batch::new();
        batch.put(&EMPTY_ROOT, &[0x80], &[]);
        batch.pin(&EMPTY_ROOT);
        store.apply(&batch).unwrap();
    }
    let mut pinned: BTreeMap<u64, Hash> =
        store.roots().unwrap().into_keys().map(|root| (height(&store, &root), root)).collect();
    while let Some((height, pre_root)) = pinned.last_key_value().map(|(height, root)| (*height, *root)) {
        println!("stored {height}");
        let mut batch = Batch::new();
        pinned.insert(height + 1, Chain::Large.block(&store, &pre_root, height, &mut batch));
        if pinned.len() as u64 > KEPT {
            batch.unpin(&pinned.pop_first().unwrap().1);
        }
        store.apply(&batch).unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_the_last_acknowledged_batch_or_the_next() {
    let n_kills: u32 = env::var(KILLS).map_or(24, |count| count.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut roots = Roots::new();
    let mut height = 0;
    let mut n_next = 0;
    for kill in 0..n_kills {
        let acknowledged = write_and_kill(directory.path(), kill).unwrap_or(height);
        assert!(acknowledged >= height, "state from before kill {kill} is lost");
        let store = DiskStore::open(directory.path()).unwrap();
        let contents = store.check().unwrap();
        let found = store.roots().unwrap();
        if found.is_empty() {
            assert_eq!((acknowledged, contents), (0, Contents::default()));
            continue;
        }
        let is_next = found == roots.pinned(acknowledged + 1);
        assert!(
            is_next || found == roots.pinned(acknowledged),
            "kill {kill} after {acknowledged}: {found:?}"
        );
        height = acknowledged + u64::from(is_next);
        n_next += u32::from(is_next);
        assert_eq!(contents.n_nodes, n_reachable(&store));
        assert_eq!(content(&store, &roots.at(height)), Chain::Large.state(height));
    }
    eprintln!("{n_kills} kills, {height} blocks, the next batch was stored {n_next} times");
    assert!(height > u64::from(n_kills), "the writer stored too few blocks");
}

/// Starts the writer, kills it, and returns the last height that it printed. Every fifth kill happens while the
/// writer starts, the others up to 40 ms after its first to fourth output.
fn write_and_kill(directory: &Path, kill: u32) -> Option<u64> {
    let mut writer = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::the_writer", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(writer.stdout.take().unwrap());
    let mut heights = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("stored ")?.1.trim().parse::<u64>().ok());
    let before = heights.by_ref().take(kill as usize % 5).last();
    let rest = thread::spawn(move || heights.last());
    let random = Keccak256::hash(&kill.to_le_bytes()).0;
    let random = u64::from(u16::from_le_bytes([random[0], random[1]]));
    thread::sleep(Duration::from_micros(random * 40_000 / 65_536));
    writer.kill().unwrap();
    let status = writer.wait().unwrap();
    assert!(status.code().is_none(), "the writer ended by itself: {status}");
    rest.join().unwrap().or(before)
}
