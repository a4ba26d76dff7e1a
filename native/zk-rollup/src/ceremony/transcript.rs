//! Contributions to delta (phase 2), and the chain of their proofs, as snarkjs has them in section 10 of a `.zkey`.

use super::{
    CeremonyError,
    binfile::{BinFile, Cursor},
    blake2b::Blake2b,
    error::{Broken, Fault},
    point::{self, uncompressed},
    powers::same_ratio,
    random::{self, BEACON_EXPONENT_MAX},
};
use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use rand_chacha::ChaCha20Rng;
use std::io::{Read, Seek};

/// Characters of a contributor's name; snarkjs takes as many.
const NAME_CHARACTERS: usize = 63;

/// The most contributions to powers or to a key: each takes some 20 ms to check. Large ceremonies had hundreds.
pub const CONTRIBUTIONS_MAX: u32 = 1024;

/// All contributions to a key, the first one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// The hash of the key before any contribution.
    circuit_hash: [u8; 64],
    contributions: Vec<DeltaContribution>,
}

/// A contribution: delta times a secret, with a proof that its author knew the secret.
#[derive(Clone, Debug, PartialEq)]
pub struct DeltaContribution {
    delta_after: G1Affine,
    s: G1Affine,
    sx: G1Affine,
    /// The point of G2 that the transcript stands for, times the secret.
    spx: G2Affine,
    /// The hash of all before, of `s` and of `sx`.
    transcript: [u8; 64],
    parameters: Parameters,
}

impl DeltaContribution {
    /// Returns the name that its author gave; no hash covers it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parameters.name
    }

    /// Returns whether it is a public beacon rather than somebody's secret.
    #[must_use]
    pub fn is_beacon(&self) -> bool {
        self.parameters.beacon.is_some()
    }

    /// Returns the hash that its author can attest, the one that snarkjs prints.
    #[must_use]
    pub fn hash(&self) -> [u8; 64] {
        let mut hasher = Blake2b::new();
        self.hash_into(&mut hasher);
        hasher.finish()
    }

    fn hash_into(&self, hasher: &mut Blake2b) {
        hasher.update(&uncompressed(&self.delta_after));
        hasher.update(&uncompressed(&self.s));
        hasher.update(&uncompressed(&self.sx));
        hasher.update(&uncompressed(&self.spx));
        hasher.update(&self.transcript);
    }

    fn check(&self, before: G1Affine, mut hasher: Blake2b) -> Result<(), Broken> {
        hasher.update(&uncompressed(&self.s));
        hasher.update(&uncompressed(&self.sx));
        if hasher.finish() != self.transcript {
            return Err(Broken::Transcript);
        }
        let sp = random::hash_to_g2(&self.transcript);
        if !same_ratio(self.s, self.sx, sp, self.spx) {
            return Err(Broken::Knowledge);
        }
        if !same_ratio(before, self.delta_after, sp, self.spx) {
            return Err(Broken::Step);
        }
        if let Some(beacon) = &self.parameters.beacon {
            let mut rng = random::beacon(&beacon.hash, beacon.exponent);
            let secret = random::scalar(&mut rng);
            let s = random::g1(&mut rng);
            if (self.s, self.sx) != (s, (s * secret).into_affine()) {
                return Err(Broken::BeaconKey);
            }
        }
        Ok(())
    }
}

impl Transcript {
    pub(super) fn new(circuit_hash: [u8; 64]) -> Self {
        Self { circuit_hash, contributions: Vec::new() }
    }

    /// Returns the hash of the key before any contribution.
    #[must_use]
    pub fn circuit_hash(&self) -> [u8; 64] {
        self.circuit_hash
    }

    /// Returns the contributions, the first one first.
    #[must_use]
    pub fn contributions(&self) -> &[DeltaContribution] {
        &self.contributions
    }

    /// Draws a secret and appends its contribution; returns the secret.
    pub(super) fn contribute(&mut self, delta_before: G1Affine, name: &str, rng: &mut ChaCha20Rng) -> Fr {
        let secret = random::scalar(rng);
        let s = random::g1(rng);
        let sx = (s * secret).into_affine();
        let mut hasher = self.hasher();
        hasher.update(&uncompressed(&s));
        hasher.update(&uncompressed(&sx));
        let transcript = hasher.finish();
        let spx = (random::hash_to_g2(&transcript) * secret).into_affine();
        let name = name.chars().take(NAME_CHARACTERS).collect();
        let parameters = Parameters { name, beacon: None };
        let delta_after = (delta_before * secret).into_affine();
        self.contributions.push(DeltaContribution { delta_after, s, sx, spx, transcript, parameters });
        secret
    }

    /// Checks each contribution against the one before; returns the last one's delta.
    pub(super) fn check(&self) -> Result<G1Affine, CeremonyError> {
        let mut hasher = Blake2b::new();
        hasher.update(&self.circuit_hash);
        let mut delta = G1Affine::generator();
        for (contribution, number) in self.contributions.iter().zip(1..) {
            contribution.check(delta, hasher.clone()).map_err(|broken| CeremonyError::Contribution {
                number,
                name: contribution.parameters.name.clone(),
                broken,
            })?;
            contribution.hash_into(&mut hasher);
            delta = contribution.delta_after;
        }
        if self.contributions.is_empty() { Err(CeremonyError::KeyWithoutContribution) } else { Ok(delta) }
    }

    fn hasher(&self) -> Blake2b {
        let mut hasher = Blake2b::new();
        hasher.update(&self.circuit_hash);
        self.contributions.iter().for_each(|contribution| contribution.hash_into(&mut hasher));
        hasher
    }

    pub(super) fn read(file: &mut BinFile<impl Read + Seek>, number: u32) -> Result<Self, CeremonyError> {
        let mut section = file.section(number)?;
        let circuit_hash = section.take(file)?;
        let count = contribution_count(file, number, &mut section)?;
        let mut contributions = Vec::new();
        for _ in 0..count {
            contributions.push(DeltaContribution {
                delta_after: section.point(file)?,
                s: section.point(file)?,
                sx: section.point(file)?,
                spx: section.point(file)?,
                transcript: section.take(file)?,
                parameters: Parameters::read(file, number, &mut section)?,
            });
        }
        section.all(file)?;
        Ok(Self { circuit_hash, contributions })
    }

    pub(super) fn to_section(&self) -> Vec<u8> {
        let mut bytes = self.circuit_hash.to_vec();
        bytes.extend((self.contributions.len() as u32).to_le_bytes());
        for contribution in &self.contributions {
            point::write(&contribution.delta_after, &mut bytes);
            point::write(&contribution.s, &mut bytes);
            point::write(&contribution.sx, &mut bytes);
            point::write(&contribution.spx, &mut bytes);
            bytes.extend(contribution.transcript);
            contribution.parameters.write(&mut bytes);
        }
        bytes
    }
}

/// Reads the number of contributions that follow.
pub(super) fn contribution_count(
    file: &mut BinFile<impl Read + Seek>,
    number: u32,
    section: &mut Cursor,
) -> Result<u32, CeremonyError> {
    let position = section.position();
    let count = section.u32(file)?;
    if count > CONTRIBUTIONS_MAX {
        return Err(file.fault(number, position, Fault::Contributions(count)));
    }
    Ok(count)
}

/// A name, and the source of the randomness if that is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) name: String,
    pub(super) beacon: Option<Beacon>,
}

/// A public value, hashed `2^exponent` times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beacon {
    pub(super) hash: Vec<u8>,
    pub(super) exponent: u8,
}

impl Parameters {
    /// Reads the type (0, or 1 for a beacon), the length, and entries of a tag: 1 for the name, 2 and 3 for a beacon's
    /// exponent and hash.
    pub(super) fn read(
        file: &mut BinFile<impl Read + Seek>,
        number: u32,
        section: &mut Cursor,
    ) -> Result<Self, CeremonyError> {
        let position = section.position();
        let kind = section.u32(file)?;
        let length = section.u32(file)?;
        let bytes = section.bytes(file, usize::try_from(length).unwrap_or(usize::MAX))?;
        Self::parse(kind, &bytes).map_err(|fault| file.fault(number, position, fault))
    }

    fn parse(kind: u32, mut bytes: &[u8]) -> Result<Self, Fault> {
        let entry = |bytes: &mut &[u8], tag| -> Result<Option<Vec<u8>>, Fault> {
            let Some(rest) = bytes.strip_prefix(&[tag]) else { return Ok(None) };
            let (length, rest) = rest.split_first().ok_or(Fault::Parameters)?;
            let (entry, rest) = rest.split_at_checked(usize::from(*length)).ok_or(Fault::Parameters)?;
            *bytes = rest;
            Ok(Some(entry.to_vec()))
        };
        let name = entry(&mut bytes, 1)?.unwrap_or_default();
        let name = String::from_utf8(name).map_err(|_| Fault::Parameters)?;
        let beacon = match (kind, bytes) {
            (0, _) => None,
            (1, [2, exponent, rest @ ..]) => {
                if *exponent > BEACON_EXPONENT_MAX {
                    return Err(Fault::Beacon(*exponent));
                }
                bytes = rest;
                let hash = entry(&mut bytes, 3)?.ok_or(Fault::Parameters)?;
                Some(Beacon { hash, exponent: *exponent })
            }
            _ => return Err(Fault::Parameters),
        };
        if bytes.is_empty() { Ok(Self { name, beacon }) } else { Err(Fault::Parameters) }
    }

    pub(super) fn write(&self, to: &mut Vec<u8>) {
        // Both have at most 255 bytes: as they were read, or as a new contribution's name was cut.
        let entry = |tag, entry: &[u8]| [&[tag, entry.len() as u8], entry].concat();
        let mut bytes = Vec::new();
        if !self.name.is_empty() {
            bytes.extend(entry(1, self.name.as_bytes()));
        }
        if let Some(beacon) = &self.beacon {
            bytes.extend([2, beacon.exponent]);
            bytes.extend(entry(3, &beacon.hash));
        }
        to.extend(u32::from(self.beacon.is_some()).to_le_bytes());
        to.extend((bytes.len() as u32).to_le_bytes());
        to.extend(bytes);
    }
}
