//! Signatures over secp256k1: ECDSA as in Ethereum and Bitcoin, and BIP-340 Schnorr; and BIP-341's tweaks of keys.

use ::secp256k1::{
    Message, PublicKey, Scalar, XOnlyPublicKey,
    ecdsa::{RecoverableSignature, RecoveryId, Signature},
    schnorr,
};
use thiserror::Error;

/// An invalid signature, key or tweak, or a claim that does not hold.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Secp256k1Error {
    /// The recovery id is neither 0 nor 1.
    #[error("the recovery id is {got}, expected 0 or 1")]
    RecoveryId {
        /// The actual id.
        got: u8,
    },
    /// `r` or `s` of an ECDSA signature is not below the group order.
    #[error("r or s is not below the group order")]
    Signature,
    /// The bytes are not a valid public key.
    #[error("the bytes are not a valid public key")]
    PublicKey,
    /// No public key makes the signature valid: `r` or `s` is zero, `r` is not an x coordinate of the curve, or the
    /// key would be the point at infinity.
    #[error("no public key recovers from the signature")]
    NoKey,
    /// The parity of y is neither 0 nor 1.
    #[error("the parity is {got}, expected 0 or 1")]
    Parity {
        /// The actual parity.
        got: u8,
    },
    /// The tweak is not below the group order.
    #[error("the tweak is not below the group order")]
    Tweak,
    /// The input is well-formed, but the signature is not by the key, or the key not the tweaked one.
    #[error("the signature or the tweaked key does not verify")]
    Refuted,
}

/// Recovers the public key, `x || y`, from the ECDSA signature `r || s` of `digest`.
///
/// The rules are those of the EVM's `ecrecover` ([Yellow Paper], appendix E): `s` may be in the upper half of the
/// range, and the recovery id (the EVM's `v - 27`) is the parity of y. So the ids 2 and 3 of SEC 1, for an x that
/// exceeds the group order, are errors. The address is the last 20 bytes of the Keccak-256 of the result.
///
/// # Errors
///
/// Returns `RecoveryId`, `Signature` or `NoKey`.
///
/// [Yellow Paper]: https://ethereum.github.io/yellowpaper/paper.pdf
pub fn ecdsa_recover(
    digest: &[u8; 32],
    signature: &[u8; 64],
    recovery_id: u8,
) -> Result<[u8; 64], Secp256k1Error> {
    let id = match recovery_id {
        0 => RecoveryId::Zero,
        1 => RecoveryId::One,
        got => return Err(Secp256k1Error::RecoveryId { got }),
    };
    let key = RecoverableSignature::from_compact(signature, id)
        .map_err(|_| Secp256k1Error::Signature)?
        .recover(Message::from_digest(*digest))
        .map_err(|_| Secp256k1Error::NoKey)?;
    let [_tag, coordinates @ ..] = key.serialize_uncompressed();
    Ok(coordinates)
}

/// Verifies the ECDSA signature `r || s` of `digest` under a public key of 33 or 65 bytes.
///
/// The rules are those of Bitcoin's consensus. `s` may be in the upper half of the range, as [low s] is a rule of
/// relay that old blocks break. A key of 65 bytes may be in the hybrid form (first byte 6 or 7) or the uncompressed
/// one (4). An EE that must exclude malleability compares `s` with half the group order itself. Callers decode DER,
/// strictly or not.
///
/// # Errors
///
/// Returns `Signature`, `PublicKey` or `Refuted`.
///
/// [low s]: https://github.com/bitcoin/bips/blob/master/bip-0146.mediawiki
pub fn ecdsa_verify(
    digest: &[u8; 32],
    signature: &[u8; 64],
    public_key: &[u8],
) -> Result<(), Secp256k1Error> {
    let mut signature = Signature::from_compact(signature).map_err(|_| Secp256k1Error::Signature)?;
    // libsecp256k1 verifies only the low form; (r, s) is valid exactly if (r, -s) is.
    signature.normalize_s();
    let public_key = PublicKey::from_slice(public_key).map_err(|_| Secp256k1Error::PublicKey)?;
    signature.verify(Message::from_digest(*digest), &public_key).map_err(|_| Secp256k1Error::Refuted)
}

/// Verifies the [BIP-340] Schnorr signature of a message of any length under an x-only public key.
///
/// # Errors
///
/// Returns `PublicKey` or `Refuted`; the latter also if `r` or `s` is out of range.
///
/// [BIP-340]: https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki
pub fn schnorr_verify(
    message: &[u8],
    signature: &[u8; 64],
    public_key: &[u8; 32],
) -> Result<(), Secp256k1Error> {
    let public_key = XOnlyPublicKey::from_byte_array(*public_key).map_err(|_| Secp256k1Error::PublicKey)?;
    schnorr::Signature::from_byte_array(*signature)
        .verify(message, &public_key)
        .map_err(|_| Secp256k1Error::Refuted)
}

/// Checks that `internal_key + tweak * G` is the point of the x-only key `tweaked_key` whose y has the parity, 1 for odd
/// ([BIP-341]); all keys are x-only, and the y of the internal one is even.
///
/// The rules are those of libsecp256k1's [`secp256k1_xonly_pubkey_tweak_add_check`]. It compares the bytes of the
/// tweaked key and does not decode them, so one that is no x coordinate of the curve is refuted, not malformed. A sum at
/// infinity is refuted, because it is no key.
///
/// # Errors
///
/// Returns `Parity`, `PublicKey` or `Tweak` if the parity, the internal key or the tweak is malformed, or `Refuted`.
///
/// [BIP-341]: https://github.com/bitcoin/bips/blob/master/bip-0341.mediawiki
/// [`secp256k1_xonly_pubkey_tweak_add_check`]: https://github.com/bitcoin-core/secp256k1/blob/master/include/secp256k1_extrakeys.h
pub fn xonly_tweak_add_check(
    tweaked_key: &[u8; 32],
    tweaked_parity: u8,
    internal_key: &[u8; 32],
    tweak: &[u8; 32],
) -> Result<(), Secp256k1Error> {
    if tweaked_parity > 1 {
        return Err(Secp256k1Error::Parity { got: tweaked_parity });
    }
    let internal_key =
        XOnlyPublicKey::from_byte_array(*internal_key).map_err(|_| Secp256k1Error::PublicKey)?;
    let tweak = Scalar::from_be_bytes(*tweak).map_err(|_| Secp256k1Error::Tweak)?;
    let (key, parity) = internal_key.add_tweak(&tweak).map_err(|_| Secp256k1Error::Refuted)?;
    if key.to_byte_array() == *tweaked_key && parity.to_u8() == tweaked_parity {
        Ok(())
    } else {
        Err(Secp256k1Error::Refuted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{keccak256, sha256};
    use ::secp256k1::SecretKey;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    /// Returns the example in go-ethereum's package `crypto`: digest, signature and key.
    fn geth() -> ([u8; 32], [u8; 64], [u8; 64]) {
        (
            bytes("ce0677bb30baa8cf067c88db9811f4333d131bf8bcf12fe7065d211dce971008"),
            bytes(
                "90f27b8b488db00b00606796d2987f6a5f59ae62ea05effe84fef5b8b0e54998\
                 4a691139ad57a3f0b906637673aa2f63d1f55cb1a69199d4009eea23ceaddc93",
            ),
            bytes(
                "e32df42865e97135acfb65f3bae71bdc86f4d49150ad6a440b6f15878109880a\
                 0a2b2667f7e725ceea70c673093bf67663e0312623c8e091b13cf2c0f11ef652",
            ),
        )
    }

    /// Returns the same signature with `n - s`, which flips the parity.
    fn high_s(signature: &[u8; 64]) -> [u8; 64] {
        let (r, s) = signature.split_at(32);
        let s = SecretKey::from_secret_bytes(s.try_into().unwrap()).unwrap();
        [r, &s.negate().to_secret_bytes()].concat().try_into().unwrap()
    }

    #[test]
    fn the_key_recovers_from_either_form_of_s() {
        let (digest, signature, key) = geth();
        assert_eq!(ecdsa_recover(&digest, &signature, 1), Ok(key));
        assert_eq!(ecdsa_recover(&digest, &high_s(&signature), 0), Ok(key));
        assert_ne!(ecdsa_recover(&digest, &signature, 0), Ok(key));
    }

    #[test]
    fn recovery_refuses_what_ecrecover_refuses() {
        let (digest, signature, _) = geth();
        for got in [2, 3, 27, 255] {
            assert_eq!(ecdsa_recover(&digest, &signature, got), Err(Secp256k1Error::RecoveryId { got }));
        }
        let (mut r_zero, mut s_zero, mut s_over) = (signature, signature, signature);
        r_zero[..32].fill(0);
        s_zero[32..].fill(0);
        s_over[32..].fill(0xff);
        assert_eq!(ecdsa_recover(&digest, &r_zero, 0), Err(Secp256k1Error::NoKey));
        assert_eq!(ecdsa_recover(&digest, &s_zero, 0), Err(Secp256k1Error::NoKey));
        assert_eq!(ecdsa_recover(&digest, &s_over, 0), Err(Secp256k1Error::Signature));
    }

    #[test]
    fn verification_takes_every_form_of_key_and_of_s() {
        let (digest, signature, xy) = geth();
        // The last byte of y is even.
        let compressed = [&[2], &xy[..32]].concat();
        let uncompressed = [&[4], &xy[..]].concat();
        let hybrid = [&[6], &xy[..]].concat();
        for key in [compressed, uncompressed, hybrid] {
            assert_eq!(ecdsa_verify(&digest, &signature, &key), Ok(()));
            assert_eq!(ecdsa_verify(&digest, &high_s(&signature), &key), Ok(()));
            assert_eq!(ecdsa_verify(&sha256(b""), &signature, &key), Err(Secp256k1Error::Refuted));
        }
    }

    #[test]
    fn a_key_of_the_wrong_form_is_an_error() {
        let (digest, signature, xy) = geth();
        let wrong_parity = [&[7], &xy[..]].concat();
        let wrong_tag = [&[5], &xy[..]].concat();
        for key in [&[][..], &xy, &wrong_parity, &wrong_tag] {
            assert_eq!(ecdsa_verify(&digest, &signature, key), Err(Secp256k1Error::PublicKey));
        }
    }

    #[test]
    fn a_schnorr_signature_verifies_only_its_message() {
        // BIP-340, vector 0.
        let key = bytes("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
        let signature = bytes(
            "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215\
             25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
        );
        assert_eq!(schnorr_verify(&[0; 32], &signature, &key), Ok(()));
        assert_eq!(schnorr_verify(&keccak256(b""), &signature, &key), Err(Secp256k1Error::Refuted));
        assert_eq!(schnorr_verify(b"", &signature, &key), Err(Secp256k1Error::Refuted));
        assert_eq!(schnorr_verify(&[0; 32], &signature, &[0xff; 32]), Err(Secp256k1Error::PublicKey));
    }
}
