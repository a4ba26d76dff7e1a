//! `state`: what an EE finds in provider mode, and what it yields there. Outside of it there is nothing to find, and what
//! is put goes nowhere.

use std::sync::Arc;

use super::Call;
use crate::error::HostCallError;
use crate::provider::{NEW_NODES_BYTES_MAX, NewNode, Provider, StateSource};

/// What stands for "there is none".
const NONE: u32 = u32::MAX;

/// How large a node or a blob may be, in bytes; what is larger is none that an EE could take.
const BYTES_MAX: usize = i32::MAX as usize;

type Found = Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>>;

pub(crate) fn mode(call: &Call<'_>) -> u32 {
    u32::from(call.execution.provider.is_some())
}

pub(crate) fn get_node(call: &mut Call<'_>, arguments: [u32; 3]) -> Result<u32, HostCallError> {
    get(call, arguments, |source, hash| source.node(hash))
}

pub(crate) fn get_blob(call: &mut Call<'_>, arguments: [u32; 3]) -> Result<u32, HostCallError> {
    get(call, arguments, |source, hash| source.blob(hash))
}

fn get(
    call: &mut Call<'_>,
    [hash, out, capacity]: [u32; 3],
    find: fn(&dyn StateSource, &[u8; 32]) -> Found,
) -> Result<u32, HostCallError> {
    let hash = call.read_array(hash)?;
    call.read(out, capacity)?;
    let Some(provider) = &call.execution.provider else { return Ok(NONE) };
    let source = Arc::clone(&provider.source);
    let found =
        find(&*source, &hash).map_err(|source| HostCallError::StateSource { message: chain(&*source) })?;
    let Some(bytes) = found.filter(|bytes| bytes.len() <= BYTES_MAX) else { return Ok(NONE) };
    let length = u32::try_from(bytes.len()).unwrap_or(NONE);
    if length <= capacity {
        call.slice_mut_charged(out, length)?.copy_from_slice(&bytes);
    }
    Ok(length)
}

pub(crate) fn put_node(
    call: &mut Call<'_>,
    [hash, pointer, length, children, n_children]: [u32; 5],
) -> Result<u32, HostCallError> {
    let hash = call.read_array(hash)?;
    let children = call.read_items::<32>(children, n_children)?.to_vec();
    let bytes = call.read_charged(pointer, length)?.to_vec();
    let Some(provider) = &mut call.execution.provider else { return Ok(0) };
    let size = size_of::<NewNode>() + bytes.len() + children.len() * 32;
    take(provider, size)?;
    provider.new_nodes.push(NewNode { hash, bytes, children });
    Ok(1)
}

fn take(provider: &mut Provider, bytes: usize) -> Result<(), HostCallError> {
    let left = provider.bytes_left.checked_sub(bytes);
    provider.bytes_left = left.ok_or(HostCallError::TooManyNewNodes { limit: NEW_NODES_BYTES_MAX })?;
    Ok(())
}

pub(crate) fn put_block_data(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    let bytes = call.read_charged(pointer, length)?.to_vec();
    if let Some(provider) = &mut call.execution.provider {
        provider.block_data = Some(bytes);
    }
    Ok(())
}

/// Tells an error with all its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
