//! One slot of a batch: a transfer, or nothing.

use ark_ff::Field as _;
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::account::LEAF_TAG;
use outrider_zk_rollup_core::field::power_of_two;
use outrider_zk_rollup_core::signature::{KIND_SHIFT, Kind};
use outrider_zk_rollup_core::transfer::{
    AMOUNT_MANTISSA_BITS, EXPONENT_BITS, FEE_MANTISSA_BITS, INDEX_BITS, PACKED_BITS,
};

use super::path::{self, Change, PathRules};
use super::poseidon::compress;
use super::rule::Rule;
use super::signature;
use super::system::{Number, System};
use crate::witness::{FloatWitness, LeafWitness, SlotWitness};

/// The data that a slot publishes, and the root that it leaves.
pub(crate) struct Slot<F> {
    pub(crate) packed: Number<F>,
    pub(crate) root: Number<F>,
}

/// A decimal float: its bits as a number, and its value.
struct Float<F> {
    packed: Number<F>,
    value: Number<F>,
}

/// Adds the constraints of a slot.
///
/// 1. A slot without a sender publishes zeros. It opens the empty leaf 0 twice and leaves it empty. Its signature is any
///    valid one, such as that of a well-known key.
/// 2. The floats have their values, below 2^131: no sum below wraps around the field.
/// 3. The sender's account, whose balance and nonce have 64 bits each, is opened at the sender's index.
/// 4. Its balance less amount and fee has 64 bits, so it is not negative and cost was below 2^64; its nonce was not the last.
/// 5. The receiver's account is opened at the receiver's index, in the tree that the sender's change made, and its balance
///    plus the amount has 64 bits.
/// 6. The sender signed the transfer with the nonce.
pub(crate) fn synthesize<S: System>(
    system: &mut S,
    domain: &Number<S::Form>,
    root: &Number<S::Form>,
    witness: &SlotWitness,
) -> Slot<S::Form> {
    let from = system.bits(Rule::IndexBits, &witness.from);
    let to = system.bits(Rule::IndexBits, &witness.to);
    let amount = float(system, &witness.amount);
    let fee = float(system, &witness.fee);
    let (from_index, to_index) = (Number::packed(&from), Number::packed(&to));
    let enabled = enabled(system, &from_index);

    let mut packed = fee.packed;
    packed.add_scaled(&amount.packed, power_of_two(FEE_MANTISSA_BITS + EXPONENT_BITS));
    packed.add_scaled(&to_index, power_of_two(PACKED_BITS - 2 * INDEX_BITS));
    let disabled = &Number::one() - &enabled;
    system.enforce(Rule::NoOpIsZero, &disabled, &packed, &Number::zero());
    packed.add_scaled(&from_index, power_of_two(PACKED_BITS - INDEX_BITS));

    let cost = &amount.value + &fee.value;
    let sender = sender(system, &enabled, &cost, &witness.sender);
    let rules = PathRules { place: Rule::SenderPlace, node: Rule::SenderNode };
    let roots = path::root(system, rules, sender.leaf, &from, &witness.sender.siblings);
    system.equal(Rule::SenderRoot, &roots.before, root);
    let between = roots.after;

    let leaf = receiver(system, &enabled, &amount.value, &witness.receiver);
    let rules = PathRules { place: Rule::ReceiverPlace, node: Rule::ReceiverNode };
    let roots = path::root(system, rules, leaf, &to, &witness.receiver.siblings);
    system.equal(Rule::ReceiverRoot, &roots.before, &between);

    let mut message = packed.clone();
    message.add_scaled(&sender.nonce, power_of_two(PACKED_BITS));
    let kind = Fr::from(Kind::Transfer as u8) * power_of_two(KIND_SHIFT);
    message.add_scaled(&Number::one(), kind);
    signature::verify(system, &sender.key_y, &message, domain, &witness.signature);
    Slot { packed, root: roots.after }
}

/// Returns 1 if an index is not zero, and else 0.
fn enabled<S: System>(system: &mut S, index: &Number<S::Form>) -> Number<S::Form> {
    let inverse = system.witness(index.value().inverse().unwrap_or_default());
    let enabled = system.multiply(Rule::Enabled, index, &inverse);
    let disabled = &Number::one() - &enabled;
    system.enforce(Rule::Enabled, index, &disabled, &Number::zero());
    enabled
}

fn float<S: System>(system: &mut S, witness: &FloatWitness) -> Float<S::Form> {
    let mantissa = system.bits(Rule::FloatBits, &witness.mantissa);
    let exponent = system.bits(Rule::FloatBits, &witness.exponent);
    debug_assert!([AMOUNT_MANTISSA_BITS, FEE_MANTISSA_BITS].contains(&(mantissa.len() as u32)));
    let mantissa = Number::packed(&mantissa);
    let mut packed = Number::packed(&exponent);
    packed.add_scaled(&mantissa, power_of_two(EXPONENT_BITS));
    let mut value = mantissa;
    for (place, bit) in exponent.iter().enumerate() {
        let power = Fr::from(10).pow([1 << place]);
        let mut factor = Number::one();
        factor.add_scaled(bit, power - Fr::from(1));
        value = system.multiply(Rule::FloatValue, &value, &factor);
    }
    Float { packed, value }
}

struct Sender<F> {
    key_y: Number<F>,
    nonce: Number<F>,
    leaf: Change<F>,
}

fn sender<S: System>(
    system: &mut S,
    enabled: &Number<S::Form>,
    cost: &Number<S::Form>,
    witness: &LeafWitness,
) -> Sender<S::Form> {
    let key_y = system.witness(witness.key_y);
    let balance = Number::packed(&system.bits(Rule::SenderBits, &witness.balance));
    let nonce = Number::packed(&system.bits(Rule::SenderBits, &witness.nonce));
    let balance_after = Number::packed(&system.bits(Rule::SenderBitsAfter, &witness.balance_after));
    system.equal(Rule::SenderBalance, &balance_after, &(&balance - cost));
    let nonce_after = &nonce + &Number::one();
    let excess = &nonce_after - &Number::constant(power_of_two(64));
    system.divide(Rule::SenderNonce, &Number::one(), &excess);
    let before = leaf(system, Rule::SenderLeaf, &key_y, &balance, &nonce);
    let after = leaf(system, Rule::SenderLeaf, &key_y, &balance_after, &nonce_after);
    let leaf = Change {
        before: system.multiply(Rule::SenderLeafEnabled, enabled, &before),
        after: system.multiply(Rule::SenderLeafEnabled, enabled, &after),
    };
    Sender { key_y, nonce, leaf }
}

fn receiver<S: System>(
    system: &mut S,
    enabled: &Number<S::Form>,
    amount: &Number<S::Form>,
    witness: &LeafWitness,
) -> Change<S::Form> {
    let key_y = system.witness(witness.key_y);
    let balance = Number::packed(&system.bits(Rule::ReceiverBits, &witness.balance));
    let nonce = Number::packed(&system.bits(Rule::ReceiverBits, &witness.nonce));
    let balance_after = Number::packed(&system.bits(Rule::ReceiverBitsAfter, &witness.balance_after));
    system.equal(Rule::ReceiverBalance, &balance_after, &(&balance + amount));
    let before = leaf(system, Rule::ReceiverLeaf, &key_y, &balance, &nonce);
    let after = leaf(system, Rule::ReceiverLeaf, &key_y, &balance_after, &nonce);
    Change {
        before: system.multiply(Rule::ReceiverLeafEnabled, enabled, &before),
        after: system.multiply(Rule::ReceiverLeafEnabled, enabled, &after),
    }
}

/// Returns the leaf of an account, as `outrider_zk_rollup_core::Account::leaf`.
fn leaf<S: System>(
    system: &mut S,
    rule: Rule,
    key_y: &Number<S::Form>,
    balance: &Number<S::Form>,
    nonce: &Number<S::Form>,
) -> Number<S::Form> {
    let mut packed = balance.clone();
    packed.add_scaled(nonce, power_of_two(64));
    let tag = Number::constant(Fr::from(LEAF_TAG));
    compress(system, rule, [key_y, &packed, &Number::zero(), &tag])
}
