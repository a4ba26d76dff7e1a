//! Scalars and points from seeds, as ffjavascript draws them: snarkjs's files can only be checked with the same ones.
//!
//! A field element is drawn as its Montgomery form (`fromRng` of ffjavascript's `wasm_field1.js`), a point as an x
//! coordinate with a bit for y, multiplied by the cofactor (`wasm_curve.js`).

use super::{
    CeremonyError,
    blake2b::Blake2b,
    point::{Point, uncompressed},
};
use ark_bls12_381::{Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{CurveConfig, CurveGroup};
use ark_ff::{AdditiveGroup, BigInt, Field, Fp, MontBackend, MontConfig, PrimeField, Zero};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use sha2::{Digest, Sha256};

/// The largest exponent of a beacon's iterations: 2^28 hashes take about a minute.
pub const BEACON_EXPONENT_MAX: u8 = 28;

/// Returns the random numbers of a seed: the first 32 bytes of a hash, as eight big-endian words.
pub(super) fn seeded(hash: &[u8; 64]) -> ChaCha20Rng {
    let mut seed = [0; 32];
    for (to, from) in seed.as_chunks_mut::<4>().0.iter_mut().zip(hash.as_chunks::<4>().0) {
        *to = u32::from_be_bytes(*from).to_le_bytes();
    }
    ChaCha20Rng::from_seed(seed)
}

/// Returns random numbers from the system's entropy and a text.
pub(super) fn entropic(text: &str) -> Result<ChaCha20Rng, CeremonyError> {
    let mut bytes = [0; 64];
    getrandom::fill(&mut bytes).map_err(CeremonyError::Entropy)?;
    let mut hasher = Blake2b::new();
    hasher.update(&bytes);
    hasher.update(text.as_bytes());
    Ok(seeded(&hasher.finish()))
}

/// Returns a scalar that nobody could foresee when writing what it checks.
pub(super) fn challenge() -> Result<Fr, CeremonyError> {
    Ok(scalar(&mut entropic("challenge")?))
}

/// Returns the random numbers of a beacon: SHA-256, iterated `2^exponent` times.
pub(super) fn beacon(hash: &[u8], exponent: u8) -> ChaCha20Rng {
    let mut digest: [u8; 32] = Sha256::digest(hash).into();
    for _ in 1..1_u64 << exponent.min(BEACON_EXPONENT_MAX) {
        digest = Sha256::digest(digest).into();
    }
    let mut padded = [0; 64];
    padded[..32].copy_from_slice(&digest);
    seeded(&padded)
}

/// Draws a scalar; it is not zero.
pub(super) fn scalar(rng: &mut ChaCha20Rng) -> Fr {
    loop {
        let scalar: Fr = element(rng);
        if !scalar.is_zero() {
            return scalar;
        }
    }
}

/// Draws a point of G1's subgroup.
pub(super) fn g1(rng: &mut ChaCha20Rng) -> G1Affine {
    point(rng, element, G1Affine::new_unchecked)
}

/// Returns the point of G2 that a hash stands for; nobody knows its logarithm.
pub(super) fn hash_to_g2(hash: &[u8; 64]) -> G2Affine {
    let pair = |rng: &mut ChaCha20Rng| {
        let c0 = element(rng);
        Fq2::new(c0, element(rng))
    };
    point(&mut seeded(hash), pair, G2Affine::new_unchecked)
}

/// Returns the point for a proof of knowledge: the hash of its purpose, the challenge and the statement.
pub(super) fn proof_point(purpose: u8, challenge: &[u8; 64], s: &G1Affine, sx: &G1Affine) -> G2Affine {
    let mut hasher = Blake2b::new();
    hasher.update(&[purpose]);
    hasher.update(challenge);
    hasher.update(&uncompressed(s));
    hasher.update(&uncompressed(sx));
    hash_to_g2(&hasher.finish())
}

fn point<P: Point>(
    rng: &mut ChaCha20Rng,
    coordinate: impl Fn(&mut ChaCha20Rng) -> P::BaseField,
    affine: impl Fn(P::BaseField, P::BaseField) -> P,
) -> P {
    loop {
        let x = coordinate(rng);
        let greatest = rng.next_u32() & 1 == 1;
        let Some(y) = (x.square() * x + P::curve_b()).sqrt() else { continue };
        let point = affine(x, y);
        let point = if point.is_y_negative() == greatest { point } else { affine(x, -y) };
        return times_cofactor(point);
    }
}

/// Multiplies by the cofactor. The curve's own multiplication is made for points of the subgroup, which this is not yet.
fn times_cofactor<P: Point>(point: P) -> P {
    let mut product = P::Group::ZERO;
    for limb in P::Config::COFACTOR.iter().rev() {
        for bit in (0..64).rev() {
            product.double_in_place();
            if limb >> bit & 1 == 1 {
                product += point;
            }
        }
    }
    product.into_affine()
}

/// Draws an element: words of 64 bits from the lowest up, the upper half of each first, until the value is below the
/// modulus.
fn element<F: MontgomeryForm>(rng: &mut ChaCha20Rng) -> F {
    loop {
        if let Some(element) = F::draw(rng) {
            return element;
        }
    }
}

trait MontgomeryForm: PrimeField {
    fn draw(rng: &mut ChaCha20Rng) -> Option<Self>;
}

impl<P: MontConfig<N>, const N: usize> MontgomeryForm for Fp<MontBackend<P, N>, N> {
    fn draw(rng: &mut ChaCha20Rng) -> Option<Self> {
        let mut limbs = [0; N];
        for limb in &mut limbs {
            let high = u64::from(rng.next_u32());
            *limb = high << 32 | u64::from(rng.next_u32());
        }
        let spare_bits = (64 * N as u32).saturating_sub(Self::MODULUS_BIT_SIZE);
        if let Some(top) = limbs.last_mut() {
            *top &= u64::MAX >> spare_bits;
        }
        let value = BigInt(limbs);
        (value < P::MODULUS).then(|| Self::new_unchecked(value))
    }
}
