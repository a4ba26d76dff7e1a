//! Encodings of points in snarkjs's files and hashes.
//!
//! In files, a point is its affine coordinates in little-endian Montgomery form (`LEM`), G1 in 96 bytes and G2 in 192
//! (x.c0, x.c1, y.c0, y.c1); infinity is zeros. In hashes, it is big-endian: `uncompressed` (G2: x.c1, x.c0, y.c1, y.c0),
//! or `compressed` to x with the top bit for the greater y. These are not the encodings of Zcash, which have flags.

use super::error::Fault;
use ark_bls12_381::{Fq, Fq2, Fr, g1, g2};
use ark_ec::{
    AffineRepr,
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{AdditiveGroup, BigInt, BigInteger, PrimeField, Zero};

const FQ_BYTES: usize = 48;

/// A point of G1 or G2.
pub(super) trait Point: AffineRepr<ScalarField = Fr> {
    /// Bytes of a point in a file.
    const BYTES: usize;

    fn curve_b() -> Self::BaseField;
    /// The base field's elements of x and y, in the order of files.
    fn coordinates(&self) -> Vec<Fq>;
    /// Makes a point of as many elements; it need not be on the curve.
    fn from_coordinates(coordinates: &[Fq]) -> Option<Self>;
    fn on_curve(&self) -> bool;
    fn in_subgroup(&self) -> bool;

    /// Whether y is greater than -y.
    fn is_y_negative(&self) -> bool {
        let coordinates = self.coordinates();
        let y = coordinates.get(coordinates.len() / 2..).unwrap_or_default();
        let deciding = y.iter().rev().find(|element| !element.is_zero());
        deciding.is_some_and(|element| element.into_bigint() > (-*element).into_bigint())
    }
}

impl Point for Affine<g1::Config> {
    const BYTES: usize = 2 * FQ_BYTES;

    fn curve_b() -> Fq {
        g1::Config::COEFF_B
    }

    fn coordinates(&self) -> Vec<Fq> {
        self.xy().map_or_else(|| vec![Fq::ZERO; 2], |(x, y)| vec![x, y])
    }

    fn from_coordinates(coordinates: &[Fq]) -> Option<Self> {
        let [x, y] = coordinates else { return None };
        Some(Self::new_unchecked(*x, *y))
    }

    fn on_curve(&self) -> bool {
        self.is_on_curve()
    }

    fn in_subgroup(&self) -> bool {
        self.is_in_correct_subgroup_assuming_on_curve()
    }
}

impl Point for Affine<g2::Config> {
    const BYTES: usize = 4 * FQ_BYTES;

    fn curve_b() -> Fq2 {
        g2::Config::COEFF_B
    }

    fn coordinates(&self) -> Vec<Fq> {
        self.xy().map_or_else(|| vec![Fq::ZERO; 4], |(x, y)| vec![x.c0, x.c1, y.c0, y.c1])
    }

    fn from_coordinates(coordinates: &[Fq]) -> Option<Self> {
        let [x0, x1, y0, y1] = coordinates else { return None };
        Some(Self::new_unchecked(Fq2::new(*x0, *x1), Fq2::new(*y0, *y1)))
    }

    fn on_curve(&self) -> bool {
        self.is_on_curve()
    }

    fn in_subgroup(&self) -> bool {
        self.is_in_correct_subgroup_assuming_on_curve()
    }
}

/// Reads a point: canonical, on the curve, in the subgroup, not infinity.
pub(super) fn read<P: Point>(bytes: &[u8]) -> Result<P, Fault> {
    let point = read_or_infinity::<P>(bytes)?;
    if point.is_zero() { Err(Fault::Infinity) } else { Ok(point) }
}

/// Reads a point that may be infinity, as the points of variables that no constraint uses.
pub(super) fn read_or_infinity<P: Point>(bytes: &[u8]) -> Result<P, Fault> {
    let coordinates = bytes.as_chunks::<FQ_BYTES>().0.iter().map(read_element);
    let coordinates = coordinates.collect::<Option<Vec<_>>>().ok_or(Fault::NotCanonical)?;
    if coordinates.iter().all(Fq::is_zero) {
        return Ok(P::zero());
    }
    let point = P::from_coordinates(&coordinates).ok_or(Fault::NotCanonical)?;
    if !point.on_curve() {
        return Err(Fault::NotOnCurve);
    }
    if point.in_subgroup() { Ok(point) } else { Err(Fault::NotInSubgroup) }
}

fn read_element(bytes: &[u8; FQ_BYTES]) -> Option<Fq> {
    let mut limbs = [0; 6];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    let montgomery = BigInt(limbs);
    (montgomery < Fq::MODULUS).then(|| Fq::new_unchecked(montgomery))
}

/// Appends a point as files have it.
pub(super) fn write<P: Point>(point: &P, to: &mut Vec<u8>) {
    for element in point.coordinates() {
        to.extend(element.0.to_bytes_le());
    }
}

/// Returns a point as hashes have it.
pub(super) fn uncompressed<P: Point>(point: &P) -> Vec<u8> {
    let coordinates = point.coordinates();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    x.iter().rev().chain(y.iter().rev()).flat_map(|element| element.into_bigint().to_bytes_be()).collect()
}

/// Returns a point's x, with the top bit set if y is the greater of the two.
pub(super) fn compressed<P: Point>(point: &P) -> Vec<u8> {
    let coordinates = point.coordinates();
    let (x, _) = coordinates.split_at(coordinates.len() / 2);
    let mut bytes: Vec<u8> = x.iter().rev().flat_map(|element| element.into_bigint().to_bytes_be()).collect();
    if let Some(first) = bytes.first_mut().filter(|_| point.is_y_negative()) {
        *first |= 0x80;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bls12_381::{G1Affine, G2Affine};
    use ark_ec::{CurveConfig, CurveGroup};
    use ark_ff::Field;

    /// Multiplies without the endomorphisms, which only hold in the subgroup.
    fn times<C: SWCurveConfig>(point: Affine<C>, limbs: &[u64]) -> Affine<C> {
        let mut product = ark_ec::short_weierstrass::Projective::<C>::ZERO;
        for limb in limbs.iter().rev() {
            for bit in (0..64).rev() {
                product.double_in_place();
                if limb >> bit & 1 == 1 {
                    product += point;
                }
            }
        }
        product.into_affine()
    }

    fn on_curve<C: SWCurveConfig>(mut x: C::BaseField) -> Affine<C> {
        loop {
            if let Some((y, _)) = Affine::<C>::get_ys_from_x_unchecked(x) {
                return Affine::new_unchecked(x, y);
            }
            x += C::BaseField::ONE;
        }
    }

    fn file<P: Point>(point: &P) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(point, &mut bytes);
        bytes
    }

    #[test]
    fn points_outside_of_the_subgroup_are_refused_also_those_of_small_order() {
        let point = on_curve::<g1::Config>(Fq::from(1));
        assert_eq!(read::<G1Affine>(&file(&point)), Err(Fault::NotInSubgroup));
        // The group has order r * h with h = 3 * 11^2 * ...: r * (h / 3) * P has order 3 or 1, and with 121 an order of 11.
        let cofactor =
            g1::Config::COFACTOR.iter().rev().fold(0_u128, |high, limb| high << 64 | u128::from(*limb));
        for (divisor, order) in [(3, 3), (121, 11)] {
            assert_eq!(cofactor % divisor, 0);
            let rest = cofactor / divisor;
            let low_order = (1_u64..)
                .map(|x| times(on_curve::<g1::Config>(Fq::from(x)), Fr::MODULUS.as_ref()))
                .map(|point| times(point, &[rest as u64, (rest >> 64) as u64]))
                .find(|point| !point.is_zero())
                .expect("most points have a part of each order");
            assert!(times(low_order, &[order]).is_zero());
            assert_eq!(read::<G1Affine>(&file(&low_order)), Err(Fault::NotInSubgroup));
        }
        let point = on_curve::<g2::Config>(Fq2::from(1));
        assert_eq!(read::<G2Affine>(&file(&point)), Err(Fault::NotInSubgroup));
        let low_order = times(point, Fr::MODULUS.as_ref());
        assert_eq!(read::<G2Affine>(&file(&low_order)), Err(Fault::NotInSubgroup));
    }

    #[test]
    fn coordinates_of_the_modulus_and_above_are_refused() {
        let mut bytes = file(&G1Affine::generator());
        assert_eq!(read(&bytes), Ok(G1Affine::generator()));
        bytes[..48].copy_from_slice(&Fq::MODULUS.to_bytes_le());
        assert_eq!(read::<G1Affine>(&bytes), Err(Fault::NotCanonical));
        let mut bytes = file(&G2Affine::generator());
        assert_eq!(read(&bytes), Ok(G2Affine::generator()));
        bytes[144..].fill(0xff);
        assert_eq!(read::<G2Affine>(&bytes), Err(Fault::NotCanonical));
    }

    #[test]
    fn infinity_is_only_read_where_it_may_stand() {
        assert_eq!(read::<G1Affine>(&[0; 96]), Err(Fault::Infinity));
        assert_eq!(read_or_infinity::<G1Affine>(&[0; 96]), Ok(G1Affine::zero()));
        assert_eq!(file(&G2Affine::zero()), [0; 192]);
    }
}
