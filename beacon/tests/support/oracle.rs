//! The properties of untrusted shard bodies, which tests and the fuzz target share.

use std::sync::LazyLock;

use outrider_beacon::ledger::{
    ExecutionHeader, GenesisEe, Ledger, Settings, ShardBody, apply_execution_header,
};
use outrider_beacon::{proof::Layout, receipts::Stated};
use outrider_beacon_spec::{
    containers::{BeaconState, Validator},
    hash::hash_tree_root,
    phase::Phase1,
    preset::Minimal,
    types::{Bytes32, Root},
};
use ssz::{Decode as _, Encode as _};

/// A ledger with two EEs that have some ether on each of two shards.
pub(crate) static LEDGER: LazyLock<Ledger> = LazyLock::new(|| {
    let mut state = BeaconState::<Phase1<Minimal>>::default();
    state.validators.push(Validator::default()).unwrap();
    state.shard_states = vec![Default::default(); 2].try_into().unwrap();
    let ee = |root: u8| GenesisEe {
        code_hash: Bytes32::repeat_byte(root),
        initial_state_root: Bytes32::repeat_byte(root),
        takes_receipts: true,
        shards: vec![(0, 5_000_000_000), (1, 70)],
        ..GenesisEe::default()
    };
    Ledger::genesis(&state, &[ee(1), ee(2)]).unwrap()
});

/// Settings with assumptions.
pub(crate) fn settings() -> Settings {
    Settings { assumptions_max: 64, ..Settings::default() }
}

/// Any bytes are refused, or are the only encoding of a body; and the ledger stays conserved whatever a header says.
pub(crate) fn shard_body(bytes: &[u8]) {
    if let Ok(body) = ShardBody::from_body(bytes) {
        assert_eq!(body.to_body(), bytes, "a body has one encoding");
    }
    // The same without the root of the header, which random bytes do not have.
    let Ok(body) = ShardBody::from_ssz_bytes(bytes) else { return };
    assert_eq!(body.as_ssz_bytes(), bytes, "a body has one encoding");
    assert_eq!(ShardBody::from_body(&body.to_body()).as_ref(), Ok(&body));
    apply(&body.header, false);
    apply(&body.header, true);
    // Whatever batches say about themselves, judging them ends.
    let _ = Stated::new(&body, 1 << 20);
    for batch in &body.inbound {
        let known = batch.old_execution_root(1 << 20, Root::ZERO, Layout::MINIMAL);
        assert!(batch.history.is_empty() || known.is_err(), "no history leads to nothing");
        assert!(batch.check(1, Root::ZERO).is_err());
    }
}

/// Applies a header, perhaps after making its roots and balances those of the ledger, so that it gets further.
fn apply(header: &ExecutionHeader, fits: bool) {
    let (mut ledger, mut header) = (LEDGER.clone(), header.clone());
    if fits {
        let shard = ledger.shards().get(0).unwrap();
        header.parent_execution_root = shard.execution_root();
        for transition in header.transitions.iter_mut() {
            transition.ee %= 2;
            let state = shard.ees().get(transition.ee as usize).unwrap();
            (transition.pre_state_root, transition.balance) = (state.state_root, state.balance);
        }
    }
    let before = ledger.clone();
    let outcome = apply_execution_header(&mut ledger, (0, 1), &header, 0, &settings());
    ledger.check_conservation().unwrap();
    match outcome {
        Ok(fees) => {
            assert_eq!(before.total() - ledger.total(), fees, "only fees leave the ledger");
            assert_eq!(ledger.shards().get(0).unwrap().execution_root(), hash_tree_root(&header));
            assert_ne!(hash_tree_root(&header), Root::ZERO);
        }
        Err(_) => assert_eq!(ledger, before, "a refused header changes nothing"),
    }
}
