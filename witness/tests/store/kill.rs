//! Kills a writer at random points and looks at what it leaves.

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

/// Names the directory of the writer's store; whoever finds it set is the writer.
const DIRECTORY: &str = "OUTRIDER_WITNESS_WRITER";
/// How many kills there are, `24` by default.
const KILLS: &str = "OUTRIDER_KILLS";
/// How many states stay pinned.
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

    /// The pins of a store in which `height` is the last.
    fn pinned(&mut self, height: u64) -> BTreeMap<Hash, u64> {
        let lowest = (height + 1).saturating_sub(KEPT);
        (lowest..=height).map(|height| (self.at(height), 1)).collect()
    }
}

/// Appends blocks to the store for ever and says each height aloud when it is stored. A test that does nothing unless it is
/// started by the one below.
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
        assert!(acknowledged >= height, "what was stored before kill {kill} is gone");
        let store = DiskStore::open(directory.path()).unwrap();
        let contents = store.check::<Keccak256>().unwrap();
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
    eprintln!("{n_kills} kills, {height} blocks, {n_next} times the next batch was there");
    assert!(height > u64::from(n_kills), "the writer hardly came to write");
}

/// Starts the writer, kills it, and gives the last height that it said was stored. Every fifth is killed while it starts, the
/// others up to 40 ms after they have said so once to four times.
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
