//! Tests that any bytes give an answer, and that answers obey the laws of algebra.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use ::p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use ::secp256k1::{Keypair, Message, SecretKey, ecdsa, schnorr};
use blst::min_pk;
use num_bigint::BigUint;
use outrider_crypto::{
    blake2b, bls_signature, bls12_381 as bls, bn254, hash,
    kzg::{self, KzgError},
    modexp,
    p256::{self, P256Error},
    secp256k1::{self as secp, Secp256k1Error},
};
use proptest::{array, collection::vec, prelude::*};

/// Generates bytes that reach deeper into decoders than noise does: runs of zeros, of ones and of noise.
fn any_bytes<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    vec(prop_oneof![(Just(0), 1..64usize), (Just(0xff), 1..64usize), (any::<u8>(), 1..16usize)], 1..24)
        .prop_map(|runs| {
            let mut bytes = runs.iter().flat_map(|(byte, n)| std::iter::repeat_n(*byte, *n));
            std::array::from_fn(|_| bytes.next().unwrap_or(0))
        })
}

proptest! {
    #![proptest_config(config(ProptestConfig::default().cases))]

    #[test]
    fn hashes_never_panic(bytes in vec(any::<u8>(), 0..1024), mut f in any_bytes::<{ blake2b::INPUT_BYTES }>()) {
        hash::keccak256(&bytes);
        hash::sha256(&bytes);
        hash::ripemd160(&bytes);
        f[..2].fill(0);
        prop_assert_eq!(blake2b::compress(&f).is_ok(), f[212] <= 1);
    }

    #[test]
    fn secp256k1_never_panics(
        digest in any_bytes::<32>(),
        signature in any_bytes::<64>(),
        id in any::<u8>(),
        key in vec(any::<u8>(), 0..70),
        x in any_bytes::<32>(),
    ) {
        let _ = secp::ecdsa_recover(&digest, &signature, id);
        let _ = secp::ecdsa_verify(&digest, &signature, &key);
        let _ = secp::schnorr_verify(&key, &signature, &x);
    }

    #[test]
    fn a_recovered_key_verifies(digest in any::<[u8; 32]>(), signature in any::<[u8; 64]>(), id in 0..2u8) {
        if let Ok(key) = secp::ecdsa_recover(&digest, &signature, id) {
            let key = [&[4], &key[..]].concat();
            prop_assert_eq!(secp::ecdsa_verify(&digest, &signature, &key), Ok(()));
        }
    }

    #[test]
    fn recovery_undoes_signing(secret in secret(), digest in any::<[u8; 32]>(), bit in 0..256usize) {
        let key = secret.public_key();
        let signature = ecdsa::RecoverableSignature::sign_ecdsa_recoverable(
            Message::from_digest(digest),
            &secret,
        );
        let (id, signature) = signature.serialize_compact();
        let uncompressed = key.serialize_uncompressed();
        prop_assert_eq!(
            &secp::ecdsa_recover(&digest, &signature, id.to_u8()).unwrap()[..],
            &uncompressed[1..]
        );
        prop_assert_eq!(secp::ecdsa_verify(&digest, &signature, &key.serialize()), Ok(()));
        let mut other = digest;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(
            secp::ecdsa_verify(&other, &signature, &key.serialize()),
            Err(Secp256k1Error::Refuted)
        );
    }

    #[test]
    fn schnorr_verifies_signed_messages(secret in secret(), message in vec(any::<u8>(), 0..200)) {
        let pair = Keypair::from_secret_key(&secret);
        let signature = schnorr::sign_no_aux_rand(&message, &pair).to_byte_array();
        let (key, _) = pair.x_only_public_key();
        let key = key.to_byte_array();
        prop_assert_eq!(secp::schnorr_verify(&message, &signature, &key), Ok(()));
        let longer = [&message[..], &[0]].concat();
        prop_assert_eq!(
            secp::schnorr_verify(&longer, &signature, &key),
            Err(Secp256k1Error::Refuted)
        );
    }

    #[test]
    fn modexp_agrees_with_num_bigint(
        base in operand(),
        exponent in prop_oneof![operand(), vec(any::<u8>(), 0..3)],
        modulus in operand(),
    ) {
        let got = modexp::modexp(&base, &exponent, &modulus).unwrap();
        let [b, e, m] = [&base, &exponent, &modulus].map(|n| BigUint::from_bytes_be(n));
        let expected = if m == BigUint::ZERO { m } else { b.modpow(&e, &m) };
        prop_assert_eq!(got.len(), modulus.len());
        prop_assert_eq!(BigUint::from_bytes_be(&got), expected);
    }

    #[test]
    fn bn254_never_panics(
        a in any_bytes::<{ bn254::G1_BYTES }>(),
        b in any_bytes::<{ bn254::G1_BYTES }>(),
        pairs in vec(any_bytes::<{ bn254::PAIR_BYTES }>(), 0..4),
    ) {
        let _ = bn254::add(&a, &b);
        let _ = bn254::mul(&a, a.first_chunk().unwrap());
        let _ = bn254::pairing_check(&pairs);
    }

    #[test]
    fn bn254_addition_is_an_abelian_group(a in bn254_g1(), b in bn254_g1(), c in bn254_g1()) {
        let add = |p, q| bn254::add(&p, &q).unwrap();
        prop_assert_eq!(add(a, b), add(b, a));
        prop_assert_eq!(add(add(a, b), c), add(a, add(b, c)));
        let minus_one = num(bn254_order() - 1u8);
        prop_assert_eq!(add(a, bn254::mul(&a, &minus_one).unwrap()), [0; bn254::G1_BYTES]);
    }

    #[test]
    fn bn254_multiplication_distributes(p in bn254_g1(), a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
        let order = bn254_order();
        let sum = num((BigUint::from_bytes_be(&a) + BigUint::from_bytes_be(&b)) % order);
        let mul = |scalar| bn254::mul(&p, scalar).unwrap();
        prop_assert_eq!(bn254::add(&mul(&a), &mul(&b)).unwrap(), mul(&sum));
    }

    #[test]
    fn bls12_381_never_panics(
        p in any_bytes::<{ bls::G1_BYTES }>(),
        q in any_bytes::<{ bls::G2_BYTES }>(),
        g1_terms in vec(any_bytes::<{ bls::G1_TERM_BYTES }>(), 0..4),
        g2_terms in vec(any_bytes::<{ bls::G2_TERM_BYTES }>(), 0..4),
        pairs in vec(any_bytes::<{ bls::PAIR_BYTES }>(), 0..4),
    ) {
        let _ = bls::g1_add(&p, &p);
        let _ = bls::g2_add(&q, &q);
        let _ = bls::g1_msm(&g1_terms);
        let _ = bls::g2_msm(&g2_terms);
        let _ = bls::pairing_check(&pairs);
        let _ = bls::map_fp_to_g1(p.first_chunk().unwrap());
        let _ = bls::map_fp2_to_g2(&p);
    }

    #[test]
    fn bls12_381_addition_is_an_abelian_group(
        (a, b, c) in (bls_g1(), bls_g1(), bls_g1()),
        (d, e, f) in (bls_g2(), bls_g2(), bls_g2()),
    ) {
        let add = |p, q| bls::g1_add(&p, &q).unwrap();
        prop_assert_eq!(add(a, b), add(b, a));
        prop_assert_eq!(add(add(a, b), c), add(a, add(b, c)));
        let add = |p, q| bls::g2_add(&p, &q).unwrap();
        prop_assert_eq!(add(d, e), add(e, d));
        prop_assert_eq!(add(add(d, e), f), add(d, add(e, f)));
    }

    #[test]
    fn bls_signatures_never_panic(
        keys in vec(any_bytes::<48>(), 0..4),
        signatures in vec(any_bytes::<96>(), 0..4),
        message in vec(any::<u8>(), 0..100),
        flags in any::<[u8; 2]>(),
    ) {
        let mut keys = keys;
        let mut signatures = signatures;
        keys.iter_mut().for_each(|key| key[0] ^= flags[0] & 0xe0);
        signatures.iter_mut().for_each(|signature| signature[0] ^= flags[1] & 0xe0);
        let signers: Vec<_> = keys.iter().map(|key| (*key, &message[..])).collect();
        let _ = bls_signature::aggregate(&signatures);
        for signature in &signatures {
            let _ = bls_signature::aggregate_verify(&signers, signature);
            let _ = bls_signature::fast_aggregate_verify(&keys, &message, signature);
        }
    }
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn bn254_pairing_is_linear(a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
        // e(aP, Q) e(bP, Q) = e((a + b)P, Q)
        let order = bn254_order();
        let [x, y] = [a, b].map(|n| BigUint::from_bytes_be(&n));
        let minus_sum = num(&order - (x + y) % &order);
        let pair = |scalar: [u8; 32]| -> [u8; bn254::PAIR_BYTES] {
            let p = bn254::mul(&bn254_generator(), &scalar).unwrap();
            [&p[..], &bn254_g2_generator()].concat().try_into().unwrap()
        };
        let [a, b, minus_sum] = [a, b, minus_sum].map(pair);
        prop_assert_eq!(bn254::pairing_check(&[a, b, minus_sum]), Ok(()));
        prop_assert_eq!(
            bn254::pairing_check(&[a, minus_sum]),
            Err(bn254::Bn254Error::Refuted)
        );
    }

    #[test]
    fn bls12_381_pairing_is_bilinear(
        p in bls_g1(),
        q in bls_g2(),
        a in any::<[u8; 32]>(),
        b in any::<[u8; 32]>(),
    ) {
        // e(aP, bQ) = e(abP, Q)
        let order = bls_order();
        let [x, y] = [a, b].map(|n| BigUint::from_bytes_be(&n));
        let minus_ab = num(&order - x * y % &order);
        let pair = |p: [u8; bls::G1_BYTES], q: [u8; bls::G2_BYTES]| -> [u8; bls::PAIR_BYTES] {
            [&p[..], &q].concat().try_into().unwrap()
        };
        let left = pair(bls_g1_mul(&p, &a), bls_g2_mul(&q, &b));
        prop_assert_eq!(bls::pairing_check(&[left, pair(bls_g1_mul(&p, &minus_ab), q)]), Ok(()));
        prop_assert_eq!(
            bls::pairing_check(&[left, pair(p, q)]),
            Err(bls::Bls12381Error::Refuted)
        );
    }

    #[test]
    fn a_sum_of_products_is_the_sum_of_the_products(
        terms in vec((bls_g1(), bls_g2(), scalar()), 1..40),
    ) {
        let (mut g1_sum, mut g2_sum) = ([0; bls::G1_BYTES], [0; bls::G2_BYTES]);
        let (mut g1_terms, mut g2_terms) = (vec![], vec![]);
        for (p, q, scalar) in &terms {
            g1_sum = bls::g1_add(&g1_sum, &bls_g1_mul(p, scalar)).unwrap();
            g2_sum = bls::g2_add(&g2_sum, &bls_g2_mul(q, scalar)).unwrap();
            g1_terms.push([&p[..], scalar].concat().try_into().unwrap());
            g2_terms.push([&q[..], scalar].concat().try_into().unwrap());
        }
        prop_assert_eq!(bls::g1_msm(&g1_terms), Ok(g1_sum));
        prop_assert_eq!(bls::g2_msm(&g2_terms), Ok(g2_sum));
    }

    #[test]
    fn aggregates_verify_in_any_order(seeds in vec(any::<[u8; 32]>(), 1..6), message in vec(any::<u8>(), 0..64)) {
        let suite = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
        let secrets: Vec<_> =
            seeds.iter().map(|seed| min_pk::SecretKey::key_gen(seed, &[]).unwrap()).collect();
        let mut keys: Vec<_> = secrets.iter().map(|s| s.sk_to_pk().to_bytes()).collect();
        let mut signatures: Vec<_> =
            secrets.iter().map(|s| s.sign(&message, suite, &[]).to_bytes()).collect();
        let sum = bls_signature::aggregate(&signatures).unwrap();
        signatures.reverse();
        prop_assert_eq!(bls_signature::aggregate(&signatures).unwrap(), sum);
        keys.reverse();
        prop_assert_eq!(bls_signature::fast_aggregate_verify(&keys, &message, &sum), Ok(()));
        let signers: Vec<_> = keys.iter().map(|key| (*key, &message[..])).collect();
        prop_assert_eq!(bls_signature::aggregate_verify(&signers, &sum), Ok(()));
    }

    #[test]
    fn kzg_and_p256_never_panic(
        digest in any_bytes::<32>(),
        signature in any_bytes::<64>(),
        key in any_bytes::<64>(),
        commitment in any_bytes::<{ kzg::COMMITMENT_BYTES }>(),
        z in any_bytes::<32>(),
        y in any_bytes::<32>(),
        proof in any_bytes::<{ kzg::PROOF_BYTES }>(),
    ) {
        let _ = p256::ecdsa_verify(&digest, &signature, &key);
        let _ = kzg::verify(&commitment, &z, &y, &proof);
    }

    #[test]
    fn p256_verifies_signed_digests(
        key in any::<[u8; 32]>().prop_filter_map("not a key", |bytes| SigningKey::from_slice(&bytes).ok()),
        digest in any::<[u8; 32]>(),
        bit in 0..256usize,
    ) {
        let signature: Signature = key.sign_prehash(&digest).unwrap();
        let signature = signature.to_bytes().into();
        let key = *key.verifying_key().to_encoded_point(false).as_bytes().last_chunk().unwrap();
        prop_assert_eq!(p256::ecdsa_verify(&digest, &signature, &key), Ok(()));
        let mut other = digest;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(p256::ecdsa_verify(&other, &signature, &key), Err(P256Error::Refuted));
    }

    /// The polynomial a X + b has the commitment a [tau]G1 + b G1. Its quotient by X - z is a, so a G1 proves its
    /// value everywhere.
    #[test]
    fn kzg_proves_the_value_of_a_line_and_no_other(a in scalar(), b in scalar(), z in scalar(), other in scalar()) {
        let [a, b, z, other] = [a, b, z, other].map(|n| BigUint::from_bytes_be(&n) % bls_order());
        let y = (&a * &z + &b) % bls_order();
        let commitment = tau_line(&a, &b);
        let proof = tau_line(&BigUint::ZERO, &a);
        let [z, y, other] = [z, y, other].map(num);
        prop_assert_eq!(kzg::verify(&commitment, &z, &y, &proof), Ok(()));
        let expected = if other == y { Ok(()) } else { Err(KzgError::Refuted) };
        prop_assert_eq!(kzg::verify(&commitment, &z, &other, &proof), expected);
    }
}

/// [tau]G1 of Ethereum's ceremony, compressed: the counterpart of [tau]G2.
const TAU_G1: &str =
    "ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81";

/// Returns a [tau]G1 + b G1, compressed.
fn tau_line(a: &BigUint, b: &BigUint) -> [u8; 48] {
    let tau = min_pk::PublicKey::uncompress(&hex::decode(TAU_G1).unwrap()).unwrap().serialize();
    let one = min_pk::SecretKey::from_bytes(&num(BigUint::from(1u8))).unwrap().sk_to_pk().serialize();
    let term = |point: [u8; 96], scalar: &BigUint| -> [u8; bls::G1_TERM_BYTES] {
        let (x, y) = point.split_at(48);
        [&[0; 16], x, &[0; 16], y, &num(scalar.clone())].concat().try_into().unwrap()
    };
    let sum = bls::g1_msm(&[term(tau, a), term(one, b)]).unwrap();
    let mut serialized = [&sum[16..64], &sum[80..]].concat();
    if serialized.iter().all(|byte| *byte == 0) {
        serialized[0] = 0x40;
    }
    min_pk::PublicKey::deserialize(&serialized).unwrap().compress()
}

/// The docs of `bls12_381` promise this, and `kzg` relies on it; a host may call from a small stack.
#[test]
fn sums_of_products_and_pairings_fit_in_256_kib_of_stack() {
    let deep = || {
        let mut element = [0; bls::FP2_BYTES];
        (element[63], element[127]) = (1, 2);
        let p = bls::map_fp_to_g1(element.first_chunk().unwrap()).unwrap();
        let q = bls::map_fp2_to_g2(&element).unwrap();
        let scalar = [0xa5; 32];
        for n in [1, 2, 15, 16, 21, 31, 32, 300] {
            let g1_term = [&p[..], &scalar].concat().try_into().unwrap();
            let g2_term = [&q[..], &scalar].concat().try_into().unwrap();
            let pair = [&p[..], &q].concat().try_into().unwrap();
            bls::g1_msm(&vec![g1_term; n]).unwrap();
            bls::g2_msm(&vec![g2_term; n]).unwrap();
            assert!(bls::pairing_check(&vec![pair; n]).is_err());
        }
        let point = min_pk::SecretKey::key_gen(&scalar, &[]).unwrap().sk_to_pk().compress();
        assert_eq!(kzg::verify(&point, &[1; 32], &[2; 32], &point), Err(KzgError::Refuted));
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(deep);
    thread.unwrap().join().unwrap();
}

/// A test pins a failure by name, so no file of seeds is needed.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn secret() -> impl Strategy<Value = SecretKey> {
    any::<[u8; 32]>()
        .prop_filter_map("zero or over the group order", |bytes| SecretKey::from_secret_bytes(bytes).ok())
}

/// Generates numbers of many shapes: with zeros before, between and after.
fn operand() -> impl Strategy<Value = Vec<u8>> {
    (0..4usize, vec(any::<u8>(), 0..40), 0..20usize, vec(any::<u8>(), 0..4))
        .prop_map(|(leading, high, zeros, low)| [vec![0; leading], high, vec![0; zeros], low].concat())
}

/// Generates scalars of any size, with zero and one among them.
fn scalar() -> impl Strategy<Value = [u8; 32]> {
    prop_oneof![
        any::<[u8; 32]>(),
        (0..4u8).prop_map(|n| num(BigUint::from(n))),
        Just([0xff; 32]),
        Just(num(bls_order())),
    ]
}

fn num(n: BigUint) -> [u8; 32] {
    let bytes = n.to_bytes_be();
    let mut out = [0; 32];
    out[32 - bytes.len()..].copy_from_slice(&bytes);
    out
}

fn bn254_order() -> BigUint {
    "21888242871839275222246405745257275088548364400416034343698204186575808495617".parse().unwrap()
}

fn bn254_generator() -> [u8; bn254::G1_BYTES] {
    let mut point = [0; bn254::G1_BYTES];
    (point[31], point[63]) = (1, 2);
    point
}

fn bn254_g2_generator() -> Vec<u8> {
    hex::decode(concat!(
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2",
        "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed",
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b",
        "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa",
    ))
    .unwrap()
}

fn bn254_g1() -> impl Strategy<Value = [u8; bn254::G1_BYTES]> {
    any::<[u8; 32]>().prop_map(|scalar| bn254::mul(&bn254_generator(), &scalar).unwrap())
}

fn bls_order() -> BigUint {
    "52435875175126190479447740508185965837690552500527637822603658699938581184513".parse().unwrap()
}

fn bls_g1() -> impl Strategy<Value = [u8; bls::G1_BYTES]> {
    any::<[u8; 32]>().prop_map(|low| {
        let mut element = [0; bls::FP_BYTES];
        element[32..].copy_from_slice(&low);
        bls::map_fp_to_g1(&element).unwrap()
    })
}

fn bls_g2() -> impl Strategy<Value = [u8; bls::G2_BYTES]> {
    array::uniform2(any::<[u8; 32]>()).prop_map(|[real, imaginary]| {
        let mut element = [0; bls::FP2_BYTES];
        element[32..64].copy_from_slice(&real);
        element[96..].copy_from_slice(&imaginary);
        bls::map_fp2_to_g2(&element).unwrap()
    })
}

fn bls_g1_mul(point: &[u8; bls::G1_BYTES], scalar: &[u8; 32]) -> [u8; bls::G1_BYTES] {
    bls::g1_msm(&[[&point[..], scalar].concat().try_into().unwrap()]).unwrap()
}

fn bls_g2_mul(point: &[u8; bls::G2_BYTES], scalar: &[u8; 32]) -> [u8; bls::G2_BYTES] {
    bls::g2_msm(&[[&point[..], scalar].concat().try_into().unwrap()]).unwrap()
}
