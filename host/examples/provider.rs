//! Keeps a state on disk and makes blocks from it: the EE `account` runs in provider mode, reads its state node by
//! node, and yields block data from which it runs anywhere.
//!
//! `cargo run --release -p outrider-host --example provider`
//!
//! The crate `outrider-shard` does all of this and checks the EE's output; this example shows the parts that use the
//! host.

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use outrider_host::{
    Context, ExecutionInput, Host, HostConfig, ProviderOutput, StateRoot, StateSource, chain,
};
use outrider_witness::store::{Batch, DiskStore, Store};
use outrider_witness::{Hash, Hasher as _, Keccak256, NodeError, NodeSink as _, NodeSource};

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut io::stdout())
}

pub(crate) fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let host = Host::new(HostConfig::default())?;
    let ee = host.load(include_bytes!("../../ees/blobs/account.wasm"))?;
    let directory = tempfile::tempdir()?;

    // The genesis state: the EE makes it from a package, and a store keeps its nodes.
    let store = Arc::new(State(DiskStore::open(directory.path())?));
    let context = Context { balance: 1_000_000, ..Context::default() };
    let input = ExecutionInput::new(StateRoot::default(), packages(&[&genesis(1000)]));
    let input = ExecutionInput { context, ..input };
    let provided = ee.provide(&input, Arc::clone(&store) as Arc<dyn StateSource>)?;
    let root = provided.execution.post_state_root;
    keep(&store.0, &provided)?;
    drop(store);
    writeln!(out, "genesis: root {root}, {} nodes", provided.new_nodes.len())?;

    // A block on that state, which is read from the disk again as far as the block needs it.
    let store = Arc::new(State(DiskStore::open(directory.path())?));
    let input = ExecutionInput::new(root, packages(&[&proposal(7)]));
    let block_data = ee.provide(&input, store)?.block_data.ok_or("the EE yields no block data")?;
    writeln!(out, "block: {} bytes with the witness of one account", block_data.len())?;

    // A shard has only the root and the block data.
    let output = ee.execute(&ExecutionInput::new(root, block_data))?;
    writeln!(out, "executed without the state: root {}", output.post_state_root)?;

    // A failing disk is not a verdict on the block, and the error carries the disk's message.
    let error = ee.provide(&input, Arc::new(State(DeadDisk))).err().ok_or("nothing was read")?;
    writeln!(out, "{:?} at fault, a verdict: {}", error.fault(), error.fault().is_verdict())?;
    writeln!(out, "{}", chain(&error))?;
    Ok(())
}

/// The EE's state: any source of nodes.
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

/// Distinguishes a missing node, which the EE handles, from one that cannot be read.
fn found(result: Result<Vec<u8>, NodeError>) -> Found<'static> {
    match result {
        Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
        Err(NodeError::NotCovered { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Stores the nodes of a new state, and retains its root.
fn keep(store: &impl Store, provided: &ProviderOutput) -> Result<(), Box<dyn Error>> {
    let mut batch = Batch::new();
    for node in &provided.new_nodes {
        let hash = Keccak256::hash(&node.bytes);
        if hash != node.hash {
            return Err(format!("the EE yields a node that does not have its hash {hash}").into());
        }
        batch.put(&hash, &node.bytes, &node.children);
    }
    batch.pin(&provided.execution.post_state_root.into());
    store.apply(&batch)?;
    Ok(())
}

/// A disk that has failed.
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

/// Encodes packages as EEs of the SDK read them: their number, then each after its length.
fn packages(packages: &[&[u8]]) -> Vec<u8> {
    let length = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
    let framed = packages.iter().flat_map(|package| [&length(package)[..], package].concat());
    (packages.len() as u32).to_le_bytes().into_iter().chain(framed).collect()
}

/// Returns the package that makes accounts, in the EE's encoding: 0, then key and balance of each.
fn genesis(n_accounts: u32) -> Vec<u8> {
    let account = |n| [&key(n)[..], &1_000_u64.to_le_bytes()].concat();
    std::iter::once(0).chain((0..n_accounts).flat_map(account)).collect()
}

/// Returns a package without transactions, in which an account claims the fees: 1, an empty signature, and the
/// account's address.
fn proposal(n: u32) -> Vec<u8> {
    let mut nobody = [0; 96];
    nobody[0] = 0xc0;
    [&[1][..], &nobody, Keccak256::hash(&key(n)).as_ref()].concat()
}

/// Returns bytes in place of a public key, which is not read before somebody signs.
fn key(n: u32) -> [u8; 48] {
    let mut key = [0; 48];
    key[..4].copy_from_slice(&n.to_le_bytes());
    key
}
