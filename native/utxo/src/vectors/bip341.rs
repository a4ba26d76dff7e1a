//! The wallet vectors of BIP 341: output keys with their scripts, and inputs that spend by the key.

use outrider_bitcoin_script::{
    Native, Software, Spending,
    sighash::{TaprootPath, taproot},
    taproot::{ControlBlock, branch_hash, leaf_hash, tweak_hash},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Case,
    error::RowError,
    input::{Spent, all_rules},
    row::{hash, hex, hex_list, output, transaction},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    script_pub_key: Vec<Output>,
    key_path_spending: Vec<KeyPath>,
}

#[derive(Deserialize)]
struct Output {
    given: OutputGiven,
    intermediary: OutputIntermediary,
    expected: OutputExpected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputGiven {
    internal_pubkey: String,
    script_tree: Option<Tree>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tree {
    #[serde(rename_all = "camelCase")]
    Leaf {
        leaf_version: u8,
        script: String,
    },
    Branch(Box<(Tree, Tree)>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputIntermediary {
    merkle_root: Option<String>,
    tweak: String,
    tweaked_pubkey: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputExpected {
    script_pub_key: String,
    #[serde(default)]
    script_path_control_blocks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyPath {
    given: KeyPathGiven,
    input_spending: Vec<Input>,
    auxiliary: Auxiliary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyPathGiven {
    raw_unsigned_tx: String,
    utxos_spent: Vec<Utxo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Utxo {
    script_pub_key: String,
    amount_sats: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Auxiliary {
    fully_signed_tx: String,
}

#[derive(Deserialize)]
struct Input {
    given: InputGiven,
    intermediary: InputIntermediary,
    expected: InputExpected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InputGiven {
    txin_index: usize,
    hash_type: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InputIntermediary {
    sig_hash: String,
}

#[derive(Deserialize)]
struct InputExpected {
    witness: Vec<String>,
}

/// Runs all vectors: a case for each output, and one for each input.
pub(super) fn run(document: &Value) -> Result<Vec<Case>, RowError> {
    let vectors = Vectors::deserialize(document)?;
    let mut cases = Vec::new();
    for (index, output) in vectors.script_pub_key.iter().enumerate() {
        cases.push(Case::new(format!("scriptPubKey {index}"), output.check()?));
    }
    for (index, key_path) in vectors.key_path_spending.iter().enumerate() {
        for input in &key_path.input_spending {
            let name = format!("keyPathSpending {index}, input {}", input.given.txin_index);
            cases.push(Case::new(name, key_path.check(input)?));
        }
    }
    Ok(cases)
}

impl Output {
    /// Checks root, tweak and output, and the control block of each leaf. Returns what is wrong.
    fn check(&self) -> Result<Option<String>, RowError> {
        let internal_key = hash(&self.given.internal_pubkey)?;
        let output_key = hash(&self.intermediary.tweaked_pubkey)?;
        let mut leaves = Vec::new();
        let root = self.given.script_tree.as_ref().map(|tree| tree.hash(&mut leaves)).transpose()?;
        if root != self.intermediary.merkle_root.as_deref().map(hash).transpose()? {
            return Ok(Some(format!("the Merkle root is {:?}", root.map(hex::encode))));
        }
        let tweak = tweak_hash(&internal_key, root.as_ref(), &Software);
        if tweak != hash(&self.intermediary.tweak)? {
            return Ok(Some(format!("the tweak is {}", hex::encode(tweak))));
        }
        if hex(&self.expected.script_pub_key)? != [&[0x51, 32][..], &output_key].concat() {
            return Ok(Some("the scriptPubKey is not that of the output key".to_owned()));
        }
        let blocks = hex_list(&self.expected.script_path_control_blocks)?;
        if blocks.len() != leaves.len() {
            return Ok(Some(format!("{} control blocks for {} leaves", blocks.len(), leaves.len())));
        }
        for (index, (block, leaf)) in blocks.iter().zip(&leaves).enumerate() {
            let block = ControlBlock::decode(block).map_err(RowError::ControlBlock)?;
            if let Err(error) = block.verify(&output_key, leaf, &Native) {
                return Ok(Some(format!("leaf {index}: {error}")));
            }
        }
        Ok(None)
    }
}

impl Tree {
    /// Returns the hash, and appends the hashes of the leaves in their order.
    fn hash(&self, leaves: &mut Vec<[u8; 32]>) -> Result<[u8; 32], RowError> {
        match self {
            Self::Leaf { leaf_version, script } => {
                let leaf = leaf_hash(*leaf_version, &hex(script)?, &Software);
                leaves.push(leaf);
                Ok(leaf)
            }
            Self::Branch(children) => {
                Ok(branch_hash(&children.0.hash(leaves)?, &children.1.hash(leaves)?, &Software))
            }
        }
    }
}

impl KeyPath {
    /// Checks the signature hash of an input, its witness, and the signed transaction. Returns what is wrong.
    fn check(&self, input: &Input) -> Result<Option<String>, RowError> {
        let unsigned = transaction(&self.given.raw_unsigned_tx)?;
        let signed = transaction(&self.auxiliary.fully_signed_tx)?;
        let spent = |utxo: &Utxo| output(utxo.amount_sats, hex(&utxo.script_pub_key)?);
        let outputs = self.given.utxos_spent.iter().map(spent).collect::<Result<Vec<_>, _>>()?;
        let spending = Spending::new(&unsigned, &outputs)?;
        let InputGiven { txin_index, hash_type } = input.given;
        let got = taproot(&spending, txin_index, TaprootPath::Key, None, hash_type, &Software);
        if got != Some(hash(&input.intermediary.sig_hash)?) {
            return Ok(Some(format!("the signature hash is {:?}", got.map(hex::encode))));
        }
        let witness = signed.inputs.get(txin_index).map(|input| input.witness.iter().collect::<Vec<_>>());
        if witness.is_none_or(|witness| witness != hex_list(&input.expected.witness).unwrap_or_default()) {
            return Ok(Some("the signed transaction has another witness".to_owned()));
        }
        let verified = Spent { transaction: signed, outputs }.verify(txin_index, all_rules())?;
        Ok(verified.err().map(|error| format!("{error}: {}", error.reason)))
    }
}
