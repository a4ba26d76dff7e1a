//! A view: nodes that hear the same, as one node, with their validators.

mod attest;
mod light_client;
mod pool;
mod propose;
mod shard;

use std::{collections::BTreeSet, error::Error as StdError, mem, sync::Arc};

use self::pool::Pool;
use super::{
    evidence::Evidence,
    fault::Faults,
    message::{Message, MessageKind},
};
use crate::{keys::Signer, shard_block::signed_header};
use outrider_beacon::{
    ledger::{Execution, ExtendedBlock, ExtendedState, LedgerError, LedgerNode, ShardBlockError},
    proof::{BlockProofs, ProvableBlock},
    registry::Rules,
};
use outrider_beacon_spec::{
    containers::{BeaconBlockHeader, BeaconState, SignedBeaconBlock, SignedBeaconBlockHeader},
    error::Error,
    hash::hash_tree_root,
    math::Uint64 as _,
    phase::Phase1,
    preset::Preset,
    signatures::Signatures,
    transition::process_slots,
    types::{Root, Shard, Slot, ValidatorIndex},
};

/// A view, whose execution of shard blocks fails with `E`.
#[derive(Debug)]
pub struct View<C: Preset, E: StdError + 'static> {
    name: String,
    members: BTreeSet<ValidatorIndex>,
    node: LedgerNode<Phase1<C>>,
    /// The messages that the next beacon block may contain.
    pool: Pool<C>,
    /// Evidence against proposers, from the blocks that the node has accepted.
    evidence: Evidence,
    /// Messages that wait for a block, each with the reason.
    waiting: Vec<(Message<C>, ShardBlockError<E>)>,
    /// Attestations that wait for their slot to pass.
    early: Vec<Message<C>>,
    refused: Vec<RefusedMessage<E>>,
    /// The head, with its state in the current slot.
    current: Option<(Root, BeaconState<Phase1<C>>)>,
    /// The latest final block that the execution knows of.
    finalized: Root,
}

/// A message that a view's node refused.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedMessage<E: StdError + 'static> {
    /// Its kind.
    pub kind: MessageKind,
    /// Its slot.
    pub slot: Slot,
    /// Its shard, for a shard block.
    pub shard: Option<Shard>,
    /// The reason.
    pub error: ShardBlockError<E>,
}

/// The knowledge that validators need for their duties in a slot.
#[derive(Clone, Copy)]
pub(super) struct Duties<'d> {
    pub(super) slot: Slot,
    pub(super) signer: &'d Signer,
    pub(super) faults: &'d Faults,
    pub(super) rules: Rules<'d>,
}

impl<C: Preset, E: StdError + 'static> View<C, E> {
    pub(super) fn new(name: String, members: BTreeSet<ValidatorIndex>, node: LedgerNode<Phase1<C>>) -> Self {
        Self {
            name,
            members,
            node,
            pool: Pool::default(),
            evidence: Evidence::default(),
            waiting: Vec::new(),
            early: Vec::new(),
            refused: Vec::new(),
            current: None,
            finalized: Root::ZERO,
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the validators.
    #[must_use]
    pub fn members(&self) -> &BTreeSet<ValidatorIndex> {
        &self.members
    }

    /// Returns the node.
    #[must_use]
    pub fn node(&self) -> &LedgerNode<Phase1<C>> {
        &self.node
    }

    /// Returns the messages that the node refused as invalid, in order. Honest validators' messages are not among them, even
    /// if they come too late, but for shard blocks that assume what a block makes which never came.
    #[must_use]
    pub fn refused(&self) -> &[RefusedMessage<E>] {
        &self.refused
    }

    /// Returns the root of the head block, and state and ledger after it.
    ///
    /// # Errors
    ///
    /// Fails if the fork choice finds no head.
    pub fn head(&self) -> Result<(Root, ExtendedState<Phase1<C>>), Error> {
        let root = self.node.head()?;
        Ok((root, self.node.extended(&root).ok_or(Error::UnknownBlock)?))
    }

    /// Begins a slot: the attestations of the previous slot count from now on.
    pub(super) fn on_tick<X: Execution<Error = E>>(
        &mut self,
        duties: Duties<'_>,
        execution: &X,
    ) -> Result<(), Error> {
        let slot = duties.slot;
        let since_genesis = slot.times(C::SECONDS_PER_SLOT)?;
        self.node.on_tick(self.node.store().genesis_time.plus(since_genesis)?)?;
        self.pool.prune(slot);
        let kept_from = slot.saturating_sub(2 * C::SLOTS_PER_EPOCH);
        self.evidence.prune(kept_from);
        let mut messages = mem::take(&mut self.early);
        for (message, error) in mem::take(&mut self.waiting) {
            if message.slot() >= kept_from {
                messages.push(message);
            } else if matches!(error, ShardBlockError::Ledger(LedgerError::Assumption { .. })) {
                self.refuse(&message, error);
            }
        }
        self.receive(messages, duties, execution);
        Ok(())
    }

    /// Receives messages that arrive together. After a block, those that wait may be valid, too.
    pub(super) fn receive<X: Execution<Error = E>>(
        &mut self,
        mut messages: Vec<Message<C>>,
        duties: Duties<'_>,
        execution: &X,
    ) {
        while self.receive_once(messages, duties.rules, execution) && !self.waiting.is_empty() {
            messages = mem::take(&mut self.waiting).into_iter().map(|(message, _)| message).collect();
        }
        let finalized = self.node.store().finalized_checkpoint.root;
        if finalized != self.finalized
            && let Some(extended) = self.node.extended(&finalized)
        {
            execution.on_finalized(&extended.ledger);
            self.finalized = finalized;
        }
    }

    /// Processes each message once; returns whether a block was accepted.
    fn receive_once<X: Execution<Error = E>>(
        &mut self,
        messages: Vec<Message<C>>,
        rules: Rules<'_>,
        execution: &X,
    ) -> bool {
        let is_shard_block = |message: &Message<C>| matches!(message, Message::ShardBlock(_));
        let (shard_blocks, others): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_shard_block);
        let mut has_news = false;
        for message in others {
            let result = self.process(&message, rules).map_err(ShardBlockError::Ledger);
            if let (Ok(()), Message::BeaconBlock(block)) = (&result, &message) {
                let root = hash_tree_root(&block.block.message);
                let after = self.node.block_ledger(&root);
                after.iter().for_each(|after| execution.on_beacon_receipts(&after.receipts));
                if let Some(after) = self.node.extended(&root) {
                    let block: Arc<dyn BlockProofs> = Arc::new(ProvableBlock::new(Arc::clone(block), after));
                    execution.on_beacon_block(&block);
                }
            }
            has_news |= self.settle(message, result);
        }
        let results = self.process_shard_blocks(&shard_blocks, rules, execution);
        for (message, result) in shard_blocks.into_iter().zip(results) {
            has_news |= self.settle(message, result);
        }
        has_news
    }

    /// Keeps a message that may be valid later, drops one that came too late, or records that it was refused; returns whether
    /// a block was accepted.
    fn settle(&mut self, message: Message<C>, result: Result<(), ShardBlockError<E>>) -> bool {
        match result {
            Ok(()) => matches!(message, Message::BeaconBlock(_) | Message::ShardBlock(_)),
            Err(ShardBlockError::Ledger(LedgerError::Spec(
                Error::AttestationEarly { .. } | Error::BlockInFuture { .. },
            ))) => {
                self.early.push(message);
                false
            }
            Err(
                error @ ShardBlockError::Ledger(
                    LedgerError::Spec(Error::UnknownParent | Error::UnknownBlock)
                    | LedgerError::ShardProposals { .. }
                    | LedgerError::Assumption { .. },
                ),
            ) => {
                self.waiting.push((message, error));
                false
            }
            // They came too late to matter: other epochs count by now, or another branch is final.
            Err(ShardBlockError::Ledger(LedgerError::Spec(Error::TargetEpoch { got, previous, .. })))
                if got < previous =>
            {
                false
            }
            Err(ShardBlockError::Ledger(LedgerError::Spec(
                Error::NotAfterFinalized { .. } | Error::NotOnFinalized { .. },
            ))) => false,
            Err(error) => {
                self.refuse(&message, error);
                false
            }
        }
    }

    fn refuse(&mut self, message: &Message<C>, error: ShardBlockError<E>) {
        self.refused.push(RefusedMessage {
            kind: message.kind(),
            slot: message.slot(),
            shard: message.shard(),
            error,
        });
    }

    fn process(&mut self, message: &Message<C>, rules: Rules<'_>) -> Result<(), LedgerError> {
        match message {
            Message::BeaconBlock(block) => self.process_beacon_block(block, rules),
            // They are processed together.
            Message::ShardBlock(_) => Ok(()),
            Message::Attestation(full) => {
                let mut signatures =
                    if rules.verify_signatures { Signatures::Each } else { Signatures::Ignored };
                self.node.on_attestation_with(&full.attestation, &mut signatures)?;
                Ok(self.pool.add_attestation(full)?)
            }
            Message::LightClientVote(vote) => Ok(self.pool.add_light_client_vote(vote)?),
        }
    }

    /// Processes a block, and counts the attestations in it, whose signatures its transition has verified.
    fn process_beacon_block(
        &mut self,
        block: &ExtendedBlock<Phase1<C>>,
        rules: Rules<'_>,
    ) -> Result<(), LedgerError> {
        self.node.on_block(block, rules)?;
        let SignedBeaconBlock { message, signature } = &block.block;
        for attestation in &message.body.attestations {
            // One that counts no more, such as an old one of a late block, says nothing against the block.
            let _counts = self.node.on_attestation_with(attestation, &mut Signatures::Ignored).is_ok();
        }
        let header = BeaconBlockHeader {
            slot: message.slot,
            proposer_index: message.proposer_index,
            parent_root: message.parent_root,
            state_root: message.state_root,
            body_root: hash_tree_root(&message.body),
        };
        self.evidence.add_beacon_header(SignedBeaconBlockHeader { message: header, signature: *signature });
        Ok(())
    }

    fn process_shard_blocks<X: Execution<Error = E>>(
        &mut self,
        messages: &[Message<C>],
        rules: Rules<'_>,
        execution: &X,
    ) -> Vec<Result<(), ShardBlockError<E>>> {
        let block = |message: &Message<C>| match message {
            Message::ShardBlock(block) => Some(Arc::clone(block)),
            _ => None,
        };
        let blocks: Vec<_> = messages.iter().filter_map(block).collect();
        if blocks.is_empty() {
            return Vec::new();
        }
        let results = self.node.on_shard_blocks(&blocks, rules, execution);
        for (block, _) in blocks.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
            self.evidence.add_shard_header(signed_header(block));
        }
        results
    }

    /// Returns whether a validator belongs to the view and is online.
    fn is_on_duty(&self, validator: ValidatorIndex, duties: Duties<'_>) -> bool {
        self.members.contains(&validator) && !duties.faults.is_offline(validator, duties.slot)
    }

    /// Returns the head and its state in a slot.
    fn current(&mut self, slot: Slot) -> Result<(Root, BeaconState<Phase1<C>>), Error> {
        let root = self.node.head()?;
        match &self.current {
            Some((of, state)) if *of == root && state.slot == slot => Ok((root, state.clone())),
            _ => {
                let state = self.node.store().block_states.get(&root).ok_or(Error::UnknownBlock)?;
                let mut state = state.clone();
                if state.slot < slot {
                    process_slots(&mut state, slot)?;
                }
                self.current = Some((root, state.clone()));
                Ok((root, state))
            }
        }
    }
}
