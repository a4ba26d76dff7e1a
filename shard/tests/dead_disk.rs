//! A store whose disk fails: the provider passes on the disk's message, and its errors say nothing about packages and
//! blocks.

mod support;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use outrider_host::{Context, ExecutionErrorKind, Fault, chain};
use outrider_shard::{BuiltBlock, Previous, Provider, ProviderError};
use outrider_witness::store::{Batch, BatchSummary, Contents, MemoryStore, StateKind, Store, StoreError};
use outrider_witness::{Hash, NodeError, NodeSource};
use support::{EMPTY_STATE, build, pair};

const DISK_ERROR: &str = "sector 7 cannot be read";

/// A store of which parts can be made to fail.
#[derive(Default)]
struct FailingStore {
    store: MemoryStore,
    nodes_fail: AtomicBool,
    tables_fail: AtomicBool,
}

impl FailingStore {
    fn tables(&self) -> Result<&MemoryStore, StoreError> {
        let fails = self.tables_fail.load(Ordering::Relaxed);
        if fails { Err(StoreError::Backend(disk_error().into())) } else { Ok(&self.store) }
    }
}

fn disk_error() -> io::Error {
    io::Error::other(DISK_ERROR)
}

impl NodeSource for FailingStore {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        if self.nodes_fail.load(Ordering::Relaxed) {
            // The same error as that of a store on disk.
            let source = StoreError::Backend(disk_error().into()).into();
            return Err(NodeError::Source { hash: *hash, source });
        }
        self.store.node(hash)
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}

impl Store for FailingStore {
    fn kind(&self) -> StateKind {
        self.store.kind()
    }

    fn apply(&self, batch: &Batch) -> Result<BatchSummary, StoreError> {
        self.tables()?.apply(batch)
    }

    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        self.tables()?.roots()
    }

    fn is_pinned(&self, root: &Hash) -> Result<bool, StoreError> {
        self.tables()?.is_pinned(root)
    }

    fn contains(&self, hash: &Hash) -> Result<bool, StoreError> {
        self.tables()?.contains(hash)
    }

    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.tables()?.note(name)
    }

    fn check(&self) -> Result<Contents, StoreError> {
        self.tables()?.check()
    }
}

/// Returns a provider with a state, and the block that made it.
fn provider() -> (Provider<FailingStore>, BuiltBlock) {
    let provider = Provider::open(pair(), Arc::new(FailingStore::default())).expect("the store is empty");
    let block = build(&provider, EMPTY_STATE, &[b"\x01"]);
    provider.apply(std::slice::from_ref(&block), Previous::Keep).expect("it is stored");
    (provider, block)
}

#[track_caller]
fn check_disk_is_blamed(error: &ProviderError, expected: &str) {
    assert_eq!((error.fault(), error.fault().is_verdict()), (Fault::Host, false));
    let chain = chain(error);
    assert!(chain.starts_with(expected), "{chain}");
    assert_eq!(chain.matches(DISK_ERROR).count(), 1, "{chain}");
}

#[test]
fn an_unreadable_node_is_not_a_verdict_on_the_packages() {
    let (provider, block) = provider();
    provider.store().nodes_fail.store(true, Ordering::Relaxed);
    let root = block.post_state_root();
    let error = provider.build(root, &[b"\x02"], Context::default()).expect_err("nothing can be read");
    let ProviderError::Failed(execution) = &error else { panic!("{error:?}") };
    assert!(matches!(execution.kind, ExecutionErrorKind::HostCall { .. }), "{execution:?}");
    check_disk_is_blamed(
        &error,
        &format!(
            "this node cannot execute the EE over its state: the EE's call of state.getNode failed: \
             the source of state failed: the source of {root} failed: the store's backend failed: "
        ),
    );

    // The EE accepts the same packages once the disk works again.
    provider.store().nodes_fail.store(false, Ordering::Relaxed);
    build(&provider, root, &[b"\x02"]);
}

#[test]
fn failing_tables_are_not_a_verdict_either() {
    let (provider, block) = provider();
    let next = build(&provider, block.post_state_root(), &[b"\x02"]);
    provider.store().tables_fail.store(true, Ordering::Relaxed);
    let expected = "the store failed: the store's backend failed: ";
    let built = provider.build(block.post_state_root(), &[b"\x02"], Context::default());
    check_disk_is_blamed(&built.expect_err("no root can be read"), expected);
    let applied = provider.apply(&[next], Previous::Keep);
    check_disk_is_blamed(&applied.expect_err("nothing can be written"), expected);
}
