//! The unsafe part: safe wrappers of blst's C functions on points and field elements.
//!
//! The functions share one contract. Every pointer points to an initialised value of the named type, or to an output
//! that the function writes completely and never reads; the function keeps no pointer. The types are plain integers,
//! so every bit pattern is memory-safe. Safe wrappers over references therefore suffice, and the comments below state
//! only additional requirements.

#![allow(unsafe_code)]

use blst::{
    BLS12_381_NEG_G1, BLS12_381_NEG_G2, MultiPoint, blst_bendian_from_fp, blst_fp, blst_fp_from_bendian,
    blst_fp2, blst_map_to_g1, blst_map_to_g2, blst_p1, blst_p1_add_or_double_affine, blst_p1_affine,
    blst_p1_affine_in_g1, blst_p1_affine_is_inf, blst_p1_affine_on_curve, blst_p1_from_affine,
    blst_p1_to_affine, blst_p2, blst_p2_add_or_double_affine, blst_p2_affine, blst_p2_affine_in_g2,
    blst_p2_affine_is_inf, blst_p2_affine_on_curve, blst_p2_from_affine, blst_p2_to_affine,
};
use std::ptr;

/// A point in affine coordinates, on either of the two curves; all zeros are infinity.
pub(crate) trait Point: Copy {
    /// The base-field elements of x, then those of y; the real part of an extension element comes first.
    type Coordinates: AsMut<[blst_fp]> + AsRef<[blst_fp]> + Default;

    fn from_coordinates(coordinates: Self::Coordinates) -> Self;
    fn coordinates(&self) -> Self::Coordinates;

    fn is_infinity(&self) -> bool;
    /// Returns whether the curve equation holds. The result for infinity is unspecified.
    fn is_on_curve(&self) -> bool;
    /// Returns whether a point on the curve is in the prime-order subgroup. The result for infinity is unspecified.
    fn is_in_subgroup(&self) -> bool;
    fn add(&self, other: &Self) -> Self;
    /// Sums the products of points and scalars. All points are finite and in the subgroup; there are as many scalars
    /// as points, little-endian.
    fn sum_of_products(points: &[Self], scalars: &[[u8; 32]]) -> Self;
}

macro_rules! impl_point {
    (
        $affine:ident, $projective:ident, [blst_fp; $n:literal],
        $from_coordinates:expr, $coordinates:expr,
        $is_infinity:ident, $is_on_curve:ident, $is_in_subgroup:ident,
        $from_affine:ident, $to_affine:ident, $add:ident
    ) => {
        impl Point for $affine {
            type Coordinates = [blst_fp; $n];

            fn from_coordinates(coordinates: Self::Coordinates) -> Self {
                $from_coordinates(coordinates)
            }

            fn coordinates(&self) -> Self::Coordinates {
                $coordinates(self)
            }

            fn is_infinity(&self) -> bool {
                // SAFETY: the module's contract.
                unsafe { $is_infinity(self) }
            }

            fn is_on_curve(&self) -> bool {
                // SAFETY: the module's contract.
                unsafe { $is_on_curve(self) }
            }

            fn is_in_subgroup(&self) -> bool {
                // SAFETY: the module's contract.
                unsafe { $is_in_subgroup(self) }
            }

            fn add(&self, other: &Self) -> Self {
                let mut augend = $projective::default();
                let mut sum = $projective::default();
                // SAFETY: the module's contract.
                unsafe {
                    $from_affine(&mut augend, self);
                    $add(&mut sum, &augend, other);
                }
                to_affine!($affine, $to_affine, sum)
            }

            fn sum_of_products(points: &[Self], scalars: &[[u8; 32]]) -> Self {
                debug_assert_eq!(points.len(), scalars.len());
                if points.is_empty() {
                    return Self::default();
                }
                let sum = points.mult(scalars.as_flattened(), 256);
                to_affine!($affine, $to_affine, sum)
            }
        }
    };
}

macro_rules! to_affine {
    ($affine:ident, $to_affine:ident, $point:expr) => {{
        let mut affine = $affine::default();
        // SAFETY: the module's contract.
        unsafe { $to_affine(&mut affine, &$point) };
        affine
    }};
}

impl_point!(
    blst_p1_affine,
    blst_p1,
    [blst_fp; 2],
    |[x, y]: [blst_fp; 2]| blst_p1_affine { x, y },
    |p: &blst_p1_affine| [p.x, p.y],
    blst_p1_affine_is_inf,
    blst_p1_affine_on_curve,
    blst_p1_affine_in_g1,
    blst_p1_from_affine,
    blst_p1_to_affine,
    blst_p1_add_or_double_affine
);

impl_point!(
    blst_p2_affine,
    blst_p2,
    [blst_fp; 4],
    |[x0, x1, y0, y1]: [blst_fp; 4]| blst_p2_affine {
        x: blst_fp2 { fp: [x0, x1] },
        y: blst_fp2 { fp: [y0, y1] },
    },
    |p: &blst_p2_affine| {
        let ([x0, x1], [y0, y1]) = (p.x.fp, p.y.fp);
        [x0, x1, y0, y1]
    },
    blst_p2_affine_is_inf,
    blst_p2_affine_on_curve,
    blst_p2_affine_in_g2,
    blst_p2_from_affine,
    blst_p2_to_affine,
    blst_p2_add_or_double_affine
);

/// Returns the negated generator of G1.
pub(crate) fn negated_g1_generator() -> blst_p1_affine {
    // SAFETY: this is a constant of blst, which nothing writes to.
    unsafe { BLS12_381_NEG_G1 }
}

/// Returns the negated generator of G2.
pub(crate) fn negated_g2_generator() -> blst_p2_affine {
    // SAFETY: this is a constant of blst, which nothing writes to.
    unsafe { BLS12_381_NEG_G2 }
}

/// Maps a field element to a point of G1.
pub(super) fn map_to_g1(element: &blst_fp) -> blst_p1_affine {
    let mut point = blst_p1::default();
    // SAFETY: the module's contract; the third argument, a second element to map and add, may be null.
    unsafe { blst_map_to_g1(&mut point, element, ptr::null()) };
    to_affine!(blst_p1_affine, blst_p1_to_affine, point)
}

/// Maps an extension element, real part first, to a point of G2.
pub(super) fn map_to_g2(element: [blst_fp; 2]) -> blst_p2_affine {
    let mut point = blst_p2::default();
    let element = blst_fp2 { fp: element };
    // SAFETY: the module's contract; the third argument, a second element to map and add, may be null.
    unsafe { blst_map_to_g2(&mut point, &element, ptr::null()) };
    to_affine!(blst_p2_affine, blst_p2_to_affine, point)
}

/// Reads a big-endian number below the modulus.
pub(super) fn fp_from_bytes(bytes: &[u8; 48]) -> blst_fp {
    let mut element = blst_fp::default();
    // SAFETY: the function reads exactly 48 bytes.
    unsafe { blst_fp_from_bendian(&mut element, bytes.as_ptr()) };
    element
}

/// Writes a big-endian number below the modulus.
pub(super) fn fp_to_bytes(element: &blst_fp) -> [u8; 48] {
    let mut bytes = [0; 48];
    // SAFETY: the function writes exactly 48 bytes.
    unsafe { blst_bendian_from_fp(bytes.as_mut_ptr(), element) };
    bytes
}
