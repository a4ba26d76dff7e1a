//! A forgery for each rule of the circuit: an assignment that violates nothing but that rule.
//!
//! So each rule is needed: a circuit without it would accept a false statement. For two rules there is none: see
//! [`UNBROKEN`].

mod forge;
mod world;

use ark_ff::{AdditiveGroup as _, Field as _};
use forge::{Scene, override_hash, signatures, stuffed};
use outrider_zk_rollup::circuit::{Rows, Rule};
use outrider_zk_rollup::witness::{FloatWitness, digits};
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::field::power_of_two;
use world::{World, violated};

/// Rules without a forgery here: they keep the key on its curve, and tie the multiple of the key to the challenge's digits.
/// A forgery would have to solve equations of a high degree to get past [`Rule::ChallengeLow`], too. `needed.rs` shows that no
/// other constraint implies theirs.
const UNBROKEN: [Rule; 2] = [Rule::KeyOnCurve, Rule::ChallengeDigits];

#[track_caller]
fn check(rows: &Rows, expected: &[Rule]) {
    assert_eq!(violated(rows), expected);
}

#[test]
fn the_honest_witness_violates_nothing() {
    check(&Scene::new().rows(), &[]);
}

#[test]
fn every_rule_has_a_forgery() {
    let forgeries: [(Rule, fn() -> Rows); 32] = [
        (Rule::IndexBits, index_digit_that_is_no_bit),
        (Rule::Enabled, transfer_from_nobody),
        (Rule::NoOpIsZero, amount_without_sender),
        (Rule::FloatBits, negative_amount),
        (Rule::FloatValue, amount_other_than_its_float),
        (Rule::SenderBits, balance_and_nonce_of_the_same_leaf),
        (Rule::SenderBitsAfter, overdrawn_balance),
        (Rule::SenderBalance, cost_beyond_64_bits),
        (Rule::SenderNonce, last_nonce),
        (Rule::ReceiverBits, receiver_of_the_same_leaf),
        (Rule::ReceiverBitsAfter, receiver_beyond_64_bits),
        (Rule::ReceiverBalance, receiver_that_gets_more),
        (Rule::SenderLeaf, sender_with_another_leaf),
        (Rule::SenderLeafEnabled, sender_whose_leaf_is_replaced),
        (Rule::SenderPlace, sender_out_of_place),
        (Rule::SenderNode, sender_under_another_node),
        (Rule::SenderRoot, sender_of_another_tree),
        (Rule::ReceiverLeaf, receiver_with_another_leaf),
        (Rule::ReceiverLeafEnabled, receiver_whose_leaf_is_replaced),
        (Rule::ReceiverPlace, receiver_out_of_place),
        (Rule::ReceiverNode, receiver_under_another_node),
        (Rule::ReceiverRoot, receiver_of_another_tree),
        (Rule::KeyCoordinates, signatures::signature_of_another_key),
        (Rule::ResponseDigits, signatures::response_of_no_multiple),
        (Rule::ResponseSum, signatures::response_that_is_no_sum),
        (Rule::ChallengeProduct, signatures::product_that_is_none),
        (Rule::Commitment, signatures::commitment_of_choice),
        (Rule::ChallengeHash, signatures::challenge_of_choice),
        (Rule::ChallengeHigh, signatures::high_half_of_choice),
        (Rule::ChallengeLow, signatures::signature_for_an_old_nonce),
        (Rule::DigestHash, digest_of_choice),
        (Rule::PublicInput, another_public_input),
    ];
    for (rule, forgery) in &forgeries {
        check(&forgery(), &[*rule]);
    }
    let broken = forgeries.map(|(rule, _)| rule);
    for rule in Rule::ALL {
        assert_ne!(broken.contains(rule), UNBROKEN.contains(rule), "{rule:?}");
    }
}

/// Swaps an account of the forger's for one of the tree: with a digit that is no bit, a node's children are neither order.
fn index_digit_that_is_no_bit() -> Rows {
    let mut scene = Scene::new().rich();
    let [honest, other] = scene.first_pair();
    let forged = scene.sender_leaf();
    let neighbour = honest + other - forged;
    // forged + digit (neighbour - forged) is the first child, `other`, and the rest is the second.
    let digit = (other - forged) / (neighbour - forged);
    scene.slot.from[0] = digit;
    scene.slot.from[1] = Fr::ZERO;
    scene.slot.sender.siblings[0][0] = neighbour;
    let difference = scene.sender_leaf_after() - forged;
    scene.receive_below(|children| {
        children[0] = other + difference * (Fr::from(1) - digit);
        children[1] = honest + difference * digit;
    });
    scene.resign();
    scene.rows()
}

/// Publishes a transfer, of nothing, by an account that does not exist.
fn transfer_from_nobody() -> Rows {
    let mut scene = Scene::new().without_transfer();
    scene.slot.from = digits(5, 4);
    scene.slot.sender.siblings = scene.before.siblings(5);
    scene.resign();
    let enabled = forge::product(&scene.rows(), Rule::Enabled, 0);
    // The inverse is the variable before the product; with zero, the slot is not enabled.
    scene.overrides.insert(enabled - 1, Fr::ZERO);
    scene.rows()
}

fn amount_without_sender() -> Rows {
    let mut scene = Scene::new().without_transfer();
    scene.slot.amount = FloatWitness::new(300 << 5, 27);
    scene.slot.sender.balance = digits(300, 64);
    scene.slot.receiver.balance_after = digits(300, 64);
    scene.resign();
    scene.rows()
}

fn negative_amount() -> Rows {
    let mut scene = Scene::new();
    scene.slot.amount.mantissa = stuffed(-Fr::from(10), 27);
    scene.slot.sender.balance_after = digits(1005, 64);
    scene.slot.receiver.balance = digits(500, 64);
    let mut world = World::new();
    world.set(14, 500, 7);
    scene.slot.receiver.balance_after = digits(490, 64);
    let mut scene = scene.over(world);
    scene.resign();
    scene.rows()
}

/// Has the first power of ten of the amount be another number.
fn amount_other_than_its_float() -> Rows {
    let mut scene = Scene::new();
    let product = forge::product(&scene.rows(), Rule::FloatValue, 4);
    scene.overrides.insert(product, Fr::from(400));
    scene.slot.sender.balance_after = digits(595, 64);
    scene.slot.receiver.balance_after = digits(400, 64);
    scene.rows()
}

/// Spends 2^64 more than there is, and uses an old nonce: balance + 2^64 and nonce - 1 have the same leaf.
fn balance_and_nonce_of_the_same_leaf() -> Rows {
    let mut scene = Scene::new();
    scene.slot.sender.balance = stuffed(Fr::from(1000) + power_of_two(64), 64);
    scene.slot.sender.nonce = digits(6, 64);
    scene.slot.amount = FloatWitness::new(2000 << 5, 27);
    scene.slot.sender.balance_after = digits((1 << 64) + 1000 - 2005, 64);
    scene.slot.receiver.balance_after = digits(2000, 64);
    scene.resign();
    scene.rows()
}

fn overdrawn_balance() -> Rows {
    let mut scene = Scene::new();
    scene.slot.amount = FloatWitness::new(2000 << 5, 27);
    scene.slot.sender.balance_after = stuffed(-Fr::from(1005), 64);
    scene.slot.receiver.balance_after = digits(2000, 64);
    scene.resign();
    scene.rows()
}

/// Pays 18 * 10^18 and a fee of 2 * 10^18, which is 2^64 and something: only that is subtracted.
fn cost_beyond_64_bits() -> Rows {
    let mut world = World::new();
    world.set(1, 2_000_000_000_000_000_000, 7);
    let mut scene = Scene::new().over(world);
    scene.slot.amount = FloatWitness::new(18_000_000 << 5 | 12, 27);
    scene.slot.fee = FloatWitness::new(2000 << 5 | 15, 11);
    let cost = 20_000_000_000_000_000_000 - (1 << 64);
    scene.slot.sender.balance = digits(2_000_000_000_000_000_000, 64);
    scene.slot.sender.balance_after = digits(2_000_000_000_000_000_000 - cost, 64);
    scene.slot.receiver.balance_after = digits(18_000_000_000_000_000_000, 64);
    scene.resign();
    scene.rows()
}

fn last_nonce() -> Rows {
    let mut world = World::new();
    world.set(1, 1000, u64::MAX);
    let mut scene = Scene::new().over(world);
    scene.slot.sender.nonce = digits(u64::MAX.into(), 64);
    scene.resign();
    scene.rows()
}

/// Gets one Gwei on top of 2^64 - 1: balance - 2^64 and nonce + 1 have the same leaf.
fn receiver_of_the_same_leaf() -> Rows {
    let mut world = World::new();
    world.set(14, u64::MAX, 7);
    let mut scene = Scene::new().over(world);
    scene.slot.amount = FloatWitness::new(1 << 5, 27);
    scene.slot.sender.balance_after = digits(994, 64);
    scene.slot.receiver.balance = stuffed(-Fr::from(1), 64);
    scene.slot.receiver.nonce = digits(8, 64);
    scene.slot.receiver.balance_after = digits(0, 64);
    scene.resign();
    scene.rows()
}

fn receiver_beyond_64_bits() -> Rows {
    let mut world = World::new();
    world.set(14, u64::MAX, 7);
    let mut scene = Scene::new().over(world);
    scene.slot.receiver.balance = digits(u64::MAX.into(), 64);
    scene.slot.receiver.balance_after = stuffed(Fr::from(u64::MAX) + Fr::from(300), 64);
    scene.rows()
}

fn receiver_that_gets_more() -> Rows {
    let mut scene = Scene::new();
    scene.slot.receiver.balance_after = digits(301, 64);
    scene.rows()
}

/// The sender's account has a billion, and its leaf is that of one with a thousand.
fn sender_with_another_leaf() -> Rows {
    let mut scene = Scene::new();
    let honest = scene.sender_leaf();
    scene = scene.rich();
    let forged = scene.sender_leaf();
    let rows = scene.rows();
    scene.overrides.extend([override_hash(&rows, Rule::SenderLeaf, 258, 0, honest - forged)]);
    scene.rows()
}

fn sender_whose_leaf_is_replaced() -> Rows {
    let mut scene = Scene::new();
    let honest = scene.sender_leaf();
    scene = scene.rich();
    let product = forge::product(&scene.rows(), Rule::SenderLeafEnabled, 0);
    scene.overrides.insert(product, honest);
    scene.rows()
}

/// The sender's account is not in the tree: the node above it gets the right children by a wrong swap.
fn sender_out_of_place() -> Rows {
    let mut scene = Scene::new().rich();
    let [honest, other] = scene.first_pair();
    let forged = scene.sender_leaf();
    scene.slot.sender.siblings[0][0] = honest + other - forged;
    let difference = scene.sender_leaf_after() - forged;
    scene.receive_below(|children| children[1] = honest + difference);
    let swap = forge::product(&scene.rows(), Rule::SenderPlace, 0);
    scene.overrides.insert(swap, other - forged);
    scene.rows()
}

fn sender_under_another_node() -> Rows {
    let mut scene = Scene::new().rich();
    let rows = scene.rows();
    let computed = forge::sides(&rows, Rule::SenderRoot).0;
    // The hashes are those of the lower node before and after, and then of the root.
    scene.overrides.extend([override_hash(&rows, Rule::SenderNode, 264, 2, scene.old_root - computed)]);
    scene.rows()
}

fn sender_of_another_tree() -> Rows {
    let mut scene = Scene::new().rich();
    scene.rows()
}

fn receiver_with_another_leaf() -> Rows {
    let mut scene = Scene::new();
    let honest = scene.receiver_leaf();
    scene = scene.rich_receiver();
    let forged = scene.receiver_leaf();
    let rows = scene.rows();
    scene.overrides.extend([override_hash(&rows, Rule::ReceiverLeaf, 258, 0, honest - forged)]);
    scene.rows()
}

fn receiver_whose_leaf_is_replaced() -> Rows {
    let mut scene = Scene::new();
    let honest = scene.receiver_leaf();
    scene = scene.rich_receiver();
    let product = forge::product(&scene.rows(), Rule::ReceiverLeafEnabled, 0);
    scene.overrides.insert(product, honest);
    scene.rows()
}

/// The receiver is at 14, whose low digit is 0: the high one swaps the halves.
fn receiver_out_of_place() -> Rows {
    let mut scene = Scene::new();
    let honest = scene.receiver_leaf();
    scene = scene.rich_receiver();
    let forged = scene.receiver_leaf();
    let [_, third, _] = scene.slot.receiver.siblings[0];
    // The first child of the unswapped half moves to the third place: as what it was, and not as what it is.
    scene.slot.receiver.siblings[0][1] = third + honest - forged;
    let swap = forge::product(&scene.rows(), Rule::ReceiverPlace, 1);
    scene.overrides.insert(swap, third - forged);
    scene.rows()
}

fn receiver_under_another_node() -> Rows {
    let mut scene = Scene::new().rich_receiver();
    let rows = scene.rows();
    let (computed, between) = forge::sides(&rows, Rule::ReceiverRoot);
    scene.overrides.extend([override_hash(&rows, Rule::ReceiverNode, 264, 2, between - computed)]);
    scene.rows()
}

fn receiver_of_another_tree() -> Rows {
    Scene::new().rich_receiver().rows()
}

fn digest_of_choice() -> Rows {
    let mut scene = Scene::new();
    let rows = scene.rows();
    scene.overrides.extend([override_hash(&rows, Rule::DigestHash, 264, 0, Fr::from(1))]);
    scene.rows()
}

fn another_public_input() -> Rows {
    let mut scene = Scene::new();
    scene.public_input_offset = Fr::from(1);
    scene.rows()
}

#[test]
fn more_witnesses_that_must_not_hold() {
    // A leaf that is in the tree, but at another index.
    let mut scene = Scene::new();
    scene.slot.from = digits(3, 4);
    scene.resign();
    let rules = violated(&scene.rows());
    assert!(rules.contains(&Rule::SenderRoot), "{rules:?}");

    // An empty leaf as the sender.
    let mut scene = Scene::new();
    scene.slot.from = digits(5, 4);
    scene.slot.sender.siblings = scene.before.siblings(5);
    scene.resign();
    let rules = violated(&scene.rows());
    assert!(rules.contains(&Rule::SenderRoot), "{rules:?}");

    // Floats beyond 64 bits: 10^31, and a fee of 2047 * 10^31.
    let mut scene = Scene::new();
    scene.slot.amount = FloatWitness::new(1 << 5 | 31, 27);
    let amount = Fr::from(10).pow([31]);
    scene.slot.sender.balance_after = stuffed(Fr::from(995) - amount, 64);
    scene.slot.receiver.balance_after = stuffed(amount, 64);
    scene.resign();
    check(&scene.rows(), &[Rule::SenderBitsAfter, Rule::ReceiverBitsAfter]);
    let mut scene = Scene::new();
    scene.slot.fee = FloatWitness::new(2047 << 5 | 31, 11);
    scene.slot.sender.balance_after = stuffed(Fr::from(700) - Fr::from(2047) * amount, 64);
    scene.resign();
    check(&scene.rows(), &[Rule::SenderBitsAfter]);

    // A receiver that does not exist, and one at 0.
    for to in [5, 0] {
        let mut scene = Scene::new();
        scene.slot.to = digits(to, 4);
        scene.slot.receiver.siblings = scene.after_sender().siblings(to as u32);
        scene.resign();
        check(&scene.rows(), &[Rule::ReceiverRoot]);
    }

    // A receiver's index without a sender.
    let mut scene = Scene::new().without_transfer();
    scene.slot.to = digits(5, 4);
    scene.slot.receiver.siblings = scene.before.siblings(5);
    scene.resign();
    check(&scene.rows(), &[Rule::NoOpIsZero]);
}
