//! Transactions in an environment.

use alloc::vec::Vec;

use alloy_primitives::{B256, U256};
use outrider_evm_codec::{Environment, Fork, Rules, Transactions};
use outrider_sdk::{StateRoot, forest};
use revm::context::BlockEnv;

use crate::{
    error::{ExecutionError, TransitionError},
    fee::excess_and_price,
    hash::keccak256,
    rules::Spec,
    state::{BlockHashes, State},
    vm::Vm,
};

/// Executes transactions, and returns the post-state root and the needed part of the input.
///
/// 1. Checks that the rules are known and that block hashes are in ascending order. Irrelevant values become zero.
/// 2. Executes the transactions.
/// 3. Before Paris, the beneficiary gets a reward of zero.
/// 4. Checks the hash of the logs against the payload.
pub(crate) fn execute(
    tries: &mut forest::State,
    pre_state_root: StateRoot,
    rules: &Rules,
    mut transactions: Transactions,
) -> Result<(B256, Transactions), TransitionError> {
    let spec = Spec::new(rules)?;
    transactions.environment = canonical(transactions.environment, &spec);
    let environment = &transactions.environment;
    let hashes = BlockHashes::listed(environment.block_hashes.iter().copied());
    let hashes = hashes.map_err(ExecutionError::State)?;
    let state = State::new(tries, B256::new(pre_state_root.0), hashes, &spec);
    let mut vm = Vm::new(state, spec, block_env(environment, &spec));
    for transaction in &transactions.transactions {
        vm.transact(transaction)?;
    }
    if !spec.has(Fork::Paris) {
        let clears_empty = spec.has(Fork::SpuriousDragon);
        let rewarded = vm.state().add_balance(environment.beneficiary, U256::ZERO, clears_empty);
        rewarded.map_err(ExecutionError::State)?;
    }
    let got = keccak256(alloy_rlp::encode(vm.logs().collect::<Vec<_>>()));
    let expected = transactions.logs_hash;
    if got != expected {
        return Err(TransitionError::LogsHash { got, expected });
    }
    let root = vm.state().finish().map_err(ExecutionError::State)?;
    vm.state().hashes().retain_needed(&mut transactions.environment.block_hashes);
    Ok((root, transactions))
}

/// Returns the same environment, with zeros for irrelevant values.
fn canonical(environment: Environment, spec: &Spec<'_>) -> Environment {
    Environment {
        difficulty: if spec.has(Fork::Paris) { U256::ZERO } else { environment.difficulty },
        prev_randao: if spec.has(Fork::Paris) { environment.prev_randao } else { B256::ZERO },
        base_fee_per_gas: if spec.has(Fork::London) { environment.base_fee_per_gas } else { 0 },
        excess_blob_gas: if spec.has(Fork::Cancun) { environment.excess_blob_gas } else { 0 },
        slot_number: if spec.has(Fork::Amsterdam) { environment.slot_number } else { 0 },
        ..environment
    }
}

fn block_env(environment: &Environment, spec: &Spec<'_>) -> BlockEnv {
    let has_blobs = spec.has(Fork::Cancun);
    BlockEnv {
        number: environment.number,
        beneficiary: environment.beneficiary,
        timestamp: environment.timestamp,
        gas_limit: environment.gas_limit,
        basefee: environment.base_fee_per_gas,
        difficulty: environment.difficulty,
        prevrandao: spec.has(Fork::Paris).then_some(environment.prev_randao),
        blob_excess_gas_and_price: has_blobs.then(|| excess_and_price(environment.excess_blob_gas, spec)),
        slot_num: environment.slot_number,
    }
}
