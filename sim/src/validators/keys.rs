//! Publicly known keys, and deposits by them.

use num_bigint::BigUint;
use ssz_types::{FixedVector, typenum::U33};

use outrider_beacon_spec::{
    bls::{secret_to_public, sign},
    compute::{compute_domain, compute_signing_root},
    constants::{DOMAIN_DEPOSIT, MAX_EFFECTIVE_BALANCE},
    containers::{Deposit, DepositData, DepositMessage},
    hash::{hash, hash_tree_root},
    preset::Preset,
    types::{BLSPubkey, Bytes32, Root, ValidatorIndex, Version},
};

/// The order of the groups of BLS12-381.
pub(crate) const CURVE_ORDER: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53,
    0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
];

/// Returns the interop secret key of a validator, on which clients agreed in 2019: the hash of its index modulo the
/// group order. Index and hash are little-endian, the key is big-endian.
#[must_use]
pub fn interop_secret_key(validator_index: ValidatorIndex) -> [u8; 32] {
    let hash = hash(&[&validator_index.to_le_bytes(), &[0; 24]]);
    let key = BigUint::from_bytes_le(hash.as_slice()) % BigUint::from_bytes_be(&CURVE_ORDER);
    let mut bytes = [0; 32];
    bytes.iter_mut().rev().zip(key.to_bytes_le()).for_each(|(to, from)| *to = from);
    bytes
}

/// Returns the withdrawal credentials of simulated validators: the hash of their key, with the prefix
/// `BLS_WITHDRAWAL_PREFIX`.
#[must_use]
pub fn withdrawal_credentials(pubkey: &BLSPubkey) -> Bytes32 {
    let mut credentials = hash(&[pubkey.as_slice()]);
    credentials.0[0] = 0;
    credentials
}

/// Returns a deposit of the full amount for each key, with its proof in the tree that ends with it.
#[must_use]
pub fn interop_deposits<C: Preset>(secret_keys: &[[u8; 32]]) -> Vec<Deposit> {
    let mut leaves = Vec::new();
    let mut deposits = Vec::new();
    for secret_key in secret_keys {
        let data = deposit_data::<C>(secret_key);
        leaves.push(hash_tree_root(&data));
        deposits.push(Deposit { proof: last_proof(&leaves), data });
    }
    deposits
}

fn deposit_data<C: Preset>(secret_key: &[u8; 32]) -> DepositData {
    let pubkey = secret_to_public(secret_key).expect("a key below the order and not zero is valid");
    let withdrawal_credentials = withdrawal_credentials(&pubkey);
    let message = DepositMessage { pubkey, withdrawal_credentials, amount: MAX_EFFECTIVE_BALANCE };
    let domain = compute_domain(DOMAIN_DEPOSIT, Version::from(C::GENESIS_FORK_VERSION), Root::ZERO);
    let signing_root = compute_signing_root(&message, domain);
    DepositData {
        pubkey,
        withdrawal_credentials,
        amount: message.amount,
        signature: sign(secret_key, signing_root.as_slice()).expect("the key was used above"),
    }
}

/// Returns the siblings of the last leaf in a tree of depth 32, from the bottom up, and the number of leaves.
fn last_proof(leaves: &[Root]) -> FixedVector<Bytes32, U33> {
    let mut proof = FixedVector::<Bytes32, U33>::default();
    let mut level = leaves.to_vec();
    let mut zero = Root::ZERO;
    let parent = |left: &Root, right: &Root| hash(&[left.as_slice(), right.as_slice()]);
    for (depth, sibling) in proof.iter_mut().enumerate() {
        if depth == 32 {
            sibling.0.iter_mut().zip((leaves.len() as u64).to_le_bytes()).for_each(|(to, from)| *to = from);
            break;
        }
        // The last leaf has no right sibling. It has a left one if its index is odd.
        if level.len().is_multiple_of(2) {
            *sibling = level.iter().rev().nth(1).copied().unwrap_or(zero);
        } else {
            *sibling = zero;
        }
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => parent(left, right),
                [left, ..] => parent(left, &zero),
                [] => zero,
            })
            .collect();
        zero = parent(&zero, &zero);
    }
    proof
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_key_equals_the_published_one() {
        let secret_key = interop_secret_key(0);
        assert_eq!(
            hex::encode(secret_key),
            "25295f0d1d592a90b333e26e85149708208e9f8e8bc18f6c77bd62f8ad7a6866"
        );
        assert_eq!(
            hex::encode(secret_to_public(&secret_key).unwrap()),
            "a99a76ed7796f7be22d5b7e85deeb7c5677e88e511e0b337618f8c4eb61349b4bf2d153f649f7b53359fe8b94a38e44c"
        );
    }
}
