//! The code around an EE's transition. It is public only for the [`entry!`](crate::entry) macro.

use core::error::Error;

use crate::{StateRoot, eth2};

/// Checks at compile time that a function has the type that [`entry!`](crate::entry) needs.
pub const fn check_signature<E: Error>(_: fn(StateRoot, &[u8]) -> Result<StateRoot, E>) {}

/// Executes `transition`; if it fails, refuses the block with the reason.
#[cfg(target_family = "wasm")]
pub fn main<E: Error>(transition: impl FnOnce(StateRoot, &[u8]) -> Result<StateRoot, E>) {
    if let Err(refusal) = execute(transition) {
        eth2::refuse(&crate::chain(&refusal));
    }
}

/// Reads the inputs of `transition`, calls it, and saves the root that it returns.
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

/// Logs message and place of a panic and traps, which is a crash of the EE and not a refusal.
///
/// It does not allocate, because exhausted memory may be the cause of the panic.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let line = crate::line::Line::new(format_args!("{info}"));
    crate::imports::print_mem(line.as_bytes());
    core::arch::wasm32::unreachable()
}
