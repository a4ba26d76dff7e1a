//! One pass over a section of powers: each point checked and hashed, all of them folded into a random combination.

use super::{Hashes, random_powers, same_ratio};
use crate::ceremony::{
    CeremonyError,
    binfile::{BinFile, SectionId},
    error::Broken,
    point::{self, Point},
};
use ark_bls12_381::{Fr, g1, g2};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM, short_weierstrass::Affine};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use std::io::{Read, Seek};

/// Points in memory at a time: 13 MB of G2.
const POINTS_AT_ONCE: usize = 1 << 16;

/// The parts of a section that are kept: the first points, and two combinations with the same random factors.
pub(super) struct Scan<P: Point> {
    /// The first points, as many as the caller asked for.
    pub(super) kept: Vec<P>,
    first: P,
    second: P,
    /// All points but the last, each times a power of a random scalar.
    without_last: P,
    /// All points but the first, times the same.
    without_first: P,
}

/// Reads a section of `count` points, of which the first `keep` stay in memory.
pub(super) fn scan<P: Point>(
    file: &mut BinFile<impl Read + Seek>,
    number: u32,
    count: usize,
    keep: usize,
    hashes: &mut Hashes,
) -> Result<Scan<P>, CeremonyError> {
    let mut section = file.section(number)?;
    let (random, mut factors) = random_powers()?;
    let mut kept = Vec::with_capacity(keep);
    let mut sum = P::Group::ZERO;
    let (mut ends, mut last_factor) = (Vec::with_capacity(2), Fr::ZERO);
    let mut last = P::zero();
    let mut left = count;
    while left > 0 {
        let points = section.points::<P>(file, left.min(POINTS_AT_ONCE), point::read)?;
        left = left.saturating_sub(points.len());
        hashes.update(&points);
        let scalars: Vec<Fr> = factors.by_ref().take(points.len()).collect();
        let bigints: Vec<_> = scalars.iter().map(|scalar| scalar.into_bigint()).collect();
        sum += P::Group::msm_bigint(&points, &bigints);
        ends.extend(points.iter().take(2_usize.saturating_sub(ends.len())));
        kept.extend(points.iter().take(keep.saturating_sub(kept.len())));
        (last, last_factor) =
            points.last().copied().zip(scalars.last().copied()).unwrap_or((last, last_factor));
    }
    section.all(file)?;
    let mut ends = ends.into_iter();
    let first = ends.next().unwrap_or_else(P::zero);
    let second = ends.next().unwrap_or_else(P::zero);
    // Over all i: sum of r^i P_i. Without the last, that is minus r^(n-1) P_(n-1); and the sum of r^i P_(i+1) is
    // (sum - P_0) / r.
    let inverse = random.inverse().unwrap_or_default();
    let without_last = (sum - last * last_factor).into_affine();
    let without_first = ((sum - first) * inverse).into_affine();
    Ok(Scan { kept, first, second, without_last, without_first })
}

impl<P: Ratio> Scan<P> {
    /// Checks the first points, and that each point is the one before times the ratio of the pair of the other group.
    pub(super) fn check(
        &self,
        section: SectionId,
        first: P,
        second: Option<P>,
        ratio: (P::Other, P::Other),
    ) -> Result<(), CeremonyError> {
        let fail = |broken| Err(CeremonyError::Powers { section, broken });
        if self.first != first {
            return fail(Broken::First);
        }
        if second.is_some_and(|second| second != self.second) {
            return fail(Broken::Second);
        }
        if !P::same(self.without_last, self.without_first, ratio) {
            return fail(Broken::Ratio);
        }
        Ok(())
    }
}

/// A group with the other group of the pairing.
pub(super) trait Ratio: Point {
    type Other: AffineRepr;
    fn same(a: Self, b: Self, ratio: (Self::Other, Self::Other)) -> bool;
}

impl Ratio for Affine<g1::Config> {
    type Other = Affine<g2::Config>;
    fn same(a: Self, b: Self, ratio: (Self::Other, Self::Other)) -> bool {
        same_ratio(a, b, ratio.0, ratio.1)
    }
}

impl Ratio for Affine<g2::Config> {
    type Other = Affine<g1::Config>;
    fn same(a: Self, b: Self, ratio: (Self::Other, Self::Other)) -> bool {
        same_ratio(ratio.0, ratio.1, a, b)
    }
}
