//! The next block of a chain on a shard, which a state provider makes from signed transactions.

use alloy_primitives::Bytes;
pub use outrider_evm_codec::Proposal;
use outrider_evm_codec::{ChainPackage, Payload};
use outrider_host::StateRoot;
use outrider_shard::{BuiltBlock, Frame, Provider, ProviderError, ReadError, Surroundings};
use outrider_witness::store::Store;

/// A block that a provider has made from signed transactions.
#[derive(Clone, Debug)]
pub struct ProposedBlock {
    /// The block.
    pub built: BuiltBlock,
    /// The indices of the transactions that the block does not have, because they cannot be executed where they stand:
    /// their nonce is another one, their sender cannot pay, or the block is full.
    pub left_out: Vec<usize>,
}

/// Why there is no block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError {
    /// The state is not that of a chain, the proposal does not fit its head, or the provider fails.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The EE made malformed block data, which is a bug of the EE.
    #[error(transparent)]
    Frame(#[from] ReadError),
    /// The EE made a malformed payload, which is a bug of the EE.
    #[error(transparent)]
    Payload(#[from] alloy_rlp::Error),
    /// The EE made a payload of another kind, which is a bug of the EE.
    #[error("the EE made a payload of another kind than a block of a chain")]
    Kind,
}

/// Makes the next block of a chain on a shard from transactions, each in the form that users sign and send. The block has
/// them in this order, without those that cannot be executed, after the receipts of the surroundings. The EE makes the
/// header. Stores nothing.
///
/// # Errors
///
/// Fails with a [`ProposeError`].
pub fn propose<S: Store + Send + Sync + 'static>(
    provider: &Provider<S>,
    pre_state_root: StateRoot,
    proposal: Proposal,
    transactions: &[Bytes],
    surroundings: impl Into<Surroundings>,
) -> Result<ProposedBlock, ProposeError> {
    let mut packages = vec![package(proposal)];
    packages.extend_from_slice(transactions);
    let built = provider.build(pre_state_root, &packages, surroundings)?;
    let left_out = left_out(transactions, &included(built.block_data())?);
    Ok(ProposedBlock { built, left_out })
}

/// Returns the package of a proposer, for a provider that merges it with users' packages. These are just their signed
/// transactions.
pub fn package(proposal: Proposal) -> Bytes {
    let package = ChainPackage { transactions: Vec::new(), proposal: Some(proposal) };
    alloy_rlp::encode(Payload::ChainPackage(package)).into()
}

/// Returns the transactions in the block data of a chain.
///
/// # Errors
///
/// Fails with a [`ProposeError`] if the block data are not those of a chain.
pub fn included(block_data: &[u8]) -> Result<Vec<Bytes>, ProposeError> {
    match alloy_rlp::decode_exact::<Payload>(Frame::parse(block_data)?.payload)? {
        Payload::ChainBlock(block) => Ok(block.transactions),
        Payload::Block(..)
        | Payload::Transactions(..)
        | Payload::VouchedBlock(..)
        | Payload::ChainPackage(_) => Err(ProposeError::Kind),
    }
}

/// Returns the indices of the transactions that are not included. The included ones are some of the given ones, in their
/// order.
fn left_out(given: &[Bytes], included: &[Bytes]) -> Vec<usize> {
    let mut included = included.iter().peekable();
    let is_left_out = |(index, transaction): (usize, &Bytes)| match included.next_if_eq(&transaction) {
        Some(_) => None,
        None => Some(index),
    };
    given.iter().enumerate().filter_map(is_left_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_the_indices_of_the_given_transactions() {
        let given = [b"a", b"b", b"a", b"c"].map(|bytes| Bytes::from_static(bytes));
        let of = |indices: &[usize]| {
            let included: Vec<Bytes> = indices.iter().map(|index| given[*index].clone()).collect();
            left_out(&given, &included)
        };
        assert_eq!(of(&[0, 1, 2, 3]), [0; 0]);
        assert_eq!(of(&[]), [0, 1, 2, 3]);
        assert_eq!(of(&[1, 3]), [0, 2]);
        assert_eq!(of(&[1, 2]), [0, 3]);
        // Of equal ones, the first counts as included.
        assert_eq!(of(&[2]), [1, 2, 3]);
    }
}
