//! Forgeries of signatures.

use ark_ff::Field as _;
use outrider_zk_rollup::circuit::{Rows, Rule};
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::field::power_of_two;
use outrider_zk_rollup_core::poseidon::compress;

use super::{Scene, override_hash};
use crate::world::key;

/// The forger signs with a key of his own, whose coordinates replace those of the sender's.
pub(crate) fn signature_of_another_key() -> Rows {
    let mut scene = Scene::new();
    let forger = key(2);
    scene.slot.signature = scene.signature_of(&forger);
    let u = super::quotient(&scene.rows(), Rule::KeyCoordinates, 0);
    let point = forger.public_key().point();
    let value = (Fr::from(1) + point.y) / (Fr::from(1) - point.y);
    scene.overrides.extend([(u, value), (u + 1, value / point.x)]);
    scene.rows()
}

/// The last digit selects no constant, but the point that the forger needs.
pub(crate) fn response_of_no_multiple() -> Rows {
    let mut scene = Scene::new();
    let missing = scene.forge_response();
    scene.select_last(&missing);
    scene.rows()
}

pub(crate) fn response_that_is_no_sum() -> Rows {
    let mut scene = Scene::new();
    let needed = scene.forge_commitment();
    let rows = scene.rows();
    let x = super::last_quotient(&rows, Rule::ResponseSum, 1);
    let y = super::last_quotient(&rows, Rule::ResponseSum, 0);
    scene.overrides.extend([(x, needed.x), (y, needed.y)]);
    scene.rows()
}

pub(crate) fn product_that_is_none() -> Rows {
    let mut scene = Scene::new();
    let product = scene.forge_product();
    let rows = scene.rows();
    // The last two variables of the rule are the coordinates of the product.
    let v = super::last_variable(&rows, Rule::ChallengeProduct);
    scene.overrides.extend([(v - 1, product.0), (v, product.1)]);
    scene.rows()
}

pub(crate) fn commitment_of_choice() -> Rows {
    let mut scene = Scene::new();
    let commitment_y = Fr::from(12345);
    scene.sign_hash(|scene| compress([commitment_y, scene.key_y(), scene.message(), scene.domain]));
    let y = super::last_quotient(&scene.rows(), Rule::Commitment, 0);
    scene.overrides.insert(y, commitment_y);
    scene.rows()
}

/// The signature is for another nonce, and the hash is what that one needs.
pub(crate) fn challenge_of_choice() -> Rows {
    let mut scene = Scene::new();
    scene.sign_for_nonce(6);
    let rows = scene.rows();
    let missing = super::low_missing(&rows);
    scene.overrides.extend([override_hash(&rows, Rule::ChallengeHash, 264, 0, missing)]);
    scene.rows()
}

pub(crate) fn high_half_of_choice() -> Rows {
    let mut scene = Scene::new();
    scene.sign_for_nonce(6);
    // The hash is the challenge plus 2^128 times what is called its high half.
    let missing = super::low_missing(&scene.rows());
    let high = scene.slot.signature.hash_high[0] - missing * power_of_two(128).inverse().expect("not zero");
    scene.slot.signature.hash_high[0] = high;
    scene.rows()
}

pub(crate) fn signature_for_an_old_nonce() -> Rows {
    let mut scene = Scene::new();
    scene.sign_for_nonce(6);
    scene.rows()
}
