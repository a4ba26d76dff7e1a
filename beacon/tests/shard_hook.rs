//! The execution hook: a shard block whose execution is wrong never enters the fork choice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::cell::RefCell;

use common::{
    ETHER, P1, genesis_1, rules,
    shards::{crosslink_nothing, ee_state, next_header, next_transition},
    signature,
};
use outrider_beacon::ledger::{
    ExecutableBlock, Execution, ExecutionHeader, ExtendedState, Ledger, LedgerError, LedgerNode, NoExecution,
    Settings, ShardBlockError, ShardBody, error::HeaderError,
};
use outrider_beacon_spec::{
    constants::DOMAIN_SHARD_PROPOSAL,
    containers::{ShardBlock, SignedShardBlock},
    error::Error,
    hash::hash_tree_root,
    phase1::{BeaconBlock, BeaconBlockBody, get_shard_proposer_index},
    preset::Minimal,
    types::{BLSSignature, Root},
};

/// A chain of two beacon blocks: the node, the state at its head, and the head.
struct Chain {
    node: LedgerNode<P1>,
    head: Root,
    extended: ExtendedState<P1>,
    settings: Settings,
}

fn chain() -> Chain {
    let mut extended = genesis_1(&[[5 * ETHER, 6 * ETHER]]);
    extended.state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    let state_root = extended.state.root();
    let block = BeaconBlock::<Minimal> { state_root, ..BeaconBlock::default() };
    let node = LedgerNode::new(extended.clone(), block).unwrap();
    let mut chain = Chain { node, head: Root::ZERO, extended, settings: Settings::default() };
    // The second block crosslinks shard blocks that the node never sees.
    chain.advance();
    chain.advance();
    chain
}

impl Chain {
    fn advance(&mut self) {
        let (block, transition) = crosslink_nothing(&self.extended, &self.settings);
        let slot = block.block.message.slot;
        self.tick(slot);
        self.node.on_block(&block, rules(&self.settings)).unwrap();
        self.extended = transition.extended;
        self.head = hash_tree_root(&block.block.message);
    }

    fn tick(&mut self, slot: u64) {
        self.node.on_tick(self.node.store().genesis_time + slot * 6).unwrap();
    }

    fn latest(&self, shard: u64) -> Root {
        self.extended.state.shard_states[shard as usize].latest_block_root
    }

    /// Returns a signed block on the head of the beacon chain.
    fn block(&self, shard: u64, slot: u64, parent: Root, header: ExecutionHeader) -> SignedShardBlock {
        self.block_of(shard, slot, parent, &ShardBody { header, ..ShardBody::default() }.to_body())
    }

    fn block_of(&self, shard: u64, slot: u64, parent: Root, body: &[u8]) -> SignedShardBlock {
        let message = ShardBlock {
            shard_parent_root: parent,
            beacon_parent_root: self.head,
            slot,
            shard,
            proposer_index: get_shard_proposer_index(&self.extended.state, slot, shard).unwrap(),
            body: body.to_vec().try_into().unwrap(),
        };
        let (state, epoch) = (&self.extended.state, Some(slot / 8));
        let signature = signature(state, message.proposer_index, &message, DOMAIN_SHARD_PROPOSAL, epoch);
        SignedShardBlock { message, signature }
    }

    fn view(&self, shard: u64, parent: Root) -> Result<Ledger, LedgerError> {
        let place = self.node.shard_place(self.head, shard, 3, parent, rules(&self.settings))?;
        assert_eq!((place.shard, place.slot, place.epoch, place.finalized_slot), (shard, 3, 0, 0));
        assert_eq!(place.beacon_parent, self.extended.ledger);
        Ok(place.view)
    }

    fn add<X: Execution>(
        &mut self,
        blocks: &[SignedShardBlock],
        execution: &X,
    ) -> Vec<Result<(), ShardBlockError<X::Error>>> {
        self.node.on_shard_blocks(blocks, rules(&self.settings), execution)
    }

    fn add_one<X: Execution>(
        &mut self,
        block: &SignedShardBlock,
        execution: &X,
    ) -> Result<(), ShardBlockError<X::Error>> {
        self.node.on_shard_block(block, rules(&self.settings), execution)
    }

    fn knows(&self, block: &SignedShardBlock) -> bool {
        let store = &self.node.store().shard_stores[&block.message.shard];
        store.signed_blocks.contains_key(&hash_tree_root(&block.message))
    }
}

/// Returns a header in which EE 0 moves to a root.
fn moving(view: &Ledger, shard: u64, post_state_root: u8) -> ExecutionHeader {
    let transitions = vec![next_transition(view, shard, 0, post_state_root)].try_into().unwrap();
    ExecutionHeader { transitions, ..next_header(view, shard) }
}

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
    assert_eq!(chain.node.pending_shard_blocks(0).unwrap(), std::slice::from_ref(&right));

    // Known blocks are not executed again; refused ones are not remembered.
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
    assert_eq!(chain.node.pending_shard_blocks(0).unwrap(), [first, second]);
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
    assert_eq!(store.signed_blocks[&crosslinked], late);
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
