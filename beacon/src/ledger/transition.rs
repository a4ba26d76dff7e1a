//! The state transition with a ledger beside the state.

use ssz_derive::{Decode, Encode};

use super::{
    CHALLENGE_SLOTS_MAX, CrosslinkedBlock, Ether, Ledger, LedgerCommitment, LedgerError, LedgerOperations,
    LedgerPhase, MESSAGES_MAX, Outbox, Receipt, ShardExecution, assumptions::turn,
    challenge::postpone_header, change, error::HeaderError, ether::process_execution_header,
    execution::RECENT_SLOTS, outbox::set_recent,
};
use crate::registry::{self, Context, Rules};
use outrider_beacon_spec::{
    accessors::get_current_epoch,
    compute::{compute_epoch_at_slot, compute_start_slot_at_epoch},
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

/// A state with its ledger.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct ExtendedState<P: Extensions> {
    /// The specification's state.
    pub state: BeaconState<P>,
    /// The ledger.
    pub ledger: Ledger,
}

/// A block with its operations on the ledger.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct ExtendedBlock<P: Extensions> {
    /// The block, whose graffiti commits to operations and ledger.
    pub block: SignedBeaconBlock<P>,
    /// The operations.
    pub operations: LedgerOperations<P>,
}

/// The result of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition<P: Extensions> {
    /// State and ledger after it.
    pub extended: ExtendedState<P>,
    /// The receipts that the beacon chain sent in it.
    pub receipts: Vec<Receipt>,
}

/// Executes the `state_transition` of an extended block:
///
///
/// 1. `process_slots`; in a new epoch, the due steps of the registry;
/// 2. pending deposits of EEs go to validators;
/// 3. the block's signature, and `process_block`;
/// 4. pending execution headers whose challenge window is over, and then those of all crosslinked shard blocks, by slot, those
///    without assumptions first; their proposers receive fees and pay for bytes;
/// 5. operations, in the order of the container; then pending headers are dropped that cannot count any more;
/// 6. the graffiti must be the root of the [`LedgerCommitment`];
/// 7. the block's state root must be that of the state after all this.
///
/// All changes of balances come before the state root, so no effect waits for the next block: the state root is signed
/// with the block, and the next `process_slot` finds the matching state.
///
/// # Errors
///
/// Fails at the first check that does not hold.
pub fn extended_transition<P: LedgerPhase>(
    pre: ExtendedState<P>,
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
    let ExtendedState { state, ledger } = &mut transition.extended;
    let (got, expected) = (block.body.graffiti, commitment(ledger, operations));
    if got != expected {
        return Err(LedgerError::Commitment { got, expected });
    }
    ensure_equal(block.state_root, state.root(), |got, expected| Error::StateRoot { got, expected })?;
    Ok(transition)
}

/// Fills in the graffiti and the state root of an otherwise complete block; returns the block, ready to be signed, and
/// its result.
///
/// # Errors
///
/// Fails if block or operations are invalid. The rules decide whether signatures of operations are verified; those in
/// the block are not.
pub fn complete_block<P: LedgerPhase>(
    pre: ExtendedState<P>,
    mut block: BeaconBlock<P>,
    operations: &LedgerOperations<P>,
    rules: Rules<'_>,
) -> Result<(BeaconBlock<P>, Transition<P>), LedgerError> {
    let mut transition = apply(pre, &block, operations, rules, |_| Ok(Signatures::Ignored))?;
    let ExtendedState { state, ledger } = &mut transition.extended;
    block.body.graffiti = commitment(ledger, operations);
    // Only this part of a state depends on the graffiti.
    state.latest_block_header.body_root = hash_tree_root(&block.body);
    block.state_root = state.root();
    Ok((block, transition))
}

/// Returns the graffiti that a block must have.
fn commitment<P: LedgerPhase>(ledger: &Ledger, operations: &LedgerOperations<P>) -> Bytes32 {
    let operations_root = hash_tree_root(operations);
    hash_tree_root(&LedgerCommitment { ledger_root: ledger.root(), operations_root })
}

/// Executes steps 1 to 5; `signatures` is the mode for those of the block, verified against the state before it.
fn apply<P: LedgerPhase>(
    pre: ExtendedState<P>,
    block: &BeaconBlock<P>,
    operations: &LedgerOperations<P>,
    rules: Rules<'_>,
    signatures: impl FnOnce(&BeaconState<P>) -> Result<Signatures, Error>,
) -> Result<Transition<P>, LedgerError> {
    let ExtendedState { mut state, mut ledger } = pre;
    let made_for = if ledger.is_thin() { Ether::Committee } else { Ether::Ledger };
    if made_for != rules.settings.ether {
        return Err(LedgerError::Ether { settings: rules.settings.ether, ledger: made_for });
    }
    let (got, limit) = (rules.settings.window, MESSAGES_MAX);
    if !(1..=limit).contains(&got) {
        return Err(LedgerError::Window { got, limit });
    }
    let (got, limit) = (rules.settings.challenge_slots, CHALLENGE_SLOTS_MAX);
    if got > limit {
        return Err(LedgerError::ChallengeSlots { got, limit });
    }
    let mut outbox = Outbox::default();
    let previous_epoch = compute_epoch_at_slot::<P>(ledger.slot);
    process_slots(&mut state, block.slot)?;
    ledger.advance(block.slot)?;
    let mut context = Context { state: &mut state, ledger: &mut ledger, outbox: &mut outbox, rules };
    if get_current_epoch(context.state) > previous_epoch {
        registry::process_epoch(&mut context, previous_epoch)?;
    }
    registry::process_pending_deposits(&mut context)?;

    let mut signatures = signatures(context.state)?;
    P::process_block(context.state, block, &mut signatures)?;
    signatures.finish()?;
    P::count_new_validators(context.state)?;
    process_executions(&mut context, block, operations)?;
    registry::process_operations(&mut context, operations)?;
    if rules.settings.challenge_slots > 0 && rules.settings.assumptions_max > 0 {
        context.ledger.drop_doomed::<P>(rules.settings)?;
    }
    let receipts = outbox.finish(&mut ledger)?;
    let extended = ExtendedState { state, ledger };
    debug_assert_eq!(extended.ledger.check_conservation(), Ok(()), "ether was lost or made");
    debug_assert_eq!(extended.check_latest_blocks(), Ok(()), "state and ledger are of one block");
    Ok(Transition { extended, receipts })
}

/// Executes step 4.
fn process_executions<P: LedgerPhase>(
    context: &mut Context<'_, P>,
    block: &BeaconBlock<P>,
    operations: &LedgerOperations<P>,
) -> Result<(), LedgerError> {
    let blocks = P::crosslinked_blocks(context.state, &block.body)?;
    let settings = context.rules.settings;
    let slot = context.ledger.slot;
    let finalized_slot = compute_start_slot_at_epoch::<P>(context.state.finalized_checkpoint.epoch)?;
    for (proposer_index, fees) in context.ledger.accept_due::<P>(slot, settings)?.fees {
        increase_balance(context.state, proposer_index, fees)?;
    }
    for (block, execution) in in_turn(&blocks, &operations.executions)? {
        let place = |error| LedgerError::Header { shard: block.shard, slot: block.slot, error };
        let epoch = compute_epoch_at_slot::<P>(block.slot);
        let fees = if settings.challenge_slots > 0 {
            postpone_header(context.ledger, block, execution, settings).map(|()| 0)
        } else {
            process_execution_header(context.ledger, block, execution, epoch, settings)
        };
        let fees = fees.map_err(place)?;
        // Executors compare it with the state of their beacon parent; no committee can make up a later one.
        let (got, latest) = (execution.header.finalized_slot, finalized_slot);
        if got > latest {
            return Err(place(HeaderError::FinalizedSlot { got, latest }));
        }
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

/// Checks that there is one execution for each crosslinked block, in the same order; returns them in the order in which they
/// count.
fn in_turn<'b>(
    blocks: &'b [CrosslinkedBlock],
    executions: &'b [ShardExecution],
) -> Result<Vec<(&'b CrosslinkedBlock, &'b ShardExecution)>, LedgerError> {
    let (got, expected) = (executions.len(), blocks.len());
    if got != expected {
        return Err(LedgerError::ExecutionCount { got, expected });
    }
    let mut pairs: Vec<_> = blocks.iter().zip(executions).collect();
    for (block, execution) in &pairs {
        let (got, expected) = ((execution.shard, execution.slot), (block.shard, block.slot));
        if got != expected {
            return Err(LedgerError::ExecutionPlace { got, expected });
        }
    }
    pairs.sort_by_key(|(block, execution)| turn(block.shard, block.slot, &execution.header));
    Ok(pairs)
}

/// Charges the proposer of a shard block for its bytes, as far as its balance suffices; the specification intends this,
/// but never does it.
fn collect_gas<P: LedgerPhase>(context: &mut Context<'_, P>, block: &CrosslinkedBlock) -> Result<(), Error> {
    let balances = &mut context.state.balances;
    let balance = balances.get_mut(index(block.proposer_index)).ok_or(Error::IndexOutOfRange)?;
    let gas = block.gasprice.times(block.length)?.min(*balance);
    *balance = balance.minus(gas)?;
    context.ledger.burnt = context.ledger.burnt.plus(gas)?;
    context.ledger.total = context.ledger.total.plus(gas)?;
    Ok(())
}

impl Ledger {
    /// Advances to the slot of a later block, and clears the execution roots of 256 slots ago, slot by slot.
    ///
    /// # Errors
    ///
    /// Fails at the end of the numbers of slots.
    pub fn advance(&mut self, slot: Slot) -> Result<(), Error> {
        let first = self.slot.plus(1)?.max(slot.saturating_sub(RECENT_SLOTS - 1));
        for old in first..=slot {
            set_recent(&mut self.beacon_lanes.recent, old, Root::ZERO)?;
        }
        for shard in 0..self.shards.len() as u64 {
            let recent = self.shards.get(index(shard)).map(|shard| &shard.recent);
            let is_set = |slot: &Slot| {
                recent
                    .and_then(|recent| recent.get(index(slot % RECENT_SLOTS)))
                    .is_some_and(|root| *root != Root::ZERO)
            };
            for old in (first..=slot).filter(is_set).collect::<Vec<_>>() {
                change(&mut self.shards, shard, |shard| set_recent(&mut shard.recent, old, Root::ZERO))?;
            }
        }
        self.slot = slot;
        Ok(())
    }
}

impl<P: LedgerPhase> ExtendedState<P> {
    /// Checks that state and ledger have the same latest block of each shard.
    ///
    /// # Errors
    ///
    /// Fails with [`LedgerError::LatestBlock`] if they do not.
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

impl<C: Preset> ExtendedState<Phase0<C>> {
    /// Upgrades the state at the fork to phase 1, and keeps the ledger.
    ///
    /// # Errors
    ///
    /// Fails if there are too many validators.
    pub fn upgrade_to_phase1(&self) -> Result<ExtendedState<Phase1<C>>, Error> {
        Ok(ExtendedState { state: upgrade_to_phase1(&self.state)?, ledger: self.ledger.clone() })
    }
}
