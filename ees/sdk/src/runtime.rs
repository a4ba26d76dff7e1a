//! What runs around an EE's transition. Public for the [`entry!`](crate::entry) macro alone.

use core::error::Error;

use crate::{StateRoot, eth2};

/// Fails to compile unless given what [`entry!`](crate::entry) asks for.
pub const fn check_signature<E: Error>(_: fn(StateRoot, &[u8]) -> Result<StateRoot, E>) {}

/// Executes `transition`; if it refuses the block, tells the host so, and why.
#[cfg(target_family = "wasm")]
pub fn main<E: Error>(transition: impl FnOnce(StateRoot, &[u8]) -> Result<StateRoot, E>) {
    if let Err(refusal) = execute(transition) {
        eth2::refuse(&crate::chain(&refusal));
    }
}

/// Reads what `transition` needs, calls it, and writes what it returns.
pub(crate) fn execute<E>(transition: impl FnOnce(StateRoot, &[u8]) -> Result<StateRoot, E>) -> Result<(), E> {
    let pre_state_root = eth2::load_pre_state_root();
    let block_data = eth2::block_data();
    let post_state_root = transition(pre_state_root, &block_data)?;
    eth2::save_post_state_root(&post_state_root);
    Ok(())
}

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Logs message and place of a panic and traps: that is a crash of the EE, and no refusal.
///
/// Does not allocate: the panic may be that memory ran out.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let line = crate::line::Line::new(format_args!("{info}"));
    crate::imports::print_mem(line.as_bytes());
    core::arch::wasm32::unreachable()
}
