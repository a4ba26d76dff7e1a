//! Decodes transactions for revm, [EIP-2718](https://eips.ethereum.org/EIPS/eip-2718).

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, TxKind, U256};
use alloy_rlp::{Decodable, Header as RlpHeader};
use outrider_evm_codec::Fork;
use outrider_sdk::crypto;
use revm::{
    context::TxEnv,
    context_interface::{
        either::Either,
        transaction::{RecoveredAuthority, RecoveredAuthorization, SignedAuthorization},
    },
};

use crate::{
    error::TransactionError,
    hash::{self, keccak256},
    rules::Spec,
};

/// Decodes a transaction, and recovers its sender.
///
/// 1. The type is one of the fork.
/// 2. The fields are those of the type, in RLP.
/// 3. `r` and `s` are in range; from Homestead on, `s` in the lower half, EIP-2.
/// 4. The parity of a legacy transaction's signature is encoded as a `v` of 27 or 28 or, from Spurious Dragon on,
///    together with the chain ID, EIP-155.
///
/// revm checks the rest.
pub(crate) fn decode(bytes: &[u8], spec: &Spec<'_>) -> Result<TxEnv, TransactionError> {
    match bytes {
        [first, ..] if *first >= alloy_rlp::EMPTY_LIST_CODE => legacy(bytes, spec),
        [first, fields @ ..] => typed(*first, fields, spec),
        [] => Err(alloy_rlp::Error::InputTooShort.into()),
    }
}

fn legacy(mut bytes: &[u8], spec: &Spec<'_>) -> Result<TxEnv, TransactionError> {
    let all = content(&mut bytes)?;
    let fields = &mut { all };
    let mut transaction = TxEnv {
        tx_type: LEGACY,
        caller: Address::ZERO,
        nonce: Decodable::decode(fields)?,
        gas_price: Decodable::decode(fields)?,
        gas_limit: Decodable::decode(fields)?,
        kind: Decodable::decode(fields)?,
        value: Decodable::decode(fields)?,
        data: Decodable::decode(fields)?,
        chain_id: None,
        access_list: Default::default(),
        gas_priority_fee: None,
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: Vec::new(),
    };
    let signed = before(all, fields);
    let v = u128::decode(fields)?;
    let signature = Signature::decode(fields)?;
    finish(fields)?;

    let (parity, suffix) = match v {
        27 | 28 => (v - 27, Vec::new()),
        _ if v >= 35 && spec.has(Fork::SpuriousDragon) => {
            let chain_id = u64::try_from((v - 35) / 2).map_err(|_| TransactionError::Parity { got: v })?;
            transaction.chain_id = Some(chain_id);
            let mut suffix = alloy_rlp::encode(chain_id);
            suffix.extend([alloy_rlp::EMPTY_STRING_CODE; 2]);
            ((v - 35) % 2, suffix)
        }
        _ => return Err(TransactionError::Parity { got: v }),
    };
    let hash = list_hash(&[], &[signed, &suffix]);
    transaction.caller = signature.signer(&hash, parity, spec.has(Fork::Homestead))?;
    Ok(transaction)
}

fn typed(kind: u8, mut bytes: &[u8], spec: &Spec<'_>) -> Result<TxEnv, TransactionError> {
    let since = match kind {
        ACCESS_LIST => Fork::Berlin,
        DYNAMIC_FEE => Fork::London,
        BLOB => Fork::Cancun,
        SET_CODE => Fork::Prague,
        _ => return Err(TransactionError::Type { got: kind }),
    };
    if !spec.has(since) {
        return Err(TransactionError::Type { got: kind });
    }
    let has_priority_fee = kind != ACCESS_LIST;
    let has_target = matches!(kind, BLOB | SET_CODE);
    let all = content(&mut bytes)?;
    let fields = &mut { all };
    let mut transaction = TxEnv {
        tx_type: kind,
        caller: Address::ZERO,
        chain_id: Some(Decodable::decode(fields)?),
        nonce: Decodable::decode(fields)?,
        gas_priority_fee: if has_priority_fee { Some(Decodable::decode(fields)?) } else { None },
        gas_price: Decodable::decode(fields)?,
        gas_limit: Decodable::decode(fields)?,
        kind: if has_target { TxKind::Call(Decodable::decode(fields)?) } else { Decodable::decode(fields)? },
        value: Decodable::decode(fields)?,
        data: Decodable::decode(fields)?,
        access_list: Decodable::decode(fields)?,
        max_fee_per_blob_gas: if kind == BLOB { Decodable::decode(fields)? } else { 0 },
        blob_hashes: if kind == BLOB { Decodable::decode(fields)? } else { Vec::new() },
        authorization_list: if kind == SET_CODE { authorizations(fields)? } else { Vec::new() },
    };
    let signed = before(all, fields);
    let parity = u8::decode(fields)?.into();
    let signature = Signature::decode(fields)?;
    finish(fields)?;
    transaction.caller = signature.signer(&list_hash(&[kind], &[signed]), parity, true)?;
    Ok(transaction)
}

/// Returns the authorizations of EIP-7702, each with its authority. One without an authority is ignored, and does not
/// make the transaction invalid.
fn authorizations(
    fields: &mut &[u8],
) -> alloy_rlp::Result<Vec<Either<SignedAuthorization, RecoveredAuthorization>>> {
    let list = Vec::<SignedAuthorization>::decode(fields)?;
    let recover = |signed: SignedAuthorization| {
        let signature = Signature { r: signed.r(), s: signed.s() };
        let authority = signature.signer(&signed.signature_hash(), signed.y_parity().into(), true);
        let authority = authority.map_or(RecoveredAuthority::Invalid, RecoveredAuthority::Valid);
        Either::Right(RecoveredAuthorization::new_unchecked(signed.strip_signature(), authority))
    };
    Ok(list.into_iter().map(recover).collect())
}

/// An ECDSA signature over secp256k1.
struct Signature {
    r: U256,
    s: U256,
}

impl Signature {
    fn decode(fields: &mut &[u8]) -> alloy_rlp::Result<Self> {
        Ok(Self { r: Decodable::decode(fields)?, s: Decodable::decode(fields)? })
    }

    /// Returns the address that has signed the hash.
    fn signer(&self, hash: &B256, parity: u128, low_s: bool) -> Result<Address, TransactionError> {
        let recovery_id = u8::try_from(parity).ok().filter(|parity| *parity <= 1);
        let recovery_id = recovery_id.ok_or(TransactionError::Parity { got: parity })?;
        if low_s && self.s > S_MAX {
            return Err(TransactionError::HighS);
        }
        let mut signature = [0; 64];
        let (r, s) = signature.split_at_mut(32);
        r.copy_from_slice(&self.r.to_be_bytes::<32>());
        s.copy_from_slice(&self.s.to_be_bytes::<32>());
        let key = crypto::secp256k1_recover(hash, &signature, recovery_id)?;
        Ok(hash::address(&key))
    }
}

/// Returns the content of a list, after which nothing may follow.
fn content<'a>(bytes: &mut &'a [u8]) -> alloy_rlp::Result<&'a [u8]> {
    let content = RlpHeader::decode_bytes(bytes, true)?;
    finish(bytes)?;
    Ok(content)
}

fn finish(fields: &[u8]) -> alloy_rlp::Result<()> {
    if fields.is_empty() { Ok(()) } else { Err(alloy_rlp::Error::UnexpectedLength) }
}

/// Returns the bytes of the fields that were read.
fn before<'a>(all: &'a [u8], rest: &[u8]) -> &'a [u8] {
    all.get(..all.len() - rest.len()).unwrap_or_default()
}

/// Returns the hash of a list of fields, given in RLP, after a prefix.
fn list_hash(prefix: &[u8], parts: &[&[u8]]) -> B256 {
    let payload_length = parts.iter().map(|part| part.len()).sum();
    let mut bytes = prefix.to_vec();
    RlpHeader { list: true, payload_length }.encode(&mut bytes);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    keccak256(bytes)
}

pub(crate) const LEGACY: u8 = 0;
/// EIP-2930.
const ACCESS_LIST: u8 = 1;
/// EIP-1559.
const DYNAMIC_FEE: u8 = 2;
/// EIP-4844.
const BLOB: u8 = 3;
/// EIP-7702.
const SET_CODE: u8 = 4;

/// Half the order of the group, rounded down, EIP-2.
const S_MAX: U256 = U256::from_limbs([
    0xdfe9_2f46_681b_20a0,
    0x5d57_6e73_57a4_501d,
    0xffff_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
]);
