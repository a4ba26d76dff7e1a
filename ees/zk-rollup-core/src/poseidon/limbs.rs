//! The same compression for machines without a product of 128 bits.
//!
//! WebAssembly multiplies 64-bit integers, and drops the high half of the product. arkworks needs that half, so each
//! product takes a function that computes it of four. Here an element has nine limbs of 29 bits: a product of limbs has
//! 58 bits, so that 63 of them can be added before a carry is lost. That also makes a sum of four products as dear as two.
//!
//! Elements are in Montgomery form with the factor 2^261, and not reduced: inputs are below 2^260, and sums of products
//! with the matrix, which is reduced, below 2^256. So all stay below 2^261.

use ark_ff::{BigInt, BigInteger as _, Field as _, PrimeField as _};

use super::{FULL_ROUNDS, LANES, MIX, ROUND_CONSTANTS, ROUNDS};
use crate::field::Fr;

/// An integer below 2^261, its lowest bits first. Each limb is below 2^29.
type Limbs = [u64; N_LIMBS];

const N_LIMBS: usize = 9;
const LIMB_BITS: u32 = 29;
const MASK: u64 = (1 << LIMB_BITS) - 1;

/// Returns what [`compress`](super::compress) does.
pub(super) fn compress(input: [Fr; LANES]) -> Fr {
    let first = of_element(&input[0]);
    let mut state = input.map(|element| of_element(&element));
    for (round, constants) in CONSTANTS.iter().enumerate() {
        let full = !(FULL_ROUNDS / 2..ROUNDS - FULL_ROUNDS / 2).contains(&round);
        for (index, (lane, constant)) in state.iter_mut().zip(constants).enumerate() {
            let sum = add(lane, constant);
            *lane = if full || index == 0 { fifth_power(&sum) } else { sum };
        }
        state = MATRIX.each_ref().map(|row| mix(&state, row));
    }
    to_element(&add(&state[0], &first))
}

fn fifth_power(x: &Limbs) -> Limbs {
    let square = product(x, x);
    product(&product(&square, &square), x)
}

#[inline(never)]
fn product(a: &Limbs, b: &Limbs) -> Limbs {
    reduce(|i, j| a[i] * b[j])
}

/// Returns the sum of the products of the state with a row of the matrix.
#[inline(never)]
fn mix([a, b, c, d]: &[Limbs; LANES], [e, f, g, h]: &[Limbs; LANES]) -> Limbs {
    reduce(|i, j| a[i] * e[j] + b[i] * f[j] + c[i] * g[j] + d[i] * h[j])
}

/// Returns a sum of up to four products, divided by 2^261 modulo the order: below the sum / 2^261 plus the order.
///
/// `term` adds up the products of two limbs of each. This computes one limb after the other: the products whose places add
/// up to its own, and then the multiple of the order that makes the lower half of all limbs zero. At most 9 * 5 products
/// are added before a carry goes on: less than 2^64.
#[inline(always)]
fn reduce(term: impl Fn(usize, usize) -> u64) -> Limbs {
    let (mut low, mut high, mut sum) = ([0; N_LIMBS], [0; N_LIMBS], 0_u64);
    macro_rules! limb {
        // The loops are written out, so that WebAssembly has a constant place for each limb.
        ($at:literal: $($i:literal * $j:literal)+) => {
            $(sum += term($i, $j);)+
            $(if $i < N_LIMBS.min($at) { sum += low[$i] * ORDER[$j]; })+
            if $at < N_LIMBS {
                // The order is 1 modulo 2^32, and so is its inverse.
                low[$at % N_LIMBS] = sum.wrapping_neg() & MASK;
                sum += low[$at % N_LIMBS];
            } else {
                high[$at % N_LIMBS] = sum & MASK;
            }
            sum >>= LIMB_BITS;
        };
    }
    limb!(0: 0 * 0);
    limb!(1: 0 * 1 1 * 0);
    limb!(2: 0 * 2 1 * 1 2 * 0);
    limb!(3: 0 * 3 1 * 2 2 * 1 3 * 0);
    limb!(4: 0 * 4 1 * 3 2 * 2 3 * 1 4 * 0);
    limb!(5: 0 * 5 1 * 4 2 * 3 3 * 2 4 * 1 5 * 0);
    limb!(6: 0 * 6 1 * 5 2 * 4 3 * 3 4 * 2 5 * 1 6 * 0);
    limb!(7: 0 * 7 1 * 6 2 * 5 3 * 4 4 * 3 5 * 2 6 * 1 7 * 0);
    limb!(8: 0 * 8 1 * 7 2 * 6 3 * 5 4 * 4 5 * 3 6 * 2 7 * 1 8 * 0);
    limb!(9: 1 * 8 2 * 7 3 * 6 4 * 5 5 * 4 6 * 3 7 * 2 8 * 1);
    limb!(10: 2 * 8 3 * 7 4 * 6 5 * 5 6 * 4 7 * 3 8 * 2);
    limb!(11: 3 * 8 4 * 7 5 * 6 6 * 5 7 * 4 8 * 3);
    limb!(12: 4 * 8 5 * 7 6 * 6 7 * 5 8 * 4);
    limb!(13: 5 * 8 6 * 7 7 * 6 8 * 5);
    limb!(14: 6 * 8 7 * 7 8 * 6);
    limb!(15: 7 * 8 8 * 7);
    limb!(16: 8 * 8);
    high[N_LIMBS - 1] = sum;
    high
}

fn add(a: &Limbs, b: &Limbs) -> Limbs {
    let mut sum = *a;
    for (place, limb) in sum.iter_mut().zip(b) {
        *place += limb;
    }
    carry(sum)
}

/// Returns twice an integer, reduced, of one that is.
const fn double(integer: &Limbs) -> Limbs {
    let mut sum = *integer;
    let mut less = [0; N_LIMBS];
    let mut index = 0;
    while index < N_LIMBS {
        sum[index] += integer[index];
        index += 1;
    }
    sum = carry(sum);
    let mut borrow = 0;
    index = 0;
    while index < N_LIMBS {
        let difference = sum[index].wrapping_sub(ORDER[index] + borrow);
        borrow = difference >> 63;
        less[index] = difference & MASK;
        index += 1;
    }
    if borrow == 0 { less } else { sum }
}

/// Moves what does not fit into a limb to the next one.
const fn carry(mut limbs: Limbs) -> Limbs {
    let mut index = 0;
    while index < N_LIMBS - 1 {
        limbs[index + 1] += limbs[index] >> LIMB_BITS;
        limbs[index] &= MASK;
        index += 1;
    }
    limbs
}

/// Returns an element with the factor 2^261: 32 times what arkworks has in memory, with the factor 2^256.
fn of_element(element: &Fr) -> Limbs {
    limbs(&element.0.0, LIMB_BITS * N_LIMBS as u32 - 256)
}

/// Returns the same, reduced.
const fn constant(element: &Fr) -> Limbs {
    let mut limbs = limbs(&element.0.0, 0);
    let mut doublings = 0;
    while doublings < LIMB_BITS * N_LIMBS as u32 - 256 {
        limbs = double(&limbs);
        doublings += 1;
    }
    limbs
}

/// Returns the element of an integer with the factor 2^261.
fn to_element(limbs: &Limbs) -> Fr {
    let limbs = product(limbs, &TWO_TO_256);
    let mut words = [0; 4];
    for (index, limb) in (0..).zip(limbs) {
        let bit = index * LIMB_BITS;
        words[bit as usize / 64] |= limb << (bit % 64);
        if let Some(next) = words.get_mut(bit as usize / 64 + 1).filter(|_| bit % 64 > 64 - LIMB_BITS) {
            *next |= limb >> (64 - bit % 64);
        }
    }
    // It is below twice the order.
    let mut integer = BigInt::new(words);
    if integer >= Fr::MODULUS {
        integer.sub_with_borrow(&Fr::MODULUS);
    }
    Fr::new_unchecked(integer)
}

/// Returns the limbs of an integer, times 2^`shift`.
const fn limbs(words: &[u64; 4], shift: u32) -> Limbs {
    let mut limbs = [0; N_LIMBS];
    limbs[0] = words[0] << shift & MASK;
    let mut index = 1;
    while index < N_LIMBS {
        let bit = LIMB_BITS * index as u32 - shift;
        let (word, offset) = (bit as usize / 64, bit % 64);
        limbs[index] = words[word] >> offset & MASK;
        if offset > 64 - LIMB_BITS && word < 3 {
            limbs[index] |= words[word + 1] << (64 - offset) & MASK;
        }
        index += 1;
    }
    limbs
}

const ORDER: Limbs = limbs(&Fr::MODULUS.0, 0);

/// 2^256, reduced: what arkworks has in memory for one.
const TWO_TO_256: Limbs = limbs(&Fr::ONE.0.0, 0);

static CONSTANTS: [[Limbs; LANES]; ROUNDS] = {
    let mut constants = [[[0; N_LIMBS]; LANES]; ROUNDS];
    let mut round = 0;
    while round < ROUNDS {
        constants[round] = row(&ROUND_CONSTANTS[round]);
        round += 1;
    }
    constants
};

static MATRIX: [[Limbs; LANES]; LANES] = [row(&MIX[0]), row(&MIX[1]), row(&MIX[2]), row(&MIX[3])];

const fn row(row: &[Fr; LANES]) -> [Limbs; LANES] {
    [constant(&row[0]), constant(&row[1]), constant(&row[2]), constant(&row[3])]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_ends_with_32_bits_of_one() {
        assert_eq!(Fr::MODULUS.0[0] as u32, 1);
        assert_eq!((ORDER[0], ORDER[1] & 7), (1, 0));
    }

    #[test]
    fn the_largest_inputs_stay_within_their_limbs() {
        for input in [[-Fr::ONE; LANES], [Fr::from(0_u8); LANES], [Fr::ONE, -Fr::ONE, Fr::ONE, -Fr::ONE]] {
            assert_eq!(compress(input), super::super::compress_with_words(input));
        }
        // What arkworks has in memory for it is the largest number.
        let largest = Fr::new_unchecked({
            let mut integer = Fr::MODULUS;
            integer.sub_with_borrow(&BigInt::new([1, 0, 0, 0]));
            integer
        });
        assert_eq!(compress([largest; LANES]), super::super::compress_with_words([largest; LANES]));
    }

    proptest! {
        #[test]
        fn both_compressions_agree(words in any::<[[u64; 4]; LANES]>()) {
            let input = words.map(|words| words.into_iter().fold(Fr::ONE, |sum, word| sum.square() + Fr::from(word)));
            prop_assert_eq!(compress(input), super::super::compress_with_words(input));
        }
    }
}
