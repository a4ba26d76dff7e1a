//! Tests of the shards' fork choice, with signed blocks and votes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_domain},
    bls::{aggregate, sign},
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_ATTESTER, DOMAIN_SHARD_PROPOSAL},
    containers::{
        AttestationData, Checkpoint, ShardBlock, ShardVote, SignedShardBlock, misc::AggregationBits,
    },
    error::Error,
    fork_choice::{Store, get_forkchoice_store, on_attestation, on_tick},
    hash::hash_tree_root,
    phase::Phase1,
    phase1::{
        Attestation, BeaconBlock, BeaconBlockBody, BeaconState,
        fork_choice::{get_pending_shard_blocks, get_shard_head, on_shard_block},
        get_shard_proposer_index, upgrade_to_phase1,
    },
    preset::Minimal,
    types::{BLSSignature, DomainType, Root},
};
use outrider_sim::{Simulator, interop_secret_key};
use tree_hash::TreeHash;

const SHARD: u64 = 1;

/// Returns a store that holds only genesis, ten slots later, with genesis' state and root.
fn store() -> (Store<Phase1<Minimal>>, BeaconState<Minimal>, Root) {
    let simulator = Simulator::<Minimal>::new(64).unwrap();
    let mut state = upgrade_to_phase1(simulator.head().unwrap().1).unwrap();
    // The genesis block is a block of phase 1.
    state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    let block = BeaconBlock::<Minimal> { state_root: state.root(), ..BeaconBlock::default() };
    let root = hash_tree_root(&block);
    let mut store = get_forkchoice_store(state.clone(), block).unwrap();
    let time = store.genesis_time + 60;
    on_tick(&mut store, time).unwrap();
    (store, state, root)
}

fn signature(
    state: &BeaconState<Minimal>,
    index: u64,
    message: &impl TreeHash,
    domain: DomainType,
) -> BLSSignature {
    let signing_root = compute_signing_root(message, get_domain(state, domain, Some(0)));
    sign(&interop_secret_key(index), signing_root.as_slice()).unwrap()
}

fn block(
    state: &BeaconState<Minimal>,
    beacon_parent_root: Root,
    shard_parent_root: Root,
    slot: u64,
    body: &[u8],
) -> SignedShardBlock {
    let message = ShardBlock {
        shard_parent_root,
        beacon_parent_root,
        slot,
        shard: SHARD,
        proposer_index: get_shard_proposer_index(state, slot, SHARD).unwrap(),
        body: body.to_vec().try_into().unwrap(),
    };
    let signature = signature(state, message.proposer_index, &message, DOMAIN_SHARD_PROPOSAL);
    SignedShardBlock { message, signature }
}

/// Returns the vote of a slot's committee for a shard block.
fn vote(
    state: &BeaconState<Minimal>,
    anchor: Root,
    slot: u64,
    shard_head_root: Root,
) -> Attestation<Minimal> {
    let data = AttestationData {
        slot,
        index: 0,
        beacon_block_root: anchor,
        source: Checkpoint::default(),
        target: Checkpoint { epoch: 0, root: anchor },
        extension: ShardVote { shard: SHARD, shard_head_root, shard_transition_root: Root::ZERO },
    };
    let committee = get_beacon_committee(state, slot, 0).unwrap();
    let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
    (0..committee.len()).for_each(|bit| aggregation_bits.set(bit, true).unwrap());
    let signatures: Vec<_> =
        committee.iter().map(|index| signature(state, *index, &data, DOMAIN_BEACON_ATTESTER)).collect();
    Attestation { aggregation_bits, data, signature: aggregate(&signatures).unwrap() }
}

#[test]
fn votes_decide_between_blocks_and_ties_go_to_the_greater_root() {
    let (mut store, state, anchor) = store();
    assert_eq!(get_shard_head(&store, SHARD), Ok(Root::ZERO));
    let blocks = [b"one", b"two"].map(|body| block(&state, anchor, Root::ZERO, 1, body));
    for block in &blocks {
        on_shard_block(&mut store, block).unwrap();
    }
    let mut roots = blocks.each_ref().map(|block| hash_tree_root(&block.message));
    roots.sort_unstable();
    let [lesser, greater] = roots;
    assert_eq!(get_shard_head(&store, SHARD), Ok(greater));

    on_attestation(&mut store, &vote(&state, anchor, 2, lesser)).unwrap();
    assert_eq!(get_shard_head(&store, SHARD), Ok(lesser));
    let child = block(&state, anchor, lesser, 2, b"child");
    on_shard_block(&mut store, &child).unwrap();
    let child_root = hash_tree_root(&child.message);
    assert_eq!(get_shard_head(&store, SHARD), Ok(child_root));
    let pending: Vec<_> = get_pending_shard_blocks(&store, SHARD)
        .unwrap()
        .iter()
        .map(|block| hash_tree_root(&block.message))
        .collect();
    assert_eq!(pending, [lesser, child_root]);

    for slot in [3, 4] {
        on_attestation(&mut store, &vote(&state, anchor, slot, greater)).unwrap();
    }
    assert_eq!(get_shard_head(&store, SHARD), Ok(greater), "two committees against one");
    assert_eq!(get_shard_head(&store, 0), Ok(Root::ZERO), "the other shard has no blocks");
}

#[test]
fn blocks_with_a_wrong_field_are_refused() {
    let (mut store, state, anchor) = store();
    let good = block(&state, anchor, Root::ZERO, 1, b"good");
    let mut check = |expected: Error, damage: &dyn Fn(&mut SignedShardBlock)| {
        let mut block = good.clone();
        damage(&mut block);
        assert_eq!(on_shard_block(&mut store, &block), Err(expected));
        assert_eq!(
            store.shard_stores[&SHARD].signed_blocks.len(),
            1,
            "a refused block leaves the store unchanged"
        );
    };
    check(Error::UnknownParent, &|block| block.message.shard_parent_root = Root::repeat_byte(1));
    check(Error::UnknownParent, &|block| block.message.beacon_parent_root = Root::repeat_byte(1));
    check(Error::NotAfterFinalized { got: 0, expected: 0 }, &|block| block.message.slot = 0);
    check(Error::ShardBlockSlot { got: 4, latest: 0 }, &|block| block.message.slot = 4);
    let expected = good.message.proposer_index;
    check(Error::ShardBlockProposer { got: expected ^ 1, expected }, &|block| {
        block.message.proposer_index ^= 1
    });
    check(Error::ShardBlockBody { got: 0, expected: 1 << 20 }, &|block| {
        block.message.body = Default::default()
    });
    check(Error::ShardBlockSignature, &|block| block.message.body.push(1).unwrap());
    check(Error::IndexOutOfRange, &|block| block.message.shard = 2);
}

#[test]
fn a_header_has_the_root_of_its_block() {
    for n in [0, 1, 31, 32, 33, 1000, 1 << 20] {
        let body: Vec<u8> = (0..n).map(|byte| (byte % 251) as u8).collect();
        let block = ShardBlock {
            shard_parent_root: Root::repeat_byte(1),
            beacon_parent_root: Root::repeat_byte(2),
            slot: 3,
            shard: 4,
            proposer_index: 5,
            body: body.try_into().unwrap(),
        };
        let header = block.header();
        assert_eq!(hash_tree_root(&header), hash_tree_root(&block), "{n} bytes");
        assert_eq!(header.body_root, hash_tree_root(&block.body), "{n} bytes");
        assert_eq!((header.slot, header.shard, header.proposer_index), (3, 4, 5));
    }
}
