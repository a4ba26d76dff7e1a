//! `sanity/shard_blocks`: blocks of shards.

use super::expect_outcome;
use crate::case::{Failure, Files};
use outrider_beacon_spec::{
    containers::{ShardState, SignedShardBlock},
    phase1::{BeaconState, shard_state_transition},
    preset::Preset,
    signatures::Signatures,
};

pub(crate) fn run<C: Preset>(files: &Files) -> Result<(), Failure> {
    let shard_state: ShardState = files.ssz("pre.ssz")?;
    let signed_block: SignedShardBlock = files.ssz("signed_shard_block.ssz")?;
    let beacon_parent_state: BeaconState<C> = files.ssz("beacon_parent_state.ssz")?;
    let mut signatures = if files.meta()?.has_signatures() { Signatures::Each } else { Signatures::Ignored };
    let outcome = shard_state_transition(shard_state, &signed_block, &beacon_parent_state, &mut signatures);
    expect_outcome(files, "post.ssz", outcome)
}
