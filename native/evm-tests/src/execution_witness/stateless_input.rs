//! A block and its witness in SSZ ([EIP-8025]): `StatelessInput` of `tests-zkevm@v0.3.3` in [execution-specs], which
//! has the same draft of Amsterdam as the EVM EE. Later releases have other drafts, and a schema of two bytes before
//! the container; they are refused.
//!
//! | container | fields |
//! |---|---|
//! | `StatelessInput` | `new_payload_request`, `witness`, `chain_id`, `public_keys` |
//! | `NewPayloadRequest` | `execution_payload`, `versioned_hashes`, `parent_beacon_block_root`, `execution_requests` |
//! | `ExecutionPayload` | those of the engine API's V4 |
//! | `ExecutionWitness` | `state`, `codes`, `headers`, each a list of bytes |
//!
//! The header is computed from all of these, and must have the payload's block hash. The public keys are not used,
//! because signers are recovered, and the versioned hashes are those of the transactions: both are only checked to be
//! lists of bytes and of hashes.
//!
//! [EIP-8025]: https://eips.ethereum.org/EIPS/eip-8025
//! [execution-specs]: https://github.com/ethereum/execution-specs

use alloy_primitives::{Address, B64, B256, Bytes, U256, keccak256};
use outrider_evm::{
    chain::{Chain, Config},
    header::{HeaderFields, NO_OMMERS_HASH},
    rlp,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Claims, HeaderForm, Withdrawal, Witness, WitnessError, WitnessedBlock, block};

/// Why bytes are not a stateless input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatelessInputError {
    /// The input is of another release and begins with the two bytes of a schema.
    #[error("the input begins with the schema {got:#06x}, expected an input without a schema")]
    Schema {
        /// The two bytes.
        got: u16,
    },
    /// A container or a list ends within its fields.
    #[error("{what}: {got} bytes are too few")]
    End {
        /// The name of the container or list.
        what: &'static str,
        /// Its length in bytes.
        got: usize,
    },
    /// The offset of a field is wrong.
    #[error("{what}: the offset {got} is wrong")]
    Offset {
        /// The name of the container or list.
        what: &'static str,
        /// The offset.
        got: usize,
    },
    /// A public key is too long.
    #[error("a public key has {got} bytes, expected at most 48")]
    PublicKey {
        /// Its length in bytes.
        got: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatelessInput {
    stateless_input_bytes: Bytes,
}

impl StatelessInput {
    pub(super) fn read(self) -> Result<WitnessedBlock, WitnessError> {
        let input = self.stateless_input_bytes;
        // An input without a schema begins with the offset of its first field.
        if let Some([first, second]) = input.first_chunk().filter(|start| start[0] != 20) {
            let got = u16::from_be_bytes([*first, *second]);
            return Err(WitnessError::StatelessInput(StatelessInputError::Schema { got }));
        }
        let parts = Parts::of(&input).map_err(WitnessError::StatelessInput)?;
        let header = parts.header.encode();
        let (got, expected) = (keccak256(&header), parts.block_hash);
        if got != expected {
            return Err(WitnessError::BlockHash { got, expected });
        }
        let no_ommers = [alloy_rlp::EMPTY_LIST_CODE];
        let block = block(&header, &parts.transactions, &no_ommers, Some(&parts.withdrawals));
        let chain = Chain::of_network("Amsterdam", &Config::default()).ok();
        let chain = chain.map(|chain| Ok(chain.with_chain_id(parts.chain_id)));
        let claims = Claims { chain, ..Claims::default() };
        Ok(WitnessedBlock { claims, ..WitnessedBlock::new(block, parts.witness)? })
    }
}

/// The parts of an input.
struct Parts {
    header: HeaderFields,
    block_hash: B256,
    transactions: Vec<Bytes>,
    withdrawals: Vec<Withdrawal>,
    witness: Witness,
    chain_id: u64,
}

impl Parts {
    fn of(input: &[u8]) -> Result<Self, StatelessInputError> {
        let input = Container { what: "the input", bytes: input };
        let [request, witness, public_keys] = input.variable([0, 4, 16], 20)?;
        let chain_id = input.u64(8)?;
        check_public_keys(public_keys)?;
        let request = Container { what: "the payload request", bytes: request };
        let [payload, versioned_hashes, requests] = request.variable([0, 4, 40], 44)?;
        let parent_beacon_block_root = B256::new(request.array(8)?);
        if versioned_hashes.len() % 32 != 0 {
            return Err(StatelessInputError::End {
                what: "the versioned hashes",
                got: versioned_hashes.len(),
            });
        }
        let requests = list("the requests", requests)?;

        let payload = Container { what: "the payload", bytes: payload };
        let [extra_data, transactions, withdrawals, access_list] =
            payload.variable([436, 504, 508, 528], 540)?;
        let transactions = list("the transactions", transactions)?;
        let withdrawals = withdrawals_of(withdrawals)?;
        let header = HeaderFields {
            parent_hash: B256::new(payload.array(0)?),
            ommers_hash: NO_OMMERS_HASH,
            beneficiary: Address::new(payload.array(32)?),
            state_root: B256::new(payload.array(52)?),
            transactions_root: rlp::list_root(transactions.iter().map(Bytes::as_ref)),
            receipts_root: B256::new(payload.array(84)?),
            logs_bloom: payload.array::<256>(116)?.into(),
            difficulty: U256::ZERO,
            number: U256::from(payload.u64(404)?),
            gas_limit: U256::from(payload.u64(412)?),
            gas_used: U256::from(payload.u64(420)?),
            timestamp: U256::from(payload.u64(428)?),
            extra_data: Bytes::copy_from_slice(extra_data),
            mix_hash: B256::new(payload.array(372)?),
            nonce: B64::ZERO,
            base_fee_per_gas: Some(U256::from_le_bytes(payload.array::<32>(440)?)),
            withdrawals_root: Some(rlp::list_root(withdrawals.iter().map(alloy_rlp::encode))),
            blob_gas_used: Some(U256::from(payload.u64(512)?)),
            excess_blob_gas: Some(U256::from(payload.u64(520)?)),
            parent_beacon_block_root: Some(parent_beacon_block_root),
            requests_hash: Some(requests_hash(&requests)),
            block_access_list_hash: Some(keccak256(access_list)),
            slot_number: Some(U256::from(payload.u64(532)?)),
        };

        let witness = Container { what: "the witness", bytes: witness };
        let [state, codes, headers] = witness.variable([0, 4, 8], 12)?;
        let headers = list("the headers", headers)?.into_iter().map(HeaderForm::Rlp).collect();
        let (state, codes) = (list("the nodes", state)?, list("the codes", codes)?);
        Ok(Self {
            header,
            block_hash: B256::new(payload.array(472)?),
            transactions,
            withdrawals,
            witness: Witness { state, codes, headers },
            chain_id,
        })
    }
}

/// Returns the requests hash of a header (EIP-7685).
fn requests_hash(requests: &[Bytes]) -> B256 {
    let hashes = requests.iter().filter(|request| request.len() > 1).map(Sha256::digest);
    let all = hashes.fold(Sha256::new(), |all, hash| all.chain_update(hash));
    B256::from_slice(&all.finalize())
}

/// Checks that public keys are a list of at most 48 bytes each. Nothing else about them is checked.
fn check_public_keys(bytes: &[u8]) -> Result<(), StatelessInputError> {
    match list("the public keys", bytes)?.iter().find(|key| key.len() > PUBLIC_KEY_BYTES_MAX) {
        Some(key) => Err(StatelessInputError::PublicKey { got: key.len() }),
        None => Ok(()),
    }
}

/// `MAX_BYTES_PER_PUBLIC_KEY` of the release.
const PUBLIC_KEY_BYTES_MAX: usize = 48;

fn withdrawals_of(bytes: &[u8]) -> Result<Vec<Withdrawal>, StatelessInputError> {
    let (withdrawals, rest) = bytes.as_chunks::<WITHDRAWAL_BYTES>();
    if !rest.is_empty() {
        return Err(StatelessInputError::End { what: "the withdrawals", got: bytes.len() });
    }
    let read = |bytes: &[u8; WITHDRAWAL_BYTES]| {
        let withdrawal = Container { what: "a withdrawal", bytes };
        Ok(Withdrawal {
            index: U256::from(withdrawal.u64(0)?),
            validator_index: U256::from(withdrawal.u64(8)?),
            address: Address::new(withdrawal.array(16)?),
            amount: U256::from(withdrawal.u64(36)?),
        })
    };
    withdrawals.iter().map(read).collect()
}

const WITHDRAWAL_BYTES: usize = 44;

/// The bytes of a container, with its name for messages.
struct Container<'a> {
    what: &'static str,
    bytes: &'a [u8],
}

impl<'a> Container<'a> {
    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], StatelessInputError> {
        let field = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        field.copied().ok_or(StatelessInputError::End { what: self.what, got: self.bytes.len() })
    }

    fn u64(&self, at: usize) -> Result<u64, StatelessInputError> {
        Ok(u64::from_le_bytes(self.array(at)?))
    }

    /// Returns the fields of variable length, whose offsets are at these positions: they follow one another from byte
    /// `fixed` to the end.
    fn variable<const N: usize>(
        &self,
        places: [usize; N],
        fixed: usize,
    ) -> Result<[&'a [u8]; N], StatelessInputError> {
        let mut fields = [&[][..]; N];
        let mut end = self.bytes.len();
        for (field, place) in fields.iter_mut().zip(places).rev() {
            let got = offset(self.array(place)?);
            let wrong = StatelessInputError::Offset { what: self.what, got };
            *field = self.bytes.get(got..end).ok_or(wrong)?;
            end = got;
        }
        if end == fixed { Ok(fields) } else { Err(StatelessInputError::Offset { what: self.what, got: end }) }
    }
}

/// Reads a list of items of variable length: their offsets, and then the items.
fn list(what: &'static str, bytes: &[u8]) -> Result<Vec<Bytes>, StatelessInputError> {
    let list = Container { what, bytes };
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let first = offset(list.array(0)?);
    let wrong = |got| StatelessInputError::Offset { what, got };
    let (offsets, rest) = bytes.get(..first).ok_or(wrong(first))?.as_chunks::<4>();
    if offsets.is_empty() || !rest.is_empty() {
        return Err(wrong(first));
    }
    let starts = offsets.iter().copied().map(offset);
    let ends = starts.clone().skip(1).chain([bytes.len()]);
    let item = |(start, end)| bytes.get(start..end).map(Bytes::copy_from_slice).ok_or(wrong(start));
    starts.zip(ends).map(item).collect()
}

fn offset(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)
}
