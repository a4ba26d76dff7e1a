//! Chains with a ledger, and validators with known keys.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on has failed, and not each test needs all"
)]

pub(crate) mod assumptions;
pub(crate) mod chain;
pub(crate) mod claims;
pub(crate) mod headers;
pub(crate) mod operations;
pub(crate) mod shards;
pub(crate) mod store;
pub(crate) mod vectors;

use outrider_beacon::{
    ledger::{
        ExtendedBlock, ExtendedState, GenesisEe, Ledger, LedgerError, LedgerOperations, LedgerPhase,
        Settings, Transition, complete_block, extended_transition,
    },
    registry::{Admission, CodeProperties, Dispute, Judge, Refusal, Rules, Undecided},
};
use outrider_beacon_spec::{
    accessors::{get_beacon_proposer_index, get_current_epoch, get_domain},
    bls::sign,
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO},
    containers::{BeaconBlock, BeaconBlockBody, BeaconState, SignedBeaconBlock},
    hash::hash_tree_root,
    phase::{Phase0, Phase1},
    preset::Minimal,
    transition::process_slots,
    types::{BLSSignature, Bytes32, DomainType, Root, ValidatorIndex},
};
use outrider_sim::{Simulator, interop_secret_key};
use tree_hash::TreeHash;

pub(crate) type P0 = Phase0<Minimal>;
pub(crate) type P1 = Phase1<Minimal>;
pub(crate) const ETHER: u64 = 1_000_000_000;
/// The validators that have exited and may withdraw.
pub(crate) const EXITED: std::ops::Range<u64> = 68..72;

/// An admission that accepts code whose first byte is zero; code with a second byte accepts receipts.
pub(crate) struct FirstByte;

impl Admission for FirstByte {
    fn admit(&self, code: &[u8]) -> Result<CodeProperties, Refusal> {
        match code {
            [0, rest @ ..] => Ok(CodeProperties { takes_receipts: !rest.is_empty() }),
            _ => Err(Refusal("it does not begin with zero".to_owned())),
        }
    }
}

/// A judge that finds executions right unless their post-state root is all ones.
pub(crate) struct NotOnes;

impl Judge for NotOnes {
    fn is_right(&self, dispute: &Dispute<'_>) -> Result<bool, Undecided> {
        let transition = &dispute.header.transitions[dispute.transition_index];
        Ok(transition.post_state_root != Root::repeat_byte(0xff))
    }
}

pub(crate) fn rules(settings: &Settings) -> Rules<'_> {
    Rules { settings, admission: &FirstByte, judge: &NotOnes, verify_signatures: true }
}

/// Returns the genesis state with 72 validators of 64 ether each, of which four have exited.
pub(crate) fn genesis_state() -> BeaconState<P0> {
    let mut state = Simulator::<Minimal>::new(72).unwrap().head().unwrap().1.clone();
    for validator_index in EXITED {
        let validator = state.validators.get_mut(validator_index as usize).unwrap();
        validator.exit_epoch = 0;
        validator.withdrawable_epoch = 0;
        *state.balances.get_mut(validator_index as usize).unwrap() = 64 * ETHER;
    }
    state.root();
    state
}

/// Returns the credentials of a validator for the refund.
pub(crate) fn credentials<P: LedgerPhase>(
    state: &BeaconState<P>,
    validator_index: ValidatorIndex,
) -> Bytes32 {
    state.validators.get(validator_index as usize).unwrap().withdrawal_credentials
}

/// Returns an EE of the genesis ledger, on both shards.
pub(crate) fn genesis_ee(state: &BeaconState<P0>, code_hash: u8, balances: [u64; 2]) -> GenesisEe {
    GenesisEe {
        code_hash: Root::repeat_byte(code_hash),
        code_bytes: 100,
        takes_receipts: true,
        initial_state_root: Root::repeat_byte(code_hash ^ 0x55),
        owner: state.validators.get(0).unwrap().pubkey,
        refund_credentials: credentials(state, 68),
        deposit: 40 * ETHER,
        upgrade_delay: 3,
        shards: vec![(0, balances[0]), (1, balances[1])],
    }
}

pub(crate) fn genesis(balances: &[[u64; 2]]) -> ExtendedState<P0> {
    genesis_with_delay(balances, 3)
}

/// Returns a genesis with EEs of this upgrade delay.
pub(crate) fn genesis_with_delay(balances: &[[u64; 2]], upgrade_delay: u64) -> ExtendedState<P0> {
    let state = genesis_state();
    let ee = |(code_hash, balances): (u8, &[u64; 2])| GenesisEe {
        upgrade_delay,
        ..genesis_ee(&state, code_hash, *balances)
    };
    let ees: Vec<_> = (1..).zip(balances).map(ee).collect();
    let ledger = Ledger::genesis(&state, &ees).unwrap();
    ExtendedState { state, ledger }
}

pub(crate) fn genesis_1(balances: &[[u64; 2]]) -> ExtendedState<P1> {
    genesis(balances).upgrade_to_phase1().unwrap()
}

pub(crate) fn signature<P: LedgerPhase>(
    state: &BeaconState<P>,
    key: u64,
    message: &impl TreeHash,
    domain_type: DomainType,
    epoch: Option<u64>,
) -> BLSSignature {
    let signing_root = compute_signing_root(message, get_domain(state, domain_type, epoch));
    sign(&interop_secret_key(key), signing_root.as_slice()).unwrap()
}

/// Returns an empty body for a state's slot.
pub(crate) fn empty_body<P: LedgerPhase>(state: &BeaconState<P>) -> BeaconBlockBody<P>
where
    BeaconBlockBody<P>: Default,
{
    let epoch = get_current_epoch(state);
    let proposer = get_beacon_proposer_index(state).unwrap();
    BeaconBlockBody {
        randao_reveal: signature(state, proposer, &epoch, DOMAIN_RANDAO, None),
        eth1_data: state.eth1_data.clone(),
        ..BeaconBlockBody::default()
    }
}

/// Returns the state in a slot, and a block for it that is complete but for its roots.
pub(crate) fn draft<P: LedgerPhase>(
    pre: &ExtendedState<P>,
    slot: u64,
    body: impl FnOnce(&BeaconState<P>) -> BeaconBlockBody<P>,
) -> (BeaconState<P>, BeaconBlock<P>) {
    let mut advanced = pre.state.clone();
    process_slots(&mut advanced, slot).unwrap();
    let message = BeaconBlock {
        slot,
        proposer_index: get_beacon_proposer_index(&advanced).unwrap(),
        parent_root: hash_tree_root(&advanced.latest_block_header),
        state_root: Root::ZERO,
        body: body(&advanced),
    };
    (advanced, message)
}

/// Proposes a block for a slot; returns it with its result, or the reason for which it is refused.
pub(crate) fn try_propose<P: LedgerPhase>(
    pre: &ExtendedState<P>,
    slot: u64,
    body: impl FnOnce(&BeaconState<P>) -> BeaconBlockBody<P>,
    operations: LedgerOperations<P>,
    settings: &Settings,
) -> Result<(ExtendedBlock<P>, Transition<P>), LedgerError> {
    let (advanced, message) = draft(pre, slot, body);
    let (message, transition) = complete_block(pre.clone(), message, &operations, rules(settings))?;
    let signature = signature(&advanced, message.proposer_index, &message, DOMAIN_BEACON_PROPOSER, None);
    let block = ExtendedBlock { block: SignedBeaconBlock { message, signature }, operations };
    let verified = extended_transition(pre.clone(), &block, rules(settings)).unwrap();
    assert_eq!(verified, transition);
    verified.extended.ledger.check_conservation().unwrap();
    Ok((block, transition))
}

/// Proposes an empty body with [`try_propose`].
#[track_caller]
pub(crate) fn propose<P: LedgerPhase>(
    pre: &ExtendedState<P>,
    slot: u64,
    operations: LedgerOperations<P>,
    settings: &Settings,
) -> (ExtendedBlock<P>, Transition<P>)
where
    BeaconBlockBody<P>: Default,
{
    try_propose(pre, slot, empty_body, operations, settings).unwrap()
}

/// Returns a validator's balance.
pub(crate) fn balance<P: LedgerPhase>(extended: &ExtendedState<P>, validator_index: ValidatorIndex) -> u64 {
    *extended.state.balances.get(validator_index as usize).unwrap()
}
