//! Kills a writer at random points and looks at what it leaves.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeSink,
    mpt::EMPTY_ROOT,
    store::{Batch, SledStore, Store},
};

use crate::chain::{block, content, n_reachable, state};

/// Names the directory of the writer's store; whoever finds it set is the writer.
const DIRECTORY: &str = "OUTRIDER_WITNESS_WRITER";
/// How many kills there are, `24` by default.
const KILLS: &str = "OUTRIDER_KILLS";
/// How many states stay pinned.
const KEPT: u64 = 3;

/// Roots by height, as far as anyone has come. The state of height h is pinned from block h - 1 until block h + KEPT - 1.
struct Roots(Vec<Hash>);

impl Roots {
    fn at(&mut self, height: u64) -> Hash {
        while self.0.len() as u64 <= height {
            let map = state(self.0.len() as u64);
            let mut trie = outrider_witness::mpt::Trie::<Keccak256, _>::empty();
            map.iter().for_each(|(key, value)| trie.insert(key, value).unwrap());
            self.0.push(trie.root());
        }
        self.0[height as usize]
    }

    /// The height of a store: that at which it has the pins that it has. `None` when it has no others.
    fn height(&mut self, store: &SledStore, around: u64) -> Option<u64> {
        let roots = store.roots().unwrap();
        if roots.is_empty() {
            return None;
        }
        (around..around + 1000).find(|height| {
            let lowest = (height + 1).saturating_sub(KEPT);
            let mut expected = std::collections::BTreeMap::new();
            (lowest..=*height).for_each(|height| *expected.entry(self.at(height)).or_default() += 1);
            expected == roots
        })
    }
}

/// Appends blocks to the store for ever and says each height aloud when it is stored. A test that does nothing unless it is
/// started by the one below.
#[test]
fn the_writer() {
    let Some(directory) = env::var_os(DIRECTORY) else { return };
    let store = SledStore::open(directory).unwrap();
    let mut roots = Roots(vec![EMPTY_ROOT]);
    let mut height = match roots.height(&store, 0) {
        Some(height) => height,
        None => {
            let mut batch = Batch::new();
            batch.put(&EMPTY_ROOT, &[0x80], &[]);
            batch.pin(&EMPTY_ROOT);
            store.apply(&batch).unwrap();
            0
        }
    };
    loop {
        println!("stored {height}");
        let mut batch = Batch::new();
        let root = block(&store, &roots.at(height), height, &mut batch);
        height += 1;
        assert_eq!(root, roots.at(height));
        if height >= KEPT {
            batch.unpin(&roots.at(height - KEPT));
        }
        store.apply(&batch).unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_the_last_acknowledged_batch_or_the_next() {
    let n_kills: u32 = env::var(KILLS).map_or(24, |count| count.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut roots = Roots(vec![EMPTY_ROOT]);
    let mut height = 0;
    let mut n_next = 0;
    for kill in 0..n_kills {
        let acknowledged = write_and_kill(directory.path(), kill).unwrap_or(height);
        assert!(acknowledged >= height, "what was stored before kill {kill} is gone");
        let store = SledStore::open(directory.path()).unwrap();
        let contents = store.check::<Keccak256>().unwrap();
        let Some(found) = roots.height(&store, acknowledged) else {
            assert_eq!((acknowledged, contents), (0, Default::default()));
            continue;
        };
        assert!(found <= acknowledged + 1, "kill {kill}: found {found} after {acknowledged}");
        assert_eq!(contents.n_nodes, n_reachable(&store));
        assert_eq!(content(&store, &roots.at(found)), state(found));
        n_next += u32::from(found > acknowledged);
        height = found;
    }
    eprintln!("{n_kills} kills, {height} blocks, {n_next} times the next batch was there");
    assert!(height > u64::from(n_kills) / 4, "the writer hardly came to write");
}

/// Starts the writer, kills it after up to 60 ms, and gives the last height that it said was stored.
fn write_and_kill(directory: &Path, kill: u32) -> Option<u64> {
    let mut writer = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::the_writer", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(writer.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        let heights = output.lines().map_while(Result::ok);
        heights.filter_map(|line| line.split_once("stored ")?.1.trim().parse::<u64>().ok()).last()
    });
    let random = Keccak256::hash(&kill.to_le_bytes()).0;
    let micros = u64::from(u16::from_le_bytes([random[0], random[1]])) * 60_000 / 65_536;
    thread::sleep(Duration::from_micros(micros));
    writer.kill().unwrap();
    let status = writer.wait().unwrap();
    assert!(status.code().is_none(), "the writer ended by itself: {status}");
    reader.join().unwrap()
}
