//! Comparison of data that a file holds twice: headers, blocks and transactions as RLP and as JSON members, and states
//! as accounts and as a root. The RLP counts, and both copies must agree.
//!
//! Members that are absent or `null` are not compared. This module compares headers, and has the parts for comparing
//! the rest.

use alloy_primitives::{B256, Bytes, U256, hex, keccak256};
use alloy_rlp::{Encodable as _, Error};
use serde_json::Value;

use crate::{
    rlp::{content, items},
    transaction::{Access, Authorization},
};
use Form::{Bytes as Raw, Number};

/// An error for two copies of the same data that differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// A member has another value in the RLP.
    #[error("`{member}` is {got}, and {expected} in the RLP")]
    Member {
        /// The name of the member.
        member: String,
        /// Its value in JSON, shortened.
        got: String,
        /// Its value in the RLP, shortened.
        expected: String,
    },
    /// A list has another length in the RLP.
    #[error("`{member}` has {got} items, and {expected} in the RLP")]
    Length {
        /// The name of the list.
        member: String,
        /// Its length in JSON.
        got: usize,
        /// Its length in the RLP.
        expected: usize,
    },
    /// The RLP has no value that the member could be compared with.
    #[error("`{member}` cannot be compared with the RLP")]
    Rlp {
        /// The name of the member.
        member: String,
        /// The error in the RLP.
        #[source]
        source: Error,
    },
    /// The accounts of a state have another root than the file says.
    #[error("the accounts of `{member}` have the state root {got}, expected {expected}")]
    State {
        /// The member with the accounts.
        member: &'static str,
        /// The state root of the accounts.
        got: B256,
        /// The state root that the file gives elsewhere.
        expected: B256,
    },
}

impl Contradiction {
    /// Returns the error for a member whose value in the RLP is another.
    pub fn of_member(member: &str, got: &Value, expected: &str) -> Self {
        let got = got.as_str().map_or_else(|| got.to_string(), ToOwned::to_owned);
        Self::Member { member: member.to_owned(), got: shortened(&got), expected: shortened(expected) }
    }

    /// Returns the error for a member that has no counterpart in the RLP.
    pub fn of_rlp(member: &str, source: Error) -> Self {
        Self::Rlp { member: member.to_owned(), source }
    }
}

/// The way in which a JSON value is encoded in RLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number of at most 256 bits.
    Number,
    /// Bytes in hex.
    Bytes,
    /// An access list (EIP-2930).
    AccessList,
    /// A list of hashes.
    Hashes,
    /// A list of authorizations (EIP-7702).
    Authorizations,
}

/// The members of an object, in the order of the items of an RLP list.
pub type Members = [(&'static str, Form)];

/// Compares a header and its `hash`.
///
/// # Errors
///
/// Fails with a [`Contradiction`] for the first member that differs.
pub fn check_header(name: &str, json: &Value, header: &[u8]) -> Result<(), Contradiction> {
    check_members(name, json, &HEADER, header)?;
    check_derived(name, json, "hash", || Some(keccak256(header)))
}

/// Compares members of an object with the items of an RLP list in the same order.
///
/// # Errors
///
/// Fails with a [`Contradiction`] for the first member that differs.
pub fn check_members(name: &str, json: &Value, members: &Members, list: &[u8]) -> Result<(), Contradiction> {
    let items = items(list).map_err(|source| Contradiction::of_rlp(name, source))?;
    for (index, (member, form)) in members.iter().enumerate() {
        let Some(got) = json.get(member).filter(|value| !value.is_null()) else { continue };
        let item = items.get(index).copied().unwrap_or_default();
        if form.encode(got).as_deref() != Some(item) {
            let expected = match content(item) {
                Ok(content) => hex::encode_prefixed(content),
                Err(_) => "nothing".to_owned(),
            };
            return Err(Contradiction::of_member(&format!("{name}.{member}"), got, &expected));
        }
    }
    Ok(())
}

/// Compares a member with a value that is computed from the whole RLP.
///
/// # Errors
///
/// Fails with a [`Contradiction`] if the values differ or none can be computed.
pub fn check_derived<T>(
    name: &str,
    json: &Value,
    member: &str,
    expected: impl FnOnce() -> Option<T>,
) -> Result<(), Contradiction>
where
    T: PartialEq + ToString + for<'de> serde::Deserialize<'de>,
{
    let Some(got) = json.get(member).filter(|value| !value.is_null()) else { return Ok(()) };
    let expected = expected();
    if read::<T>(got) == expected && expected.is_some() {
        return Ok(());
    }
    let expected = expected.map_or("nothing".to_owned(), |expected| expected.to_string());
    Err(Contradiction::of_member(&format!("{name}.{member}"), got, &expected))
}

impl Form {
    /// Encodes a value, or returns `None` if it has another form.
    fn encode(self, json: &Value) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        if let Some(digits) = json.as_str().and_then(|text| text.strip_prefix(BIG_INTEGER)) {
            let zero = if digits.len() % 2 == 1 { "0" } else { "" };
            hex::decode(format!("{zero}{digits}")).ok()?.as_slice().encode(&mut out);
            return Some(out);
        }
        match self {
            Self::Number => read::<U256>(json)?.encode(&mut out),
            // Tests write an absent recipient so.
            Self::Bytes if json == "" => Bytes::new().encode(&mut out),
            Self::Bytes => read::<Bytes>(json)?.encode(&mut out),
            Self::AccessList => read::<Vec<Access>>(json)?.encode(&mut out),
            Self::Hashes => read::<Vec<B256>>(json)?.encode(&mut out),
            Self::Authorizations => read::<Vec<Authorization>>(json)?.encode(&mut out),
        }
        Some(out)
    }
}

/// The prefix that tests give to digits of the wrong length, in blocks that must be refused for it.
const BIG_INTEGER: &str = "0x:bigint 0x";

fn read<T: for<'de> serde::Deserialize<'de>>(json: &Value) -> Option<T> {
    T::deserialize(json).ok()
}

/// Returns the beginning of a text that is too long for a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_LENGTH_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None if text.is_empty() => "empty".to_owned(),
        None => text.to_owned(),
    }
}

/// The length of a hash and a little more.
const TEXT_LENGTH_MAX: usize = 80;

/// Returns whether headers have this member.
pub fn is_of_header(member: &str) -> bool {
    member == "hash" || HEADER.iter().any(|(name, _)| *name == member)
}

/// The fields of a header, by their names in tests.
const HEADER: [(&str, Form); 23] = [
    ("parentHash", Raw),
    ("uncleHash", Raw),
    ("coinbase", Raw),
    ("stateRoot", Raw),
    ("transactionsTrie", Raw),
    ("receiptTrie", Raw),
    ("bloom", Raw),
    ("difficulty", Number),
    ("number", Number),
    ("gasLimit", Number),
    ("gasUsed", Number),
    ("timestamp", Number),
    ("extraData", Raw),
    ("mixHash", Raw),
    ("nonce", Raw),
    ("baseFeePerGas", Number),
    ("withdrawalsRoot", Raw),
    ("blobGasUsed", Number),
    ("excessBlobGas", Number),
    ("parentBeaconBlockRoot", Raw),
    ("requestsHash", Raw),
    ("blockAccessListHash", Raw),
    ("slotNumber", Number),
];
