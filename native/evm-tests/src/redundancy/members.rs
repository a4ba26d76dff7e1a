//! JSON members in the order of the items of an RLP list.

use outrider_evm::contradiction::Form::{self, AccessList, Authorizations, Bytes as Raw, Hashes, Number};

pub(super) const WITHDRAWAL: [(&str, Form); 4] =
    [("index", Number), ("validatorIndex", Number), ("address", Raw), ("amount", Number)];

pub(super) const LEGACY: [(&str, Form); 9] = [
    ("nonce", Number),
    ("gasPrice", Number),
    ("gasLimit", Number),
    ("to", Raw),
    ("value", Number),
    ("data", Raw),
    ("v", Number),
    ("r", Number),
    ("s", Number),
];

/// The position of `v`.
pub(super) const LEGACY_V: usize = 6;

pub(super) const ACCESS_LIST: [(&str, Form); 11] = [
    ("chainId", Number),
    ("nonce", Number),
    ("gasPrice", Number),
    ("gasLimit", Number),
    ("to", Raw),
    ("value", Number),
    ("data", Raw),
    ("accessList", AccessList),
    ("v", Number),
    ("r", Number),
    ("s", Number),
];

pub(super) const DYNAMIC_FEE: [(&str, Form); 12] = [
    ("chainId", Number),
    ("nonce", Number),
    ("maxPriorityFeePerGas", Number),
    ("maxFeePerGas", Number),
    ("gasLimit", Number),
    ("to", Raw),
    ("value", Number),
    ("data", Raw),
    ("accessList", AccessList),
    ("v", Number),
    ("r", Number),
    ("s", Number),
];

pub(super) const BLOB: [(&str, Form); 14] = [
    ("chainId", Number),
    ("nonce", Number),
    ("maxPriorityFeePerGas", Number),
    ("maxFeePerGas", Number),
    ("gasLimit", Number),
    ("to", Raw),
    ("value", Number),
    ("data", Raw),
    ("accessList", AccessList),
    ("maxFeePerBlobGas", Number),
    ("blobVersionedHashes", Hashes),
    ("v", Number),
    ("r", Number),
    ("s", Number),
];

pub(super) const SET_CODE: [(&str, Form); 13] = [
    ("chainId", Number),
    ("nonce", Number),
    ("maxPriorityFeePerGas", Number),
    ("maxFeePerGas", Number),
    ("gasLimit", Number),
    ("to", Raw),
    ("value", Number),
    ("data", Raw),
    ("accessList", AccessList),
    ("authorizationList", Authorizations),
    ("v", Number),
    ("r", Number),
    ("s", Number),
];
