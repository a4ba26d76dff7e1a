//! The verification of a signature in the circuit, as `outrider_zk_rollup_core::signature` defines it.

use ark_ff::PrimeField as _;
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::field::power_of_two;
use outrider_zk_rollup_core::signature::{CHALLENGE_BITS, halves};

use super::curve::{Edwards, Montgomery, RESPONSE_DIGITS, Selector, WINDOWS, signed};
use super::poseidon::compress;
use super::rule::Rule;
use super::system::{Number, System};
use crate::witness::SignatureWitness;

/// Requires that a signature of this key's owner over a message and a domain exists.
///
/// The key's y coordinate is that of a point of prime order: whoever adds an account checks that. Either point with that
/// coordinate may have signed; both have the same owner.
pub(crate) fn verify<S: System>(
    system: &mut S,
    key_y: &Number<S::Form>,
    message: &Number<S::Form>,
    domain: &Number<S::Form>,
    witness: &SignatureWitness,
) {
    let key = Edwards { x: system.witness(witness.key_x), y: key_y.clone() };
    key.require_on_curve(system, Rule::KeyOnCurve);
    let key = key.montgomery(system, Rule::KeyCoordinates);

    let response = response(system, witness);
    let (product, digits) = challenge_product(system, &key, witness);
    let product = product.edwards(system, Rule::Commitment);
    let commitment_y = response.difference_y(system, Rule::Commitment, &product);

    let hash = compress(system, Rule::ChallengeHash, [&commitment_y, key_y, message, domain]);
    let high = high_half(system, witness);
    let low = &hash - &(&high * power_of_two(CHALLENGE_BITS));
    // The digits are v or -v, so that their sum by powers of two is v times (2 low + 1 - 2^128).
    let mut factor = &low + &low;
    factor.add_scaled(&Number::one(), Fr::from(1) - power_of_two(CHALLENGE_BITS));
    system.enforce(Rule::ChallengeLow, &key.v, &factor, &digits);
}

/// Returns the response times the generator.
///
/// The prover chooses the digits, and so the response; it need not be reduced. With odd digits `d_i`, the sum of the lower
/// terms `d_j 8^j` is odd (but for none) and below `8^i` in absolute value, so it is neither `d_i 8^i` nor its negative,
/// nor are they equal modulo the order, above `8^83`: the formulas of Montgomery's form hold for all terms but the last.
fn response<S: System>(system: &mut S, witness: &SignatureWitness) -> Edwards<S::Form> {
    let mut sum: Option<Montgomery<S::Form>> = None;
    let mut windows = WINDOWS.iter().zip(&witness.response);
    for (window, [low, high, sign]) in windows.by_ref().take(RESPONSE_DIGITS - 1) {
        let selector = Selector::new(system, Rule::ResponseDigits, [*low, *high]);
        let v = selector.select(&window.v);
        let v = signed(system, Rule::ResponseDigits, &v, *sign);
        let term = Montgomery { u: selector.select(&window.u), v };
        sum = Some(match sum {
            None => term,
            Some(sum) => sum.add(system, Rule::ResponseSum, &term),
        });
    }
    let (Some(sum), Some((window, [low, high, sign]))) = (sum, windows.next()) else {
        unreachable!("a witness has {RESPONSE_DIGITS} digits")
    };
    let selector = Selector::new(system, Rule::ResponseDigits, [*low, *high]);
    let x = selector.select(&window.x);
    let x = signed(system, Rule::ResponseDigits, &x, *sign);
    let last = Edwards { x, y: selector.select(&window.y) };
    sum.edwards(system, Rule::ResponseSum).add(system, Rule::ResponseSum, &last)
}

/// Returns `2^128 + 2 e + 1` times the key, and its v coordinate times `2 e + 1 - 2^128`.
///
/// It starts at twice the key, and in each step doubles and adds the key or its negative. The factor is at least 2 before
/// each step, and below `2^130` after all, which is less than half the key's order: no sum meets a special case.
fn challenge_product<S: System>(
    system: &mut S,
    key: &Montgomery<S::Form>,
    witness: &SignatureWitness,
) -> (Montgomery<S::Form>, Number<S::Form>) {
    let mut product = key.double(system, Rule::ChallengeProduct);
    let mut digits = Number::zero();
    for sign in witness.challenge.iter().rev() {
        let v = signed(system, Rule::ChallengeDigits, &key.v, *sign);
        digits = &(&digits + &digits) + &v;
        let term = Montgomery { u: key.u.clone(), v };
        product = product.double_and_add(system, Rule::ChallengeProduct, &term);
    }
    (product, digits)
}

/// Returns the high half of the hash: 127 bits, and below the high half of the field's order.
///
/// The digits are read from the highest. As long as all digits have been 1 where the bound has a 1, a digit must be 0
/// where the bound has a 0.
fn high_half<S: System>(system: &mut S, witness: &SignatureWitness) -> Number<S::Form> {
    let (_, order) = halves(&Fr::MODULUS);
    let bound = order - 1;
    let mut tight: Number<S::Form> = Number::one();
    let mut high = Number::zero();
    for (place, value) in witness.hash_high.iter().enumerate().rev() {
        let digit = if bound >> place & 1 == 1 {
            let digit = system.bit(Rule::ChallengeHigh, *value);
            // Below the last 0 of the bound, nothing depends on it.
            if bound & ((1 << place) - 1) != (1 << place) - 1 {
                tight = system.multiply(Rule::ChallengeHigh, &tight, &digit);
            }
            digit
        } else {
            let digit = system.witness(*value);
            let zero_if_tight = &(&Number::one() - &tight) - &digit;
            system.enforce(Rule::ChallengeHigh, &digit, &zero_if_tight, &Number::zero());
            digit
        };
        high = &(&high + &high) + &digit;
    }
    high
}
