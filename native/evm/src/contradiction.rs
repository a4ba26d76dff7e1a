//! What is told twice: headers, blocks and transactions in RLP, which count, and once more in JSON, member by member; and states as accounts
//! and as a root. Both have to be the same.
//!
//! Members that are not there, or `null`, are not told. Here are headers, and what comparing others takes.

use alloy_primitives::{B256, Bytes, U256, hex, keccak256};
use alloy_rlp::{Encodable as _, Error};
use serde_json::Value;

use crate::{
    rlp::{content, items},
    transaction::{Access, Authorization},
};
use Form::{Bytes as Raw, Number};

/// Something is told twice, and not the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// A member has another value in RLP.
    #[error("`{member}` is {told}, and by the RLP {expected}")]
    Member {
        /// Which one.
        member: String,
        /// What JSON says, shortened.
        told: String,
        /// What follows from the RLP, shortened.
        expected: String,
    },
    /// A list has another length in RLP.
    #[error("`{member}` has {told} items, and by the RLP {expected}")]
    Length {
        /// Which one.
        member: String,
        /// How many JSON has.
        told: usize,
        /// How many RLP has.
        expected: usize,
    },
    /// There is nothing that it could be compared with.
    #[error("`{member}` is told of what is not such in RLP")]
    Rlp {
        /// Which one.
        member: String,
        /// What is wrong with the RLP.
        #[source]
        source: Error,
    },
    /// A state has another root.
    #[error("the accounts of `{member}` have the state root {got}, and the test tells {told}")]
    State {
        /// Where the accounts are.
        member: &'static str,
        /// Their root.
        got: B256,
        /// What the test tells elsewhere.
        told: B256,
    },
}

impl Contradiction {
    /// A member has another value than what follows from the RLP.
    pub fn of_member(member: &str, told: &Value, expected: &str) -> Self {
        let told = told.as_str().map_or_else(|| told.to_string(), ToOwned::to_owned);
        Self::Member { member: member.to_owned(), told: shortened(&told), expected: shortened(expected) }
    }

    /// The RLP is nothing that a member could be compared with.
    pub fn of_rlp(member: &str, source: Error) -> Self {
        Self::Rlp { member: member.to_owned(), source }
    }
}

/// How a value in JSON is encoded in RLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number of at most 256 bits.
    Number,
    /// Bytes in hex.
    Bytes,
    /// An access list, EIP-2930.
    AccessList,
    /// A list of hashes.
    Hashes,
    /// A list of authorizations, EIP-7702.
    Authorizations,
}

/// Members of an object in the order of the items of a list in RLP.
pub type Members = [(&'static str, Form)];

/// Compares a header, and its `hash`.
///
/// # Errors
///
/// [`Contradiction`], for the first member.
pub fn check_header(name: &str, json: &Value, header: &[u8]) -> Result<(), Contradiction> {
    check_members(name, json, &HEADER, header)?;
    check_derived(name, json, "hash", || Some(keccak256(header)))
}

/// Compares members of an object with the items of a list in RLP, which are in this order.
///
/// # Errors
///
/// [`Contradiction`], for the first member.
pub fn check_members(name: &str, json: &Value, members: &Members, list: &[u8]) -> Result<(), Contradiction> {
    let items = items(list).map_err(|source| Contradiction::of_rlp(name, source))?;
    for (index, (member, form)) in members.iter().enumerate() {
        let Some(told) = json.get(member).filter(|value| !value.is_null()) else { continue };
        let item = items.get(index).copied().unwrap_or_default();
        if form.encode(told).as_deref() != Some(item) {
            let expected = match content(item) {
                Ok(content) => hex::encode_prefixed(content),
                Err(_) => "nothing".to_owned(),
            };
            return Err(Contradiction::of_member(&format!("{name}.{member}"), told, &expected));
        }
    }
    Ok(())
}

/// Compares a member with what follows from all of the RLP.
///
/// # Errors
///
/// [`Contradiction`], if it is something else, or nothing follows.
pub fn check_derived<T>(
    name: &str,
    json: &Value,
    member: &str,
    expected: impl FnOnce() -> Option<T>,
) -> Result<(), Contradiction>
where
    T: PartialEq + ToString + for<'de> serde::Deserialize<'de>,
{
    let Some(told) = json.get(member).filter(|value| !value.is_null()) else { return Ok(()) };
    let expected = expected();
    if read::<T>(told) == expected && expected.is_some() {
        return Ok(());
    }
    let expected = expected.map_or("nothing".to_owned(), |expected| expected.to_string());
    Err(Contradiction::of_member(&format!("{name}.{member}"), told, &expected))
}

impl Form {
    /// Encodes a value, or does not if it has another form.
    fn encode(self, json: &Value) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        if let Some(digits) = json.as_str().and_then(|text| text.strip_prefix(BIG_INTEGER)) {
            let zero = if digits.len() % 2 == 1 { "0" } else { "" };
            hex::decode(format!("{zero}{digits}")).ok()?.as_slice().encode(&mut out);
            return Some(out);
        }
        match self {
            Self::Number => read::<U256>(json)?.encode(&mut out),
            // As tests write that there is no recipient.
            Self::Bytes if json == "" => Bytes::new().encode(&mut out),
            Self::Bytes => read::<Bytes>(json)?.encode(&mut out),
            Self::AccessList => read::<Vec<Access>>(json)?.encode(&mut out),
            Self::Hashes => read::<Vec<B256>>(json)?.encode(&mut out),
            Self::Authorizations => read::<Vec<Authorization>>(json)?.encode(&mut out),
        }
        Some(out)
    }
}

/// What tests write before the digits of what is too long or too short for its form, in blocks that are to be refused for that.
const BIG_INTEGER: &str = "0x:bigint 0x";

fn read<T: for<'de> serde::Deserialize<'de>>(json: &Value) -> Option<T> {
    T::deserialize(json).ok()
}

/// A text of which only as much is told as anybody would read.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_LENGTH_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None if text.is_empty() => "empty".to_owned(),
        None => text.to_owned(),
    }
}

/// A hash, and a little more.
const TEXT_LENGTH_MAX: usize = 80;

/// Tells whether there is such a member of a header.
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
