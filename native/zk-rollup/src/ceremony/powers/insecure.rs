//! Powers of tau from a seed, for tests and measurements: whoever knows the seed can forge proofs.

use super::{
    ALPHA_TAU_G1, BETA_G2, BETA_TAU_G1, CONTRIBUTIONS, HEADER, Hashes, KIND, POWER_MAX, TAU_G1, TAU_G2,
    contribution::{Contribution, LinkPoints, new_keys},
    first_challenge,
};
use crate::ceremony::{
    CeremonyError,
    binfile::{self, points},
    blake2b::Blake2b,
    random,
};
use ark_bls12_381::{Fq, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup, scalar_mul::BatchMulPreprocessing};
use ark_ff::{BigInteger, Field, PrimeField};
use std::io::Write;

/// The beginning of the only contribution's name.
pub(super) const MARK: &str = "INSECURE";

/// Writes powers of tau of one contribution, whose secrets follow from a seed. They pass all checks, and are marked by
/// the contribution's name ([`super::PowersReport::is_insecure`]). All points are in memory,
/// and twice when they are written: some 1.3 kB times `2^power`.
///
/// # Errors
///
/// Fails if the power is not between 1 and 28, or if writing fails.
pub fn write_insecure_powers(power: u32, seed: &[u8], to: impl Write) -> Result<(), CeremonyError> {
    if !(1..=POWER_MAX).contains(&power) {
        return Err(CeremonyError::TooFewPowers { needed: power, available: POWER_MAX });
    }
    let challenge = first_challenge(power);
    let ([tau, alpha, beta], keys) = new_keys(&mut random::seeded(&Blake2b::digest(seed)), &challenge);
    let n = 1_usize << power;
    let powers: Vec<Fr> =
        std::iter::successors(Some(Fr::ONE), |power| Some(tau * power)).take(2 * n - 1).collect();
    let times = |factor: Fr| powers.iter().take(n).map(|power| factor * power).collect::<Vec<_>>();
    let g1 = BatchMulPreprocessing::new(G1Projective::generator(), 5 * n);
    let tau_g1 = g1.batch_mul(&powers);
    let tau_g2 = BatchMulPreprocessing::new(G2Projective::generator(), n).batch_mul(&times(Fr::ONE));
    let alpha_tau_g1 = g1.batch_mul(&times(alpha));
    let beta_tau_g1 = g1.batch_mul(&times(beta));
    let beta_g2 = (G2Affine::generator() * beta).into_affine();

    let link = LinkPoints {
        tau_g1: (G1Affine::generator() * tau).into_affine(),
        tau_g2: (G2Affine::generator() * tau).into_affine(),
        alpha_g1: (G1Affine::generator() * alpha).into_affine(),
        beta_g1: (G1Affine::generator() * beta).into_affine(),
        beta_g2,
    };
    let hashed = |hashes: &mut Hashes| {
        hashes.update(&tau_g1);
        hashes.update(&tau_g2);
        hashes.update(&alpha_tau_g1);
        hashes.update(&beta_tau_g1);
        hashes.update(&[beta_g2]);
    };
    // The next challenge begins with the hash of the response, so the points are hashed twice.
    let mut hashes = Hashes::new(&challenge, &[0; 64]);
    hashed(&mut hashes);
    let name = format!("{MARK}: everybody knows the seed");
    let mut contribution = Contribution::new(link, keys, hashes.response, &name);
    let mut hashes = Hashes::new(&challenge, &contribution.response_hash());
    hashed(&mut hashes);
    contribution.next_challenge = hashes.challenge.finish();

    let mut header = 48_u32.to_le_bytes().to_vec();
    header.extend(Fq::MODULUS.to_bytes_le());
    header.extend([power.to_le_bytes(), power.to_le_bytes()].concat());
    let mut contributions = 1_u32.to_le_bytes().to_vec();
    contribution.write(&mut contributions);
    let sections = [
        (HEADER, header),
        (TAU_G1, points(&tau_g1)),
        (TAU_G2, points(&tau_g2)),
        (ALPHA_TAU_G1, points(&alpha_tau_g1)),
        (BETA_TAU_G1, points(&beta_tau_g1)),
        (BETA_G2, points(&[beta_g2])),
        (CONTRIBUTIONS, contributions),
    ];
    binfile::write(to, KIND, &sections)
}
