//! States of other kinds: a provider hashes nodes as its store does, and has no hash function of its own.

mod support;

use std::path::Path;
use std::sync::Arc;

use outrider_host::{Context, Ee, ExecutionInput, Fault, StateRoot};
use outrider_shard::provider::{current_root, empty_root};
use outrider_shard::{Frame, Previous, Provider, ProviderError};
use outrider_witness::store::{DiskStore, MemoryStore, StateKind, Store};
use outrider_witness::{Hash, Hasher, Keccak256, Sha256};
use support::{EMPTY_STATE, Model, PAIR, build, changed, load, pair, read_by};

/// A kind that only this test knows: SHA-256 twice, only of leaves and branches, and an empty state with a root of its
/// own.
const DOUBLE_SHA256: StateKind = StateKind::new("double-sha256", double_sha256, Hash([0x11; 32]));

fn double_sha256(node: &[u8]) -> Option<Hash> {
    matches!(node.len(), 41 | 65).then(|| DoubleSha256::hash(node))
}

#[derive(Debug)]
enum DoubleSha256 {}

impl Hasher for DoubleSha256 {
    fn hash(bytes: &[u8]) -> Hash {
        Sha256::hash(&Sha256::hash(bytes).0)
    }
}

fn sha256_pair() -> Ee {
    changed(r#""crypto" "keccak256""#, r#""crypto" "sha256""#)
}

/// Returns the EE for nodes of the test's kind, with its empty root in place of zeros.
fn double_sha256_text() -> String {
    let twice = "(func $keccak (param i32 i32 i32)
        (call $sha256 (local.get 0) (local.get 1) (local.get 2))
        (call $sha256 (local.get 2) (i32.const 32) (local.get 2)))
      (func $require (param $holds i32)";
    let empty_root = format!("(data (i32.const 0x8000) \"{}\") (data (i32.const 127)", "\\11".repeat(32));
    let mut text = PAIR.to_owned();
    for (from, to) in [
        (r#""crypto" "keccak256" (func $keccak"#, r#""crypto" "sha256" (func $sha256"#),
        ("(func $require (param $holds i32)", twice),
        ("(data (i32.const 127)", &empty_root),
    ] {
        assert!(text.contains(from), "the EE has no {from}");
        text = text.replace(from, to);
    }
    text
}

/// Builds and applies block after block, compares each with the model, and opens the store again.
#[track_caller]
fn check_chain<H: Hasher>(ee: &Ee, kind: StateKind) {
    let directory = tempfile::tempdir().expect("it can be made");
    let open = |directory: &Path| DiskStore::open_existing_among(directory, &[StateKind::KECCAK256, kind]);
    drop(DiskStore::open_as(directory.path(), kind).expect("it can be made"));
    let mut model = Model::default();
    for payload in [b"\x01\x82".as_slice(), b"\x7f", b"\xff\x01"] {
        let store = open(directory.path()).expect("it is of this kind");
        assert_eq!(store.kind().name(), kind.name());
        let provider = Provider::open(ee.clone(), Arc::new(store)).expect("the store is of this EE");
        let root = current_root(provider.store()).expect("it can be read");
        let is_first = model == Model::default();
        assert_eq!(root, if is_first { StateRoot(kind.empty_root().0) } else { model.root_by::<H>() });
        assert_eq!(provider.empty_root(), empty_root(provider.store()));

        let block = build(&provider, root, &[payload]);
        let frame = Frame::parse(block.block_data()).expect("it is framed");
        assert_eq!((frame.witness, frame.payload), (&model.witness_by::<H>(payload)[..], payload));
        model = model.after(payload);
        assert_eq!(block.post_state_root(), model.root_by::<H>());
        let stateless = ee.execute(&ExecutionInput::new(root, Arc::clone(block.block_data())));
        assert_eq!(&stateless.expect("the EE takes it"), block.output());

        provider.apply(&[block], Previous::Release).expect("it is stored");
        let contents = provider.store().check().expect("the store is sound");
        assert_eq!((contents.n_nodes, contents.n_roots), (3, 1));
        assert_eq!(read_by::<H>(provider.store(), model.root_by::<H>()), model);
    }
}

#[test]
fn a_state_of_sha256_is_built_stored_and_executed() {
    check_chain::<Sha256>(&sha256_pair(), StateKind::SHA256);
    assert_ne!(Model::default().after(b"\x01").root_by::<Sha256>(), Model::default().after(b"\x01").root());
}

#[test]
fn a_state_of_the_callers_kind_is_built_stored_and_executed() {
    check_chain::<DoubleSha256>(&load(&double_sha256_text()), DOUBLE_SHA256);
}

#[test]
fn the_usual_kind_is_one_of_them() {
    check_chain::<Keccak256>(&pair(), StateKind::KECCAK256);
}

#[track_caller]
fn check_refused(ee: Ee, kind: StateKind, expected: &str) {
    let provider = Provider::open(ee, Arc::new(MemoryStore::of_kind(kind))).expect("the store is empty");
    let built = provider.build(provider.empty_root(), &[b"\x01"], Context::default());
    let error: ProviderError = built.expect_err("the nodes are of another kind");
    assert_eq!((error.to_string().as_str(), error.fault()), (expected, Fault::Guest));
}

#[test]
fn an_ee_of_another_kind_than_the_store_is_refused_by_name() {
    // The first new node is the first leaf.
    let leaf = [&[0; 33][..], &1_u64.to_le_bytes()].concat();
    let (keccak256, sha256) = (Keccak256::hash(&leaf), Sha256::hash(&leaf));
    let wrong = |expected: Hash, got: Hash, kind: &str| {
        format!(
            "the EE puts a node under the hash {expected}, but its hash in a store of kind {kind} is {got}"
        )
    };
    check_refused(sha256_pair(), StateKind::KECCAK256, &wrong(sha256, keccak256, "keccak256"));
    check_refused(pair(), StateKind::SHA256, &wrong(keccak256, sha256, "sha256"));
}

#[test]
fn bytes_that_are_not_a_node_of_the_kind_are_refused() {
    let put = "(call $leaf (local.get $side)) (i32.const 41) (i32.const 0) (i32.const 0))) ;; @leaf";
    let text = double_sha256_text();
    assert!(text.contains(put));
    let short = text.replace(put, &put.replace("41", "40"));
    let leaf = [&[0; 33][..], &1_u64.to_le_bytes()].concat();
    let hash = DoubleSha256::hash(&leaf);
    let expected = format!(
        "the EE puts bytes under the hash {hash} that are not a node in a store of kind double-sha256"
    );
    check_refused(load(&short), DOUBLE_SHA256, &expected);
}

/// Zero is the empty root of another kind; here it is an unknown root.
#[test]
fn the_empty_root_is_the_kinds_own() {
    let store = Arc::new(MemoryStore::of_kind(DOUBLE_SHA256));
    let provider = Provider::open(load(&double_sha256_text()), store).expect("the store is empty");
    let error =
        provider.build(EMPTY_STATE, &[b"\x01"], Context::default()).expect_err("there is no such state");
    assert!(matches!(error, ProviderError::UnknownRoot { root } if root == EMPTY_STATE), "{error}");
}
