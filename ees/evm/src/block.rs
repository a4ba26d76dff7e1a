//! Blocks.

use alloc::vec::Vec;
use core::iter::once;

use alloy_primitives::{B256, Bloom, Bytes, U256};
use outrider_evm_codec::{Block, Fork, HISTORY_STORAGE, Rules};
use outrider_sdk::{StateRoot, forest};
use revm::context::BlockEnv;

use crate::{
    access_list::AccessList,
    dao,
    error::{AncestorError, BlockError, ExecutionError, StateError},
    fee::excess_and_price,
    hash::keccak256,
    header::{self, Header},
    input::{BlockParts, owned},
    ommers::{self, Hashed},
    receipts::{list_root, logs_bloom, receipts_root},
    requests::{BEACON_ROOTS, DEPOSITS, REQUEST_CONTRACTS, deposits, requests_hash},
    rules::Spec,
    state::{BlockHashes, State},
    vm::Vm,
};

/// Executes a block, and returns the post-state root and the needed part of the input.
///
/// Checks before:
///
/// 1. The rules are known, and the block is not too long, EIP-7934.
/// 2. The ancestors are those of the block, and the pre-state is the parent's.
/// 3. The header follows from the parent's, see [`header::validate`].
/// 4. The ommers are valid, see [`ommers::check`]; the roots of ommers, transactions and withdrawals are the header's.
///
/// Execution:
///
/// 5. The balance of the DAO is moved, EIP-779.
/// 6. The system stores the root of the beacon chain, EIP-4788, and the hash of the parent, EIP-2935.
/// 7. Transactions are executed, see [`Vm::transact`].
/// 8. Withdrawals are paid; or, before Paris, the beneficiaries of the block and of its ommers get their rewards.
/// 9. The system collects requests, EIP-6110, EIP-7002, EIP-7251.
///
/// Checks after:
///
/// 10. The results are those in the header, from Amsterdam on with the access list.
pub(crate) fn execute(
    tries: &mut forest::State,
    pre_state_root: StateRoot,
    rules: &Rules,
    block: Block,
) -> Result<(B256, Block), crate::error::TransitionError> {
    let spec = Spec::new(rules)?;
    Ok(execute_by(tries, pre_state_root, spec, block)?)
}

fn execute_by(
    tries: &mut forest::State,
    pre_state_root: StateRoot,
    spec: Spec<'_>,
    mut input: Block,
) -> Result<(B256, Block), BlockError> {
    let block = decode(&input.block, &spec)?;
    let ancestors = ancestors(&input.ancestors, &block.header, pre_state_root)?;
    let parent = ancestors.first().ok_or(AncestorError::Missing)?;
    header::validate(&block.header, &parent.header, &spec, spec.rules.blocks_since_dao_fork)?;
    let ommers = ommers::check(block.ommers, &block.header, &ancestors, &input.ancestors_ommers, &spec)?;
    check_body(&block)?;

    let hashes = BlockHashes::Ancestors {
        parent: parent.header.number,
        hashes: once(&block.header)
            .chain(ancestors.iter().map(|ancestor| &ancestor.header))
            .map(|header| header.parent_hash)
            .collect(),
        needed: ommers.ancestors.max(1),
    };
    let state = State::new(tries, parent.header.state_root, hashes, &spec);
    let (root, mut vm) = run(state, spec, &block, &ommers.headers)?;
    if let BlockHashes::Ancestors { needed, .. } = vm.state().hashes() {
        input.ancestors.truncate(*needed);
    }
    Ok((root, input))
}

/// Parses a block, if it is not too long, EIP-7934.
pub(crate) fn decode<'a>(block: &'a [u8], spec: &Spec<'_>) -> Result<BlockParts<'a>, BlockError> {
    if spec.has(Fork::Osaka) && block.len() > BLOCK_BYTES_MAX {
        return Err(BlockError::TooLong { got: block.len(), max: BLOCK_BYTES_MAX });
    }
    BlockParts::decode(block, spec.has(Fork::Shanghai))
}

/// Checks that the roots of ommers, transactions and withdrawals are the header's.
pub(crate) fn check_body(block: &BlockParts<'_>) -> Result<(), BlockError> {
    check_root("ommers hash", keccak256(block.ommers), block.header.ommers_hash)?;
    check_root("transactions root", list_root(&block.transactions), block.header.transactions_root)?;
    match (&block.withdrawals, block.header.withdrawals_root) {
        (Some(withdrawals), Some(expected)) => {
            check_root("withdrawals root", list_root(withdrawals.iter().map(alloy_rlp::encode)), expected)
        }
        _ => Ok(()),
    }
}

/// Executes steps 5 to 10 of [`execute`] after the checks; returns the post-state root.
pub(crate) fn run<'a>(
    state: State<'a>,
    spec: Spec<'a>,
    block: &BlockParts<'_>,
    ommers: &[Header],
) -> Result<(B256, Vm<'a>), BlockError> {
    let mut vm = start(state, spec, &block.header)?;
    for transaction in &block.transactions {
        vm.transact(transaction)?;
    }
    vm.state().advance();
    pay(vm.state(), block, ommers, &spec).map_err(ExecutionError::State)?;
    let results = finish(&mut vm, &spec)?;
    let root = results.state_root;
    check_results(results, &block.header)?;
    Ok((root, vm))
}

/// The results of a block, as its header has them.
pub(crate) struct Results {
    pub(crate) state_root: B256,
    pub(crate) receipts_root: B256,
    pub(crate) logs_bloom: Bloom,
    pub(crate) gas_used: u64,
    pub(crate) blob_gas_used: u64,
    /// From Prague on.
    pub(crate) requests_hash: Option<B256>,
    /// From Amsterdam on.
    pub(crate) access_list: Option<AccessList>,
}

/// Executes steps 5 and 6 of [`execute`]. Of the header, the results are not used.
pub(crate) fn start<'a>(state: State<'a>, spec: Spec<'a>, header: &Header) -> Result<Vm<'a>, ExecutionError> {
    let mut vm = Vm::new(state, spec, block_env(header, &spec));
    if spec.has(Fork::Amsterdam) {
        vm.state().list_accesses();
    }
    before_transactions(&mut vm, header, &spec)?;
    Ok(vm)
}

/// Executes step 9 of [`execute`], and writes the changes into the tries.
pub(crate) fn finish(vm: &mut Vm<'_>, spec: &Spec<'_>) -> Result<Results, BlockError> {
    let requests_hash = if spec.has(Fork::Prague) { Some(requests_hash(&requests(vm, spec)?)) } else { None };
    Ok(Results {
        state_root: vm.state().finish().map_err(ExecutionError::State)?,
        receipts_root: receipts_root(&vm.receipts),
        logs_bloom: logs_bloom(&vm.receipts),
        gas_used: vm.gas_used(),
        blob_gas_used: vm.blob_gas_used,
        requests_hash,
        access_list: vm.state().access_list.take(),
    })
}

/// Parses ancestors, newest first, and checks that each is the parent of the one before, and that the pre-state is the
/// first one's.
pub(crate) fn ancestors(
    rlps: &[Bytes],
    block: &Header,
    pre_state_root: StateRoot,
) -> Result<Vec<Hashed>, AncestorError> {
    let mut ancestors = Vec::<Hashed>::new();
    for (index, rlp) in rlps.iter().enumerate() {
        let child = ancestors.last().map_or(block, |child| &child.header);
        let (got, expected) = (keccak256(rlp), child.parent_hash);
        if got != expected {
            return Err(AncestorError::Hash { index, got, expected });
        }
        let header = alloy_rlp::decode_exact::<Header>(rlp);
        let header = header.map_err(|source| AncestorError::Decode { index, source })?;
        if Some(header.number) != child.number.checked_sub(1) {
            return Err(AncestorError::Number { index, got: header.number });
        }
        let root = header.state_root;
        if index == 0 && root.0 != pre_state_root.0 {
            return Err(AncestorError::StateRoot { got: B256::new(pre_state_root.0), expected: root });
        }
        ancestors.push(Hashed { hash: got, header });
    }
    Ok(ancestors)
}

fn block_env(header: &Header, spec: &Spec<'_>) -> BlockEnv {
    BlockEnv {
        number: U256::from(header.number),
        beneficiary: header.beneficiary,
        timestamp: U256::from(header.timestamp),
        gas_limit: header.gas_limit,
        basefee: header.base_fee_per_gas.unwrap_or_default(),
        difficulty: header.difficulty,
        prevrandao: spec.has(Fork::Paris).then_some(header.prev_randao),
        blob_excess_gas_and_price: header.excess_blob_gas.map(|excess| excess_and_price(excess, spec)),
        slot_num: header.slot_number.unwrap_or_default(),
    }
}

fn before_transactions(vm: &mut Vm<'_>, header: &Header, spec: &Spec<'_>) -> Result<(), ExecutionError> {
    if spec.rules.blocks_since_dao_fork == 0 {
        dao::move_balances(vm.state())?;
    }
    // A failure of these two is ignored, and changes nothing.
    if let Some(root) = header.parent_beacon_block_root {
        vm.system_call(BEACON_ROOTS, owned(root.as_slice()))?;
    }
    if spec.has(Fork::Prague) {
        vm.system_call(HISTORY_STORAGE, owned(header.parent_hash.as_slice()))?;
    }
    Ok(())
}

/// Pays withdrawals, EIP-4895, and rewards ([Yellow Paper] of the time, section 11.3).
///
/// [Yellow Paper]: https://ethereum.github.io/yellowpaper/paper.pdf
fn pay(
    state: &mut State<'_>,
    block: &BlockParts<'_>,
    ommers: &[Header],
    spec: &Spec<'_>,
) -> Result<(), StateError> {
    let clears_empty = spec.has(Fork::SpuriousDragon);
    for withdrawal in block.withdrawals.iter().flatten() {
        let amount = U256::from(withdrawal.amount) * U256::from(WEI_PER_GWEI);
        state.add_balance(withdrawal.address, amount, clears_empty)?;
    }
    let reward = match spec.fork {
        fork if fork >= Fork::Paris => return Ok(()),
        fork if fork >= Fork::Constantinople => 2, // EIP-1234
        fork if fork >= Fork::Byzantium => 3,      // EIP-649
        _ => 5,
    };
    let reward = U256::from(reward) * U256::from(WEI_PER_ETHER);
    let for_ommers = reward / U256::from(32) * U256::from(ommers.len());
    state.add_balance(block.header.beneficiary, reward + for_ommers, clears_empty)?;
    for ommer in ommers {
        let left = 8_u64.saturating_sub(block.header.number.saturating_sub(ommer.number));
        state.add_balance(ommer.beneficiary, reward * U256::from(left) / U256::from(8), clears_empty)?;
    }
    Ok(())
}

/// Returns all requests, by ascending type.
fn requests(vm: &mut Vm<'_>, spec: &Spec<'_>) -> Result<Vec<(u8, Vec<u8>)>, BlockError> {
    let mut requests = alloc::vec![(DEPOSITS, deposits(vm.logs(), spec.rules.deposit_contract)?)];
    for (kind, address) in REQUEST_CONTRACTS {
        let failed = ExecutionError::SystemCall { address };
        let code = vm.state().entry(address).map_err(ExecutionError::State)?.now;
        if code.is_none_or(|account| account.code_hash == alloy_primitives::KECCAK256_EMPTY) {
            return Err(failed.into());
        }
        let answer = vm.system_call(address, Bytes::new())?.ok_or(failed)?;
        requests.push((kind, answer.to_vec()));
    }
    Ok(requests)
}

fn check_results(results: Results, header: &Header) -> Result<(), BlockError> {
    if let (Some(got), Some(expected)) = (results.requests_hash, header.requests_hash) {
        check_root("requests hash", got, expected)?;
    }
    check_amount("gas used", results.gas_used, header.gas_used)?;
    if let Some(expected) = header.blob_gas_used {
        check_amount("blob gas used", results.blob_gas_used, expected)?;
    }
    if results.logs_bloom != header.logs_bloom {
        return Err(BlockError::Bloom);
    }
    check_root("receipts root", results.receipts_root, header.receipts_root)?;
    check_root("state root", results.state_root, header.state_root)?;
    if let (Some(list), Some(expected)) = (results.access_list, header.block_access_list_hash) {
        check_root("block access list hash", list.hash(header.gas_limit)?, expected)?;
    }
    Ok(())
}

fn check_root(what: &'static str, got: B256, expected: B256) -> Result<(), BlockError> {
    if got == expected { Ok(()) } else { Err(BlockError::Root { what, got, expected }) }
}

fn check_amount(what: &'static str, got: u64, expected: u64) -> Result<(), BlockError> {
    if got == expected { Ok(()) } else { Err(BlockError::Amount { what, got, expected }) }
}

/// EIP-7934: 10 MiB, less 2 MiB for the beacon chain's data.
pub(crate) const BLOCK_BYTES_MAX: usize = 8 << 20;

pub(crate) const WEI_PER_GWEI: u64 = 1_000_000_000;
const WEI_PER_ETHER: u64 = 1_000_000_000_000_000_000;
