//! Blocks with execution witnesses, in the formats of several clients.
//!
//! | shape | source |
//! |---|---|
//! | `{state, codes, headers}` | the result of `debug_executionWitness`, and `executionWitness` in tests; the block comes separately, as RLP or in the JSON that [`block_of_json`] reads |
//! | `{rlp, executionWitness}` | a block with its witness, as in tests |
//! | `{header, prev_state_root, transactions, withdrawals, block_hashes, states, codes}` | dumps of [stateless-block-verifier] |
//! | `{block_trace, other_data}` | traces of [Erigon] for zk_evm; the block comes separately, as `eth_getBlock` returns it |
//! | `{blockNumber, state}` | dumps of the [Nimbus] tracer: database entries by key |
//! | `{blocks, witness, chainConfig}` | inputs that [zk-pig] makes for provers such as keth |
//! | `{blocks, witness, network}` | the cache of [ethrex-replay] |
//! | `{statelessInputBytes}` | a block and its witness in SSZ ([EIP-8025]), as in `tests-zkevm@v0.3.3` of [execution-specs] |
//! | `{accountProof, storageProof}`, a list of these, or `{accounts}` with one | results of `eth_getProof`; the block and codes come separately |
//!
//! Nodes and codes are a list, or a map whose keys are their hashes; `null` stands for an empty list.
//!
//! Such a witness may lack something or have too much, which shows when the block is executed. This module only looks
//! at the headers of ancestors, against which a block is checked. Where they are missing, the block becomes a
//! [`VouchedBlock`]. Dumps of stateless-block-verifier and traces of Erigon have only the hashes of ancestors and the
//! pre-state root; dumps of the Nimbus tracer lack the ancestors that ommers need. With headers given separately, such
//! a block is checked like any other.
//!
//! [Erigon]: https://github.com/0xPolygonZero/erigon
//! [stateless-block-verifier]: https://github.com/scroll-tech/stateless-block-verifier
//! [Nimbus]: https://github.com/status-im/nimbus-eth1
//! [zk-pig]: https://github.com/kkrt-labs/zk-pig/blob/main/src/prover-input/input.go
//! [ethrex-replay]: https://github.com/lambdaclass/ethrex-replay/blob/main/src/cache.rs
//! [EIP-8025]: https://eips.ethereum.org/EIPS/eip-8025
//! [execution-specs]: https://github.com/ethereum/execution-specs

mod erigon;
mod error;
mod eth_block;
mod lenient;
mod nimbus;
mod proofs;
mod prover_input;
mod stateless_block_verifier;
mod stateless_input;
mod witness;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::{Encodable as _, RlpEncodable};
use outrider_evm::{
    chain::{ANCESTORS_MAX, Chain, GENERATIONS, Place},
    header::{Header, NO_OMMERS_HASH},
    rlp,
};
use outrider_evm_codec::{Block, BlockHash, Fork, Payload, VouchedBlock};
use serde::Deserialize;
use serde_json::Value;

pub use erigon::CompactError;
use erigon::Erigon;
pub use error::{ClaimedChainError, WitnessError};
pub use eth_block::block_of_json;
use nimbus::Nimbus;
use prover_input::ProverInput;
use stateless_block_verifier::StatelessBlockVerifier;
use stateless_input::StatelessInput;
pub use stateless_input::StatelessInputError;
pub use witness::{HeaderForm, Witness};

/// A block in one of the forms in which it comes beside a witness.
#[derive(Clone, Debug, PartialEq)]
pub enum BlockForm {
    /// In RLP.
    Rlp(Bytes),
    /// As `eth_getBlock` returns it.
    Json(Value),
}

/// A block and its witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessedBlock {
    /// The block in RLP.
    pub block: Bytes,
    /// The header of the block.
    pub header: Header,
    /// The execution witness.
    pub witness: Witness,
    /// The claims of the file about the block's ancestors and chain.
    pub claims: Claims,
}

/// Claims of a file about a block's ancestors, which cannot be checked without their headers, and about its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The state root before the block.
    pub pre_state_root: Option<B256>,
    /// The hashes of ancestors, newest first, starting with the parent's.
    pub block_hashes: Vec<B256>,
    /// The chain, or why its rules are not known here.
    pub chain: Option<Result<Chain, ClaimedChainError>>,
    /// The chain id, if the file has nothing else about the chain.
    pub chain_id: Option<u64>,
}

impl WitnessedBlock {
    /// Joins a block in RLP with its witness.
    ///
    /// # Errors
    ///
    /// Fails with [`WitnessError::Rlp`] if the block is malformed.
    pub fn new(block: Bytes, witness: Witness) -> Result<Self, WitnessError> {
        let header =
            Header::of_block(&block).map_err(|source| WitnessError::Rlp { what: "the block", source })?;
        Ok(Self { block, header, witness, claims: Claims::default() })
    }

    /// Reads any of the shapes, or a list with one item of a shape. `block` is the block of a witness that comes
    /// without it.
    ///
    /// # Errors
    ///
    /// Fails with a [`WitnessError`].
    pub fn of_json(json: Value, block: Option<BlockForm>) -> Result<Self, WitnessError> {
        let json = only(json);
        let has = |member: &str| json.get(member).is_some();
        if has("prev_state_root") {
            return read::<StatelessBlockVerifier>("stateless-block-verifier", json)?.read();
        }
        if has("blockNumber") {
            return read::<Nimbus>("the Nimbus tracer", json)?.read();
        }
        if has("executionWitness") {
            let WithBlock { rlp, execution_witness } = read("a block of a test", json)?;
            return Self::new(rlp, execution_witness);
        }
        if has("block_trace") {
            return read::<Erigon>("a trace of Erigon", json)?.read(block);
        }
        if has("blocks") && has("witness") {
            return ProverInput::read(json);
        }
        if has("statelessInputBytes") {
            return read::<StatelessInput>("a stateless input", json)?.read();
        }
        if let Some(proofs) = proofs::of_json(&json) {
            let (witness, claims) = proofs?;
            return Ok(Self { claims, ..Self::new(beside(block)?, witness)? });
        }
        if has("state") {
            let witness = read("debug_executionWitness", json)?;
            return Self::new(beside(block)?, witness);
        }
        Err(WitnessError::Shape)
    }

    /// Returns the size of the block's list of transactions in bytes.
    pub fn transaction_bytes(&self) -> usize {
        // The EE refuses a block without a list of transactions.
        rlp::items(&self.block).ok().and_then(|items| items.get(1).map(|list| list.len())).unwrap_or(0)
    }

    /// Returns the fork in force for the block.
    pub fn fork(&self, chain: &Chain) -> Fork {
        chain.rules(&place_of(&self.header)).fork
    }

    /// Returns the payload of the block, and the pre-state root. The payload is a [`Block`] if the witness has all
    /// headers of ancestors that its checks need, and a [`VouchedBlock`] otherwise.
    ///
    /// # Errors
    ///
    /// Fails with [`WitnessError::NoParent`], [`WitnessError::BlockHashes`], or the error of a malformed header.
    pub fn payload(&self, chain: &Chain) -> Result<(B256, Payload), WitnessError> {
        let headers = self.witness.headers()?;
        let got = headers.len();
        let by_hash: BTreeMap<B256, Header> =
            headers.into_iter().map(|header| (header.hash, header)).collect();
        let parent_of = |header: &Header| by_hash.get(&header.parent_hash);
        let ancestors: Vec<&Header> =
            std::iter::successors(parent_of(&self.header), |header| parent_of(header)).collect();
        let rules = chain.rules(&place_of(&self.header));
        let no_parent = WitnessError::NoParent { hash: self.header.parent_hash, got };
        let root = ancestors.first().map(|parent| parent.state_root).or(self.claims.pre_state_root);
        let root = root.ok_or(no_parent)?;
        if self.can_be_checked_by(&ancestors) {
            let block = Block {
                ancestors: ancestors.iter().map(|header| header.bytes.clone()).collect(),
                ancestors_ommers: Vec::new(),
                block: self.block.clone(),
            };
            return Ok((root, Payload::Block(rules, block)));
        }
        let block = VouchedBlock {
            block: self.block.clone(),
            block_hashes: self.block_hashes(&ancestors)?,
            parent: ancestors.first().map(|parent| parent.bytes.clone()),
        };
        Ok((root, Payload::VouchedBlock(rules, block)))
    }

    /// Returns whether these ancestors suffice to check the block: its parent for a block without ommers; for others,
    /// all ancestors that ommers can have as parents, if these have no ommers themselves, because no shape has the
    /// lists of those.
    fn can_be_checked_by(&self, ancestors: &[&Header]) -> bool {
        if self.header.ommers_hash == NO_OMMERS_HASH {
            return !ancestors.is_empty();
        }
        let n_needed =
            usize::try_from(self.header.number).map_or(GENERATIONS, |number| number.min(GENERATIONS));
        let needed = ancestors.get(..n_needed);
        needed.is_some_and(|needed| needed.iter().all(|header| header.ommers_hash == NO_OMMERS_HASH))
    }

    /// Returns the hashes of ancestors in ascending order of number, without those in the headers of the block and its
    /// parent.
    fn block_hashes(&self, ancestors: &[&Header]) -> Result<Vec<BlockHash>, WitnessError> {
        let expected = self.header.parent_hash;
        if let Some(got) = self.claims.block_hashes.first().copied().filter(|got| *got != expected) {
            return Err(WitnessError::BlockHashes { got, expected });
        }
        let by_headers = std::iter::once(expected).chain(ancestors.iter().map(|header| header.parent_hash));
        let more = self.claims.block_hashes.iter().skip(ancestors.len().saturating_add(1)).copied();
        let n_in_headers = ancestors.len().min(1).saturating_add(1);
        let numbers = (0..self.header.number).rev();
        let all = numbers.zip(by_headers.chain(more)).take(ANCESTORS_MAX);
        let mut hashes: Vec<_> =
            all.skip(n_in_headers).map(|(number, hash)| BlockHash { number, hash }).collect();
        hashes.reverse();
        Ok(hashes)
    }
}

/// Returns the position of a block in its chain. A block has no difficulty after the merge, and always has one before
/// it.
fn place_of(header: &Header) -> Place {
    let is_merged = header.difficulty.is_zero();
    Place {
        number: header.number,
        timestamp: header.timestamp,
        parent_total_difficulty: if is_merged { U256::MAX } else { U256::ZERO },
    }
}

/// Returns the RLP of a block that comes beside a witness.
fn beside(block: Option<BlockForm>) -> Result<Bytes, WitnessError> {
    match block.ok_or(WitnessError::NoBlock)? {
        BlockForm::Rlp(bytes) => Ok(bytes),
        BlockForm::Json(json) => block_of_json(json),
    }
}

/// Returns the only item of a list of one, and any other value as it is.
fn only(json: Value) -> Value {
    match json {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        json => json,
    }
}

/// Reads a part of JSON whose other parts are still needed.
fn read_from<'de, T: Deserialize<'de>>(shape: &'static str, json: &'de Value) -> Result<T, WitnessError> {
    T::deserialize(json).map_err(|source| WitnessError::Form { shape, source })
}

fn read<T: for<'de> Deserialize<'de>>(shape: &'static str, json: Value) -> Result<T, WitnessError> {
    serde_json::from_value(json).map_err(|source| WitnessError::Form { shape, source })
}

/// Returns the RLP of a block from its header, its transactions, its ommers, and its withdrawals if it can have any.
fn block(header: &[u8], transactions: &[Bytes], ommers: &[u8], withdrawals: Option<&[Withdrawal]>) -> Bytes {
    let mut list = Vec::new();
    for transaction in transactions {
        match transaction.first() {
            // A list goes in as it is; a type and its contents go in as a string.
            Some(0xc0..) => list.extend_from_slice(transaction),
            _ => transaction.encode(&mut list),
        }
    }
    let mut items = [header, &rlp::list(&list), ommers].concat();
    if let Some(withdrawals) = withdrawals {
        withdrawals.to_vec().encode(&mut items);
    }
    rlp::list(&items).into()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WithBlock {
    rlp: Bytes,
    execution_witness: Witness,
}

/// A withdrawal (EIP-4895).
#[derive(Clone, Deserialize, RlpEncodable)]
struct Withdrawal {
    index: U256,
    #[serde(rename = "validatorIndex", alias = "validator_index")]
    validator_index: U256,
    address: Address,
    amount: U256,
}
