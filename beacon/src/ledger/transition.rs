//! The state transition with a ledger beside the state.

use ssz_derive::{Decode, Encode};

use super::{
    CrosslinkedBlock, Ledger, LedgerCommitment, LedgerError, LedgerOperations, LedgerPhase, Outbox, Receipt,
    change, ether::process_execution_header, execution::RECENT_SLOTS, outbox::set_recent,
};
use crate::registry::{self, Context, Rules};
use outrider_beacon_spec::{
    accessors::get_current_epoch,
    compute::compute_epoch_at_slot,
    containers::{BeaconBlock, BeaconState, Extensions, SignedBeaconBlock},
    error::{Error, ensure_equal},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    mutators::increase_balance,
    phase::{Phase0, Phase1},
    phase1::upgrade_to_phase1,
    preset::Preset,
    signatures::Signatures,
    transition::{process_slots, verify_block_signature},
    types::{Bytes32, Root, Slot},
};

/// A state, and the ledger beside it.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Extended<P: Extensions> {
    /// The specification's state.
    pub state: BeaconState<P>,
    /// The ledger.
    pub ledger: Ledger,
}

/// A block, and its operations on the ledger.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct ExtendedBlock<P: Extensions> {
    /// The block, whose graffiti commits to operations and ledger.
    pub block: SignedBeaconBlock<P>,
    /// The operations.
    pub operations: LedgerOperations<P>,
}

/// What a block leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition<P: Extensions> {
    /// State and ledger after it.
    pub extended: Extended<P>,
    /// Receipts that the beacon chain sent in it.
    pub receipts: Vec<Receipt>,
}

/// `state_transition` of an extended block. In this order,
///
/// 1. `process_slots`; in a new epoch, what is due in the registry;
/// 2. deposits of EEs that have waited are given to validators;
/// 3. the block's signature, and `process_block`;
/// 4. execution headers of all crosslinked shard blocks; their proposers get their fees and pay for their bytes;
/// 5. operations, in the order of the container;
/// 6. the graffiti is the root of the [`LedgerCommitment`];
/// 7. the block's state root is that of the state after all that.
///
/// All that changes balances does so before the state root is taken, so that no effect waits for the next block: the state root is
/// signed with the block, and the next `process_slot` finds the state that it is of.
///
/// # Errors
///
/// The first check that fails.
pub fn extended_transition<P: LedgerPhase>(
    pre: Extended<P>,
    extended_block: &ExtendedBlock<P>,
    rules: Rules<'_>,
) -> Result<Transition<P>, LedgerError> {
    let (block, operations) = (&extended_block.block.message, &extended_block.operations);
    let signatures = if rules.verify_signatures { Signatures::batch() } else { Signatures::Ignored };
    let mut transition = apply(pre, block, operations, rules, |state| {
        let mut signatures = signatures;
        verify_block_signature(state, &extended_block.block, &mut signatures)?;
        Ok(signatures)
    })?;
    let Extended { state, ledger } = &mut transition.extended;
    let (got, expected) = (block.body.graffiti, commitment(ledger, operations));
    if got != expected {
        return Err(LedgerError::Commitment { got, expected });
    }
    ensure_equal(block.state_root, state.root(), |got, expected| Error::StateRoot { got, expected })?;
    Ok(transition)
}

/// Fills in the graffiti and the state root of a block that is otherwise complete; returns it to be signed, and what it leads to.
///
/// # Errors
///
/// If block or operations are invalid. Signatures of operations are verified as the rules say, and those in the block are not.
pub fn complete_block<P: LedgerPhase>(
    pre: Extended<P>,
    mut block: BeaconBlock<P>,
    operations: &LedgerOperations<P>,
    rules: Rules<'_>,
) -> Result<(BeaconBlock<P>, Transition<P>), LedgerError> {
    let mut transition = apply(pre, &block, operations, rules, |_| Ok(Signatures::Ignored))?;
    let Extended { state, ledger } = &mut transition.extended;
    block.body.graffiti = commitment(ledger, operations);
    // The one place where a state has anything of the graffiti.
    state.latest_block_header.body_root = hash_tree_root(&block.body);
    block.state_root = state.root();
    Ok((block, transition))
}

/// What a block's graffiti has to be.
fn commitment<P: LedgerPhase>(ledger: &Ledger, operations: &LedgerOperations<P>) -> Bytes32 {
    let operations_root = hash_tree_root(operations);
    hash_tree_root(&LedgerCommitment { ledger_root: ledger.root(), operations_root })
}

/// 1 to 5; `signatures` are those of the block, as of the state before it.
fn apply<P: LedgerPhase>(
    pre: Extended<P>,
    block: &BeaconBlock<P>,
    operations: &LedgerOperations<P>,
    rules: Rules<'_>,
    signatures: impl FnOnce(&BeaconState<P>) -> Result<Signatures, Error>,
) -> Result<Transition<P>, LedgerError> {
    let Extended { mut state, mut ledger } = pre;
    let mut outbox = Outbox::default();
    let previous_epoch = compute_epoch_at_slot::<P>(ledger.slot);
    process_slots(&mut state, block.slot)?;
    advance(&mut ledger, block.slot)?;
    let mut context = Context { state: &mut state, ledger: &mut ledger, outbox: &mut outbox, rules };
    if get_current_epoch(context.state) > previous_epoch {
        registry::process_epoch(&mut context)?;
    }
    registry::process_pending_deposits(&mut context)?;

    let mut signatures = signatures(context.state)?;
    P::process_block(context.state, block, &mut signatures)?;
    signatures.finish()?;
    P::count_new_validators(context.state)?;
    process_executions(&mut context, block, operations)?;
    registry::process_operations(&mut context, operations)?;
    let receipts = outbox.finish(&mut ledger)?;
    let extended = Extended { state, ledger };
    debug_assert_eq!(extended.ledger.check_conservation(), Ok(()), "ether was lost or made");
    debug_assert_eq!(extended.check_latest_blocks(), Ok(()), "state and ledger are of one block");
    Ok(Transition { extended, receipts })
}

/// Forgets the execution roots of 256 slots ago, slot by slot.
fn advance(ledger: &mut Ledger, slot: Slot) -> Result<(), Error> {
    let first = ledger.slot.plus(1)?.max(slot.saturating_sub(RECENT_SLOTS - 1));
    for old in first..=slot {
        set_recent(&mut ledger.beacon_lanes.recent, old, Root::ZERO)?;
    }
    for shard in 0..ledger.shards.len() as u64 {
        let recent = ledger.shards.get(index(shard)).map(|shard| &shard.recent);
        let is_set = |slot: &Slot| {
            recent
                .and_then(|recent| recent.get(index(slot % RECENT_SLOTS)))
                .is_some_and(|root| *root != Root::ZERO)
        };
        for old in (first..=slot).filter(is_set).collect::<Vec<_>>() {
            change(&mut ledger.shards, shard, |shard| set_recent(&mut shard.recent, old, Root::ZERO))?;
        }
    }
    ledger.slot = slot;
    Ok(())
}

/// 4: there is one execution for each crosslinked block, in the same order.
fn process_executions<P: LedgerPhase>(
    context: &mut Context<'_, P>,
    block: &BeaconBlock<P>,
    operations: &LedgerOperations<P>,
) -> Result<(), LedgerError> {
    let blocks = P::crosslinked_blocks(context.state, &block.body)?;
    let (got, expected) = (operations.executions.len(), blocks.len());
    if got != expected {
        return Err(LedgerError::ExecutionCount { got, expected });
    }
    for (block, execution) in blocks.iter().zip(&operations.executions) {
        let (got, expected) = ((execution.shard, execution.slot), (block.shard, block.slot));
        if got != expected {
            return Err(LedgerError::ExecutionPlace { got, expected });
        }
        let epoch = compute_epoch_at_slot::<P>(block.slot);
        let settings = context.rules.settings;
        let fees = process_execution_header(context.ledger, block, execution, epoch, settings)
            .map_err(|error| LedgerError::Header { shard: block.shard, slot: block.slot, error })?;
        increase_balance(context.state, block.proposer_index, fees)?;
        collect_gas(context, block)?;
    }
    for shard in 0..P::N_SHARDS {
        let latest_block_root = P::latest_block_root(context.state, shard);
        if context.ledger.shards.get(index(shard)).is_some_and(|s| s.latest_block_root != latest_block_root) {
            change(&mut context.ledger.shards, shard, |shard| {
                shard.latest_block_root = latest_block_root;
                Ok::<_, Error>(())
            })?;
        }
    }
    Ok(())
}

/// Lets the proposer of a shard block pay for its bytes, as far as it can; the specification means to, and never does.
fn collect_gas<P: LedgerPhase>(context: &mut Context<'_, P>, block: &CrosslinkedBlock) -> Result<(), Error> {
    let balances = &mut context.state.balances;
    let balance = balances.get_mut(index(block.proposer_index)).ok_or(Error::IndexOutOfRange)?;
    let gas = block.gasprice.times(block.length)?.min(*balance);
    *balance = balance.minus(gas)?;
    context.ledger.burnt = context.ledger.burnt.plus(gas)?;
    context.ledger.total = context.ledger.total.plus(gas)?;
    Ok(())
}

impl<P: LedgerPhase> Extended<P> {
    /// Checks that state and ledger have the same latest block of each shard.
    ///
    /// # Errors
    ///
    /// [`LedgerError::LatestBlock`] if they do not.
    pub fn check_latest_blocks(&self) -> Result<(), LedgerError> {
        for (shard, shard_ledger) in (0..).zip(&self.ledger.shards) {
            let (got, expected) = (shard_ledger.latest_block_root, P::latest_block_root(&self.state, shard));
            if got != expected {
                return Err(LedgerError::LatestBlock { shard, got, expected });
            }
        }
        Ok(())
    }
}

impl<C: Preset> Extended<Phase0<C>> {
    /// The fork to phase 1: the state is upgraded, and the ledger stays.
    ///
    /// # Errors
    ///
    /// If there are too many validators.
    pub fn upgrade_to_phase1(&self) -> Result<Extended<Phase1<C>>, Error> {
        Ok(Extended { state: upgrade_to_phase1(&self.state)?, ledger: self.ledger.clone() })
    }
}
