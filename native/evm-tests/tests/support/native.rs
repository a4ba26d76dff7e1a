//! The EVM EE without an engine: over what a provider has, and again from what that yields.

use alloy_primitives::B256;
use outrider_evm_codec::Payload;
use outrider_sdk::{
    StateRoot, chain,
    harness::{Failure, Provided, StateProvider},
};
use outrider_witness::NodeBag;

/// Executes a payload, or tells why the EE refuses it.
pub(crate) fn provide(root: B256, nodes: NodeBag, payload: &Payload) -> Result<Provided, String> {
    provide_on(&StateProvider::with_state(StateRoot(root.0), nodes), payload)
}

/// The same for a provider.
pub(crate) fn provide_on(provider: &StateProvider, payload: &Payload) -> Result<Provided, String> {
    match provider.provide(&[alloy_rlp::encode(payload)], outrider_evm_ee::execute) {
        Ok(provided) => Ok(provided),
        Err(Failure::Refused(reason)) => Err(chain(&reason)),
        Err(failure) => panic!("{}", chain(&failure)),
    }
}

/// The payload of block data: what was needed of the one that a provider was given.
pub(crate) fn payload(provided: &Provided) -> Payload {
    let (length, rest) = provided.block_data.split_first_chunk().expect("the length of a witness");
    let length = usize::try_from(u32::from_le_bytes(*length)).expect("32 bits");
    alloy_rlp::decode_exact(&rest[length..]).expect("a payload")
}
