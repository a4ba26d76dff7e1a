//! Precompiled contracts that the host computes.

use alloc::vec::Vec;

use outrider_sdk::crypto::{self, CheckError};
use revm::precompile::{
    Crypto, DefaultCrypto, PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

/// Makes revm compute by the host.
pub(crate) fn install() {
    // This is set once for a process, which in a guest is an execution; elsewhere a second call changes nothing.
    let _ = revm::install_crypto(HostCrypto);
}

#[derive(Debug)]
struct HostCrypto;

impl Crypto for HostCrypto {
    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        crypto::sha256(input)
    }

    fn ripemd160(&self, input: &[u8]) -> [u8; 32] {
        let mut word = [0; 32];
        if let Some(digest) = word.last_chunk_mut() {
            *digest = crypto::ripemd160(input);
        }
        word
    }

    fn bn254_g1_add(&self, p1: &[u8], p2: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        let (Ok(p1), Ok(p2)) = (p1.try_into(), p2.try_into()) else { return Err(BN254_MALFORMED) };
        crypto::bn254_add(p1, p2).map_err(|_| BN254_MALFORMED)
    }

    fn bn254_g1_mul(&self, point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        let (Ok(point), Ok(scalar)) = (point.try_into(), scalar.try_into()) else {
            return Err(BN254_MALFORMED);
        };
        crypto::bn254_mul(point, scalar).map_err(|_| BN254_MALFORMED)
    }

    fn bn254_pairing_check(&self, pairs: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
        let pairs = pairs.iter().map(|(g1, g2)| [*g1, *g2].concat().try_into());
        let pairs =
            pairs.collect::<Result<Vec<[u8; 192]>, _>>().map_err(|_| PrecompileHalt::Bn254PairLength)?;
        checked(crypto::bn254_pairing_check(&pairs), BN254_MALFORMED)
    }

    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        recovery_id: u8,
        message: &[u8; 32],
    ) -> Result<[u8; 32], PrecompileHalt> {
        let key = crypto::secp256k1_recover(message, signature, recovery_id)
            .map_err(|_| PrecompileHalt::Secp256k1RecoverFailed)?;
        let mut address = crypto::keccak256(&key);
        address[..12].fill(0);
        Ok(address)
    }

    fn modexp(&self, base: &[u8], exponent: &[u8], modulus: &[u8]) -> Result<Vec<u8>, PrecompileHalt> {
        // The host refuses numbers for which only a block with more gas than ever existed could pay.
        crypto::modexp(base, exponent, modulus).or_else(|_| DefaultCrypto.modexp(base, exponent, modulus))
    }

    fn blake2_compress(&self, rounds: u32, h: &mut [u64; 8], m: &[u64; 16], t: &[u64; 2], f: bool) {
        let mut input = Vec::with_capacity(213);
        input.extend(rounds.to_be_bytes());
        input.extend(h.iter().chain(m).chain(t).flat_map(|word| word.to_le_bytes()));
        input.push(f.into());
        // The length is fixed, and the flag was checked, which is all that the host checks.
        let state = input.as_slice().try_into().ok().and_then(|input| crypto::blake2b_compress(input).ok());
        debug_assert!(state.is_some(), "the input has 213 bytes");
        for (word, bytes) in h.iter_mut().zip(state.unwrap_or([0; 64]).as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
    }

    fn secp256r1_verify_signature(&self, message: &[u8; 32], signature: &[u8; 64], key: &[u8; 64]) -> bool {
        crypto::p256_verify(message, signature, key).is_ok()
    }

    fn verify_kzg_proof(
        &self,
        z: &[u8; 32],
        y: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Result<(), PrecompileHalt> {
        crypto::kzg_verify(commitment, z, y, proof).map_err(|_| PrecompileHalt::BlobVerifyKzgProofFailed)
    }

    fn bls12_381_g1_add(&self, a: G1Point, b: G1Point) -> Result<[u8; 96], PrecompileHalt> {
        let sum = crypto::bls12381_g1_add(&pad_g1(&a), &pad_g1(&b)).map_err(|_| G1_MALFORMED)?;
        Ok(unpad(&sum))
    }

    fn bls12_381_g1_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G1PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 96], PrecompileHalt> {
        let term = |(point, scalar): G1PointScalar| join::<128, 32, 160>(&pad_g1(&point), &scalar);
        let terms = pairs.map(|pair| pair.map(term)).collect::<Result<Vec<_>, _>>()?;
        Ok(unpad(&crypto::bls12381_g1_msm(&terms).map_err(|_| G1_MALFORMED)?))
    }

    fn bls12_381_g2_add(&self, a: G2Point, b: G2Point) -> Result<[u8; 192], PrecompileHalt> {
        let sum = crypto::bls12381_g2_add(&pad_g2(&a), &pad_g2(&b)).map_err(|_| G2_MALFORMED)?;
        Ok(unpad(&sum))
    }

    fn bls12_381_g2_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G2PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 192], PrecompileHalt> {
        let term = |(point, scalar): G2PointScalar| join::<256, 32, 288>(&pad_g2(&point), &scalar);
        let terms = pairs.map(|pair| pair.map(term)).collect::<Result<Vec<_>, _>>()?;
        Ok(unpad(&crypto::bls12381_g2_msm(&terms).map_err(|_| G2_MALFORMED)?))
    }

    fn bls12_381_pairing_check(&self, pairs: &[(G1Point, G2Point)]) -> Result<bool, PrecompileHalt> {
        let pair = |(g1, g2): &(G1Point, G2Point)| join::<128, 256, 384>(&pad_g1(g1), &pad_g2(g2));
        let pairs: Vec<_> = pairs.iter().map(pair).collect();
        checked(crypto::bls12381_pairing_check(&pairs), G1_MALFORMED)
    }

    fn bls12_381_fp_to_g1(&self, element: &[u8; 48]) -> Result<[u8; 96], PrecompileHalt> {
        let point =
            crypto::bls12381_map_fp_to_g1(&pad([element])).map_err(|_| PrecompileHalt::NonCanonicalFp)?;
        Ok(unpad(&point))
    }

    fn bls12_381_fp2_to_g2(&self, element: ([u8; 48], [u8; 48])) -> Result<[u8; 192], PrecompileHalt> {
        let element = pad([&element.0, &element.1]);
        Ok(unpad(&crypto::bls12381_map_fp2_to_g2(&element).map_err(|_| PrecompileHalt::NonCanonicalFp)?))
    }
}

/// Converts the result of a claim's check for a precompiled contract.
fn checked(check: Result<(), CheckError>, malformed: PrecompileHalt) -> Result<bool, PrecompileHalt> {
    match check {
        Ok(()) => Ok(true),
        Err(CheckError::Refuted) => Ok(false),
        Err(CheckError::Malformed) => Err(malformed),
    }
}

fn pad_g1((x, y): &G1Point) -> [u8; 128] {
    pad([x, y])
}

fn pad_g2((x_0, x_1, y_0, y_1): &G2Point) -> [u8; 256] {
    pad([x_0, x_1, y_0, y_1])
}

/// Converts field elements of 48 bytes to EIP-2537's form, with 16 zeros before each.
fn pad<const N: usize, const BYTES: usize>(elements: [&[u8; 48]; N]) -> [u8; BYTES] {
    let mut padded = [0; BYTES];
    for (padded, element) in padded.as_chunks_mut::<64>().0.iter_mut().zip(elements) {
        padded[16..].copy_from_slice(element);
    }
    padded
}

/// Removes the zeros before field elements.
fn unpad<const BYTES: usize>(padded: &[u8]) -> [u8; BYTES] {
    let mut elements = [0; BYTES];
    for (element, padded) in elements.as_chunks_mut::<48>().0.iter_mut().zip(padded.as_chunks::<64>().0) {
        element.copy_from_slice(&padded[16..]);
    }
    elements
}

fn join<const A: usize, const B: usize, const AB: usize>(a: &[u8; A], b: &[u8; B]) -> [u8; AB] {
    let mut joined = [0; AB];
    joined.iter_mut().zip(a.iter().chain(b)).for_each(|(joined, byte)| *joined = *byte);
    joined
}

// A contract cannot distinguish the reasons for which the host fails.
const BN254_MALFORMED: PrecompileHalt = PrecompileHalt::Bn254AffineGFailedToCreate;
const G1_MALFORMED: PrecompileHalt = PrecompileHalt::Bls12381G1NotOnCurve;
const G2_MALFORMED: PrecompileHalt = PrecompileHalt::Bls12381G2NotOnCurve;
