//! Tests of proofs from the beacon block in the context of an execution.

use outrider_sdk::{
    StateRoot,
    beacon::{
        Claim, Layout, Multiproof, Phase, Proof, ProofError, earlier_block, state_root, verify, verify_from,
    },
    context::{BeaconRoot, EeIndex, ShardIndex},
    harness::{Context, Execution},
};

const CLAIM: Claim = Claim::StateRoot { shard: 1, ee: 3 };

/// Returns a proof with siblings of our own, and the root to which it leads by SHA-256 as in the specification of SSZ.
fn proof() -> (Proof, BeaconRoot) {
    let gindex = CLAIM.gindex(Layout::MAINNET).expect("it has a place");
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
    let got = check(root, || state_root(ShardIndex(1), EeIndex(3), &proof, Layout::MAINNET));
    assert_eq!(got, Ok(StateRoot([7; 32])));
    let decoded = Proof::from_ssz_bytes(&proof.to_ssz_bytes());
    assert_eq!(decoded, Ok(proof));
}

#[test]
fn other_blocks_claims_and_siblings_are_refused() {
    let (proof, root) = proof();
    assert_eq!(
        check(BeaconRoot::default(), || verify(CLAIM, &proof, Layout::MAINNET)),
        Err(ProofError::Root)
    );
    let phase_0 = Layout::MAINNET.of_phase(Phase::Phase0);
    for (shard, ee, layout) in [(0, 3, Layout::MAINNET), (1, 2, Layout::MAINNET), (1, 3, phase_0)] {
        let got = check(root, || state_root(ShardIndex(shard), EeIndex(ee), &proof, layout));
        assert!(matches!(got, Err(ProofError::Gindex { .. })), "shard {shard}, EE {ee}: {got:?}");
    }
    for (shard, ee) in [(1 << 10, 3), (1, 1 << 16), (1, u64::MAX)] {
        let got = check(root, || state_root(ShardIndex(shard), EeIndex(ee), &proof, Layout::MAINNET));
        assert_eq!(got, Err(ProofError::NoPlace));
    }
    for level in 0..proof.branch.len() {
        let mut damaged = proof.clone();
        damaged.branch[level][31] ^= 1;
        assert_eq!(
            check(root, || verify(CLAIM, &damaged, Layout::MAINNET)),
            Err(ProofError::Root),
            "{level}"
        );
    }
}

/// Returns a proof of the root of slot 90's block from a block of slot 100, with siblings of our own, and the block's root.
fn link(earlier_root: [u8; 32]) -> (Multiproof, BeaconRoot) {
    let hash = |left: [u8; 32], right: [u8; 32]| {
        <outrider_witness::Sha256 as outrider_witness::Hasher>::hash([left, right].as_flattened()).0
    };
    let gindex = Claim::BlockRoot { slot: 90 }.gindex(Layout::MAINNET).expect("it has a place");
    // The path ends at node 11, the state's root, in the block's eight leaves; leaf 8 is the slot.
    let (mut node, mut place, mut branch) = (earlier_root, gindex, Vec::new());
    while place > 11 {
        let sibling = [branch.len() as u8 + 1; 32];
        node = if place % 2 == 1 { hash(sibling, node) } else { hash(node, sibling) };
        branch.push(sibling);
        place /= 2;
    }
    let mut slot = [0; 32];
    slot[0] = 100;
    let [parent_root, proposer, body] = [[0xa0; 32], [0xa1; 32], [0xa2; 32]];
    let root = hash(hash(hash(slot, proposer), hash(parent_root, node)), body);
    // Siblings are in the order of their places, from the last: node 10, node 9, and node 3.
    branch.extend([parent_root, proposer, body]);
    let claims = vec![(8, slot), (gindex, earlier_root)];
    (Multiproof { claims, branch }, BeaconRoot(root))
}

#[test]
fn a_claim_about_an_earlier_block_is_proven_from_the_block_of_the_context() {
    let (proof, earlier_root) = proof();
    let (link, root) = link(earlier_root.0);
    assert_eq!(link.branch.len(), 21);
    let through = |slot, link: &Multiproof| {
        let earlier_root = earlier_block(slot, link, Layout::MAINNET)?;
        verify_from(&earlier_root, CLAIM, &proof, Layout::MAINNET)
    };
    assert_eq!(check(root, || through(90, &link)), Ok([7; 32]));
    assert_eq!(check(earlier_root, || through(90, &link)), Err(ProofError::Root));
    assert!(check(root, || through(91, &link)).is_err());
    // Slot 8,282 has the place of slot 90.
    let later = ProofError::SlotNotRecent { got: 8_282, latest: 100, n_slots: 8_192 };
    assert_eq!(check(root, || through(8_282, &link)), Err(later));
    for level in 0..link.branch.len() {
        let mut damaged = link.clone();
        damaged.branch[level][0] ^= 1;
        assert_eq!(check(root, || through(90, &damaged)), Err(ProofError::Root), "{level}");
    }
}
