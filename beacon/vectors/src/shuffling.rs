//! `shuffling`: the shuffled indices of a list.

use super::case::{Failure, Files, expect_equal};
use outrider_beacon_spec::{
    preset::Preset,
    shuffle::{compute_shuffled_index, shuffle_list},
    types::Bytes32,
};

#[derive(serde::Deserialize)]
struct Mapping {
    seed: Bytes32,
    count: u64,
    mapping: Vec<u64>,
}

pub(super) fn run<C: Preset>(files: &Files) -> Result<(), Failure> {
    let Mapping { seed, count, mapping } = files.yaml("mapping.yaml")?;
    // The check comes before any work in proportion to `count`.
    expect_equal("the number of shuffled indices", &count, &(mapping.len() as u64))?;
    let indices = (0..count)
        .map(|index| compute_shuffled_index(index, count, &seed, C::SHUFFLE_ROUND_COUNT))
        .collect::<Result<Vec<_>, _>>()?;
    expect_equal("the list of shuffled indices", &mapping, &indices)?;
    let list = shuffle_list((0..count).collect(), &seed, C::SHUFFLE_ROUND_COUNT);
    expect_equal("the shuffled list", &mapping, &list)
}
