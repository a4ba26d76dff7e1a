//! Dumps of the tracer of [Nimbus](https://github.com/status-im/nimbus-eth1).

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, hex};
use alloy_rlp::Decodable as _;
use outrider_evm::{header::Header, rlp};
use outrider_witness::{
    Hash, Hasher as _, Keccak256, NodeBag,
    mpt::{Trie, TrieError},
};
use serde::{Deserialize, de::Error as _};

use super::{HeaderForm, Witness, WitnessError, WitnessedBlock, block};

/// A dump: entries of a database in hex. The keys are not needed, as every value is the preimage of a hash.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nimbus {
    block_number: String,
    state: BTreeMap<String, String>,
}

impl Nimbus {
    pub(super) fn read(self) -> Result<WitnessedBlock, WitnessError> {
        let form = |error: &dyn std::fmt::Display| WitnessError::Form {
            shape: "a dump of the Nimbus tracer",
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

/// Returns the transactions of the trie with this root, whose keys are the RLP of their positions.
fn transactions(root: &Hash, nodes: &NodeBag) -> Result<Vec<Bytes>, TrieError> {
    let mut trie = Trie::<Keccak256, _>::open(root, nodes);
    let mut transactions = Vec::new();
    while let Some(transaction) = trie.get(&alloy_rlp::encode(transactions.len()))? {
        transactions.push(Bytes::copy_from_slice(transaction));
    }
    Ok(transactions)
}
