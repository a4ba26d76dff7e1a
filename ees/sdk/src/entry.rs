//! The `entry!` macro.

/// Makes a function the EE's entry point: the `main` that the host calls once for each block.
///
/// The function is `fn(StateRoot, &[u8]) -> Result<StateRoot, E>`, from pre-state root and block data to post-state
/// root, where `E` is an [`Error`](core::error::Error). On `Err` the EE refuses the block: it passes the error and its
/// causes to the host by `eth2.refuse`. That ends the execution, and leaves the EE's state root, and everything else
/// outside, unchanged.
///
/// Only wasm exports `main`. On other targets the macro just checks the type of the function; see
/// [`harness`](crate::harness).
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
