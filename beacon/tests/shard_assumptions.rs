//! Shard blocks with assumptions in the fork choice: which roots a node lets a block assume, and on what later blocks build.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    assumptions::{assuming, settings},
    chain::{Chain, chain as default_chain, moving},
    shards::try_crosslink,
};
use outrider_beacon::ledger::{
    ExecutionHeader, Ledger, LedgerError, LedgerOperations, NoExecution, RootRead, ShardBlockError,
    error::HeaderError,
};
use outrider_beacon_spec::{
    containers::SignedShardBlock,
    hash::hash_tree_root,
    types::{Root, Shard, Slot},
};
use std::convert::Infallible;

fn chain() -> Chain {
    Chain { settings: settings(0), ..default_chain() }
}

fn unknown(shard: Shard, slot: Slot, of: Shard, root: u8) -> Result<(), ShardBlockError<Infallible>> {
    let error = LedgerError::Assumption { shard, slot, of, ee: 0, got: Root::repeat_byte(root) };
    Err(ShardBlockError::Ledger(error))
}

/// Returns a block of slot 2 on the crosslink.
fn block(chain: &Chain, shard: Shard, header: ExecutionHeader) -> SignedShardBlock {
    chain.block(shard, 2, chain.latest(shard), header)
}

fn state_root(view: &Ledger, shard: usize) -> u8 {
    view.shards().get(shard).unwrap().ees().get(0).unwrap().state_root[0]
}

fn assumable(chain: &Chain, shard: Shard, slot: Slot) -> Vec<(Shard, u8)> {
    let rules = common::rules(&chain.settings);
    let place = chain.node.shard_place(chain.head, shard, slot, chain.latest(shard), rules).unwrap();
    place.assumable.iter().map(|&RootRead { shard, state_root, .. }| (shard, state_root[0])).collect()
}

/// Adds the beacon block of the next slot, which crosslinks blocks of these headers.
fn crosslink(chain: &mut Chain, headers: [ExecutionHeader; 2]) {
    let operations = LedgerOperations::default();
    let (block, transition) = try_crosslink(&chain.extended, headers, operations, &chain.settings).unwrap();
    chain.tick(block.block.message.slot);
    chain.node.on_block(&block, common::rules(&chain.settings)).unwrap();
    chain.extended = transition.extended;
    chain.head = hash_tree_root(&block.block.message);
}

#[test]
fn a_block_waits_for_the_one_that_makes_the_root_it_assumes() {
    for shard in [0, 1] {
        let mut chain = chain();
        let (ledger, other) = (chain.extended.ledger.clone(), 1 - shard);
        let makes = block(&chain, other, moving(&ledger, other, 7));
        let reads = block(&chain, shard, assuming(moving(&ledger, shard, 8), other, 0, 7));
        let waits = unknown(shard, 2, other, 7);
        assert_eq!(chain.add_one(&reads, &NoExecution), waits);
        assert_eq!(assumable(&chain, shard, 2), []);
        assert_eq!(chain.add(&[reads.clone(), makes], &NoExecution), [waits, Ok(())]);
        assert_eq!(assumable(&chain, shard, 2), [(other, 7)]);
        assert_eq!(chain.add_one(&reads, &NoExecution), Ok(()), "it was not a verdict");
        assert!(chain.knows(&reads));
    }
}

#[test]
fn invented_assumptions_are_refused_with_ee_shard_and_field() {
    let mut chain = chain();
    let ledger = chain.extended.ledger.clone();
    let makes = block(&chain, 0, moving(&ledger, 0, 7));
    assert_eq!(chain.add_one(&makes, &NoExecution), Ok(()));
    let header = || moving(&ledger, 1, 8);
    let refused = |chain: &mut Chain, header| {
        let block = block(chain, 1, header);
        let error = chain.add_one(&block, &NoExecution).unwrap_err();
        assert!(!chain.knows(&block));
        let source = std::error::Error::source(&error).map(ToString::to_string);
        source.unwrap_or(error.to_string())
    };
    let text = refused(&mut chain, assuming(header(), 0, 0, 9));
    let root = Root::repeat_byte(9);
    assert_eq!(
        text,
        format!(
            "shard 1, slot 2: assumptions: no known block that counts before makes the root {root} of EE 0 on shard 0"
        )
    );
    // A node judges two blocks of a proposer, so each of the others is of another node.
    let others = [
        (
            assuming(header(), 1, 0, 8),
            "L9: assumptions: the root of EE 0 on shard 1 is of the block's own shard",
        ),
        (
            assuming(assuming(header(), 0, 0, 7), 0, 0, 7),
            "L9: assumptions: the root of EE 0 on shard 0 is out of order",
        ),
    ];
    for (header, expected) in others {
        assert_eq!(refused(&mut Chain { settings: settings(0), ..default_chain() }, header), expected);
    }
    let limit = HeaderError::Assumptions { got: 1, limit: 0 };
    assert_eq!(refused(&mut default_chain(), assuming(header(), 0, 0, 7)), limit.to_string());
}

/// A root that a block makes which counts after the reader's own, or which is not after the crosslink, cannot come true in time.
#[test]
fn a_block_assumes_only_what_counts_before_it() {
    let mut chain = chain();
    let before = chain.extended.ledger.clone();
    let [zero, one] = [0, 1].map(|shard| moving(&before, shard, 7));
    let makes = block(&chain, 0, zero.clone());
    let conditional = block(&chain, 1, assuming(one.clone(), 0, 0, 7));
    assert_eq!(chain.add_one(&makes, &NoExecution), Ok(()));
    assert_eq!(chain.add_one(&conditional, &NoExecution), Ok(()));
    // Of those with assumptions in a slot, that of the lower shard counts first.
    assert_eq!(assumable(&chain, 0, 2), []);
    assert_eq!(assumable(&chain, 0, 3), [(1, 7)]);
    assert_eq!((assumable(&chain, 1, 1), assumable(&chain, 1, 2)), (vec![], vec![(0, 7)]));
    // Once it is crosslinked, its root is the latest, and read without an assumption.
    crosslink(&mut chain, [zero, assuming(one, 0, 0, 7)]);
    assert_eq!([0, 1].map(|shard| state_root(&chain.extended.ledger, shard)), [7, 7]);
    assert_eq!((assumable(&chain, 0, 3), assumable(&chain, 1, 3)), (vec![], vec![]));
}

#[test]
fn a_shard_builds_on_its_conditional_block_until_the_ledger_has_ignored_it() {
    let mut chain = chain();
    let before = chain.extended.ledger.clone();
    let makes = block(&chain, 0, moving(&before, 0, 7));
    let reads_header = assuming(moving(&before, 1, 8), 0, 0, 7);
    let reads = block(&chain, 1, reads_header.clone());
    assert_eq!(chain.add_one(&makes, &NoExecution), Ok(()));
    assert_eq!(chain.add_one(&reads, &NoExecution), Ok(()));
    // No beacon block comes in slot 3: the next block has the same beacon parent, and builds on the conditional one.
    let reads_root = hash_tree_root(&reads.message);
    let view = chain.view(1, reads_root).unwrap();
    assert_eq!(state_root(&view, 1), 8);
    chain.tick(3);
    let second = chain.block(1, 3, reads_root, moving(&view, 1, 9));
    assert_eq!(chain.add_one(&second, &NoExecution), Ok(()));

    // The beacon block of slot 3 comes late. It crosslinks another block of shard 0, and the conditional one, which is ignored.
    crosslink(&mut chain, [moving(&before, 0, 6), reads_header]);
    assert_eq!(chain.latest(1), reads_root);
    let ledger = chain.extended.ledger.clone();
    assert_eq!([0, 1].map(|shard| state_root(&ledger, shard)), [6, state_root(&before, 1)]);
    // After the second one, which can still be crosslinked and will be ignored, the shard goes on from the older root.
    for parent in [reads_root, hash_tree_root(&second.message)] {
        let view = chain.view(1, parent).unwrap();
        assert_eq!(
            view.shards().get(1).unwrap().execution_root(),
            before.shards().get(1).unwrap().execution_root()
        );
        assert_eq!(state_root(&view, 1), state_root(&before, 1));
    }
    chain.tick(4);
    let on_ignored = chain.block(1, 4, hash_tree_root(&second.message), moving(&ledger, 1, 4));
    assert_eq!(chain.add_one(&on_ignored, &NoExecution), Ok(()));
    let next = chain.block(1, 3, reads_root, moving(&ledger, 1, 5));
    assert_eq!(chain.add_one(&next, &NoExecution), Ok(()));
}

/// With a challenge window, the roots of headers that still wait can be assumed, too.
#[test]
fn a_block_may_assume_what_waits_for_the_end_of_the_challenge_window() {
    let mut chain = Chain { settings: settings(3), ..default_chain() };
    let before = chain.extended.ledger.clone();
    let headers = [moving(&before, 0, 7), moving(&before, 1, 6)];
    crosslink(&mut chain, headers);
    assert_eq!(state_root(&chain.extended.ledger, 0), state_root(&before, 0), "it waits");
    assert_eq!((assumable(&chain, 0, 3), assumable(&chain, 1, 3)), (vec![(1, 6)], vec![(0, 7)]));
    let view = chain.view(1, chain.latest(1)).unwrap();
    let reads = chain.block(1, 3, chain.latest(1), assuming(moving(&view, 1, 8), 0, 0, 7));
    assert_eq!(chain.add_one(&reads, &NoExecution), Ok(()));
}
