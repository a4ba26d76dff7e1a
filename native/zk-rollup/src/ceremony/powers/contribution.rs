//! Contributions to powers of tau: section 7 of the file, and their chain.

use super::{CONTRIBUTIONS, first_challenge, same_ratio};
use crate::ceremony::{
    CeremonyError,
    binfile::{BinFile, Cursor},
    blake2b::{Blake2b, PARTIAL_BYTES},
    error::{Broken, Fault},
    point::uncompressed,
    random,
    transcript::{Beacon, Parameters, contribution_count},
};
use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::CurveGroup;
use rand_chacha::ChaCha20Rng;
use std::io::{Read, Seek};

/// The description of a contribution by itself; the name is not covered by any hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContributionReport {
    /// The name that its author gave.
    pub name: String,
    /// Whether it is a public beacon rather than somebody's secret.
    pub is_beacon: bool,
    /// The hash of its response (BLAKE2b), which its author can attest; checked of the last contribution only.
    pub response_hash: [u8; 64],
    /// The hash of the file after it, the next one's challenge.
    pub next_challenge: [u8; 64],
}

/// The points by which a contribution is linked with its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LinkPoints {
    pub(super) tau_g1: G1Affine,
    pub(super) tau_g2: G2Affine,
    pub(super) alpha_g1: G1Affine,
    pub(super) beta_g1: G1Affine,
    pub(super) beta_g2: G2Affine,
}

/// The public key of one secret: a point of G1, that point times the secret, and a point of G2 times the secret, which
/// follows from the challenge and the first two. It is a proof that its author knew the secret.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SecretKeyProof {
    pub(super) s: G1Affine,
    pub(super) sx: G1Affine,
    pub(super) spx: G2Affine,
}

#[derive(Clone, Debug)]
pub(super) struct Contribution {
    pub(super) points: LinkPoints,
    /// Of tau, alpha and beta.
    pub(super) keys: [SecretKeyProof; 3],
    /// The hash of the response up to the keys.
    pub(super) partial_hash: Blake2b,
    pub(super) next_challenge: [u8; 64],
    parameters: Parameters,
}

impl Contribution {
    pub(super) fn new(
        points: LinkPoints,
        keys: [SecretKeyProof; 3],
        partial_hash: Blake2b,
        name: &str,
    ) -> Self {
        let parameters = Parameters { name: name.into(), beacon: None };
        Self { points, keys, partial_hash, next_challenge: [0; 64], parameters }
    }

    pub(super) fn read_all(file: &mut BinFile<impl Read + Seek>) -> Result<Vec<Self>, CeremonyError> {
        let mut section = file.section(CONTRIBUTIONS)?;
        let count = contribution_count(file, CONTRIBUTIONS, &mut section)?;
        let mut contributions = Vec::new();
        for _ in 0..count {
            contributions.push(Self::read(file, &mut section)?);
        }
        section.all(file)?;
        Ok(contributions)
    }

    fn read(file: &mut BinFile<impl Read + Seek>, section: &mut Cursor) -> Result<Self, CeremonyError> {
        let points = LinkPoints {
            tau_g1: section.point(file)?,
            tau_g2: section.point(file)?,
            alpha_g1: section.point(file)?,
            beta_g1: section.point(file)?,
            beta_g2: section.point(file)?,
        };
        let (mut s, mut spx) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            s.push((section.point(file)?, section.point(file)?));
        }
        for _ in 0..3 {
            spx.push(section.point(file)?);
        }
        let key = |i: usize| SecretKeyProof { s: s[i].0, sx: s[i].1, spx: spx[i] };
        let keys = [key(0), key(1), key(2)];
        let position = section.position();
        let partial_hash = Blake2b::from_partial(&section.take::<PARTIAL_BYTES>(file)?)
            .ok_or_else(|| file.fault(CONTRIBUTIONS, position, Fault::PartialHash))?;
        let next_challenge = section.take(file)?;
        let parameters = Parameters::read(file, CONTRIBUTIONS, section)?;
        Ok(Self { points, keys, partial_hash, next_challenge, parameters })
    }

    /// Appends the contribution as [`Self::read`] reads it.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        use crate::ceremony::point::write;
        write(&self.points.tau_g1, to);
        write(&self.points.tau_g2, to);
        write(&self.points.alpha_g1, to);
        write(&self.points.beta_g1, to);
        write(&self.points.beta_g2, to);
        for key in &self.keys {
            write(&key.s, to);
            write(&key.sx, to);
        }
        self.keys.iter().for_each(|key| write(&key.spx, to));
        to.extend(self.partial_hash.to_partial());
        to.extend(self.next_challenge);
        self.parameters.write(to);
    }

    pub(super) fn response_hash(&self) -> [u8; 64] {
        let mut hasher = self.partial_hash.clone();
        for key in &self.keys {
            hasher.update(&uncompressed(&key.s));
            hasher.update(&uncompressed(&key.sx));
        }
        self.keys.iter().for_each(|key| hasher.update(&uncompressed(&key.spx)));
        hasher.finish()
    }

    pub(super) fn report(&self) -> ContributionReport {
        ContributionReport {
            name: self.parameters.name.clone(),
            is_beacon: self.parameters.beacon.is_some(),
            response_hash: self.response_hash(),
            next_challenge: self.next_challenge,
        }
    }

    pub(super) fn broken(&self, number: usize, broken: Broken) -> CeremonyError {
        CeremonyError::Contribution { number, name: self.parameters.name.clone(), broken }
    }

    /// Checks that the contribution follows from the points and the challenge before it.
    fn check(&self, before: &LinkPoints, challenge: &[u8; 64]) -> Result<(), Broken> {
        if let Some(Beacon { hash, exponent }) = &self.parameters.beacon {
            let (_, keys) = new_keys(&mut random::beacon(hash, *exponent), challenge);
            if keys != self.keys {
                return Err(Broken::BeaconKey);
            }
        }
        let mut proof_points = [G2Affine::zero(); 3];
        for ((key, purpose), to) in self.keys.iter().zip(0..).zip(&mut proof_points) {
            *to = random::proof_point(purpose, challenge, &key.s, &key.sx);
            if !same_ratio(key.s, key.sx, *to, key.spx) {
                return Err(Broken::Knowledge);
            }
        }
        let ([tau, alpha, beta], [tau_sp, alpha_sp, beta_sp]) = (self.keys, proof_points);
        let now = &self.points;
        let follows = same_ratio(before.tau_g1, now.tau_g1, tau_sp, tau.spx)
            && same_ratio(tau.s, tau.sx, before.tau_g2, now.tau_g2)
            && same_ratio(before.alpha_g1, now.alpha_g1, alpha_sp, alpha.spx)
            && same_ratio(before.beta_g1, now.beta_g1, beta_sp, beta.spx)
            && same_ratio(beta.s, beta.sx, before.beta_g2, now.beta_g2);
        if follows { Ok(()) } else { Err(Broken::Step) }
    }
}

/// Checks each contribution against the one before it; returns the challenge of the last one.
pub(super) fn check_chain(
    contributions: &[Contribution],
    ceremony_power: u32,
) -> Result<[u8; 64], CeremonyError> {
    if contributions.is_empty() {
        return Err(CeremonyError::PowersWithoutContribution);
    }
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let mut before = &LinkPoints { tau_g1: g1, tau_g2: g2, alpha_g1: g1, beta_g1: g1, beta_g2: g2 };
    let mut next = first_challenge(ceremony_power);
    let mut challenge = next;
    for (contribution, number) in contributions.iter().zip(1..) {
        challenge = next;
        contribution.check(before, &challenge).map_err(|broken| contribution.broken(number, broken))?;
        before = &contribution.points;
        next = contribution.next_challenge;
    }
    Ok(challenge)
}

/// Draws secrets for tau, alpha and beta, and makes their keys for a challenge.
pub(super) fn new_keys(
    rng: &mut ChaCha20Rng,
    challenge: &[u8; 64],
) -> ([ark_bls12_381::Fr; 3], [SecretKeyProof; 3]) {
    let secrets = [(); 3].map(|()| random::scalar(rng));
    let mut purpose = 0;
    let keys = secrets.map(|secret| {
        let s = random::g1(rng);
        let sx = (s * secret).into_affine();
        let spx = (random::proof_point(purpose, challenge, &s, &sx) * secret).into_affine();
        purpose += 1;
        SecretKeyProof { s, sx, spx }
    });
    (secrets, keys)
}
