//! Validators that proposed twice or attested a wrong execution are slashed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P1, genesis_1,
    shards::{crosslink, crosslink_nothing, execution, headers, next_transition, try_crosslink},
    signature,
};
use outrider_beacon::ledger::{
    Accused, ExecutionSlashing, ExtendedState, LedgerError, LedgerOperations, Settings,
    ShardProposerSlashing, SignedExecutionSlashing, SignedShardBlockHeader, error::OperationError,
    operation::DOMAIN_EXECUTION_SLASHING,
};
use outrider_beacon_spec::{
    constants::DOMAIN_SHARD_PROPOSAL,
    containers::{BeaconState, ShardBlockHeader},
    error::Error,
    types::{BLSSignature, Root},
};

const BALANCES: [[u64; 2]; 2] = [[1_000 * ETHER, 2_000 * ETHER], [30, 40]];

type Operations = LedgerOperations<P1>;

/// Returns a chain in its first slot, in which shards have no blocks yet.
fn start() -> ExtendedState<P1> {
    crosslink_nothing(&genesis_1(&BALANCES), &Settings::default()).1.extended
}

fn shard_header(state: &BeaconState<P1>, proposer_index: u64, body: u8) -> SignedShardBlockHeader {
    let message = ShardBlockHeader {
        slot: 1,
        shard: 1,
        proposer_index,
        body_root: Root::repeat_byte(body),
        ..Default::default()
    };
    let signature = signature(state, proposer_index, &message, DOMAIN_SHARD_PROPOSAL, Some(0));
    SignedShardBlockHeader { message, signature }
}

fn operation_error(extended: &ExtendedState<P1>, operations: Operations) -> OperationError {
    let outcome = try_crosslink(extended, headers(extended), operations, &Settings::default());
    match outcome {
        Err(LedgerError::Operation { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

fn is_slashed(extended: &ExtendedState<P1>, validator_index: u64) -> bool {
    extended.state.validators.get(validator_index as usize).unwrap().slashed
}

#[test]
fn proposers_of_two_shard_blocks_for_one_slot_are_slashed() {
    let before = start();
    let slashing = |body_1, body_2| ShardProposerSlashing {
        signed_header_1: shard_header(&before.state, 7, body_1),
        signed_header_2: shard_header(&before.state, 7, body_2),
    };
    let with = |slashing: ShardProposerSlashing| Operations {
        shard_proposer_slashings: vec![slashing].try_into().unwrap(),
        ..Operations::default()
    };
    let outcome = try_crosslink(&before, headers(&before), with(slashing(1, 2)), &Settings::default());
    let after = outcome.unwrap().1.extended;
    assert!(is_slashed(&after, 7));
    assert_eq!(operation_error(&after, with(slashing(1, 2))), OperationError::NotSlashable { validator: 7 });
    assert_eq!(operation_error(&before, with(slashing(1, 1))), OperationError::HeadersDiffer {});
    let mut forged = slashing(1, 2);
    forged.signed_header_2.signature = BLSSignature::ZERO;
    let signer = before.state.validators.get(7).unwrap().pubkey;
    assert_eq!(operation_error(&before, with(forged)), OperationError::Signature { signer });
}

/// Returns a claim that the execution of EE 0 on shard 0 in slot 1 is wrong.
fn claim(
    post_state_root: u8,
    whistleblower_index: u64,
) -> (ExtendedState<P1>, Vec<u64>, SignedExecutionSlashing<P1>) {
    let before = start();
    let [mut header, other] = headers(&before);
    header.transitions.push(next_transition(&before.ledger, 0, 0, post_state_root)).unwrap();
    let (body, _) = execution(0, 1, header.clone());
    let (block, transition) = crosslink(&before, [header, other]);
    let after = transition.extended;
    let block_body = &block.block.message.body;
    let attestation =
        block_body.attestations.iter().find(|attestation| attestation.data.shard == 0).unwrap().clone();
    let attesters =
        outrider_beacon_spec::accessors::get_indexed_attestation(&after.state, &attestation).unwrap();
    let message = ExecutionSlashing {
        attestation,
        shard_transition: block_body.shard_transitions[0].clone(),
        data_index: 0,
        body: body.try_into().unwrap(),
        accused: vec![Accused::Transition(0)].try_into().unwrap(),
        whistleblower_index,
    };
    let signature = signature(&after.state, whistleblower_index, &message, DOMAIN_EXECUTION_SLASHING, None);
    (after, attesters.attesting_indices.to_vec(), SignedExecutionSlashing { message, signature })
}

fn with_claim(signed: SignedExecutionSlashing<P1>) -> Operations {
    Operations { execution_slashings: vec![signed].try_into().unwrap(), ..Operations::default() }
}

#[test]
fn attesters_of_wrong_executions_and_false_whistleblowers_are_slashed() {
    for (post_state_root, is_right) in [(0xff, false), (0xaa, true)] {
        let (extended, attesters, signed) = claim(post_state_root, 50);
        assert!(!attesters.is_empty() && !attesters.contains(&50));
        let claim = with_claim(signed);
        let outcome = try_crosslink(&extended, headers(&extended), claim.clone(), &Settings::default());
        let after = outcome.unwrap().1.extended;
        assert_eq!(is_slashed(&after, 50), is_right);
        assert!(attesters.iter().all(|attester| is_slashed(&after, *attester) != is_right));
        let n_slashed = after.state.validators.iter().filter(|validator| validator.slashed).count();
        assert_eq!(n_slashed, if is_right { 1 } else { attesters.len() });
        // Neither costs the chain another execution.
        let again = operation_error(&after, claim);
        let expected = if is_right {
            OperationError::NotSlashable { validator: 50 }
        } else {
            OperationError::NobodyToSlash {}
        };
        assert_eq!(again, expected);
    }
}

#[test]
fn claims_must_match_the_attestation() {
    let (extended, _, signed) = claim(0xff, 50);
    let error = |change: &dyn Fn(&mut ExecutionSlashing<P1>)| {
        let mut message = signed.message.clone();
        change(&mut message);
        let signature = signature(&extended.state, 50, &message, DOMAIN_EXECUTION_SLASHING, None);
        operation_error(&extended, with_claim(SignedExecutionSlashing { message, signature }))
    };
    assert_eq!(
        error(&|claim| claim.accused[0] = Accused::Transition(1)),
        OperationError::NoTransition { ee: 1 }
    );
    assert_eq!(error(&|claim| claim.data_index = 1), OperationError::DataIndex { got: 1 });
    assert!(matches!(error(&|claim| claim.body[40] ^= 1), OperationError::BodyRoot { .. }));
    assert!(matches!(
        error(&|claim| claim.shard_transition.start_slot = 9),
        OperationError::TransitionRoot { .. }
    ));
    let forged = |claim: &mut ExecutionSlashing<P1>| claim.attestation.signature = BLSSignature::ZERO;
    assert_eq!(error(&forged), OperationError::Spec(Error::AttestationSignature));
    let mut unsigned = signed.clone();
    unsigned.signature = BLSSignature::ZERO;
    let signer = extended.state.validators.get(50).unwrap().pubkey;
    assert_eq!(operation_error(&extended, with_claim(unsigned)), OperationError::Signature { signer });
}

/// A judge with the inputs of an honest committee's execution.
struct Executed {
    code_hash: Root,
    beacon_parent_root: Root,
}

impl outrider_beacon::registry::Judge for Executed {
    fn is_right(
        &self,
        dispute: &outrider_beacon::registry::Dispute<'_>,
    ) -> Result<bool, outrider_beacon::registry::Undecided> {
        Ok((dispute.code_hash, dispute.beacon_parent_root) == (self.code_hash, self.beacon_parent_root))
    }
}

fn judged(
    pre: &ExtendedState<P1>,
    operations: &Operations,
    judge: &Executed,
) -> Result<ExtendedState<P1>, LedgerError> {
    let (_, message) = common::draft(pre, pre.state.slot + 1, common::empty_body);
    let settings = Settings::default();
    let rules = outrider_beacon::registry::Rules { judge, ..common::rules(&settings) };
    Ok(outrider_beacon::ledger::complete_block(pre.clone(), message, operations, rules)?.1.extended)
}

#[test]
fn a_claim_about_another_branch_of_the_beacon_chain_is_refused() {
    let (honest, attesters, signed) = claim(0xaa, 50);
    let beacon_parent_root =
        outrider_beacon_spec::accessors::get_block_root_at_slot(&honest.state, 1).unwrap();
    assert_eq!(signed.message.attestation.data.beacon_block_root, beacon_parent_root);
    // The other branch has another beacon block in slot 1.
    let settings = Settings::default();
    let other = common::propose(&genesis_1(&BALANCES), 1, Operations::default(), &settings).1.extended;
    let other = common::propose(&other, 2, Operations::default(), &settings).1.extended;
    let judge = Executed { code_hash: Root::repeat_byte(1), beacon_parent_root };
    let same = judged(&honest, &with_claim(signed.clone()), &judge).unwrap();
    assert!(is_slashed(&same, 50) && attesters.iter().all(|attester| !is_slashed(&same, *attester)));
    let outcome = judged(&other, &with_claim(signed), &judge);
    assert!(matches!(
        outcome,
        Err(LedgerError::Operation { error: OperationError::OtherBranch { got, .. }, .. })
            if got == beacon_parent_root
    ));
}

#[test]
fn an_execution_before_an_upgrade_is_judged_by_the_code_of_then() {
    use outrider_beacon::ledger::{
        PreCheckVote, SignedPreCheckVote, SignedUpgrade, Upgrade,
        operation::{DOMAIN_PRE_CHECK_VOTE, DOMAIN_UPGRADE},
    };
    let (honest, attesters, signed) = claim(0xaa, 50);
    let beacon_parent_root =
        outrider_beacon_spec::accessors::get_block_root_at_slot(&honest.state, 1).unwrap();
    let judge = Executed { code_hash: Root::repeat_byte(1), beacon_parent_root };
    let settings = Settings::default();
    let message = Upgrade { ee: 0, epoch: 0, code: vec![0; 7].try_into().unwrap() };
    let upgrade =
        SignedUpgrade { signature: signature(&honest.state, 0, &message, DOMAIN_UPGRADE, None), message };
    let operations = Operations { upgrades: vec![upgrade].try_into().unwrap(), ..Operations::default() };
    let opened = common::propose(&honest, 3, operations, &settings).1.extended;
    let pre_check = opened.ledger.pre_checks().get(0).unwrap();
    let message = PreCheckVote { ee: 0, code_hash: pre_check.code_hash, opened_epoch: 0, accept: true };
    let signatures: Vec<_> =
        (0..46).map(|v| signature(&opened.state, v, &message, DOMAIN_PRE_CHECK_VOTE, None)).collect();
    let vote = SignedPreCheckVote {
        message,
        validators: (0..46).collect::<Vec<u64>>().try_into().unwrap(),
        signature: outrider_beacon_spec::bls::aggregate(&signatures).unwrap(),
    };
    let operations = Operations { pre_check_votes: vec![vote].try_into().unwrap(), ..Operations::default() };
    let accepted = common::propose(&opened, 4, operations, &settings).1.extended;
    let later = common::propose(&accepted, 24, Operations::default(), &settings).1.extended;
    let record = later.ledger.ees().get(0).unwrap();
    let old = Root::repeat_byte(1);
    assert_eq!((record.previous_code.code_hash, record.previous_code.epoch), (old, 3));
    assert_ne!(record.code_hash, old);
    // The judge decides by the code of the execution, here against the whistleblower.
    for extended in [&honest, &accepted, &later] {
        let same = judged(extended, &with_claim(signed.clone()), &judge).unwrap();
        assert!(is_slashed(&same, 50) && attesters.iter().all(|attester| !is_slashed(&same, *attester)));
    }
    let by_new_code = Executed { code_hash: record.code_hash, beacon_parent_root };
    let other = judged(&later, &with_claim(signed), &by_new_code).unwrap();
    assert!(!is_slashed(&other, 50) && attesters.iter().all(|attester| is_slashed(&other, *attester)));
}
