//! The values that a prover chooses.
//!
//! Every value is a field element, and so can also be one that no honest prover would choose: a digit that is no bit, or a
//! leaf that is not in the tree. Products and hashes follow from these values.

use std::array;

use ark_ec::CurveGroup as _;
use ark_ff::{BigInt, BigInteger as _, PrimeField as _, Zero as _};
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::account::Account;
use outrider_zk_rollup_core::curve::{GENERATOR, Scalar};
use outrider_zk_rollup_core::field::power_of_two;
use outrider_zk_rollup_core::key::{PublicKey, SecretKey};
use outrider_zk_rollup_core::poseidon::compress;
use outrider_zk_rollup_core::signature::{CHALLENGE_BITS, Message, Signature, factor, halves};
use outrider_zk_rollup_core::transfer::{
    AMOUNT_MANTISSA_BITS, EXPONENT_BITS, FEE_MANTISSA_BITS, INDEX_BITS, PACKED_BITS, Transfer,
};

use crate::circuit::{Circuit, RESPONSE_DIGITS, Siblings};

/// The witness of a batch.
#[derive(Clone, Debug)]
pub struct BatchWitness {
    /// The public input, which the digest must equal.
    pub public_input: Fr,
    /// The domain of the rollup.
    pub domain: Fr,
    /// The root before the batch.
    pub old_root: Fr,
    /// The slots, as many as the circuit has.
    pub slots: Vec<SlotWitness>,
}

/// The witness of a slot. Digits are from the lowest.
#[derive(Clone, Debug)]
pub struct SlotWitness {
    /// The digits of the sender's index.
    pub from: Vec<Fr>,
    /// The digits of the receiver's index.
    pub to: Vec<Fr>,
    /// The amount.
    pub amount: FloatWitness,
    /// The fee.
    pub fee: FloatWitness,
    /// The sender's account.
    pub sender: LeafWitness,
    /// The receiver's account, in the tree that the sender's change made.
    pub receiver: LeafWitness,
    /// The sender's signature.
    pub signature: SignatureWitness,
}

/// The digits of a decimal float.
#[derive(Clone, Debug)]
pub struct FloatWitness {
    /// The mantissa.
    pub mantissa: Vec<Fr>,
    /// The exponent of ten.
    pub exponent: Vec<Fr>,
}

/// An account, and what proves its place in the tree.
#[derive(Clone, Debug)]
pub struct LeafWitness {
    /// The y coordinate of the key.
    pub key_y: Fr,
    /// The digits of the balance.
    pub balance: Vec<Fr>,
    /// The digits of the nonce.
    pub nonce: Vec<Fr>,
    /// The digits of the balance after the change.
    pub balance_after: Vec<Fr>,
    /// The siblings on the way to the root, from the leaf.
    pub siblings: Vec<Siblings>,
}

/// A signature, as the circuit reads it.
#[derive(Clone, Debug)]
pub struct SignatureWitness {
    /// The x coordinate of the key.
    pub key_x: Fr,
    /// The response in base 8: each digit is 1, 3, 5 or 7, as the low and the high bit select, times a sign of 1 or -1.
    pub response: Vec<[Fr; 3]>,
    /// The signs of the challenge: 1 for a digit 1, and -1 for a digit 0.
    pub challenge: Vec<Fr>,
    /// The digits of the high half of the hash, of which the challenge is the low half.
    pub hash_high: Vec<Fr>,
}

/// An account and the siblings on its way to the root.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The account.
    pub account: Account,
    /// The siblings, from the leaf.
    pub siblings: Vec<Siblings>,
}

impl BatchWitness {
    /// Returns a witness that the circuit refuses, as its roots are zero. It has the constraints of every other one.
    pub fn any(circuit: Circuit) -> BatchWitness {
        let siblings = vec![Siblings::default(); circuit.depth];
        let slot = SlotWitness::without_transfer(&Fr::zero(), &siblings);
        let slots = vec![slot; circuit.size.into()];
        BatchWitness { public_input: Fr::zero(), domain: Fr::zero(), old_root: Fr::zero(), slots }
    }
}

impl SlotWitness {
    /// Returns the witness of a transfer. The receiver is opened after the sender's change.
    ///
    /// The balances afterwards are those of the accounts and the transfer modulo 2^64: the circuit refuses them if that made
    /// a difference.
    pub fn of_transfer(
        transfer: &Transfer,
        signature: &Signature,
        domain: &Fr,
        sender: &Opening,
        receiver: &Opening,
    ) -> SlotWitness {
        let cost = transfer.amount.gwei().wrapping_add(transfer.fee.gwei());
        let sender_after = sender.account.balance.wrapping_sub(cost);
        let receiver_after = receiver.account.balance.wrapping_add(transfer.amount.gwei());
        let message = transfer.message(sender.account.nonce);
        let key_y = sender.account.key_y;
        SlotWitness {
            from: index_digits(transfer.from.get(), sender.siblings.len()),
            to: index_digits(transfer.to.get(), receiver.siblings.len()),
            amount: FloatWitness::new(transfer.amount.bits(), AMOUNT_MANTISSA_BITS),
            fee: FloatWitness::new(transfer.fee.bits(), FEE_MANTISSA_BITS),
            sender: LeafWitness::new(sender, sender_after),
            receiver: LeafWitness::new(receiver, receiver_after),
            signature: SignatureWitness::new(signature, &key_y, &message, domain),
        }
    }

    /// Returns the witness of a slot without a transfer, from the siblings of leaf 0.
    pub fn without_transfer(domain: &Fr, siblings: &[Siblings]) -> SlotWitness {
        let secret = SecretKey::from_seed(&[0; 32]);
        let key_y = secret.public_key().y();
        let account = Account { key_y, balance: 0, nonce: 0 };
        let opening = Opening { account, siblings: siblings.to_vec() };
        let message = Message::of_transfer(0, 0);
        let signature = Signature::sign(&secret, &message, domain);
        SlotWitness {
            from: index_digits(0, siblings.len()),
            to: index_digits(0, siblings.len()),
            amount: FloatWitness::new(0, AMOUNT_MANTISSA_BITS),
            fee: FloatWitness::new(0, FEE_MANTISSA_BITS),
            sender: LeafWitness::new(&opening, 0),
            receiver: LeafWitness::new(&opening, 0),
            signature: SignatureWitness::new(&signature, &key_y, &message, domain),
        }
    }

    /// Returns the published bits as an element, as the digits give them.
    pub fn packed(&self) -> Fr {
        let parts = [
            (&self.fee.exponent, 0),
            (&self.fee.mantissa, EXPONENT_BITS),
            (&self.amount.exponent, FEE_MANTISSA_BITS + EXPONENT_BITS),
            (&self.amount.mantissa, FEE_MANTISSA_BITS + 2 * EXPONENT_BITS),
            (&self.to, PACKED_BITS - 2 * INDEX_BITS),
            (&self.from, PACKED_BITS - INDEX_BITS),
        ];
        parts.into_iter().map(|(digits, shift)| packed(digits) * power_of_two(shift)).sum()
    }
}

impl FloatWitness {
    /// Returns the digits of a float's bits.
    pub fn new(bits: u32, mantissa_bits: u32) -> FloatWitness {
        FloatWitness {
            mantissa: digits((bits >> EXPONENT_BITS).into(), mantissa_bits),
            exponent: digits(bits.into(), EXPONENT_BITS),
        }
    }
}

impl LeafWitness {
    fn new(opening: &Opening, balance_after: u64) -> LeafWitness {
        LeafWitness {
            key_y: opening.account.key_y,
            balance: digits(opening.account.balance.into(), 64),
            nonce: digits(opening.account.nonce.into(), 64),
            balance_after: digits(balance_after.into(), 64),
            siblings: opening.siblings.clone(),
        }
    }
}

impl SignatureWitness {
    /// Returns the witness of a signature, valid or not: of a key whose y coordinate no point has, x is zero.
    pub fn new(signature: &Signature, key_y: &Fr, message: &Message, domain: &Fr) -> SignatureWitness {
        let key = PublicKey::of_account(*key_y).map(|key| key.point()).unwrap_or_default();
        let product = key * factor(signature.challenge);
        let commitment = (GENERATOR * signature.response - product).into_affine();
        let hash = compress([commitment.y, *key_y, message.element(), *domain]);
        SignatureWitness::of_hash(key.x, signature, &hash)
    }

    /// Returns the witness of a signature by a key with this x coordinate, from the hash of which the challenge should be the
    /// low half.
    pub fn of_hash(key_x: Fr, signature: &Signature, hash: &Fr) -> SignatureWitness {
        let (_, high) = halves(&hash.into_bigint());
        let sign = |digit: &Fr| if digit.is_zero() { -Fr::from(1) } else { Fr::from(1) };
        SignatureWitness {
            key_x,
            response: response_digits(&signature.response),
            challenge: digits(signature.challenge, CHALLENGE_BITS).iter().map(sign).collect(),
            hash_high: digits(high, HASH_HIGH_BITS),
        }
    }
}

/// Returns a response as odd digits between -7 and 7 in base 8.
///
/// With odd digits `d_i = 2 w_i - 7`, their sum is `2 w - (8^84 - 1)`, so `w` is half of `s + 8^84 - 1` for an odd `s`; for
/// an even one, `s` less the order is odd.
fn response_digits(response: &Scalar) -> Vec<[Fr; 3]> {
    let response = response.into_bigint();
    let mut half = BigInt::<4>::from(1_u64) << (3 * RESPONSE_DIGITS as u32);
    half.sub_with_borrow(&BigInt::from(1_u64));
    half.add_with_carry(&response);
    if response.is_even() {
        half.sub_with_borrow(&Scalar::MODULUS);
    }
    half.div2();
    let digit = |place: usize| {
        let [low, high, top] = array::from_fn(|bit| half.get_bit(3 * place + bit));
        // With the top bit, the digit is 1, 3, 5 or 7; without it, -7, -5, -3 or -1.
        let sign = if top { Fr::from(1) } else { -Fr::from(1) };
        [Fr::from(low == top), Fr::from(high == top), sign]
    };
    (0..RESPONSE_DIGITS).map(digit).collect()
}

/// Returns the digits of an index in a tree of a depth.
fn index_digits(index: u32, depth: usize) -> Vec<Fr> {
    digits(index.into(), 2 * depth as u32)
}

/// Returns the lowest binary digits of a number.
pub fn digits(number: u128, n_digits: u32) -> Vec<Fr> {
    (0..n_digits).map(|place| Fr::from(number >> place & 1 == 1)).collect()
}

/// Returns the number with these binary digits.
pub fn packed(digits: &[Fr]) -> Fr {
    digits.iter().rev().fold(Fr::zero(), |sum, digit| sum + sum + digit)
}

/// The number of bits above the challenge in a hash.
const HASH_HIGH_BITS: u32 = Fr::MODULUS_BIT_SIZE - CHALLENGE_BITS;
