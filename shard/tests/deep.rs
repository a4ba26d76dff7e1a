//! Blobs have a short stack in memory. Even the deepest tree that a witness can encode ends in a refusal with a reason.

use outrider_host::{ExecutionInput, Host, HostConfig, StateRoot};
use outrider_shard::Frame;
use outrider_witness::{
    Keccak256, NodeBag, Recorder,
    smt::{Key, Tree},
};

/// Two keys that differ in their last bit, below 255 branches.
#[test]
fn a_witness_as_deep_as_keys_are_long_is_refused_with_a_reason() {
    let mut keys = [Key([0x5a; 32]); 2];
    keys[1].0[31] ^= 1;
    let mut full = Tree::<Keccak256, _>::empty();
    for key in &keys {
        full.insert(key, b"value").expect("the tree is whole");
    }
    let mut nodes = NodeBag::default();
    let root = full.commit(&mut nodes);
    let mut recorded = Tree::<Keccak256, _>::open(&root, Recorder::new(&nodes));
    for key in &keys {
        assert!(recorded.get(key).expect("it is covered").is_some());
    }
    let witness = recorded.into_witness().expect("it was read");
    assert!(witness.len() > 64, "each branch takes two bits");

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ees/blobs/account.wasm");
    let code = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    let ee = host.load(&code).expect("it loads");
    let block_data = Frame { witness: &witness, payload: &[] }.encode().expect("it is short");
    let error = ee.execute(&ExecutionInput::new(StateRoot(root.0), block_data)).expect_err("it is refused");
    assert!(error.refusal().is_some_and(|reason| reason.contains("payload")), "{error}");
}
