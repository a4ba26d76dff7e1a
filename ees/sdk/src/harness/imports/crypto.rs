//! The imports of module `crypto`, as safe functions on slices: the harness's side.
//!
//! The host uses `outrider-crypto`, too, and neither side adds any behaviour. Keccak-256, SHA-256 and SHA-512/256 are
//! always available, because the trees of the witness crate use them; the others come with the feature of their group.

use outrider_witness::{Hasher as _, Keccak256, Sha256, Sha512_256};

pub(crate) fn keccak256(bytes: &[u8], out: &mut [u8; 32]) {
    *out = Keccak256::hash(bytes).0;
}

pub(crate) fn sha256(bytes: &[u8], out: &mut [u8; 32]) {
    *out = Sha256::hash(bytes).0;
}

pub(crate) fn sha512_256(bytes: &[u8], out: &mut [u8; 32]) {
    *out = Sha512_256::hash(bytes).0;
}

/// Makes the imports of a group: functions that compute with its feature and, without it, panic with its name.
macro_rules! group {
    ($feature:literal { $($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)* }) => {
        $(
            $(#[$doc])*
            #[cfg(feature = $feature)]
            pub(crate) fn $name($($arg: $type),*) $(-> $result)? $body

            #[cfg(not(feature = $feature))]
            pub(crate) fn $name($(_: $type),*) $(-> $result)? {
                is_off(stringify!($name), $feature)
            }
        )*
    };
}

group!("hash" {
    fn ripemd160(bytes: &[u8], out: &mut [u8; 20]) {
        *out = outrider_crypto::hash::ripemd160(bytes);
    }

    fn blake2b_compress(input: &[u8; 213], out: &mut [u8; 64]) -> u32 {
        answer(out, outrider_crypto::blake2b::compress(input))
    }
});

group!("secp256k1" {
    fn secp256k1_recover(
        digest: &[u8; 32],
        signature: &[u8; 64],
        recovery_id: u8,
        out: &mut [u8; 64],
    ) -> u32 {
        answer(out, outrider_crypto::secp256k1::ecdsa_recover(digest, signature, recovery_id))
    }

    fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8]) -> u32 {
        verdict(outrider_crypto::secp256k1::ecdsa_verify(digest, signature, public_key))
    }

    fn schnorr_verify(message: &[u8], signature: &[u8; 64], public_key: &[u8; 32]) -> u32 {
        verdict(outrider_crypto::secp256k1::schnorr_verify(message, signature, public_key))
    }

    fn secp256k1_xonly_tweak_add_check(
        tweaked_key: &[u8; 32],
        tweaked_parity: u8,
        internal_key: &[u8; 32],
        tweak: &[u8; 32],
    ) -> u32 {
        let check = outrider_crypto::secp256k1::xonly_tweak_add_check;
        verdict(check(tweaked_key, tweaked_parity, internal_key, tweak))
    }
});

group!("modexp" {
    /// Writes the result over the modulus, which has the same length.
    fn modexp(base: &[u8], exponent: &[u8], modulus: &mut [u8]) -> u32 {
        let power = outrider_crypto::modexp::modexp(base, exponent, modulus);
        verdict(power.map(|power| modulus.copy_from_slice(&power)))
    }
});

group!("bn254" {
    fn bn254_add(a: &[u8; 64], b: &[u8; 64], out: &mut [u8; 64]) -> u32 {
        answer(out, outrider_crypto::bn254::add(a, b))
    }

    fn bn254_mul(point: &[u8; 64], scalar: &[u8; 32], out: &mut [u8; 64]) -> u32 {
        answer(out, outrider_crypto::bn254::mul(point, scalar))
    }

    fn bn254_pairing_check(pairs: &[[u8; 192]]) -> u32 {
        verdict(outrider_crypto::bn254::pairing_check(pairs))
    }
});

group!("bls12-381" {
    fn bls12381_g1_add(a: &[u8; 128], b: &[u8; 128], out: &mut [u8; 128]) -> u32 {
        answer(out, outrider_crypto::bls12_381::g1_add(a, b))
    }

    fn bls12381_g2_add(a: &[u8; 256], b: &[u8; 256], out: &mut [u8; 256]) -> u32 {
        answer(out, outrider_crypto::bls12_381::g2_add(a, b))
    }

    fn bls12381_g1_msm(terms: &[[u8; 160]], out: &mut [u8; 128]) -> u32 {
        answer(out, outrider_crypto::bls12_381::g1_msm(terms))
    }

    fn bls12381_g2_msm(terms: &[[u8; 288]], out: &mut [u8; 256]) -> u32 {
        answer(out, outrider_crypto::bls12_381::g2_msm(terms))
    }

    fn bls12381_pairing_check(pairs: &[[u8; 384]]) -> u32 {
        verdict(outrider_crypto::bls12_381::pairing_check(pairs))
    }

    fn bls12381_map_fp_to_g1(element: &[u8; 64], out: &mut [u8; 128]) -> u32 {
        answer(out, outrider_crypto::bls12_381::map_fp_to_g1(element))
    }

    fn bls12381_map_fp2_to_g2(element: &[u8; 128], out: &mut [u8; 256]) -> u32 {
        answer(out, outrider_crypto::bls12_381::map_fp2_to_g2(element))
    }

    fn bls_verify(public_key: &[u8; 48], message: &[u8], signature: &[u8; 96]) -> u32 {
        verdict(outrider_crypto::bls_signature::verify(public_key, message, signature))
    }

    fn bls_fast_aggregate_verify(
        public_keys: &[[u8; 48]],
        message: &[u8],
        signature: &[u8; 96],
    ) -> u32 {
        verdict(outrider_crypto::bls_signature::fast_aggregate_verify(public_keys, message, signature))
    }

    fn bls_aggregate_verify(signers: &[([u8; 48], [u8; 32])], signature: &[u8; 96]) -> u32 {
        let signers: alloc::vec::Vec<_> = signers.iter().map(|(key, message)| (*key, &message[..])).collect();
        verdict(outrider_crypto::bls_signature::aggregate_verify(&signers, signature))
    }

    fn bls_aggregate(signatures: &[[u8; 96]], out: &mut [u8; 96]) -> u32 {
        answer(out, outrider_crypto::bls_signature::aggregate(signatures))
    }

    fn kzg_verify(commitment: &[u8; 48], z: &[u8; 32], y: &[u8; 32], proof: &[u8; 48]) -> u32 {
        verdict(outrider_crypto::kzg::verify(commitment, z, y, proof))
    }
});

group!("p256" {
    fn p256_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8; 64]) -> u32 {
        verdict(outrider_crypto::p256::ecdsa_verify(digest, signature, public_key))
    }
});

/// Ends a call of a function whose group is not compiled in.
#[allow(dead_code, reason = "unused if all groups are compiled in")]
fn is_off(function: &str, feature: &str) -> ! {
    panic!(
        "outside of wasm, `crypto::{function}` needs the feature `{feature}` of outrider-sdk: \
         `outrider-sdk = {{ .., features = [\"{feature}\"] }}`"
    )
}

/// Writes a result, if there is one.
#[cfg(any(feature = "bls12-381", feature = "bn254", feature = "hash", feature = "secp256k1"))]
fn answer<const N: usize>(
    out: &mut [u8; N],
    result: Result<[u8; N], impl Into<outrider_crypto::Verdict>>,
) -> u32 {
    verdict(result.map(|bytes| *out = bytes))
}

#[cfg(any(
    feature = "bls12-381",
    feature = "bn254",
    feature = "hash",
    feature = "modexp",
    feature = "p256",
    feature = "secp256k1"
))]
fn verdict(result: Result<(), impl Into<outrider_crypto::Verdict>>) -> u32 {
    result.map_or_else(Into::into, |()| outrider_crypto::Verdict::Holds) as u32
}
