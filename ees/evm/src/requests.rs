//! Requests to the consensus layer, [EIP-7685](https://eips.ethereum.org/EIPS/eip-7685).

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, Log, U256, address, b256};
use outrider_evm_codec::{CONSOLIDATION_REQUESTS, WITHDRAWAL_REQUESTS};
use outrider_sdk::crypto::sha256;

use crate::error::RequestError;

/// The contract of beacon roots, [EIP-4788](https://eips.ethereum.org/EIPS/eip-4788).
pub(crate) const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");

/// Contracts that answer with requests, and the types of these.
pub(crate) const REQUEST_CONTRACTS: [(u8, Address); 2] =
    [(1, WITHDRAWAL_REQUESTS), (2, CONSOLIDATION_REQUESTS)];

/// The type of deposit requests.
pub(crate) const DEPOSITS: u8 = 0;

/// Returns the deposits in the logs of a contract, concatenated, [EIP-6110](https://eips.ethereum.org/EIPS/eip-6110).
pub(crate) fn deposits<'a>(
    logs: impl Iterator<Item = &'a Log>,
    contract: Option<Address>,
) -> Result<Vec<u8>, RequestError> {
    let contract = contract.unwrap_or(DEPOSIT_CONTRACT);
    let mut deposits = Vec::new();
    for log in logs {
        if log.address == contract && log.topics().first() == Some(&DEPOSIT_EVENT) {
            append_deposit(&log.data.data, &mut deposits).ok_or(RequestError::Deposit)?;
        }
    }
    Ok(deposits)
}

/// Returns the requests hash of a header. Requests are in ascending order of types, and empty ones do not count.
pub(crate) fn requests_hash(requests: &[(u8, Vec<u8>)]) -> B256 {
    let mut hashes = Vec::new();
    for (kind, data) in requests.iter().filter(|(_, data)| !data.is_empty()) {
        let mut request = Vec::with_capacity(1 + data.len());
        request.push(*kind);
        request.extend_from_slice(data);
        hashes.extend(sha256(&request));
    }
    B256::new(sha256(&hashes))
}

/// Appends the fields of a deposit, if its log has the contract's layout: five offsets, then the length of each field
/// and the field, padded to words.
fn append_deposit(data: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if data.len() != DEPOSIT_EVENT_BYTES {
        return None;
    }
    for (index, (offset, length)) in DEPOSIT_FIELDS.iter().enumerate() {
        let is_laid_out =
            word(data, index * WORD)? == U256::from(*offset) && word(data, *offset)? == U256::from(*length);
        if !is_laid_out {
            return None;
        }
        out.extend_from_slice(data.get(offset + WORD..)?.get(..*length)?);
    }
    Some(())
}

fn word(data: &[u8], at: usize) -> Option<U256> {
    data.get(at..)?.first_chunk::<WORD>().map(|word| U256::from_be_bytes(*word))
}

/// The contract of the main network.
pub(crate) const DEPOSIT_CONTRACT: Address = address!("00000000219ab540356cBB839Cbe05303d7705Fa");

/// The hash of `DepositEvent(bytes,bytes,bytes,bytes,bytes)`.
const DEPOSIT_EVENT: B256 = b256!("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5");

/// The length of the event's data.
const DEPOSIT_EVENT_BYTES: usize = 576;

/// The positions of the fields, including their lengths, and the lengths: public key, withdrawal credentials, amount,
/// signature, index.
const DEPOSIT_FIELDS: [(usize, usize); 5] = [(160, 48), (256, 32), (320, 8), (384, 96), (512, 8)];

const WORD: usize = 32;
