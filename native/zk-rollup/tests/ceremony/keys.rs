//! Keys: from powers of tau, contributed to here and with snarkjs, and damaged ones.

use super::{circuit::Cube, read_key, read_powers, section, sections, text, vector};
use ark_bls12_381::{Bls12_381, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use ark_groth16::{Groth16, Proof, VerifyingKey};
use ark_snark::SNARK;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use outrider_zk_rollup::ceremony::{
    Broken, CeremonyError, CeremonyKey, Circuit, Entropy, FirstKey, Layout, SnarkjsReduction, VerifiedKey,
    refuse_equal_delta,
};
use serde_json::Value;

type Ark = Groth16<Bls12_381>;
type Snarkjs = Groth16<Bls12_381, SnarkjsReduction>;

const SOLVED: Cube = Cube { values: Some((3, 7)), more: 0 };

fn first_key_of(circuit: Cube, layout: Layout) -> FirstKey {
    let circuit = Circuit::new(circuit).expect("the circuit is right");
    let mut powers = read_powers(&vector("prepared.ptau"), circuit.domain_power()).expect("snarkjs made it");
    FirstKey::new(&mut powers, circuit, layout).expect("the powers are of the circuit's domain")
}

fn first_key(layout: Layout) -> FirstKey {
    first_key_of(Cube::default(), layout)
}

fn begun(contributions: &[&str]) -> CeremonyKey {
    let mut key = first_key(Layout::Arkworks).begin().expect("it is of ark's layout");
    for name in contributions {
        key.contribute(name, Entropy::InsecureSeed(name.as_bytes())).expect("no entropy is needed");
    }
    key
}

fn verified(key: CeremonyKey) -> VerifiedKey {
    let layout = key.layout();
    key.verify(&first_key(layout)).unwrap_or_else(|error| panic!("{}", text(&error)))
}

fn bytes(key: &CeremonyKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.write(&mut bytes).expect("a vector takes all bytes");
    bytes
}

fn accepts(key: &VerifyingKey<Bls12_381>, public: &[Fr], proof: &Proof<Bls12_381>) -> bool {
    Ark::verify(key, public, proof).expect("the inputs are as many as the key's")
}

fn public() -> [Fr; 2] {
    SOLVED.public().expect("it has values")
}

#[test]
fn a_contributed_key_proves_and_verifies_with_ark() {
    let key = verified(begun(&["one", "two"])).into_proving_key();
    let proof = Ark::prove(&key, SOLVED, &mut StdRng::seed_from_u64(1)).expect("the circuit is satisfied");
    assert!(accepts(&key.vk, &public(), &proof));
    assert!(!accepts(&key.vk, &[public()[0] + Fr::ONE, public()[1]], &proof));
}

#[test]
fn keys_of_each_domain_prove() {
    // Domains of 8 and 16 rows, full ones and barely begun.
    for more in [0, 3, 4, 11] {
        let circuit = Cube { values: Some((2, 1)), more };
        let first = first_key_of(Cube { values: None, more }, Layout::Arkworks);
        let mut key = first.begin().expect("it is of ark's layout");
        key.contribute("one", Entropy::System("text")).expect("the system has entropy");
        let key = key.verify(&first).expect("the contribution is right").into_proving_key();
        let proof =
            Ark::prove(&key, circuit, &mut StdRng::seed_from_u64(1)).expect("the circuit is satisfied");
        assert!(
            accepts(&key.vk, &circuit.public().expect("it has values"), &proof),
            "{more} more constraints"
        );
    }
}

#[test]
fn a_key_without_a_contribution_is_refused() {
    for key in [begun(&[]), read_key(&vector("first.zkey")).expect("its points are right")] {
        let layout = key.layout();
        let error = key.verify(&first_key(layout)).expect_err("delta is gamma");
        assert!(matches!(error, CeremonyError::KeyWithoutContribution), "{error}");
    }
    assert!(refuse_equal_delta(&verifying_key(&vector("first.vk.json"))).is_err());
    assert!(refuse_equal_delta(&verifying_key(&vector("final.vk.json"))).is_ok());
}

#[test]
fn with_a_key_without_a_contribution_a_proof_of_one_statement_becomes_one_of_another() {
    let key = verifying_key(&vector("first.vk.json"));
    let mut proof = proof(&vector("first.proof.json"));
    assert!(accepts(&key, &public(), &proof));
    // y is one more: what the input's point gains, C loses.
    let false_public = [public()[0] + Fr::ONE, public()[1]];
    assert!(!accepts(&key, &false_public, &proof));
    proof.c = (proof.c - key.gamma_abc_g1[1]).into_affine();
    assert!(accepts(&key, &false_public, &proof));
}

#[test]
fn a_key_is_the_same_after_it_was_written_and_read() {
    for names in [
        &[][..],
        &["one"],
        &["one", "", "a name of more than sixty-three characters, which is cut to as many of them"],
    ] {
        let key = begun(names);
        assert_eq!(read_key(&bytes(&key)).expect("it was just written"), key);
    }
}

#[test]
fn each_flipped_bit_of_a_key_is_refused() {
    let first = first_key(Layout::Arkworks);
    let bytes = bytes(&begun(&["one", "two"]));
    let names =
        ["one", "two"].map(|name| bytes.windows(3).position(|found| found == name.as_bytes()).unwrap());
    for at in
        (0..bytes.len()).step_by(7).filter(|at| names.iter().all(|name| !(*name..name + 3).contains(at)))
    {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(read_key(&damaged).and_then(|key| key.verify(&first)).is_err(), "byte {at} can be changed");
    }
    for (number, range) in sections(&bytes) {
        for end in [range.start - 5, range.start, range.end - 1] {
            assert!(read_key(&bytes[..end]).is_err(), "section {number} cut at {end}");
        }
    }
}

#[test]
fn points_of_a_key_in_a_wrong_place_are_refused() {
    let first = first_key(Layout::Arkworks);
    let bytes = bytes(&begun(&["one"]));
    // Inputs, A, L and H: the first two points exchanged.
    for (number, expected) in
        [(3, Broken::Queries), (5, Broken::Queries), (8, Broken::Scaled), (9, Broken::Scaled)]
    {
        let start = section(&bytes, number).start;
        let mut damaged = bytes.clone();
        damaged[start..start + 96].copy_from_slice(&bytes[start + 96..start + 192]);
        damaged[start + 96..start + 192].copy_from_slice(&bytes[start..start + 96]);
        let error = read_key(&damaged).and_then(|key| key.verify(&first)).expect_err("points are exchanged");
        assert!(matches!(error, CeremonyError::WrongKey(broken) if broken == expected), "{number}: {error}");
    }
}

#[test]
fn a_contribution_left_out_or_repeated_is_refused() {
    let first = first_key(Layout::Arkworks);
    let (one, two) = (bytes(&begun(&["one"])), bytes(&begun(&["one", "two"])));
    let exchange = |key: &[u8], other: &[u8]| {
        let start = section(key, 10).start - 12;
        [&key[..start], &other[section(other, 10).start - 12..]].concat()
    };
    // The transcript of another number of contributions than the key's.
    for mixed in [exchange(&one, &two), exchange(&two, &one)] {
        let error =
            read_key(&mixed).and_then(|key| key.verify(&first)).expect_err("a contribution is missing");
        assert!(matches!(error, CeremonyError::WrongKey(Broken::Delta)), "{error}");
    }
    let other = bytes(&begun(&["other", "two"]));
    assert!(read_key(&exchange(&two, &other)).and_then(|key| key.verify(&first)).is_err());
}

#[test]
fn a_key_of_another_circuit_is_refused() {
    for more in [1, 3] {
        for layout in [Layout::Arkworks, Layout::Snarkjs] {
            let other = first_key_of(Cube { values: None, more }, layout);
            let key = match layout {
                Layout::Arkworks => begun(&["one"]),
                Layout::Snarkjs => read_key(&vector("final.zkey")).expect("its points are right"),
            };
            let error = key.verify(&other).expect_err("the circuit has a constraint more");
            assert!(matches!(error, CeremonyError::WrongKey(_)), "{error}");
        }
    }
    // The same circuit and other powers.
    let mut file = Vec::new();
    outrider_zk_rollup::ceremony::write_insecure_powers(3, b"seed", &mut file)
        .expect("a vector takes all bytes");
    let mut powers = read_powers(&file, 3).expect("they are right");
    let circuit = Circuit::new(Cube::default()).expect("the circuit is right");
    let other = FirstKey::new(&mut powers, circuit, Layout::Arkworks).expect("the domain is the circuit's");
    let error = begun(&["one"]).verify(&other).expect_err("the powers are others");
    assert!(matches!(error, CeremonyError::WrongKey(Broken::Constants)), "{error}");
}

#[test]
fn powers_of_another_domain_than_the_circuits_are_refused() {
    let mut powers = read_powers(&vector("prepared.ptau"), 4).expect("snarkjs made it");
    let circuit = Circuit::new(Cube::default()).expect("the circuit is right");
    let error = FirstKey::new(&mut powers, circuit, Layout::Arkworks).expect_err("the circuit needs 8 rows");
    assert!(matches!(error, CeremonyError::OtherDomain { needed: 3, got: 4 }), "{error}");
}

#[test]
fn a_layout_is_refused_by_the_other() {
    let key = read_key(&vector("final.zkey")).expect("its points are right");
    assert!(key.write(Vec::new()).is_err());
    assert!(matches!(key.verify(&first_key(Layout::Arkworks)), Err(CeremonyError::WrongKey(Broken::Counts))));
    assert!(begun(&["one"]).verify(&first_key(Layout::Snarkjs)).is_err());
    assert!(first_key(Layout::Snarkjs).begin().is_err());
}

#[test]
fn a_ceremony_of_snarkjs_is_imported_and_proves() {
    for (name, contributions) in [("contributed.zkey", 1), ("final.zkey", 2)] {
        let key = verified(read_key(&vector(name)).expect("its points are right"));
        assert_eq!(key.layout(), Layout::Snarkjs);
        assert_eq!(key.transcript().contributions().len(), contributions);
        let key = key.into_proving_key();
        let proof =
            Snarkjs::prove(&key, SOLVED, &mut StdRng::seed_from_u64(1)).expect("the circuit is satisfied");
        assert!(accepts(&key.vk, &public(), &proof), "{name}");
    }
}

#[test]
fn hashes_of_contributions_are_those_that_snarkjs_printed() {
    let key = read_key(&vector("final.zkey")).expect("its points are right");
    let start = |hash: [u8; 64]| hash[..4].to_vec();
    assert_eq!(start(key.transcript().circuit_hash()), [0xf8, 0x8c, 0x11, 0x63]);
    assert_eq!(first_key(Layout::Snarkjs).circuit_hash(), key.transcript().circuit_hash());
    let [one, beacon] = key.transcript().contributions() else { panic!("it has two") };
    assert_eq!((one.name(), one.is_beacon()), ("delta one", false));
    assert_eq!((beacon.name(), beacon.is_beacon()), ("delta beacon", true));
    assert_eq!(start(one.hash()), [0x17, 0x35, 0x9d, 0xf6]);
    assert_eq!(start(beacon.hash()), [0xa4, 0xf1, 0x8d, 0x59]);
}

#[test]
fn each_flipped_bit_of_a_key_of_snarkjs_is_refused() {
    let first = first_key(Layout::Snarkjs);
    let bytes = vector("final.zkey");
    let names = ["delta one", "delta beacon"];
    let names = names.map(|name| {
        let start = bytes.windows(name.len()).position(|found| found == name.as_bytes()).unwrap();
        start..start + name.len()
    });
    // A proof is made without the coefficients, so they are not looked at.
    let coefficients = section(&bytes, 4);
    let covered = |at: &usize| !coefficients.contains(at) && names.iter().all(|name| !name.contains(at));
    for at in (0..bytes.len()).step_by(7).filter(covered) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(read_key(&damaged).and_then(|key| key.verify(&first)).is_err(), "byte {at} can be changed");
    }
}

#[test]
fn the_reduction_of_snarkjs_makes_keys_that_prove() {
    for more in [0, 4, 30] {
        let mut rng = StdRng::seed_from_u64(1);
        let circuit = Cube { values: Some((2, 1)), more };
        let (key, _) =
            Snarkjs::circuit_specific_setup(Cube { values: None, more }, &mut rng).expect("it is small");
        let proof = Snarkjs::prove(&key, circuit, &mut rng).expect("the circuit is satisfied");
        assert!(
            accepts(&key.vk, &circuit.public().expect("it has values"), &proof),
            "{more} more constraints"
        );
    }
}

#[test]
fn the_written_circuit_has_the_constraints_that_circom_wrote() {
    let mut ours = Vec::new();
    Circuit::new(Cube::default())
        .expect("the circuit is right")
        .write_r1cs(&mut ours)
        .expect("a vector takes all");
    let theirs = vector("circuit.r1cs");
    assert_eq!(constraints(&ours), constraints(&theirs));
    // circom counts y as an output, of which we have none; snarkjs treats both as public.
    let header = |bytes: &[u8]| bytes[section(bytes, 1)].to_vec();
    let (ours, theirs) = (header(&ours), header(&theirs));
    assert_eq!(ours[..40], theirs[..40]);
    // Outputs, public and private inputs.
    assert_eq!([ours[40], ours[44], ours[48]], [0, 2, 2]);
    assert_eq!([theirs[40], theirs[44], theirs[48]], [1, 1, 1]);
    assert_eq!(ours[52..], theirs[52..]);
}

/// Returns the terms of each linear combination, sorted.
fn constraints(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut rest = &bytes[section(bytes, 2)];
    let mut all = Vec::new();
    while let Some((count, after)) = rest.split_first_chunk::<4>() {
        let (terms, after) = after.split_at(36 * u32::from_le_bytes(*count) as usize);
        let mut terms: Vec<_> = terms.chunks(36).map(<[u8]>::to_vec).collect();
        terms.sort();
        all.push(terms);
        rest = after;
    }
    all
}

#[test]
fn proofs_and_keys_of_snarkjs_are_arks() {
    let key = verifying_key(&vector("final.vk.json"));
    assert_eq!(
        verified(read_key(&vector("final.zkey")).expect("its points are right")).into_proving_key().vk,
        key
    );
    let proof = proof(&vector("final.proof.json"));
    let inputs: Value = serde_json::from_slice(&vector("public.json")).expect("it is JSON");
    let inputs: Vec<Fr> = inputs.as_array().unwrap().iter().map(number).collect();
    assert_eq!(inputs, public());
    assert!(accepts(&key, &inputs, &proof));
    assert!(!accepts(&key, &[inputs[0], inputs[1] + Fr::ONE], &proof));
}

#[test]
fn a_key_of_another_curve_is_refused_with_its_reason() {
    let error = read_key(&vector("bn128.zkey")).expect_err("it is of BN254");
    assert!(error.to_string().contains("of another curve than BLS12-381: of BN254 (bn128)"), "{error}");
    let error = read_key(&vector("plain.ptau")).expect_err("it has powers");
    assert!(error.to_string().contains("the file does not begin with \"zkey\""), "{error}");
    assert!(read_key(b"").is_err());
}

fn number<F: std::str::FromStr>(value: &Value) -> F {
    value.as_str().and_then(|text| text.parse().ok()).expect("a number in decimal")
}

fn g1(value: &Value) -> G1Affine {
    let point = G1Affine::new(number(&value[0]), number(&value[1]));
    assert!(!point.is_zero());
    point
}

fn g2(value: &Value) -> G2Affine {
    let element = |value: &Value| Fq2::new(number::<Fq>(&value[0]), number::<Fq>(&value[1]));
    G2Affine::new(element(&value[0]), element(&value[1]))
}

fn proof(json: &[u8]) -> Proof<Bls12_381> {
    let json: Value = serde_json::from_slice(json).expect("it is JSON");
    Proof { a: g1(&json["pi_a"]), b: g2(&json["pi_b"]), c: g1(&json["pi_c"]) }
}

fn verifying_key(json: &[u8]) -> VerifyingKey<Bls12_381> {
    let json: Value = serde_json::from_slice(json).expect("it is JSON");
    VerifyingKey {
        alpha_g1: g1(&json["vk_alpha_1"]),
        beta_g2: g2(&json["vk_beta_2"]),
        gamma_g2: g2(&json["vk_gamma_2"]),
        delta_g2: g2(&json["vk_delta_2"]),
        gamma_abc_g1: json["IC"].as_array().expect("a list of points").iter().map(g1).collect(),
    }
}
