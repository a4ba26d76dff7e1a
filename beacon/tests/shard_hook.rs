//! The execution hook: a shard block whose execution is wrong never enters the fork choice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{cell::RefCell, collections::BTreeMap, slice, sync::Arc};

use common::{
    ETHER, P1,
    chain::{Chain, chain, moving},
    genesis_1, rules,
    shards::{ee_state, next_header, try_crosslink},
};
use outrider_beacon::ledger::{
    ExecutableBlock, Execution, ExtendedBlock, ExtendedState, LedgerError, LedgerNode, LedgerOperations,
    NoExecution, Settings, ShardBlockError, error::HeaderError,
};
use outrider_beacon_spec::{
    containers::SignedShardBlock,
    error::Error,
    hash::hash_tree_root,
    types::{BLSSignature, Root},
};

/// An execution that refuses post-state roots of all ones, and remembers the views that it saw.
#[derive(Default)]
struct NotOnes(RefCell<Vec<(u64, Root)>>);

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("EE {0}")]
struct Wrong(u32);

impl Execution for NotOnes {
    type Error = Wrong;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), Wrong>> {
        let judge = |block: &ExecutableBlock<'_>| {
            let shard = block.place.shard;
            let pre = block.place.view.shards().get(shard as usize).unwrap().ees().get(0).unwrap().state_root;
            self.0.borrow_mut().push((shard, pre));
            let ones = |root: Root| root == Root::repeat_byte(0xff);
            match block.body.header.transitions.iter().find(|transition| ones(transition.post_state_root)) {
                Some(transition) => Err(Wrong(transition.ee)),
                None => Ok(()),
            }
        };
        blocks.iter().map(judge).collect()
    }
}

#[test]
fn a_wrong_execution_stays_out_and_the_shard_goes_on_without_it() {
    let mut chain = chain();
    let [wrong, right] = [0xff, 1].map(|root| {
        let header = moving(&chain.extended.ledger, 0, root);
        chain.block(0, 2, chain.latest(0), header)
    });
    let execution = NotOnes::default();
    let refused = ShardBlockError::Execution { shard: 0, slot: 2, error: Wrong(0) };
    assert_eq!(chain.add(&[wrong.clone(), right.clone()], &execution), [Err(refused), Ok(())]);
    assert!(!chain.knows(&wrong) && chain.knows(&right));
    assert_eq!(chain.node.shard_head(0), Ok(hash_tree_root(&right.message)));
    assert_eq!(chain.node.pending_shard_blocks(0).unwrap(), [Arc::new(right.clone())]);

    // Known blocks are not executed again; the node itself does not remember why an execution refused one.
    let n_seen = execution.0.borrow().len();
    assert_eq!(chain.add(&[right], &execution), [Ok(())]);
    assert_eq!(execution.0.borrow().len(), n_seen);
    assert_eq!(chain.add(&[wrong], &NoExecution), [Ok(())]);
}

#[test]
fn a_block_builds_on_the_executions_of_its_parents() {
    let mut chain = chain();
    let first = chain.block(0, 2, chain.latest(0), moving(&chain.extended.ledger, 0, 1));
    assert_eq!(chain.add_one(&first, &NoExecution), Ok(()));
    let first_root = hash_tree_root(&first.message);
    let view = chain.view(0, first_root).unwrap();
    assert_eq!(view.shards().get(0).unwrap().latest_block_root(), first_root);
    assert_eq!(view.shards().get(0).unwrap().ees().get(0).unwrap().state_root, Root::repeat_byte(1));
    assert_eq!(view.shards().get(1), chain.extended.ledger.shards().get(1));
    assert_eq!(ee_state(&chain.extended, 0, 0).0, Root::repeat_byte(1 ^ 0x55), "the ledger is as before");

    // The next one in the same beacon chain: without a beacon block in slot 3, it has the same beacon parent.
    chain.tick(3);
    let execution = NotOnes::default();
    let second = chain.block(0, 3, first_root, moving(&view, 0, 2));
    let stale = chain.block(0, 3, first_root, moving(&chain.extended.ledger, 0, 2));
    let results = chain.add(&[stale, second.clone()], &execution);
    let (got, expected) = (chain.extended.ledger.shards().get(0).unwrap().execution_root(), {
        hash_tree_root(&moving(&chain.extended.ledger, 0, 1))
    });
    let error = HeaderError::ParentExecutionRoot { got, expected };
    assert_eq!(results, [Err(LedgerError::Header { shard: 0, slot: 3, error }.into()), Ok(())]);
    assert_eq!(*execution.0.borrow(), [(0, Root::repeat_byte(1))], "only the second one was executed");
    assert_eq!(chain.node.pending_shard_blocks(0).unwrap(), [first, second].map(Arc::new));
}

#[test]
fn bad_blocks_of_a_batch_do_not_harm_the_others() {
    let mut chain = chain();
    let ledger = chain.extended.ledger.clone();
    let good = chain.block(0, 2, chain.latest(0), moving(&ledger, 0, 1));
    let unsigned = chain.block(1, 2, chain.latest(1), moving(&ledger, 1, 1));
    let unsigned = SignedShardBlock { signature: BLSSignature::ZERO, ..unsigned };
    let mut overdrawn = moving(&ledger, 1, 1);
    overdrawn.transitions[0].proposer_fee = 6 * ETHER + 1;
    let overdrawn = chain.block(1, 2, chain.latest(1), overdrawn);
    let garbage = chain.block_of(1, 2, chain.latest(1), b"no execution root");
    let stray = chain.block(1, 2, chain.latest(0), moving(&ledger, 1, 1));
    let execution = NotOnes::default();
    let header = |error| Err(LedgerError::Header { shard: 1, slot: 2, error }.into());
    let results = chain.add(&[unsigned, overdrawn, garbage, stray, good.clone()], &execution);
    assert_eq!(
        results,
        [
            Err(LedgerError::Spec(Error::ShardBlockSignature).into()),
            header(HeaderError::Overdraft { ee: 0, got: 6 * ETHER + 1, available: 6 * ETHER }),
            header(HeaderError::BodyShort { got: 17 }),
            Err(LedgerError::Spec(Error::UnknownParent).into()),
            Ok(()),
        ]
    );
    assert_eq!(execution.0.borrow().len(), 1, "only the good one was executed");
    assert!(chain.knows(&good));
}

#[test]
fn blocks_off_the_crosslink_are_refused() {
    let mut chain = chain();
    let before = chain.latest(0);
    let first = chain.block(0, 2, before, moving(&chain.extended.ledger, 0, 1));
    assert_eq!(chain.add_one(&first, &NoExecution), Ok(()));
    // The next beacon block crosslinks another block of slot 2.
    chain.advance();
    let got = hash_tree_root(&first.message);
    let crosslink = chain.latest(0);
    let off = chain.block(0, 3, got, moving(&chain.extended.ledger, 0, 2));
    let error = LedgerError::NotOnCrosslink { shard: 0, got, crosslink };
    assert_eq!(chain.add(&[off], &NoExecution), [Err(error.into())]);
    let on = chain.block(0, 3, crosslink, moving(&chain.extended.ledger, 0, 2));
    assert_eq!(chain.add_one(&on, &NoExecution), Ok(()));
    assert_eq!(chain.node.shard_head(0), Ok(hash_tree_root(&on.message)));
}

/// An execution that forgets its results.
struct Silent;

impl Execution for Silent {
    type Error = Wrong;

    fn execute(&self, _: &[ExecutableBlock<'_>]) -> Vec<Result<(), Wrong>> {
        Vec::new()
    }
}

#[test]
fn a_missing_result_does_not_approve_a_block() {
    let mut chain = chain();
    let block = chain.block(0, 2, chain.latest(0), moving(&chain.extended.ledger, 0, 1));
    let error = LedgerError::Spec(Error::ListTooShort { got: 0, expected: 1 });
    assert_eq!(chain.add_one(&block, &Silent), Err(error.into()));
    assert!(!chain.knows(&block));
}

#[test]
fn a_block_that_arrives_after_its_child_takes_its_place() {
    let mut chain = chain();
    // The beacon block of slot 3 crosslinks a block that the node does not know.
    let before = Chain { head: chain.head, ..self::chain() };
    chain.advance();
    let crosslinked = chain.latest(0);
    let child = chain.block(0, 3, crosslinked, moving(&chain.extended.ledger, 0, 1));
    assert_eq!(chain.add_one(&child, &NoExecution), Ok(()));
    let late = before.block(0, 2, before.latest(0), next_header(&before.extended.ledger, 0));
    assert_eq!(hash_tree_root(&late.message), crosslinked);
    assert_eq!(chain.add_one(&late, &NoExecution), Ok(()));
    let store = &chain.node.store().shard_stores[&0];
    assert_eq!(*store.signed_blocks[&crosslinked], late);
    assert_eq!(chain.node.shard_head(0), Ok(hash_tree_root(&child.message)));
}

#[test]
fn a_block_of_a_later_slot_is_refused_until_then() {
    let mut chain = chain();
    let block = chain.block(0, 3, chain.latest(0), moving(&chain.extended.ledger, 0, 1));
    let early = LedgerError::Spec(Error::BlockInFuture { got: 3, expected: 2 });
    assert_eq!(chain.add_one(&block, &NoExecution), Err(early.into()));
    assert!(!chain.knows(&block));
    chain.tick(3);
    assert_eq!(chain.add_one(&block, &NoExecution), Ok(()));
}

#[test]
fn a_block_waits_for_a_parent_that_only_another_branch_has_crosslinked() {
    let mut chain = chain();
    let before = Chain { head: chain.head, ..self::chain() };
    chain.advance();
    let crosslinked = chain.latest(0);
    let late_header = next_header(&before.extended.ledger, 0);
    let late = before.block(0, 2, before.latest(0), late_header.clone());
    // A block of slot 3 on the beacon block of slot 2, whose parent is the late block.
    let mut header = moving(&before.extended.ledger, 0, 9);
    header.parent_execution_root = hash_tree_root(&late_header);
    let sibling = before.block(0, 3, crosslinked, header);
    let unknown = Err(LedgerError::Spec(Error::UnknownParent).into());
    assert_eq!(chain.add_one(&sibling, &NoExecution), unknown, "it has to wait");
    let child = chain.block(0, 3, crosslinked, moving(&chain.extended.ledger, 0, 1));
    assert_eq!(chain.add_one(&child, &NoExecution), Ok(()));
    let second = chain.add_one(&sibling, &NoExecution);
    assert_eq!(chain.add_one(&late, &NoExecution), Ok(()));
    assert_eq!(chain.add_one(&sibling, &NoExecution), Ok(()), "and now it is valid");
    assert_eq!(second, unknown, "it has to wait still");
}

#[test]
fn a_shard_without_crosslinks_since_finality_goes_on() {
    let settings = Settings::default();
    let start = genesis_1(&[[5 * ETHER, 6 * ETHER]]);
    let old = common::propose(&start, 1, Default::default(), &settings).1.extended;
    // Shard 0 has had no crosslink when the beacon block of slot 40 is final, from which the node starts.
    let (block, transition) = common::propose(&old, 40, Default::default(), &settings);
    let extended = transition.extended;
    let node = LedgerNode::new(extended.clone(), block.block.message.clone()).unwrap();
    let mut chain = Chain { node, head: hash_tree_root(&block.block.message), extended, settings };
    chain.tick(41);
    assert!(chain.node.crosslinkable_shard_blocks(0, chain.head).is_ok());
    // The proposer of slot 34, an offset after the crosslink, sends a block now.
    let block = chain.block(0, 34, chain.latest(0), moving(&chain.extended.ledger, 0, 1));
    assert_eq!(chain.add_one(&block, &NoExecution), Ok(()));
    assert!(chain.node.crosslinkable_shard_blocks(0, chain.head).is_ok());
}

/// An execution that finds blocks wrong whose EE 0 goes to all ones, and remembers them as [`Execution::refusal`] allows.
#[derive(Default)]
struct Remembering {
    inner: NotOnes,
    refused: RefCell<BTreeMap<Root, Wrong>>,
}

impl Execution for Remembering {
    type Error = Wrong;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), Wrong>> {
        let results = self.inner.execute(blocks);
        for (block, result) in blocks.iter().zip(&results) {
            let refused = result.clone().err().map(|error| (block.root, error));
            self.refused.borrow_mut().extend(refused);
        }
        results
    }

    fn refusal(&self, block_root: &Root) -> Option<Wrong> {
        self.refused.borrow().get(block_root).cloned()
    }
}

impl Remembering {
    fn n_executed(&self) -> usize {
        self.inner.0.borrow().len()
    }
}

/// Returns blocks of shard 0 in slot 2, by the same proposer, whose EE goes to these roots.
fn blocks_to<const N: usize>(chain: &Chain, roots: [u8; N]) -> [SignedShardBlock; N] {
    roots.map(|root| chain.block(0, 2, chain.latest(0), moving(&chain.extended.ledger, 0, root)))
}

#[test]
fn a_refused_block_costs_nothing_when_it_arrives_again() {
    let mut chain = chain();
    let [wrong] = blocks_to(&chain, [0xff]);
    let mut overdrawn = moving(&chain.extended.ledger, 0, 1);
    overdrawn.transitions[0].proposer_fee = 5 * ETHER + 1;
    let overdrawn = chain.block(0, 2, chain.latest(0), overdrawn);
    let blocks = [wrong.clone(), overdrawn];
    let execution = Remembering::default();
    let first = chain.add(&blocks, &execution);
    let error = HeaderError::Overdraft { ee: 0, got: 5 * ETHER + 1, available: 5 * ETHER };
    let expected = [
        Err(ShardBlockError::Execution { shard: 0, slot: 2, error: Wrong(0) }),
        Err(LedgerError::Header { shard: 0, slot: 2, error }.into()),
    ];
    assert_eq!(first, expected);
    assert_eq!((execution.n_executed(), chain.node.n_views_made()), (1, 1));
    for _ in 0..3 {
        assert_eq!(chain.add(&blocks, &execution), expected);
    }
    // A forged signature does not make a wrong block right, and costs no verification.
    let forged = SignedShardBlock { signature: blocks[1].signature, ..wrong };
    assert_eq!(chain.add(&[forged], &execution), expected[..1]);
    assert_eq!((execution.n_executed(), chain.node.n_views_made()), (1, 1));
}

#[test]
fn reasons_that_are_not_in_the_root_are_not_remembered() {
    let mut chain = chain();
    let before = Chain { head: chain.head, ..self::chain() };
    let [block, _] = blocks_to(&chain, [1, 2]);
    let execution = Remembering::default();
    let unsigned = SignedShardBlock { signature: BLSSignature::ZERO, ..block.clone() };
    let error = Err(LedgerError::Spec(Error::ShardBlockSignature).into());
    // Unsigned blocks do not count among those of the proposer either.
    for _ in 0..3 {
        assert_eq!(chain.add(slice::from_ref(&unsigned), &execution), slice::from_ref(&error));
    }
    assert_eq!((execution.n_executed(), chain.node.n_views_made()), (0, 0));
    assert!(chain.add_one(&block, &Silent).is_err(), "the executor failed");
    assert_eq!(chain.add_one(&block, &execution), Ok(()));

    // A parent that is unknown today may be known tomorrow.
    chain.advance();
    let crosslinked = chain.latest(0);
    let late_header = next_header(&before.extended.ledger, 0);
    let late = before.block(0, 2, before.latest(0), late_header.clone());
    let mut header = moving(&before.extended.ledger, 0, 9);
    header.parent_execution_root = hash_tree_root(&late_header);
    let sibling = before.block(0, 3, crosslinked, header);
    let unknown = Err(LedgerError::Spec(Error::UnknownParent).into());
    assert_eq!(chain.add_one(&sibling, &execution), unknown);
    assert_eq!(chain.add_one(&late, &execution), Ok(()));
    assert_eq!(chain.add_one(&sibling, &execution), Ok(()));
}

#[test]
fn signatures_come_before_bodies() {
    let mut chain = chain();
    let garbage = chain.block_of(1, 2, chain.latest(1), b"no execution root");
    let unsigned = SignedShardBlock { signature: BLSSignature::ZERO, ..garbage.clone() };
    let early = chain.block_of(1, 3, chain.latest(1), b"no execution root");
    let results = chain.add(&[unsigned, early, garbage], &NoExecution);
    let header = |error| Err(LedgerError::Header { shard: 1, slot: 2, error }.into());
    assert_eq!(
        results,
        [
            Err(LedgerError::Spec(Error::ShardBlockSignature).into()),
            Err(LedgerError::Spec(Error::BlockInFuture { got: 3, expected: 2 }).into()),
            header(HeaderError::BodyShort { got: 17 }),
        ]
    );
    assert_eq!(chain.node.n_views_made(), 0);
}

#[test]
fn blocks_of_all_shards_on_a_beacon_block_share_its_ledger() {
    let mut chain = chain();
    let ledger = chain.extended.ledger.clone();
    let blocks = [0, 1].map(|shard| chain.block(shard, 2, chain.latest(shard), moving(&ledger, shard, 1)));
    assert_eq!(chain.add(&blocks, &NoExecution), [Ok(()), Ok(())]);
    for (shard, block) in (0..).zip(&blocks) {
        chain.view(shard, hash_tree_root(&block.message)).unwrap();
    }
    assert_eq!(chain.node.n_views_made(), 1);
    assert_eq!(chain.view(0, chain.latest(0)).unwrap(), ledger.optimistic::<P1>(&chain.settings).unwrap());
    chain.advance();
    chain.view(1, chain.latest(1)).unwrap();
    assert_eq!(chain.node.n_views_made(), 2);
    // Other settings are another chain.
    let settings = Settings { deposit_min: 1, ..Settings::default() };
    chain.node.shard_place(chain.head, 0, 3, chain.latest(0), rules(&settings)).unwrap();
    assert_eq!(chain.node.n_views_made(), 3);
}

#[test]
fn two_blocks_of_a_proposer_are_judged_and_prove_its_fault() {
    let mut chain = chain();
    let blocks = blocks_to(&chain, [1, 0xff, 2, 3]);
    let proposer_index = blocks[0].message.proposer_index;
    let execution = Remembering::default();
    let surplus = LedgerError::ShardProposals { shard: 0, slot: 2, proposer_index, limit: 2 };
    let wrong = ShardBlockError::Execution { shard: 0, slot: 2, error: Wrong(0) };
    // In one batch, and one by one; wrong blocks count, too.
    let results = chain.add(&blocks[..3], &execution);
    assert_eq!(results, [Ok(()), Err(wrong.clone()), Err(surplus.clone().into())]);
    assert_eq!(chain.add_one(&blocks[3], &execution), Err(surplus.clone().into()));
    let garbage = chain.block_of(0, 2, chain.latest(0), b"no execution root");
    assert_eq!(chain.add_one(&garbage, &execution), Err(surplus.into()), "nothing is decoded");
    assert_eq!(execution.n_executed(), 2);
    // Those two keep their results.
    assert_eq!(chain.add(&blocks[..2], &execution), [Ok(()), Err(wrong)]);
    assert_eq!(execution.n_executed(), 2);

    let slashings: Vec<_> = chain.node.shard_proposer_slashings().collect();
    let [slashing] = &slashings[..] else { panic!("{slashings:?}") };
    let mut roots =
        [&slashing.signed_header_1, &slashing.signed_header_2].map(|signed| hash_tree_root(&signed.message));
    let mut expected = [&blocks[0], &blocks[1]].map(|block| hash_tree_root(&block.message));
    roots.sort_unstable();
    expected.sort_unstable();
    assert_eq!(roots, expected);
    let shard_proposer_slashings = slashings.try_into().unwrap();
    let operations = LedgerOperations { shard_proposer_slashings, ..LedgerOperations::default() };
    let after = common::propose(&chain.extended, 3, operations, &chain.settings).1.extended;
    assert!(after.state.validators.get(proposer_index as usize).unwrap().slashed);
}

/// Two nodes that hear three blocks of a proposer, each another one last.
fn two_nodes() -> ([Chain; 2], [SignedShardBlock; 3]) {
    let mut chains = [chain(), chain()];
    let blocks = blocks_to(&chains[0], [1, 2, 3]);
    for (chain, order) in chains.iter_mut().zip([[0, 1, 2], [2, 1, 0]]) {
        let results = order.map(|place| chain.add_one(&blocks[place], &NoExecution));
        let [Ok(()), Ok(()), Err(ShardBlockError::Ledger(LedgerError::ShardProposals { .. }))] = results
        else {
            panic!("{results:?}")
        };
    }
    (chains, blocks)
}

/// Returns a beacon block of slot 3 that crosslinks a block of [`blocks_to`], and the state after it.
fn crosslinking(chain: &Chain, root: u8) -> (ExtendedBlock<P1>, ExtendedState<P1>) {
    let ledger = &chain.extended.ledger;
    let headers = [moving(ledger, 0, root), next_header(ledger, 1)];
    let operations = LedgerOperations::default();
    let (block, transition) = try_crosslink(&chain.extended, headers, operations, &chain.settings).unwrap();
    (block, transition.extended)
}

#[test]
fn nodes_that_hear_three_blocks_in_different_orders_agree_after_the_votes() {
    let ([mut first, mut second], blocks) = two_nodes();
    let last = hash_tree_root(&blocks[2].message);
    // The committee has the last block, and votes for it.
    let (beacon_block, _) = crosslinking(&first, 3);
    let votes = &beacon_block.block.message.body.attestations;
    let vote = votes.iter().find(|vote| vote.data.shard == 0).unwrap();
    assert_eq!(vote.data.shard_head_root, last);
    for chain in [&mut first, &mut second] {
        chain.tick(3);
        chain.node.on_attestation(vote).unwrap();
    }
    assert_ne!(first.node.shard_head(0), Ok(last));
    assert_eq!(first.add_one(&blocks[2], &NoExecution), Ok(()));
    assert_eq!([&first, &second].map(|chain| chain.node.shard_head(0)), [Ok(last), Ok(last)]);
    // A vote admits its own block only.
    let fourth = chain().block(0, 2, first.latest(0), moving(&first.extended.ledger, 0, 4));
    for chain in [&mut first, &mut second] {
        let result = chain.add_one(&fourth, &NoExecution);
        assert!(matches!(result, Err(ShardBlockError::Ledger(LedgerError::ShardProposals { .. }))));
    }
}

#[test]
fn a_third_block_that_is_crosslinked_is_accepted_with_or_before_its_child() {
    let ([mut first, mut second], blocks) = two_nodes();
    let last = hash_tree_root(&blocks[2].message);
    let (beacon_block, after) = crosslinking(&first, 3);
    for chain in [&mut first, &mut second] {
        chain.tick(3);
        chain.node.on_block(&beacon_block, rules(&chain.settings)).unwrap();
        chain.extended = after.clone();
        chain.head = hash_tree_root(&beacon_block.block.message);
        assert_eq!(chain.latest(0), last);
    }
    let child = first.block(0, 3, last, moving(&first.extended.ledger, 0, 9));
    let mut without =
        Chain { node: first.node.clone(), head: first.head, extended: after, settings: Settings::default() };
    // The first node accepts it late, another one goes on without it.
    assert_eq!(without.add_one(&child, &NoExecution), Ok(()));
    assert_eq!(first.add(&[blocks[2].clone(), child.clone()], &NoExecution), [Ok(()), Ok(())]);
    assert_eq!(second.add_one(&child, &NoExecution), Ok(()));
    let head = Ok(hash_tree_root(&child.message));
    assert_eq!([&first, &second, &without].map(|chain| chain.node.shard_head(0)), [head; 3]);
    assert!(first.knows(&blocks[2]));
}
