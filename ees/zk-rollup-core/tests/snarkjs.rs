//! A proof and keys of snarkjs 0.7.6 over BLS12-381, for a circuit of circom2: `x = a^3 + a + 5`, with x public.

use ark_bls12_381::G2Affine;
use ark_ec::AffineRepr as _;
use hex_literal::hex;
use outrider_zk_rollup_core::field::Fr;
use outrider_zk_rollup_core::pairing::{Arkworks, VerifyError, verify};
use outrider_zk_rollup_core::proof::{Proof, ProofError, VerifyingKey};

#[test]
fn a_proof_of_snarkjs_verifies_for_its_input_only() {
    let key = VerifyingKey::from_bytes(&KEY).expect("a key");
    let proof = Proof::from_bytes(&PROOF).expect("a proof");
    assert_eq!(verify(&Arkworks, &key, &Fr::from(35), &proof), Ok(()));
    assert_eq!(verify(&Arkworks, &key, &Fr::from(36), &proof), Err(VerifyError));
}

/// Without a contribution to the second phase, gamma and delta of snarkjs are both the generator.
#[test]
fn an_unfinished_key_of_snarkjs_is_refused() {
    let key = VerifyingKey::from_checked_bytes(&unfinished()).expect("points");
    assert_eq!((key.gamma, key.delta), (G2Affine::generator(), G2Affine::generator()));
    assert_eq!(VerifyingKey::from_bytes(&unfinished()), Err(ProofError::GammaIsDelta));
}

/// The key before the contribution: only delta differs.
fn unfinished() -> [u8; 432] {
    let mut key = KEY;
    key.copy_within(144..240, 240);
    key
}

/// The verifying key, in our encoding.
const KEY: [u8; 432] = hex!(
    "9115560829c0e2ec532952aa688e2b44ffb80f3457270cca2b1a334a84f634dcd5a5399e555a0f0be301ccedf85e4c9b"
    "904691aa440d5e3a62a0669a8c4f55359343e9a7a9a5f389b5d56c40a51906a987a2a666037240f9a8ebd8e0512d9e92"
    "0143938b701551413c9a6db1d4e8574854f5e6a9a4a0f73221740c51960424d0bf18c1f1677d949859957d71fe583396"
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    "a2ac26a9a8c01ed8afaa0efe5b16457a7fda738ebbc456689c98b9d73c2f78b02ffdf5e7f9ff6e1fa1f07c8036d77bf4"
    "17564adbc1707b40b170e165dabcd48d5d6003786600d54adbd551016baf0b08aceb0760b5e97f2c9d500cca7638a45b"
    "ab9c9af5034e962dfe6ae10e6083c5b5ec9fe83c6c04a8b067b75f1b16efb02503be43e2fc8a56d1e623209e345b420e"
    "ae2daacef67660f725c3713a7af837fe74c093a2851f1f1cffbce8007bda4d68994b4567793f7e8aadef17984ef837a6"
);

/// The proof for x = 35, in our encoding.
const PROOF: [u8; 192] = hex!(
    "902410042a29cb1a20cb67b649a6a3dcd6eb8a557f92846d188ff15f0fc524629c74198ffd32ca8bfe790bf98f00f984"
    "895d85028d7e52db5f0c286042378101ccb6c56376792bf0f9c055c5123d1c572c22882223cede977c4ed1f3720237d1"
    "06b4f28d0a34213e23a08d37d1d2cce5f09ebde49835f1c689261a970a7c71c0f5b974302ab8c1324c1a761055cf09e5"
    "80845547aec998b1fd83db5b5cfa8897fdfff24279a12e288d855e58c7b9d389cb123ec20f5535af745497ef116a2333"
);
