//! The two phases, with the fields that each appends to containers.

use std::marker::PhantomData;

use super::{
    Phase1BlockBody, Phase1PendingAttestation, Phase1State, Phase1Validator, ShardVote, extend::Extensions,
};
use crate::preset::Preset;

/// Phase 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase0<C>(PhantomData<C>);

impl<C: Preset> Extensions for Phase0<C> {
    type Preset = C;
    type Validator = ();
    type AttestationData = ();
    type PendingAttestation = ();
    type BlockBody = ();
    type State = ();
}

/// Phase 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase1<C>(PhantomData<C>);

impl<C: Preset> Extensions for Phase1<C> {
    type Preset = C;
    type Validator = Phase1Validator;
    type AttestationData = ShardVote;
    type PendingAttestation = Phase1PendingAttestation;
    type BlockBody = Phase1BlockBody<C>;
    type State = Phase1State<C>;
}
