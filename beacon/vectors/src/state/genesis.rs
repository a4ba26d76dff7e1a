//! `genesis`: states from deposits.

use super::expect_outcome;
use crate::case::{Case, Files, Stop, expect_equal};
use outrider_beacon_spec::{
    containers::BeaconState,
    genesis::{initialize_beacon_state_from_eth1, is_valid_genesis_state},
    phase::Phase0,
    preset::Preset,
};

pub(crate) fn run<C: Preset>(case: &Case, files: &Files) -> Result<(), Stop> {
    match case.handler.as_str() {
        "initialization" => {
            let deposits = files.ssz_list("deposits", files.meta()?.deposits_count)?;
            let state = initialize_beacon_state_from_eth1::<C>(
                files.ssz("eth1_block_hash.ssz")?,
                files.ssz("eth1_timestamp.ssz")?,
                &deposits,
            );
            expect_outcome(files, "state.ssz", state)?;
        }
        "validity" => {
            let state: BeaconState<Phase0<C>> = files.ssz("genesis.ssz")?;
            // If the file is missing, the case's name holds the expected answer.
            let expected = if files.has("is_valid.yaml") {
                files.yaml("is_valid.yaml")?
            } else {
                case.case.contains("_true")
            };
            expect_equal("validity", &expected, &is_valid_genesis_state(&state))?;
        }
        _ => return Err(Stop::Unknown),
    }
    Ok(())
}
