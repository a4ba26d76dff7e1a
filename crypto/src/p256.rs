//! ECDSA signatures over P-256 (secp256r1), whose verification [EIP-7951] adds to the EVM.
//!
//! [EIP-7951]: https://eips.ethereum.org/EIPS/eip-7951

use ::p256::{
    EncodedPoint,
    ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier},
};
use thiserror::Error;

/// An invalid signature or key, or a signature that does not verify.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum P256Error {
    /// `r` or `s` is zero, or not below the group order.
    #[error("r or s is zero or not below the group order")]
    Signature,
    /// A coordinate is not below the field modulus, or the point is not on the curve. The point at infinity has no
    /// encoding.
    #[error("the bytes are not a valid public key")]
    PublicKey,
    /// The signature and the key are well-formed, but the signature is not by the key.
    #[error("the signature does not verify")]
    Refuted,
}

/// Verifies the ECDSA signature `r || s` of `digest` under the public key `x || y`.
///
/// The rules are those of [EIP-7951], which are those of [FIPS 186-5]: `s` may be in the upper half of the range. The
/// EVM does not distinguish failures: each is an empty answer.
///
/// # Errors
///
/// Returns `Signature`, `PublicKey` or `Refuted`.
///
/// [EIP-7951]: https://eips.ethereum.org/EIPS/eip-7951
/// [FIPS 186-5]: https://csrc.nist.gov/pubs/fips/186-5/final
pub fn ecdsa_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8; 64]) -> Result<(), P256Error> {
    let signature = Signature::from_slice(signature).map_err(|_| P256Error::Signature)?;
    let point = EncodedPoint::from_untagged_bytes(&(*public_key).into());
    let public_key = VerifyingKey::from_encoded_point(&point).map_err(|_| P256Error::PublicKey)?;
    public_key.verify_prehash(digest, &signature).map_err(|_| P256Error::Refuted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    /// Returns the example of RFC 6979, appendix A.2.5: SHA-256, the message "sample".
    fn sample() -> ([u8; 32], [u8; 64], [u8; 64]) {
        (
            sha256(b"sample"),
            bytes(
                "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                 f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
            ),
            bytes(
                "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                 7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
            ),
        )
    }

    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    const MODULUS: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

    #[test]
    fn a_signature_verifies_only_its_digest() {
        let (digest, signature, key) = sample();
        assert_eq!(ecdsa_verify(&digest, &signature, &key), Ok(()));
        assert_eq!(ecdsa_verify(&sha256(b"test"), &signature, &key), Err(P256Error::Refuted));
    }

    #[test]
    fn s_may_be_in_either_half_of_the_range() {
        let (digest, signature, key) = sample();
        // The published s is in the upper half.
        let low = Signature::from_slice(&signature).unwrap().normalize_s().unwrap();
        assert_eq!(ecdsa_verify(&digest, &low.to_bytes().into(), &key), Ok(()));
    }

    #[test]
    fn r_and_s_are_from_one_to_below_the_group_order() {
        let (digest, signature, key) = sample();
        for out_of_range in [[0; 32], bytes(ORDER), [0xff; 32]] {
            for half in [0, 32] {
                let mut signature = signature;
                signature[half..][..32].copy_from_slice(&out_of_range);
                assert_eq!(ecdsa_verify(&digest, &signature, &key), Err(P256Error::Signature));
            }
        }
    }

    #[test]
    fn a_key_is_a_finite_point_of_the_curve_in_one_encoding() {
        let (digest, signature, key) = sample();
        let mut off_curve = key;
        off_curve[63] ^= 1;
        // x = 0 is on the curve, and so is x = p reduced by p.
        let y = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
        let zero = bytes(&format!("{}{y}", "00".repeat(32)));
        let modulus = bytes(&format!("{MODULUS}{y}"));
        assert_eq!(ecdsa_verify(&digest, &signature, &zero), Err(P256Error::Refuted));
        for key in [off_curve, modulus, [0; 64], [0xff; 64]] {
            assert_eq!(ecdsa_verify(&digest, &signature, &key), Err(P256Error::PublicKey));
        }
    }
}
