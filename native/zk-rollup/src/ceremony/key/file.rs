//! Files of keys: snarkjs's `.zkey` for Groth16, and ours, which is the same without coefficients.
//!
//! | section | content |
//! |---|---|
//! | 1 | the proof system: 1 for Groth16 (`u32`) |
//! | 2 | bytes of q, q, bytes of r, r, variables, inputs but the one, rows (`u32` each), alpha and beta in G1, beta and gamma in G2, delta in G1 and G2 |
//! | 3 | the points of inputs |
//! | 4 | coefficients; of snarkjs only |
//! | 5, 6, 7 | A, B in G1, B in G2: a point per variable |
//! | 8 | L: a point per variable that is no input |
//! | 9 | H: a point per row (snarkjs), or one less (ours) |
//! | 10 | the hash of the circuit, and contributions |
//!
//! Ours begins with `zkar` rather than `zkey`, so that no program takes one for the other: rows and H mean other points.

use super::{CeremonyKey, Layout};
use crate::ceremony::{
    CeremonyError,
    binfile::{self, BinFile, points},
    error::Fault,
    point::{self, Point},
    transcript::Transcript,
};
use ark_bls12_381::{Fq, Fr, G1Affine, G2Affine};
use ark_ff::{BigInteger, PrimeField};
use ark_groth16::{ProvingKey, VerifyingKey};
use std::io::{Read, Seek, Write};

const SNARKJS: [u8; 4] = *b"zkey";
const OURS: [u8; 4] = *b"zkar";

const GROTH16: u32 = 1;
const PROTOCOL: u32 = 1;
const HEADER: u32 = 2;
const INPUTS: u32 = 3;
const A: u32 = 5;
const B_G1: u32 = 6;
const B_G2: u32 = 7;
const L: u32 = 8;
const H: u32 = 9;
const CONTRIBUTIONS: u32 = 10;

/// The largest domain's size.
const ROWS_MAX: u32 = 1 << 28;

impl CeremonyKey {
    /// Reads a `.zkey` of snarkjs, or a file of [`Self::write`]. All points are checked to be canonical, on the curve and
    /// in the subgroup; only points of variables and inputs may be infinity. Nothing else is checked:
    /// [`Self::verify`] does that.
    ///
    /// # Errors
    ///
    /// Fails if the file is of another format, curve or proof system, or damaged.
    pub fn read(mut file: impl Read + Seek) -> Result<Self, CeremonyError> {
        let (kind, layout) = match kind(&mut file) {
            Some(OURS) => (OURS, Layout::Arkworks),
            _ => (SNARKJS, Layout::Snarkjs),
        };
        let mut file = BinFile::open(file, kind, 2)?;
        file.only(|number| (PROTOCOL..=CONTRIBUTIONS).contains(&number))?;
        let header = Header::read(&mut file)?;
        let gamma_abc_g1 = all(&mut file, INPUTS, header.inputs, point::read_or_infinity)?;
        let variables = header.variables;
        let h = match layout {
            Layout::Arkworks => header.rows.saturating_sub(1),
            Layout::Snarkjs => header.rows,
        };
        let vk = VerifyingKey {
            alpha_g1: header.alpha_g1,
            beta_g2: header.beta_g2,
            gamma_g2: header.gamma_g2,
            delta_g2: header.delta_g2,
            gamma_abc_g1,
        };
        let key = ProvingKey {
            vk,
            beta_g1: header.beta_g1,
            delta_g1: header.delta_g1,
            a_query: all(&mut file, A, variables, point::read_or_infinity)?,
            b_g1_query: all(&mut file, B_G1, variables, point::read_or_infinity)?,
            b_g2_query: all(&mut file, B_G2, variables, point::read_or_infinity)?,
            h_query: all(&mut file, H, h, point::read)?,
            l_query: all(&mut file, L, variables.saturating_sub(header.inputs), point::read_or_infinity)?,
        };
        let transcript = Transcript::read(&mut file, CONTRIBUTIONS)?;
        Ok(Self { key, layout, transcript })
    }

    /// Writes a key of [`Layout::Arkworks`].
    ///
    /// # Errors
    ///
    /// Fails for a key of snarkjs, whose coefficients are not kept, or if writing fails.
    pub fn write(&self, to: impl Write) -> Result<(), CeremonyError> {
        if self.layout == Layout::Snarkjs {
            return Err(CeremonyError::WriteWithSnarkjs);
        }
        let key = &self.key;
        let count = |count: usize| (count as u32).to_le_bytes();
        let mut header =
            [&count(48)[..], &Fq::MODULUS.to_bytes_le(), &count(32), &Fr::MODULUS.to_bytes_le()].concat();
        header.extend(count(key.a_query.len()));
        header.extend(count(key.vk.gamma_abc_g1.len().saturating_sub(1)));
        header.extend(count(key.h_query.len().saturating_add(1)));
        header.extend(points(&[key.vk.alpha_g1, key.beta_g1]));
        header.extend(points(&[key.vk.beta_g2, key.vk.gamma_g2]));
        header.extend(points(&[key.delta_g1]));
        header.extend(points(&[key.vk.delta_g2]));
        let sections = [
            (PROTOCOL, GROTH16.to_le_bytes().to_vec()),
            (HEADER, header),
            (INPUTS, points(&key.vk.gamma_abc_g1)),
            (A, points(&key.a_query)),
            (B_G1, points(&key.b_g1_query)),
            (B_G2, points(&key.b_g2_query)),
            (L, points(&key.l_query)),
            (H, points(&key.h_query)),
            (CONTRIBUTIONS, self.transcript.to_section()),
        ];
        binfile::write(to, OURS, &sections)
    }
}

/// Returns the first four bytes of a file, if it has as many.
fn kind(file: &mut (impl Read + Seek)) -> Option<[u8; 4]> {
    let mut kind = [0; 4];
    file.rewind().ok()?;
    file.read_exact(&mut kind).ok()?;
    Some(kind)
}

/// Reads a section of points, whose size the header gives.
fn all<P: Point>(
    file: &mut BinFile<impl Read + Seek>,
    number: u32,
    count: usize,
    read: fn(&[u8]) -> Result<P, Fault>,
) -> Result<Vec<P>, CeremonyError> {
    let size = (count as u64).saturating_mul(P::BYTES as u64);
    file.sized(number, size)?.points(file, count, read)
}

struct Header {
    variables: usize,
    /// With the one.
    inputs: usize,
    rows: usize,
    alpha_g1: G1Affine,
    beta_g1: G1Affine,
    beta_g2: G2Affine,
    gamma_g2: G2Affine,
    delta_g1: G1Affine,
    delta_g2: G2Affine,
}

impl Header {
    fn read(file: &mut BinFile<impl Read + Seek>) -> Result<Self, CeremonyError> {
        let mut section = file.section(PROTOCOL)?;
        let start = section.position();
        if section.u32(file)? != GROTH16 {
            return Err(file.fault(PROTOCOL, start, Fault::ProofSystem));
        }
        section.all(file)?;
        let mut section = file.section(HEADER)?;
        let start = section.position();
        let modulus_bytes = section.u32(file)?;
        let curve = Fault::Curve { bn254: modulus_bytes == 32 };
        if modulus_bytes != 48
            || section.take::<48>(file)? != Fq::MODULUS.to_bytes_le()[..]
            || section.u32(file)? != 32
            || section.take::<32>(file)? != Fr::MODULUS.to_bytes_le()[..]
        {
            return Err(file.fault(HEADER, start, curve));
        }
        let position = section.position();
        let (variables, inputs, rows) = (section.u32(file)?, section.u32(file)?, section.u32(file)?);
        if inputs >= variables || !rows.is_power_of_two() || !(2..=ROWS_MAX).contains(&rows) {
            return Err(file.fault(HEADER, position, Fault::Counts));
        }
        let header = Self {
            variables: variables as usize,
            inputs: inputs as usize + 1,
            rows: rows as usize,
            alpha_g1: section.point(file)?,
            beta_g1: section.point(file)?,
            beta_g2: section.point(file)?,
            gamma_g2: section.point(file)?,
            delta_g1: section.point(file)?,
            delta_g2: section.point(file)?,
        };
        section.all(file)?;
        Ok(header)
    }
}
