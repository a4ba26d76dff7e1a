//! Shard blocks in a node with a ledger.

use std::{error::Error as StdError, mem, sync::Arc};

use super::{
    ExecutableBlock, Execution, LedgerError, LedgerNode, RootRead, ShardBlockError, ShardBody, ShardPlace,
    operation::SignedShardBlockHeader,
    proposals::{Place, surplus},
    views::{Executed, apply},
};
use crate::{node::Placed, registry::Rules};
use outrider_beacon_spec::{
    containers::{ShardBlock, SignedShardBlock},
    error::Error,
    phase::Phase1,
    phase1::fork_choice::shard_store,
    preset::Preset,
    signatures::Signatures,
    types::Root,
};

/// The result of the checks of a shard block so far; it is `None` for a known block.
type Checks<T, E> = Result<Option<T>, ShardBlockError<E>>;

/// A shard block that passed all checks before that of its signature.
struct Arrived {
    placed: Placed,
    signatures: Signatures,
}

/// A shard block that passed all checks but its execution.
struct Checked {
    placed: Placed,
    body: ShardBody,
    place: ShardPlace,
}

impl<C: Preset> LedgerNode<Phase1<C>> {
    /// Adds a shard block, if all checks of [`Self::on_shard_blocks`] hold. Does nothing for a known one.
    ///
    /// # Errors
    ///
    /// Fails at the first check that does not hold, and then changes nothing.
    pub fn on_shard_block<X: Execution>(
        &mut self,
        signed_shard_block: &SignedShardBlock,
        rules: Rules<'_>,
        execution: &X,
    ) -> Result<(), ShardBlockError<X::Error>> {
        let results = self.on_shard_blocks(&[Arc::new(signed_shard_block.clone())], rules, execution);
        results.into_iter().next().unwrap_or(Ok(()))
    }

    /// Adds shard blocks whose parents are known, such as those of all shards in a slot: verifies all signatures at
    /// once, and passes all blocks to the execution together. Returns the result of each, in the same order. The checks
    /// of a block go from cheap to dear. They are, in this order:
    ///
    ///
    /// 1. those of the specification's `on_shard_block` that read neither body nor signature: parents, slot, proposer;
    /// 2. the node has not judged two other blocks of the proposer for the slot, or the chain names this one:
    ///    [`LedgerError::ShardProposals`];
    /// 3. the block has not been refused before, for a reason that its root determines;
    /// 4. the signature;
    /// 5. again the second, for several blocks of a proposer that arrive together;
    /// 6. the body decodes, and begins with the root of its header;
    /// 7. the block descends from the crosslink in its beacon parent;
    /// 8. L2 to L9 of [`process_execution_header`](super::process_execution_header), on the view of the [place](Self::shard_place);
    /// 9. the node knows a block that makes each root which the header assumes: [`LedgerError::Assumption`];
    /// 10. the execution.
    ///
    /// A refused block changes nothing, except that checks 2 and 3 remember it. If it fails check 6 or 8, the node
    /// refuses it again for the same reason, and the execution may do so for check 10; [`Execution::refusal`] says why
    /// the root suffices. All other failures are forgotten, so an executor that failed for a reason of its own can try
    /// again.
    pub fn on_shard_blocks<X: Execution>(
        &mut self,
        signed_shard_blocks: &[Arc<SignedShardBlock>],
        rules: Rules<'_>,
        execution: &X,
    ) -> Vec<Result<(), ShardBlockError<X::Error>>> {
        let arrived = signed_shard_blocks.iter().map(|block| self.arrive(block, rules, execution)).collect();
        let signed = verify_signatures(arrived);
        let checked = signed_shard_blocks.iter().zip(signed).map(|(block, placed)| match placed? {
            Some(placed) => Ok(Some(self.check(block, placed, rules)?)),
            None => Ok(None),
        });
        let checked: Vec<Checks<Checked, X::Error>> = checked.collect();
        let passed = checked.iter().filter_map(|checked| checked.as_ref().ok()?.as_ref());
        let executable: Vec<_> = passed
            .map(|Checked { placed, place, body }| ExecutableBlock { root: placed.root, place, body })
            .collect();
        let expected = executable.len();
        let executed = execution.execute(&executable);
        let too_few = LedgerError::Spec(Error::ListTooShort { got: executed.len(), expected });
        let mut executed = executed.into_iter();
        let mut results = Vec::with_capacity(signed_shard_blocks.len());
        for (signed, checked) in signed_shard_blocks.iter().zip(checked) {
            results.push(checked.and_then(|checked| {
                let Some(checked) = checked else { return Ok(()) };
                let (shard, slot) = (signed.message.shard, signed.message.slot);
                let executed = executed.next().ok_or_else(|| too_few.clone())?;
                executed.map_err(|error| ShardBlockError::Execution { shard, slot, error })?;
                Ok(self.insert(signed, checked).map_err(LedgerError::from)?)
            }));
        }
        results
    }

    /// Makes the checks before that of the signature, which do not decode the body.
    fn arrive<X: Execution>(
        &mut self,
        signed: &SignedShardBlock,
        rules: Rules<'_>,
        execution: &X,
    ) -> Checks<Arrived, X::Error> {
        let block = &signed.message;
        let (shard, slot) = (block.shard, block.slot);
        let at = (shard, slot, block.proposer_index);
        let Some(parent_state) = self.node.check_shard_place(block).map_err(LedgerError::from)? else {
            return Ok(None);
        };
        let is_full = self.proposals.is_full(at) && !self.proposals.has_signature(at, &signed.signature);
        if is_full && self.node.missing_shard_blocks(shard).map_err(LedgerError::from)?.is_empty() {
            // No block is needed, so which one this is does not matter.
            return Err(surplus(at).into());
        }
        let placed = Placed::new(block, parent_state).map_err(LedgerError::from)?;
        if let Some(error) = self.proposals.refusal(at, &placed.root) {
            return Err(error.into());
        }
        if let Some(error) = execution.refusal(&placed.root) {
            return Err(ShardBlockError::Execution { shard, slot, error });
        }
        self.check_proposals(at, placed.root)?;
        let mut signatures = if rules.verify_signatures { Signatures::batch() } else { Signatures::Ignored };
        self.node
            .check_shard_signature(&placed, &signed.signature, &mut signatures)
            .map_err(LedgerError::from)?;
        Ok(Some(Arrived { placed, signatures }))
    }

    /// Checks that the node may judge one more block of a proposer.
    fn check_proposals(&self, at: Place, root: Root) -> Result<(), LedgerError> {
        self.proposals.check(at, &root, || {
            self.node.missing_shard_blocks(at.0).is_ok_and(|roots| roots.contains(&root))
        })
    }

    /// Makes the checks of a signed block up to the execution, and remembers the block.
    fn check(
        &mut self,
        signed: &SignedShardBlock,
        placed: Placed,
        rules: Rules<'_>,
    ) -> Result<Checked, LedgerError> {
        let (block, root) = (&signed.message, placed.root);
        let at = (block.shard, block.slot, block.proposer_index);
        self.check_proposals(at, root)?;
        let (message, signature) = (placed.header.clone(), signed.signature);
        self.proposals.add(root, SignedShardBlockHeader { message, signature });
        let checked = self.check_header(block, rules);
        if let Err(error @ LedgerError::Header { .. }) = &checked {
            self.proposals.refuse(at, &root, error);
        }
        let (body, place) = checked?;
        Ok(Checked { placed, body, place })
    }

    /// Decodes a block's body, and checks its header.
    fn check_header(
        &self,
        block: &ShardBlock,
        rules: Rules<'_>,
    ) -> Result<(ShardBody, ShardPlace), LedgerError> {
        let (shard, slot) = (block.shard, block.slot);
        let body =
            ShardBody::from_body(&block.body).map_err(|error| LedgerError::Header { shard, slot, error })?;
        let place =
            self.shard_place(block.beacon_parent_root, shard, slot, block.shard_parent_root, rules)?;
        apply::<C>(&mut place.view.clone(), shard, slot, &body.header, rules)?;
        match body.header.assumptions.iter().find(|assumed| !place.assumable.contains(assumed)) {
            Some(&RootRead { shard: of, ee, state_root: got }) => {
                Err(LedgerError::Assumption { shard, slot, of, ee, got })
            }
            None => Ok((body, place)),
        }
    }

    /// Adds a block that passed all checks, and drops the executions of blocks that the node has pruned.
    fn insert(&mut self, signed_shard_block: &Arc<SignedShardBlock>, checked: Checked) -> Result<(), Error> {
        let block = &signed_shard_block.message;
        let root = checked.placed.root;
        self.node.insert_shard_block(Arc::clone(signed_shard_block), checked.placed)?;
        let store = self.node.store();
        self.shard_executions.0.retain(|root, executed| {
            shard_store(store, executed.shard).is_ok_and(|known| known.signed_blocks.contains_key(root))
        });
        let (shard, slot, parent_root) = (block.shard, block.slot, block.shard_parent_root);
        let header = Arc::new(checked.body.header);
        self.shard_executions.0.insert(root, Executed { shard, slot, parent_root, header });
        Ok(())
    }
}

/// Verifies the signatures of all blocks that passed the checks before, at once.
fn verify_signatures<E: StdError + 'static>(mut arrived: Vec<Checks<Arrived, E>>) -> Vec<Checks<Placed, E>> {
    let passed = arrived.iter_mut().filter_map(|arrived| arrived.as_mut().ok()?.as_mut());
    let batches = passed.map(|arrived| mem::replace(&mut arrived.signatures, Signatures::Ignored)).collect();
    let mut verified = Signatures::finish_each(batches).into_iter();
    let verify = |arrived: Checks<Arrived, E>| match arrived? {
        Some(Arrived { placed, .. }) => {
            let result = verified.next().unwrap_or(Err(Error::ShardBlockSignature));
            result.map(|()| Some(placed)).map_err(|error| LedgerError::from(error).into())
        }
        None => Ok(None),
    };
    arrived.into_iter().map(verify).collect()
}
