//! Prices that follow from the block before: base fee and blob gas.

use alloy_primitives::U256;
use outrider_evm_block::Fork;
use revm::primitives::eip4844::GAS_PER_BLOB;

use crate::{error::HeaderError, header::Header, rules::Spec};

/// The base fee of the block after `parent`, [EIP-1559](https://eips.ethereum.org/EIPS/eip-1559), in wei.
pub(crate) fn base_fee_per_gas(parent: &Header) -> u64 {
    let Some(before) = parent.base_fee_per_gas else { return BASE_FEE_INITIAL };
    let target = parent.gas_limit / GAS_LIMIT_TO_TARGET;
    let apart = u128::from(parent.gas_used.abs_diff(target));
    let step = u128::from(before) * apart / u128::from(target.max(1)) / BASE_FEE_DIVISOR;
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    if parent.gas_used > target { before.saturating_add(step.max(1)) } else { before.saturating_sub(step) }
}

/// The excess blob gas of the block after `parent`, [EIP-4844](https://eips.ethereum.org/EIPS/eip-4844), and
/// [EIP-7918](https://eips.ethereum.org/EIPS/eip-7918) from Osaka on.
///
/// # Errors
///
/// If the parent's blobs have a price that nobody can pay.
pub(crate) fn excess_blob_gas(parent: &Header, spec: &Spec<'_>) -> Result<u64, HeaderError> {
    let before = parent.excess_blob_gas.unwrap_or_default();
    let used = parent.blob_gas_used.unwrap_or_default();
    let target = spec.rules.blobs.target.saturating_mul(GAS_PER_BLOB);
    let sum = before.saturating_add(used);
    if sum < target {
        return Ok(0);
    }
    if spec.has(Fork::Osaka) {
        let execution = u128::from(parent.base_fee_per_gas.unwrap_or_default()) * BLOB_BASE_COST;
        if execution > blob_price(before, spec)?.saturating_mul(u128::from(GAS_PER_BLOB)) {
            let (target, max) = (u128::from(spec.rules.blobs.target), u128::from(spec.rules.blobs.max));
            let more = u128::from(used) * max.saturating_sub(target) / max.max(1);
            return Ok(before.saturating_add(u64::try_from(more).unwrap_or(u64::MAX)));
        }
    }
    Ok(sum.saturating_sub(target))
}

/// The price of blob gas, [EIP-4844](https://eips.ethereum.org/EIPS/eip-4844), `fake_exponential`: about
/// `e ** (excess_blob_gas / fraction)` wei.
///
/// # Errors
///
/// If it is 2^128 or more.
pub(crate) fn blob_price(excess_blob_gas: u64, spec: &Spec<'_>) -> Result<u128, HeaderError> {
    let too_high = HeaderError::BlobPrice { excess_blob_gas };
    let fraction = U256::from(spec.rules.blobs.base_fee_update_fraction.max(1));
    let excess = U256::from(excess_blob_gas);
    let (mut sum, mut term, mut n) = (U256::ZERO, fraction, U256::ZERO);
    // The terms of the series fall once n is larger than the quotient; until then the sum grows past 2^128, or they fall soon.
    while !term.is_zero() {
        sum = sum.saturating_add(term);
        n += U256::ONE;
        match term.checked_mul(excess) {
            Some(product) if sum / fraction <= U256::from(u128::MAX) => term = product / (fraction * n),
            _ => return Err(too_high),
        }
    }
    u128::try_from(sum / fraction).map_err(|_| too_high)
}

/// In wei, EIP-1559's `INITIAL_BASE_FEE`.
const BASE_FEE_INITIAL: u64 = 1_000_000_000;

/// EIP-1559's `ELASTICITY_MULTIPLIER`.
const GAS_LIMIT_TO_TARGET: u64 = 2;

/// EIP-1559's `BASE_FEE_MAX_CHANGE_DENOMINATOR`.
const BASE_FEE_DIVISOR: u128 = 8;

/// EIP-7918's `BLOB_BASE_COST`.
const BLOB_BASE_COST: u128 = 1 << 13;
