//! Provider mode: an EE's reads and outputs, and their absence elsewhere.

mod support;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use outrider_host::{
    Context, EngineKind, ExecutionInput, Fault, Hash, Host, HostConfig, Limits, NewNode, ProviderOutput,
    RootRead, Slot, StateRoot, StateSource,
};
use support::{ROOT, run, saving, wasm};

/// Nodes and blobs by hash; the one with a hash of all ones cannot be read.
#[derive(Default)]
struct Source {
    nodes: BTreeMap<Hash, Vec<u8>>,
    blobs: BTreeMap<Hash, Vec<u8>>,
}

type Found<'a> = Result<Option<Cow<'a, [u8]>>, Box<dyn Error + Send + Sync>>;

impl StateSource for Source {
    fn node(&self, hash: &Hash) -> Found<'_> {
        if *hash == Hash([1; 32]) {
            Err("the disk is gone".into())
        } else {
            Ok(self.nodes.get(hash).map(Cow::from))
        }
    }

    fn blob(&self, hash: &Hash) -> Found<'_> {
        Ok(self.blobs.get(hash).map(Cow::from))
    }
}

fn source() -> Arc<Source> {
    let nodes = [(Hash([2; 32]), b"a node".to_vec()), (Hash([3; 32]), vec![])].into();
    Arc::new(Source { nodes, blobs: [(Hash([4; 32]), b"a blob".to_vec())].into() })
}

/// Runs an EE whose `main` has this body in provider mode; the hash of 32 times `n` is at 1024.
fn provide(body: &str, n: u8) -> Result<ProviderOutput, outrider_host::ExecutionError> {
    provide_from(&ExecutionInput::new(ROOT, vec![]), body, n)
}

fn provide_from(
    input: &ExecutionInput,
    body: &str,
    n: u8,
) -> Result<ProviderOutput, outrider_host::ExecutionError> {
    let engine = if EngineKind::Both.is_compiled_in() { EngineKind::Both } else { EngineKind::Wasmtime };
    let limits = Limits { memory_pages_max: 16, ..Limits::default() };
    let host = Host::new(HostConfig { engine, limits, ..HostConfig::default() }).expect("it is valid");
    let body = format!("(memory.fill (i32.const 1024) (i32.const {n}) (i32.const 32)) {body}");
    let ee = host.load(&wasm(&saving(&body))).expect("it loads");
    ee.provide(input, source())
}

#[track_caller]
fn check_logs(body: &str, n: u8, expected: &[&str]) {
    let output = provide(body, n).expect("it returns");
    let logs: Vec<_> = output.execution.logs.iter().map(|log| log.value.to_string()).collect();
    assert_eq!(logs, expected);
}

#[test]
fn nodes_and_blobs_are_found_by_hash_each_among_its_own() {
    let get = |what: &str| {
        format!(
            "(call $print32 (call $get{what} (i32.const 1024) (i32.const 2048) (i32.const 100)))
            (call $printMem (i32.const 2048) (i32.const 6))"
        )
    };
    check_logs(&get("Node"), 2, &["6", "a node"]);
    check_logs(&get("Blob"), 4, &["6", "a blob"]);
    for (what, n) in [("Node", 4), ("Blob", 2), ("Node", 5)] {
        check_logs(&get(what), n, &["4294967295", "\0\0\0\0\0\0"]);
    }
    check_logs(&get("Node"), 3, &["0", "\0\0\0\0\0\0"]);
}

#[test]
fn what_does_not_fit_is_reported_and_not_written() {
    let body = "(call $print32 (call $getNode (i32.const 1024) (i32.const 2048) (i32.const 5)))
        (call $printMem (i32.const 2048) (i32.const 6))
        (call $print32 (call $getNode (i32.const 1024) (i32.const 2048) (i32.const 6)))
        (call $printMem (i32.const 2048) (i32.const 6))";
    check_logs(body, 2, &["6", "\0\0\0\0\0\0", "6", "a node"]);
}

#[test]
fn outputs_of_the_ee_are_in_order() {
    let body = "(call $print32 (call $mode))
        (i32.store8 (i32.const 1024) (i32.const 7))
        (drop (call $putNode (i32.const 1024) (i32.const 1024) (i32.const 2) (i32.const 1024) (i32.const 0)))
        (i32.store8 (i32.const 1024) (i32.const 8))
        (drop (call $putNode (i32.const 1024) (i32.const 1025) (i32.const 1) (i32.const 992) (i32.const 2)))
        (call $putBlockData (i32.const 1024) (i32.const 1))
        (call $putBlockData (i32.const 1024) (i32.const 3))";
    let output = provide(body, 9).expect("it returns");
    let hash = |first| {
        let mut hash = Hash([9; 32]);
        hash.0[0] = first;
        hash
    };
    let expected = [
        NewNode { hash: hash(7), bytes: vec![7, 9], children: vec![] },
        NewNode { hash: hash(8), bytes: vec![9], children: vec![Hash([0; 32]), hash(8)] },
    ];
    assert_eq!(output.new_nodes, expected);
    assert_eq!(output.block_data, Some(vec![8, 9, 9]));
    assert_eq!(output.execution.logs[0].value.to_string(), "1");
}

#[test]
fn context_reads_and_fee_are_those_of_any_execution() {
    let context = Context { balance: 70, finalized_slot: Slot(9), ..Context::default() };
    let reads = Arc::from([RootRead { state_root: StateRoot([6; 32]), ..RootRead::default() }]);
    let input = ExecutionInput { context, reads, ..ExecutionInput::new(ROOT, vec![]) };
    let body = "(call $payProposer (i64.add (call $contextBalance) (call $contextFinalizedSlot)))
        (call $payProposer (i64.extend_i32_u (call $readCount)))
        (call $readRoot (i32.const 0) (i32.const 2048))
        (memory.copy (i32.const 0) (i32.const 2064) (i32.const 32))";
    let output = provide_from(&input, body, 0).expect("it returns").execution;
    assert_eq!((output.proposer_fee, output.post_state_root), (80, StateRoot([6; 32])));
}

#[test]
fn outside_of_provider_mode_nothing_is_found_or_yielded() {
    let body = "(call $print32 (call $mode))
        (call $print32 (call $getNode (i32.const 0) (i32.const 2048) (i32.const 100)))
        (call $print32 (call $getBlob (i32.const 0) (i32.const 2048) (i32.const 100)))
        (call $print32 (call $putNode (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
        (call $putBlockData (i32.const 0) (i32.const 1))";
    let output = run(&saving(body), b"").expect("it returns");
    let logs: Vec<_> = output.logs.iter().map(|log| log.value.to_string()).collect();
    assert_eq!(logs, ["0", "4294967295", "4294967295", "0"]);
}

#[test]
fn a_source_that_fails_is_not_the_guests_fault() {
    let error = provide("(drop (call $getNode (i32.const 1024) (i32.const 0) (i32.const 0)))", 1)
        .expect_err("the source fails");
    assert_eq!(
        outrider_host::chain(&error),
        "the EE's call of state.getNode failed: the source of state failed: the disk is gone"
    );
    assert_eq!(error.fault(), Fault::Host);
}

#[test]
fn pointers_are_checked_in_every_mode() {
    for body in [
        "(drop (call $getNode (i32.const 65505) (i32.const 0) (i32.const 0)))",
        "(drop (call $getNode (i32.const 1024) (i32.const 65536) (i32.const 1)))",
        "(drop (call $getBlob (i32.const 1024) (i32.const 1) (i32.const -1)))",
        "(drop (call $putNode (i32.const 65505) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(drop (call $putNode (i32.const 0) (i32.const 65536) (i32.const 1) (i32.const 0) (i32.const 0)))",
        "(drop (call $putNode (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65505) (i32.const 1)))",
        "(drop (call $putNode (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0x8000000)))",
        "(call $putBlockData (i32.const 65536) (i32.const 1))",
    ] {
        for error in [provide(body, 2).err(), run(&saving(body), b"").err()] {
            let error = outrider_host::chain(&error.expect("it is refused"));
            assert!(error.contains("are not within the memory of 65536 bytes"), "{body}: {error}");
        }
    }
}
