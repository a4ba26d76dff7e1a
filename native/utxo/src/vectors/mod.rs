//! Published vectors of Bitcoin Core, the BIPs and rustreexo.
//!
//! Scripts, transactions and signature hashes are executed by the EE's interpreter, compiled natively: the EE itself only
//! takes whole blocks, under the rules of their height.

mod addresses;
mod assembly;
mod bip341;
mod error;
mod input;
mod row;
mod script_tests;
mod signature_hashes;
mod taproot;
mod transactions;
mod utreexo;

use outrider_bitcoin_script::policy::Policy;
use serde_json::Value;

pub use error::{RowError, VectorError};

/// The result of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The name: the position in the file, and the comment there if any.
    pub name: String,
    /// The rules of relay among the flags of the vector. The EE does not have them; the interpreter does.
    pub policy: Policy,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The result is that of the vector.
    Passed,
    /// The result is another one, as the text says.
    Failed(String),
    /// The vector was not run, for this reason.
    NotRun(&'static str),
}

/// The vectors that this crate knows, one kind for each file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Bitcoin Core's `script_tests.json`.
    ScriptTests,
    /// Bitcoin Core's `tx_valid.json`.
    ValidTransactions,
    /// Bitcoin Core's `tx_invalid.json`.
    InvalidTransactions,
    /// Bitcoin Core's `sighash.json`: the signature hashes of legacy scripts.
    LegacySignatureHashes,
    /// The wallet vectors of BIP 341.
    Bip341,
    /// The corpus of taproot: `script_assets_test.json`, or files with an object each.
    Taproot,
    /// Bitcoin Core's `key_io_valid.json`, `key_io_invalid.json` and `base58_encode_decode.json`.
    Addresses,
    /// The test cases of rustreexo.
    Utreexo,
}

impl Suite {
    /// All suites.
    pub const ALL: [Self; 8] = [
        Self::ScriptTests,
        Self::ValidTransactions,
        Self::InvalidTransactions,
        Self::LegacySignatureHashes,
        Self::Bip341,
        Self::Taproot,
        Self::Addresses,
        Self::Utreexo,
    ];

    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScriptTests => "script_tests",
            Self::ValidTransactions => "tx_valid",
            Self::InvalidTransactions => "tx_invalid",
            Self::LegacySignatureHashes => "sighash",
            Self::Bip341 => "bip341",
            Self::Taproot => "taproot",
            Self::Addresses => "addresses",
            Self::Utreexo => "utreexo",
        }
    }

    /// Finds the suite of a JSON document: that of an object by its keys, and that of a list by the name of the file,
    /// because nothing in the lists of Bitcoin Core says what they are.
    fn of(file_name: &str, document: &Value) -> Option<Self> {
        if let Some(object) = document.as_object() {
            let has = |key| object.contains_key(key);
            return if has("keyPathSpending") {
                Some(Self::Bip341)
            } else if has("insertion_tests") {
                Some(Self::Utreexo)
            } else if has("prevouts") {
                Some(Self::Taproot)
            } else {
                None
            };
        }
        let names = [
            ("script_tests", Self::ScriptTests),
            ("tx_valid", Self::ValidTransactions),
            ("tx_invalid", Self::InvalidTransactions),
            ("sighash", Self::LegacySignatureHashes),
            ("script_assets", Self::Taproot),
            ("key_io", Self::Addresses),
            ("base58", Self::Addresses),
        ];
        let found = names.into_iter().find(|(part, _)| file_name.contains(part));
        document.is_array().then_some(found?.1)
    }
}

/// Runs the vectors of a file. `name` is its name, or a path that ends with it.
///
/// # Errors
///
/// Fails if the file has no vectors that this crate knows, or if one is malformed.
pub fn run(name: &str, bytes: &[u8]) -> Result<(Suite, Vec<Case>), VectorError> {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    let document: Value = serde_json::from_slice(without_comma(bytes)).map_err(VectorError::Json)?;
    let suite = Suite::of(file_name, &document).ok_or(VectorError::NoVectors)?;
    let cases = match suite {
        Suite::ScriptTests => each(rows(&document), script_tests::run),
        Suite::ValidTransactions => each(rows(&document), transactions::run_valid),
        Suite::InvalidTransactions => each(rows(&document), transactions::run_invalid),
        Suite::LegacySignatureHashes => each(rows(&document), signature_hashes::run),
        Suite::Addresses => each(elements(&document), |row| Ok(addresses::run(row))),
        Suite::Taproot => {
            let objects = if document.is_array() { elements(&document) } else { vec![(0, &document)] };
            each(objects, taproot::run)
        }
        Suite::Bip341 => bip341::run(&document).map_err(|source| VectorError::Row { index: 0, source }),
        Suite::Utreexo => utreexo::run(&document).map_err(|source| VectorError::Row { index: 0, source }),
    };
    Ok((suite, cases?))
}

/// Removes the comma that follows an object in the files of the corpus of taproot.
fn without_comma(bytes: &[u8]) -> &[u8] {
    let trimmed = bytes.trim_ascii_end();
    match trimmed.split_last() {
        Some((b',', object)) => object,
        _ => trimmed,
    }
}

fn elements(document: &Value) -> Vec<(usize, &Value)> {
    document.as_array().map(|rows| rows.iter().enumerate().collect()).unwrap_or_default()
}

/// Returns the rows of a list with their positions, without those of a single text, which are comments.
fn rows(document: &Value) -> Vec<(usize, &Value)> {
    let is_comment = |row: &Value| row.as_array().is_some_and(|row| row.len() <= 1);
    // The first row of sighash.json is a comment, too.
    elements(document).into_iter().filter(|(_, row)| !is_comment(row)).collect()
}

/// Runs rows, each of which may have several cases.
fn each<'a>(
    rows: Vec<(usize, &'a Value)>,
    run: impl Fn(&'a Value) -> Result<Vec<Case>, RowError>,
) -> Result<Vec<Case>, VectorError> {
    let mut cases = Vec::new();
    for (index, row) in rows {
        for case in run(row).map_err(|source| VectorError::Row { index, source })? {
            let name =
                if case.name.is_empty() { index.to_string() } else { format!("{index}: {}", case.name) };
            cases.push(Case { name, ..case });
        }
    }
    Ok(cases)
}

impl Case {
    fn new(name: impl Into<String>, failure: Option<String>) -> Self {
        let outcome = failure.map_or(Outcome::Passed, Outcome::Failed);
        Self { name: name.into(), policy: Policy::empty(), outcome }
    }

    /// Makes the case of a comparison.
    fn of<T: PartialEq + std::fmt::Debug>(name: impl Into<String>, got: &T, expected: &T) -> Self {
        Self::new(name, (got != expected).then(|| format!("expected {expected:?}, got {got:?}")))
    }
}
