//! KZG proofs of the value of a polynomial at a point ([EIP-4844]).
//!
//! [EIP-4844]: https://eips.ethereum.org/EIPS/eip-4844#point-evaluation-precompile

use super::{CheckError, checked};
use crate::imports::crypto as imports;

/// Verifies a KZG proof that the polynomial of a commitment is `y` at `z`: `verify_kzg_proof` of the
/// [consensus specs], under the trusted setup of Ethereum's ceremony.
///
/// Commitment and proof are compressed points of BLS12-381's G1, and may be the point at infinity. The EE has to check
/// that a versioned hash is that of the commitment, which the EVM's precompile checks first.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] if commitment or proof is not an encoded point of the prime-order subgroup, or
/// if `z` or `y` is not below the group order.
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
