//! The EVM EE without an engine: executed over a provider's nodes, and again over the block data that this yields.

use alloy_primitives::B256;
use outrider_evm_codec::Payload;
use outrider_sdk::{
    StateRoot, chain,
    harness::{Failure, Provided, StateProvider},
};
use outrider_witness::NodeBag;

/// Executes a payload, or returns the reason for which the EE refuses it.
pub(crate) fn provide(root: B256, nodes: NodeBag, payload: &Payload) -> Result<Provided, String> {
    provide_on(&StateProvider::with_state(StateRoot(root.0), nodes), payload)
}

/// Executes a payload over a provider.
pub(crate) fn provide_on(provider: &StateProvider, payload: &Payload) -> Result<Provided, String> {
    match provider.provide(&[alloy_rlp::encode(payload)], outrider_evm_ee::execute) {
        Ok(provided) => Ok(provided),
        Err(Failure::Refused(reason)) => Err(chain(&reason)),
        Err(failure) => panic!("{}", chain(&failure)),
    }
}

/// Returns the payload in block data, which has the parts of the provider's payload that are needed.
pub(crate) fn payload(provided: &Provided) -> Payload {
    let (length, rest) =
        provided.block_data.split_first_chunk().expect("block data begins with the length of the witness");
    let length = usize::try_from(u32::from_le_bytes(*length)).expect("32 bits");
    alloy_rlp::decode_exact(&rest[length..]).expect("a payload")
}
