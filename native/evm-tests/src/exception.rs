//! The names of exceptions in tests, and the EE's reasons that match them.
//!
//! The names are those of [execution-spec-tests], and older ones of [ethereum/tests]. Each name has a list of phrases:
//! a reason that contains one of them matches the name. Where the EE gives an unexpected reason, a comment explains it.
//!
//! [execution-spec-tests]: https://github.com/ethereum/execution-specs/tree/master/packages/testing/src/execution_testing/exceptions
//! [ethereum/tests]: https://github.com/ethereum/tests

use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable as _;
use outrider_evm::rlp;
use outrider_evm_codec::{Block, Payload};

/// The result of comparing the EE's reason with a test's exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The reason matches the exception.
    Same,
    /// The reason does not match the exception.
    Another,
    /// The name of the exception is not known here.
    UnknownName,
}

/// The name for an execution witness that lacks something that its block needs; tests have no name for it.
pub const INSUFFICIENT_WITNESS: &str = "INSUFFICIENT_WITNESS";

/// Compares a test's exception, one name or several separated by `|`, with the EE's reason.
pub fn compare(exception: &str, reason: &str) -> Comparison {
    let mut comparison = Comparison::Another;
    for name in exception.split('|') {
        let name = name.rsplit('.').next().unwrap_or_default();
        match REASONS.iter().find(|(names, _)| names.contains(&name)) {
            Some((_, parts)) if parts.iter().any(|part| reason.contains(part)) => return Comparison::Same,
            Some(_) => {}
            None => comparison = Comparison::UnknownName,
        }
    }
    comparison
}

/// Returns the same block with the right transactions root, or `None` if its root is right already or it is not a block.
///
/// Blocks of [ethereum/tests] with an invalid transaction have the root of the list without it. The EE checks the root
/// before it executes anything, so other errors only show once the root is right.
///
/// [ethereum/tests]: https://github.com/ethereum/tests
pub fn with_right_transactions_root(payload: &Payload) -> Option<Payload> {
    let Payload::Block(rules, block) = payload else { return None };
    let mended = mend(&block.block).ok().filter(|mended| *mended != block.block)?;
    Some(Payload::Block(rules.clone(), Block { block: mended, ..block.clone() }))
}

fn mend(block: &[u8]) -> alloy_rlp::Result<Bytes> {
    let parts = rlp::items(block)?;
    let [header, transactions, rest @ ..] = parts.as_slice() else {
        return Err(alloy_rlp::Error::InputTooShort);
    };
    let root = alloy_rlp::encode(transactions_root(transactions)?);
    let mut fields = rlp::items(header)?;
    *fields.get_mut(TRANSACTIONS_ROOT).ok_or(alloy_rlp::Error::InputTooShort)? = &root;
    let header = rlp::list(&fields.concat());
    Ok(rlp::list(&[&header, *transactions, &rest.concat()].concat()).into())
}

fn transactions_root(list: &[u8]) -> alloy_rlp::Result<B256> {
    // A typed transaction is an RLP string in the list.
    let transaction = |item: &[u8]| match item.first() {
        Some(0xc0..) => Ok(Bytes::copy_from_slice(item)),
        _ => match Bytes::decode(&mut &*item)? {
            string if string.is_empty() => Err(alloy_rlp::Error::Custom("a transaction of no bytes")),
            string => Ok(string),
        },
    };
    let transactions = rlp::items(list)?.into_iter().map(transaction);
    Ok(rlp::list_root(transactions.collect::<alloy_rlp::Result<Vec<_>>>()?))
}

/// The position of the transactions root in a header.
const TRANSACTIONS_ROOT: usize = 4;

/// The names, and phrases of the reasons that match them.
const REASONS: &[(&[&str], &[&str])] = &[
    // Transactions on a state.
    (&["TYPE_NOT_SUPPORTED", "TR_TypeNotSupported"], &["is unknown in this fork"]),
    (
        &[
            "TYPE_1_TX_PRE_FORK",
            "TYPE_2_TX_PRE_FORK",
            "TYPE_3_TX_PRE_FORK",
            "TYPE_3_TX_ZERO_BLOBS_PRE_FORK",
            "TYPE_4_TX_PRE_FORK",
        ],
        &["is unknown in this fork"],
    ),
    (&["SENDER_NOT_EOA", "SenderNotEOA"], &["senders with deployed code"]),
    (&["NONCE_MISMATCH_TOO_HIGH", "TR_NonceTooHigh"], &["too high, expected"]),
    (&["NONCE_MISMATCH_TOO_LOW", "TR_NonceTooLow"], &["too low, expected"]),
    (&["NONCE_IS_MAX", "NONCE_TOO_BIG", "TR_NonceHasMaxValue"], &["nonce overflow"]),
    // The EE refuses a price of more than 128 bits before it looks at the sender's balance.
    (
        &["INSUFFICIENT_ACCOUNT_FUNDS", "TR_NoFunds", "TR_NoFundsX", "TR_NoFundsOrGas"],
        &["lack of funds", "overflow payment", ": overflow"],
    ),
    (&["INSUFFICIENT_MAX_FEE_PER_GAS", "TR_FeeCapLessThanBlocks"], &["less than basefee"]),
    // Each of these names stands for two exceptions, because clients check in a different order.
    (
        &["TR_FeeCapLessThanBlocksORNoFunds"],
        &["less than basefee", "lack of funds", "overflow payment", ": overflow"],
    ),
    (&["TR_FeeCapLessThanBlocksORGasLimitReached"], &["less than basefee", "are left in the block"]),
    (
        &[
            "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS",
            "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2",
            "TR_TipGtFeeCap",
        ],
        // The tests of the second name have priority fees of more than 128 bits.
        &["priority fee is greater", ": overflow"],
    ),
    (&["INSUFFICIENT_MAX_FEE_PER_BLOB_GAS"], &["max fee per blob gas ("]),
    (&["INTRINSIC_GAS_TOO_LOW", "TR_IntrinsicGas"], &["exceeds the gas limit"]),
    (&["INTRINSIC_GAS_BELOW_FLOOR_GAS_COST"], &["gas floor", "call gas cost"]),
    (&["INITCODE_SIZE_EXCEEDED", "TR_InitCodeLimitExceeded"], &["initcode size limit"]),
    (&["GAS_ALLOWANCE_EXCEEDED", "TR_GasLimitReached"], &["are left in the block"]),
    (&["GAS_LIMIT_EXCEEDS_MAXIMUM"], &["is greater than the cap"]),
    (
        &[
            "TYPE_3_TX_BLOB_COUNT_EXCEEDED",
            "TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED",
            "TR_BLOBLIST_OVERSIZE",
        ],
        &["its blob gas is", "too many blobs"],
    ),
    (&["TYPE_3_TX_ZERO_BLOBS", "TR_EMPTYBLOB"], &["empty blobs"]),
    (&["TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH", "TR_BLOBVERSION_INVALID"], &["blob version"]),
    (&["TYPE_3_TX_CONTRACT_CREATION", "TR_BLOBCREATE"], &["blob create transaction", "unexpected length"]),
    (&["TYPE_3_TX_WITH_FULL_BLOBS"], MALFORMED),
    (&["TYPE_4_EMPTY_AUTHORIZATION_LIST"], &["empty authorization list"]),
    (&["TYPE_4_TX_CONTRACT_CREATION"], &["unexpected length"]),
    (
        &[
            "TYPE_4_INVALID_AUTHORIZATION_FORMAT",
            "TYPE_4_INVALID_AUTHORITY_SIGNATURE",
            "TYPE_4_INVALID_AUTHORITY_SIGNATURE_S_TOO_HIGH",
        ],
        MALFORMED,
    ),
    // Transactions as bytes.
    (&["ADDRESS_TOO_SHORT", "ADDRESS_TOO_LONG"], &["unexpected length"]),
    (&["RLP_INVALID_TO"], &["unexpected length", "unexpected list"]),
    (
        &[
            "NONCE_OVERFLOW",
            "GASLIMIT_OVERFLOW",
            "VALUE_OVERFLOW",
            "GASPRICE_OVERFLOW",
            "GASLIMIT_PRICE_PRODUCT_OVERFLOW",
            "PRIORITY_OVERFLOW",
        ],
        &[": overflow"],
    ),
    // R and s are numbers of 256 bits; longer ones do not fit.
    (&["INVALID_SIGNATURE_VRS", "EC_RECOVERY_FAIL"], &["signature: ", ": overflow"]),
    // The chain id is a part of `v`. The EE reads the parity from `v`, and checks s, before it checks the chain id.
    (&["INVALID_CHAINID"], &["invalid chain ID", "its parity is", "s is too high"]),
    (
        &[
            "RLP_LEADING_ZEROS_GASLIMIT",
            "RLP_LEADING_ZEROS_GASPRICE",
            "RLP_LEADING_ZEROS_VALUE",
            "RLP_LEADING_ZEROS_NONCE",
            "RLP_LEADING_ZEROS_R",
            "RLP_LEADING_ZEROS_S",
            "RLP_LEADING_ZEROS_V",
            "RLP_LEADING_ZEROS_DATA_SIZE",
            "RLP_LEADING_ZEROS_NONCE_SIZE",
            "RLP_ERROR_SIZE_LEADING_ZEROS",
        ],
        &["leading zero", "non-canonical"],
    ),
    // A zero before a number of 256 bits makes it too long for its field; before London these fields do not exist.
    (
        &["RLP_LEADING_ZEROS_BASEFEE", "RLP_LEADING_ZEROS_PRIORITY_FEE"],
        &["leading zero", "non-canonical", ": overflow", "is unknown in this fork"],
    ),
    (
        &["RLP_TOO_MANY_ELEMENTS", "RLP_ERROR_SIZE"],
        // A length of 2^32 or more is too long for wasm, and on other machines exceeds the input.
        &["unexpected length", "input too short", "Input too big"],
    ),
    // If an element is missing, the next one is read in its place, and r is too long for v.
    (&["RLP_TOO_FEW_ELEMENTS"], &["unexpected length", "input too short", "Input too big", ": overflow"]),
    // Bytes that begin as a string are read as a typed transaction.
    (
        &["RLP_ERROR_EOF"],
        &["unexpected length", "input too short", "Input too big", "is unknown in this fork"],
    ),
    (
        &[
            "RLP_INVALID_SIGNATURE_R",
            "RLP_INVALID_SIGNATURE_S",
            "RLP_INVALID_DATA",
            "RLP_INVALID_GASLIMIT",
            "RLP_INVALID_NONCE",
            "RLP_INVALID_VALUE",
        ],
        MALFORMED,
    ),
    // Bytes that do not begin as a list are read as a typed transaction.
    (&["RLP_INVALID_HEADER"], &["is unknown in this fork"]),
    // Before Berlin the EE reads no access lists.
    (
        &[
            "RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_LONG",
            "RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_SHORT",
            "RLP_INVALID_ACCESS_LIST_STORAGE_TOO_LONG",
            "RLP_INVALID_ACCESS_LIST_STORAGE_TOO_SHORT",
        ],
        &["unexpected length", "is unknown in this fork"],
    ),
    (&[INSUFFICIENT_WITNESS], &["is not covered", "nothing with hash", "the header of the parent"]),
    // Blocks that contradict their ancestors.
    (&["UNKNOWN_PARENT", "UNKNOWN_PARENT_ZERO", "UnknownParent"], &["ancestor 0: its hash is"]),
    (&["INVALID_BLOCK_NUMBER"], &["ancestor 0: its number is", "header: number"]),
    (&["INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT", "InvalidTimestampOlderParent"], &["header: timestamp"]),
    (&["INVALID_BASEFEE_PER_GAS"], &["header: base fee per gas"]),
    (&["INCORRECT_EXCESS_BLOB_GAS"], &["excess blob gas", "has the field excess"]),
    // One test lowers the gas limit below the gas used; another has a block before London with the gas limit and base
    // fee of London.
    (
        &["INVALID_GASLIMIT", "GASLIMIT_TOO_BIG", "InvalidGasLimit"],
        &["header: gas limit", "header: gas used", "does not have the field base fee per gas"],
    ),
    (&["INVALID_GAS_USED_ABOVE_LIMIT", "TooMuchGasUsed"], &["header: gas used"]),
    (
        &[
            "INVALID_DIFFICULTY",
            "InvalidDifficulty",
            "PostParisDifficultyIsNot0",
            "3675PoSBlockRejected",
            "3675PreParis1559BlockRejected",
            "IMPORT_IMPOSSIBLE_PARIS_WRONG_POW",
            "IMPORT_IMPOSSIBLE_PARIS_WRONG_POS",
            "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS",
        ],
        &["header: difficulty"],
    ),
    (&["EXTRA_DATA_TOO_BIG", "ExtraDataTooBig"], &["header: extra data"]),
    // Ommers need this extra data, too.
    (&["EXTRA_DATA_INVALID_DAO"], &["extra data: they have to be"]),
    (
        &[
            "IMPORT_IMPOSSIBLE_LEGACY",
            "IMPORT_IMPOSSIBLE_LEGACY_WRONG_PARENT",
            "IMPORT_IMPOSSIBLE_LONDON_OVER_PARIS",
            "IMPORT_IMPOSSIBLE_PARIS_OVER_SHANGHAI",
            "IMPORT_IMPOSSIBLE_SHANGHAI",
            "INCORRECT_BLOCK_FORMAT",
        ],
        &["in this fork a header", "the block should have", "header: difficulty", "block: "],
    ),
    // The EE judges an ommer of London on an older parent as the first block of London, whose gas limit doubles.
    (&["IMPORT_IMPOSSIBLE_LONDON_WRONG_PARENT"], &["in this fork a header", "ommer 0: gas limit"]),
    // Ommers.
    (&["TOO_MANY_UNCLES", "TooManyUncles"], &["ommers: there are"]),
    // One test has the hash of ommers that the block does not contain.
    (&["IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS"], &["ommers: there are", "ommers hash: got"]),
    (
        &["UNCLE_IN_CHAIN", "UNCLE_IS_ANCESTOR", "UncleInChain", "UncleIsAncestor"],
        &["is known already", "its parent is none"],
    ),
    (
        &["UNCLE_IS_BROTHER", "UncleIsBrother", "UNCLE_PARENT_INCORRECT", "UncleParentIncorrect"],
        &["is known already", "its parent is none"],
    ),
    (&["UNCLE_UNKNOWN_PARENT", "UnknownParent2"], &["its parent is none"]),
    // Headers that contradict the results of the execution.
    (&["INVALID_LOG_BLOOM", "InvalidLogBloom"], &["the logs bloom"]),
    (&["INVALID_STATE_ROOT", "InvalidStateRoot"], &["state root: got"]),
    (&["INVALID_RECEIPTS_ROOT", "InvalidReceiptsStateRoot"], &["receipts root: got", "state root: got"]),
    (&["INVALID_TRANSACTIONS_ROOT", "InvalidTransactionsRoot"], &["transactions root: got"]),
    (&["INVALID_UNCLES_HASH", "InvalidUnclesHash"], &["ommers hash: got"]),
    (&["INVALID_WITHDRAWALS_ROOT"], &["withdrawals root: got"]),
    (&["INVALID_GAS_USED", "InvalidGasUsed"], &["gas used: got"]),
    (&["GAS_USED_OVERFLOW"], &["are left in the block", "gas used"]),
    (&["INCORRECT_BLOB_GAS_USED", "BLOB_GAS_USED_ABOVE_LIMIT"], &["blob gas"]),
    (&["INVALID_VERSIONED_HASHES"], &["blob"]),
    (&["INVALID_REQUESTS"], &["requests"]),
    (&["INVALID_DEPOSIT_EVENT_LAYOUT"], &["requests: "]),
    (&["SYSTEM_CONTRACT_EMPTY", "SYSTEM_CONTRACT_CALL_FAILED"], &["the system contract"]),
    // Blocks as bytes.
    (&["RLP_BLOCK_LIMIT_EXCEEDED"], &["the block has"]),
    (
        &[
            "RLP_STRUCTURES_ENCODING",
            "RLP_INVALID_FIELD_OVERFLOW_64",
            "RLP_INVALID_ADDRESS",
            "RLP_WITHDRAWALS_NOT_READ",
            "INPUT_UNMARSHAL_ERROR",
            "INPUT_UNMARSHAL_SIZE_ERROR",
        ],
        &["block: ", "the block should have"],
    ),
];

/// Reasons for bytes that are not a transaction.
const MALFORMED: &[&str] = &[
    "unexpected list",
    "unexpected string",
    "unexpected length",
    "input too short",
    "Input too big",
    ": overflow",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn check(exception: &str, reason: &str, expected: Comparison) {
        assert_eq!(compare(exception, reason), expected, "{exception}: {reason}");
    }

    #[test]
    fn reasons_are_compared_with_each_name() {
        let reason = "transaction 3: nonce 5 too high, expected 4";
        check("TransactionException.NONCE_MISMATCH_TOO_HIGH", reason, Comparison::Same);
        check("TR_NonceTooHigh", reason, Comparison::Same);
        check("TransactionException.NONCE_MISMATCH_TOO_LOW", reason, Comparison::Another);
        check(
            "TransactionException.SENDER_NOT_EOA|TransactionException.NONCE_MISMATCH_TOO_HIGH",
            reason,
            Comparison::Same,
        );
        check("BlockException.NOBODY_KNOWS", reason, Comparison::UnknownName);
        check("", reason, Comparison::UnknownName);
    }

    /// Pairs from ethereum/tests. Each is right, although the EE finds something else first than the name says.
    #[test]
    fn what_is_seen_first_is_what_the_test_means() {
        for (exception, reason) in [
            ("RLP_INVALID_TO", "transaction 0: unexpected list"),
            ("RLP_ERROR_EOF", "transaction 0: type 184 is unknown in this fork"),
            ("RLP_TOO_FEW_ELEMENTS", "transaction 0: overflow"),
            ("RLP_LEADING_ZEROS_BASEFEE", "transaction 0: overflow"),
            ("RLP_LEADING_ZEROS_PRIORITY_FEE", "transaction 0: type 2 is unknown in this fork"),
            ("TYPE_1_TX_PRE_FORK", "transaction 0: type 1 is unknown in this fork"),
            ("INVALID_GASLIMIT", "header: in this fork a header does not have the field base fee per gas"),
            ("EXTRA_DATA_INVALID_DAO", "ommers: ommer 0: extra data: they have to be `dao-hard-fork`"),
        ] {
            check(exception, reason, Comparison::Same);
            check(exception, "transaction 0: nonce 5 too high, expected 4", Comparison::Another);
        }
        for words in ["gas price is less than basefee", "lack of funds (1) for max fee (2)"] {
            check("TR_FeeCapLessThanBlocksORNoFunds", &format!("transaction 0: {words}"), Comparison::Same);
        }
        check("RLP_LEADING_ZEROS_VALUE", "transaction 0: overflow", Comparison::Another);
    }

    #[test]
    fn no_name_is_listed_twice() {
        let names: Vec<_> = REASONS.iter().flat_map(|(names, _)| *names).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
