//! Signatures and keys, verified by the host.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use outrider_bitcoin_script::Crypto;
use outrider_sdk::crypto;

/// The host, by the imports of module `crypto`.
pub(crate) struct Host;

impl Crypto for Host {
    fn ecdsa_verify(&self, public_key: &[u8], signature: &[u8; 64], digest: &[u8; 32]) -> bool {
        crypto::secp256k1_verify(digest, signature, public_key).is_ok()
    }

    fn schnorr_verify(&self, public_key: &[u8; 32], signature: &[u8; 64], digest: &[u8; 32]) -> bool {
        crypto::schnorr_verify(digest, signature, public_key).is_ok()
    }

    /// Takes the recovery of a key from an ECDSA signature for an addition of points, as there is no import for it.
    ///
    /// The key that recovers from the signature `(r, s)` of `e` is `(s R - e G) / r`, where `R` is the point with the x
    /// coordinate `r` ([SEC 1], 4.1.6). With `s = r` and `e = -r t` modulo the group order, it is `R + t G`. So the
    /// output key recovers with the internal key as `R`; its y is even (BIP 341).
    ///
    /// `r` is below the group order, and an x coordinate need not be. For such an internal key, the equation is turned
    /// round: `R` is the output key, and the internal key recovers with `-t`. A tweak for which both keys are not below
    /// the order is a preimage of 127 bits, which nobody can find; it is refused.
    ///
    /// [SEC 1]: https://www.secg.org/sec1-v2.pdf
    fn taproot_tweak_check(
        &self,
        output_key: &[u8; 32],
        output_is_odd: bool,
        internal_key: &[u8; 32],
        tweak: &[u8; 32],
    ) -> bool {
        let tweak = Scalar(*tweak);
        if !tweak.is_reduced() {
            return false;
        }
        if Scalar(*internal_key).is_reduced() {
            add(internal_key, false, &tweak) == Some((*output_key, output_is_odd))
        } else {
            add(output_key, output_is_odd, &tweak.negated()) == Some((*internal_key, false))
        }
    }
}

/// Returns x and the parity of y of the point with an x coordinate and a parity, plus `scalar * G`; `None` if the x
/// coordinate is not that of a point or not below the group order, or the sum is infinity.
fn add(x: &[u8; 32], is_odd: bool, scalar: &Scalar) -> Option<([u8; 32], bool)> {
    let r = Scalar(*x);
    if !r.is_reduced() {
        return None;
    }
    let digest = r.times(scalar).negated();
    let mut signature = [0; 64];
    signature.iter_mut().zip(x.iter().chain(x)).for_each(|(to, from)| *to = *from);
    let key = crypto::secp256k1_recover(&digest.0, &signature, is_odd.into()).ok()?;
    let (x, y) = key.split_first_chunk()?;
    Some((*x, y.last()? & 1 == 1))
}

/// A number modulo the order of the group, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scalar([u8; 32]);

/// The order of the group ([SEC 2](https://www.secg.org/sec2-v2.pdf), 2.4.1).
const ORDER: Scalar = Scalar([
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
]);

impl Scalar {
    fn is_reduced(&self) -> bool {
        *self < ORDER
    }

    fn negated(&self) -> Self {
        if self.0 == [0; 32] { *self } else { Self(subtract(&ORDER.limbs(), &self.limbs()).bytes()) }
    }

    /// Returns the product of two reduced numbers, by doubling and adding.
    fn times(&self, other: &Self) -> Self {
        let (this, order) = (self.limbs(), ORDER.limbs());
        let mut product = Limbs([0; 4]);
        for byte in other.0 {
            for bit in (0..8).rev() {
                product = product.plus(&product, &order);
                if byte >> bit & 1 == 1 {
                    product = product.plus(&this, &order);
                }
            }
        }
        Self(product.bytes())
    }

    fn limbs(&self) -> Limbs {
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().rev().zip(self.0.as_chunks().0) {
            *limb = u64::from_be_bytes(*bytes);
        }
        Limbs(limbs)
    }
}

/// A number of 256 bits, the lowest limb first.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Limbs([u64; 4]);

impl Limbs {
    /// Returns the sum of two numbers below a modulus.
    fn plus(&self, other: &Self, modulus: &Self) -> Self {
        let mut carry = false;
        let mut sum = [0; 4];
        for ((sum, a), b) in sum.iter_mut().zip(self.0).zip(other.0) {
            (*sum, carry) = a.carrying_add(b, carry);
        }
        let sum = Self(sum);
        if carry || sum.0.iter().rev().ge(modulus.0.iter().rev()) { subtract(&sum, modulus) } else { sum }
    }

    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (bytes, limb) in bytes.as_chunks_mut().0.iter_mut().zip(self.0.iter().rev()) {
            *bytes = limb.to_be_bytes();
        }
        bytes
    }
}

/// Returns the difference modulo 2^256.
fn subtract(a: &Limbs, b: &Limbs) -> Limbs {
    let mut borrow = false;
    let mut difference = [0; 4];
    for ((difference, a), b) in difference.iter_mut().zip(a.0).zip(b.0) {
        (*difference, borrow) = a.borrowing_sub(b, borrow);
    }
    Limbs(difference)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use secp256k1::{Keypair, Parity, SecretKey, XOnlyPublicKey};

    use super::*;

    /// The answer of libsecp256k1.
    fn expected(output: &[u8; 32], is_odd: bool, internal: &[u8; 32], tweak: &[u8; 32]) -> bool {
        let parity = if is_odd { Parity::Odd } else { Parity::Even };
        let keys = (XOnlyPublicKey::from_byte_array(*internal), XOnlyPublicKey::from_byte_array(*output));
        let (Ok(internal), Ok(output)) = keys else { return false };
        secp256k1::Scalar::from_be_bytes(*tweak)
            .is_ok_and(|tweak| internal.tweak_add_check(&output, parity, tweak))
    }

    #[track_caller]
    fn check(output: &[u8; 32], is_odd: bool, internal: &[u8; 32], tweak: &[u8; 32]) -> bool {
        let got = Host.taproot_tweak_check(output, is_odd, internal, tweak);
        assert_eq!(got, expected(output, is_odd, internal, tweak));
        got
    }

    proptest! {
        #[test]
        fn tweaks_are_those_of_libsecp256k1(secret in any::<[u8; 32]>(), tweak: [u8; 32], at in 0..32_usize) {
            let Ok(secret) = SecretKey::from_secret_bytes(secret) else { return Ok(()) };
            let (internal, _) = Keypair::from_secret_key(&secret).x_only_public_key();
            let Ok(scalar) = secp256k1::Scalar::from_be_bytes(tweak) else { return Ok(()) };
            let (output, parity) = internal.add_tweak(&scalar).unwrap();
            let (internal, output, is_odd) = (internal.to_byte_array(), output.to_byte_array(), parity == Parity::Odd);
            assert!(check(&output, is_odd, &internal, &tweak));
            assert!(!check(&output, !is_odd, &internal, &tweak));
            let change = |bytes: &[u8; 32]| {
                let mut bytes = *bytes;
                bytes[at] ^= 1;
                bytes
            };
            assert!(!check(&change(&output), is_odd, &internal, &tweak));
            assert!(!check(&output, is_odd, &change(&internal), &tweak));
            assert!(!check(&output, is_odd, &internal, &change(&tweak)));
        }

        #[test]
        fn products_are_sums(a: [u8; 32], n in 0..1_000_u32) {
            let a = Scalar(a);
            if a.is_reduced() {
                let mut factor = [0; 32];
                factor[28..].copy_from_slice(&n.to_be_bytes());
                let sum = (0..n).fold(Limbs([0; 4]), |sum, _| sum.plus(&a.limbs(), &ORDER.limbs()));
                assert_eq!(a.times(&Scalar(factor)).0, sum.bytes());
                assert_eq!(Scalar(factor).times(&a).0, sum.bytes());
            }
        }
    }

    #[test]
    fn a_tweak_is_below_the_order_and_may_be_zero() {
        let key = Keypair::from_secret_key(&SecretKey::from_secret_bytes([5; 32]).unwrap());
        let key = key.x_only_public_key().0.to_byte_array();
        assert!(check(&key, false, &key, &[0; 32]));
        assert!(!check(&key, false, &key, &ORDER.0));
        assert!(!check(&key, false, &key, &[0xff; 32]));
        // No points.
        assert!(!check(&[0; 32], false, &[0; 32], &[0; 32]));
        assert!(!check(&key, false, &[0xff; 32], &[1; 32]));
    }

    /// The negation of the internal key as the tweak's point: the sum is infinity.
    #[test]
    fn infinity_is_no_key() {
        let secret = SecretKey::from_secret_bytes([5; 32]).unwrap();
        let pair = Keypair::from_secret_key(&secret);
        let (internal, parity) = pair.x_only_public_key();
        let negated = if parity == Parity::Odd { secret } else { secret.negate() };
        let tweak = negated.to_secret_bytes();
        assert!(!check(&internal.to_byte_array(), false, &internal.to_byte_array(), &tweak));
    }

    /// Points whose x coordinate is not below the order exist, and anybody can take one as an internal key.
    #[test]
    fn internal_keys_above_the_order_work() {
        let mut n = 0;
        for low in 0..200_u8 {
            let mut x = ORDER.0;
            x[31] = x[31].wrapping_add(low.min(0xbe));
            let Ok(internal) = XOnlyPublicKey::from_byte_array(x) else { continue };
            let tweak = [low + 1; 32];
            let (output, parity) =
                internal.add_tweak(&secp256k1::Scalar::from_be_bytes(tweak).unwrap()).unwrap();
            assert!(check(&output.to_byte_array(), parity == Parity::Odd, &x, &tweak));
            assert!(!check(&output.to_byte_array(), parity != Parity::Odd, &x, &tweak));
            n += 1;
        }
        assert!(n > 50, "{n}");
    }
}
