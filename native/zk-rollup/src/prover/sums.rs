//! Sums of multiples of points, with blst, whose field arithmetic is in assembly: the larger part of a proof.
//!
//! Points at infinity and factors of zero are left out, and points with a factor of one are only added. A third of the
//! variables has no part in one of the products, and digits are zero or one.

use ark_bls12_381::{Fq, Fq2, G1Projective, G2Projective, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{BigInt, One as _, PrimeField as _, Zero as _};
use blst::{MultiPoint as _, blst_fp, blst_fp2, blst_p1, blst_p1_affine, blst_p2, blst_p2_affine};
use outrider_zk_rollup_core::Fr;

/// A group of points that blst knows.
pub(crate) trait Group: AffineRepr<ScalarField = Fr> {
    /// A point of blst.
    type Point;

    /// Returns the point for blst, if it is not at infinity.
    fn point(&self) -> Option<Self::Point>;

    /// Returns the sum of points, of which there is at least one.
    fn total(points: &[Self::Point]) -> Self::Group;

    /// Returns the sum of multiples of points, of which there is at least one; a factor is 32 bytes, little-endian.
    fn multiply(points: &[Self::Point], factors: &[u8]) -> Self::Group;
}

/// Returns the sum of multiples of points. Where one has more elements than the other, those do not count.
pub(crate) fn sum<G: Group>(points: &[G], factors: &[Fr]) -> G::Group {
    let (mut once, mut multiplied, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for (point, factor) in points.iter().zip(factors) {
        match (factor.is_zero(), point.point()) {
            (true, _) | (_, None) => {}
            (false, Some(point)) if factor.is_one() => once.push(point),
            (false, Some(point)) => {
                multiplied.push(point);
                let limbs = factor.into_bigint().0;
                bytes.extend(limbs.iter().flat_map(|limb| limb.to_le_bytes()));
            }
        }
    }
    let mut sum = G::Group::zero();
    if !once.is_empty() {
        sum += G::total(&once);
    }
    if !multiplied.is_empty() {
        sum += G::multiply(&multiplied, &bytes);
    }
    sum
}

impl Group for Affine<g1::Config> {
    type Point = blst_p1_affine;

    fn point(&self) -> Option<blst_p1_affine> {
        self.xy().map(|(x, y)| blst_p1_affine { x: to_blst(&x), y: to_blst(&y) })
    }

    fn total(points: &[blst_p1_affine]) -> G1Projective {
        from_p1(&points.add())
    }

    fn multiply(points: &[blst_p1_affine], factors: &[u8]) -> G1Projective {
        from_p1(&points.mult(factors, FACTOR_BITS))
    }
}

impl Group for Affine<g2::Config> {
    type Point = blst_p2_affine;

    fn point(&self) -> Option<blst_p2_affine> {
        let extended = |element: &Fq2| blst_fp2 { fp: [to_blst(&element.c0), to_blst(&element.c1)] };
        self.xy().map(|(x, y)| blst_p2_affine { x: extended(&x), y: extended(&y) })
    }

    fn total(points: &[blst_p2_affine]) -> G2Projective {
        from_p2(&points.add())
    }

    fn multiply(points: &[blst_p2_affine], factors: &[u8]) -> G2Projective {
        from_p2(&points.mult(factors, FACTOR_BITS))
    }
}

/// Both libraries keep an element in Montgomery's form for 2^384, in six limbs from the lowest.
fn to_blst(element: &Fq) -> blst_fp {
    blst_fp { l: element.0.0 }
}

fn from_blst(element: &blst_fp) -> Fq {
    Fq::new_unchecked(BigInt(element.l))
}

/// Both libraries have Jacobian coordinates.
fn from_p1(point: &blst_p1) -> G1Projective {
    let [x, y, z] = [&point.x, &point.y, &point.z].map(from_blst);
    G1Projective::new_unchecked(x, y, z)
}

fn from_p2(point: &blst_p2) -> G2Projective {
    let [x, y, z] = [&point.x, &point.y, &point.z].map(|element| {
        let [c0, c1] = element.fp.each_ref().map(from_blst);
        Fq2::new(c0, c1)
    });
    G2Projective::new_unchecked(x, y, z)
}

/// The number of bits of a factor.
const FACTOR_BITS: usize = Fr::MODULUS_BIT_SIZE as usize;

#[cfg(test)]
mod tests {
    use ark_bls12_381::{G1Affine, G2Affine};
    use ark_ec::CurveGroup as _;
    use ark_ec::scalar_mul::variable_base::VariableBaseMSM;

    use super::*;

    /// Compares with arkworks, on the multiples 0, 1, 2, … of the generator.
    #[track_caller]
    fn check<G: Group>(factors: &[Fr])
    where
        G::Group: VariableBaseMSM<MulBase = G>,
    {
        let multiple = |factor: usize| (G::generator() * Fr::from(factor as u64)).into_affine();
        let points: Vec<G> = (0..factors.len()).map(multiple).collect();
        assert_eq!(Ok(sum(&points, factors)), G::Group::msm(&points, factors));
    }

    #[test]
    fn sums_are_those_of_arkworks() {
        let large = -Fr::from(7);
        let cases: [&[Fr]; 5] = [
            &[],
            &[large],
            &[Fr::zero(), Fr::zero(), Fr::one()],
            &[Fr::one(), large, Fr::one(), Fr::zero(), Fr::one(), Fr::from(2)],
            // The generator twice, and its double once less: equal and opposite points meet.
            &[large, Fr::from(2), -Fr::one()],
        ];
        for factors in cases {
            check::<G1Affine>(factors);
            check::<G2Affine>(factors);
        }
        let many: Vec<_> = (0..500_u64).map(|index| large * Fr::from(index * index)).collect();
        check::<G1Affine>(&many);
        check::<G2Affine>(&many);
    }
}
