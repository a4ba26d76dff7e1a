//! Keys make the signatures of published vectors, and `crypto` verifies them.

use outrider_sdk::{
    crypto::{self, CheckError},
    harness::keys::{BlsKey, P256Key, Secp256k1Key},
};
use proptest::prelude::*;

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    let byte = |index: usize| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).expect("it is hex");
    assert_eq!(text.len(), 2 * N);
    std::array::from_fn(byte)
}

/// Returns a secret that is a small number.
fn secret(n: u8) -> [u8; 32] {
    std::array::from_fn(|index| if index == 31 { n } else { 0 })
}

/// `sign_case_84d45c9c7cca6b92` of the consensus specs' BLS tests.
#[test]
fn a_bls_key_signs_as_the_consensus_specs_do() {
    let key = BlsKey::new(&unhex("263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3"));
    let expected = "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55";
    assert_eq!(key.sign(&[0; 32]), unhex(expected));
}

/// The generator of secp256k1 ([SEC 2]), its address, and the signature of "Satoshi Nakamoto" by RFC 6979 that many libraries test.
///
/// [SEC 2]: https://www.secg.org/sec2-v2.pdf
#[test]
fn a_key_of_secp256k1_signs_as_rfc_6979_says() {
    let key = Secp256k1Key::new(&secret(1));
    let x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let y = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    assert_eq!(key.public_key(), unhex::<64>(&format!("{x}{y}")));
    assert_eq!(key.compressed_public_key(), unhex::<33>(&format!("02{x}")));
    assert_eq!(key.x_only_public_key(), unhex::<32>(x));
    assert_eq!(key.address(), unhex::<20>("7e5f4552091a69125d5dfcb7b8c2659029395bdf"));
    let (signature, _) = key.sign(&crypto::sha256(b"Satoshi Nakamoto"));
    let expected = "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
                    2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5";
    assert_eq!(signature, unhex(expected));
}

/// Vector 0 of BIP-340.
#[test]
fn a_key_of_secp256k1_signs_as_bip_340_says() {
    let key = Secp256k1Key::new(&secret(3));
    let expected = "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215\
                    25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0";
    assert_eq!(key.sign_schnorr(&[0; 32]), unhex(expected));
}

/// RFC 6979, A.2.5: "sample" with SHA-256.
#[test]
fn a_key_of_p256_signs_as_rfc_6979_says() {
    let key = P256Key::new(&unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
    let public_key = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                      7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    assert_eq!(key.public_key(), unhex(public_key));
    let expected = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                    f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    assert_eq!(key.sign(&crypto::sha256(b"sample")), unhex(expected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_a_key_signs_is_verified_and_nothing_else(n in 1..u8::MAX, digest: [u8; 32], message: Vec<u8>, bit in 0_usize..256) {
        let mut other = digest;
        other[bit / 8] ^= 1 << (bit % 8);

        let key = BlsKey::of_seed(&[n; 32]);
        let signature = key.sign(&digest);
        prop_assert_eq!(crypto::bls_verify(&key.public_key(), &digest, &signature), Ok(()));
        prop_assert_eq!(crypto::bls_verify(&key.public_key(), &other, &signature), Err(CheckError::Refuted));

        let key = Secp256k1Key::new(&secret(n));
        let (signature, recovery_id) = key.sign(&digest);
        prop_assert_eq!(crypto::secp256k1_recover(&digest, &signature, recovery_id), Ok(key.public_key()));
        prop_assert_ne!(crypto::secp256k1_recover(&other, &signature, recovery_id), Ok(key.public_key()));
        prop_assert_eq!(crypto::secp256k1_verify(&digest, &signature, &key.compressed_public_key()), Ok(()));
        let signature = key.sign_schnorr(&message);
        prop_assert_eq!(crypto::schnorr_verify(&message, &signature, &key.x_only_public_key()), Ok(()));

        let key = P256Key::new(&secret(n));
        let signature = key.sign(&digest);
        prop_assert_eq!(crypto::p256_verify(&digest, &signature, &key.public_key()), Ok(()));
        prop_assert_eq!(crypto::p256_verify(&other, &signature, &key.public_key()), Err(CheckError::Refuted));
    }
}
