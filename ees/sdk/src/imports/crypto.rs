//! The imports of module `crypto`, as safe functions on slices.
//!
//! Those with a result return 0 if the claim holds or the output is written, 1 if the input is well-formed and
//! refuted, 2 if it is malformed.

use alloc::vec::Vec;

/// The imports under their own names.
///
/// The statements about pointers in [`imports`](super) hold here, too. Output is written only if the result is 0.
mod host {
    #[link(wasm_import_module = "crypto")]
    unsafe extern "C" {
        /// Reads `length` bytes at `bytes`, then writes 32 bytes at `out`.
        pub(crate) fn keccak256(bytes: *const u8, length: u32, out: *mut u8);
        /// Reads `length` bytes at `bytes`, then writes 32 bytes at `out`.
        pub(crate) fn sha256(bytes: *const u8, length: u32, out: *mut u8);
        /// Reads `length` bytes at `bytes`, then writes 32 bytes at `out`.
        pub(crate) fn sha512_256(bytes: *const u8, length: u32, out: *mut u8);
        /// Reads `length` bytes at `bytes`, then writes 20 bytes at `out`.
        pub(crate) fn ripemd160(bytes: *const u8, length: u32, out: *mut u8);
        /// Reads 213 bytes at `input`, then writes 64 bytes at `out`.
        #[link_name = "blake2bCompress"]
        pub(crate) fn blake2b_compress(input: *const u8, out: *mut u8) -> u32;
        /// Reads 32 bytes at `digest` and 64 bytes at `signature`, then writes 64 bytes at `out`.
        #[link_name = "secp256k1Recover"]
        pub(crate) fn secp256k1_recover(
            digest: *const u8,
            signature: *const u8,
            recovery_id: u32,
            out: *mut u8,
        ) -> u32;
        /// Reads 32 bytes at `digest`, 64 bytes at `signature` and `public_key_length` bytes at `public_key`.
        #[link_name = "secp256k1Verify"]
        pub(crate) fn secp256k1_verify(
            digest: *const u8,
            signature: *const u8,
            public_key: *const u8,
            public_key_length: u32,
        ) -> u32;
        /// Reads `length` bytes at `message`, 64 bytes at `signature` and 32 bytes at `public_key`.
        #[link_name = "schnorrVerify"]
        pub(crate) fn schnorr_verify(
            message: *const u8,
            length: u32,
            signature: *const u8,
            public_key: *const u8,
        ) -> u32;
        /// Reads 32 bytes each at `tweaked_key`, `internal_key` and `tweak`.
        #[link_name = "secp256k1XonlyTweakAddCheck"]
        pub(crate) fn secp256k1_xonly_tweak_add_check(
            tweaked_key: *const u8,
            tweaked_parity: u32,
            internal_key: *const u8,
            tweak: *const u8,
        ) -> u32;
        /// Reads the operands of the given lengths, then writes `modulus_length` bytes at `out`, which may be the
        /// address of the modulus.
        pub(crate) fn modexp(
            base: *const u8,
            base_length: u32,
            exponent: *const u8,
            exponent_length: u32,
            modulus: *const u8,
            modulus_length: u32,
            out: *mut u8,
        ) -> u32;
        /// Reads 64 bytes at `a` and 64 bytes at `b`, then writes 64 bytes at `out`.
        #[link_name = "bn254Add"]
        pub(crate) fn bn254_add(a: *const u8, b: *const u8, out: *mut u8) -> u32;
        /// Reads 64 bytes at `point` and 32 bytes at `scalar`, then writes 64 bytes at `out`.
        #[link_name = "bn254Mul"]
        pub(crate) fn bn254_mul(point: *const u8, scalar: *const u8, out: *mut u8) -> u32;
        /// Reads `n` times 192 bytes at `pairs`.
        #[link_name = "bn254PairingCheck"]
        pub(crate) fn bn254_pairing_check(pairs: *const u8, n: u32) -> u32;
        /// Reads 128 bytes at `a` and 128 bytes at `b`, then writes 128 bytes at `out`.
        #[link_name = "bls12381G1Add"]
        pub(crate) fn bls12381_g1_add(a: *const u8, b: *const u8, out: *mut u8) -> u32;
        /// Reads 256 bytes at `a` and 256 bytes at `b`, then writes 256 bytes at `out`.
        #[link_name = "bls12381G2Add"]
        pub(crate) fn bls12381_g2_add(a: *const u8, b: *const u8, out: *mut u8) -> u32;
        /// Reads `n` times 160 bytes at `terms`, then writes 128 bytes at `out`.
        #[link_name = "bls12381G1Msm"]
        pub(crate) fn bls12381_g1_msm(terms: *const u8, n: u32, out: *mut u8) -> u32;
        /// Reads `n` times 288 bytes at `terms`, then writes 256 bytes at `out`.
        #[link_name = "bls12381G2Msm"]
        pub(crate) fn bls12381_g2_msm(terms: *const u8, n: u32, out: *mut u8) -> u32;
        /// Reads `n` times 384 bytes at `pairs`.
        #[link_name = "bls12381PairingCheck"]
        pub(crate) fn bls12381_pairing_check(pairs: *const u8, n: u32) -> u32;
        /// Reads 64 bytes at `element`, then writes 128 bytes at `out`.
        #[link_name = "bls12381MapFpToG1"]
        pub(crate) fn bls12381_map_fp_to_g1(element: *const u8, out: *mut u8) -> u32;
        /// Reads 128 bytes at `element`, then writes 256 bytes at `out`.
        #[link_name = "bls12381MapFp2ToG2"]
        pub(crate) fn bls12381_map_fp2_to_g2(element: *const u8, out: *mut u8) -> u32;
        /// Reads 48 bytes at `public_key`, `length` bytes at `message` and 96 bytes at `signature`.
        #[link_name = "blsVerify"]
        pub(crate) fn bls_verify(
            public_key: *const u8,
            message: *const u8,
            length: u32,
            signature: *const u8,
        ) -> u32;
        /// Reads `n` times 48 bytes at `public_keys`, `length` bytes at `message` and 96 bytes at `signature`.
        #[link_name = "blsFastAggregateVerify"]
        pub(crate) fn bls_fast_aggregate_verify(
            public_keys: *const u8,
            n: u32,
            message: *const u8,
            length: u32,
            signature: *const u8,
        ) -> u32;
        /// Reads `n` times 48 bytes at `public_keys`, `n` times 32 bytes at `messages` and 96 bytes at `signature`.
        #[link_name = "blsAggregateVerify"]
        pub(crate) fn bls_aggregate_verify(
            public_keys: *const u8,
            messages: *const u8,
            n: u32,
            signature: *const u8,
        ) -> u32;
        /// Reads `n` times 96 bytes at `signatures`, then writes 96 bytes at `out`.
        #[link_name = "blsAggregate"]
        pub(crate) fn bls_aggregate(signatures: *const u8, n: u32, out: *mut u8) -> u32;
        /// Reads 48 bytes at `commitment`, 32 bytes each at `z` and `y`, and 48 bytes at `proof`.
        #[link_name = "kzgVerify"]
        pub(crate) fn kzg_verify(commitment: *const u8, z: *const u8, y: *const u8, proof: *const u8) -> u32;
        /// Reads 32 bytes at `digest`, 64 bytes at `signature` and 64 bytes at `public_key`.
        #[link_name = "p256Verify"]
        pub(crate) fn p256_verify(digest: *const u8, signature: *const u8, public_key: *const u8) -> u32;
    }
}

pub(crate) fn keccak256(bytes: &[u8], out: &mut [u8; 32]) {
    // SAFETY: `bytes` is as many bytes as the length says, and `out` 32 that are ours to write.
    unsafe { host::keccak256(bytes.as_ptr(), bytes.len() as u32, out.as_mut_ptr()) };
}

pub(crate) fn sha256(bytes: &[u8], out: &mut [u8; 32]) {
    // SAFETY: `bytes` is as many bytes as the length says, and `out` 32 that are ours to write.
    unsafe { host::sha256(bytes.as_ptr(), bytes.len() as u32, out.as_mut_ptr()) };
}

pub(crate) fn sha512_256(bytes: &[u8], out: &mut [u8; 32]) {
    // SAFETY: `bytes` is as many bytes as the length says, and `out` 32 that are ours to write.
    unsafe { host::sha512_256(bytes.as_ptr(), bytes.len() as u32, out.as_mut_ptr()) };
}

pub(crate) fn ripemd160(bytes: &[u8], out: &mut [u8; 20]) {
    // SAFETY: `bytes` is as many bytes as the length says, and `out` 20 that are ours to write.
    unsafe { host::ripemd160(bytes.as_ptr(), bytes.len() as u32, out.as_mut_ptr()) };
}

pub(crate) fn blake2b_compress(input: &[u8; 213], out: &mut [u8; 64]) -> u32 {
    // SAFETY: `input` is 213 bytes, and `out` 64 that are ours to write.
    unsafe { host::blake2b_compress(input.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn secp256k1_recover(
    digest: &[u8; 32],
    signature: &[u8; 64],
    recovery_id: u8,
    out: &mut [u8; 64],
) -> u32 {
    // SAFETY: `digest` is 32 bytes and `signature` 64, and `out` is 64 that are ours to write.
    unsafe {
        host::secp256k1_recover(digest.as_ptr(), signature.as_ptr(), recovery_id.into(), out.as_mut_ptr())
    }
}

pub(crate) fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8]) -> u32 {
    // SAFETY: `digest` is 32 bytes, `signature` 64, and `public_key` as many as the length says.
    unsafe {
        host::secp256k1_verify(
            digest.as_ptr(),
            signature.as_ptr(),
            public_key.as_ptr(),
            public_key.len() as u32,
        )
    }
}

pub(crate) fn schnorr_verify(message: &[u8], signature: &[u8; 64], public_key: &[u8; 32]) -> u32 {
    // SAFETY: `message` is as many bytes as the length says, `signature` 64, and `public_key` 32.
    unsafe {
        host::schnorr_verify(message.as_ptr(), message.len() as u32, signature.as_ptr(), public_key.as_ptr())
    }
}

pub(crate) fn secp256k1_xonly_tweak_add_check(
    tweaked_key: &[u8; 32],
    tweaked_parity: u8,
    internal_key: &[u8; 32],
    tweak: &[u8; 32],
) -> u32 {
    let (tweaked_key, internal_key) = (tweaked_key.as_ptr(), internal_key.as_ptr());
    // SAFETY: both keys and `tweak` are 32 bytes.
    unsafe {
        host::secp256k1_xonly_tweak_add_check(
            tweaked_key,
            tweaked_parity.into(),
            internal_key,
            tweak.as_ptr(),
        )
    }
}

/// Puts the power in the place of the modulus, as it has the same length.
pub(crate) fn modexp(base: &[u8], exponent: &[u8], modulus: &mut [u8]) -> u32 {
    let (base_length, exponent_length, modulus_length) =
        (base.len() as u32, exponent.len() as u32, modulus.len() as u32);
    let out = modulus.as_mut_ptr();
    // SAFETY: all three are as many bytes as the lengths say, and those at `out` are ours to write.
    unsafe {
        host::modexp(base.as_ptr(), base_length, exponent.as_ptr(), exponent_length, out, modulus_length, out)
    }
}

pub(crate) fn bn254_add(a: &[u8; 64], b: &[u8; 64], out: &mut [u8; 64]) -> u32 {
    // SAFETY: `a` and `b` are 64 bytes, and `out` is 64 that are ours to write.
    unsafe { host::bn254_add(a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn bn254_mul(point: &[u8; 64], scalar: &[u8; 32], out: &mut [u8; 64]) -> u32 {
    // SAFETY: `point` is 64 bytes and `scalar` 32, and `out` is 64 that are ours to write.
    unsafe { host::bn254_mul(point.as_ptr(), scalar.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn bn254_pairing_check(pairs: &[[u8; 192]]) -> u32 {
    // SAFETY: `pairs` is as many times 192 bytes as the number says.
    unsafe { host::bn254_pairing_check(pairs.as_ptr().cast(), pairs.len() as u32) }
}

pub(crate) fn bls12381_g1_add(a: &[u8; 128], b: &[u8; 128], out: &mut [u8; 128]) -> u32 {
    // SAFETY: `a` and `b` are 128 bytes, and `out` is 128 that are ours to write.
    unsafe { host::bls12381_g1_add(a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn bls12381_g2_add(a: &[u8; 256], b: &[u8; 256], out: &mut [u8; 256]) -> u32 {
    // SAFETY: `a` and `b` are 256 bytes, and `out` is 256 that are ours to write.
    unsafe { host::bls12381_g2_add(a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn bls12381_g1_msm(terms: &[[u8; 160]], out: &mut [u8; 128]) -> u32 {
    // SAFETY: `terms` is as many times 160 bytes as the number says, and `out` 128 that are ours to write.
    unsafe { host::bls12381_g1_msm(terms.as_ptr().cast(), terms.len() as u32, out.as_mut_ptr()) }
}

pub(crate) fn bls12381_g2_msm(terms: &[[u8; 288]], out: &mut [u8; 256]) -> u32 {
    // SAFETY: `terms` is as many times 288 bytes as the number says, and `out` 256 that are ours to write.
    unsafe { host::bls12381_g2_msm(terms.as_ptr().cast(), terms.len() as u32, out.as_mut_ptr()) }
}

pub(crate) fn bls12381_pairing_check(pairs: &[[u8; 384]]) -> u32 {
    // SAFETY: `pairs` is as many times 384 bytes as the number says.
    unsafe { host::bls12381_pairing_check(pairs.as_ptr().cast(), pairs.len() as u32) }
}

pub(crate) fn bls12381_map_fp_to_g1(element: &[u8; 64], out: &mut [u8; 128]) -> u32 {
    // SAFETY: `element` is 64 bytes, and `out` 128 that are ours to write.
    unsafe { host::bls12381_map_fp_to_g1(element.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn bls12381_map_fp2_to_g2(element: &[u8; 128], out: &mut [u8; 256]) -> u32 {
    // SAFETY: `element` is 128 bytes, and `out` 256 that are ours to write.
    unsafe { host::bls12381_map_fp2_to_g2(element.as_ptr(), out.as_mut_ptr()) }
}

pub(crate) fn bls_verify(public_key: &[u8; 48], message: &[u8], signature: &[u8; 96]) -> u32 {
    // SAFETY: `public_key` is 48 bytes, `message` as many as the length says, and `signature` 96.
    unsafe {
        host::bls_verify(public_key.as_ptr(), message.as_ptr(), message.len() as u32, signature.as_ptr())
    }
}

pub(crate) fn bls_fast_aggregate_verify(
    public_keys: &[[u8; 48]],
    message: &[u8],
    signature: &[u8; 96],
) -> u32 {
    // SAFETY: `public_keys` is as many times 48 bytes as the number says, `message` as many bytes as the
    // length says, and `signature` 96.
    unsafe {
        host::bls_fast_aggregate_verify(
            public_keys.as_ptr().cast(),
            public_keys.len() as u32,
            message.as_ptr(),
            message.len() as u32,
            signature.as_ptr(),
        )
    }
}

pub(crate) fn bls_aggregate_verify(signers: &[([u8; 48], [u8; 32])], signature: &[u8; 96]) -> u32 {
    // The host takes two lists. Copying is nothing beside a pairing for each signer.
    let (public_keys, messages): (Vec<_>, Vec<_>) = signers.iter().copied().unzip();
    // SAFETY: there are as many keys of 48 bytes and messages of 32 as signers, and a signature of 96.
    unsafe {
        host::bls_aggregate_verify(
            public_keys.as_ptr().cast(),
            messages.as_ptr().cast(),
            signers.len() as u32,
            signature.as_ptr(),
        )
    }
}

pub(crate) fn bls_aggregate(signatures: &[[u8; 96]], out: &mut [u8; 96]) -> u32 {
    // SAFETY: `signatures` is as many times 96 bytes as the number says, and `out` 96 that are ours to write.
    unsafe { host::bls_aggregate(signatures.as_ptr().cast(), signatures.len() as u32, out.as_mut_ptr()) }
}

pub(crate) fn kzg_verify(commitment: &[u8; 48], z: &[u8; 32], y: &[u8; 32], proof: &[u8; 48]) -> u32 {
    // SAFETY: `commitment` and `proof` are 48 bytes, `z` and `y` 32.
    unsafe { host::kzg_verify(commitment.as_ptr(), z.as_ptr(), y.as_ptr(), proof.as_ptr()) }
}

pub(crate) fn p256_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8; 64]) -> u32 {
    // SAFETY: `digest` is 32 bytes, `signature` and `public_key` 64.
    unsafe { host::p256_verify(digest.as_ptr(), signature.as_ptr(), public_key.as_ptr()) }
}
