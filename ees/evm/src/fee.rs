//! Prices that follow from the parent block: base fee and blob gas.

use alloy_primitives::{U256, U512};
use outrider_evm_codec::Fork;
use revm::{context_interface::block::BlobExcessGasAndPrice, primitives::eip4844::GAS_PER_BLOB};

use crate::{header::Header, rules::Spec};

/// Returns the base fee of the block after `parent`, [EIP-1559](https://eips.ethereum.org/EIPS/eip-1559), in wei.
pub(crate) fn base_fee_per_gas(parent: &Header) -> u64 {
    let Some(before) = parent.base_fee_per_gas else { return BASE_FEE_INITIAL };
    let target = parent.gas_limit / GAS_LIMIT_TO_TARGET;
    let apart = u128::from(parent.gas_used.abs_diff(target));
    let step = u128::from(before) * apart / u128::from(target.max(1)) / BASE_FEE_DIVISOR;
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    if parent.gas_used > target { before.saturating_add(step.max(1)) } else { before.saturating_sub(step) }
}

/// Returns the excess blob gas of the block after `parent`, [EIP-4844](https://eips.ethereum.org/EIPS/eip-4844), and
/// [EIP-7918](https://eips.ethereum.org/EIPS/eip-7918) from Osaka on.
pub(crate) fn excess_blob_gas(parent: &Header, spec: &Spec<'_>) -> u64 {
    let before = parent.excess_blob_gas.unwrap_or_default();
    let used = parent.blob_gas_used.unwrap_or_default();
    let target = spec.rules.blobs.target.saturating_mul(GAS_PER_BLOB);
    let sum = before.saturating_add(used);
    if sum < target {
        return 0;
    }
    if spec.has(Fork::Osaka) {
        let execution = u128::from(parent.base_fee_per_gas.unwrap_or_default()) * BLOB_BASE_COST;
        let price = blob_price(before, spec.rules.blobs.base_fee_update_fraction);
        if U256::from(execution) > price.saturating_mul(U256::from(GAS_PER_BLOB)) {
            let (target, max) = (u128::from(spec.rules.blobs.target), u128::from(spec.rules.blobs.max));
            let more = u128::from(used) * max.saturating_sub(target) / max.max(1);
            return before.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        }
    }
    sum.saturating_sub(target)
}

/// Returns the price of blob gas, [EIP-4844](https://eips.ethereum.org/EIPS/eip-4844), `fake_exponential`: about `e **
/// (excess_blob_gas / fraction)` wei. A price of 2^256 or more, which no balance can pay, saturates.
pub(crate) fn blob_price(excess_blob_gas: u64, fraction: u64) -> U256 {
    let fraction = U512::from(fraction.max(1));
    let excess = U512::from(excess_blob_gas);
    let (mut sum, mut term, mut n) = (U512::ZERO, fraction, U512::ZERO);
    // A term is less than 2^320 if the price is less than 2^256, and so its product with the excess less than 2^384. Terms fall once
    // n is larger than the quotient; until then the sum grows past all bounds, or they fall soon.
    while !term.is_zero() {
        sum += term;
        n += U512::ONE;
        if sum >> 256 >= fraction {
            return U256::MAX;
        }
        term = term * excess / (fraction * n);
    }
    (sum / fraction).saturating_to()
}

/// Returns the price of blobs for revm, which has room for 128 bits. [`Vm`](crate::vm::Vm) and
/// [`instructions`](crate::instructions) handle higher prices.
pub(crate) fn excess_and_price(excess_blob_gas: u64, spec: &Spec<'_>) -> BlobExcessGasAndPrice {
    let price = blob_price(excess_blob_gas, spec.rules.blobs.base_fee_update_fraction);
    BlobExcessGasAndPrice { excess_blob_gas, blob_gasprice: price.saturating_to() }
}

/// In wei, EIP-1559's `INITIAL_BASE_FEE`.
const BASE_FEE_INITIAL: u64 = 1_000_000_000;

/// EIP-1559's `ELASTICITY_MULTIPLIER`.
const GAS_LIMIT_TO_TARGET: u64 = 2;

/// EIP-1559's `BASE_FEE_MAX_CHANGE_DENOMINATOR`.
const BASE_FEE_DIVISOR: u128 = 8;

/// EIP-7918's `BLOB_BASE_COST`.
const BLOB_BASE_COST: u128 = 1 << 13;

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are from `fake_exponential(1, excess, fraction)` of EIP-4844 in integers of arbitrary
    /// length.
    #[track_caller]
    fn check(excess_blob_gas: u64, fraction: u64, expected: &str) {
        assert_eq!(blob_price(excess_blob_gas, fraction), expected.parse::<U256>().unwrap());
    }

    #[test]
    fn blobs_have_the_price_of_eip_4844_and_one_of_more_than_128_bits_too() {
        check(0, 3338477, "1");
        check(1310720, 3338477, "1");
        check(30000000, 3338477, "7991");
        check(293785976, 3338477, "165163625499254490654908972911554338246");
        check(297124453, 3338477, "448961281900036557123294821387202567034");
        check(
            590910429,
            3338477,
            "74152073029632532400762577730369947130393732772290037700289196288875974280912",
        );
        check(500771600, 5007716, "26881171418150617243669437321705206816680764");
        // Beyond 2^256.
        for excess_blob_gas in [178 * 3_338_477, u64::MAX] {
            assert_eq!(blob_price(excess_blob_gas, 3_338_477), U256::MAX);
        }
        assert_eq!(blob_price(u64::MAX, 1), U256::MAX);
    }
}
