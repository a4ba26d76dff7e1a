//! Keeps a state on disk and makes blocks from it: the EE `account` runs in provider mode, reads its state node by node, and yields
//! block data from which it runs anywhere.
//!
//! `cargo run --release -p outrider-host --example provider`
//!
//! The crate `outrider-shard` has all of this, and checks what an EE yields; here is what it does with the host.

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use outrider_host::{ExecutionInput, Host, HostConfig, ProviderOutput, StateRoot, StateSource, chain};
use outrider_witness::store::{Batch, DiskStore, Store};
use outrider_witness::{Hash, Hasher as _, Keccak256, NodeError, NodeSink as _, NodeSource};

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut io::stdout())
}

pub(crate) fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let host = Host::new(HostConfig::default())?;
    let ee = host.load(include_bytes!("../../ees/blobs/account.wasm"))?;
    let directory = tempfile::tempdir()?;

    // The first state: the EE makes it of a package, and a store takes its nodes.
    let store = Arc::new(State(DiskStore::open(directory.path())?));
    let input = ExecutionInput::new(StateRoot::default(), packages(&[&genesis(1000)]));
    let provided = ee.provide(&input, Arc::clone(&store) as Arc<dyn StateSource>)?;
    let root = provided.execution.post_state_root;
    keep(&store.0, &provided)?;
    drop(store);
    writeln!(out, "genesis: root {root}, {} nodes", provided.new_nodes.len())?;

    // A block onto that state, which is read from the disk again, as far as the block needs it.
    let store = Arc::new(State(DiskStore::open(directory.path())?));
    let input = ExecutionInput::new(root, packages(&[&proposal(7)]));
    let block_data = ee.provide(&input, store)?.block_data.ok_or("the EE yields no block data")?;
    writeln!(out, "block: {} bytes with the witness of one account", block_data.len())?;

    // What a shard does, which has the root and the block data and nothing else.
    let output = ee.execute(&ExecutionInput::new(root, block_data))?;
    writeln!(out, "executed without the state: root {}", output.post_state_root)?;

    // A disk that fails is no verdict on the block, and the error says what the disk says.
    let error = ee.provide(&input, Arc::new(State(DeadDisk))).err().ok_or("nothing was read")?;
    writeln!(out, "{:?} at fault, a verdict: {}", error.fault(), error.fault().is_verdict())?;
    writeln!(out, "{}", chain(&error))?;
    Ok(())
}

/// Where the EE finds its state: in any source of nodes.
struct State<S>(S);

type Found<'a> = Result<Option<Cow<'a, [u8]>>, Box<dyn Error + Send + Sync>>;

impl<S: NodeSource + Send + Sync> StateSource for State<S> {
    fn node(&self, hash: &Hash) -> Found<'_> {
        found(self.0.node(hash))
    }

    fn blob(&self, hash: &Hash) -> Found<'_> {
        found(self.0.blob(hash))
    }
}

/// Tells a node that is not there, which is the EE's affair, from one that cannot be read.
fn found(result: Result<Vec<u8>, NodeError>) -> Found<'static> {
    match result {
        Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
        Err(NodeError::NotCovered { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Stores the nodes of a new state, and holds on to its root.
fn keep(store: &impl Store, provided: &ProviderOutput) -> Result<(), Box<dyn Error>> {
    let mut batch = Batch::new();
    for node in &provided.new_nodes {
        let hash = Keccak256::hash(&node.bytes);
        if hash != node.hash {
            return Err(format!("the EE tells another hash than {hash}").into());
        }
        batch.put(&hash, &node.bytes, &node.children);
    }
    batch.pin(&provided.execution.post_state_root.into());
    store.apply(&batch)?;
    Ok(())
}

/// A disk that is gone.
struct DeadDisk;

impl NodeSource for DeadDisk {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        let gone = io::Error::other("the device is not there any more");
        Err(NodeError::Source { hash: *hash, source: gone.into() })
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}

/// Hands packages in as EEs that are written with the SDK take them: their number, then each with its length.
fn packages(packages: &[&[u8]]) -> Vec<u8> {
    let length = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
    let framed = packages.iter().flat_map(|package| [&length(package)[..], package].concat());
    (packages.len() as u32).to_le_bytes().into_iter().chain(framed).collect()
}

/// The package that makes accounts, in the encoding of the EE: 0, then key and balance of each.
fn genesis(n_accounts: u32) -> Vec<u8> {
    let account = |n| [&key(n)[..], &1_000_u64.to_le_bytes()].concat();
    std::iter::once(0).chain((0..n_accounts).flat_map(account)).collect()
}

/// A package without transactions, in which an account asks for the fees: 1, the signature of nobody, and the account's address.
fn proposal(n: u32) -> Vec<u8> {
    let mut nobody = [0; 96];
    nobody[0] = 0xc0;
    [&[1][..], &nobody, Keccak256::hash(&key(n)).as_ref()].concat()
}

/// Some bytes in the place of a public key, which is not looked at before somebody signs.
fn key(n: u32) -> [u8; 48] {
    let mut key = [0; 48];
    key[..4].copy_from_slice(&n.to_le_bytes());
    key
}
