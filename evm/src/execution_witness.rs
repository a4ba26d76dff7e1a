//! Blocks with what they touch of the state, as clients write them.
//!
//! | shape | what it is |
//! |---|---|
//! | `{state, codes, headers}` | the answer of `debug_executionWitness`, and `executionWitness` in tests; the block comes beside it |
//! | `{rlp, executionWitness}` | both together, as in tests |
//! | `{header, prev_state_root, transactions, withdrawals, block_hashes, states, codes}` | what [stateless-block-verifier] dumps |
//! | `{blockNumber, state}` | what the [Nimbus] tracer dumps: entries of its database by their key |
//!
//! A witness of this kind may be incomplete or have too much; who executes the block finds out. Only the headers of ancestors
//! are looked at here: the parent's has to be there, as a block is checked against it. A dump of stateless-block-verifier has but
//! the hashes of ancestors, so their headers have to come from elsewhere.
//!
//! [stateless-block-verifier]: https://github.com/scroll-tech/stateless-block-verifier
//! [Nimbus]: https://github.com/status-im/nimbus-eth1

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rlp::{Decodable as _, Encodable as _, RlpEncodable};
use outrider_evm_block::{Block, Payload};
use outrider_witness::{
    Hash, Hasher as _, Keccak256, NodeBag, NodeSink as _,
    mpt::{Trie, TrieError},
    store::Batch,
};
use serde::{Deserialize, de::Error as _};
use serde_json::Value;

use crate::{
    chain::{Chain, Place},
    header::{Header, HeaderFields},
    rlp,
    transaction::{Access, Authorization, Fees, Kind, Signature, Transaction},
};

/// What a block touches of the state before it, in no order, and headers of its ancestors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Witness {
    /// Nodes of the account trie and of storage tries.
    pub state: Vec<Bytes>,
    /// Codes of contracts.
    pub codes: Vec<Bytes>,
    /// Headers.
    #[serde(default)]
    pub headers: Vec<HeaderForm>,
}

/// A header in one of the forms that witnesses have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum HeaderForm {
    /// In RLP.
    Rlp(Bytes),
    /// As fields.
    Fields(Box<HeaderFields>),
}

/// A block and its witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessedBlock {
    /// The block in RLP.
    pub block: Bytes,
    /// The header in it.
    pub header: Header,
    /// What it touches.
    pub witness: Witness,
}

/// Why there is no block to execute.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The shape is none of those in the list above.
    #[error(
        "no block with a witness: there is no `executionWitness`, no `prev_state_root`, no `blockNumber`"
    )]
    Shape,
    /// There is a witness, and no block.
    #[error("a witness without its block, which has to be given beside it")]
    NoBlock,
    /// Something has another form than its shape.
    #[error("it does not have the form of {shape}")]
    Form {
        /// The shape.
        shape: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The block, or a header, cannot be read.
    #[error("{what} cannot be read: {source}")]
    Rlp {
        /// The block, or which header.
        what: &'static str,
        /// What is wrong.
        source: alloy_rlp::Error,
    },
    /// A dump of a database lacks something of the block.
    #[error("the dump lacks the block's {what}")]
    Dump {
        /// What is not there.
        what: &'static str,
    },
    /// The transactions in a dump of a database cannot be read.
    #[error("the transactions of the dump")]
    Transactions(#[source] TrieError),
    /// The header of the parent is not there.
    #[error(
        "the header of the parent {hash} is not there; the witness has {got} headers, and more can be given beside it"
    )]
    NoParent {
        /// The parent's hash.
        hash: B256,
        /// How many headers there are.
        got: usize,
    },
}

impl Witness {
    /// All nodes and codes by their hash.
    pub fn preimages(&self) -> NodeBag {
        let all = self.state.iter().chain(&self.codes);
        NodeBag::of_preimages::<Keccak256>(all.map(|bytes| bytes.to_vec()))
    }

    /// Puts all nodes and codes into a batch, each as a root of its own: what refers to what does not matter, because parts of
    /// the state are not there anyway.
    pub fn put_into(&self, batch: &mut Batch) {
        for bytes in self.state.iter().chain(&self.codes) {
            let hash = Keccak256::hash(bytes);
            batch.put(&hash, bytes, &[]);
            batch.pin(&hash);
        }
    }

    /// The witness without the node or code of this hash.
    #[must_use]
    pub fn without(&self, hash: &Hash) -> Self {
        let mut rest = self.clone();
        let is_another = |bytes: &Bytes| Keccak256::hash(bytes) != *hash;
        rest.state.retain(is_another);
        rest.codes.retain(is_another);
        rest
    }

    fn headers(&self) -> Result<Vec<Header>, WitnessError> {
        self.headers.iter().map(HeaderForm::read).collect()
    }
}

impl HeaderForm {
    fn read(&self) -> Result<Header, WitnessError> {
        let header = match self {
            Self::Rlp(bytes) => Header::of_rlp(bytes),
            Self::Fields(fields) => Header::of_rlp(&fields.encode()),
        };
        header.map_err(|source| WitnessError::Rlp { what: "a header of the witness", source })
    }
}

impl WitnessedBlock {
    /// Joins a block in RLP with its witness.
    ///
    /// # Errors
    ///
    /// [`WitnessError::Rlp`].
    pub fn new(block: Bytes, witness: Witness) -> Result<Self, WitnessError> {
        let header =
            Header::of_block(&block).map_err(|source| WitnessError::Rlp { what: "the block", source })?;
        Ok(Self { block, header, witness })
    }

    /// Reads any of the shapes. `block` is the block in RLP for a witness that comes without it.
    ///
    /// # Errors
    ///
    /// [`WitnessError`].
    pub fn of_json(json: Value, block: Option<Bytes>) -> Result<Self, WitnessError> {
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
        if has("state") {
            let witness = read("debug_executionWitness", json)?;
            return Self::new(block.ok_or(WitnessError::NoBlock)?, witness);
        }
        Err(WitnessError::Shape)
    }

    /// The bytes of the block's list of transactions.
    pub fn transaction_bytes(&self) -> usize {
        // A block without a list of transactions is refused by whoever executes it.
        rlp::items(&self.block).ok().and_then(|items| items.get(1).map(|list| list.len())).unwrap_or(0)
    }

    /// The payload of the block, and the root of the state before it, by the parent's header.
    ///
    /// # Errors
    ///
    /// [`WitnessError::NoParent`], or a header that cannot be read.
    pub fn payload(&self, chain: &Chain) -> Result<(B256, Payload), WitnessError> {
        let headers = self.witness.headers()?;
        let got = headers.len();
        let by_hash: BTreeMap<B256, Header> =
            headers.into_iter().map(|header| (header.hash, header)).collect();
        let parent_hash = self.header.parent_hash;
        let parent = by_hash.get(&parent_hash).ok_or(WitnessError::NoParent { hash: parent_hash, got })?;
        let ancestors = std::iter::successors(Some(parent), |header| by_hash.get(&header.parent_hash));
        // The total difficulty matters only where a network merges by it, and no network of real blocks is told so.
        let place = Place {
            number: self.header.number,
            timestamp: self.header.timestamp,
            parent_total_difficulty: U256::ZERO,
        };
        let block = Block {
            ancestors: ancestors.map(|header| header.bytes.clone()).collect(),
            ancestors_ommers: Vec::new(),
            block: self.block.clone(),
        };
        Ok((parent.state_root, Payload::Block(chain.rules(&place), block)))
    }
}

fn read<T: for<'de> Deserialize<'de>>(shape: &'static str, json: Value) -> Result<T, WitnessError> {
    serde_json::from_value(json).map_err(|source| WitnessError::Form { shape, source })
}

/// A block in RLP of a header, transactions as a block lists them, ommers, and withdrawals if there may be any.
fn block(header: &[u8], transactions: &[Bytes], ommers: &[u8], withdrawals: Option<&[Withdrawal]>) -> Bytes {
    let mut list = Vec::new();
    for transaction in transactions {
        match transaction.first() {
            // A list as it is, a type and what follows as a string.
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

/// A dump of [stateless-block-verifier](https://github.com/scroll-tech/stateless-block-verifier).
#[derive(Deserialize)]
struct StatelessBlockVerifier {
    header: HeaderFields,
    transactions: Vec<SignedTransaction>,
    withdrawals: Option<Vec<Withdrawal>>,
    states: Vec<Bytes>,
    codes: Vec<Bytes>,
}

#[derive(Clone, Deserialize, RlpEncodable)]
struct Withdrawal {
    index: U256,
    #[serde(rename = "validatorIndex", alias = "validator_index")]
    validator_index: U256,
    address: Address,
    amount: U256,
}

#[derive(Deserialize)]
struct SignedTransaction {
    signature: SignatureFields,
    transaction: TransactionFields,
}

#[derive(Deserialize)]
struct SignatureFields {
    r: U256,
    s: U256,
    #[serde(rename = "yParity")]
    y_parity: U256,
}

#[derive(Deserialize)]
enum TransactionFields {
    Legacy(TransactionBody),
    Eip2930(TransactionBody),
    Eip1559(TransactionBody),
    Eip4844(TransactionBody),
    Eip7702(TransactionBody),
}

/// What one type or another has.
#[derive(Deserialize)]
struct TransactionBody {
    chain_id: Option<U256>,
    nonce: U256,
    gas_limit: U256,
    to: Option<Address>,
    value: U256,
    input: Bytes,
    #[serde(default)]
    gas_price: U256,
    #[serde(default)]
    max_fee_per_gas: U256,
    #[serde(default)]
    max_priority_fee_per_gas: U256,
    #[serde(default)]
    access_list: Vec<Access>,
    #[serde(default)]
    max_fee_per_blob_gas: U256,
    #[serde(default)]
    blob_versioned_hashes: Vec<B256>,
    #[serde(default)]
    authorization_list: Vec<Authorization>,
}

impl StatelessBlockVerifier {
    fn read(self) -> Result<WitnessedBlock, WitnessError> {
        let transactions: Vec<Bytes> = self.transactions.into_iter().map(SignedTransaction::encode).collect();
        let no_ommers = [alloy_rlp::EMPTY_LIST_CODE];
        let block = block(&self.header.encode(), &transactions, &no_ommers, self.withdrawals.as_deref());
        let witness = Witness { state: self.states, codes: self.codes, headers: Vec::new() };
        WitnessedBlock::new(block, witness)
    }
}

impl SignedTransaction {
    fn encode(self) -> Bytes {
        let Self { transaction, signature: SignatureFields { r, s, y_parity } } = self;
        transaction.read().signed(&Signature { is_odd: !y_parity.is_zero(), r, s })
    }
}

impl TransactionFields {
    fn read(self) -> Transaction {
        let fees = |body: &TransactionBody| Fees {
            max_priority_fee_per_gas: body.max_priority_fee_per_gas,
            max_fee_per_gas: body.max_fee_per_gas,
        };
        match self {
            Self::Legacy(body) => {
                let kind = Kind::Legacy { gas_price: body.gas_price, is_protected: body.chain_id.is_some() };
                body.with(kind)
            }
            Self::Eip2930(mut body) => {
                let access_list = std::mem::take(&mut body.access_list);
                let kind = Kind::AccessList { gas_price: body.gas_price, access_list };
                body.with(kind)
            }
            Self::Eip1559(mut body) => {
                let access_list = std::mem::take(&mut body.access_list);
                let kind = Kind::DynamicFee { fees: fees(&body), access_list };
                body.with(kind)
            }
            Self::Eip4844(mut body) => {
                let kind = Kind::Blob {
                    fees: fees(&body),
                    access_list: std::mem::take(&mut body.access_list),
                    max_fee_per_blob_gas: body.max_fee_per_blob_gas,
                    blob_versioned_hashes: std::mem::take(&mut body.blob_versioned_hashes),
                };
                body.with(kind)
            }
            Self::Eip7702(mut body) => {
                let kind = Kind::SetCode {
                    fees: fees(&body),
                    access_list: std::mem::take(&mut body.access_list),
                    authorization_list: std::mem::take(&mut body.authorization_list),
                };
                body.with(kind)
            }
        }
    }
}

impl TransactionBody {
    fn with(self, kind: Kind) -> Transaction {
        Transaction {
            chain_id: self.chain_id.unwrap_or_default(),
            nonce: self.nonce,
            gas_limit: self.gas_limit,
            to: self.to,
            value: self.value,
            data: self.input,
            kind,
        }
    }
}

/// A dump of the [Nimbus](https://github.com/status-im/nimbus-eth1) tracer: hex keys and hex values. Values are preimages of what
/// they are asked for by, so the keys are not needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Nimbus {
    block_number: String,
    state: BTreeMap<String, String>,
}

impl Nimbus {
    fn read(self) -> Result<WitnessedBlock, WitnessError> {
        let form = |error: &dyn std::fmt::Display| WitnessError::Form {
            shape: "the Nimbus tracer",
            source: serde_json::Error::custom(error),
        };
        let number = u64::from_str_radix(self.block_number.trim_start_matches("0x"), 16)
            .map_err(|error| form(&error))?;
        let mut values = Vec::new();
        for value in self.state.values() {
            values.push(Bytes::from(hex::decode(value).map_err(|error| form(&error))?));
        }
        let bag = NodeBag::of_preimages::<Keccak256>(values.iter().map(|value| value.to_vec()));
        let headers: Vec<Header> = values.iter().filter_map(|value| Header::of_rlp(value).ok()).collect();
        let header = headers.iter().find(|header| {
            header.number == number && headers.iter().any(|parent| parent.hash == header.parent_hash)
        });
        let header = header.ok_or(WitnessError::Dump { what: "header, or its parent's" })?;

        let items = rlp::items(&header.bytes).unwrap_or_default();
        let hash_at = |index: usize| {
            let hash = items.get(index).and_then(|item| B256::decode(&mut &**item).ok());
            hash.map(|hash| Hash(hash.0)).ok_or(WitnessError::Dump { what: "roots" })
        };
        let ommers_hash = hash_at(1)?;
        let ommers = if ommers_hash == Keccak256::hash(&[alloy_rlp::EMPTY_LIST_CODE]) {
            vec![alloy_rlp::EMPTY_LIST_CODE]
        } else {
            bag.bytes(&ommers_hash).ok_or(WitnessError::Dump { what: "ommers" })?.to_vec()
        };
        let transactions = transactions(&hash_at(4)?, &bag).map_err(WitnessError::Transactions)?;
        let block = block(&header.bytes, &transactions, &ommers, None);
        let headers = headers.iter().map(|header| HeaderForm::Rlp(header.bytes.clone())).collect();
        WitnessedBlock::new(block, Witness { state: values, codes: Vec::new(), headers })
    }
}

/// The transactions of the trie with this root, whose keys are their places in RLP.
fn transactions(root: &Hash, nodes: &NodeBag) -> Result<Vec<Bytes>, TrieError> {
    let mut trie = Trie::<Keccak256, _>::open(root, nodes);
    let mut transactions = Vec::new();
    while let Some(transaction) = trie.get(&alloy_rlp::encode(transactions.len()))? {
        transactions.push(Bytes::copy_from_slice(transaction));
    }
    Ok(transactions)
}
