//! Comparison of data that a test holds twice: blocks and transactions as RLP, which is executed, and as JSON members;
//! and states as accounts and as a root. Both copies must agree, see [`outrider_evm::contradiction`].
//!
//! Members that have no counterpart in the block's RLP, such as receipts, are not compared.

mod members;

use alloy_primitives::{B256, U256, keccak256};
use alloy_rlp::{EMPTY_LIST_CODE, Error};
use outrider_evm::{
    contradiction::{Contradiction, Members, check_derived, check_header, check_members},
    rlp::{content, items},
    state::State,
};
use serde_json::{Map, Value};

use crate::transaction_test::Parts;
use members::{ACCESS_LIST, BLOB, DYNAMIC_FEE, LEGACY, LEGACY_V, SET_CODE, WITHDRAWAL};

/// Compares the JSON of a block with its RLP: `blockHeader`, `transactions`, `uncleHeaders` and `withdrawals`.
pub(crate) fn check_block(json: &Value, block: &[u8]) -> Result<(), Contradiction> {
    let get = |member: &str| json.get(member).filter(|value| !value.is_null());
    let members = ["blockHeader", "transactions", "uncleHeaders", "withdrawals"];
    let Some(first) = members.into_iter().find(|member| get(member).is_some()) else { return Ok(()) };
    let items = items(block).map_err(|source| Contradiction::of_rlp(first, source))?;
    let item = |index: usize| items.get(index).copied();
    if let Some(header) = get("blockHeader") {
        check_header("blockHeader", header, item(0).unwrap_or_default())?;
    }
    if let Some(transactions) = get("transactions") {
        check_list("transactions", transactions, item(1), check_transaction)?;
    }
    if let Some(uncles) = get("uncleHeaders") {
        check_list("uncleHeaders", uncles, item(2), check_header)?;
    }
    if let Some(withdrawals) = get("withdrawals") {
        // A block without this list has no withdrawals.
        let list = item(3).or(Some(&[EMPTY_LIST_CODE]));
        check_list("withdrawals", withdrawals, list, |name, json, item| {
            check_members(name, json, &WITHDRAWAL, item)
        })?;
    }
    Ok(())
}

/// Compares a transaction with its RLP: its members, and its `type`, `hash` and `sender` if they are there. The RLP is
/// a list, or a type and its contents.
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
        _ => {
            return Err(Contradiction::of_rlp(
                name,
                Error::Custom("the type of the transaction is not known"),
            ));
        }
    };
    check_derived(name, json, "type", || Some(U256::from(kind)))?;
    // A transaction without a type has its chain id in `v`, or none (EIP-155).
    let items = items(list).map_err(|source| Contradiction::of_rlp(name, source))?;
    let v = items.get(LEGACY_V).and_then(|v| alloy_rlp::decode_exact::<U256>(v).ok());
    let protected = v.and_then(|v| v.checked_sub(U256::from(35))).filter(|_| kind == 0);
    if let Some(v) = protected {
        check_derived(name, json, "chainId", || Some(v >> 1))?;
    }
    check_members(name, json, members, list)?;
    check_derived(name, json, "hash", || Some(keccak256(transaction)))?;
    check_derived(name, json, "sender", || Parts::of(transaction).and_then(|parts| parts.sender()))
}

/// Compares the items of a list. In a block's list of transactions, those with a type are strings.
fn check_list(
    name: &str,
    json: &Value,
    list: Option<&[u8]>,
    check: impl Fn(&str, &Value, &[u8]) -> Result<(), Contradiction>,
) -> Result<(), Contradiction> {
    let members = json.as_array().ok_or_else(|| Contradiction::of_member(name, json, "a list"))?;
    let items = items(list.unwrap_or_default()).map_err(|source| Contradiction::of_rlp(name, source))?;
    if members.len() != items.len() {
        return Err(Contradiction::Length {
            member: name.to_owned(),
            got: members.len(),
            expected: items.len(),
        });
    }
    for (index, (json, item)) in members.iter().zip(items).enumerate() {
        let name = format!("{name}[{index}]");
        let is_list = item.first().is_some_and(|byte| *byte >= EMPTY_LIST_CODE);
        let item = if is_list {
            item
        } else {
            content(item).map_err(|source| Contradiction::of_rlp(&name, source))?
        };
        check(&name, json, item)?;
    }
    Ok(())
}

/// Compares the root of accounts with the root that the test gives.
pub(crate) fn check_state(
    member: &'static str,
    accounts: Option<&State>,
    expected: B256,
) -> Result<(), Contradiction> {
    match accounts.map(State::root) {
        Some(got) if got != expected => Err(Contradiction::State { member, got, expected }),
        _ => Ok(()),
    }
}

/// Returns the members of a state test's transaction that a case selects: data, gas limit and value by index.
pub(crate) fn chosen(transaction: &Value, data: usize, gas: usize, value: usize) -> Value {
    let mut chosen = Map::new();
    for (member, json) in transaction.as_object().into_iter().flatten() {
        let place = match member.as_str() {
            "data" | "accessLists" => Some(data),
            "gasLimit" => Some(gas),
            "value" => Some(value),
            _ => None,
        };
        let json = match place {
            Some(place) => json.get(place).cloned().unwrap_or_default(),
            None => json.clone(),
        };
        let member = if member == "accessLists" { "accessList" } else { member.as_str() };
        chosen.insert(member.to_owned(), json);
    }
    Value::Object(chosen)
}
