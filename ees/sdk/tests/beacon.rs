//! Tests of proofs from the beacon block in the context of an execution.

use outrider_sdk::{
    StateRoot,
    beacon::{Claim, Phase, Proof, ProofError, state_root, verify},
    context::{BeaconRoot, EeIndex, ShardIndex},
    harness::{Context, Execution},
};

const CLAIM: Claim = Claim::StateRoot { shard: 1, ee: 3 };

/// Returns a proof with siblings of our own, and the root to which it leads by SHA-256 as in the specification of SSZ.
fn proof() -> (Proof, BeaconRoot) {
    let gindex = CLAIM.gindex(Phase::Phase1).expect("it has a place");
    let branch: Vec<_> = (1..=43).map(|n| [n; 32]).collect();
    let (mut node, mut place) = ([7; 32], gindex);
    for sibling in &branch {
        let pair = if place % 2 == 1 { [*sibling, node] } else { [node, *sibling] };
        node = <outrider_witness::Sha256 as outrider_witness::Hasher>::hash(pair.as_flattened()).0;
        place /= 2;
    }
    assert_eq!(place, 1, "a state root is 43 levels below a block's root");
    (Proof { gindex, leaf: [7; 32], branch }, BeaconRoot(node))
}

/// Runs a check within an execution that stands on a beacon block.
fn check<T>(beacon_root: BeaconRoot, check: impl Fn() -> T) -> T {
    let context = Context { beacon_root, ..Context::default() };
    let mut got = None;
    let outcome = Execution::new(StateRoot::default()).context(context).run(|root, _| {
        got = Some(check());
        Ok::<_, ProofError>(root)
    });
    outcome.expect("the check returns");
    got.expect("it was called")
}

#[test]
fn a_state_root_is_proven_from_the_block_of_the_context() {
    let (proof, root) = proof();
    let got = check(root, || state_root(ShardIndex(1), EeIndex(3), &proof, Phase::Phase1));
    assert_eq!(got, Ok(StateRoot([7; 32])));
    let decoded = Proof::from_ssz_bytes(&proof.to_ssz_bytes());
    assert_eq!(decoded, Ok(proof));
}

#[test]
fn other_blocks_claims_and_siblings_are_refused() {
    let (proof, root) = proof();
    assert_eq!(check(BeaconRoot::default(), || verify(CLAIM, &proof, Phase::Phase1)), Err(ProofError::Root));
    for (shard, ee, phase) in [(0, 3, Phase::Phase1), (1, 2, Phase::Phase1), (1, 3, Phase::Phase0)] {
        let got = check(root, || state_root(ShardIndex(shard), EeIndex(ee), &proof, phase));
        assert!(matches!(got, Err(ProofError::Gindex { .. })), "shard {shard}, EE {ee}: {got:?}");
    }
    for (shard, ee) in [(1 << 10, 3), (1, 1 << 16), (1, u64::MAX)] {
        let got = check(root, || state_root(ShardIndex(shard), EeIndex(ee), &proof, Phase::Phase1));
        assert_eq!(got, Err(ProofError::NoPlace));
    }
    for level in 0..proof.branch.len() {
        let mut damaged = proof.clone();
        damaged.branch[level][31] ^= 1;
        assert_eq!(check(root, || verify(CLAIM, &damaged, Phase::Phase1)), Err(ProofError::Root), "{level}");
    }
}
