//! The tests of a file, by name; there are four kinds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    blockchain_test::BlockchainTest, state_test::StateTest, transaction_test::TransactionTest,
    vm_test::VmTest,
};
use outrider_evm::json::{self, JsonError};

/// A test of any kind.
#[derive(Clone, Debug)]
pub enum Test {
    /// A transaction on a state.
    State(StateTest),
    /// Blocks after a genesis.
    Blockchain(BlockchainTest),
    /// A call of a contract.
    Vm(VmTest),
    /// Bytes that are either a valid transaction or not one.
    Transaction(TransactionTest),
}

/// Why the tests of a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixtureError {
    /// The file is not JSON, or has too much of it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The JSON is not an object, or none of its members is a test. Directories of tests contain such files.
    #[error("{what}")]
    NoTest {
        /// A description of the JSON.
        what: String,
    },
    /// A member is not a test.
    #[error(
        "`{name}` is not a test: it has none of `blocks`, `post` with `transaction`, `exec`, `result` with `txbytes`"
    )]
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
        /// The error in the JSON.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads the tests of a file, in ascending order of name.
///
/// # Errors
///
/// Fails with a [`FixtureError`] for the first test that cannot be read.
pub fn read(json: &[u8]) -> Result<Vec<(String, Test)>, FixtureError> {
    let Value::Object(tests) = json::read(json)? else {
        return Err(FixtureError::NoTest { what: "no object in JSON".to_owned() });
    };
    if tests.values().all(|test| Kind::of(test).is_none()) {
        let what = match tests.keys().next() {
            Some(name) => FixtureError::Kind { name: name.clone() }.to_string(),
            None => "an empty object in JSON".to_owned(),
        };
        return Err(FixtureError::NoTest { what });
    }
    let tests: BTreeMap<String, Value> = tests.into_iter().collect();
    tests
        .into_iter()
        .map(|(name, test)| {
            let test = Test::of_json(&name, test)?;
            Ok((name, test))
        })
        .collect()
}

/// The kinds of tests.
#[derive(Clone, Copy)]
enum Kind {
    State,
    Blockchain,
    Vm,
    Transaction,
}

impl Kind {
    /// Returns the kind of a test by its members. Templates of tests, and test data of the tool that fills them, have
    /// members of the same names, and further ones for their expectations; a genesis with a `result` is not a
    /// transaction test.
    fn of(json: &Value) -> Option<Self> {
        let has = |member: &str| json.get(member).is_some();
        if has("expect") || has("expectException") || has("exceptions") {
            None
        } else if has("blocks") {
            Some(Self::Blockchain)
        } else if has("post") && has("transaction") {
            Some(Self::State)
        } else if has("exec") {
            Some(Self::Vm)
        } else if has("result") && has("txbytes") {
            Some(Self::Transaction)
        } else {
            None
        }
    }
}

impl Test {
    fn of_json(name: &str, json: Value) -> Result<Self, FixtureError> {
        let form = |kind| move |source| FixtureError::Form { name: name.to_owned(), kind, source };
        match Kind::of(&json) {
            Some(Kind::Blockchain) => {
                BlockchainTest::of_json(json).map(Self::Blockchain).map_err(form("blockchain"))
            }
            Some(Kind::State) => StateTest::of_json(json).map(Self::State).map_err(form("state")),
            Some(Kind::Vm) => VmTest::of_json(json).map(Self::Vm).map_err(form("VM")),
            Some(Kind::Transaction) => {
                TransactionTest::of_json(json).map(Self::Transaction).map_err(form("transaction"))
            }
            None => Err(FixtureError::Kind { name: name.to_owned() }),
        }
    }
}
