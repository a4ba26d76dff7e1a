//! `ssz_static`: encodings and roots of containers.

use ssz::{Decode, Encode};
use tree_hash::TreeHash;

use super::case::{Case, Failure, Files, Stop, expect_equal};
use outrider_beacon_spec::{
    containers,
    hash::hash_tree_root,
    phase::{Phase, Phase1},
    preset::Preset,
    types::Root,
};

#[derive(serde::Deserialize)]
struct Roots {
    root: Root,
}

/// Checks that a container decodes, has the expected root and encodes to the same bytes.
fn check<T: Decode + Encode + TreeHash>(files: &Files) -> Result<(), Failure> {
    let value: T = files.ssz("serialized.ssz")?;
    let serialized = files.bytes("serialized.ssz")?;
    expect_equal("the encoding", &hex::encode(serialized), &hex::encode(value.as_ssz_bytes()))?;
    expect_equal("its length", &serialized.len(), &value.ssz_bytes_len())?;
    let Roots { root } = files.yaml("roots.yaml")?;
    expect_equal("the root", &root, &hash_tree_root(&value))
}

/// Runs a case of a container of phase 1: its own, and those that it shares with phase 0.
pub(super) fn run_phase1<C: Preset>(case: &Case, files: &Files) -> Result<(), Stop> {
    match case.handler.as_str() {
        "CompactCommittee" => check::<containers::CompactCommittee>(files)?,
        "CustodyChunkChallenge" => check::<containers::CustodyChunkChallenge<Phase1<C>>>(files)?,
        "CustodyChunkChallengeRecord" => check::<containers::CustodyChunkChallengeRecord>(files)?,
        "CustodyChunkResponse" => check::<containers::CustodyChunkResponse>(files)?,
        "CustodyKeyReveal" => check::<containers::CustodyKeyReveal>(files)?,
        "CustodySlashing" => check::<containers::CustodySlashing<Phase1<C>>>(files)?,
        "EarlyDerivedSecretReveal" => check::<containers::EarlyDerivedSecretReveal>(files)?,
        "FullAttestation" => check::<containers::FullAttestation>(files)?,
        "FullAttestationData" => check::<containers::FullAttestationData>(files)?,
        "LightAggregateAndProof" => check::<containers::LightAggregateAndProof>(files)?,
        "LightClientVote" => check::<containers::LightClientVote>(files)?,
        "LightClientVoteData" => check::<containers::LightClientVoteData>(files)?,
        "ShardBlock" => check::<containers::ShardBlock>(files)?,
        "ShardBlockHeader" => check::<containers::ShardBlockHeader>(files)?,
        "ShardState" => check::<containers::ShardState>(files)?,
        "ShardTransition" => check::<containers::ShardTransition>(files)?,
        "SignedCustodySlashing" => check::<containers::SignedCustodySlashing<Phase1<C>>>(files)?,
        "SignedLightAggregateAndProof" => check::<containers::SignedLightAggregateAndProof>(files)?,
        "SignedShardBlock" => check::<containers::SignedShardBlock>(files)?,
        _ => run::<Phase1<C>>(case, files)?,
    }
    Ok(())
}

/// Runs a case of a container of both phases.
pub(super) fn run<P: Phase>(case: &Case, files: &Files) -> Result<(), Stop> {
    match case.handler.as_str() {
        "AggregateAndProof" => check::<containers::AggregateAndProof<P>>(files)?,
        "Attestation" => check::<containers::Attestation<P>>(files)?,
        "AttestationData" => check::<containers::AttestationData<P>>(files)?,
        "AttesterSlashing" => check::<containers::AttesterSlashing<P>>(files)?,
        "BeaconBlock" => check::<containers::BeaconBlock<P>>(files)?,
        "BeaconBlockBody" => check::<containers::BeaconBlockBody<P>>(files)?,
        "BeaconBlockHeader" => check::<containers::BeaconBlockHeader>(files)?,
        "BeaconState" => check::<containers::BeaconState<P>>(files)?,
        "Checkpoint" => check::<containers::Checkpoint>(files)?,
        "Deposit" => check::<containers::Deposit>(files)?,
        "DepositData" => check::<containers::DepositData>(files)?,
        "DepositMessage" => check::<containers::DepositMessage>(files)?,
        "Eth1Block" => check::<containers::Eth1Block>(files)?,
        "Eth1Data" => check::<containers::Eth1Data>(files)?,
        "Fork" => check::<containers::Fork>(files)?,
        "ForkData" => check::<containers::ForkData>(files)?,
        "HistoricalBatch" => check::<containers::HistoricalBatch<P::Preset>>(files)?,
        "IndexedAttestation" => check::<containers::IndexedAttestation<P>>(files)?,
        "PendingAttestation" => check::<containers::PendingAttestation<P>>(files)?,
        "ProposerSlashing" => check::<containers::ProposerSlashing>(files)?,
        "SignedAggregateAndProof" => check::<containers::SignedAggregateAndProof<P>>(files)?,
        "SignedBeaconBlock" => check::<containers::SignedBeaconBlock<P>>(files)?,
        "SignedBeaconBlockHeader" => check::<containers::SignedBeaconBlockHeader>(files)?,
        "SignedVoluntaryExit" => check::<containers::SignedVoluntaryExit>(files)?,
        "SigningData" => check::<containers::SigningData>(files)?,
        "Validator" => check::<containers::Validator<P>>(files)?,
        "VoluntaryExit" => check::<containers::VoluntaryExit>(files)?,
        _ => return Err(Stop::Unknown),
    }
    Ok(())
}
