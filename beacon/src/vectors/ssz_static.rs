//! `ssz_static`: encodings and roots of containers.

use ssz::{Decode, Encode};
use tree_hash::TreeHash;

use super::case::{Case, Failure, Files, expect_equal};
use crate::{containers, hash::hash_tree_root, phase::Phase, types::Root};

#[derive(serde::Deserialize)]
struct Roots {
    root: Root,
}

/// Decodes a container, which must have its root and be encoded as it was.
fn check<T: Decode + Encode + TreeHash>(files: &Files) -> Result<(), Failure> {
    let value: T = files.ssz("serialized.ssz")?;
    let serialized = files.bytes("serialized.ssz")?;
    expect_equal("the encoding", &hex::encode(serialized), &hex::encode(value.as_ssz_bytes()))?;
    expect_equal("its length", &serialized.len(), &value.ssz_bytes_len())?;
    let Roots { root } = files.yaml("roots.yaml")?;
    expect_equal("the root", &root, &hash_tree_root(&value))
}

pub(super) fn run<P: Phase>(case: &Case, files: &Files) -> Result<(), Failure> {
    match case.handler.as_str() {
        "AggregateAndProof" => check::<containers::AggregateAndProof<P>>(files),
        "Attestation" => check::<containers::Attestation<P>>(files),
        "AttestationData" => check::<containers::AttestationData<P>>(files),
        "AttesterSlashing" => check::<containers::AttesterSlashing<P>>(files),
        "BeaconBlock" => check::<containers::BeaconBlock<P>>(files),
        "BeaconBlockBody" => check::<containers::BeaconBlockBody<P>>(files),
        "BeaconBlockHeader" => check::<containers::BeaconBlockHeader>(files),
        "BeaconState" => check::<containers::BeaconState<P>>(files),
        "Checkpoint" => check::<containers::Checkpoint>(files),
        "Deposit" => check::<containers::Deposit>(files),
        "DepositData" => check::<containers::DepositData>(files),
        "DepositMessage" => check::<containers::DepositMessage>(files),
        "Eth1Block" => check::<containers::Eth1Block>(files),
        "Eth1Data" => check::<containers::Eth1Data>(files),
        "Fork" => check::<containers::Fork>(files),
        "ForkData" => check::<containers::ForkData>(files),
        "HistoricalBatch" => check::<containers::HistoricalBatch<P::Preset>>(files),
        "IndexedAttestation" => check::<containers::IndexedAttestation<P>>(files),
        "PendingAttestation" => check::<containers::PendingAttestation<P>>(files),
        "ProposerSlashing" => check::<containers::ProposerSlashing>(files),
        "SignedAggregateAndProof" => check::<containers::SignedAggregateAndProof<P>>(files),
        "SignedBeaconBlock" => check::<containers::SignedBeaconBlock<P>>(files),
        "SignedBeaconBlockHeader" => check::<containers::SignedBeaconBlockHeader>(files),
        "SignedVoluntaryExit" => check::<containers::SignedVoluntaryExit>(files),
        "SigningData" => check::<containers::SigningData>(files),
        "Validator" => check::<containers::Validator<P>>(files),
        "VoluntaryExit" => check::<containers::VoluntaryExit>(files),
        _ => Err(Failure::Unknown),
    }
}
