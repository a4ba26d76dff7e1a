//! Validates headers, alone and against their parents.

use alloy_primitives::U256;
use outrider_evm_codec::Fork;

use super::{EMPTY_OMMERS_HASH, Header};
use crate::{
    error::HeaderError,
    fee::{base_fee_per_gas, excess_blob_gas},
    rules::Spec,
};

/// Checks a header alone, see [`validate_alone`], and against its parent:
///
/// 1. The number is the next, and the time a later one.
/// 2. The gas limit is within 1/1024 of the parent's.
/// 3. The base fee and the excess blob gas follow from the parent's.
/// 4. The difficulty follows from the parent's, until Paris.
///
/// The results of the block are compared with the header later. The proof of work is not checked.
pub(crate) fn validate(
    header: &Header,
    parent: &Header,
    spec: &Spec<'_>,
    blocks_since_dao_fork: u8,
) -> Result<(), HeaderError> {
    validate_alone(header, spec, blocks_since_dao_fork)?;
    check_number("number", U256::from(header.number), U256::from(parent.number) + U256::ONE)?;
    if header.timestamp <= parent.timestamp {
        return Err(HeaderError::Timestamp { got: header.timestamp, parent: parent.timestamp });
    }
    check_gas_limit(header, parent, spec)?;
    if let Some(got) = header.base_fee_per_gas {
        check_number("base fee per gas", U256::from(got), U256::from(base_fee_per_gas(parent)))?;
    }
    if let Some(got) = header.excess_blob_gas {
        let expected = excess_blob_gas(parent, spec);
        check_number("excess blob gas", U256::from(got), U256::from(expected))?;
    }
    if spec.has(Fork::Paris) {
        return Ok(());
    }
    let expected = difficulty(header.number, header.timestamp, parent, spec);
    check_number("difficulty", header.difficulty, expected)
}

/// Checks a header alone:
///
/// 1. It has the fields of the fork.
/// 2. The gas used is within the limit, and the limit in range.
/// 3. The extra data are short, and those of the DAO fork if `blocks_since_dao_fork` says so, EIP-779.
/// 4. From Paris on, difficulty and nonce are zero; before that, the difficulty is not below the minimum.
pub(crate) fn validate_alone(
    header: &Header,
    spec: &Spec<'_>,
    blocks_since_dao_fork: u8,
) -> Result<(), HeaderError> {
    check_fields(header, spec)?;
    if header.gas_used > header.gas_limit {
        return Err(HeaderError::GasUsed { got: header.gas_used, limit: header.gas_limit });
    }
    if !(GAS_LIMIT_MIN..=GAS_LIMIT_MAX).contains(&header.gas_limit) {
        return Err(HeaderError::GasLimitRange { got: header.gas_limit });
    }
    if header.extra_data.len() > EXTRA_DATA_BYTES_MAX {
        return Err(HeaderError::ExtraData { got: header.extra_data.len() });
    }
    if blocks_since_dao_fork < DAO_EXTRA_DATA_BLOCKS && *header.extra_data != *DAO_EXTRA_DATA {
        return Err(HeaderError::DaoExtraData);
    }
    if !spec.has(Fork::Paris) {
        let is_enough = header.difficulty >= U256::from(DIFFICULTY_MIN);
        return if is_enough { Ok(()) } else { Err(HeaderError::Difficulty { got: header.difficulty }) };
    }
    check_number("difficulty", header.difficulty, U256::ZERO)?;
    if header.nonce.is_zero() { Ok(()) } else { Err(HeaderError::Nonce) }
}

fn check_fields(header: &Header, spec: &Spec<'_>) -> Result<(), HeaderError> {
    let fields = [
        ("base fee per gas", header.base_fee_per_gas.is_some(), Fork::London),
        ("withdrawals root", header.withdrawals_root.is_some(), Fork::Shanghai),
        ("blob gas used", header.blob_gas_used.is_some(), Fork::Cancun),
        ("excess blob gas", header.excess_blob_gas.is_some(), Fork::Cancun),
        ("parent beacon block root", header.parent_beacon_block_root.is_some(), Fork::Cancun),
        ("requests hash", header.requests_hash.is_some(), Fork::Prague),
        ("block access list hash", header.block_access_list_hash.is_some(), Fork::Amsterdam),
        ("slot number", header.slot_number.is_some(), Fork::Amsterdam),
    ];
    for (field, is_there, since) in fields {
        let expected = spec.has(since);
        if is_there != expected {
            return Err(HeaderError::Field { field, expected });
        }
    }
    Ok(())
}

fn check_number(what: &'static str, got: U256, expected: U256) -> Result<(), HeaderError> {
    if got == expected { Ok(()) } else { Err(HeaderError::Number { what, got, expected }) }
}

/// Checks the gas limit; where EIP-1559 starts, the parent's counts twice.
fn check_gas_limit(header: &Header, parent: &Header, spec: &Spec<'_>) -> Result<(), HeaderError> {
    let is_first_of_london = spec.has(Fork::London) && parent.base_fee_per_gas.is_none();
    let before = if is_first_of_london { parent.gas_limit.saturating_mul(2) } else { parent.gas_limit };
    let is_near = header.gas_limit.abs_diff(before) < before / GAS_LIMIT_DIVISOR;
    if is_near { Ok(()) } else { Err(HeaderError::GasLimit { got: header.gas_limit, parent: before }) }
}

/// The difficulty of a block before Paris ([Yellow Paper] of the time, equations 39 to 46; EIP-2, EIP-100, and the EIPs that
/// delayed the bomb).
///
/// [Yellow Paper]: https://ethereum.github.io/yellowpaper/paper.pdf
fn difficulty(number: u64, timestamp: u64, parent: &Header, spec: &Spec<'_>) -> U256 {
    let elapsed = timestamp.saturating_sub(parent.timestamp);
    let has_ommers = parent.ommers_hash != EMPTY_OMMERS_HASH;
    let (up, down) = if spec.has(Fork::Byzantium) {
        (1 + u64::from(has_ommers), elapsed / 9)
    } else if spec.has(Fork::Homestead) {
        (1, elapsed / 10)
    } else if elapsed < 13 {
        (1, 0)
    } else {
        (0, 1)
    };
    let step = parent.difficulty / U256::from(DIFFICULTY_DIVISOR);
    let steps = U256::from(up.abs_diff(down).min(DIFFICULTY_STEPS_DOWN_MAX));
    let without_bomb = if up >= down {
        parent.difficulty.saturating_add(step.saturating_mul(steps))
    } else {
        parent.difficulty.saturating_sub(step.saturating_mul(steps))
    };
    without_bomb.saturating_add(bomb(number, spec)).max(U256::from(DIFFICULTY_MIN))
}

/// Returns the difficulty bomb's addition, which doubles every 100,000 blocks.
fn bomb(number: u64, spec: &Spec<'_>) -> U256 {
    let delay = match spec.fork {
        fork if fork < Fork::Byzantium => 0,
        fork if fork < Fork::Constantinople => 3_000_000, // EIP-649
        fork if fork < Fork::MuirGlacier => 5_000_000,    // EIP-1234
        fork if fork < Fork::London => 9_000_000,         // EIP-2384
        fork if fork < Fork::ArrowGlacier => 9_700_000,   // EIP-3554
        fork if fork < Fork::GrayGlacier => 10_700_000,   // EIP-4345
        _ => 11_400_000,                                  // EIP-5133
    };
    match (number.saturating_sub(delay) / 100_000).checked_sub(2) {
        None => U256::ZERO,
        Some(doublings) => usize::try_from(doublings)
            .ok()
            .and_then(|doublings| U256::ONE.checked_shl(doublings))
            .unwrap_or(U256::MAX),
    }
}

/// Bytes of extra data, [Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), section 4.4.
const EXTRA_DATA_BYTES_MAX: usize = 32;

/// The extra data of the first blocks after the DAO fork, EIP-779.
const DAO_EXTRA_DATA: &[u8] = b"dao-hard-fork";

/// The number of these blocks.
const DAO_EXTRA_DATA_BLOCKS: u8 = 10;

/// A gas limit differs from the parent's by less than this fraction, Yellow Paper, equation 47.
const GAS_LIMIT_DIVISOR: u64 = 1024;

/// The least gas limit.
const GAS_LIMIT_MIN: u64 = 5_000;

/// The highest gas limit, EIP-1985.
const GAS_LIMIT_MAX: u64 = (1 << 63) - 1;

/// Difficulty changes by steps of this fraction of the parent's.
const DIFFICULTY_DIVISOR: u64 = 2048;

/// The most steps down; a step up is one or two.
const DIFFICULTY_STEPS_DOWN_MAX: u64 = 99;

/// The least difficulty.
const DIFFICULTY_MIN: u64 = 131_072;
