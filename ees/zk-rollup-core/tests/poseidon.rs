//! Poseidon against the constants and outputs of other implementations.

use ark_crypto_primitives::sponge::poseidon::find_poseidon_ark_and_mds;
use ark_ff::Field as _;
use hex_literal::hex;
use outrider_zk_rollup_core::field::{self, Fr};
use outrider_zk_rollup_core::poseidon::{
    FULL_ROUNDS, LANES, MIX, PARTIAL_ROUNDS, ROUND_CONSTANTS, compress, permute, permute_with,
};
use outrider_zk_rollup_core::tree::EMPTY;

#[test]
fn the_constants_are_those_of_the_grain_lfsr() {
    let (constants, mix) =
        find_poseidon_ark_and_mds::<Fr>(255, LANES - 1, FULL_ROUNDS as u64, PARTIAL_ROUNDS as u64, 0);
    assert_eq!(ROUND_CONSTANTS.map(Vec::from).to_vec(), constants);
    assert_eq!(MIX.map(Vec::from).to_vec(), mix);
}

/// The outputs of `poseidon3` of npm's `poseidon-bls12381` 1.0.2: lane 0 of the permutation of (0, a, b, c).
#[test]
fn the_permutation_gives_the_outputs_of_the_javascript_implementation() {
    let check = |input: [Fr; 3], expected| {
        let [a, b, c] = input;
        let mut state = [Fr::from(0), a, b, c];
        permute(&mut state);
        assert_eq!(field::to_bytes(&state[0]), expected);
    };
    let [one, two, three] = [1, 2, 3].map(Fr::from);
    let power = |exponent| two.pow([exponent]);
    check([Fr::from(0); 3], hex!("0609a34c838e1843f4f36babb91fb42f98460d7e62b430b9cd94b6e641809b0b"));
    check([one, two, three], hex!("5ad8bcfa9754b5bc043cc74dea65ae15e3fdb0c2295970aaacfc116c802d9895"));
    check([-one, -two, -three], hex!("2e079e05f49bb063a65488cea29a5156d991dbf63ff6d34eab0f7ae3133ca33e"));
    check(
        [power(64), power(128), power(254)],
        hex!("171517f178c8564f22347f3509647228e0225059e7a3d219a4e68199cce13883"),
    );
}

/// The vectors `x5_255_3` and `x5_255_5` of the reference implementation, hadeshash.
#[test]
fn the_permutation_of_other_sizes_gives_the_vectors_of_the_reference() {
    check_reference(
        57,
        [
            hex!("28ce19420fc246a05553ad1e8c98f5c9d67166be2c18e9e4cb4b4e317dd2a78a"),
            hex!("51f3e312c95343a896cfd8945ea82ba956c1118ce9b9859b6ea56637b4b1ddc4"),
            hex!("3b2b69139b235626a0bfb56c9527ae66a7bf486ad8c11c14d1da0c69bbe0f79a"),
        ],
    );
    check_reference(
        60,
        [
            hex!("2a918b9c9f9bd7bb509331c81e297b5707f6fc7393dcee1b13901a0b22202e18"),
            hex!("65ebf8671739eeb11fb217f2d5c5bf4a0c3f210e3f3cd3b08b5db75675d797f7"),
            hex!("2cc176fc26bc70737a696a9dfd1b636ce360ee76926d182390cdb7459cf585ce"),
            hex!("4dc4e29d283afd2a491fe6aef122b9a968e74eff05341f3cc23fda1781dcb566"),
            hex!("03ff622da276830b9451b88b85e6184fd6ae15c8ab3ee25a5667be8592cce3b1"),
        ],
    );
}

/// Permutes 0, 1, 2, … with the generator's constants for this many partial rounds.
#[track_caller]
fn check_reference<const T: usize>(partial_rounds: usize, expected: [[u8; 32]; T]) {
    let (constants, mix) =
        find_poseidon_ark_and_mds::<Fr>(255, T - 1, FULL_ROUNDS as u64, partial_rounds as u64, 0);
    let row = |row: &Vec<Fr>| <[Fr; T]>::try_from(row.as_slice()).expect("a row has T elements");
    let constants: Vec<_> = constants.iter().map(row).collect();
    let mix: Vec<_> = mix.iter().map(row).collect();
    let mut state = core::array::from_fn(|lane| Fr::from(lane as u64));
    permute_with(&mut state, &constants, &mix.try_into().expect("T rows"));
    assert_eq!(state.map(|lane| field::to_bytes(&lane)), expected);
}

#[test]
fn compression_adds_the_first_input_to_the_first_lane() {
    // Computed with the JavaScript implementation's constants by other code.
    let expected = hex!("203fa2088b3110699e7c8e9ec413efb6a30e119538c951089d44e109fba3d7aa");
    assert_eq!(field::to_bytes(&compress([1, 2, 3, 4].map(Fr::from))), expected);
}

#[test]
fn the_hashes_of_empty_subtrees_are_compressions_of_four() {
    assert_eq!(EMPTY[0], Fr::from(0));
    for pair in EMPTY.windows(2) {
        assert_eq!(compress([pair[0]; 4]), pair[1]);
    }
}
