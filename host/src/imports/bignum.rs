//! `bignum`: arithmetic on 256-bit big-endian numbers.

use ruint::aliases::U256;

use super::Call;
use crate::error::HostCallError;

pub(crate) fn add256(call: &mut Call<'_>, a: u32, b: u32, sum: u32) -> Result<(), HostCallError> {
    apply(call, a, b, sum, |a, b| a.checked_add(b).ok_or(HostCallError::SumOverflow))
}

pub(crate) fn sub256(call: &mut Call<'_>, a: u32, b: u32, difference: u32) -> Result<(), HostCallError> {
    apply(call, a, b, difference, |a, b| a.checked_sub(b).ok_or(HostCallError::DifferenceNegative))
}

/// Reads both operands before it writes the result, so that the three may overlap.
fn apply(
    call: &mut Call<'_>,
    a: u32,
    b: u32,
    result: u32,
    operation: impl FnOnce(U256, U256) -> Result<U256, HostCallError>,
) -> Result<(), HostCallError> {
    let a = U256::from_be_bytes::<32>(call.read_array(a)?);
    let b = U256::from_be_bytes::<32>(call.read_array(b)?);
    call.write(result, &operation(a, b)?.to_be_bytes::<32>())
}
