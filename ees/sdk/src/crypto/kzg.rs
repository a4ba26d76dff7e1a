//! KZG proofs of what a polynomial is at a point ([EIP-4844]).
//!
//! [EIP-4844]: https://eips.ethereum.org/EIPS/eip-4844#point-evaluation-precompile

use super::{CheckError, checked};
use crate::imports::crypto as imports;

/// Verifies a KZG proof that the polynomial of a commitment is `y` at `z`: `verify_kzg_proof` of the
/// [consensus specs], under the trusted setup of Ethereum's ceremony.
///
/// Commitment and proof are points of BLS12-381's G1, compressed, and may be the point at infinity. That a versioned
/// hash is of the commitment, which the EVM's precompile checks first, is the EE's to check.
///
/// # Errors
///
/// [`CheckError::Malformed`] if commitment or proof is not an encoded point of the prime-order subgroup, or `z` or `y`
/// not below the group order.
///
/// [consensus specs]: https://github.com/ethereum/consensus-specs/blob/master/specs/deneb/polynomial-commitments.md#verify_kzg_proof
pub fn kzg_verify(
    commitment: &[u8; 48],
    z: &[u8; 32],
    y: &[u8; 32],
    proof: &[u8; 48],
) -> Result<(), CheckError> {
    checked(imports::kzg_verify(commitment, z, y, proof))
}
