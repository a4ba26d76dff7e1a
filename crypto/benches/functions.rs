//! Benchmarks of one call of each function, from which the host's fuel table follows.

#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use outrider_crypto::{
    blake2b, bls_signature, bls12_381 as bls, bn254, hash, kzg, modexp, p256, secp256k1 as secp,
};

fn hashes(c: &mut Criterion) {
    let mut group = c.benchmark_group("hash");
    let bytes = vec![7; 1 << 16];
    for length in [0, 1 << 10, 1 << 16] {
        let bytes = &bytes[..length];
        group.bench_function(BenchmarkId::new("keccak256", length), |b| {
            b.iter(|| hash::keccak256(black_box(bytes)))
        });
        group.bench_function(BenchmarkId::new("sha256", length), |b| {
            b.iter(|| hash::sha256(black_box(bytes)))
        });
        group.bench_function(BenchmarkId::new("sha512_256", length), |b| {
            b.iter(|| hash::sha512_256(black_box(bytes)))
        });
        group.bench_function(BenchmarkId::new("ripemd160", length), |b| {
            b.iter(|| hash::ripemd160(black_box(bytes)))
        });
    }
    for rounds in [0, 12, 1200] {
        let mut input = [5; blake2b::INPUT_BYTES];
        input[..4].copy_from_slice(&u32::to_be_bytes(rounds));
        input[212] = 1;
        group.bench_function(BenchmarkId::new("blake2b_compress", rounds), |b| {
            b.iter(|| blake2b::compress(black_box(&input)).unwrap())
        });
    }
    group.finish();
}

fn secp256k1(c: &mut Criterion) {
    use ::secp256k1::{Keypair, Message, Scalar, SecretKey, ecdsa::RecoverableSignature, schnorr};

    let key = SecretKey::from_secret_bytes([3; 32]).unwrap();
    let pair = Keypair::from_secret_key(&key);
    let digest = [9; 32];
    let recoverable = RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(digest), &key);
    let (id, signature) = recoverable.serialize_compact();
    let compressed = pair.public_key().serialize();
    let (x_only, _) = pair.x_only_public_key();
    let x_only = x_only.to_byte_array();
    let of_digest = schnorr::sign_no_aux_rand(&digest, &pair).to_byte_array();

    let mut group = c.benchmark_group("secp256k1");
    group.bench_function("ecdsa_recover", |b| {
        b.iter(|| secp::ecdsa_recover(&digest, black_box(&signature), id.to_u8()).unwrap())
    });
    group.bench_function("ecdsa_verify", |b| {
        b.iter(|| secp::ecdsa_verify(&digest, black_box(&signature), &compressed).unwrap())
    });
    group.bench_function("schnorr_verify", |b| {
        b.iter(|| secp::schnorr_verify(&digest, black_box(&of_digest), &x_only).unwrap())
    });
    let tweak = Scalar::from_be_bytes([9; 32]).unwrap();
    let (tweaked, parity) = pair.x_only_public_key().0.add_tweak(&tweak).unwrap();
    let (tweaked, parity) = (tweaked.to_byte_array(), parity.to_u8());
    group.bench_function("xonly_tweak_add_check", |b| {
        b.iter(|| secp::xonly_tweak_add_check(&tweaked, parity, black_box(&x_only), &[9; 32]).unwrap())
    });
    group.finish();
}

/// Measures the most expensive kinds of modulus: odd, and three times a power of two.
fn modular_exponentiation(c: &mut Criterion) {
    let mut group = c.benchmark_group("modexp");
    for bytes in [1, 8, 16, 32, 64, 256, 1024] {
        let base: Vec<u8> = (0..bytes).map(|i| (i * 91 + 5) as u8 | 1).collect();
        let odd: Vec<u8> = (0..bytes).map(|i| (i * 37 + 11) as u8 | 0x81).collect();
        let mut even = vec![0; bytes];
        even[0] = 6;
        for (exponent_bits, exponent) in
            [(0, vec![]), (2, vec![3]), (17, vec![1, 0, 1]), (256, vec![0xff; 32]), (8192, vec![0xff; 1024])]
        {
            if bytes == 1024 && exponent_bits > 256 {
                continue;
            }
            let work = modexp::work(bytes, &exponent, bytes);
            for (kind, modulus) in [("odd", &odd), ("even", &even)] {
                let id = format!("{bytes}B/{exponent_bits}bit/{kind}/work{work}");
                group.bench_function(id, |b| {
                    b.iter(|| modexp::modexp(black_box(&base), &exponent, modulus).unwrap())
                });
            }
        }
    }
    group.finish();
}

fn bn254_curve(c: &mut Criterion) {
    let mut generator = [0; bn254::G1_BYTES];
    generator[31] = 1;
    generator[63] = 2;
    let g2 = hex::decode(concat!(
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2",
        "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed",
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b",
        "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa",
    ))
    .unwrap();
    let point = bn254::mul(&generator, &[0x5a; 32]).unwrap();
    let other = bn254::mul(&generator, &[0x37; 32]).unwrap();

    let mut group = c.benchmark_group("bn254");
    group.bench_function("add", |b| b.iter(|| bn254::add(black_box(&point), &other).unwrap()));
    group.bench_function("mul", |b| b.iter(|| bn254::mul(black_box(&point), &[0xff; 32]).unwrap()));
    for n_pairs in [1, 2, 4, 8] {
        let pairs: Vec<_> = (0..n_pairs)
            .map(|i| {
                let p = bn254::mul(&generator, &[i + 1; 32]).unwrap();
                [&p[..], &g2].concat().try_into().unwrap()
            })
            .collect();
        group.bench_function(BenchmarkId::new("pairing_check", n_pairs), |b| {
            b.iter(|| bn254::pairing_check(black_box(&pairs)))
        });
    }
    group.finish();
}

fn bls12_381_curve(c: &mut Criterion) {
    let g1 = |i: u8| {
        let mut element = [i; bls::FP_BYTES];
        element[..16].fill(0);
        bls::map_fp_to_g1(&element).unwrap()
    };
    let g2 = |i: u8| {
        let mut element = [i; bls::FP2_BYTES];
        element[..16].fill(0);
        element[64..80].fill(0);
        bls::map_fp2_to_g2(&element).unwrap()
    };
    let mut group = c.benchmark_group("bls12_381");
    let (p, q) = (g1(1), g1(2));
    group.bench_function("g1_add", |b| b.iter(|| bls::g1_add(black_box(&p), &q).unwrap()));
    let (p, q) = (g2(1), g2(2));
    group.bench_function("g2_add", |b| b.iter(|| bls::g2_add(black_box(&p), &q).unwrap()));
    for n_terms in [1, 2, 4, 16, 64, 128, 512, 2048] {
        let terms: Vec<_> = (0..n_terms)
            .map(|i| {
                let scalar = hash::keccak256(&u32::to_le_bytes(i));
                [&g1((i % 20) as u8)[..], &scalar].concat().try_into().unwrap()
            })
            .collect();
        group.bench_function(BenchmarkId::new("g1_msm", n_terms), |b| {
            b.iter(|| bls::g1_msm(black_box(&terms)).unwrap())
        });
        let terms: Vec<_> = (0..n_terms)
            .map(|i| {
                let scalar = hash::keccak256(&u32::to_le_bytes(i));
                [&g2((i % 20) as u8)[..], &scalar].concat().try_into().unwrap()
            })
            .collect();
        group.bench_function(BenchmarkId::new("g2_msm", n_terms), |b| {
            b.iter(|| bls::g2_msm(black_box(&terms)).unwrap())
        });
    }
    for n_pairs in [1, 2, 4, 8, 16] {
        let pairs: Vec<_> =
            (1..=n_pairs).map(|i| [&g1(i)[..], &g2(i)].concat().try_into().unwrap()).collect();
        group.bench_function(BenchmarkId::new("pairing_check", n_pairs), |b| {
            b.iter(|| bls::pairing_check(black_box(&pairs)))
        });
    }
    let mut element = [0x11; bls::FP2_BYTES];
    element[..16].fill(0);
    element[64..80].fill(0);
    let half = *element.first_chunk().unwrap();
    group.bench_function("map_fp_to_g1", |b| b.iter(|| bls::map_fp_to_g1(black_box(&half)).unwrap()));
    group.bench_function("map_fp2_to_g2", |b| b.iter(|| bls::map_fp2_to_g2(black_box(&element)).unwrap()));
    group.finish();
}

fn bls_signatures(c: &mut Criterion) {
    use blst::min_pk::SecretKey;

    let suite = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    let message = [7; 32];
    let secrets: Vec<_> = (0..128u8).map(|i| SecretKey::key_gen(&[i; 32], &[]).unwrap()).collect();
    let keys: Vec<_> = secrets.iter().map(|s| s.sk_to_pk().to_bytes()).collect();
    let signatures: Vec<_> = secrets.iter().map(|s| s.sign(&message, suite, &[]).to_bytes()).collect();

    let mut group = c.benchmark_group("bls_signature");
    let kilobytes = vec![7; 1 << 16];
    group.bench_function("verify/64KiB refuted", |b| {
        b.iter(|| bls_signature::verify(&keys[0], black_box(&kilobytes), &signatures[0]))
    });
    for n in [1, 8, 128] {
        let signature = bls_signature::aggregate(&signatures[..n]).unwrap();
        let signers: Vec<_> = keys[..n].iter().map(|k| (*k, &message[..])).collect();
        group.bench_function(BenchmarkId::new("aggregate", n), |b| {
            b.iter(|| bls_signature::aggregate(black_box(&signatures[..n])).unwrap())
        });
        group.bench_function(BenchmarkId::new("fast_aggregate_verify", n), |b| {
            b.iter(|| {
                bls_signature::fast_aggregate_verify(black_box(&keys[..n]), &message, &signature).unwrap()
            })
        });
        group.bench_function(BenchmarkId::new("aggregate_verify", n), |b| {
            b.iter(|| bls_signature::aggregate_verify(black_box(&signers), &signature).unwrap())
        });
    }
    group.finish();
}

/// A refuted proof costs as much as a valid one.
fn kzg_proofs(c: &mut Criterion) {
    use blst::min_sig::SecretKey;

    let point = |seed| SecretKey::key_gen(&[seed; 32], &[]).unwrap().sign(&[], &[], &[]).to_bytes();
    let (commitment, proof) = (point(1), point(2));
    let scalar = [0x5a; 32];
    c.bench_function("kzg/verify refuted", |b| {
        b.iter(|| kzg::verify(black_box(&commitment), &scalar, &scalar, &proof))
    });
}

fn p256_signatures(c: &mut Criterion) {
    use ::p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};

    let key = SigningKey::from_slice(&[3; 32]).unwrap();
    let digest = [9; 32];
    let signature: Signature = key.sign_prehash(&digest).unwrap();
    let signature = signature.to_bytes().into();
    let key = *key.verifying_key().to_encoded_point(false).as_bytes().last_chunk().unwrap();
    c.bench_function("p256/ecdsa_verify", |b| {
        b.iter(|| p256::ecdsa_verify(&digest, black_box(&signature), &key).unwrap())
    });
}

criterion_group!(
    benches,
    hashes,
    secp256k1,
    modular_exponentiation,
    bn254_curve,
    bls12_381_curve,
    bls_signatures,
    kzg_proofs,
    p256_signatures
);
criterion_main!(benches);
