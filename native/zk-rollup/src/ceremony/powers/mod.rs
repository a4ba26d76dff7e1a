//! Powers of tau (phase 1): points of `tau^i`, `alpha * tau^i` and `beta * tau^i` for secrets that nobody knows.

mod contribution;
mod insecure;
mod lagrange;
mod section;

pub use contribution::ContributionReport;
pub use insecure::write_insecure_powers;

use super::{
    CeremonyError,
    binfile::BinFile,
    blake2b::Blake2b,
    error::{Broken, Fault},
    point::{Point, compressed, uncompressed},
    random,
};
use ark_bls12_381::{Fq, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use contribution::Contribution;
use section::scan;
use std::io::{Read, Seek};

/// The largest power: that of the largest ceremony of snarkjs.
const POWER_MAX: u32 = 28;
const KIND: [u8; 4] = *b"ptau";

const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;
const ALPHA_TAU_G1: u32 = 4;
const BETA_TAU_G1: u32 = 5;
const BETA_G2: u32 = 6;
const CONTRIBUTIONS: u32 = 7;
const LAGRANGE: [u32; 4] = [12, 13, 14, 15];

/// Powers of tau that passed all checks of [`Powers::read`], for one size of domain.
#[derive(Debug)]
pub struct Powers {
    /// `tau^i` for i below `2m - 1`, where m is the domain's size.
    pub(super) tau_g1: Vec<G1Affine>,
    pub(super) bases: Bases,
    /// Whether `bases` are Lagrange points, else powers.
    prepared: bool,
    domain_power: u32,
    pub(super) alpha_g1: G1Affine,
    pub(super) beta_g1: G1Affine,
    pub(super) beta_g2: G2Affine,
    report: PowersReport,
}

/// Points for each row of a domain of ark's root of unity.
#[derive(Debug)]
pub(super) struct Bases {
    pub(super) tau_g1: Vec<G1Affine>,
    pub(super) tau_g2: Vec<G2Affine>,
    pub(super) alpha_tau_g1: Vec<G1Affine>,
    pub(super) beta_tau_g1: Vec<G1Affine>,
}

/// The contributions to powers of tau, and how far they were checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PowersReport {
    /// The logarithm of the largest domain of this file.
    pub power: u32,
    /// The same of the ceremony's whole file.
    pub ceremony_power: u32,
    /// The contributions, the first one first.
    pub contributions: Vec<ContributionReport>,
    /// Whether the points were hashed and compared with the last contribution; a truncated file does not allow it.
    pub hashes_checked: bool,
    /// Whether the file has Lagrange points.
    pub prepared: bool,
}

impl PowersReport {
    /// Returns whether a contribution's name marks the file as made of a seed by [`write_insecure_powers`].
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.contributions.iter().any(|contribution| contribution.name.starts_with(insecure::MARK))
    }
}

impl Powers {
    /// Reads a `.ptau` file of snarkjs, and checks all of it but Lagrange points of other domains than
    /// `2^domain_power`, the logarithm of the domain of the circuit. The file is read in pieces of 2^16
    /// points. The points for the domain are kept: 672 bytes a row, and 192 bytes a row more while prepared points are
    /// compared.
    ///
    /// 1. The sections are those of the format, each of the size that follows from the power, and nothing else.
    /// 2. Each point is canonical, on the curve, in the subgroup, and not infinity.
    /// 3. Each contribution follows from the one before: its keys have proofs of knowledge (made for the hash of the
    ///    challenge before), its points are those before times its secrets, and a beacon's key is the beacon's.
    /// 4. The points are the powers of the last contribution's tau, in G1 and G2, and times alpha and beta: by a random
    ///    linear combination and pairings. A false file passes with probability 2^-220.
    /// 5. The last contribution's hash of the points (its response) and of what follows (the next challenge) are those
    ///    of the points; not for a truncated file.
    /// 6. Lagrange points of the domain are those of the powers, by a random linear combination.
    ///
    /// Not checked, as no file has what it takes: hashes of contributions before the last one, and names.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, if a check fails, or if the file has too few powers.
    pub fn read(file: impl Read + Seek, domain_power: u32) -> Result<Self, CeremonyError> {
        let mut file = BinFile::open(file, KIND, 1)?;
        let header = Header::read(&mut file)?;
        if domain_power > header.power {
            return Err(CeremonyError::TooFewPowers { needed: domain_power, available: header.power });
        }
        let prepared = header.check_sections(&file)?;
        let contributions = Contribution::read_all(&mut file)?;
        let hashes_checked = header.power == header.ceremony_power;
        let challenge = contribution::check_chain(&contributions, header.ceremony_power)?;
        let last = contributions.last().ok_or(CeremonyError::PowersWithoutContribution)?;

        let mut hashes = Hashes::new(&challenge, &last.response_hash());
        let mut powers = header.scan(&mut file, last, domain_power, &mut hashes)?;
        if hashes_checked {
            hashes.check(last, contributions.len())?;
        }
        powers.report.hashes_checked = hashes_checked;
        powers.report.contributions = contributions.iter().map(Contribution::report).collect();
        if prepared {
            powers.read_prepared(&mut file)?;
        }
        powers.report.prepared = prepared;
        Ok(powers)
    }

    /// Returns the contributions and how far they were checked.
    #[must_use]
    pub fn report(&self) -> &PowersReport {
        &self.report
    }

    /// Returns the logarithm of the domain's size.
    #[must_use]
    pub fn domain_power(&self) -> u32 {
        self.domain_power
    }
}

#[derive(Clone, Copy, Debug)]
struct Header {
    power: u32,
    ceremony_power: u32,
}

impl Header {
    fn read(file: &mut BinFile<impl Read + Seek>) -> Result<Self, CeremonyError> {
        let mut section = file.section(HEADER)?;
        let start = section.position();
        let modulus_bytes = section.u32(file)?;
        let bn254 = modulus_bytes == 32;
        if modulus_bytes != 48 || section.take::<48>(file)? != Fq::MODULUS.to_bytes_le()[..] {
            return Err(file.fault(HEADER, start, Fault::Curve { bn254 }));
        }
        let position = section.position();
        let (power, ceremony_power) = (section.u32(file)?, section.u32(file)?);
        if !(1..=ceremony_power).contains(&power) || ceremony_power > POWER_MAX {
            return Err(file.fault(HEADER, position, Fault::Power));
        }
        section.all(file)?;
        Ok(Self { power, ceremony_power })
    }

    /// Checks that all sections are there with their sizes; returns whether the Lagrange points are.
    fn check_sections(self, file: &BinFile<impl Read + Seek>) -> Result<bool, CeremonyError> {
        file.only(|number| (HEADER..=CONTRIBUTIONS).contains(&number) || LAGRANGE.contains(&number))?;
        let points = 1_u64 << self.power;
        let (g1, g2) = (G1Affine::BYTES as u64, G2Affine::BYTES as u64);
        file.sized(TAU_G1, (2 * points - 1) * g1)?;
        file.sized(TAU_G2, points * g2)?;
        file.sized(ALPHA_TAU_G1, points * g1)?;
        file.sized(BETA_TAU_G1, points * g1)?;
        file.sized(BETA_G2, g2)?;
        let found = LAGRANGE.iter().filter(|number| file.has(**number)).count();
        if found == 0 {
            return Ok(false);
        }
        if found < LAGRANGE.len() {
            return Err(file.fault(LAGRANGE[0], 0, Fault::PartlyPrepared));
        }
        for (number, size) in LAGRANGE.into_iter().zip([g1, g2, g1, g1]) {
            // One set of each power of two, and one more of the longer section.
            let sets = if number == LAGRANGE[0] { 4 * points - 1 } else { 2 * points - 1 };
            file.sized(number, sets * size)?;
        }
        Ok(true)
    }

    fn scan(
        self,
        file: &mut BinFile<impl Read + Seek>,
        last: &Contribution,
        domain_power: u32,
        hashes: &mut Hashes,
    ) -> Result<Powers, CeremonyError> {
        let (n, m) = (1_usize << self.power, 1_usize << domain_power);
        let generators = (G1Affine::generator(), G2Affine::generator());
        let in_g1 = (generators.1, last.points.tau_g2);

        let tau_g1 = scan::<G1Affine>(file, TAU_G1, 2 * n - 1, 2 * m - 1, hashes)?;
        tau_g1.check(file.id(TAU_G1), generators.0, Some(last.points.tau_g1), in_g1)?;
        let tau_g2 = scan::<G2Affine>(file, TAU_G2, n, m, hashes)?;
        let in_g2 = (generators.0, last.points.tau_g1);
        tau_g2.check(file.id(TAU_G2), generators.1, Some(last.points.tau_g2), in_g2)?;
        let alpha_tau_g1 = scan::<G1Affine>(file, ALPHA_TAU_G1, n, m, hashes)?;
        alpha_tau_g1.check(file.id(ALPHA_TAU_G1), last.points.alpha_g1, None, in_g1)?;
        let beta_tau_g1 = scan::<G1Affine>(file, BETA_TAU_G1, n, m, hashes)?;
        beta_tau_g1.check(file.id(BETA_TAU_G1), last.points.beta_g1, None, in_g1)?;

        let beta_g2 = file.section(BETA_G2)?.point::<G2Affine>(file)?;
        hashes.update(&[beta_g2]);
        if beta_g2 != last.points.beta_g2 {
            return Err(CeremonyError::Powers { section: file.id(BETA_G2), broken: Broken::First });
        }
        let report = PowersReport {
            power: self.power,
            ceremony_power: self.ceremony_power,
            contributions: Vec::new(),
            hashes_checked: false,
            prepared: false,
        };
        Ok(Powers {
            bases: Bases {
                tau_g1: tau_g1.kept.get(..m).unwrap_or_default().to_vec(),
                tau_g2: tau_g2.kept,
                alpha_tau_g1: alpha_tau_g1.kept,
                beta_tau_g1: beta_tau_g1.kept,
            },
            tau_g1: tau_g1.kept,
            prepared: false,
            domain_power,
            alpha_g1: last.points.alpha_g1,
            beta_g1: last.points.beta_g1,
            beta_g2,
            report,
        })
    }
}

/// The two hashes over all points: of the last contribution's response, and of the challenge that follows it.
struct Hashes {
    response: Blake2b,
    challenge: Blake2b,
}

impl Hashes {
    fn new(challenge_before: &[u8; 64], response_hash: &[u8; 64]) -> Self {
        let (mut response, mut challenge) = (Blake2b::new(), Blake2b::new());
        response.update(challenge_before);
        challenge.update(response_hash);
        Self { response, challenge }
    }

    fn update<P: Point>(&mut self, points: &[P]) {
        use rayon::prelude::*;
        self.response.update(&points.par_iter().flat_map_iter(compressed).collect::<Vec<_>>());
        self.challenge.update(&points.par_iter().flat_map_iter(uncompressed).collect::<Vec<_>>());
    }

    fn check(self, last: &Contribution, number: usize) -> Result<(), CeremonyError> {
        if self.response.same_state(&last.partial_hash) && self.challenge.finish() == last.next_challenge {
            return Ok(());
        }
        Err(last.broken(number, Broken::Challenge))
    }
}

/// Returns the challenge of the first contribution: the hash of a file of generators only.
fn first_challenge(power: u32) -> [u8; 64] {
    const AT_ONCE: usize = 1024;
    let g1 = uncompressed(&G1Affine::generator()).repeat(AT_ONCE);
    let g2 = uncompressed(&G2Affine::generator()).repeat(AT_ONCE);
    let mut hasher = Blake2b::new();
    hasher.update(&Blake2b::digest(&[]));
    let mut repeat = |generators: &[u8], count: usize| {
        let point = generators.len() / AT_ONCE;
        for _ in 0..count / AT_ONCE {
            hasher.update(generators);
        }
        hasher.update(generators.get(..count % AT_ONCE * point).unwrap_or_default());
    };
    let n = 1_usize << power;
    repeat(&g1, 2 * n - 1);
    repeat(&g2, n);
    repeat(&g1, n);
    repeat(&g1, n);
    repeat(&g2, 1);
    hasher.finish()
}

/// Returns whether `b` is to `a` as `d` is to `c`; none is infinity.
pub(super) fn same_ratio(a: G1Affine, b: G1Affine, c: G2Affine, d: G2Affine) -> bool {
    use ark_ec::pairing::Pairing;
    if a.is_zero() || b.is_zero() || c.is_zero() || d.is_zero() {
        return false;
    }
    ark_bls12_381::Bls12_381::multi_pairing([a, -b], [d, c]).0 == ark_ff::One::one()
}

/// Returns the successive powers of a random scalar.
fn random_powers() -> Result<(ark_bls12_381::Fr, impl Iterator<Item = ark_bls12_381::Fr>), CeremonyError> {
    let random = random::challenge()?;
    let one = ark_ff::One::one();
    Ok((random, std::iter::successors(Some(one), move |power| Some(random * power))))
}
