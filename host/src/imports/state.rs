//! `state`: reads and outputs of an EE in provider mode. Outside of it there is nothing to find, and outputs are
//! dropped.

use std::borrow::Cow;
use std::sync::Arc;

use outrider_abi::{Hash, NewNode};

use super::{Call, read, read_items};
use crate::chain::chain;
use crate::error::HostCallError;
use crate::provider::{NEW_NODES_BYTES_MAX, StateSource};

/// The length that means "not found".
const NONE: u32 = u32::MAX;

/// The largest node or blob in bytes; an EE could not hold a larger one, so it counts as missing.
const BYTES_MAX: usize = i32::MAX as usize;

type Found<'a> = Result<Option<Cow<'a, [u8]>>, Box<dyn std::error::Error + Send + Sync>>;

pub(crate) fn mode(call: &Call<'_>) -> u32 {
    u32::from(call.execution.provider.is_some())
}

pub(crate) fn get_node(call: &mut Call<'_>, arguments: [u32; 3]) -> Result<u32, HostCallError> {
    get(call, arguments, |source, hash| source.node(hash))
}

pub(crate) fn get_blob(call: &mut Call<'_>, arguments: [u32; 3]) -> Result<u32, HostCallError> {
    get(call, arguments, |source, hash| source.blob(hash))
}

/// Fetches a value after the call has paid for the lookup, and charges for its bytes whether they fit or not, because
/// the source may have had to read them.
fn get(
    call: &mut Call<'_>,
    [hash, out, capacity]: [u32; 3],
    find: for<'a> fn(&'a dyn StateSource, &Hash) -> Found<'a>,
) -> Result<u32, HostCallError> {
    let hash = Hash(call.read_array(hash)?);
    call.read(out, capacity)?;
    let Some(provider) = &call.execution.provider else { return Ok(NONE) };
    let source = Arc::clone(&provider.source);
    let found =
        find(&*source, &hash).map_err(|source| HostCallError::StateSource { message: chain(&*source) })?;
    let Some(bytes) = found.filter(|bytes| bytes.len() <= BYTES_MAX) else { return Ok(NONE) };
    let length = u32::try_from(bytes.len()).unwrap_or(NONE);
    call.charge_units(length)?;
    if length <= capacity {
        call.slice_mut(out, length)?.copy_from_slice(&bytes);
    }
    Ok(length)
}

pub(crate) fn put_node(
    call: &mut Call<'_>,
    [hash, pointer, length, children, n_children]: [u32; 5],
) -> Result<u32, HostCallError> {
    let hash = Hash(call.read_array(hash)?);
    let n_bytes = call.read(pointer, length)?.len();
    let children_bytes = call.read_items::<32>(children, n_children)?.as_flattened().len();
    let size = size_of::<NewNode>().saturating_add(n_bytes).saturating_add(children_bytes);
    call.charge_units(u64::from(length).saturating_add(u64::from(n_children).saturating_mul(32)))?;
    let Call { memory, execution, .. } = call;
    let Some(provider) = &mut execution.provider else { return Ok(0) };
    let left = provider.bytes_left.checked_sub(size);
    provider.bytes_left = left.ok_or(HostCallError::TooManyNewNodes { limit: NEW_NODES_BYTES_MAX })?;
    let bytes = read(memory, pointer, length)?.to_vec();
    let children = read_items(memory, children, n_children)?.iter().copied().map(Hash).collect();
    provider.new_nodes.push(NewNode { hash, bytes, children });
    Ok(1)
}

/// Replaces any block data that was put before, so there are never two copies.
pub(crate) fn put_block_data(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    call.read_charged(pointer, length)?;
    let Call { memory, execution, .. } = call;
    let Some(provider) = &mut execution.provider else { return Ok(()) };
    let bytes = read(memory, pointer, length)?;
    let block_data = provider.block_data.get_or_insert_default();
    block_data.clear();
    block_data.extend_from_slice(bytes);
    Ok(())
}
