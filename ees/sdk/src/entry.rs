//! The `entry!` macro.

/// Makes a function the EE's entry: the `main` that the host calls once for each block.
///
/// The function is `fn(StateRoot, &[u8]) -> Result<StateRoot, E>`, from pre-state root and block data to
/// post-state root, where `E` is an [`Error`](core::error::Error). On `Err` the block is refused:
/// the host is told the error and its causes, by `eth2.refuse`, and ends the execution, which leaves the EE's state root, and everything else
/// outside, as if the block had not been.
///
/// `main` is exported from wasm only. Elsewhere the macro checks the type of the function and
/// does nothing else; see [`harness`](crate::harness).
///
/// ```
/// use core::convert::Infallible;
/// use outrider_sdk::{StateRoot, entry};
///
/// entry!(transition);
///
/// fn transition(pre_state_root: StateRoot, _: &[u8]) -> Result<StateRoot, Infallible> {
///     Ok(pre_state_root)
/// }
/// ```
///
/// ```compile_fail
/// outrider_sdk::entry!(transition);
///
/// fn transition(block_data: &[u8]) {}
/// ```
#[macro_export]
macro_rules! entry {
    ($transition:path) => {
        const _: () = $crate::runtime::check_signature($transition);

        #[cfg(target_family = "wasm")]
        const _: () = {
            #[unsafe(export_name = "main")]
            extern "C" fn main() {
                $crate::runtime::main($transition);
            }
        };
    };
}
