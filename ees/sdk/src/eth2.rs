//! The inputs and outputs of an EE: the imports of module `eth2`.

use alloc::{vec, vec::Vec};

use outrider_abi::ROOT_READ_BYTES;

use crate::{Deposit, RootRead, StateRoot, imports};

/// Returns the state root before this block, which is also an argument of the transition.
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

/// Returns a copy of the block data, which is also an argument of the transition.
pub fn block_data() -> Vec<u8> {
    let mut bytes = vec![0; block_data_size()];
    block_data_copy(0, &mut bytes);
    bytes
}

/// Sets the state root after this block.
///
/// This is not public: only the root that the transition returns is saved.
pub(crate) fn save_post_state_root(root: &StateRoot) {
    imports::save_post_state_root(&root.0);
}

/// Pushes a deposit to the beacon chain, after the earlier ones of this block.
pub fn push_new_deposit(deposit: &Deposit) {
    imports::push_new_deposit(&deposit.to_bytes());
}

/// Pays `amount` Gwei of the EE's ether to the proposer of the block, in addition to earlier payments.
///
/// Traps if the payments of the block are more than 2^64 - 1 Gwei together. It does not compare them with
/// [`balance`](crate::context::balance); the chain refuses a block whose EE spends more ether than it has.
pub fn pay_proposer(amount: u64) {
    imports::pay_proposer(amount);
}

/// Returns the number of state roots of other EEs that the block declares.
pub fn read_count() -> usize {
    imports::read_count()
}

/// Returns the state root at `index` of those that the block declares. It is the one that the beacon chain has.
///
/// Traps if `index` is not below [`read_count`].
pub fn read_root(index: usize) -> RootRead {
    let mut bytes = [0; ROOT_READ_BYTES];
    imports::read_root(index, &mut bytes);
    RootRead::from_bytes(&bytes)
}

/// Returns the state roots of other EEs that the block declares, in order.
pub fn reads() -> impl ExactSizeIterator<Item = RootRead> {
    (0..read_count()).map(read_root)
}

/// Refuses the block for a reason, which the host passes on, and ends the execution.
///
/// An error that a transition returns has the same effect, and is preferable where it is possible. The host keeps the
/// first 1,024 bytes of the reason.
pub fn refuse(reason: &str) -> ! {
    imports::refuse(reason.as_bytes())
}

/// Spends some of the block's ticks.
///
/// Traps if fewer are left.
pub fn use_ticks(n: u32) {
    imports::use_ticks(n);
}
