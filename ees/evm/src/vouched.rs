//! Blocks with a vouched ancestry.

use alloy_primitives::B256;
use outrider_evm_codec::{BlockHash, Rules, VouchedBlock};
use outrider_sdk::{StateRoot, forest, log};

use crate::{
    block::{ancestors, check_body, decode, run},
    error::{AncestorError, BlockError, ExecutionError, StateError, TransitionError},
    hash::keccak256,
    header::{self, Header},
    ommers::{self, Hashed},
    rules::Spec,
    state::{BlockHashes, State},
};

/// Executes a block, and returns the post-state root and the needed part of the input.
///
/// 1. The rules are known, and the block is not too long, EIP-7934.
/// 2. If the parent is there, it is the block's, the pre-state is the parent's, and the header follows from it, see
///    [`header::validate`]. If it is not, the header is valid by itself, see [`header::validate_alone`], and there is a block before.
/// 3. The ommers are valid as far as can be checked, see [`ommers::check_alone`]; the roots of ommers, transactions and
///    withdrawals are the header's.
/// 4. Something has to be vouched for.
///
/// Execution and the checks after it are those of any block. The EE logs that the block's ancestry was not checked.
pub(crate) fn execute(
    tries: &mut forest::State,
    pre_state_root: StateRoot,
    rules: &Rules,
    block: VouchedBlock,
) -> Result<(B256, VouchedBlock), TransitionError> {
    let spec = Spec::new(rules)?;
    Ok(execute_by(tries, pre_state_root, spec, block)?)
}

fn execute_by(
    tries: &mut forest::State,
    pre_state_root: StateRoot,
    spec: Spec<'_>,
    mut input: VouchedBlock,
) -> Result<(B256, VouchedBlock), BlockError> {
    let block = decode(&input.block, &spec)?;
    let ancestors = ancestors(input.parent.as_slice(), &block.header, pre_state_root)?;
    let parent = ancestors.first().map(|Hashed { header, .. }| header);
    let since_dao_fork = spec.rules.blocks_since_dao_fork;
    match parent {
        Some(parent) => header::validate(&block.header, parent, &spec, since_dao_fork)?,
        None => header::validate_alone(&block.header, &spec, since_dao_fork)?,
    }
    let ommers = ommers::check_alone(block.ommers, &block.header, parent, &spec)?;
    check_body(&block)?;

    let hashes = block_hashes(&input.block_hashes, &block.header, parent)?;
    let state = State::new(tries, B256::new(pre_state_root.0), hashes, &spec);
    let (root, mut vm) = run(state, spec, &block, &ommers)?;
    vm.state().hashes().retain_needed(&mut input.block_hashes);
    if parent.is_some() && ommers.is_empty() && input.block_hashes.is_empty() {
        return Err(BlockError::NothingVouched);
    }
    let (number, hash) = (block.header.number, keccak256(block.header_rlp));
    log!("block {number}, {hash}: its ancestry is vouched for, and was not checked");
    Ok((root, input))
}

/// Returns the listed hashes, followed by those that headers determine.
fn block_hashes(
    listed: &[BlockHash],
    block: &Header,
    parent: Option<&Header>,
) -> Result<BlockHashes, BlockError> {
    let number = block.number.checked_sub(1).ok_or(AncestorError::Missing)?;
    let mut hashes = listed.to_vec();
    if let (Some(number), Some(parent)) = (number.checked_sub(1), parent) {
        hashes.push(BlockHash { number, hash: parent.parent_hash });
    }
    hashes.push(BlockHash { number, hash: block.parent_hash });
    BlockHashes::listed(hashes).map_err(|error: StateError| ExecutionError::State(error).into())
}
