//! Headers with assumptions, and beacon blocks that crosslink shard blocks of several slots.

use super::{
    P1, genesis_with_delay,
    headers::BALANCES,
    shards::{crosslink_nothing, crosslinking_body, execution, next_header, next_transition},
    try_propose,
};
use outrider_beacon::ledger::{
    EeIndex, ExecutionHeader, ExtendedBlock, ExtendedState, Ledger, LedgerError, LedgerOperations, RootRead,
    Settings, Transition,
};
use outrider_beacon_spec::types::{Root, Shard};

/// Returns settings with two assumptions.
pub(crate) fn settings(challenge_slots: u64) -> Settings {
    Settings { assumptions_max: 2, challenge_slots, ..Settings::default() }
}

/// Returns a chain in its first slot, in which shards have no blocks yet.
pub(crate) fn start(settings: &Settings) -> ExtendedState<P1> {
    crosslink_nothing(&genesis_with_delay(&BALANCES, 0).upgrade_to_phase1().unwrap(), settings).1.extended
}

/// Returns the ledger on which shards build.
pub(crate) fn tip(extended: &ExtendedState<P1>, settings: &Settings) -> Ledger {
    extended.ledger.optimistic::<P1>(settings).unwrap()
}

/// Returns a header in which an EE goes to a root.
pub(crate) fn moving(ledger: &Ledger, shard: Shard, ee: EeIndex, to: u8) -> ExecutionHeader {
    let transitions = vec![next_transition(ledger, shard, ee, to)].try_into().unwrap();
    ExecutionHeader { transitions, ..next_header(ledger, shard) }
}

/// Returns a header that assumes a root of an EE on another shard.
pub(crate) fn assuming(header: ExecutionHeader, shard: Shard, ee: EeIndex, root: u8) -> ExecutionHeader {
    let mut assumptions = header.assumptions.to_vec();
    assumptions.push(RootRead { shard, ee, state_root: Root::repeat_byte(root) });
    ExecutionHeader { assumptions: assumptions.try_into().unwrap(), ..header }
}

/// The headers of two shards in consecutive slots; `None` where a slot has no block.
pub(crate) type Headers = [Vec<Option<ExecutionHeader>>; 2];

/// Proposes a beacon block right after the slots of these headers, which crosslinks them.
pub(crate) fn try_crosslink_all(
    pre: &ExtendedState<P1>,
    headers: &Headers,
    settings: &Settings,
) -> Result<(ExtendedBlock<P1>, Transition<P1>), LedgerError> {
    let first = pre.state.slot;
    let n_slots = headers[0].len() as u64;
    let mut executions = Vec::new();
    let mut bodies = [Vec::new(), Vec::new()];
    for (shard, (headers, bodies)) in (0..).zip(headers.iter().zip(&mut bodies)) {
        for (slot, header) in (first..).zip(headers) {
            let made = header.clone().map(|header| execution(shard, slot, header));
            bodies.push(made.as_ref().map_or(Vec::new(), |(body, _)| body.clone()));
            executions.extend(made.map(|(_, execution)| execution));
        }
    }
    let operations =
        LedgerOperations { executions: executions.try_into().unwrap(), ..LedgerOperations::default() };
    try_propose(pre, first + n_slots, |state| crosslinking_body(state, &bodies), operations, settings)
}

/// Crosslinks headers with [`try_crosslink_all`]; no block is refused for them.
#[track_caller]
pub(crate) fn crosslink_all(
    pre: &ExtendedState<P1>,
    headers: &Headers,
    settings: &Settings,
) -> ExtendedState<P1> {
    try_crosslink_all(pre, headers, settings).unwrap().1.extended
}
