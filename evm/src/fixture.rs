//! The tests in a file: each by its name, of one of four kinds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    blockchain_test::BlockchainTest, state_test::StateTest, transaction_test::TransactionTest,
    vm_test::VmTest,
};

/// A test of any kind.
#[derive(Clone, Debug)]
pub enum Test {
    /// A transaction on a state.
    State(StateTest),
    /// Blocks after a genesis.
    Blockchain(BlockchainTest),
    /// A call.
    Vm(VmTest),
    /// Bytes that are a transaction or none.
    Transaction(TransactionTest),
}

/// Why a file has no tests that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixtureError {
    /// It is not JSON, or not an object.
    #[error("no object in JSON")]
    Json(#[source] serde_json::Error),
    /// One of its members is no test.
    #[error("`{name}` is no test: it has none of `blocks`, `post` with `transaction`, `exec`, `result`")]
    Kind {
        /// The name of the member.
        name: String,
    },
    /// A test does not have the form of its kind.
    #[error("`{name}` cannot be read as a {kind} test")]
    Form {
        /// The name of the test.
        name: String,
        /// The kind.
        kind: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads the tests of a file, by ascending name.
///
/// # Errors
///
/// [`FixtureError`], for the first that cannot be read.
pub fn read(json: &[u8]) -> Result<Vec<(String, Test)>, FixtureError> {
    let tests: BTreeMap<String, Value> = serde_json::from_slice(json).map_err(FixtureError::Json)?;
    tests
        .into_iter()
        .map(|(name, test)| {
            let test = Test::of_json(&name, test)?;
            Ok((name, test))
        })
        .collect()
}

impl Test {
    fn of_json(name: &str, json: Value) -> Result<Self, FixtureError> {
        let has = |member: &str| json.get(member).is_some();
        let form = |kind| move |source| FixtureError::Form { name: name.to_owned(), kind, source };
        if has("blocks") {
            BlockchainTest::of_json(json).map(Self::Blockchain).map_err(form("blockchain"))
        } else if has("post") && has("transaction") {
            StateTest::of_json(json).map(Self::State).map_err(form("state"))
        } else if has("exec") {
            VmTest::of_json(json).map(Self::Vm).map_err(form("VM"))
        } else if has("result") {
            TransactionTest::of_json(json).map(Self::Transaction).map_err(form("transaction"))
        } else {
            Err(FixtureError::Kind { name: name.to_owned() })
        }
    }
}
