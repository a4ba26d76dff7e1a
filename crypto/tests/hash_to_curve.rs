//! Tests of the maps to the curve BLS12-381 against the vectors of RFC 9380.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use outrider_crypto::bls12_381 as bls;
use outrider_crypto_vectors::files::{archive, unhex};
use serde::Deserialize;

#[derive(Deserialize)]
struct HashToCurve {
    vectors: Vec<MapVector>,
}

#[derive(Deserialize)]
struct MapVector {
    #[serde(rename = "P")]
    point: Coordinates,
    u: Vec<String>,
}

#[derive(Deserialize)]
struct Coordinates {
    x: String,
    y: String,
}

/// Hashing maps two elements and clears the cofactor of their sum. The maps here clear the cofactor of each; the sum
/// is the same point.
#[test]
fn maps_agree_with_hash_to_curve() {
    let excerpt = [
        ("hash_to_G1_excerpt", include_str!("../vectors/data/hash_to_G1.json")),
        ("hash_to_G2_excerpt", include_str!("../vectors/data/hash_to_G2.json")),
    ];
    let mut n_cases = 0;
    let files = archive("consensus/hash-to-curve.tar.gz");
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).chain(excerpt);
    for (name, text) in files.filter(|(name, _)| name.contains("SSWU") || name.contains("excerpt")) {
        let suite: HashToCurve = serde_json::from_str(text).unwrap();
        for vector in &suite.vectors {
            let expected = [padded(&vector.point.x), padded(&vector.point.y)].concat();
            let [u0, u1] = &vector.u[..] else { panic!("{name}: not two elements") };
            let (u0, u1) = (padded(u0), padded(u1));
            let sum = if name.contains("_G1_") {
                let [a, b] = [u0, u1].map(|u| bls::map_fp_to_g1(&u.try_into().unwrap()).unwrap());
                bls::g1_add(&a, &b).unwrap().to_vec()
            } else {
                let [a, b] = [u0, u1].map(|u| bls::map_fp2_to_g2(&u.try_into().unwrap()).unwrap());
                bls::g2_add(&a, &b).unwrap().to_vec()
            };
            assert_eq!(sum, expected, "{name}");
            n_cases += 1;
        }
    }
    assert!(n_cases >= 4);
}

/// Decodes comma-separated field elements, each padded to 64 bytes.
fn padded(elements: &str) -> Vec<u8> {
    elements
        .split(',')
        .flat_map(|element| unhex(&format!("{:0>128}", element.trim_start_matches("0x"))))
        .collect()
}
