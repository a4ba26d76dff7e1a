//! Claims that executions are wrong.

use super::{EXITED, P1, shards::execution, signature};
use outrider_beacon::ledger::{
    Accused, ExecutionHeader, ExecutionSlashing, ExtendedBlock, ExtendedState, LedgerOperations,
    SignedExecutionSlashing, operation::DOMAIN_EXECUTION_SLASHING,
};

type Operations = LedgerOperations<P1>;

/// Returns a claim that the execution of EE 0 in a shard block of the last slot before a block is wrong.
pub(crate) fn slashing(
    block: &ExtendedBlock<P1>,
    after: &ExtendedState<P1>,
    header: &ExecutionHeader,
) -> Operations {
    let (body, _) = execution(0, after.state.slot - 1, header.clone());
    let block_body = &block.block.message.body;
    let is_of_shard = |attestation: &&_| -> bool {
        let attestation: &outrider_beacon_spec::phase1::Attestation<_> = attestation;
        attestation.data.shard == 0
    };
    // The last validator that is active, not slashed, and not going to be.
    let attestation = block_body.attestations.iter().find(is_of_shard).unwrap();
    let accused =
        outrider_beacon_spec::accessors::get_indexed_attestation(&after.state, attestation).unwrap();
    let is_free = |validator: &u64| {
        !after.state.validators.get(*validator as usize).unwrap().slashed
            && !accused.attesting_indices.contains(validator)
    };
    let whistleblower_index = (0..EXITED.start).rev().find(is_free).unwrap();
    let message = ExecutionSlashing {
        attestation: attestation.clone(),
        shard_transition: block_body.shard_transitions[0].clone(),
        data_index: 0,
        body: body.try_into().unwrap(),
        accused: vec![Accused::Transition(0)].try_into().unwrap(),
        whistleblower_index,
    };
    let signature = signature(&after.state, whistleblower_index, &message, DOMAIN_EXECUTION_SLASHING, None);
    let signed = SignedExecutionSlashing { message, signature };
    Operations { execution_slashings: vec![signed].try_into().unwrap(), ..Operations::default() }
}
