//! Shard blocks in a node with a ledger.

use std::{collections::BTreeMap, mem, sync::Arc};

use super::{
    Ether, ExecutableBlock, Execution, ExecutionHeader, ExtendedState, Ledger, LedgerError, LedgerNode,
    ShardBlockError, ShardBody, ShardPlace, change, ether::apply_execution_header,
};
use crate::registry::Rules;
use outrider_beacon_spec::{
    compute::{compute_epoch_at_slot, compute_start_slot_at_epoch},
    containers::{ShardState, SignedShardBlock},
    error::Error,
    hash::hash_tree_root,
    math::index,
    phase::Phase1,
    phase1::fork_choice::shard_store,
    preset::Preset,
    signatures::Signatures,
    types::{Root, Shard, Slot},
};

/// A shard block's place, and its execution, which passed all checks.
#[derive(Clone, Debug)]
struct Executed {
    shard: Shard,
    slot: Slot,
    parent_root: Root,
    header: Arc<ExecutionHeader>,
}

/// The executions of the shard blocks that a node knows, by block root.
#[derive(Clone, Debug, Default)]
pub(super) struct ShardExecutions(BTreeMap<Root, Executed>);

/// A shard block that passed all checks but its signature and its execution.
struct Checked {
    shard_state: ShardState,
    body: ShardBody,
    place: ShardPlace,
    signatures: Signatures,
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
        let results = self.on_shard_blocks(std::slice::from_ref(signed_shard_block), rules, execution);
        results.into_iter().next().unwrap_or(Ok(()))
    }

    /// Adds shard blocks whose parents are known, such as those of all shards in a slot: verifies all signatures at
    /// once, and passes all blocks to the execution together. Returns the result of each, in the same order. The checks
    /// of a block are, in this order:
    ///
    ///
    /// 1. those of the specification's `on_shard_block`, except for the signature;
    /// 2. the body decodes, and begins with the root of its header;
    /// 3. the block descends from the crosslink in its beacon parent;
    /// 4. L2 to L8 of [`process_execution_header`](super::process_execution_header), on the view of the [place](Self::shard_place);
    /// 5. the signature;
    /// 6. the execution.
    ///
    /// A refused block changes nothing. It is not remembered, so an executor that failed for a reason of its own can
    /// try again.
    pub fn on_shard_blocks<X: Execution>(
        &mut self,
        signed_shard_blocks: &[SignedShardBlock],
        rules: Rules<'_>,
        execution: &X,
    ) -> Vec<Result<(), ShardBlockError<X::Error>>> {
        let checked = signed_shard_blocks.iter().map(|block| self.check(block, rules)).collect();
        let checked = verify_signatures(checked);
        let passed = checked.iter().filter_map(|checked| checked.as_ref().ok()?.as_ref());
        let executable: Vec<_> =
            passed.map(|Checked { place, body, .. }| ExecutableBlock { place, body }).collect();
        let expected = executable.len();
        let executed = execution.execute(&executable);
        let too_few = LedgerError::Spec(Error::ListTooShort { got: executed.len(), expected });
        let mut executed = executed.into_iter();
        let mut results = Vec::with_capacity(signed_shard_blocks.len());
        for (signed, checked) in signed_shard_blocks.iter().zip(checked) {
            results.push(checked.map_err(ShardBlockError::Ledger).and_then(|checked| {
                let Some(checked) = checked else { return Ok(()) };
                let (shard, slot) = (signed.message.shard, signed.message.slot);
                let executed = executed.next().ok_or_else(|| too_few.clone())?;
                executed.map_err(|error| ShardBlockError::Execution { shard, slot, error })?;
                Ok(self.insert(signed, checked).map_err(LedgerError::from)?)
            }));
        }
        results
    }

    /// Returns the place of a block with these parents.
    ///
    /// # Errors
    ///
    /// Fails if the beacon parent is unknown, or with [`LedgerError::NotOnCrosslink`].
    pub fn shard_place(
        &self,
        beacon_parent_root: Root,
        shard: Shard,
        slot: Slot,
        shard_parent_root: Root,
        rules: Rules<'_>,
    ) -> Result<ShardPlace, LedgerError> {
        let ExtendedState { state, ledger: beacon_parent } =
            self.extended(&beacon_parent_root).ok_or(Error::UnknownParent)?;
        let view = self.shard_view(&beacon_parent, shard, shard_parent_root, rules)?;
        Ok(ShardPlace {
            shard,
            slot,
            epoch: compute_epoch_at_slot::<Phase1<C>>(slot),
            beacon_parent_root,
            beacon_parent,
            finalized_slot: compute_start_slot_at_epoch::<Phase1<C>>(state.finalized_checkpoint.epoch)?,
            view,
        })
    }

    fn shard_view(
        &self,
        beacon_parent: &Ledger,
        shard: Shard,
        shard_parent_root: Root,
        rules: Rules<'_>,
    ) -> Result<Ledger, LedgerError> {
        if rules.settings.ether == Ether::Committee {
            return Err(LedgerError::ThinLedger { shard });
        }
        let mut view = beacon_parent.optimistic::<Phase1<C>>(rules.settings)?;
        let shard_ledger = view.shards.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
        let crosslink = shard_ledger.latest_block_root;
        let mut pending = Vec::new();
        let mut root = shard_parent_root;
        while root != crosslink {
            let executed = self.shard_executions.0.get(&root).filter(|executed| executed.shard == shard);
            let executed =
                executed.ok_or(LedgerError::NotOnCrosslink { shard, got: shard_parent_root, crosslink })?;
            pending.push((root, executed));
            root = executed.parent_root;
        }
        for (root, executed) in pending.into_iter().rev() {
            apply::<C>(&mut view, shard, executed.slot, &executed.header, rules)?;
            change(&mut view.shards, shard, |shard| {
                shard.latest_block_root = root;
                Ok::<_, Error>(())
            })?;
        }
        Ok(view)
    }

    /// Makes all checks but those of signature and execution; returns `None` for a known block.
    fn check(
        &mut self,
        signed_shard_block: &SignedShardBlock,
        rules: Rules<'_>,
    ) -> Result<Option<Checked>, LedgerError> {
        let mut signatures = if rules.verify_signatures { Signatures::batch() } else { Signatures::Ignored };
        let Some(shard_state) = self.node.check_shard_block(signed_shard_block, &mut signatures)? else {
            return Ok(None);
        };
        let block = &signed_shard_block.message;
        let (shard, slot) = (block.shard, block.slot);
        let body =
            ShardBody::from_body(&block.body).map_err(|error| LedgerError::Header { shard, slot, error })?;
        let place =
            self.shard_place(block.beacon_parent_root, shard, slot, block.shard_parent_root, rules)?;
        apply::<C>(&mut place.view.clone(), shard, slot, &body.header, rules)?;
        Ok(Some(Checked { shard_state, body, place, signatures }))
    }

    /// Adds a block that passed all checks, and drops the executions of blocks that the node has pruned.
    fn insert(&mut self, signed_shard_block: &SignedShardBlock, checked: Checked) -> Result<(), Error> {
        let block = &signed_shard_block.message;
        self.node.insert_shard_block(signed_shard_block, checked.shard_state)?;
        let store = self.node.store();
        self.shard_executions.0.retain(|root, executed| {
            shard_store(store, executed.shard).is_ok_and(|known| known.signed_blocks.contains_key(root))
        });
        let (shard, slot, parent_root) = (block.shard, block.slot, block.shard_parent_root);
        let header = Arc::new(checked.body.header);
        let executed = Executed { shard, slot, parent_root, header };
        self.shard_executions.0.insert(hash_tree_root(block), executed);
        Ok(())
    }
}

/// Applies the header of a shard block that is not crosslinked yet.
fn apply<C: Preset>(
    view: &mut Ledger,
    shard: Shard,
    slot: Slot,
    header: &ExecutionHeader,
    rules: Rules<'_>,
) -> Result<(), LedgerError> {
    let epoch = compute_epoch_at_slot::<Phase1<C>>(slot);
    apply_execution_header(view, (shard, slot), header, epoch, rules.settings)
        .map_err(|error| LedgerError::Header { shard, slot, error })?;
    Ok(())
}

/// Verifies the signatures of all blocks that passed the other checks.
fn verify_signatures(
    mut checked: Vec<Result<Option<Checked>, LedgerError>>,
) -> Vec<Result<Option<Checked>, LedgerError>> {
    let passed = checked.iter_mut().filter_map(|checked| checked.as_mut().ok()?.as_mut());
    let batches = passed.map(|checked| mem::replace(&mut checked.signatures, Signatures::Ignored)).collect();
    let mut verified = Signatures::finish_each(batches).into_iter();
    for checked in checked.iter_mut().filter(|checked| matches!(checked, Ok(Some(_)))) {
        if let Some(Err(error)) = verified.next() {
            *checked = Err(error.into());
        }
    }
    checked
}
