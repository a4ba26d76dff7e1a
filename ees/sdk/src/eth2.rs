//! What a block brings to an EE, and what the EE leaves behind: the imports of module `eth2`.

use alloc::{vec, vec::Vec};

use crate::{Deposit, StateRoot, imports};

/// Returns the state root before this block; the one that a transition is given.
pub fn load_pre_state_root() -> StateRoot {
    let mut root = StateRoot::default();
    imports::load_pre_state_root(&mut root.0);
    root
}

/// Returns the length of the block data in bytes.
pub fn block_data_size() -> usize {
    imports::block_data_size()
}

/// Fills `out` with the block data from `offset` on.
///
/// Traps if `offset + out.len()` is over [`block_data_size`].
pub fn block_data_copy(offset: usize, out: &mut [u8]) {
    imports::block_data_copy(offset, out);
}

/// Returns a copy of the block data; what a transition is given.
pub fn block_data() -> Vec<u8> {
    let mut bytes = vec![0; block_data_size()];
    block_data_copy(0, &mut bytes);
    bytes
}

/// Sets the state root after this block.
///
/// Not public: it is the root that the transition returns, and no other.
pub(crate) fn save_post_state_root(root: &StateRoot) {
    imports::save_post_state_root(&root.0);
}

/// Pushes a deposit to the beacon chain, after those pushed before in this block.
pub fn push_new_deposit(deposit: &Deposit) {
    imports::push_new_deposit(&deposit.to_bytes());
}

/// Refuses the block, for a reason that whoever gave it the EE is told, and ends the execution.
///
/// An error that a transition returns does the same, and is what to use where one can be returned. The host keeps the first 1,024
/// bytes of the reason.
pub fn refuse(reason: &str) -> ! {
    imports::refuse(reason.as_bytes())
}

/// Spends some of the block's ticks.
///
/// Traps if fewer are left.
pub fn use_ticks(n: u32) {
    imports::use_ticks(n);
}
