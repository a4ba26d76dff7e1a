//! The header of a block.

mod validate;

use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256, b256};
use alloy_rlp::{RlpDecodable, RlpEncodable};

pub(crate) use self::validate::{validate, validate_alone};

/// The header of a block; the last fields were added by forks.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(no_gaps))]
pub(crate) struct Header {
    pub(crate) parent_hash: B256,
    pub(crate) ommers_hash: B256,
    pub(crate) beneficiary: Address,
    pub(crate) state_root: B256,
    pub(crate) transactions_root: B256,
    pub(crate) receipts_root: B256,
    pub(crate) logs_bloom: Bloom,
    pub(crate) difficulty: U256,
    pub(crate) number: u64,
    pub(crate) gas_limit: u64,
    pub(crate) gas_used: u64,
    /// Seconds since 1970.
    pub(crate) timestamp: u64,
    pub(crate) extra_data: Bytes,
    /// The mix hash before Paris, EIP-4399.
    pub(crate) prev_randao: B256,
    pub(crate) nonce: B64,
    /// London, EIP-1559.
    pub(crate) base_fee_per_gas: Option<u64>,
    /// Shanghai, EIP-4895.
    pub(crate) withdrawals_root: Option<B256>,
    /// Cancun, EIP-4844.
    pub(crate) blob_gas_used: Option<u64>,
    /// Cancun, EIP-4844.
    pub(crate) excess_blob_gas: Option<u64>,
    /// Cancun, EIP-4788.
    pub(crate) parent_beacon_block_root: Option<B256>,
    /// Prague, EIP-7685.
    pub(crate) requests_hash: Option<B256>,
    /// Amsterdam, EIP-7928.
    pub(crate) block_access_list_hash: Option<B256>,
    /// Amsterdam, EIP-7843.
    pub(crate) slot_number: Option<u64>,
}

/// The hash of an empty list of ommers.
pub(crate) const EMPTY_OMMERS_HASH: B256 =
    b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
