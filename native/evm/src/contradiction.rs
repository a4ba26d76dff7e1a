//! What a test tells twice: blocks and transactions are there in RLP, which is executed, and once more as JSON, member by member; and
//! states as accounts and as a root. Both have to be the same.
//!
//! Members that are not there, or `null`, are not told. Those that are no part of a block in RLP, such as receipts, are not looked at.

mod members;

use alloy_primitives::{B256, Bytes, U256, hex, keccak256};
use alloy_rlp::{EMPTY_LIST_CODE, Encodable as _, Error, Header};
use serde_json::{Map, Value};

use crate::{
    rlp,
    state::State,
    transaction::{Access, Authorization},
    transaction_test::Parts,
};
use members::{ACCESS_LIST, BLOB, DYNAMIC_FEE, Form, HEADER, LEGACY, LEGACY_V, SET_CODE, WITHDRAWAL};

/// A test tells something twice, and not the same.
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

type Members = [(&'static str, Form)];

/// Compares a block as JSON tells it with its RLP: `blockHeader`, `transactions`, `uncleHeaders` and `withdrawals`.
pub(crate) fn check_block(json: &Value, block: &[u8]) -> Result<(), Contradiction> {
    let told = |member: &str| json.get(member).filter(|value| !value.is_null());
    let members = ["blockHeader", "transactions", "uncleHeaders", "withdrawals"];
    let Some(first) = members.into_iter().find(|member| told(member).is_some()) else { return Ok(()) };
    let items = rlp::items(block).map_err(|source| unlike(first, source))?;
    let item = |index: usize| items.get(index).copied();
    if let Some(header) = told("blockHeader") {
        check_header("blockHeader", header, item(0).unwrap_or_default())?;
    }
    if let Some(transactions) = told("transactions") {
        check_list("transactions", transactions, item(1), check_transaction)?;
    }
    if let Some(uncles) = told("uncleHeaders") {
        check_list("uncleHeaders", uncles, item(2), check_header)?;
    }
    if let Some(withdrawals) = told("withdrawals") {
        // A block without such a list has none of them.
        let list = item(3).or(Some(&[EMPTY_LIST_CODE]));
        check_list("withdrawals", withdrawals, list, |name, json, item| {
            check_members(name, json, &WITHDRAWAL, item)
        })?;
    }
    Ok(())
}

/// Compares a header, and its `hash`.
pub(crate) fn check_header(name: &str, json: &Value, header: &[u8]) -> Result<(), Contradiction> {
    check_members(name, json, &HEADER, header)?;
    check_derived(name, json, "hash", || Some(keccak256(header)))
}

/// Compares a transaction, and its `type`, `hash` and `sender`, as far as they are told. It is a list in RLP, or a type and what follows.
pub(crate) fn check_transaction(name: &str, json: &Value, transaction: &[u8]) -> Result<(), Contradiction> {
    let (kind, list) = match transaction.split_first() {
        Some((kind, list)) if *kind < EMPTY_LIST_CODE => (*kind, list),
        _ => (0, transaction),
    };
    let members: &Members = match kind {
        0 => &LEGACY,
        1 => &ACCESS_LIST,
        2 => &DYNAMIC_FEE,
        3 => &BLOB,
        4 => &SET_CODE,
        _ => return Err(unlike(name, Error::Custom("the type of the transaction is not known"))),
    };
    check_derived(name, json, "type", || Some(U256::from(kind)))?;
    // A transaction without type has the number of its chain in `v`, or does not have it, EIP-155.
    let items = rlp::items(list).map_err(|source| unlike(name, source))?;
    let v = items.get(LEGACY_V).and_then(|v| alloy_rlp::decode_exact::<U256>(v).ok());
    let protected = v.and_then(|v| v.checked_sub(U256::from(35))).filter(|_| kind == 0);
    if let Some(v) = protected {
        check_derived(name, json, "chainId", || Some(v >> 1))?;
    }
    check_members(name, json, members, list)?;
    check_derived(name, json, "hash", || Some(keccak256(transaction)))?;
    check_derived(name, json, "sender", || Parts::of(transaction).and_then(|parts| parts.sender()))
}

/// Compares the items of a list. Those of a block's transactions that have a type are strings.
fn check_list(
    name: &str,
    json: &Value,
    list: Option<&[u8]>,
    check: impl Fn(&str, &Value, &[u8]) -> Result<(), Contradiction>,
) -> Result<(), Contradiction> {
    let told = json.as_array().ok_or_else(|| differs(name, json, "a list"))?;
    let items = rlp::items(list.unwrap_or_default()).map_err(|source| unlike(name, source))?;
    if told.len() != items.len() {
        return Err(Contradiction::Length {
            member: name.to_owned(),
            told: told.len(),
            expected: items.len(),
        });
    }
    for (index, (json, item)) in told.iter().zip(items).enumerate() {
        let name = format!("{name}[{index}]");
        let is_list = item.first().is_some_and(|byte| *byte >= EMPTY_LIST_CODE);
        let item = if is_list { item } else { content(item).map_err(|source| unlike(&name, source))? };
        check(&name, json, item)?;
    }
    Ok(())
}

/// Compares members of an object with the items of a list in RLP, which are in this order.
fn check_members(name: &str, json: &Value, members: &Members, list: &[u8]) -> Result<(), Contradiction> {
    let items = rlp::items(list).map_err(|source| unlike(name, source))?;
    for (index, (member, form)) in members.iter().enumerate() {
        let Some(told) = json.get(member).filter(|value| !value.is_null()) else { continue };
        let item = items.get(index).copied().unwrap_or_default();
        if form.encode(told).as_deref() != Some(item) {
            let expected = match content(item) {
                Ok(content) => hex::encode_prefixed(content),
                Err(_) => "nothing".to_owned(),
            };
            return Err(differs(&format!("{name}.{member}"), told, &expected));
        }
    }
    Ok(())
}

/// Compares a member with what follows from all of the RLP.
fn check_derived<T>(
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
    Err(differs(&format!("{name}.{member}"), told, &expected))
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

/// What is in an item, without the item's own header.
fn content(item: &[u8]) -> Result<&[u8], Error> {
    let mut content = item;
    Header::decode(&mut content)?;
    Ok(content)
}

fn differs(member: &str, told: &Value, expected: &str) -> Contradiction {
    let told = told.as_str().map_or_else(|| told.to_string(), ToOwned::to_owned);
    Contradiction::Member { member: member.to_owned(), told: shortened(&told), expected: shortened(expected) }
}

fn unlike(member: &str, source: Error) -> Contradiction {
    Contradiction::Rlp { member: member.to_owned(), source }
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

/// Compares accounts with what the test tells of their root.
pub(crate) fn check_state(
    member: &'static str,
    accounts: Option<&State>,
    told: B256,
) -> Result<(), Contradiction> {
    match accounts.map(State::root) {
        Some(got) if got != told => Err(Contradiction::State { member, got, told }),
        _ => Ok(()),
    }
}

/// Tells whether there is such a member of a header.
pub(crate) fn is_of_header(member: &str) -> bool {
    member == "hash" || HEADER.iter().any(|(name, _)| *name == member)
}

/// Of a transaction in the JSON of a state test, those members that it chooses: data, gas limit and value by their place.
pub(crate) fn chosen(transaction: &Value, data: usize, gas: usize, value: usize) -> Value {
    let mut chosen = Map::new();
    for (member, told) in transaction.as_object().into_iter().flatten() {
        let place = match member.as_str() {
            "data" | "accessLists" => Some(data),
            "gasLimit" => Some(gas),
            "value" => Some(value),
            _ => None,
        };
        let told = match place {
            Some(place) => told.get(place).cloned().unwrap_or_default(),
            None => told.clone(),
        };
        let member = if member == "accessLists" { "accessList" } else { member.as_str() };
        chosen.insert(member.to_owned(), told);
    }
    Value::Object(chosen)
}
